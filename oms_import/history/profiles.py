"""Every version of a profile that was ever used, so that any of them can be tried again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import duckdb

from oms_import.history.store import utc


@dataclass(frozen=True, slots=True)
class UsedProfile:
    """A channel's profile with everything it extends and includes filled in."""

    channel: str
    version: int
    text: str  # JSON


def remember(
    connection: duckdb.DuckDBPyConnection, run_id: str, at: datetime, used: Sequence[UsedProfile]
) -> None:
    """Keep the profiles of a run, each text once; the run that used one last is told."""
    for one in used:
        known = [one.channel, one.version, one.text]
        updated = connection.execute(
            """UPDATE profiles SET last_run = ?, last_at = ?
            WHERE channel = ? AND version = ? AND text = ? RETURNING version""",
            [run_id, utc(at), *known],
        ).fetchone()
        if updated is None:
            connection.execute(
                "INSERT INTO profiles VALUES (?, ?, ?, ?, ?, ?)",
                [*known, utc(at), run_id, utc(at)],
            )


def used_profile(
    connection: duckdb.DuckDBPyConnection, channel: str, version: int
) -> UsedProfile | None:
    """The channel's profile of this version; of several texts the one that was used last."""
    found = connection.execute(
        """SELECT text FROM profiles WHERE channel = ? AND version = ?
        ORDER BY last_at DESC, last_run DESC LIMIT 1""",
        [channel, version],
    ).fetchone()
    return UsedProfile(channel, version, found[0]) if found else None


def used_versions(connection: duckdb.DuckDBPyConnection, channel: str) -> list[int]:
    """The versions of the channel's profile that were used, in ascending order."""
    rows = connection.execute(
        "SELECT DISTINCT version FROM profiles WHERE channel = ? ORDER BY version", [channel]
    ).fetchall()
    return [int(version) for (version,) in rows]
