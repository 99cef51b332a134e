"""Which profile a header belongs to, with the evidence."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatch

from oms_import.profiles.model import FieldRule, Profile


@dataclass(frozen=True, slots=True)
class Candidate:
    """A profile that may read the file."""

    name: str
    score: float
    matched: tuple[str, ...]
    missing: tuple[str, ...]


def detect(columns: Sequence[str], file_name: str, profiles: Sequence[Profile]) -> list[Candidate]:
    """Profiles whose marks are all in the header, the best first.

    A profile without marks (`detect.columns`) is a last resort: it counts for less than any other,
    by the share of its required columns and of the header it knows.
    """
    header = {_folded(name): name for name in columns}
    found = [_candidate(profile, header, file_name) for profile in profiles]
    return sorted((one for one in found if one), key=lambda one: (-one.score, one.name))


def _candidate(profile: Profile, header: dict[str, str], file_name: str) -> Candidate | None:
    marks = profile.detect.columns
    missing = tuple(mark for mark in marks if _folded(mark) not in header)
    if missing:
        return None
    groups = required_groups(profile)
    if any(all(_folded(name) not in header for name in group) for group in groups):
        return None
    known = {_folded(name) for name in known_columns(profile)}
    matched = tuple(name for folded, name in header.items() if folded in known)
    if not matched:
        return None
    score = len(marks) + len(matched) / len(header)
    if any(fnmatch(file_name.casefold(), glob.casefold()) for glob in profile.detect.names):
        score += 1
    return Candidate(profile.name, score, matched, missing)


def known_columns(profile: Profile) -> frozenset[str]:
    """Every source column the profile names."""
    named = {name for rule in _rules(profile) for name in (*rule.from_, *rule.concat)}
    own = (*profile.detect.columns, *profile.group.by, *profile.drop_columns)
    in_cell = (profile.lines.column,) if profile.lines.column else ()
    return frozenset((*named, *own, *profile.format.required_columns, *in_cell))


def required_groups(profile: Profile) -> tuple[tuple[str, ...], ...]:
    """Columns without which the file is not this channel's: one of each group must be there.

    What the profile names in format.required_columns, else the order number's column.
    """
    if profile.format.required_columns:
        return tuple((name,) for name in profile.format.required_columns)
    number = profile.order.get("order_number")
    return (number.from_,) if number is not None and number.from_ else ()


def _rules(profile: Profile) -> Iterator[FieldRule]:
    yield from profile.order.values()
    yield from profile.line.values()
    for fields in profile.party.values():
        yield from fields.values()
    for part in (*profile.charge, *profile.tax, *profile.payment):
        for name in type(part).model_fields:
            value = getattr(part, name)
            if isinstance(value, FieldRule):
                yield value


def _folded(name: str) -> str:
    return " ".join(name.split()).casefold()
