"""Which profile a header belongs to, with the evidence."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from oms_import.model.headers import folded
from oms_import.profiles.model import Profile
from oms_import.profiles.walk import list_of, rules_of


@dataclass(frozen=True, slots=True)
class Candidate:
    """A profile that may read the file.

    `matched`: columns of the header that the profile knows; `unknown`: those it does not, which
    would become attributes; `missing`: columns the profile names that are not in the header, of
    alternatives the first where it has none of them.
    """

    name: str
    score: float
    matched: tuple[str, ...]
    unknown: tuple[str, ...]
    missing: tuple[str, ...] = ()

    def as_json(self) -> dict[str, object]:
        """The keys of cli.md."""
        return {
            "profile": self.name,
            "score": round(self.score, 4),
            "matched": list(self.matched),
            "missing": list(self.missing),
            "unknown": list(self.unknown),
        }


def detect(columns: Sequence[str], file_name: str, profiles: Sequence[Profile]) -> list[Candidate]:
    """Profiles whose marks are all in the header, the best first; equal scores are a tie.

    A profile without marks (`detect`) is a last resort: it counts for less than any other, by the
    share of the header it knows. Where a profile fits, what it extends is no candidate beside it.

    Args:
        columns: the header; case and repeated white space do not matter.
        file_name: name of the file, for `detect.names`.
        profiles: those to choose from.
    """
    header = {folded(name): name for name in columns}
    found = [_candidate(profile, header, file_name) for profile in profiles]
    return ranked([one for one in found if one is not None], profiles)


def nearest(columns: Sequence[str], file_name: str, profiles: Sequence[Profile]) -> list[Candidate]:
    """Where none fits: at most three profiles that know most of the header, at least a third."""
    found = [evidence(profile, columns, file_name) for profile in profiles]
    close = [one for one in found if 3 * len(one.matched) >= len(set(map(folded, columns)))]
    return sorted(close, key=lambda one: (-len(one.matched), one.name))[:3]


def ranked(found: Sequence[Candidate], profiles: Sequence[Profile]) -> list[Candidate]:
    """The best first; where a profile fits, what it extends is no candidate beside it."""
    fits = {one.name: one for one in profiles}
    bases = {fits[one.name].extends for one in found if fits[one.name].extends != one.name}
    kept = [one for one in found if one.name not in bases]
    return sorted(kept, key=lambda one: (-one.score, one.name))


def evidence(profile: Profile, columns: Sequence[str], file_name: str) -> Candidate:
    """What speaks for a profile, whether its marks are all there or not."""
    header = {folded(name): name for name in columns}
    known = {folded(name) for name in known_columns(profile)}
    holders = set(line_holders(profile, header))
    matched = tuple(name for short, name in header.items() if short in known or short in holders)
    score = len(profile.detect.columns) + bool(profile.detect.any)
    score += len(matched) / max(1, len(header)) + profile.detect.named(file_name)
    unknown = tuple(name for name in header.values() if name not in matched)
    return Candidate(profile.name, score, matched, unknown, _missing(profile, header))


def _missing(profile: Profile, header: dict[str, str]) -> tuple[str, ...]:
    """Columns the profile names and the header lacks."""
    if line_holders(profile, header):
        rules = [(path, rule) for path, rule in rules_of(profile) if path[0] != "line"]
    else:
        rules = list(rules_of(profile))
    groups = [(name,) for name in (*profile.detect.columns, *profile.format.required_columns)]
    for path, rule in rules:
        each = list_of(profile, path)
        groups += [(each,)] if each else [rule.from_, *((name,) for name in rule.concat)]
    lacking = (g[0] for g in groups if g and not any(folded(name) in header for name in g))
    return tuple(dict.fromkeys(lacking))


def _candidate(profile: Profile, header: dict[str, str], file_name: str) -> Candidate | None:
    if not _marked(profile, header):
        return None
    found = evidence(profile, tuple(header.values()), file_name)
    return found if found.matched else None


def _marked(profile: Profile, header: dict[str, str]) -> bool:
    """Whether the header has the profile's marks and the columns it cannot do without."""
    groups = [*required_groups(profile), *((name,) for name in profile.detect.columns)]
    if profile.detect.any:
        groups.append(profile.detect.any)
    return all(any(folded(name) in header for name in group) for group in groups)


def known_columns(profile: Profile) -> frozenset[str]:
    """Every source column the profile names, all aliases included."""
    named: set[str] = set()
    for path, rule in rules_of(profile):
        each = list_of(profile, path)
        named |= set(rule.columns) if each is None else {each}
    for charge in (*profile.charge, *profile.tax):
        named |= set(charge.where) | (set() if charge.each else set(charge.when))
    rows = profile.rows
    matches = (*rows.skip, *((rows.summary,) if rows.summary else ()))
    own = (
        *profile.detect.columns,
        *profile.detect.any,
        *profile.group.by,
        *profile.drop_columns,
        *profile.format.required_columns,
    )
    single = (profile.lines.column, *(match.column for match in matches))
    return frozenset((*named, *own, *(name for name in single if name)))


def required_groups(profile: Profile) -> tuple[tuple[str, ...], ...]:
    """Columns without which the file is not this channel's: one of each group must be there.

    What the profile names in format.required_columns, else the order number's column.
    """
    if profile.format.required_columns:
        return tuple((name,) for name in profile.format.required_columns)
    number = profile.order.get("order_number")
    return (number.from_,) if number is not None and number.from_ else ()


def line_holders(profile: Profile, columns: Iterable[str]) -> tuple[str, ...]:
    """Columns that hold whole lines, where lines do not stand one a row."""
    lines = profile.lines
    if lines.in_ == "columns" and lines.columns:
        pattern = folded(lines.columns)
        return tuple(name for name in columns if fnmatchcase(folded(name), pattern))
    if lines.in_ == "json" and lines.column:
        return tuple(name for name in columns if folded(name) == folded(lines.column))
    return ()
