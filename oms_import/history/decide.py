"""Which orders were seen before: one join of the run's claims with history.

A file counts as history for the files after it, an order only once it is accepted. So it does not
matter how orders are cut into batches, nor whether files come in one run or in several.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import duckdb

from oms_import.history import decide_sql, near_sql
from oms_import.history.interchanges import Seen
from oms_import.history.rows import inserts
from oms_import.profiles.model import Duplicates

_DEFAULT = Duplicates.model_validate({})
_TABLES = (
    "policies", "drops", "orders", "maybe_past", "past_rows", "past", "copies",
    "judged_copies", "reps", "near_past", "uncertain", "tentative", "verdicts", "seen",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class KnownDrop:
    """A drop that an earlier run has dealt with."""

    run_id: str
    status: str  # imported, rejected
    name: str
    finished_at: datetime | None  # UTC, of the run


def known_drops(
    connection: duckdb.DuckDBPyConnection, drop_ids: Sequence[str]
) -> dict[str, KnownDrop]:
    """Those of the drops that were imported or rejected before, by id, with the first such run.

    A drop that failed or was itself a repetition is not known.
    """
    if not drop_ids:
        return {}
    rows = connection.execute(
        """SELECT drop_id, run_id, drops.status, name, finished_at
        FROM drops LEFT JOIN runs USING (run_id)
        WHERE drop_id IN (SELECT unnest($ids)) AND drops.status IN ('imported', 'rejected')
        QUALIFY row_number() OVER (PARTITION BY drop_id ORDER BY run_id) = 1""",
        {"ids": list(drop_ids)},
    ).fetchall()
    return {row[0]: KnownDrop(*row[1:]) for row in rows}


def decide(
    connection: duckdb.DuckDBPyConnection,
    claims: Sequence[Path],
    policies: Mapping[str, Duplicates],
    run_id: str,
    out: Path,
    drop_names: Mapping[int, str] | None = None,
    seen: Sequence[Seen] = (),
) -> None:
    """Decide about every candidate of the run and write what changes (model.tables.DECISIONS).

    Args:
        connection: an open store; nothing in it is changed.
        claims: Parquet files of model.tables.CLAIMS; what came first is told by `_drop`, then
            by `_order`.
        policies: by channel; a channel that is not named has the default policy.
        run_id: this run's; what history may already hold of it (a replay) does not count.
        out: the Parquet file to write, sorted by `_order`; an order's first row says its outcome.
        drop_names: `_drop` → name, for details about copies in other files of the run.
        seen: interchanges that came before, whose orders are to be held (history.interchanges).
    """
    _forget(connection)
    try:
        _gather(connection, claims, policies, drop_names or {})
        near = any(policy.near.action != "off" for policy in policies.values())
        _look_back(connection, run_id, near=near)
        for statement in (decide_sql.COPIES, decide_sql.JUDGED_COPIES, decide_sql.REPS):
            connection.execute(statement)
        if near:
            _hold_neighbours(connection)
        connection.execute(decide_sql.VERDICTS)
        parts = [decide_sql.BY_KEY, decide_sql.IN_ONE_FILE, decide_sql.COLLIDING]
        parts += [near_sql.DECISIONS] if near else []
        if seen:
            connection.execute(decide_sql.SEEN)
            rows = [(one.drop, one.interchange, one.detail) for one in seen]
            connection.executemany("INSERT INTO dd_seen VALUES (?, ?, ?)", rows)
            parts.append(decide_sql.OF_SEEN)
        connection.execute(decide_sql.written(parts, _quoted(out)))
    finally:
        _forget(connection)


def _gather(
    connection: duckdb.DuckDBPyConnection,
    claims: Sequence[Path],
    policies: Mapping[str, Duplicates],
    drop_names: Mapping[int, str],
) -> None:
    """The run's candidates with their policies."""
    files = ", ".join(f"'{_quoted(path)}'" for path in claims)
    source = f"SELECT * FROM read_parquet([{files}])" if claims else decide_sql.NO_CLAIMS  # noqa: S608
    placed = decide_sql.PLACED.format(source=source)
    connection.execute(f"CREATE TEMP VIEW dd_claims AS {placed}")
    connection.execute(decide_sql.POLICIES)
    for channel in _column(connection, "SELECT DISTINCT channel FROM dd_claims"):
        policy = policies.get(channel, _DEFAULT)
        connection.execute(
            "INSERT INTO dd_policies VALUES (?, ?, ?, to_microseconds(?))",
            [channel, policy.revision, policy.near.action, _microseconds(policy)],
        )
    connection.execute(decide_sql.DROP_NAMES)
    for statement, values in inserts("dd_drops", list(drop_names.items())):
        connection.execute(statement, values)
    connection.execute(decide_sql.ORDERS)


def _look_back(connection: duckdb.DuckDBPyConnection, run_id: str, *, near: bool) -> None:
    """What history knows of the candidates' keys, and of orders like them."""
    for statement in (decide_sql.MAYBE_PAST, decide_sql.PAST_ROWS, decide_sql.PAST):
        connection.execute(statement)
    connection.execute(decide_sql.NOT_OF_THIS_RUN, {"run_id": run_id})
    low, high = connection.execute(near_sql.BOUNDS).fetchall()[0]
    if near and low is not None:
        bounded = near_sql.PAST.format(low=low, high=high)
        connection.execute(bounded, {"run_id": run_id})
    else:
        connection.execute(near_sql.NO_PAST)


def _hold_neighbours(connection: duckdb.DuckDBPyConnection) -> None:
    """Mark the reps to be held as near-duplicates."""
    connection.execute(near_sql.UNCERTAIN)
    while _column(connection, near_sql.LEFT)[0]:
        for statement in (near_sql.TENTATIVE, near_sql.HOLD, near_sql.SETTLE):
            connection.execute(statement)
    connection.execute(near_sql.HELD)


def _forget(connection: duckdb.DuckDBPyConnection) -> None:
    """Temporary tables outlive a failure otherwise."""
    try:
        connection.execute("DROP VIEW IF EXISTS dd_claims")
        for table in _TABLES:
            connection.execute(f"DROP TABLE IF EXISTS dd_{table}")
    except duckdb.Error:
        return  # the connection is beyond use; what raised before says why


def _column(connection: duckdb.DuckDBPyConnection, query: str) -> list[str]:
    return [row[0] for row in connection.execute(query).fetchall()]


def _microseconds(policy: Duplicates) -> int:
    return round(policy.near.window_hours * 3_600_000_000)


def _quoted(path: Path) -> str:
    return str(path.absolute()).replace("'", "''")
