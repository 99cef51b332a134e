"""Findings of normalize as frames: where a cell could not become its field's value."""

from __future__ import annotations

import polars as pl

from oms_import.model.codes import Code
from oms_import.model.finding import FINDINGS
from oms_import.model.reasons import reasons
from oms_import.normalize.codes import card_number
from oms_import.normalize.fields import FAULT, SAID, Field


def found(
    rows: pl.DataFrame,
    code: Code | pl.Expr,
    field: str | pl.Expr | None,
    value: pl.Expr | None,
    detail: pl.Expr | None = None,
) -> pl.DataFrame:
    """One finding a row; rows have `_drop`, `_order`, `_record`, `_line`. Shape: FINDINGS."""
    if rows.is_empty():
        return pl.DataFrame(schema=FINDINGS)
    codes = pl.lit(str(code)) if isinstance(code, Code) else code
    severities = {name: entry.severity for name, entry in reasons().items()}
    return rows.select(
        pl.col("_drop").cast(pl.UInt32),
        pl.col("_order"),
        pl.col("_record").alias("record"),
        pl.col("_line").alias("line"),
        codes.alias("code"),
        codes.replace_strict(severities, return_dtype=pl.String).alias("severity"),
        (field if isinstance(field, pl.Expr) else pl.lit(field, dtype=pl.String)).alias("field"),
        _or_null(value).alias("value"),
        _or_null(detail).alias("detail"),
    )


def field_faults(frame: pl.DataFrame, fields: tuple[Field, ...], prefix: str) -> pl.DataFrame:
    """The findings of fields computed in `frame` (columns `name?` and `name=`)."""
    parts = [pl.DataFrame(schema=FINDINGS)]
    for one in fields:
        fault = one.name + FAULT
        if not one.can_fail or frame[fault].null_count() == frame.height:
            continue
        hit = frame.filter(pl.col(fault).is_not_null())
        where = pl.lit(_where(one))
        parts.append(found(hit, pl.col(fault), prefix + one.name, pl.col(one.name + SAID), where))
    return pl.concat(parts)


def _where(one: Field) -> str:
    columns = ", ".join(f'"{name}"' for name in one.columns)
    return f"column {columns}" if columns else "a value that the profile sets"


def cards_removed(
    frame: pl.DataFrame, once: pl.DataFrame, column: str = "value"
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Payment card numbers are replaced by a note, and each is a finding."""
    if frame.is_empty():
        return frame, pl.DataFrame(schema=FINDINGS)
    is_card = card_number(pl.col(column)).fill_null(value=False)
    hit = frame.select("_order", is_card.alias("_card")).filter(pl.col("_card"))
    if hit.is_empty():
        return frame, pl.DataFrame(schema=FINDINGS)
    cleaned = frame.with_columns(
        pl.when(is_card).then(pl.lit("[card number removed]")).otherwise(column).alias(column)
    )
    where = once.join(hit.select("_order").unique(), on="_order", how="semi")
    return cleaned, found(where, Code.CARD_NUMBER, None, None)


def shaped(parts: list[pl.DataFrame]) -> pl.DataFrame:
    """All findings in one frame."""
    return pl.concat([pl.DataFrame(schema=FINDINGS), *parts])


def _or_null(expr: pl.Expr | None) -> pl.Expr:
    return pl.lit(None, dtype=pl.String) if expr is None else expr.cast(pl.String)
