"""Interchanges of EDI: those that came before, and the numbers of those we send."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import duckdb

from oms_import.history.store import utc
from oms_import.model.edi import Interchange
from oms_import.model.values import DropResult


@dataclass(frozen=True, slots=True)
class Seen:
    """An interchange whose partner used its control number before."""

    drop: int  # `_drop`
    interchange: int  # number in the drop
    detail: str


_Key = tuple[str, str, str, str]


def seen_before(
    connection: duckdb.DuckDBPyConnection,
    results: Sequence[DropResult],
    hours: Mapping[str, float],
    run_id: str,
) -> list[Seen]:
    """Interchanges of the run whose sender, receiver and control number came before.

    In another file, or again in the same one: a file that is read again (a retry, a replay) is no
    second interchange. One of a file of which no order was taken may come again.

    Args:
        connection: an open store; nothing in it is changed.
        results: the run's drops as they were read, in order.
        hours: channel → how long a control number counts; 0: never.
        run_id: this run's, which does not count.
    """
    found: list[Seen] = []
    known: dict[_Key, dict[str, str]] = {}
    now: dict[_Key, str] = {}
    mine = [r for r in results if r.envelopes is not None and hours.get(r.drop.channel, 0)]
    for channel in dict.fromkeys(result.drop.channel for result in mine):
        first = min(r.drop.fetched_at for r in mine if r.drop.channel == channel)
        since = utc(first) - timedelta(hours=hours[channel])
        known |= _past(connection, channel, since, run_id)
    for result in mine:
        drop = result.drop
        for one in result.envelopes.interchanges if result.envelopes else ():
            key = (drop.channel, one.sender, one.receiver, one.control)
            past = known.get(key, {})
            others = [told for drop_id, told in past.items() if drop_id != drop.drop_id]
            others += [now[key]] if key in now else []
            if others and one.control:
                told = f"control number {one.control} of {one.sender} {others[-1]}"
                found.append(Seen(drop.index, one.number, told))
            now.setdefault(key, f"came earlier in this run, in {drop.name}")
    return found


def _past(
    connection: duckdb.DuckDBPyConnection, channel: str, since: datetime, run_id: str
) -> dict[_Key, dict[str, str]]:
    """What came since then: of each number the drops, oldest first, and the run they came in."""
    rows = connection.execute(
        """SELECT sender, receiver, control, drop_id, max(run_id) AS run FROM interchanges
        WHERE channel = $channel AND seen_at >= $since AND run_id <> $run_id AND drop_id IN (
            SELECT drop_id FROM order_claims
            UNION ALL SELECT drop_id FROM exceptions WHERE outcome = 'held'
            UNION ALL SELECT drop_id FROM others)
        GROUP BY sender, receiver, control, drop_id ORDER BY run""",
        {"channel": channel, "since": since, "run_id": run_id},
    ).fetchall()
    past: dict[_Key, dict[str, str]] = {}
    for sender, receiver, control, drop_id, run in rows:
        came = past.setdefault((channel, sender, receiver, control), {})
        came[drop_id] = f"came in run {run}"
    return past


def rows_of(run_id: str, results: Sequence[DropResult]) -> list[list[object]]:
    """Rows of `interchanges` for the drops of a run."""
    return [
        _row(run_id, result, one)
        for result in results
        if result.envelopes is not None
        for one in result.envelopes.interchanges
    ]


def _row(run_id: str, result: DropResult, one: Interchange) -> list[object]:
    drop = result.drop
    return [
        run_id, drop.drop_id, drop.channel, one.number, one.standard, one.sender, one.receiver,
        one.control, one.test, utc(drop.fetched_at),
    ]  # fmt: skip


def reserve(connection: duckdb.DuckDBPyConnection, sender: str, receiver: str, count: int) -> int:
    """The first of `count` control numbers that no interchange of ours has used to this partner.

    They are used up at once, whatever becomes of the run: gaps are harmless, repetitions are not.
    Numbers go from 1 to 999,999,999 and begin again.
    """
    pair = [sender, receiver]
    connection.execute("BEGIN")
    try:
        found = connection.execute(
            "DELETE FROM control_numbers WHERE sender = ? AND receiver = ? RETURNING last", pair
        ).fetchone()
        last = int(found[0]) if found else 0
        first = last + 1 if last + count <= _LARGEST else 1
        connection.execute(
            "INSERT INTO control_numbers VALUES (?, ?, ?)", [*pair, first + count - 1]
        )
        connection.execute("COMMIT")
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    return first


_LARGEST = 999_999_999
