"""Verdicts after dedupe, and the totals and reasons that follow from them, in bulk."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

import polars as pl

from oms_import.model.finding import FINDINGS, message
from oms_import.model.reasons import reason
from oms_import.model.report import ReasonCount, Totals
from oms_import.model.values import DropResult
from oms_import.pipeline.spool import Part

_COUNTED = ("accepted", "duplicate", "rejected", "held", "ignored")
_RANK = {"error": 0, "hold": 1, "warning": 2, "info": 3}


@dataclass(frozen=True, slots=True)
class Verdicts:
    """A part's orders with their last word."""

    claims: pl.DataFrame  # CLAIMS with outcome and codes after dedupe, and `revision`
    findings: pl.DataFrame  # FINDINGS, dedupe's included


def verdicts(part: Part, decisions: Path | None) -> Verdicts:
    """Join what dedupe decided onto a part's claims and findings."""
    claims = part.read("claims")
    findings = part.read("findings")
    if decisions is None or claims.is_empty():
        return Verdicts(claims.with_columns(pl.lit(1, dtype=pl.Int64).alias("revision")), findings)
    first, last = claims["_order"].min(), claims["_order"].max()
    mine = (
        pl.scan_parquet(decisions)
        .filter(pl.col("_order").is_between(pl.lit(first), pl.lit(last)))
        .collect()
    )
    last_word = mine.group_by("_order", maintain_order=True).agg(
        pl.col("outcome").first().alias("_to"),
        pl.col("code").drop_nulls().unique(maintain_order=True).str.join(" ").alias("_why"),
        pl.col("revision").max(),
    )
    joined = claims.join(last_word, on="_order", how="left", maintain_order="left")
    changed = pl.col("_to").is_not_null() & (pl.col("_to") != pl.col("outcome"))
    final = joined.with_columns(
        pl.when(changed).then("_why").otherwise("codes").alias("codes"),
        pl.coalesce("_to", "outcome").alias("outcome"),
        pl.col("revision").fill_null(1),
    ).drop("_to", "_why")
    told = mine.filter(pl.col("code").is_not_null()).join(
        claims.select("_order", "_drop", "record", "line", "order_number"),
        on="_order",
        how="left",
        maintain_order="left",
    )
    added = told.select(
        "_drop",
        "_order",
        "record",
        "line",
        "code",
        "severity",
        pl.lit("order_number").alias("field"),
        pl.col("order_number").alias("value"),
        "detail",
    )
    every = pl.concat([findings, added.cast(FINDINGS)])
    return Verdicts(final, every.sort("_order", maintain_order=True, nulls_last=True))


def totals_by_drop(claims: pl.DataFrame) -> dict[int, Totals]:
    """Totals of each drop (`_drop`) from final claims; records and drops are not counted here."""
    counts = claims.group_by("_drop", "outcome").agg(
        pl.len().alias("orders"), pl.col("lines").sum()
    )
    value = (
        claims.filter(pl.col("outcome") == "accepted")
        .group_by("_drop", pl.col("currency").fill_null("?"))
        .agg(pl.col("value").sum().cast(pl.Decimal(38, 4)))
    )
    found: dict[int, Totals] = {}
    for drop, outcome, orders, lines in counts.iter_rows():
        named = {f"orders_{outcome}": orders} if outcome in _COUNTED else {}
        accepted = lines if outcome == "accepted" else 0
        one = Totals(orders_read=orders, lines_read=lines, lines_accepted=accepted, **named)
        found[drop] = found.get(drop, Totals()) + one
    for drop, currency, amount in value.iter_rows():
        found[drop] += Totals(value_accepted={currency: amount or Decimal(0)})
    return found


@dataclass(slots=True)
class ReasonTally:
    """Reasons over the whole run: orders, their value, one example each."""

    orders: dict[str, int] = field(default_factory=dict[str, int])
    severity: dict[str, str] = field(default_factory=dict[str, str])
    value: dict[str, dict[str, Decimal]] = field(default_factory=dict[str, dict[str, Decimal]])
    example: dict[str, str] = field(default_factory=dict[str, str])

    def add(self, told: Verdicts, drop_names: Mapping[int, str]) -> None:
        """Count a part's findings about orders."""
        about = told.findings.filter(pl.col("_order").is_not_null())
        if about.is_empty():
            return
        once = about.unique(["_order", "code"], keep="first", maintain_order=True).join(
            told.claims.select("_order", "currency", "value", "order_number").rename(
                {"value": "worth"}
            ),
            on="_order",
            how="left",
            maintain_order="left",
        )
        grouped = once.group_by("code", pl.col("currency").fill_null("?"), maintain_order=True).agg(
            pl.len().alias("orders"), pl.col("worth").sum().cast(pl.Decimal(38, 4))
        )
        for code, currency, orders, worth in grouped.iter_rows():
            self.orders[code] = self.orders.get(code, 0) + orders
            by_currency = self.value.setdefault(code, {})
            if worth:
                by_currency[currency] = by_currency.get(currency, Decimal(0)) + worth
        for row in once.unique("code", keep="first", maintain_order=True).iter_rows(named=True):
            self.severity.setdefault(row["code"], row["severity"])
            self.example.setdefault(row["code"], _example(row, drop_names))

    def add_refused(self, result: DropResult) -> None:
        """Count what is wrong with a drop that was refused whole: no order, but a reason."""
        for finding in result.findings:
            code = str(finding.code)
            self.orders.setdefault(code, 0)
            self.severity.setdefault(code, str(finding.effective_severity))
            self.example.setdefault(code, f"{result.drop.name}: {finding.message}")

    def counts(self) -> tuple[ReasonCount, ...]:
        """Reasons, the most serious and most frequent first."""
        made = [
            ReasonCount(
                code=code,
                severity=self.severity[code],
                owner=reason(code).owner,
                orders=orders,
                value=self.value.get(code, {}),
                example=self.example[code],
            )
            for code, orders in self.orders.items()
        ]
        return tuple(sorted(made, key=lambda r: (_RANK.get(r.severity, 9), -r.orders, r.code)))


def _example(row: Mapping[str, object], drop_names: Mapping[int, str]) -> str:
    drop = row["_drop"]
    name = drop_names.get(drop, "") if isinstance(drop, int) else ""
    told = message(str(row["code"]), _text(row["field"]), _text(row["value"]), _text(row["detail"]))
    number = f" order {row['order_number']}:" if row["order_number"] else ""
    return f"{name} line {row['line']}:{number} {told}"


def _text(value: object) -> str | None:
    return None if value is None else str(value)


def placed(findings: pl.DataFrame, records: pl.DataFrame) -> pl.DataFrame:
    """Findings with `byte_from` and `pointer` of the record they speak of, else of the order's."""
    keys = ["_order", "record"]
    place = records.select(*keys, "byte_from", "pointer")
    each = place.unique(keys, keep="first", maintain_order=True)
    first = place.unique("_order", keep="first", maintain_order=True).drop("record")
    joined = findings.join(each, on=keys, how="left", maintain_order="left").join(
        first, on="_order", how="left", maintain_order="left", suffix="_first"
    )
    own = [pl.coalesce(name, f"{name}_first").alias(name) for name in ("byte_from", "pointer")]
    return joined.select(*findings.columns, *own)
