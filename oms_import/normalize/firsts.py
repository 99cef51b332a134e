"""Rows of whole orders: where each begins, its place, its first filled values, its columns."""

from __future__ import annotations

import polars as pl


def first_filled(rows: pl.DataFrame, columns: tuple[str, ...]) -> pl.DataFrame:
    """One row an order: `_order` and each column's first value that is not blank.

    `rows` are sorted by `_order` and hold blank cells as null or white space.
    """
    start = rows.select(is_start()).to_series()
    result = rows.select("_order", *columns).filter(start)
    if result.height == rows.height:
        return result
    for name in columns:
        if rows[name].null_count() == rows.height:
            continue
        result = _filled_from(result, rows, start, name)
    return result


def _filled_from(
    result: pl.DataFrame, rows: pl.DataFrame, start: pl.Series, name: str
) -> pl.DataFrame:
    missing = result.select(pl.col("_order").filter(_blank(pl.col(name)))).to_series()
    if missing.is_empty():
        return result
    candidates = rows.select("_order", name).filter(~start & rows[name].is_not_null())
    found = (
        candidates.filter(~_blank(pl.col(name)) & pl.col("_order").is_in(missing.implode()))
        .group_by("_order")
        .agg(pl.col(name).first().alias("_found"))
    )
    if found.is_empty():
        return result
    return (
        result.join(found, on="_order", how="left", maintain_order="left")
        .with_columns(pl.coalesce("_found", name).alias(name))
        .drop("_found")
    )


def differing(rows: pl.DataFrame, columns: tuple[str, ...]) -> pl.DataFrame:
    """Order-level values that contradict the row above in the same order.

    Returns one row an order and column: `_order`, `column`, `value` (the later one), `_record`,
    `_line`.
    """
    same = pl.col("_order") == pl.col("_order").shift(1)
    flags = rows.select(
        (same & (pl.col(c) != pl.col(c).shift(1))).fill_null(value=False).alias(c) for c in columns
    )
    found: list[pl.DataFrame] = []
    for name in columns:
        if flags[name].any():
            hit = rows.filter(flags[name]).unique("_order", keep="first", maintain_order=True)
            found.append(
                hit.select(
                    "_order",
                    pl.lit(name).alias("column"),
                    pl.col(name).alias("value"),
                    "_record",
                    "_line",
                )
            )
    schema = {
        "_order": pl.Int64,
        "column": pl.String,
        "value": pl.String,
        "_record": pl.Int64,
        "_line": pl.Int64,
    }
    return pl.concat(found) if found else pl.DataFrame(schema=schema)


def is_start() -> pl.Expr:
    """Whether a row is the first of its order."""
    return (pl.col("_order") != pl.col("_order").shift(1)).fill_null(value=True)


def counted() -> pl.Expr:
    """1, 2, 3 … inside each order; rows are sorted by `_order`."""
    place = pl.int_range(pl.len(), dtype=pl.Int64)
    begun = pl.when(is_start()).then(place).forward_fill()
    return place - begun + 1


def with_missing(frame: pl.DataFrame, schema: pl.Schema) -> pl.DataFrame:
    """Add the table's columns that no rule filled, as nulls."""
    return frame.with_columns(
        pl.lit(None, dtype=dtype).alias(name)
        for name, dtype in schema.items()
        if name not in frame.columns
    )


def _blank(column: pl.Expr) -> pl.Expr:
    return column.is_null() | (column.str.strip_chars() == "")
