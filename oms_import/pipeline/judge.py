"""One batch of whole orders: normalize, validate, settle, claim."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from oms_import.dedupe.claims import build_claims
from oms_import.model.finding import FINDINGS
from oms_import.model.values import OrderBatch
from oms_import.normalize.build import normalize
from oms_import.normalize.plan import Plan
from oms_import.pipeline.channel import Channel
from oms_import.validate.check import validate
from oms_import.validate.outcomes import settle


@dataclass(frozen=True, slots=True)
class Judged:
    """A batch with its verdicts before dedupe."""

    batch: OrderBatch
    findings: pl.DataFrame  # FINDINGS
    claims: pl.DataFrame  # CLAIMS


def judge(
    rows: pl.DataFrame, plan: Plan, channel: Channel, drops: pl.DataFrame, number: int
) -> Judged:
    """Rows of whole orders (with `_order`, `_drop`) to canonical orders with verdicts."""
    batch = normalize(rows, plan, drops, number)
    findings = _about_sound_rows(validate(batch, channel.policy), rows)
    settled = settle(batch, findings, plan.profile.ignore)
    firsts = batch.records.group_by("_order", maintain_order=True).agg(
        pl.col("_drop").first(),
        pl.col("record").first(),
        pl.col("line_from").first().alias("line"),
        pl.col("pointer").first().str.extract(r"^interchange (\d+)").alias("interchange"),
    )
    claims = build_claims(batch.tables, plan.profile.duplicates, firsts, settled.outcomes)
    orders = (
        batch.tables["orders"]
        .drop("content_hash")
        .join(
            claims.select("_order", pl.col("content").alias("content_hash")),
            on="_order",
            how="left",
            maintain_order="left",
        )
    )
    batch.tables["orders"] = orders.select(batch.tables["orders"].columns)
    return Judged(batch, settled.findings, claims)


def _about_sound_rows(findings: pl.DataFrame, rows: pl.DataFrame) -> pl.DataFrame:
    """Without what follows from a broken row: its own fault says it all, if it is an error."""
    broken = rows.filter(pl.col("_fault").is_not_null())
    if broken.is_empty():
        return findings
    keys = broken.select(
        pl.col("_drop").cast(pl.UInt32), pl.col("_record").alias("record"), pl.col("_fault")
    ).join(
        findings.filter(pl.col("severity") == "error").select(
            "_drop", "record", pl.col("code").alias("_fault")
        ),
        on=["_drop", "record", "_fault"],
        how="semi",
    )
    told = findings.join(keys, on=["_drop", "record"], how="left", maintain_order="left")
    return told.filter(pl.col("_fault").is_null() | (pl.col("_fault") == pl.col("code"))).select(
        list(FINDINGS)
    )
