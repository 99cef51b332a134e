"""The headers that channels had: kept with each run, listed, and told to the next run."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

import duckdb

from oms_import.history.store import utc
from oms_import.model.headers import KnownHeader, SeenHeader, header_change
from oms_import.model.values import DropResult

_KNOWN = """SELECT channel, profile, format, columns, last_seen FROM headers
WHERE accepted > 0 AND channel IN (SELECT unnest($channels))
ORDER BY last_seen, accepted_run, accepted_drop"""

_LISTED = """SELECT channel, profile, format, header_hash, columns, first_seen, last_seen,
    drops, accepted, first_run, last_run
FROM headers WHERE channel = $channel ORDER BY first_seen, first_run, first_drop"""

_AGAIN = """UPDATE headers SET
    drops = drops + CASE WHEN $retry THEN 0 ELSE $drops END,
    last_seen = CASE WHEN $retry THEN last_seen ELSE greatest(last_seen, $last_seen) END,
    last_run = $run_id,
    accepted = accepted + $accepted,
    accepted_run = CASE WHEN $accepted > 0 THEN $run_id ELSE accepted_run END,
    accepted_drop = CASE WHEN $accepted > 0 THEN $accepted_drop ELSE accepted_drop END
WHERE channel = $channel AND profile = $profile AND format = $format
    AND header_hash = $header_hash"""

_FIRST = """INSERT INTO headers VALUES ($channel, $profile, $format, $header_hash, $columns,
    $first_seen, $last_seen, $drops, $accepted, $run_id, $first_drop, $run_id,
    CASE WHEN $accepted > 0 THEN $run_id END, $accepted_drop)"""

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class HeaderRecord:
    """One header and the drops of a run that had it, at least one; times are UTC without zone."""

    channel: str
    profile: str
    format: str
    columns: tuple[str, ...]
    first_seen: datetime
    last_seen: datetime
    drops: int
    accepted: int  # of these drops
    first_drop: int  # their positions in the run
    accepted_drop: int | None  # of the last that was accepted


def header_hash(columns: Iterable[str]) -> str:
    """32 hex digits that stand for the columns in their order, as `drops` has them too."""
    return hashlib.sha256("\x1f".join(columns).encode()).hexdigest()[:32]


def records_of(results: Sequence[DropResult]) -> list[HeaderRecord]:
    """The headers of a run's drops, one record each, however many drops had it."""
    by_header: dict[tuple[str, SeenHeader], list[DropResult]] = {}
    for result in results:
        if result.header is not None:
            by_header.setdefault((result.drop.channel, result.header), []).append(result)
    return [_record(channel, header, mine) for (channel, header), mine in by_header.items()]


def _record(channel: str, header: SeenHeader, results: list[DropResult]) -> HeaderRecord:
    times = [utc(result.drop.fetched_at) for result in results]
    accepted = [result.drop.index for result in results if result.status == "imported"]
    return HeaderRecord(
        channel=channel,
        profile=header.profile,
        format=header.format,
        columns=header.columns,
        first_seen=min(times),
        last_seen=max(times),
        drops=len(results),
        accepted=len(accepted),
        first_drop=min(result.drop.index for result in results),
        accepted_drop=max(accepted, default=None),
    )


def keep(
    connection: duckdb.DuckDBPyConnection,
    run_id: str,
    records: Sequence[HeaderRecord],
    *,
    retry: bool,
) -> None:
    """Write the headers of a run, inside its transaction.

    Args:
        connection: of the store.
        run_id: the run's.
        records: its headers.
        retry: whether its drops came before: these are the same drops, not more of them.
    """
    for record in records:
        found = connection.execute(_AGAIN, _values(_AGAIN, run_id, record, retry)).fetchone()
        if not found or not found[0]:
            connection.execute(_FIRST, _values(_FIRST, run_id, record, retry))


def _values(query: str, run_id: str, record: HeaderRecord, retry: bool) -> dict[str, object]:
    """The parameters that a statement names: DuckDB takes no others."""
    every: dict[str, object] = {
        "run_id": run_id,
        "retry": retry,
        "header_hash": header_hash(record.columns),
        **asdict(record),
        "columns": list(record.columns),
    }
    return {name: every[name] for name in re.findall(r"\$(\w+)", query)}


def known_headers(
    connection: duckdb.DuckDBPyConnection, channels: Sequence[str]
) -> dict[str, list[KnownHeader]]:
    """Channel → its accepted headers, the one that came last at the end."""
    rows = connection.execute(_KNOWN, {"channels": list(channels)}).fetchall()
    known: dict[str, list[KnownHeader]] = {}
    for channel, profile, format_, columns, last_seen in rows:
        one = KnownHeader(profile, format_, tuple(columns), last_seen.date().isoformat())
        known.setdefault(channel, []).append(one)
    return known


def list_headers(connection: duckdb.DuckDBPyConnection, channel: str) -> list[Row]:
    """Every header the channel had, in the order in which they first came.

    Returns:
        For each its profile, format, header_hash, columns, first_seen and last_seen (ISO 8601,
        UTC), drops, accepted (of these drops), first_run, last_run, and `change`: None for the
        first of its kind, else added, missing and renamed since the one before.
    """
    cursor = connection.execute(_LISTED, {"channel": channel})
    names = [column[0] for column in cursor.description or ()]
    before: dict[tuple[str, str], tuple[str, ...]] = {}
    listed: list[Row] = []
    for values in cursor.fetchall():
        row = dict(zip(names, values, strict=True))
        kind, columns = (row["profile"], row["format"]), tuple(row["columns"])
        earlier, before[kind] = before.get(kind), columns
        change = None if earlier is None else header_change(earlier, columns).as_json()
        times = {name: _instant(row[name]) for name in ("first_seen", "last_seen")}
        listed.append({**row, **times, "change": change})
    return listed


def _instant(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds") + "Z"
