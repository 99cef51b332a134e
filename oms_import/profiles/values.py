"""Values written in a profile, as values of a column's type."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from math import isfinite

import polars as pl

_BEYOND = 10**14  # no amount or quantity of an order reaches this: DECIMAL(18, 4)
_FLAGS = {"true": True, "false": False}


class UnfitValueError(ValueError):
    """A value that a column of this type can never hold."""


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


def typed(value: str, kind: pl.DataType | type[pl.DataType]) -> object:
    """A value as one of the column's type.

    Raises:
        UnfitValueError: it is not of the type, or the type has no such values.
    """
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
