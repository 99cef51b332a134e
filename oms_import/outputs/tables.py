"""A table's file while rows are appended to it: CSV or Parquet, durable and hashed when closed."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, BinaryIO

import polars as pl
import pyarrow.parquet as pq

from oms_import.durable import create
from oms_import.model.publishing import digest
from oms_import.model.values import WrittenFile

_COMPATIBLE = pl.CompatLevel.oldest()  # no string views, which older readers do not know


def _repeating(schema: pl.Schema) -> Any:
    """Columns to write as dictionaries; pyarrow's types know only all or none."""
    return [name for name in schema if name not in _VARIED]


_VARIED = frozenset(
    (
        "order_key",
        "order_number",
        "order_number_norm",
        "source_order_id",
        "customer_order_number",
        "po_number",
        "ordered_at",
        "ordered_at_raw",
        "computed_total",
        "stated_total",
        "content_hash",
        "record_no",
        "source_line_id",
        "channel_item_id",
        "sku",
        "sku_raw",
        "gtin",
        "title",
        "unit_price",
        "line_amount",
        "line_total",
        "name",
        "line1",
        "phone",
        "email",
        "external_id",
        "reference",
        "value",
    )
)
"""Columns whose values seldom repeat."""


class CsvTable:
    """A UTF-8 CSV file: header once, LF, quotes where needed, null as an empty cell."""

    def __init__(self, path: Path, schema: pl.Schema) -> None:
        self._path = path
        self._file = create(path)
        self._rows = 0
        pl.DataFrame(schema=schema).write_csv(self._file)

    def append(self, frame: pl.DataFrame) -> None:
        """Add rows: text, numbers, decimals and flags; times already as text."""
        empty = [column.name for column in frame if column.null_count() == frame.height]
        # typed null columns cost as much as filled ones; untyped ones next to nothing
        light = frame.with_columns(pl.lit(None).alias(name) for name in empty)
        light.write_csv(self._file, include_header=False, batch_size=65_536)
        self._rows += frame.height

    def close(self) -> WrittenFile:
        """Finish the file."""
        return _finished(self._file, self._path, self._rows)


class ParquetTable:
    """A Parquet file, one row group an append.

    Dictionaries only where values repeat: elsewhere they cost a third more time, there they save
    a third.
    """

    def __init__(self, path: Path, schema: pl.Schema) -> None:
        self._path = path
        self._file = create(path)
        self._rows = 0
        no_rows = pl.DataFrame(schema=schema).to_arrow(compat_level=_COMPATIBLE)
        self._writer = pq.ParquetWriter(
            self._file,
            no_rows.schema,
            compression="zstd",
            compression_level=1,
            use_dictionary=_repeating(schema),
            write_statistics=False,
            store_schema=False,
            write_batch_size=65_536,
            data_page_size=4 << 20,
        )

    def append(self, frame: pl.DataFrame) -> None:
        """Add rows of the table's schema."""
        self._writer.write_table(frame.to_arrow(compat_level=_COMPATIBLE))
        self._rows += frame.height

    def close(self) -> WrittenFile:
        """Finish the file."""
        self._writer.close()
        return _finished(self._file, self._path, self._rows)


def weighed(path: Path, name: str, rows: int) -> WrittenFile:
    """What a finished file came to, under `name`."""
    return WrittenFile(name, rows, path.stat().st_size, digest(path))


def _finished(file: BinaryIO, path: Path, rows: int) -> WrittenFile:
    file.flush()
    os.fsync(file.fileno())
    file.close()
    return weighed(path, path.name, rows)
