"""One canonical field: a rule and a type become a value, a fault and what the source said."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from oms_import.model import tables
from oms_import.normalize.codes import country, currency, flag, mapped
from oms_import.normalize.columns import Columns, raw_text
from oms_import.normalize.dates import time
from oms_import.normalize.numbers import decimal, integer
from oms_import.profiles.model import Defaults, FieldRule

FAULT = "?"  # "<field>?" is the fault of a field, "<field>=" what the source said
SAID = "="


@dataclass(frozen=True, slots=True)
class Context:
    """What the whole column says about its cells, and the profile's defaults."""

    columns: Columns
    defaults: Defaults
    zone: str | None
    date_orders: dict[str, str]  # column → dmy, mdy, ymd or ambiguous
    decimals: dict[str, str]  # column → "." or ","


@dataclass(frozen=True, slots=True)
class Field:
    """A canonical field ready to be computed from source columns.

    `exprs` yield the value under `name`, and where a fault is possible `name?` (reason code or
    null) and `name=` (the source's text).
    """

    name: str
    columns: tuple[str, ...]
    exprs: tuple[pl.Expr, ...]
    can_fail: bool


def field(name: str, rule: FieldRule, dtype: pl.DataType, context: Context) -> Field | None:
    """Compile one rule; None where the drop has no column for it and no default is given."""
    raw = raw_text(rule, context.columns)
    if raw is None:
        return None
    columns = context.columns.of_rule(rule)
    said = raw
    fault: pl.Expr | None = None
    if rule.map is not None:
        result = mapped(raw, rule.map, rule.other)
        raw, fault = result.value, result.fault
    if rule.default is not None:
        raw = pl.coalesce(raw, pl.lit(rule.default))
    exprs, own_fault = _typed(name, rule, dtype, raw, context)
    faults = [expr for expr in (fault, own_fault) if expr is not None]
    if faults:
        exprs += (pl.coalesce(faults).alias(name + FAULT), said.alias(name + SAID))
    return Field(name, columns, exprs, can_fail=bool(faults))


def _typed(
    name: str, rule: FieldRule, dtype: pl.DataType, raw: pl.Expr, context: Context
) -> tuple[tuple[pl.Expr, ...], pl.Expr | None]:
    kind = rule.as_ or _kind(name, dtype)
    if kind == "date":
        return _time(name, rule, raw, context)
    if kind in {"money", "number"}:
        style = rule.decimal or context.defaults.decimal
        if style == "auto":
            style = _style(context.columns.of_rule(rule), context.decimals)
        wanted = dtype if isinstance(dtype, pl.Decimal) else tables.MONEY
        parsed = decimal(raw, wanted, style, rule.round)
        value = parsed.value if isinstance(dtype, pl.Decimal) else parsed.value.cast(dtype)
        return (value.alias(name),), parsed.fault
    if kind == "country":
        parsed = country(raw)
        return (parsed.value.alias(name), raw.alias("country_raw")), parsed.fault
    if kind in _PARSERS:
        parsed = _PARSERS[kind](raw)
        return (parsed.value.cast(dtype).alias(name),), parsed.fault
    return (raw.alias(name),), None


_PARSERS = {"integer": integer, "flag": flag, "currency": currency}


def _kind(name: str, dtype: pl.DataType) -> str:
    if name in {"country", "currency"}:
        return name
    if isinstance(dtype, pl.Decimal):
        return "money"
    kinds: dict[pl.DataType, str] = {
        pl.Datetime("us"): "date",
        pl.Boolean(): "flag",
        pl.Int64(): "integer",
    }
    return kinds.get(dtype, "text")


def _style(columns: tuple[str, ...], decimals: dict[str, str]) -> str:
    styles = {decimals.get(column, ".") for column in columns}
    return styles.pop() if len(styles) == 1 else "."


def _time(
    name: str, rule: FieldRule, raw: pl.Expr, context: Context
) -> tuple[tuple[pl.Expr, ...], pl.Expr]:
    order: str = context.defaults.date_order
    if order == "auto":
        orders = {context.date_orders.get(column) for column in context.columns.of_rule(rule)}
        orders.discard(None)
        order = (orders.pop() if len(orders) == 1 else None) or "ambiguous"
    parsed = time(raw, rule.formats, order, rule.zone or context.zone, rule.months)
    exprs: tuple[pl.Expr, ...] = (parsed.value.alias(name),)
    if name == "ordered_at":
        exprs += (
            raw.alias("ordered_at_raw"),
            parsed.precision.alias("ordered_at_precision"),
            parsed.zone_text.alias("source_tz"),
            parsed.fold.alias("ordered_at_fold"),
        )
    return exprs, parsed.fault


def survey_columns(
    rules: list[tuple[FieldRule, pl.DataType]], defaults: Defaults, columns: Columns
) -> tuple[list[str], list[str]]:
    """The columns whose day/month order, and whose decimal separator, must be read off the data."""
    dates: list[str] = []
    decimals: list[str] = []
    for rule, dtype in rules:
        if rule.const is not None:
            continue
        kind = rule.as_ or _kind("", dtype)
        if kind == "date" and not rule.formats and defaults.date_order == "auto":
            dates += columns.of_rule(rule)
        if kind in {"money", "number"} and (rule.decimal or defaults.decimal) == "auto":
            decimals += columns.of_rule(rule)
    return list(dict.fromkeys(dates)), list(dict.fromkeys(decimals))
