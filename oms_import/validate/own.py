"""The rules a profile sets itself: required fields, allowed values and limits, by segment too."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from math import inf
from typing import TypeVar

import polars as pl

from oms_import.model import tables
from oms_import.model.codes import Code
from oms_import.model.errors import SettingError
from oms_import.profiles.model import Limit, Rules, RuleSet
from oms_import.profiles.policies import alternatives
from oms_import.profiles.values import UnfitValueError, bound
from oms_import.validate import standard
from oms_import.validate.rules import LINES, ORDERS, Rule, filled, frame_of, types_of
from oms_import.validate.values import is_one_of

_T = TypeVar("_T")

_SAME = frozenset({"order_number", "ordered_at", "currency", "line.qty_ordered"})
"""Required by the standard rules in the very sense of `required`: these have codes of their own."""


def required_rules(rules: Rules, *, priced: bool) -> list[Rule]:
    """Standard and own required fields. A segment adds with `required`, excuses with `optional`.

    Raises:
        SettingError: there is no such field.
    """
    found: list[Rule] = []
    for name, rule in standard.required(priced=priced).items():
        wanted = name not in rules.optional or (name in _SAME and name in rules.required)
        found += _scoped(rule, rules, name, wanted, adds=name in _SAME)
    for name in _asked(rules):
        if name in tables.ROLES:
            found += _party(rules, name)
        elif name not in _SAME:
            rule = _one_of(name)
            found += _scoped(rule, rules, name, name in rules.required, adds=True)
    return found


def allowed_rules(rules: Rules) -> list[Rule]:
    """Allowed values of fields; a segment's own list stands instead of the channel's.

    Raises:
        SettingError: a value is one that the field never has.
    """
    everywhere = {**standard.ENUMS, **_restricting(rules)}
    return _overridden(everywhere, rules, _of_segment, _allowed)


def limit_rules(rules: Rules) -> list[Rule]:
    """Limits of numbers; a segment's own limit stands instead of the channel's.

    Raises:
        SettingError: the field is no number.
    """
    return _overridden(rules.limits, rules, lambda own: own.limits, _limit)


def _of_segment(own: RuleSet) -> dict[str, tuple[str, ...]]:
    return {name: values or standard.ENUMS.get(name, ()) for name, values in own.allowed.items()}


def _restricting(rules: Rules) -> dict[str, tuple[str, ...]]:
    """Without empty lists: they lift what a policy below said."""
    return {name: values for name, values in rules.allowed.items() if values}


def _one_of(name: str) -> Rule:
    """A field or party must be filled, or one of several: of lines, or of the whole order."""
    names = [field for one in alternatives(name) for field in _told_by(one)]
    frames = {frame_of(one)[0] for one in names}
    if len(frames) == 1:
        columns = [frame_of(one)[1] for one in names]
        ok = pl.any_horizontal(filled(column) for column in columns)
        return Rule(frames.pop(), Code.FIELD_REQUIRED, name, ok)
    if LINES in frames:
        raise _unfit("required", name, "fields of lines and of orders cannot stand for each other")
    # An order beside the fields of its parties, under the names that profiles give them.
    return Rule(ORDERS, Code.FIELD_REQUIRED, name, pl.any_horizontal(filled(n) for n in names))


def _told_by(name: str) -> list[str]:
    """The fields of which one must be filled: the field itself, or what tells who a party is."""
    if name in tables.ROLES:
        return [f"{name}.{part}" for part in standard.PARTY_MARKS]
    _kind("required", name)
    return [name]


def _scoped(rule: Rule, rules: Rules, name: str, wanted: bool, *, adds: bool) -> list[Rule]:
    """The rule for all but the segments that excuse it, or for those alone that ask for it."""
    asking = {s for s, own in rules.segment.items() if adds and name in own.required}
    if wanted:
        excused = {s for s, own in rules.segment.items() if name in own.optional}
        return [rule.but(excused - asking)]
    return [rule.only(asking)] if asking else []


def _party(rules: Rules, role: str) -> list[Rule]:
    """A required party with its parts; a part named in `optional` is excused."""
    found: list[Rule] = []
    for name, rule in standard.address(role).items():
        if name != role and name in rules.optional:
            continue
        wanted = role in rules.required
        asking = {s for s, own in rules.segment.items() if role in own.required}
        excused = {
            s
            for s, own in rules.segment.items()
            if name in own.optional or (role in own.optional and s not in asking)
        }
        if wanted:
            found.append(rule.but(excused))
        elif asking - excused:
            found.append(rule.only(asking - excused))
    return found


def _asked(rules: Rules) -> list[str]:
    """Every field that the channel or one of its segments requires."""
    sets = (rules, *rules.segment.values())
    return list(dict.fromkeys(name for own in sets for name in own.required))


def _overridden(
    everywhere: Mapping[str, _T],
    rules: Rules,
    part: Callable[[RuleSet], Mapping[str, _T]],
    make: Callable[[str, _T], Rule],
) -> list[Rule]:
    """The channel's rule for each field but in segments with their own, and those of segments."""
    theirs = {segment: part(own) for segment, own in rules.segment.items()}
    found = [
        make(name, value).but(s for s, own in theirs.items() if name in own)
        for name, value in everywhere.items()
    ]
    return found + [
        make(name, value).only([segment])
        for segment, own in theirs.items()
        for name, value in own.items()
        if value
    ]


def _allowed(name: str, values: tuple[str, ...]) -> Rule:
    frame, column = frame_of(name)
    if name in standard.ENUMS and (strange := set(values) - set(standard.ENUMS[name])):
        raise _unfit("allowed", name, f"it is never {', '.join(sorted(strange))}")
    kind = _kind("allowed", name)
    try:
        ok = is_one_of(column, kind, values)
    except UnfitValueError as error:
        raise _unfit("allowed", name, str(error)) from error
    if name not in standard.ENUMS:
        ok = pl.col(column).is_null() | ok
    told = pl.lit("allowed: " + ", ".join(values))
    return Rule(frame, Code.VALUE_NOT_ALLOWED, name, ok, column, told)


def _limit(name: str, limit: Limit) -> Rule:
    frame, column = frame_of(name)
    kind = _kind("limits", name)
    ok, told = pl.lit(value=True), list[str]()
    try:
        if limit.min is not None and limit.min != -inf:
            ok = ok & (pl.col(column) >= bound(kind, limit.min))
            told.append(f"at least {_plain(limit.min)}")
        if limit.max is not None and limit.max != inf:
            ok = ok & (pl.col(column) <= bound(kind, limit.max))
            told.append(f"at most {_plain(limit.max)}")
    except UnfitValueError as error:
        raise _unfit("limits", name, str(error)) from error
    ok = pl.col(column).is_null() | ok
    return Rule(frame, Code.LIMIT_EXCEEDED, name, ok, column, pl.lit(", ".join(told)))


def _plain(limit: float) -> str:
    return f"{Decimal(str(limit)):f}".removesuffix(".0")


def _kind(key: str, name: str) -> pl.DataType:
    """The type of a field's column.

    Raises:
        SettingError: it names a whole party, or nothing.
    """
    frame, column = frame_of(name)
    if name in tables.ROLES:
        raise _unfit(key, name, f"it is a party: name one of its fields, such as {name}.country")
    types = types_of(frame)
    if column not in types:
        raise _unfit(key, name, "there is no such field")
    return types[column]


def _unfit(key: str, name: str, why: str) -> SettingError:
    return SettingError(
        f"rules.{key} for {name}: {why}",
        hint=f"correct rules.{key} in the channel's profile",
        location=f"rules.{key}.{name}",
    )
