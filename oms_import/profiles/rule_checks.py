"""What types cannot check in rules: names of fields and codes, values that a field can hold."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from math import inf

import polars as pl

from oms_import.model import tables
from oms_import.model.codes import Code
from oms_import.profiles.policies import Limit, Rules, RuleSet, alternatives
from oms_import.profiles.problems import nearest
from oms_import.profiles.values import UnfitValueError, bound, typed
from oms_import.profiles.walk import Path

Problem = tuple[Path, str]
"""A key path and what is wrong there."""

VALUES: Mapping[Path, tuple[str, ...]] = {
    ("order", "status"): tables.STATUSES,
    ("order", "purpose"): tables.PURPOSES,
    ("order", "order_type"): tables.ORDER_TYPES,
    ("order", "price_basis"): tables.PRICE_BASES,
    ("order", "total_check"): tables.TOTAL_CHECKS,
    ("order", "fulfilled_by"): ("seller", "channel"),
    ("line", "line_type"): tables.LINE_TYPES,
    ("line", "line_status"): tables.STATUSES,
}
"""Fields that have few values."""


def rule_problems(rules: Rules, path: Path) -> Iterator[Problem]:
    """What is wrong in rules, of a profile or of a policy's file."""
    yield from _rule_set(path, rules)
    seen: dict[str, str] = {}
    for segment, own in rules.segment.items():
        here = (*path, "segment", segment)
        yield from _rule_set(here, own)
        if (other := seen.setdefault(segment.casefold(), segment)) != segment:
            yield here, f"is the segment {other} again: case does not matter"
    try:
        Decimal(rules.total_tolerance)
    except InvalidOperation:
        yield (*path, "total_tolerance"), 'must be an amount in quotes, like "0.05"'


def _rule_set(path: Path, rules: RuleSet) -> Iterator[Problem]:
    for code in rules.severity:
        if code not in Code.__members__:
            told = "no such reason code" + nearest(code, list(Code.__members__))
            yield (*path, "severity", code), told
    for name in (*rules.required, *rules.optional):
        key = "required" if name in rules.required else "optional"
        yield from _alternatives((*path, key), name)
    for key, names in (("allowed", rules.allowed), ("limits", rules.limits)):
        for name in names:
            yield from _known((*path, key, name), name)
    for name, values in rules.allowed.items():
        yield from _allowed((*path, "allowed", name), name, values)
    for name, limit in rules.limits.items():
        yield from _limit((*path, "limits", name), name, limit)


def _known(path: Path, name: str) -> Iterator[Problem]:
    if name not in _FIELDS:
        yield path, f"no field {name!r}" + nearest(name, list(_FIELDS))


def _alternatives(path: Path, name: str) -> Iterator[Problem]:
    """`a | b` names fields that can stand for each other: of lines, or of orders and parties."""
    names = alternatives(name)
    for one in names:
        yield from _known(path, one)
    if len({one.startswith("line.") for one in names}) > 1:
        yield path, f"{name!r}: fields of lines and of orders cannot stand for each other"


def _allowed(path: Path, name: str, values: Sequence[str]) -> Iterator[Problem]:
    kind = _FIELDS.get(name)
    if name in tables.ROLES:
        yield path, f"is a party: name one of its fields, such as {name}.country"
    if kind is None:
        return
    head, dot, column = name.partition(".")
    known = VALUES.get((head, column) if dot else ("order", name))
    for value in values if known else ():
        if known and value not in known:
            yield path, f"{value!r} is none of {', '.join(known)}" + nearest(value, known)
    yield from unfit(path, kind, values)


def unfit(path: Path, kind: pl.DataType, values: Sequence[str]) -> Iterator[Problem]:
    """Values that a column of this type can never hold."""
    for value in values:
        try:
            typed(value, kind)
        except UnfitValueError as error:
            yield path, str(error)


def _limit(path: Path, name: str, limit: Limit) -> Iterator[Problem]:
    kind = _FIELDS.get(name)
    if kind is None or not kind.is_numeric():
        if name in _FIELDS:
            yield path, "has no limits: it is no number"
        return
    for key, value in (("min", limit.min), ("max", limit.max)):
        if value is None or value == {"min": -inf, "max": inf}[key]:
            continue
        try:
            bound(kind, value)
        except UnfitValueError as error:
            yield (*path, key), str(error)


def _field_types() -> dict[str, pl.DataType | None]:
    """Every name that rules know, with its type; None for a whole party."""
    named: dict[str, pl.DataType | None] = {**tables.ORDERS, **dict.fromkeys(tables.ROLES)}
    named |= {f"line.{name}": kind for name, kind in tables.ORDER_LINES.items()}
    for role in tables.ROLES:
        named |= {f"{role}.{name}": kind for name, kind in tables.PARTIES.items()}
    return named


_FIELDS = _field_types()
