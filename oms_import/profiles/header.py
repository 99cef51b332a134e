"""What a profile no longer finds in a header that has changed, and how to tell it the new name."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase

from oms_import.model.headers import Columns, HeaderChange, folded
from oms_import.profiles.check import coverage
from oms_import.profiles.fields import FieldRule
from oms_import.profiles.model import Profile
from oms_import.profiles.problems import key_path
from oms_import.profiles.walk import rules_of


@dataclass(frozen=True, slots=True)
class Lost:
    """A key of the profile (`order.order_number`) and the columns it read, all of them gone."""

    key: str
    columns: Columns


def lost(profile: Profile, before: Columns, after: Columns) -> tuple[Lost, ...]:
    """What the profile read from the earlier header and finds nothing of in the later one."""
    was, now = dict(_read(profile, before)), dict(_read(profile, after))
    return tuple(Lost(key, columns) for key, columns in was.items() if columns and not now.get(key))


def _read(profile: Profile, columns: Columns) -> Iterator[tuple[str, Columns]]:
    """Each key that names columns, and those of them that are there."""
    yield from coverage(profile, columns).filled.items()
    header = {folded(name): name for name in columns}
    for key, name in _single(profile):
        yield f"{key} {name}", tuple(filter(None, [header.get(folded(name))]))


def _single(profile: Profile) -> Iterator[tuple[str, str]]:
    """Columns without an alternative: every one must stay."""
    yield from (("group.by", name) for name in profile.group.by)
    matches = (*profile.rows.skip, *((profile.rows.summary,) if profile.rows.summary else ()))
    yield from (("rows", match.column) for match in matches if match.column)
    for kind in ("charge", "tax"):
        for number, part in enumerate(getattr(profile, kind), 1):
            names = (*part.where, *(() if part.each else part.when))
            yield from ((f"{kind}[{number}]", name) for name in names)
    for path, rule in rules_of(profile):
        yield from ((key_path(path), name) for name in rule.columns if name not in rule.from_)


def governed_columns(profile: Profile, columns: Columns) -> Columns:
    """The columns whose coming and going counts: not those of a pattern that holds the lines."""
    pattern = profile.lines.columns if profile.lines.in_ == "columns" else None
    if not pattern:
        return columns
    return tuple(name for name in columns if not fnmatchcase(folded(name), folded(pattern)))


def alias(profile: Profile, one: Lost, change: HeaderChange) -> str | None:
    """What to write into the profile where the column was perhaps renamed; None: it was not."""
    new = [name for name in map(change.renamed_to, one.columns) if name]
    rule = next((rule for path, rule in rules_of(profile) if key_path(path) == one.key), None)
    if not new or rule is None or not rule.from_:
        return None
    names = json.dumps([*one.columns, *new], ensure_ascii=False)
    return f"{_key(one.key, rule)} = {names}"


def _key(key: str, rule: FieldRule) -> str:
    """The key of the columns; a rule with more than columns has them in `from`."""
    return key if rule.model_fields_set <= {"from_"} else f"{key}.from"
