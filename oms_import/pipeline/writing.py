"""The spool to output files in staging, part by part: accepted, rejected, exceptions, lineage."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow.parquet as pq

from oms_import.model.reasons import reasons
from oms_import.model.report import ReasonCount, Totals
from oms_import.model.tables import TABLES
from oms_import.model.values import Dialect, Drop, DropResult, WrittenFile
from oms_import.outputs.accepted import AcceptedWriter
from oms_import.outputs.rejected import EXCEPTIONS, RejectedWriter
from oms_import.pipeline.spool import Part, of_orders
from oms_import.pipeline.verdicts import (
    ReasonTally,
    Verdicts,
    placed,
    totals_by_drop,
    verdicts,
)

_BACK = ("rejected", "held")
_REPEATING: Any = ["drop_id", "outcome", "codes", "pointer"]  # pyarrow's types know all or none


@dataclass(frozen=True, slots=True)
class Written:
    """What writing came to."""

    totals: Mapping[int, Totals]  # by drop index
    reasons: tuple[ReasonCount, ...]
    findings: tuple[Path, ...] = ()  # final findings of rejected and held orders, for history
    accepted: tuple[WrittenFile, ...] = ()  # files in staging, named relative to their folder
    rejected: tuple[WrittenFile, ...] = ()


@dataclass(slots=True)
class Writing:
    """Writes a run's parts below `folder`: accepted/, rejected/, lineage.parquet."""

    folder: Path
    drops: Mapping[int, Drop]
    dialects: Mapping[int, Dialect]
    formats: tuple[str, ...]
    late: Path | None = None  # source rows of orders that dedupe holds (pipeline.late)
    refused: tuple[DropResult, ...] = ()  # drops of which no order was read
    dry: bool = False
    _totals: dict[int, Totals] = field(default_factory=dict[int, Totals])
    _tally: ReasonTally = field(default_factory=ReasonTally)

    def run(self, parts: list[Part], decisions: Path | None) -> Written:
        """Write all parts in order; with `dry` only count."""
        findings: list[Path] = []
        for result in self.refused:
            self._tally.add_refused(result)
        if self.dry:
            for part in parts:
                self._count(verdicts(part, decisions))
            return Written(self._totals, self._tally.counts())
        accepted = AcceptedWriter(self.folder / "accepted", self.formats)
        rejected = RejectedWriter(self.folder / "rejected")
        if self.refused:
            rejected.write_exceptions(_of_files(self.refused))
        lineage = _Lineage(self.folder / "lineage.parquet")
        for part in parts:
            told = verdicts(part, decisions)
            self._count(told)
            self._accept(part, told, accepted)
            lineage.add(part, told, self.drops)
            path = self._reject(part, told, rejected)
            if path is not None:
                findings.append(path)
        lineage.close()
        return Written(
            self._totals,
            self._tally.counts(),
            findings=tuple(findings),
            accepted=tuple(accepted.close()),
            rejected=tuple(rejected.close()),
        )

    def _count(self, told: Verdicts) -> None:
        for drop, totals in totals_by_drop(told.claims).items():
            self._totals[drop] = self._totals.get(drop, Totals()) + totals
        self._tally.add(told, {index: drop.name for index, drop in self.drops.items()})

    def _accept(self, part: Part, told: Verdicts, accepted: AcceptedWriter) -> None:
        good = told.claims["outcome"] == "accepted"
        if not good.any():
            return
        tables = {name: of_orders(part.table(name), told.claims["_order"], good) for name in TABLES}
        revised = told.claims.filter(good).select("_order", "revision")
        if (revised["revision"] != 1).any():
            orders = tables["orders"]
            later = orders.drop("revision").join(
                revised, on="_order", how="left", maintain_order="left"
            )
            tables["orders"] = later.select(orders.columns)
        accepted.write(tables)

    def _reject(self, part: Part, told: Verdicts, rejected: RejectedWriter) -> Path | None:
        bad = told.claims.filter(pl.col("outcome").is_in(_BACK))
        if bad.is_empty():
            return None
        findings = told.findings.join(
            bad.select("_order"), on="_order", how="semi", maintain_order="left"
        )
        told_why = findings.filter(pl.col("severity").is_in(["error", "hold"]))
        texts = _explained(told_why, bad)
        rejected.write_exceptions(_exceptions(texts, self.drops))
        rows = self._source(part, bad)
        rows = rows.join(_per_order(texts), on="_order", how="left", maintain_order="left")
        for key, mine in rows.partition_by("_drop", as_dict=True, maintain_order=True).items():
            index = int(key[0])
            drop = self.drops[index]
            rejected.write(drop.channel, drop, self.dialects[index], mine.drop("_drop", "_order"))
        findings = placed(findings, part.read("records"))
        path = part.folder / "final-findings.parquet"
        findings.write_parquet(path)
        return path

    def _source(self, part: Part, bad: pl.DataFrame) -> pl.DataFrame:
        """Source rows of rejected and held orders, in order."""
        rows = part.read("source")
        if self.late is not None:
            first, last = bad["_order"].min(), bad["_order"].max()
            mine = pl.col("_order").is_between(pl.lit(first), pl.lit(last))
            held = [
                pl.scan_parquet(path).filter(mine).collect()
                for path in sorted(self.late.glob("*.parquet"))
            ]
            rows = pl.concat([rows, *(frame for frame in held if frame.height)])
        wanted = pl.col("_order").is_in(bad["_order"].implode())
        return rows.filter(wanted).sort("_order", "_record", maintain_order=True)


def _explained(findings: pl.DataFrame, bad: pl.DataFrame) -> pl.DataFrame:
    """Findings with `order_number`, `owner`, `remedy` and the full `message`."""
    owners = {code: entry.owner for code, entry in reasons().items()}
    remedies = {code: entry.remedy for code, entry in reasons().items()}
    code = pl.col("code")
    return findings.join(
        bad.select("_order", "order_number"), on="_order", how="left", maintain_order="left"
    ).with_columns(
        code.replace_strict(owners, return_dtype=pl.String).alias("owner"),
        code.replace_strict(remedies, return_dtype=pl.String).alias("remedy"),
        message_expr().alias("message"),
    )


def message_expr() -> pl.Expr:
    """The text of a finding, as model.finding.message makes it, for a frame of FINDINGS."""
    summaries = {code: entry.summary for code, entry in reasons().items()}
    value = (
        pl.when(pl.col("value").str.len_chars() > 120)
        .then(pl.col("value").str.slice(0, 119) + "…")
        .otherwise("value")
    )
    said = (
        pl.when(pl.col("field").is_not_null() & pl.col("value").is_not_null())
        .then(pl.format(': {} "{}"', "field", value))
        .when(pl.col("field").is_not_null())
        .then(pl.format(": {}", "field"))
        .when(pl.col("value").is_not_null())
        .then(pl.format(': "{}"', value))
        .otherwise(pl.lit(""))
    )
    more = pl.when(pl.col("detail").str.len_chars() > 0).then(pl.format(" ({})", "detail"))
    summary = pl.col("code").replace_strict(summaries, return_dtype=pl.String)
    return pl.concat_str(summary, said, more.otherwise(pl.lit("")))


def _per_order(texts: pl.DataFrame) -> pl.DataFrame:
    return texts.group_by("_order", maintain_order=True).agg(
        pl.col("code").unique(maintain_order=True).str.join(" ").alias("_codes"),
        pl.col("message").unique(maintain_order=True).str.join("; ").alias("_reasons"),
        pl.col("owner").unique(maintain_order=True).str.join(", ").alias("_owner"),
    )


def _exceptions(texts: pl.DataFrame, drops: Mapping[int, Drop]) -> pl.DataFrame:
    """Rows of exceptions.csv."""
    named = pl.DataFrame(
        {
            "_drop": list(drops),
            "channel": [drop.channel for drop in drops.values()],
            "drop": [drop.name for drop in drops.values()],
        },
        schema={"_drop": pl.UInt32, "channel": pl.String, "drop": pl.String},
    )
    keep = "channel drop order_number record line code severity field value message owner remedy"
    return texts.join(named, on="_drop", how="left", maintain_order="left").select(keep.split())


def _of_files(refused: tuple[DropResult, ...]) -> pl.DataFrame:
    """Rows of exceptions.csv for drops that were refused whole."""
    rows = [
        {
            "channel": result.drop.channel,
            "drop": result.drop.name,
            "line": finding.location.line,
            "code": str(finding.code),
            "severity": str(finding.effective_severity),
            "field": finding.field,
            "value": finding.value,
            "message": finding.message,
            "owner": reasons()[finding.code].owner,
            "remedy": reasons()[finding.code].remedy,
        }
        for result in refused
        for finding in result.findings
    ]
    return pl.DataFrame(rows, schema=EXCEPTIONS)


@dataclass(slots=True)
class _Lineage:
    """Source records of the run with their outcome: one row a record."""

    path: Path
    _writer: pq.ParquetWriter | None = None

    def add(self, part: Part, told: Verdicts, drops: Mapping[int, Drop]) -> None:
        ids = pl.DataFrame(
            {"_drop": list(drops), "drop_id": [drop.drop_id for drop in drops.values()]},
            schema={"_drop": pl.UInt32, "drop_id": pl.Categorical},
        )
        records = part.read("records")
        verdict = told.claims.select("order_key", pl.col("outcome").cast(pl.Categorical), "codes")
        at = records["_order"] - int(told.claims["_order"][0])
        found = records.join(ids, on="_drop", how="left", maintain_order="left")
        table = pl.concat([found.drop("_drop", "_order"), verdict[at]], how="horizontal").to_arrow()
        if self._writer is None:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._writer = pq.ParquetWriter(
                self.path,
                table.schema,
                compression="zstd",
                use_dictionary=_REPEATING,
                write_statistics=False,
            )
        self._writer.write_table(table)

    def close(self) -> None:
        if self._writer is not None:
            self._writer.close()
