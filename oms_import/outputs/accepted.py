"""Accepted orders as files: each table of the canonical order as CSV and Parquet, appended in bulk.

The files carry no run id and no time of ours: the same drop gives the same bytes.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import polars as pl

from oms_import.durable import plain_os_errors
from oms_import.model.tables import TABLES, TIME
from oms_import.model.values import WrittenFile
from oms_import.outputs.tables import CsvTable, ParquetTable

_FLUSH_ROWS = 100_000
"""Rows gathered before they are written: small drops share row groups, memory stays bounded."""

_INSTANT = "%Y-%m-%dT%H:%M:%S%.fZ"  # fractions only where there are any
_WALL_CLOCK = "%Y-%m-%dT%H:%M:%S%.f"
_DATE = "%Y-%m-%d"


class AcceptedWriter:
    """Writes the accepted folder: call `write` for each part in order, then `close`."""

    def __init__(self, folder: Path, formats: tuple[str, ...]) -> None:
        self._folder = folder
        self._waiting: list[Mapping[str, pl.DataFrame]] = []
        self._rows = 0
        with plain_os_errors(folder):
            csv = TABLES if "csv" in formats else {}
            parquet = TABLES if "parquet" in formats else {}
            self._csv = {n: CsvTable(folder / f"{n}.csv", s) for n, s in csv.items()}
            self._parquet = {
                name: ParquetTable(folder / f"{name}.parquet", s) for name, s in parquet.items()
            }

    def write(self, tables: Mapping[str, pl.DataFrame]) -> None:
        """Append a part: `tables` has all of TABLES, each with `_order`, rows in source order.

        Raises:
            OutputError: no space or no permission; the folder is then to be discarded.
        """
        self._waiting.append(tables)
        self._rows += max(frame.height for frame in tables.values())
        if self._rows >= _FLUSH_ROWS:
            self._flush()

    def close(self) -> list[WrittenFile]:
        """Finish all files durably; their names are relative to the folder.

        Raises:
            OutputError: as `write`.
        """
        self._flush()
        with plain_os_errors(self._folder):
            return [t.close() for t in (*self._csv.values(), *self._parquet.values())]

    def _flush(self) -> None:
        waiting, self._waiting, self._rows = self._waiting, [], 0
        if not waiting:
            return
        orders = pl.concat([tables["orders"] for tables in waiting])
        local = orders.filter(pl.col("ordered_at_precision") == "local")["_order"]
        with plain_os_errors(self._folder):
            for name in TABLES:
                frame = pl.concat([tables[name] for tables in waiting])
                if frame.height:
                    self._append(name, frame, local)

    def _append(self, name: str, frame: pl.DataFrame, local: pl.Series) -> None:
        columns = list(TABLES[name])
        if name in self._csv:
            self._csv[name].append(times_as_text(frame, local).select(columns))
        if name in self._parquet:
            self._parquet[name].append(frame.select(columns))


def times_as_text(frame: pl.DataFrame, local: pl.Series) -> pl.DataFrame:
    """TIME columns as ISO 8601: with Z where they are UTC, without where they are a wall clock.

    `local` are the orders whose times are a wall clock. `ordered_at` of an order that only gives a
    date is only a date.
    """
    times = [name for name, kind in frame.schema.items() if kind == TIME]
    filled = [name for name in times if frame[name].null_count() < frame.height]
    texts = {name: pl.lit(None, dtype=pl.String) for name in times}
    if filled and local.is_empty():
        texts |= {name: pl.col(name).dt.strftime(_INSTANT) for name in filled}
    elif filled:
        frame = frame.with_columns(pl.col("_order").is_in(local.implode()).alias("_local"))
        texts |= {name: _instant_or_local(name) for name in filled}
    if "ordered_at" in filled and (frame["ordered_at_precision"] == "date").any():
        texts["ordered_at"] = _date_or(texts["ordered_at"])
    return frame.with_columns(text.alias(name) for name, text in texts.items())


def _instant_or_local(name: str) -> pl.Expr:
    wall = pl.col(name).dt.strftime(_WALL_CLOCK)
    return pl.when("_local").then(wall).otherwise(wall + "Z")


def _date_or(text: pl.Expr) -> pl.Expr:
    date = pl.col("ordered_at").dt.strftime(_DATE)
    return pl.when(pl.col("ordered_at_precision") == "date").then(date).otherwise(text)
