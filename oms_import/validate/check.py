"""Validate a batch: every finding of every order and field, graded by the channel's policy."""

from __future__ import annotations

import polars as pl

from oms_import.model.codes import Code
from oms_import.model.finding import FINDINGS
from oms_import.model.reasons import reasons
from oms_import.model.values import OrderBatch
from oms_import.validate.contract import failing
from oms_import.validate.policy import Policy
from oms_import.validate.rules import LINES, ORDERS, Rule
from oms_import.validate.standard import ADDRESS

_PARTY = (
    *ADDRESS,
    "name",
    "company",
    "line2",
    "line3",
    "region",
    "phone",
    "email",
    "external_id",
    "gln",
    "vat_id",
    "house_number",
)
_ABSENT = (
    Code.ORDER_NUMBER_MISSING,
    Code.ORDER_DATE_MISSING,
    Code.CURRENCY_MISSING,
    Code.QTY_MISSING,
    Code.PRICE_MISSING,
    Code.FIELD_REQUIRED,
    Code.ADDRESS_INCOMPLETE,
)


def validate(batch: OrderBatch, policy: Policy) -> pl.DataFrame:
    """Findings of the batch (FINDINGS): normalize's, and those of the contract and the policy.

    All are graded by the policy; findings of severity `off` are left out.
    """
    orders = _with_parties(batch.tables["orders"], batch.tables["parties"], policy)
    lines = _with_segment(batch.tables["order_lines"], orders, policy)
    found = [batch.findings]
    for table, frame in ((ORDERS, orders), (LINES, lines)):
        rules = [rule for rule in policy.rules if rule.table == table]
        for rule, rows in failing(frame, table, rules):
            found.append(_findings(rule, rows))
    found.append(_without_lines(batch))
    every = _placed(pl.concat(found), batch)
    every = every.join(
        _explained(batch.findings),
        on=["_order", "record", "field", "code"],
        how="anti",
        maintain_order="left",
    )
    return _graded(every, orders, policy)


def _with_parties(orders: pl.DataFrame, parties: pl.DataFrame, policy: Policy) -> pl.DataFrame:
    """Orders with `ship_to.city` and the like for the parties that rules read."""
    for role in policy.roles:
        mine = parties.filter(pl.col("role") == role).unique("_order", keep="first")
        named = mine.select("_order", *(pl.col(c).alias(f"{role}.{c}") for c in _PARTY))
        orders = orders.join(named, on="_order", how="left", maintain_order="left")
    return orders


def _with_segment(lines: pl.DataFrame, orders: pl.DataFrame, policy: Policy) -> pl.DataFrame:
    if not any(
        "segment" in rule.ok.meta.root_names() for rule in policy.rules if rule.table == LINES
    ):
        return lines
    return lines.join(
        orders.select("_order", "segment"), on="_order", how="left", maintain_order="left"
    )


def _findings(rule: Rule, rows: pl.DataFrame) -> pl.DataFrame:
    quoted = pl.lit(None, dtype=pl.String) if rule.value is None else pl.col(rule.value)
    return rows.select(
        pl.lit(None, dtype=pl.UInt32).alias("_drop"),
        "_order",
        pl.col("record_no").alias("record"),
        pl.lit(None, dtype=pl.Int64).alias("line"),
        pl.lit(rule.code).alias("code"),
        pl.lit(None, dtype=pl.String).alias("severity"),
        pl.lit(rule.field).alias("field"),
        quoted.cast(pl.String).alias("value"),
        _detail(rule).alias("detail"),
    )


def _detail(rule: Rule) -> pl.Expr:
    if rule.code == Code.TOTAL_MISMATCH:
        return pl.format("computed {}, difference {}", "computed_total", "total_delta")
    if rule.code == Code.LINE_AMOUNT_MISMATCH:
        return pl.format("{} x {}", "qty_ordered", "unit_price")
    return pl.lit(rule.detail, dtype=pl.String)


def _without_lines(batch: OrderBatch) -> pl.DataFrame:
    """Orders without a line have no row to check: told here, unless their companion is awaited."""
    orders = batch.tables["orders"]
    waiting = batch.findings.filter(pl.col("code") == Code.COMPANION_MISSING)
    bare = orders.filter(pl.col("line_count") == 0).join(waiting, on="_order", how="anti")
    rule = Rule(ORDERS, Code.ORDER_NO_LINES, "lines", pl.lit(value=False))
    return _findings(rule, bare)


def _placed(findings: pl.DataFrame, batch: OrderBatch) -> pl.DataFrame:
    """Findings with drop and physical line, from the records of their orders."""
    missing = findings.filter(pl.col("line").is_null() & pl.col("_order").is_not_null())
    if missing.is_empty():
        return findings
    where = batch.records.join(missing.select("_order").unique(), on="_order", how="semi").select(
        "_order", "record", pl.col("line_from").alias("_at"), pl.col("_drop").alias("_in")
    )
    where = where.unique(["_order", "record"], keep="first")
    return (
        findings.join(where, on=["_order", "record"], how="left", maintain_order="left")
        .with_columns(
            pl.coalesce("line", "_at").alias("line"), pl.coalesce("_drop", "_in").alias("_drop")
        )
        .select(list(FINDINGS))
    )


def _explained(told: pl.DataFrame) -> pl.DataFrame:
    """Absences that have a better explanation: the cell is there, but could not be read."""
    field = pl.col("field").replace({"line.line_amount": "line.unit_price"})
    codes = pl.DataFrame({"code": [str(code) for code in _ABSENT]})
    faults = told.filter(pl.col("field").is_not_null() & (pl.col("severity") == "error"))
    return faults.select("_order", "record", field).unique().join(codes, how="cross")


def _graded(findings: pl.DataFrame, orders: pl.DataFrame, policy: Policy) -> pl.DataFrame:
    """Severities by code: the reason's own, the channel's, the segment's."""
    if findings.is_empty():
        return findings
    base = {code: entry.severity for code, entry in reasons().items()} | dict(policy.severity)
    graded = findings.with_columns(
        pl.col("code").replace_strict(base, return_dtype=pl.String).alias("severity")
    )
    for segment, severity in policy.by_segment.items():
        theirs = orders.filter(pl.col("segment") == segment)["_order"]
        mine = pl.col("_order").is_in(theirs.implode()) & pl.col("code").is_in(list(severity))
        own = pl.col("code").replace_strict(dict(severity), default=None, return_dtype=pl.String)
        graded = graded.with_columns(
            pl.when(mine).then(own).otherwise("severity").alias("severity")
        )
    return graded.filter(pl.col("severity") != "off")
