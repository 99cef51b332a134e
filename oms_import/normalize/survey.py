"""What a whole column says about how it is written: day before month? Which decimal sign?

Evidence is counted batch by batch (`date_evidence`, `decimal_evidence`), added up over a drop
(`merge_evidence`), and only then decided (`date_orders`, `decimal_styles`). Never a row at a time.
"""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from oms_import.normalize.numbers import grammar

# The year last: with the year first the order is plain.
_YEAR_LAST = r"^\s*[0-9]{1,2}([/.\-])[0-9]{1,2}[/.\-](?:[0-9]{4}|[0-9]{2})(?:[^0-9]|$)"
_PARTS = r"^([0-9]{1,2})[/.\-]([0-9]{1,2})[/.\-]([0-9]{2,4})"
_LONGEST = 10  # characters of DD/MM/YYYY
_DATE_COUNTS = ("numeric", "day_first", "month_first", "year_first", "undecided")
_DECIMAL_COUNTS = ("numbers", "points", "commas", "undecided")


def date_evidence(frame: pl.DataFrame, columns: Sequence[str], by: Sequence[str]) -> pl.DataFrame:
    """Count what N/N/N dates prove, for each column and each group of `by`.

    Shape: `by`…, column, numeric (dates with the year last), day_first (first part above 12),
    month_first (second part above 12), year_first (first part above 31), undecided (both at most
    12 and not equal). Columns without such dates have no row.
    """
    parts = [_dates(frame, column, list(by)) for column in columns]
    return pl.concat(parts) if parts else _nothing(frame, by, _DATE_COUNTS)


def decimal_evidence(
    frame: pl.DataFrame, columns: Sequence[str], by: Sequence[str]
) -> pl.DataFrame:
    """Count what numbers with `.` or `,` prove, for each column and each group of `by`.

    Shape: `by`…, column, numbers (with either sign), points (numbers only with a decimal point),
    commas (only with a decimal comma), undecided (`1,234` and `1.234`: a number with both).
    """
    parts = [_decimals(frame, column, list(by)) for column in columns]
    return pl.concat(parts) if parts else _nothing(frame, by, _DECIMAL_COUNTS)


def merge_evidence(parts: Sequence[pl.DataFrame]) -> pl.DataFrame:
    """Add up evidence of one kind, of as many batches as there are (at least one)."""
    together = pl.concat(parts)
    counts = {*_DATE_COUNTS, *_DECIMAL_COUNTS}
    keys = [name for name in together.columns if name not in counts]
    return together.group_by(keys, maintain_order=True).agg(pl.all().sum())


merge_decimal_evidence = merge_evidence


def date_orders(evidence: pl.DataFrame) -> pl.DataFrame:
    """Decide on merged evidence. Shape: `by`…, column, order.

    order: dmy, mdy or ymd where it is proven; mixed where the column proves both; ambiguous where
    it proves nothing. A column whose days all equal their months reads one way only: mdy.
    """
    day, month = pl.col("day_first") > 0, pl.col("month_first") > 0
    year = pl.col("year_first") > 0
    order = (
        pl.when(year & ~month)
        .then(pl.lit("ymd"))
        .when((day | year) & month)
        .then(pl.lit("mixed"))
        .when(day)
        .then(pl.lit("dmy"))
        .when(month)
        .then(pl.lit("mdy"))
        .when(pl.col("undecided") == 0)
        .then(pl.lit("mdy"))
        .otherwise(pl.lit("ambiguous"))
    )
    return evidence.select(pl.exclude(*_DATE_COUNTS), order.alias("order"))


def decimal_styles(evidence: pl.DataFrame) -> pl.DataFrame:
    """Decide on merged evidence. Shape: `by`…, column, style.

    style: "." or "," where it is proven; ambiguous where both are, or where neither is and there
    are numbers like `1,234`. Without any separator it does not matter: ".".
    """
    point, comma = pl.col("points") > 0, pl.col("commas") > 0
    style = (
        pl.when(point & comma)
        .then(pl.lit("ambiguous"))
        .when(comma)
        .then(pl.lit(","))
        .when(point | (pl.col("undecided") == 0))
        .then(pl.lit("."))
        .otherwise(pl.lit("ambiguous"))
    )
    return evidence.select(pl.exclude(*_DECIMAL_COUNTS), style.alias("style"))


def _dates(frame: pl.DataFrame, column: str, by: list[str]) -> pl.DataFrame:
    text = pl.col(column)
    dates = frame.filter(text.str.contains(_YEAR_LAST)).select(
        *by, text.str.strip_chars().str.head(_LONGEST).alias("date")
    )
    # A day is on many rows: its parts are taken once.
    days = dates.group_by(*by, "date").len("n")
    part = pl.col("date").str.extract_groups(_PARTS).struct
    first, second = (part.field(place).cast(pl.Int32, strict=False) for place in "12")
    counted = days.select(*by, "n", first=first, second=second)
    a, b, n = pl.col("first"), pl.col("second"), pl.col("n")
    tests = {
        "numeric": pl.lit(value=True),
        "day_first": (a > 12) & (a <= 31) & (b <= 12),
        "month_first": (b > 12) & (a <= 12),
        "year_first": (a > 31) & (b <= 12),
        "undecided": (a <= 12) & (b <= 12) & (a != b),
    }
    sums = [n.filter(test).sum().cast(pl.Int64).alias(name) for name, test in tests.items()]
    return _per_group(counted, by, column, sums, _DATE_COUNTS)


def _decimals(frame: pl.DataFrame, column: str, by: list[str]) -> pl.DataFrame:
    marked = frame.filter(pl.col(column).str.contains(r"[.,]")).select(
        *by,
        point=pl.col(column).str.contains(grammar(".")),
        comma=pl.col(column).str.contains(grammar(",")),
    )
    point, comma = pl.col("point"), pl.col("comma")
    tests = {
        "numbers": point | comma,
        "points": point & ~comma,
        "commas": comma & ~point,
        "undecided": point & comma,
    }
    sums = [test.sum().cast(pl.Int64).alias(name) for name, test in tests.items()]
    return _per_group(marked, by, column, sums, _DECIMAL_COUNTS)


def _per_group(
    rows: pl.DataFrame, by: list[str], column: str, sums: list[pl.Expr], counts: tuple[str, ...]
) -> pl.DataFrame:
    grouped = rows.group_by(by, maintain_order=True).agg(sums) if by else rows.select(sums)
    named = grouped.select(*by, pl.lit(column).alias("column"), *counts)
    return named.filter(pl.col(counts[0]) > 0)


def _nothing(frame: pl.DataFrame, by: Sequence[str], counts: tuple[str, ...]) -> pl.DataFrame:
    schema = {name: frame.schema[name] for name in by}
    return pl.DataFrame(schema={**schema, "column": pl.String, **dict.fromkeys(counts, pl.Int64)})
