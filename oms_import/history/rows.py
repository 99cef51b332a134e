"""Rows of Python values into a table: many a statement, since DuckDB runs each row of executemany
as a statement of its own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

_ROWS = 200  # a statement


def inserts(table: str, rows: Sequence[Sequence[object]]) -> Iterator[tuple[str, list[object]]]:
    """Statements with their values; each row has a value for every column of the table."""
    for begin in range(0, len(rows), _ROWS):
        some = rows[begin : begin + _ROWS]
        marks = "(" + ", ".join("?" * len(some[0])) + ")"
        values = [value for row in some for value in row]
        yield f"INSERT INTO {table} VALUES {', '.join([marks] * len(some))}", values  # noqa: S608
