"""A profile held against the columns of a real file: what it fills, and what is left over."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from oms_import.profiles.detect import folded, line_holders, required_groups
from oms_import.profiles.model import FieldRule, Profile
from oms_import.profiles.problems import key_path
from oms_import.profiles.walk import Path, list_of, rules_of


@dataclass(frozen=True, slots=True)
class Coverage:
    """What a profile makes of a header. Fields are key paths: `line.sku`, `charge[1].amount`.

    `filled`: field → the columns it reads, in order of preference; none: a constant or default.
    `empty`: fields that none of the columns fills. `attributes`: columns that nothing reads, which
    are kept as order attributes. `dropped`: columns never kept. `lacking`: groups of columns of
    which the file has none and without which it is refused.
    """

    filled: dict[str, tuple[str, ...]]
    empty: tuple[str, ...]
    attributes: tuple[str, ...]
    dropped: tuple[str, ...]
    lacking: tuple[tuple[str, ...], ...]


def coverage(profile: Profile, columns: Sequence[str]) -> Coverage:
    """Hold a profile against a header; case and repeated white space do not matter.

    A field of lines that stand in columns or cells is filled from those: which of its keys they
    hold is seen only in the data.
    """
    header = {folded(name): name for name in reversed(columns)}
    holders = line_holders(profile, columns)
    filled: dict[str, tuple[str, ...]] = {}
    empty: list[str] = []
    for path, rule in rules_of(profile):
        each = list_of(profile, path)
        found = _present(header, (each,) if each else rule.columns)
        if not found and holders and _is_of_lines(profile, path):
            found = holders
        if found or _needs_no_source(rule):
            filled[key_path(path)] = found
        else:
            empty.append(key_path(path))
    read = {name for names in filled.values() for name in names} | set(holders)
    read |= set(_present(header, profile.group.by))
    dropped = _present(header, profile.drop_columns)
    left = tuple(name for name in columns if name not in read and name not in dropped)
    groups = required_groups(profile)
    lacking = tuple(group for group in groups if not _present(header, group))
    return Coverage(filled, tuple(empty), left, dropped, lacking)


def _present(header: dict[str, str], names: Sequence[str]) -> tuple[str, ...]:
    found = (header.get(folded(name)) for name in names)
    return tuple(dict.fromkeys(name for name in found if name is not None))


def _needs_no_source(rule: FieldRule) -> bool:
    return rule.const is not None or (rule.default is not None and not rule.concat)


def _is_of_lines(profile: Profile, path: Path) -> bool:
    match path:
        case ("line", *_):
            return True
        case ("charge", int(number), _):
            return profile.charge[number].scope == "line"
        case ("tax", int(number), _):
            return profile.tax[number].scope == "line"
        case _:
            return False
