"""Every rule of a profile that reads source columns, with the key path it stands at."""

from __future__ import annotations

from collections.abc import Iterator

from oms_import.profiles.model import FieldMap, FieldRule, Profile

Path = tuple[str | int, ...]


def rules_of(profile: Profile) -> Iterator[tuple[Path, FieldRule]]:
    """Key path and rule: `("order", "status")`, `("charge", 0, "amount")`."""
    for path, fields in maps_of(profile):
        for name, rule in fields.items():
            yield (*path, name), rule
    for kind in ("charge", "tax", "payment"):
        for number, part in enumerate(getattr(profile, kind)):
            for name in type(part).model_fields:
                rule = getattr(part, name)
                if isinstance(rule, FieldRule):
                    yield (kind, number, name), rule


def maps_of(profile: Profile) -> Iterator[tuple[Path, FieldMap]]:
    """The tables of fields: order, line, and each party by its role."""
    yield ("order",), profile.order
    yield ("line",), profile.line
    for role, fields in profile.party.items():
        yield ("party", role), fields
