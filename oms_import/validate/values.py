"""Values written in a profile, as values of a column's type."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal, InvalidOperation
from math import isfinite

import polars as pl

_BEYOND = 10**14  # no amount or quantity of an order reaches this: DECIMAL(18, 4)
_FLAGS = {"true": True, "false": False}


class UnfitValueError(ValueError):
    """A value that a column of this type can never hold."""


def is_one_of(column: str, kind: pl.DataType | type[pl.DataType], values: Iterable[str]) -> pl.Expr:
    """Whether the column holds one of these values; null where it holds none.

    Raises:
        UnfitValueError: a value is not of the column's type, or the type has no such values.
    """
    typed = [_typed(value, kind) for value in values]
    return pl.col(column).is_in(pl.Series(typed, dtype=kind, strict=True).implode())


def bound(column_kind: pl.DataType | type[pl.DataType], limit: float) -> Decimal:
    """A limit as an exact decimal.

    Raises:
        UnfitValueError: the column is no number, or the limit is beyond any amount.
    """
    if column_kind != pl.Int64 and not isinstance(column_kind, pl.Decimal):
        raise UnfitValueError("limits are for numbers")
    if not isfinite(limit) or abs(limit) >= _BEYOND:
        raise UnfitValueError(f"{limit:g} is beyond any amount; leave the limit out instead")
    return Decimal(str(limit))


def as_text(column: str, kind: pl.DataType | type[pl.DataType]) -> pl.Expr:
    """The column as text for people: decimals without trailing zeros."""
    text = pl.col(column).cast(pl.String)
    if isinstance(kind, pl.Decimal):
        return text.str.strip_chars_end("0").str.strip_chars_end(".")
    return text


def _typed(value: str, kind: pl.DataType | type[pl.DataType]) -> object:
    if kind == pl.String:
        return value
    if kind == pl.Boolean and value.lower() in _FLAGS:
        return _FLAGS[value.lower()]
    if kind == pl.Int64 or isinstance(kind, pl.Decimal):
        return _number(value, kind)
    raise UnfitValueError(f'"{value}" is no value of this field')


def _number(value: str, kind: pl.DataType | type[pl.DataType]) -> object:
    try:
        number = Decimal(value)
    except InvalidOperation:
        raise UnfitValueError(f'"{value}" is not a number') from None
    if not number.is_finite() or abs(number) >= _BEYOND:
        raise UnfitValueError(f'"{value}" is beyond any amount')
    places = kind.scale if isinstance(kind, pl.Decimal) else 0
    if number != round(number, places):
        raise UnfitValueError(f'"{value}" has more than {places} decimals')
    return number if isinstance(kind, pl.Decimal) else int(number)
