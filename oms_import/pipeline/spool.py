"""Judged batches on disk until every order's outcome is known: one folder a batch."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl

from oms_import.model.errors import OutputError
from oms_import.model.tables import TABLES
from oms_import.pipeline.judge import Judged

_SIDE = ("findings", "records", "source", "claims")
_FOR_SQL = frozenset({"findings", "claims"})  # read by the history store too


@dataclass(frozen=True, slots=True)
class Part:
    """One spooled batch."""

    folder: Path
    channel: str
    orders: int
    same: Mapping[str, Mapping[str, object]] = field(default_factory=dict[str, dict[str, object]])
    """Of each table, the columns that hold one value throughout: not on disk."""

    def read(self, name: str) -> pl.DataFrame:
        """A frame of the batch: findings, records, claims, or source (of rejected and held)."""
        if name in _FOR_SQL:
            return pl.read_parquet(self.folder / f"{name}.parquet", memory_map=False)
        return pl.read_ipc(self.folder / f"{name}.arrow")

    def tables(self) -> dict[str, pl.DataFrame]:
        """The canonical tables."""
        return {name: self.table(name) for name in TABLES}

    def table(self, name: str) -> pl.DataFrame:
        """A canonical table, with `_order` first."""
        frame = self.read(name)  # without the columns that hold nothing, or one value
        same = self.same.get(name, {})
        there = frozenset(frame.columns)
        return frame.select(
            "_order",
            *(
                pl.col(column) if column in there else pl.lit(same.get(column), kind).alias(column)
                for column, kind in TABLES[name].items()
            ),
        )

    @property
    def claims(self) -> Path:
        """The claims' file, for the one join of the run."""
        return self.folder / "claims.parquet"

    @property
    def findings(self) -> Path:
        """The findings' file."""
        return self.folder / "findings.parquet"


@dataclass(slots=True)
class Spool:
    """The parts of a run in order. `mark` and `rollback` undo what a drop has spooled so far."""

    folder: Path
    parts: list[Part] = field(default_factory=list[Part])
    next_order: int = 0

    def add(self, judged: Judged) -> None:
        """Write a batch; the next batch's orders are numbered after it."""
        folder = self.folder / f"{len(self.parts):06}"
        try:
            same = self._write(folder, judged)
        except OSError as error:
            raise spool_error(error, self.folder) from error
        self.parts.append(Part(folder, judged.batch.channel, judged.claims.height, same))
        self.next_order += judged.claims.height

    def _write(self, folder: Path, judged: Judged) -> dict[str, dict[str, object]]:
        """Write the frames; returns what is the same in all rows of a table, and so left out."""
        folder.mkdir(parents=True)
        bad = judged.claims["outcome"].is_in(["rejected", "held"])
        rows = of_orders(judged.batch.source, judged.claims["_order"], bad)
        side = (judged.findings, judged.batch.records, rows, judged.claims)
        whole = {name: judged.batch.tables[name].select("_order", *TABLES[name]) for name in TABLES}
        same = {name: _same(frame) for name, frame in whole.items()}
        frames = {name: _filled(frame.drop(*same[name])) for name, frame in whole.items()}
        for name, frame in (*frames.items(), *zip(_SIDE, side, strict=True)):
            if name in _FOR_SQL:
                frame.write_parquet(folder / f"{name}.parquet", compression="lz4")
            else:
                frame.write_ipc(folder / f"{name}.arrow", compression="lz4")
        return same

    def mark(self) -> tuple[int, int]:
        """Where the spool stands."""
        return len(self.parts), self.next_order

    def rollback(self, mark: tuple[int, int]) -> None:
        """Back to a mark, as if nothing had been added since."""
        parts, self.next_order = mark
        for part in self.parts[parts:]:
            shutil.rmtree(part.folder)
        del self.parts[parts:]

    def __iter__(self) -> Iterator[Part]:
        """The parts in order."""
        return iter(self.parts)


def of_orders(frame: pl.DataFrame, orders: pl.Series, chosen: pl.Series) -> pl.DataFrame:
    """Rows of the chosen ones among a batch's orders, whose numbers follow each other."""
    if chosen.all():
        return frame
    first = int(orders[0])
    return frame.filter(chosen.gather(frame["_order"] - first))


def _filled(frame: pl.DataFrame) -> pl.DataFrame:
    """Without columns that hold nothing: most tables are wider than what a channel says."""
    return frame.select(c for c in frame if c.name == "_order" or c.null_count() < frame.height)


def _same(frame: pl.DataFrame) -> dict[str, object]:
    """The columns of which all rows hold one value, with that value."""
    if frame.height < 2:
        return {}
    columns = (c for c in frame if c.name != "_order" and c.null_count() == 0)
    return {c.name: c[0] for c in columns if c[0] == c[-1] and (c == c[0]).all()}


def spool_error(error: OSError, folder: Path) -> OutputError:
    """A failed write of ours, in words."""
    return OutputError(
        f"cannot write to {folder}: {error.strerror or error}",
        hint="free disk space or fix permissions, then run again; nothing was imported",
        location=str(folder),
    )
