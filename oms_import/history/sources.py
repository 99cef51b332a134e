"""What sources had and how they fared: files that were fetched, those that fail, and streaks."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import duckdb

from oms_import.history.store import utc

_COARSE = timedelta(seconds=2)
"""Times at a source are of whole seconds: one that is as young as this when it is fetched may be
written again without a new time."""


@dataclass(frozen=True, slots=True)
class SeenFile:
    """The newest version of a file at a source that we fetched."""

    origin: str
    remote_id: str
    size: int | None
    modified_at: datetime | None  # UTC, without zone, as all times here
    etag: str | None
    sha256: str = ""
    settled: bool = False  # put away after the commit
    seen_at: datetime | None = None  # when the run that fetched it began

    def is_version(self, size: int | None, modified: datetime | None, etag: str | None) -> bool:
        """Whether this is the version of the file that a source tells of now."""
        same = (self.size, self.modified_at, self.etag) == (size, modified and utc(modified), etag)
        if not same or self.modified_at is None or self.seen_at is None:
            return same
        return self.seen_at - self.modified_at > _COARSE or etag is not None


@dataclass(frozen=True, slots=True)
class Failure:
    """A file that could not be fetched, in its newest version."""

    origin: str
    size: int | None
    modified_at: datetime | None
    etag: str | None
    attempts: int  # runs that tried
    code: str
    message: str
    dead: bool  # no run tries again by itself
    last_at: datetime

    def is_version(self, size: int | None, modified: datetime | None, etag: str | None) -> bool:
        """Whether this is the version of the file that a source tells of now."""
        return (self.size, self.modified_at, self.etag) == (size, modified and utc(modified), etag)


@dataclass(frozen=True, slots=True)
class SourceState:
    """How a channel's source fared."""

    channel: str
    last_ok_at: datetime | None = None
    last_try_at: datetime | None = None
    streak: int = 0  # failures since it last worked
    code: str | None = None
    message: str | None = None
    open_until: datetime | None = None  # not asked before then

    def awake(self) -> SourceState:
        """The same, asked by the next run; one more failure makes it rest again."""
        return replace(self, open_until=None)


def seen_files(connection: duckdb.DuckDBPyConnection, channel: str) -> dict[str, SeenFile]:
    """Files that were fetched from the channel's source, by origin."""
    rows = connection.execute(
        """SELECT origin, remote_id, size, modified_at, etag, sha256, settled, seen_at
        FROM remote_files WHERE channel = ?""",
        [channel],
    ).fetchall()
    return {row[0]: SeenFile(*row) for row in rows}


def remember_files(
    connection: duckdb.DuckDBPyConnection, channel: str, files: Sequence[SeenFile], run_id: str
) -> None:
    """Keep what was fetched, in place of earlier versions; what failed before does no more."""
    if not files:
        return
    columns: list[Any] = [
        [one.origin for one in files], [one.remote_id for one in files],
        [one.size for one in files], [one.modified_at for one in files],
        [one.etag for one in files], [one.sha256 for one in files],
        [one.settled for one in files], [one.seen_at for one in files],
    ]  # fmt: skip
    connection.begin()
    for table in ("remote_files", "remote_failures"):
        _forget(connection, table, channel, columns[0])
    connection.execute(
        """INSERT INTO remote_files SELECT $1, unnest($2::VARCHAR[]), unnest($3::VARCHAR[]),
            unnest($4::BIGINT[]), unnest($5::TIMESTAMP[]), unnest($6::VARCHAR[]),
            unnest($7::VARCHAR[]), unnest($8::BOOLEAN[]), $10, unnest($9::TIMESTAMP[])""",
        [channel, *columns, run_id],
    )
    connection.commit()


def watermark(connection: duckdb.DuckDBPyConnection, channel: str) -> datetime | None:
    """Up to when the channel's source was asked for what is new; None: never."""
    row = connection.execute(
        "SELECT max(until) FROM watermarks WHERE channel = ?", [channel]
    ).fetchone()
    return row[0] if row else None


def advance(connection: duckdb.DuckDBPyConnection, channel: str, until: datetime) -> None:
    """Everything that the source had until then is kept."""
    connection.begin()
    connection.execute("DELETE FROM watermarks WHERE channel = ?", [channel])
    connection.execute("INSERT INTO watermarks VALUES (?, ?)", [channel, utc(until)])
    connection.commit()


def mark_settled(
    connection: duckdb.DuckDBPyConnection, channel: str, origins: Iterable[str]
) -> None:
    """Nothing is left to do at the source for these files."""
    connection.execute(
        """UPDATE remote_files SET settled = true
        WHERE channel = ? AND origin IN (SELECT unnest(?::VARCHAR[]))""",
        [channel, list(origins)],
    )


def failures(connection: duckdb.DuckDBPyConnection, channel: str) -> dict[str, Failure]:
    """Files of the channel's source that could not be fetched, by origin."""
    rows = connection.execute(
        """SELECT origin, size, modified_at, etag, attempts, code, message, dead, last_at
        FROM remote_failures WHERE channel = ? ORDER BY origin""",
        [channel],
    ).fetchall()
    return {row[0]: Failure(*row) for row in rows}


def remember_failures(
    connection: duckdb.DuckDBPyConnection, channel: str, failed: Sequence[Failure]
) -> None:
    """Keep that files could not be fetched."""
    _forget(connection, "remote_failures", channel, [one.origin for one in failed])
    for one in failed:
        connection.execute(
            "INSERT INTO remote_failures VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [
                channel, one.origin, one.size, one.modified_at, one.etag, one.attempts, one.code,
                one.message, one.dead, one.last_at,
            ],
        )  # fmt: skip


def forget_failures(
    connection: duckdb.DuckDBPyConnection, channel: str, origins: Sequence[str]
) -> None:
    """Files that are to be tried again, or that are gone."""
    _forget(connection, "remote_failures", channel, origins)


def source_state(connection: duckdb.DuckDBPyConnection, channel: str) -> SourceState:
    """How the channel's source fared so far."""
    row = connection.execute(
        """SELECT channel, last_ok_at, last_try_at, streak, code, message, open_until
        FROM sources WHERE channel = ?""",
        [channel],
    ).fetchone()
    return SourceState(*row) if row else SourceState(channel)


def remember_source(connection: duckdb.DuckDBPyConnection, state: SourceState) -> None:
    """Keep how the channel's source fared."""
    connection.execute("DELETE FROM sources WHERE channel = ?", [state.channel])
    connection.execute(
        "INSERT INTO sources VALUES (?, ?, ?, ?, ?, ?, ?)",
        [
            state.channel, state.last_ok_at, state.last_try_at, state.streak, state.code,
            state.message, state.open_until,
        ],
    )  # fmt: skip


def last_drop(connection: duckdb.DuckDBPyConnection, channel: str) -> datetime | None:
    """When the channel's newest drop came."""
    row = connection.execute(
        "SELECT max(fetched_at) FROM drops WHERE channel = ?", [channel]
    ).fetchone()
    return row[0] if row else None


def _forget(
    connection: duckdb.DuckDBPyConnection, table: str, channel: str, origins: Sequence[str]
) -> None:
    connection.execute(
        f"DELETE FROM {table} WHERE channel = ? "  # noqa: S608 - one of two names of ours
        "AND origin IN (SELECT unnest(?::VARCHAR[]))",
        [channel, list(origins)],
    )
