"""Does the history store agree with itself? And how much is in it?"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import duckdb

from oms_import.history.keys import key_hash, key_part

_SHOWN = 10


@dataclass(frozen=True, slots=True)
class _Check:
    """A query whose every row is a problem; its one column says which."""

    about: str
    query: str


_COUNTED = """
WITH said AS (
    SELECT run_id, json_valid(report) AS readable, CASE WHEN json_valid(report) THEN report END AS r
    FROM runs
), promised AS (
    SELECT run_id, readable,
        coalesce((r->'totals'->>'orders_accepted')::BIGINT, 0) AS accepted,
        coalesce((r->'totals'->>'orders_rejected')::BIGINT, 0)
            + coalesce((r->'totals'->>'orders_held')::BIGINT, 0) AS waiting,
        coalesce((r->'totals'->>'orders_duplicate')::BIGINT, 0)
            + coalesce((r->'totals'->>'orders_ignored')::BIGINT, 0) AS other
    FROM said
), kept AS (
    SELECT run_id, count(*) FILTER (t = 1) AS accepted, count(*) FILTER (t = 2) AS waiting,
        count(*) FILTER (t = 3) AS other
    FROM (
        SELECT run_id, 1 AS t FROM order_claims
        UNION ALL SELECT run_id, 2 FROM exceptions
        UNION ALL SELECT run_id, 3 FROM others
    ) GROUP BY run_id
)
SELECT CASE WHEN NOT coalesce(readable, false) THEN 'run ' || run_id || ': its report is not JSON'
    ELSE 'run ' || run_id || ': its report says ' || p.accepted || ' accepted, ' || p.waiting
        || ' rejected or held, ' || p.other || ' duplicate or ignored; kept are '
        || coalesce(k.accepted, 0) || ', ' || coalesce(k.waiting, 0) || ', '
        || coalesce(k.other, 0) END
FROM promised p LEFT JOIN kept k USING (run_id)
WHERE NOT coalesce(readable, false) OR p.accepted <> coalesce(k.accepted, 0)
    OR p.waiting <> coalesce(k.waiting, 0) OR p.other <> coalesce(k.other, 0)
ORDER BY run_id"""

_ORPHANS = """SELECT DISTINCT '{table}: run ' || coalesce(run_id, '(none)')
FROM {table} t WHERE NOT EXISTS (FROM runs r WHERE r.run_id = t.run_id) ORDER BY ALL"""

_HOMELESS = """SELECT DISTINCT '{table}: run ' || t.run_id || ', drop ' || coalesce(t.drop_id, '(none)')
FROM {table} t
WHERE NOT EXISTS (FROM drops d WHERE d.run_id = t.run_id AND d.drop_id = t.drop_id)
ORDER BY ALL"""  # noqa: E501

_CHECKS = (
    _Check(
        "an order was accepted twice",
        """SELECT any_value(order_key) || ', revision ' || revision || ', in runs '
            || string_agg(DISTINCT run_id, ', ' ORDER BY run_id)
        FROM order_claims WHERE key_hash IS NOT NULL
        GROUP BY key_hash, revision HAVING count(*) > 1 ORDER BY ALL""",
    ),
    _Check(
        "two orders share one hash",
        """SELECT string_agg(DISTINCT order_key, ' and ' ORDER BY order_key)
        FROM order_claims WHERE key_hash IN (
            SELECT key_hash FROM order_claims WHERE key_hash IS NOT NULL
            GROUP BY key_hash
            HAVING min(key) <> max(key) OR min(account) <> max(account)
                OR min(channel) <> max(channel))
        GROUP BY key_hash ORDER BY ALL""",
    ),
    _Check(
        "a key does not match its hash",
        f"""SELECT coalesce(order_key, '(none)') || ' of run ' || run_id FROM order_claims
        WHERE key_hash IS DISTINCT FROM {key_hash()} OR key_part IS DISTINCT FROM {key_part()}
        ORDER BY ALL""",  # noqa: S608
    ),
    *(
        _Check("rows of a run that is not there", _ORPHANS.format(table=table))
        for table in ("drops", "order_claims", "exceptions", "others")
    ),
    *(
        _Check("orders of a drop that is not there", _HOMELESS.format(table=table))
        for table in ("order_claims", "exceptions", "others")
    ),
    _Check("a run's report and its orders disagree", _COUNTED),
)


def verify(connection: duckdb.DuckDBPyConnection) -> list[str]:
    """What is wrong in the store, each as a sentence; empty: no order twice, nothing astray.

    Reads every row once or twice; memory is bounded by the connection's limit.
    """
    return [problem for check in _CHECKS for problem in _problems(connection, check)]


def _problems(connection: duckdb.DuckDBPyConnection, check: _Check) -> list[str]:
    cursor = connection.execute(check.query)
    found = [f"{check.about}: {row[0]}" for row in cursor.fetchmany(_SHOWN)]
    more = 0
    while rows := cursor.fetchmany(10_000):
        more += len(rows)
    return [*found, f"{check.about}: {more:,} more"] if more else found


def stats(
    connection: duckdb.DuckDBPyConnection, file_bytes: int | None = None
) -> dict[str, object]:
    """How much the store holds: counts, first and last run, size.

    Args:
        connection: an open store.
        file_bytes: the store's size on disk as the caller knows it; None: as DuckDB counts it.
    """
    counted = {
        name: _single(connection, f"SELECT count(*) FROM {source}")  # noqa: S608
        for name, source in (
            ("runs", "runs"),
            ("drops", "drops"),
            ("orders", "order_claims"),
            ("revisions", "order_claims WHERE revision > 1"),
            ("exceptions_open", "exceptions WHERE status = 'open'"),
            ("exceptions_resolved", "exceptions WHERE status = 'resolved'"),
            ("duplicates_and_ignored", "others"),
        )
    }
    runs = {
        name: _single(connection, f"SELECT {which}(run_id) FROM runs")  # noqa: S608
        for name, which in (("first_run", "min"), ("last_run", "max"))
    }
    version = _single(connection, "SELECT max(version) FROM schema_version")
    size = _size(connection) if file_bytes is None else file_bytes
    return {**counted, **runs, "schema_version": version, "bytes": size}


def _size(connection: duckdb.DuckDBPyConnection) -> object:
    return _single(
        connection,
        """SELECT sum(block_size * total_blocks)::BIGINT FROM pragma_database_size()
        WHERE database_name = current_database()""",
    )


def _single(connection: duckdb.DuckDBPyConnection, query: str) -> object:
    found = connection.execute(query).fetchall()[0][0]
    return f"{found:%Y-%m-%dT%H:%M:%SZ}" if isinstance(found, datetime) else found
