"""From findings to outcomes: every order has exactly one."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from oms_import.model import tables
from oms_import.model.finding import Outcome, Severity, no_findings
from oms_import.model.reasons import reasons
from oms_import.model.values import OrderBatch
from oms_import.profiles.model import IgnoreRule
from oms_import.validate.values import as_text, is_one_of

OUTCOMES = pl.Schema({"_order": pl.Int64, "outcome": pl.String, "codes": pl.String})
"""One row an order, in the order of `orders`. `codes`: those that led to it; null: accepted."""


@dataclass(frozen=True, slots=True)
class Settled:
    """Verdicts before dedupe: all findings (FINDINGS), and each order's outcome (OUTCOMES)."""

    findings: pl.DataFrame
    outcomes: pl.DataFrame


def settle(batch: OrderBatch, findings: pl.DataFrame, ignore: tuple[IgnoreRule, ...]) -> Settled:
    """Ignored wins (an order cancelled at its source is an event, whatever else is wrong with it),
    then any error rejects, then any hold holds; else the order goes on as accepted.

    Args:
        batch: the orders; the ignore rules look at them.
        findings: graded (FINDINGS).
        ignore: the profile's ignore rules; the first that matches counts.
    """
    ignored = _ignored(batch, findings, ignore)
    verdicts = pl.concat(
        [
            ignored.select("_order", outcome=pl.lit(str(Outcome.IGNORED)), codes="code"),
            _against(findings).join(ignored, on="_order", how="anti"),
        ]
    )
    outcomes = (
        batch.tables["orders"]
        .select("_order")
        .join(verdicts, on="_order", how="left", maintain_order="left")
        .with_columns(pl.col("outcome").fill_null(str(Outcome.ACCEPTED)))
    )
    return Settled(pl.concat([findings, ignored]), outcomes.select(list(OUTCOMES)))


def _against(findings: pl.DataFrame) -> pl.DataFrame:
    """Rejected and held orders: their distinct codes, errors first, each alphabetically."""
    rank = pl.when(pl.col("severity") == Severity.ERROR).then(0).otherwise(1).cast(pl.Int8)
    return (
        findings.filter(
            pl.col("_order").is_not_null()
            & pl.col("severity").is_in([str(Severity.ERROR), str(Severity.HOLD)])
        )
        .select("_order", "code", rank.alias("_rank"))
        .unique()
        .sort("_order", "_rank", "code")
        .group_by("_order", maintain_order=True)
        .agg(pl.col("_rank").first(), pl.col("code").str.join(" ").alias("codes"))
        .select(
            "_order",
            pl.when(pl.col("_rank") == 0)
            .then(pl.lit(str(Outcome.REJECTED)))
            .otherwise(pl.lit(str(Outcome.HELD)))
            .alias("outcome"),
            "codes",
        )
    )


def _ignored(
    batch: OrderBatch, findings: pl.DataFrame, rules: tuple[IgnoreRule, ...]
) -> pl.DataFrame:
    """A finding for each order that an ignore rule takes out.

    Not for orders with a broken row: where fields may have shifted, no value can be believed.
    """
    found = [no_findings()]
    rest = batch.tables["orders"]
    broken = _broken_rows(findings)
    for rule in rules:
        kind = tables.ORDERS[rule.field]
        matched = is_one_of(rule.field, kind, rule.equals).fill_null(value=False)
        hit = rest.filter(matched)
        if hit.is_empty():
            continue
        rest = rest.filter(~matched)
        hit = hit.join(broken, on="_order", how="anti", maintain_order="left")
        found.append(_finding(hit, rule, batch.records))
    return pl.concat(found)


def _broken_rows(findings: pl.DataFrame) -> pl.DataFrame:
    codes = [code for code, entry in reasons().items() if entry.scope == "row"]
    wrong = pl.col("code").is_in(codes) & (pl.col("severity") == Severity.ERROR)
    return findings.filter(wrong & pl.col("_order").is_not_null()).select("_order")


def _finding(orders: pl.DataFrame, rule: IgnoreRule, records: pl.DataFrame) -> pl.DataFrame:
    where = (
        records.join(orders, on="_order", how="semi")
        .select("_order", pl.col("record").alias("record_no"), "line_from")
        .unique(["_order", "record_no"], keep="first", maintain_order=True)
    )
    placed = orders.select("_drop", "_order", "record_no", pl.col(rule.field).alias("_said")).join(
        where, on=["_order", "record_no"], how="left", maintain_order="left"
    )
    return placed.select(
        pl.col("_drop").cast(pl.UInt32),
        "_order",
        pl.col("record_no").alias("record"),
        pl.col("line_from").alias("line"),
        pl.lit(str(rule.code)).alias("code"),
        pl.lit(str(Severity.INFO)).alias("severity"),
        pl.lit(rule.field).alias("field"),
        as_text("_said", tables.ORDERS[rule.field]).alias("value"),
        pl.lit(None, dtype=pl.String).alias("detail"),
    )
