"""Charges, taxes, payments and splits of orders and lines."""

from __future__ import annotations

import polars as pl

from oms_import.model import tables
from oms_import.model.finding import FINDINGS
from oms_import.normalize.columns import text
from oms_import.normalize.faults import field_faults
from oms_import.normalize.fields import Field, computed
from oms_import.normalize.lines import objects
from oms_import.normalize.plan import Charge, Split
from oms_import.profiles.model import ChargeRule, Defaults, TaxRule

_LEAD = ("_order", "_drop", "_record", "_line")


def charge_rows(
    once: pl.DataFrame, rows: pl.DataFrame, lines: pl.DataFrame, charges: tuple[Charge, ...]
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """order_charges (plus `_order`), without zero amounts, and findings."""
    made: list[pl.DataFrame] = []
    faults = [pl.DataFrame(schema=FINDINGS)]
    for charge in charges:
        frame, wrong = _amounts(once, rows, lines, charge)
        faults.append(wrong)
        rule = charge.rule
        if not isinstance(rule, ChargeRule) or frame.is_empty():
            continue
        amount = -pl.col("amount").abs() if rule.sign == "negative" else pl.col("amount")
        made.append(
            frame.with_columns(
                amount.alias("amount"),
                _kind(frame, rule),
                pl.lit(rule.informational).alias("informational"),
                pl.lit(", ".join(charge.amount.columns) or "profile").alias("source_field"),
            )
        )
    both = _sorted(made, tables.ORDER_CHARGES)
    seq = pl.int_range(1, pl.len() + 1, dtype=pl.Int64).over("_order")
    return both.with_columns(seq.alias("seq")), pl.concat(faults)


def _kind(frame: pl.DataFrame, rule: ChargeRule) -> pl.Expr:
    told = pl.col("kind_from") if "kind_from" in frame.columns else pl.lit(None, pl.String)
    return pl.coalesce(told, pl.lit(rule.kind)).alias("kind")


def tax_rows(
    once: pl.DataFrame,
    rows: pl.DataFrame,
    lines: pl.DataFrame,
    taxes: tuple[Charge, ...],
    defaults: Defaults,
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """order_taxes (plus `_order`), without zero amounts, and findings."""
    made: list[pl.DataFrame] = []
    faults = [pl.DataFrame(schema=FINDINGS)]
    for tax in taxes:
        frame, wrong = _amounts(once, rows, lines, tax)
        faults.append(wrong)
        rule = tax.rule
        if not isinstance(rule, TaxRule) or frame.is_empty():
            continue
        made.append(
            frame.with_columns(
                pl.lit(rule.kind).alias("kind"),
                pl.lit(rule.included).alias("included"),
                pl.lit(rule.collected_by or defaults.tax_collected_by).alias("collected_by"),
            )
        )
    return _sorted(made, tables.ORDER_TAXES), pl.concat(faults)


def payment_rows(
    once: pl.DataFrame, payments: tuple[tuple[Field, ...], ...]
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """payments (plus `_order`) where anything of one is given, and findings."""
    made: list[pl.DataFrame] = []
    faults = [pl.DataFrame(schema=FINDINGS)]
    for fields in payments:
        if not any(one.columns for one in fields):
            continue
        frame = computed(once, fields, _LEAD)
        faults.append(field_faults(frame, fields, "payment."))
        told = pl.any_horizontal(pl.col(one.name).is_not_null() for one in fields)
        made.append(frame.filter(told))
    both = _sorted(made, tables.PAYMENTS)
    seq = pl.int_range(1, pl.len() + 1, dtype=pl.Int64).over("_order")
    method = pl.col("method").fill_null("unknown")
    return both.with_columns(seq.alias("seq"), method), pl.concat(faults)


def _amounts(
    once: pl.DataFrame, rows: pl.DataFrame, lines: pl.DataFrame, charge: Charge
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Non-zero amounts with scope and line_no, and findings of the amounts' cells."""
    rule = charge.rule
    label = "charge." if isinstance(rule, ChargeRule) else "tax."
    if rule.scope == "line":
        frame = computed(_chosen(lines, charge), charge.fields, (*_LEAD, "line_no"))
    else:
        whole = once if rule.per_order == "first" or charge.listed else rows
        frame = computed(_chosen(whole, charge), charge.fields, _LEAD)
        frame = frame.with_columns(pl.lit(None, dtype=pl.Int64).alias("line_no"))
    faults = field_faults(frame, charge.fields, label)
    frame = frame.filter(pl.col("amount").is_not_null() & (pl.col("amount") != 0))
    if rule.scope == "order" and rule.per_order != "first" and charge.listed is None:
        frame = _per_order(frame, rule.per_order)
    return frame.with_columns(
        pl.lit(rule.scope).alias("scope"), pl.lit(charge.number).alias("_at")
    ), faults


def _chosen(rows: pl.DataFrame, charge: Charge) -> pl.DataFrame:
    """The rows a rule is about: one an object where it reads lists; those of its `when`."""
    for column, values in charge.where:
        rows = rows.filter(text(column).is_in(list(values)))
    if charge.listed is not None:
        rows = objects(rows, charge.listed.column, charge.listed.keys)
    for column, values in charge.when:
        rows = rows.filter(text(column).is_in(list(values)))
    return rows


def allocation_rows(
    lines: pl.DataFrame, splits: tuple[Split, ...]
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """line_allocations (plus `_order`) in order of line and split, and findings."""
    made: list[pl.DataFrame] = []
    faults = [pl.DataFrame(schema=FINDINGS)]
    for split in splits:
        each = objects(lines, split.listed.column, split.listed.keys)
        frame = computed(each, split.fields, (*_LEAD, "line_no"))
        faults.append(field_faults(frame, split.fields, "allocation."))
        made.append(frame.filter(pl.col("quantity").is_not_null()))
    both = _sorted(made, tables.LINE_ALLOCATIONS)
    seq = pl.int_range(1, pl.len() + 1, dtype=pl.Int64).over("_order", "line_no")
    return both.with_columns(seq.alias("seq")), pl.concat(faults)


def _per_order(frame: pl.DataFrame, how: str) -> pl.DataFrame:
    amount = pl.col("amount").sum() if how == "sum" else pl.col("amount").max()
    rest = [name for name in frame.columns if name not in {"_order", "amount"}]
    return frame.group_by("_order", maintain_order=True).agg(
        amount.cast(tables.MONEY, strict=False).alias("amount"), *(pl.col(c).first() for c in rest)
    )


def _sorted(made: list[pl.DataFrame], schema: pl.Schema) -> pl.DataFrame:
    """All rows of a table by order, rule and line, with the table's columns."""
    empty = pl.DataFrame(schema={"_order": pl.Int64, "_at": pl.Int32, **schema})
    shaped = [
        frame.select(
            "_order",
            pl.col("_at").cast(pl.Int32)
            if "_at" in frame.columns
            else pl.lit(0, dtype=pl.Int32).alias("_at"),
            *(
                pl.col(name).cast(dtype)
                if name in frame.columns
                else pl.lit(None, dtype=dtype).alias(name)
                for name, dtype in schema.items()
            ),
        )
        for frame in made
    ]
    by = [name for name in ("_order", "_at", "line_no") if name in empty.columns]
    return pl.concat([empty, *shaped]).sort(by).drop("_at")
