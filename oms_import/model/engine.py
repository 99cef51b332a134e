"""DuckDB without a database: an engine for what Polars has no expression for."""

from __future__ import annotations

import os

import duckdb

_connections: dict[int, duckdb.DuckDBPyConnection] = {}


def engine() -> duckdb.DuckDBPyConnection:
    """A cursor of this process's own in-memory database, to be closed after use.

    Opening a database costs more than most of what is asked of it. What is registered with a
    cursor is the cursor's alone; results keep the order of their rows.
    """
    found = _connections.get(os.getpid())
    if found is None:
        found = duckdb.connect(":memory:", config={"preserve_insertion_order": True})
        _connections[os.getpid()] = found
    return found.cursor()
