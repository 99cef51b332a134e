"""Columns held against values of a profile, and told as text."""

from __future__ import annotations

from collections.abc import Iterable

import polars as pl

from oms_import.profiles.values import typed


def is_one_of(column: str, kind: pl.DataType | type[pl.DataType], values: Iterable[str]) -> pl.Expr:
    """Whether the column holds one of these values; null where it holds none.

    Raises:
        UnfitValueError: a value is not of the column's type, or the type has no such values.
    """
    found = [typed(value, kind) for value in values]
    return pl.col(column).is_in(pl.Series(found, dtype=kind, strict=True).implode())


def as_text(column: str, kind: pl.DataType | type[pl.DataType]) -> pl.Expr:
    """The column as text for people: decimals without trailing zeros."""
    text = pl.col(column).cast(pl.String)
    if isinstance(kind, pl.Decimal):
        return text.str.strip_chars_end("0").str.strip_chars_end(".")
    return text
