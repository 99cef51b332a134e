"""From findings to outcomes: every order has exactly one."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from oms_import.model.finding import FINDINGS
from oms_import.model.values import OrderBatch
from oms_import.profiles.model import IgnoreRule

_OUTCOMES = pl.Schema({"_order": pl.Int64, "outcome": pl.String, "codes": pl.String})


@dataclass(frozen=True, slots=True)
class Settled:
    """Outcomes before dedupe: `_order`, `outcome`, `codes` (those that led to it)."""

    findings: pl.DataFrame
    outcomes: pl.DataFrame


def settle(batch: OrderBatch, findings: pl.DataFrame, ignore: tuple[IgnoreRule, ...]) -> Settled:
    """Ignored wins (an order cancelled at its source is an event, whatever else is wrong with it),
    then any error rejects, then any hold holds; else the order goes on as accepted.
    """
    orders = batch.tables["orders"]
    ignored = _ignored(orders, batch.records, ignore)
    errors = _codes(findings, "error", "rejected")
    holds = _codes(findings, "hold", "held")
    why = pl.concat([_codes(ignored, "info", "ignored"), errors, holds])
    first = why.unique("_order", keep="first", maintain_order=True)
    outcomes = orders.select("_order").join(first, on="_order", how="left", maintain_order="left")
    outcomes = outcomes.with_columns(pl.col("outcome").fill_null("accepted"))
    return Settled(pl.concat([findings, ignored]), outcomes.select(list(_OUTCOMES)))


def _ignored(
    orders: pl.DataFrame, records: pl.DataFrame, rules: tuple[IgnoreRule, ...]
) -> pl.DataFrame:
    """A finding for each order that an ignore rule takes out; the first rule that matches."""
    found = [pl.DataFrame(schema=FINDINGS)]
    rest = orders
    for rule in rules:
        matched = pl.col(rule.field).is_in(list(rule.equals)).fill_null(value=False)
        hit = rest.filter(matched)
        rest = rest.filter(~matched)
        if hit.is_empty():
            continue
        where = records.unique("_order", keep="first").select("_order", "line_from")
        hit = hit.join(where, on="_order", how="left", maintain_order="left")
        found.append(
            hit.select(
                "_drop",
                "_order",
                pl.col("record_no").alias("record"),
                pl.col("line_from").alias("line"),
                pl.lit(rule.code).alias("code"),
                pl.lit("info").alias("severity"),
                pl.lit(rule.field).alias("field"),
                pl.col(rule.field).cast(pl.String).alias("value"),
                pl.lit(None, dtype=pl.String).alias("detail"),
            )
        )
    return pl.concat(found)


def _codes(findings: pl.DataFrame, severity: str, outcome: str) -> pl.DataFrame:
    """`_order`, `outcome` and the distinct codes of that severity, in alphabetical order."""
    mine = findings.filter((pl.col("severity") == severity) & pl.col("_order").is_not_null())
    return mine.group_by("_order").agg(
        pl.lit(outcome).first().alias("outcome"),
        pl.col("code").unique().sort().str.join(" ").alias("codes"),
    )
