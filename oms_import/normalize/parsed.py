"""What a cell becomes: a value, or a reason code, never both.

A parser sees a whole column of a batch as a Series, works in stages of vectorised operations, and
leaves a stage out when no row needs it: most columns are settled by one regular expression and
one cast. (As one lazy expression every stage would run on every row, and shared parts again for
each use: 3 to 10 times the time.) No Python is run for a row.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import polars as pl

VALUE, FAULT = "value", "fault"
Reader = Callable[[pl.Series], pl.DataFrame]


@dataclass(frozen=True, slots=True)
class Parsed:
    """A parsed column: `packed` is a struct a row, with the fields `value` and `fault`.

    `value` and `fault` selected side by side parse the column twice. Where speed matters select
    `packed` once and take its fields in a second step.
    """

    packed: pl.Expr

    @property
    def value(self) -> pl.Expr:
        """The value; null where the cell is blank or at fault."""
        return self.packed.struct.field(VALUE)

    @property
    def fault(self) -> pl.Expr:
        """String: a reason code; null where the cell is fine or blank."""
        return self.packed.struct.field(FAULT)


def by_column(raw: pl.Expr, read: Reader, schema: Mapping[str, pl.DataType]) -> pl.Expr:
    """An expression that gives each batch of a column to `read`. String → struct of `schema`."""

    def packed(column: pl.Series) -> pl.Series:
        frame = read(column.rename("raw"))
        fields = [pl.col(name).cast(dtype) for name, dtype in schema.items()]
        return frame.select(fields).to_struct(column.name)

    return raw.map_batches(packed, return_dtype=pl.Struct(schema), is_elementwise=True)


def by_series(raw: pl.Expr, read: Callable[[pl.Series], pl.Series], dtype: pl.DataType) -> pl.Expr:
    """An expression that gives each batch of a column to `read`, which gives one Series back."""
    return raw.map_batches(read, return_dtype=dtype, is_elementwise=True)


def parsed(raw: pl.Expr, read: Reader, dtype: pl.DataType) -> Parsed:
    """A parser whose values are of `dtype`; `read` gives the columns value and fault."""
    return Parsed(by_column(raw, read, {VALUE: dtype, FAULT: pl.String()}))


def steps(column: pl.Series, *stages: Mapping[str, pl.Expr]) -> pl.DataFrame:
    """A frame with the column `raw`, then stage by stage what refers to earlier columns."""
    frame = column.alias("raw").to_frame()
    for stage in stages:
        frame = frame.with_columns(**stage)
    return frame


def where(column: pl.Series, mask: pl.Series, read: Reader) -> pl.DataFrame | None:
    """`read` for the rows of a Boolean mask, null in all others; None where the mask has no row.

    A null in the mask is no row. Where the mask has all rows, they are read in place.
    """
    return where_any(column, mask, read)


def where_any(
    column: pl.Series, mask: pl.Series, read: Callable[[pl.Series], pl.DataFrame | None]
) -> pl.DataFrame | None:
    """`where`, for a `read` that itself may have nothing to say and give None."""
    count = int(mask.sum() or 0)
    if count == 0:
        return None
    if count == len(column):
        return read(column)
    place = mask.fill_null(value=False)
    found = read(column.filter(place))
    if found is None:
        return None
    index = pl.select(pl.when(place).then(place.cum_sum().cast(pl.UInt32) - 1)).to_series()
    return found.select(pl.all().gather(index))


def by_unique(column: pl.Series, read: Reader) -> pl.DataFrame:
    """`read` for each different value once, then for every row; a null stays null.

    For columns of few different values, such as codes and countries.
    """
    different = column.unique().drop_nulls()
    if len(different) * 2 > len(column):
        return read(column)
    table = read(different).with_columns(different.alias("raw"))
    rows = column.alias("raw").to_frame()
    return rows.join(table, on="raw", how="left", maintain_order="left", nulls_equal=False)
