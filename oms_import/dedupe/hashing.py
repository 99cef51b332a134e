"""md5 of text columns in bulk: the same hash in every process, machine and version."""

from __future__ import annotations

import os

import duckdb
import polars as pl
import pyarrow as pa

_connections: dict[int, duckdb.DuckDBPyConnection] = {}


def md5(frame: pl.DataFrame, column: str) -> pl.DataFrame:
    """The frame with the text column's values replaced by their md5 as 32 hex digits; null stays.

    Rows keep their order.
    """
    texts = pa.table({"text": frame.get_column(column).to_arrow()})
    connection = _connection().cursor()
    try:
        connection.register("texts", texts)
        hashed = connection.sql("SELECT md5(text) AS text FROM texts").to_arrow_table()
    finally:
        connection.close()
    found = pl.Series(column, hashed.column("text").combine_chunks(), dtype=pl.String)
    return frame.with_columns(found)


def _connection() -> duckdb.DuckDBPyConnection:
    """One in-memory database a process: opening one costs more than hashing a batch."""
    found = _connections.get(os.getpid())
    if found is None:
        found = duckdb.connect(":memory:", config={"preserve_insertion_order": True})
        _connections[os.getpid()] = found
    return found
