"""The exception queue in history: what waits, and what people did with it: who, when and why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import duckdb
import polars as pl

from oms_import.history.store import utc

_ID = "substr(md5(e.run_id || '|' || e.drop_id || '|' || coalesce(e.record, 0)), 1, 12)"

_FINDING = '{"code": "VARCHAR", "field": "VARCHAR", "value": "VARCHAR"}'

_WAITING = f"""
WITH marks AS (
    SELECT id, arg_max(owner, done_at) FILTER (owner IS NOT NULL) AS assigned,
        arg_max(until, done_at) AS until
    FROM exception_marks GROUP BY id
), said AS (
    SELECT {_ID} AS id, e.run_id, r.started_at AS since, e.channel, e.account, e.order_number,
        e.outcome, e.codes, e.currency, e.value, e.drop_id, e.line, e.status, e.order_key,
        list_filter(from_json(e.findings, '[{_FINDING}]'),
            lambda f: f.code = split_part(e.codes, ' ', 1))[1] AS told
    FROM exceptions e JOIN runs r USING (run_id)
)
SELECT said.id, said.run_id, since, said.channel, said.account, order_number, outcome, codes,
    currency, value, d.name AS drop, line, told.field AS field, told.value AS found,
    CASE WHEN said.status = 'archived' AND until <= $now THEN 'open' ELSE said.status END AS status,
    assigned, order_key, said.drop_id
FROM said LEFT JOIN marks USING (id) LEFT JOIN (
    SELECT run_id, drop_id, any_value(name) AS name FROM drops GROUP BY run_id, drop_id
) d ON d.run_id = said.run_id AND d.drop_id = said.drop_id
ORDER BY said.run_id, said.channel, d.name, line
"""  # noqa: S608


def waiting(
    connection: duckdb.DuckDBPyConnection, now: datetime, status: str = "open"
) -> pl.DataFrame:
    """Exceptions of a status: exceptions.groups.OPEN, and `order_key`, `drop_id`.

    Args:
        connection: the store.
        now: aware; what was archived until before is open again.
        status: open, archived, dismissed, resolved, superseded, all.
    """
    found = pl.DataFrame(connection.sql(_WAITING, params={"now": utc(now)}).to_arrow_table())
    return found if status == "all" else found.filter(pl.col("status") == status)


@dataclass(frozen=True, slots=True)
class Touch:
    """What somebody did with some exceptions."""

    action: str  # assign, resolve, dismiss, archive, reopen
    who: str
    at: datetime
    reason: str | None = None
    owner: str | None = None
    until: datetime | None = None


_STATUS = {
    "resolve": "resolved", "dismiss": "dismissed", "archive": "archived", "reopen": "open",
}  # fmt: skip


def touch(connection: duckdb.DuckDBPyConnection, ids: Sequence[str], done: Touch) -> None:
    """Note what was done, and give the exceptions their new status, in one transaction."""
    until = None if done.until is None else utc(done.until)
    connection.begin()
    try:
        connection.execute(
            """INSERT INTO exception_marks
            SELECT unnest($1::VARCHAR[]), $2, $3, $4, $5, $6, $7""",
            [list(ids), utc(done.at), done.who, done.action, done.owner, done.reason, until],
        )
        if done.action in _STATUS:
            connection.execute(
                f"""UPDATE exceptions AS e SET status = $1
                WHERE {_ID} IN (SELECT unnest($2::VARCHAR[]))""",  # noqa: S608
                [_STATUS[done.action], list(ids)],
            )
        connection.commit()
    except BaseException:
        connection.rollback()
        raise


def touches(connection: duckdb.DuckDBPyConnection, ids: Sequence[str]) -> list[dict[str, object]]:
    """What was done with exceptions, oldest first: id, at, who, action, owner, reason, until."""
    query = """SELECT id, done_at AS "at", who, action, owner, reason, until FROM exception_marks
        WHERE id IN (SELECT unnest($ids::VARCHAR[])) ORDER BY done_at"""
    found = pl.DataFrame(connection.sql(query, params={"ids": list(ids)}).to_arrow_table())
    times = pl.col("at", "until").dt.strftime("%Y-%m-%dT%H:%M:%SZ")
    return found.with_columns(times).to_dicts()
