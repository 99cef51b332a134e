"""What types cannot check in a profile: patterns, zones, formats, names of fields and codes."""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from zoneinfo import available_timezones

import polars as pl

from oms_import.model import tables
from oms_import.profiles.model import MAPPABLE, FieldRule, Profile, RowMatch
from oms_import.profiles.problems import nearest
from oms_import.profiles.rule_checks import VALUES, Problem, rule_problems, unfit
from oms_import.profiles.walk import Path, rules_of

PARTS = ("status", "payment", "dates", "addresses", "prices", "shipping")
MONTHS = ("en", "de", "fr", "es", "it", "nl")
FORMATS = ("epoch", "epoch_ms", "excel")
DIRECTIVES = (*"YymdebBhHIMSfpPzZaA%FTRD", ".f", ":z", "#z")
_TAKEN = frozenset("/\\\0")


def problems_of(profile: Profile) -> list[Problem]:
    """Everything that is wrong in a profile whose keys and types are right."""
    parts: tuple[Callable[[Profile], Iterator[Problem]], ...] = (
        _name, _defaults, _format, _lines, _patterns, _mapping, _rule_sets, _orders_fields,
    )  # fmt: skip
    return [problem for part in parts for problem in part(profile)]


def unknown_fields(table: Mapping[str, Any]) -> list[Problem]:
    """Names in `order`, `line`, `party` … that are no fields of the canonical order."""
    found = [
        problem
        for name in ("order", "line", "control")
        for problem in _unknown(table.get(name), (name,), MAPPABLE[name])
    ]
    for kind in ("party", "line_party"):
        parties = table.get(kind)
        for role, fields in parties.items() if isinstance(parties, dict) else ():
            if role in tables.ROLES:
                found += _unknown(fields, (kind, role), MAPPABLE["party"])
            else:
                found.append(((kind, role), "is no role" + nearest(role, tables.ROLES)))
    return found


def _unknown(fields: object, path: Path, known: frozenset[str]) -> Iterator[Problem]:
    for name in fields if isinstance(fields, dict) else ():
        if name not in known:
            told = "is no field of the canonical order"
            yield (*path, name), told + nearest(name, sorted(known))


def _name(profile: Profile) -> Iterator[Problem]:
    name = profile.name
    if not name or _TAKEN & set(name) or name.startswith(".") or name != name.strip():
        yield ("name",), "a channel's name is part of paths: no slashes, no leading dot, not empty"


def _defaults(profile: Profile) -> Iterator[Problem]:
    given = profile.defaults
    if given.currency is not None and not re.fullmatch("[A-Z]{3}", given.currency):
        yield ("defaults", "currency"), f"{given.currency!r} is no ISO 4217 code like USD"
    if given.country is not None and not re.fullmatch("[A-Z]{2}", given.country):
        yield ("defaults", "country"), f"{given.country!r} is no ISO 3166 code like US"
    if given.timezone is not None:
        yield from _zone(("defaults", "timezone"), given.timezone)


def _format(profile: Profile) -> Iterator[Problem]:
    form = profile.format
    if form.encoding != "auto":
        try:
            codecs.lookup(form.encoding)
        except LookupError:
            yield ("format", "encoding"), f"no encoding {form.encoding!r}, like utf-8 or cp1252"
    if form.delimiter != "auto" and len(form.delimiter) != 1:
        yield ("format", "delimiter"), 'one character, "\\t" for a tab, or "auto"'
    if form.quote != "none" and len(form.quote) != 1:
        yield ("format", "quote"), 'one character, or "none"'


def _lines(profile: Profile) -> Iterator[Problem]:
    """Lines in columns or in a cell need to be told which."""
    lines = profile.lines
    if lines.in_ == "columns" and not lines.columns:
        yield ("lines", "columns"), 'is missing: the columns\' pattern, like "line_item_*"'
    if lines.in_ == "json" and not lines.column:
        yield ("lines", "column"), "is missing: the column that holds the lines as JSON"


def _patterns(profile: Profile) -> Iterator[Problem]:
    told: list[tuple[Path, str | None, int]] = [
        ((*path, "extract"), rule.extract, 1) for path, rule in rules_of(profile)
    ]
    rows = profile.rows
    matches: list[tuple[Path, RowMatch]] = [
        (("rows", "skip", number), match) for number, match in enumerate(rows.skip)
    ]
    if rows.summary is not None:
        matches.append((("rows", "summary"), rows.summary))
    told += [((*path, "matches"), match.matches, 0) for path, match in matches]
    told += [
        (("rows", "footer", number, "matches"), footer.matches, footer.count_group or 0)
        for number, footer in enumerate(rows.footer)
    ]
    for path, pattern, groups in told:
        if pattern is not None and (problem := _pattern_problem(pattern, groups)):
            yield path, problem


def _pattern_problem(pattern: str, groups: int) -> str | None:
    try:
        pl.Series([""]).str.contains(pattern)
    except pl.exceptions.ComputeError:
        return f"not a regular expression we run (no look-around, no back-references): {pattern!r}"
    if _groups(pattern) < groups:
        return f"has no group {groups}: put ( ) around what is wanted: {pattern!r}"
    return None


def _groups(pattern: str) -> int:
    """How many groups a pattern has; many where Python, unlike Polars, cannot read it."""
    try:
        return re.compile(pattern).groups
    except re.error:
        return 99


def _zone(path: Path, zone: str) -> Iterator[Problem]:
    if zone not in available_timezones():
        yield path, f"no time zone {zone!r}" + nearest(zone, sorted(available_timezones()))


def _mapping(profile: Profile) -> Iterator[Problem]:
    for path, rule in rules_of(profile):
        yield from _steps(path, rule)
        if path in VALUES:
            yield from _given_values(path, rule, VALUES[path])


def _steps(path: Path, rule: FieldRule) -> Iterator[Problem]:
    """Sources, months, zone, formats and `other` of one rule."""
    said = rule.from_ or rule.concat or rule.const is not None or rule.default is not None
    if not said and "from_" not in rule.model_fields_set:  # `field = []` switches a field off
        yield path, "has no source: say from, concat, const or default"
    if rule.zone is not None:
        yield from _zone((*path, "zone"), rule.zone)
    if rule.months is not None and rule.months not in MONTHS:
        yield (*path, "months"), f"{rule.months!r} is none of {', '.join(MONTHS)}"
    if rule.other not in {"error", "keep", "blank"} and not rule.other.startswith("="):
        yield (*path, "other"), f'{rule.other!r} is none of error, keep, blank, "=value"'
    for form in rule.formats:
        if form not in FORMATS and (wrong := _unknown_directives(form)):
            yield (*path, "formats"), f"{form!r} has {', '.join(wrong)}, which is not known"


def _unknown_directives(form: str) -> list[str]:
    said = re.findall(r"%([.:#]?.?)", form, re.DOTALL)
    if not said:
        return ["no % at all"]
    return [f"%{one}" for one in said if one not in DIRECTIVES]


def _given_values(path: Path, rule: FieldRule, known: tuple[str, ...]) -> Iterator[Problem]:
    """What a profile itself writes into a field that has few values."""
    said: list[tuple[Path, str | None]] = [
        ((*path, "const"), rule.const if rule.map is None else None),
        ((*path, "default"), rule.default),
        ((*path, "other"), rule.other[1:] if rule.other.startswith("=") else None),
        *(((*path, "map", key), value) for key, value in (rule.map or {}).items()),
    ]
    for where, value in said:
        if value is not None and value not in known:
            yield where, f"{value!r} is none of {', '.join(known)}" + nearest(value, known)


def _rule_sets(profile: Profile) -> Iterator[Problem]:
    yield from rule_problems(profile.rules, ("rules",))
    known = _segments(profile)
    folded = {name.casefold() for name in known}
    for segment in profile.rules.segment if known else ():
        if segment.casefold() not in folded:
            told = f"orders never have this segment, only {', '.join(known)}"
            yield ("rules", "segment", segment), told + nearest(segment, known)


def _segments(profile: Profile) -> list[str]:
    """The segments that orders can have; empty where any text of the file can be one."""
    rule = profile.order.get("segment", FieldRule())
    if (rule.columns and rule.map is None) or (rule.map is not None and rule.other == "keep"):
        return []
    said = [*(rule.map or {}).values(), rule.default, profile.defaults.segment]
    said += [rule.const if rule.map is None else None]
    said += [rule.other[1:] if rule.other.startswith("=") else None]
    said += [partner.segment for partner in profile.partner]
    return list(dict.fromkeys(name for name in said if name))


def _orders_fields(profile: Profile) -> Iterator[Problem]:
    known = list(tables.ORDERS)
    for name in profile.duplicates.key:
        if name not in tables.ORDERS:
            yield ("duplicates", "key"), f"no field {name!r} of orders" + nearest(name, known)
    for part in profile.duplicates.ignore:
        if part not in PARTS:
            told = f"{part!r} is none of {', '.join(PARTS)}"
            yield ("duplicates", "ignore"), told + nearest(part, PARTS)
    for number, rule in enumerate(profile.ignore):
        here: Path = ("ignore", number)
        if rule.field not in tables.ORDERS:
            told = f"no field {rule.field!r} of orders" + nearest(rule.field, known)
            yield (*here, "field"), told
            continue
        values = VALUES.get(("order", rule.field))
        for value in rule.equals if values else ():
            if values and value not in values:
                told = f"{value!r} is none of {', '.join(values)}" + nearest(value, values)
                yield (*here, "equals"), told
        yield from unfit((*here, "equals"), tables.ORDERS[rule.field], rule.equals)
