"""Order-level values that stand on some of an order's rows: the first that is filled."""

from __future__ import annotations

import polars as pl


def first_filled(rows: pl.DataFrame, columns: tuple[str, ...]) -> pl.DataFrame:
    """One row an order: `_order` and each column's first value that is not blank.

    `rows` are sorted by `_order` and hold blank cells as null or white space.
    """
    starts = rows.filter(_is_start())
    result = starts.select("_order", *columns)
    if starts.height == rows.height:
        return result
    later = rows.filter(~_is_start())
    for name in columns:
        result = _filled_from(result, later, name)
    return result


def _filled_from(result: pl.DataFrame, later: pl.DataFrame, name: str) -> pl.DataFrame:
    blank = _blank(pl.col(name))
    missing = result.filter(blank).select("_order")
    if missing.is_empty():
        return result
    filled = later.select("_order", name).filter(~blank)
    if filled.is_empty():
        return result
    found = (
        filled.join(missing, on="_order", how="semi")
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


def _is_start() -> pl.Expr:
    return (pl.col("_order") != pl.col("_order").shift(1)).fill_null(value=True)


def _blank(column: pl.Expr) -> pl.Expr:
    return column.is_null() | (column.str.strip_chars() == "")
