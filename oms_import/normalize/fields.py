"""One canonical field: a rule and a type become a value, a fault and what the source said."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal

import polars as pl

from oms_import.model import tables
from oms_import.normalize.codes import country, currency, flag, mapped
from oms_import.normalize.columns import Columns, raw_text
from oms_import.normalize.columns import text as text_of
from oms_import.normalize.dates import time
from oms_import.normalize.numbers import decimal, integer, percent
from oms_import.normalize.parsed import Parsed
from oms_import.profiles.model import Defaults, FieldRule

FAULT = "?"  # "<field>?" is the fault of a field
SAID = "="  # "<field>=" is what the source said
_MAPPED = "~"  # "<field>~" is the value of its map, as a struct of value and fault
_PER = "/"  # "<field>/" is how many units a price is for
_PACKED = "*"  # "<field>*" is the parsed value, likewise


@dataclass(frozen=True, slots=True)
class Context:
    """What the whole column says about its cells, and the profile's defaults."""

    columns: Columns
    defaults: Defaults
    zone: str | None
    date_orders: dict[str, str]  # column → dmy, mdy, ymd or ambiguous
    decimals: dict[str, str]  # column → ".", "," or ambiguous


@dataclass(frozen=True, slots=True)
class Field:
    """A canonical field ready to be computed, stage by stage, so that no cell is parsed twice.

    The last stage yields the value under `name` and, where a fault is possible, `name?` (reason
    code or null) beside `name=` (the source's text).
    """

    name: str
    columns: tuple[str, ...]  # all it reads
    used: tuple[str, ...]  # those of which nothing is left to keep
    said: pl.Expr  # stage 1: the source's text
    mapped: pl.Expr | None  # stage 2: through the rule's map
    packed: pl.Expr | None  # stage 3: parsed
    values: tuple[pl.Expr, ...]  # stage 4
    per: pl.Expr | None = None  # stage 1: units that a price is for

    @property
    def can_fail(self) -> bool:
        """Whether there is a fault column."""
        return self.mapped is not None or self.packed is not None


def computed(frame: pl.DataFrame, fields: Sequence[Field], keep: Sequence[str]) -> pl.DataFrame:
    """The fields of each row, beside the columns to keep."""
    per = (one.per.alias(one.name + _PER) for one in fields if one.per is not None)
    frame = frame.select(*keep, *(one.said.alias(one.name + SAID) for one in fields), *per)
    frame = frame.with_columns(
        one.mapped.alias(one.name + _MAPPED) for one in fields if one.mapped is not None
    )
    frame = frame.with_columns(
        one.packed.alias(one.name + _PACKED) for one in fields if one.packed is not None
    )
    said = (one.name + SAID for one in fields)
    return frame.select(*keep, *said, *(expr for one in fields for expr in one.values))


def field(name: str, rule: FieldRule, dtype: pl.DataType, context: Context) -> Field | None:
    """Compile one rule; None where the drop has no column for it and no default is given."""
    said = raw_text(rule, context.columns)
    if said is None:
        return None
    text = pl.col(name + SAID)
    through: Parsed | None = None
    if rule.map is not None:
        through = mapped(text, rule.map, rule.other)
        text = _value(_MAPPED, name)
    if rule.default is not None:
        text = pl.coalesce(text, pl.lit(rule.default))
    packed, values = _typed(name, rule, dtype, text, context)
    marks = ([_MAPPED] if through else []) + ([_PACKED] if packed is not None else [])
    if marks:
        faults = [pl.col(name + mark).struct.field("fault") for mark in marks]
        values += (pl.coalesce(faults).alias(name + FAULT),)
    return Field(
        name=name,
        columns=context.columns.of_rule(rule),
        used=context.columns.used_by(rule),
        said=said,
        mapped=through.packed if through else None,
        packed=packed,
        values=values,
        per=_per(rule, context),
    )


def _value(mark: str, name: str, part: str = "value") -> pl.Expr:
    return pl.col(name + mark).struct.field(part)


def _typed(
    name: str, rule: FieldRule, dtype: pl.DataType, text: pl.Expr, context: Context
) -> tuple[pl.Expr | None, tuple[pl.Expr, ...]]:
    """The packed parse of a field (None: it is text) and the values to take out of it."""
    kind = rule.as_ or _kind(name, dtype)
    value = _value(_PACKED, name).alias(name)
    if kind == "date":
        return _time(rule, text, context), _time_values(name)
    if kind in {"money", "number"}:
        wanted = dtype if isinstance(dtype, pl.Decimal) else tables.MONEY
        style = rule.decimal or context.defaults.decimal
        if style == "auto":
            style = _agreed(context.columns.of_rule(rule), context.decimals, ".")
        if style in _MARKS:
            text, style = text.str.replace_all(",", _MARKS[style], literal=True), "."
        if wanted == tables.RATE and not rule.scale:
            return percent(text, style).packed, (value,)
        packed = decimal(text, wanted, style, rule.round).packed
        scaled = _scaled(value, rule.scale)
        one = scaled if _per(rule, context) is None else _of_one(scaled, name)
        return packed, (one.cast(dtype),)
    if kind == "country":
        said = pl.col(name + SAID).alias("country_raw")
        return country(text).packed, (value, said)
    if kind in _PARSERS:
        return _PARSERS[kind](text).packed, (value.cast(dtype),)
    return None, (text.alias(name),)


def _per(rule: FieldRule, context: Context) -> pl.Expr | None:
    """How many units a price is for, where a column says so: Decimal, null for one."""
    name = rule.per_from and context.columns.find(rule.per_from)
    if not name:
        return None
    said = text_of(name)
    number = said.str.replace(",", ".", literal=True).cast(_UNITS, strict=False)
    named = said.replace_strict(rule.per, default=None, return_dtype=_UNITS) if rule.per else number
    units = pl.coalesce(named, number)
    return pl.when(units > 0).then(units)


def _of_one(value: pl.Expr, name: str) -> pl.Expr:
    """The price of one, half up to the decimals of prices."""
    units = pl.col(name + _PER)
    one = (value.cast(pl.Decimal(38, 10)) / units).round(6, mode="half_away_from_zero")
    return pl.when(units.is_not_null()).then(one.cast(tables.PRICE)).otherwise(value)


_UNITS = pl.Decimal(38, 6)

_MARKS = {"either": ".", "plain": ",,"}
"""Numbers without a thousands mark → what a comma is read as: a point, or no number at all."""


def _scaled(value: pl.Expr, scale: int) -> pl.Expr:
    """A number with implied decimals put where they belong."""
    if not scale:
        return value
    unit = pl.lit(Decimal(1).scaleb(-scale)).cast(pl.Decimal(38, scale))
    return value.cast(pl.Decimal(38, 4 + scale)) * unit


_PARSERS: dict[str, Callable[[pl.Expr], Parsed]] = {
    "integer": integer,
    "flag": flag,
    "currency": currency,
}


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


def _time(rule: FieldRule, text: pl.Expr, context: Context) -> pl.Expr:
    order: str = context.defaults.date_order
    if order == "auto":
        order = _agreed(context.columns.of_rule(rule), context.date_orders, "ambiguous")
    if order == "mixed":
        order = "ambiguous"
    return time(text, rule.formats, order, rule.zone or context.zone, rule.months).packed


def _time_values(name: str) -> tuple[pl.Expr, ...]:
    value = _value(_PACKED, name).alias(name)
    if name != "ordered_at":
        return (value,)
    return (
        value,
        pl.col(name + SAID).alias("ordered_at_raw"),
        _value(_PACKED, name, "precision").alias("ordered_at_precision"),
        _value(_PACKED, name, "zone_text").alias("source_tz"),
        _value(_PACKED, name, "fold").alias("ordered_at_fold"),
    )


def _agreed(columns: tuple[str, ...], told: dict[str, str], otherwise: str) -> str:
    """What the columns of a rule say in unison; where they do not, nothing is assumed."""
    said = {told[column] for column in columns if column in told}
    if len(said) > 1:
        return "ambiguous"
    return said.pop() if said else otherwise


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
