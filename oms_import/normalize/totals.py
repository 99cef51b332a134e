"""Sums computed beside what the source states; the source's figures are never repaired."""

from __future__ import annotations

from decimal import Decimal

import polars as pl

from oms_import.model.tables import MONEY


def priced(lines: pl.DataFrame) -> pl.DataFrame:
    """Derive unit_price from line_amount ÷ qty_ordered, or line_amount from their product.

    Adds unit_price_origin (stated, derived).
    """
    qty, unit, amount = pl.col("qty_ordered"), pl.col("unit_price"), pl.col("line_amount")
    divided = (amount.cast(pl.Decimal(38, 12)) / qty).round(6).cast(pl.Decimal(18, 6), strict=False)
    product = (unit.cast(pl.Decimal(38, 6)) * qty).round(4).cast(MONEY, strict=False)
    return lines.with_columns(
        pl.when(unit.is_not_null()).then(unit).when(qty != 0).then(divided).alias("unit_price"),
        pl.when(unit.is_not_null())
        .then(pl.lit("stated"))
        .when(amount.is_not_null() & (qty != 0))
        .then(pl.lit("derived"))
        .alias("unit_price_origin"),
        pl.coalesce(amount, product).alias("line_amount"),
    )


def totalled(
    orders: pl.DataFrame,
    lines: pl.DataFrame,
    charges: pl.DataFrame,
    taxes: pl.DataFrame,
    tolerance: str,
) -> pl.DataFrame:
    """Add computed_total, total_delta (stated minus computed), total_check, line_count, qty_total.

    Goods before discount, less line discounts, plus charges that are not informational, plus taxes
    that are not inside the prices. Line taxes count only where there are no tax rows.
    """
    per_line = lines.group_by("_order", maintain_order=True).agg(
        pl.len().cast(pl.Int64).alias("line_count"),
        _sum("qty_ordered").alias("qty_total"),
        _sum("line_amount").alias("_goods"),
        _sum("discount_amount").alias("_less"),
        _sum("tax_amount").alias("_line_tax"),
    )
    added = (
        charges.filter(~pl.col("informational"))
        .group_by("_order")
        .agg(_sum("amount").alias("_charged"))
    )
    taxed = taxes.group_by("_order").agg(
        _sum("amount", ~pl.col("included")).alias("_taxed"), pl.len().alias("_tax_rows")
    )
    zero = pl.lit(Decimal(0)).cast(MONEY)
    counted = [name for name in ("line_count", "qty_total") if name in orders.columns]
    all_in = orders.drop(counted).join(per_line, on="_order", how="left", maintain_order="left")
    all_in = _joined(_joined(all_in, added), taxed)
    tax = (
        pl.when(pl.col("_tax_rows").fill_null(0) > 0)
        .then(pl.col("_taxed"))
        .otherwise(pl.col("_line_tax"))
    )
    parts = [pl.col("_goods"), -pl.col("_less"), pl.col("_charged"), tax]
    computed = sum((part.fill_null(zero) for part in parts[1:]), parts[0].fill_null(zero))
    delta = pl.col("stated_total") - pl.col("computed_total")
    limit = pl.lit(Decimal(tolerance)).cast(MONEY)
    return (
        all_in.with_columns(
            computed.cast(MONEY, strict=False).alias("computed_total"),
            pl.col("line_count").fill_null(0),
            pl.col("qty_total").fill_null(zero),
        )
        .with_columns(delta.cast(MONEY, strict=False).alias("total_delta"))
        .with_columns(
            pl.when(pl.col("stated_total").is_null())
            .then(pl.lit("not_stated"))
            .when(pl.col("total_delta") == zero)
            .then(pl.lit("match"))
            .when(pl.col("total_delta").abs() <= limit)
            .then(pl.lit("tolerance"))
            .otherwise(pl.lit("mismatch"))
            .alias("total_check")
        )
        .drop("_goods", "_less", "_line_tax", "_charged", "_taxed", "_tax_rows")
    )


def _sum(name: str, where: pl.Expr | None = None) -> pl.Expr:
    column = pl.col(name) if where is None else pl.col(name).filter(where)
    return column.sum().cast(MONEY, strict=False)


def _joined(orders: pl.DataFrame, more: pl.DataFrame) -> pl.DataFrame:
    return orders.join(more, on="_order", how="left", maintain_order="left")
