"""What types cannot check in a profile: patterns, time zones, names of fields and codes."""

from __future__ import annotations

from collections.abc import Iterator
from zoneinfo import available_timezones

import polars as pl

from oms_import.model import tables
from oms_import.model.codes import Code
from oms_import.profiles.model import FieldMap, FieldRule, Profile, RuleSet
from oms_import.profiles.problems import nearest

_Problem = tuple[tuple[str | int, ...], str]
_PARTS = ("status", "payment", "dates", "addresses", "prices", "shipping")
_TAKEN = frozenset("/\\\0")


def problems_of(profile: Profile) -> list[_Problem]:
    """Key paths and what is wrong there."""
    return [
        *_name(profile),
        *_patterns(profile),
        *_zones(profile),
        *_rule_set(("rules",), profile.rules),
        *(
            p
            for s, own in profile.rules.segment.items()
            for p in _rule_set(("rules", "segment", s), own)
        ),
        *_orders_fields(profile),
    ]


def _name(profile: Profile) -> Iterator[_Problem]:
    if _TAKEN & set(profile.name) or profile.name.startswith("."):
        yield ("name",), "a channel's name is part of paths: no slashes, no leading dot"


def _rules(profile: Profile) -> Iterator[tuple[tuple[str | int, ...], FieldRule]]:
    maps: list[tuple[tuple[str, ...], FieldMap]] = [
        (("order",), profile.order),
        (("line",), profile.line),
    ]
    maps += [(("party", role), fields) for role, fields in profile.party.items()]
    for path, fields in maps:
        for name, rule in fields.items():
            yield (*path, name), rule


def _patterns(profile: Profile) -> Iterator[_Problem]:
    told = [((*path, "extract"), rule.extract) for path, rule in _rules(profile)]
    told += [(("rows", "skip"), match.matches) for match in profile.rows.skip]
    told += [(("rows", "footer"), footer.matches) for footer in profile.rows.footer]
    for path, pattern in told:
        if pattern is not None and (problem := _pattern_problem(pattern)):
            yield path, problem


def _pattern_problem(pattern: str) -> str | None:
    try:
        pl.Series([""]).str.contains(pattern)
    except pl.exceptions.ComputeError:
        return f"not a regular expression we run (no look-around, no back-references): {pattern!r}"
    return None


def _zones(profile: Profile) -> Iterator[_Problem]:
    told: list[tuple[tuple[str | int, ...], str | None]] = [
        (("defaults", "timezone"), profile.defaults.timezone)
    ]
    told += [((*path, "zone"), rule.zone) for path, rule in _rules(profile)]
    for path, zone in told:
        if zone is not None and zone not in available_timezones():
            yield path, f"no time zone {zone!r}" + nearest(zone, sorted(available_timezones()))


def _rule_set(path: tuple[str, ...], rules: RuleSet) -> Iterator[_Problem]:
    for code in rules.severity:
        if code not in Code.__members__:
            yield (
                (*path, "severity", code),
                "no such reason code" + nearest(code, list(Code.__members__)),
            )
    fields = [
        ("required", rules.required),
        ("allowed", rules.allowed),
        ("limits", rules.limits),
        ("optional", rules.optional),
    ]
    for key, names in fields:
        for name in names:
            if not _is_field(name):
                yield (*path, key, name), f"no field {name!r}" + nearest(name, _field_names())


def _orders_fields(profile: Profile) -> Iterator[_Problem]:
    known = list(tables.ORDERS)
    for name in profile.duplicates.key:
        if name not in tables.ORDERS:
            yield ("duplicates", "key"), f"no field {name!r} of orders" + nearest(name, known)
    for part in profile.duplicates.ignore:
        if part not in _PARTS:
            yield ("duplicates", "ignore"), f"{part!r} is none of {', '.join(_PARTS)}"
    for rule in profile.ignore:
        if rule.field not in tables.ORDERS:
            yield (
                ("ignore", "field"),
                f"no field {rule.field!r} of orders" + nearest(rule.field, known),
            )


def _is_field(name: str) -> bool:
    return name in _field_names()


def _field_names() -> list[str]:
    names = [*tables.ORDERS, *tables.ROLES]
    names += [f"line.{name}" for name in tables.ORDER_LINES]
    return names + [f"{role}.{name}" for role in tables.ROLES for name in tables.PARTIES]
