"""Every rule of a profile that reads the source, with the key path it stands at."""

from __future__ import annotations

from collections.abc import Iterator

from oms_import.profiles.model import FieldMap, FieldRule, Profile

Path = tuple[str | int, ...]
_LISTED = ("charge", "tax", "payment", "allocation")


def rules_of(profile: Profile) -> Iterator[tuple[Path, FieldRule]]:
    """Key path and rule: `("order", "status")`, `("charge", 0, "amount")`."""
    for path, fields in maps_of(profile):
        for name, rule in fields.items():
            yield (*path, name), rule
    for kind in _LISTED:
        for number, part in enumerate(getattr(profile, kind)):
            for name in type(part).model_fields:
                rule = getattr(part, name)
                if isinstance(rule, FieldRule):
                    yield (kind, number, name), rule


def list_of(profile: Profile, path: Path) -> str | None:
    """The column of JSON lists whose objects a rule reads; None: it reads columns."""
    if path[0] not in _LISTED:
        return None
    each: str | None = getattr(getattr(profile, str(path[0]))[path[1]], "each", None)
    return each


def maps_of(profile: Profile) -> Iterator[tuple[Path, FieldMap]]:
    """The tables of fields: order, line, control, and each party by its role."""
    yield ("order",), profile.order
    yield ("line",), profile.line
    for role, fields in profile.party.items():
        yield ("party", role), fields
    for role, fields in profile.line_party.items():
        yield ("line_party", role), fields
    yield ("control",), profile.control
