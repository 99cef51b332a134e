"""Channels' sources looked at: can they be reached, what have they ready, how have they fared."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from time import monotonic
from typing import Any

import duckdb

from oms_import.expected import due
from oms_import.fetching import connector
from oms_import.history.lock import hold
from oms_import.history.sources import (
    failures,
    forget_failures,
    last_drop,
    remember_source,
    source_state,
)
from oms_import.history.store import utc
from oms_import.model.errors import OmsImportError
from oms_import.pipeline.arrivals import offers_of
from oms_import.pipeline.channel import select
from oms_import.profiles.load import sound_channels
from oms_import.profiles.model import Profile
from oms_import.work import opened
from oms_import.workspace import Workspace

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Reached:
    """What came of asking a channel's source."""

    channel: str
    source: str  # folder, sftp
    place: str
    ready: int | None = None  # files; None: it could not be asked
    seconds: float = 0.0
    error: OmsImportError | None = None

    def as_json(self) -> Row:
        """One entry of `channels`."""
        told = None if self.error is None else self.error.as_json()["error"]
        return {
            "channel": self.channel,
            "source": self.source,
            "place": self.place,
            "status": "ok" if self.error is None else "failed",
            "ready": self.ready,
            "seconds": round(self.seconds, 3),
            "error": told,
        }


def place(profile: Profile, workspace: Workspace) -> str:
    """Where a channel's drops come from, for people."""
    source, server = profile.source, profile.source.sftp
    if source.kind == "sftp":
        return f"sftp://{server.user}@{server.host}:{server.port}/{server.path.lstrip('/')}"
    if source.kind == "webhook":
        return f"POST {source.webhook.path or f'/hooks/{profile.name}'}"
    if source.kind in {"portal", "rest"}:
        return source.http.url.partition("?")[0]
    return str(workspace.root / (source.path or f"drops/{profile.name}"))


def check(workspace: Workspace, names: Sequence[str]) -> list[Reached]:
    """Connect to the sources and list what they have; nothing is fetched or changed.

    Raises:
        SettingError: a channel that is asked for is wrong or not there.
    """
    sound, broken = sound_channels(workspace.profiles)
    for name in names:
        if name in broken:
            raise broken[name]
    wrong = () if names else broken.items()
    found = [_reached(workspace, profile) for profile in select(sound, names)]
    return [*found, *(Reached(name, "", "", error=error) for name, error in wrong)]


def verdict(found: Sequence[Reached]) -> int:
    """The exit code: 0, or of the gravest failure."""
    codes = {one.error.exit_code for one in found if one.error is not None}
    return next((code for code in (6, 5, 2) if code in codes), max(codes, default=0))


def _reached(workspace: Workspace, profile: Profile) -> Reached:
    begun, where = monotonic(), place(profile, workspace)
    ready: int | None = None
    wrong: OmsImportError | None = None
    try:
        ready = _ready(workspace, profile)
    except OmsImportError as error:
        wrong = error
    return Reached(profile.name, profile.source.kind, where, ready, monotonic() - begun, wrong)


def _ready(workspace: Workspace, profile: Profile) -> int:
    now = datetime.now(UTC)
    if profile.source.is_local:
        return len(offers_of(profile, workspace.root, now))
    source = connector(profile, workspace)
    try:
        return len(source.listing(now))
    finally:
        source.close()


def health(
    connection: duckdb.DuckDBPyConnection, workspace: Workspace, profiles: Sequence[Profile]
) -> list[Row]:
    """How the channels' sources fared in earlier runs, and whether a drop is overdue."""
    return [
        _health(connection, profile) | _expected(connection, workspace, profile)
        for profile in profiles
    ]


def _expected(connection: duckdb.DuckDBPyConnection, workspace: Workspace, profile: Profile) -> Row:
    told = due(connection, workspace, profile, datetime.now(UTC))
    return {
        "expect": profile.source.expect or None,
        "expected_by": None if told is None else _iso(utc(told.by)),
        "overdue": told is not None and told.overdue,
    }


def _health(connection: duckdb.DuckDBPyConnection, profile: Profile) -> Row:
    state = source_state(connection, profile.name)
    dropped = last_drop(connection, profile.name)
    ok = state.last_ok_at or (dropped if profile.source.is_local else None)
    rests = state.open_until is not None and state.open_until > utc(datetime.now(UTC))
    dead = [one for one in failures(connection, profile.name).values() if one.dead]
    failed = None
    if state.streak:
        failed = {"code": state.code, "message": state.message, "at": _iso(state.last_try_at)}
    return {
        "channel": profile.name,
        "source": profile.source.kind,
        "status": "resting" if rests else "failing" if state.streak else "ok",
        "last_success": _iso(ok),
        "last_drop": _iso(dropped),
        "streak": state.streak,
        "resting_until": _iso(state.open_until) if rests else None,
        "error": failed,
        "dead_letters": [
            {
                "file": one.origin,
                "attempts": one.attempts,
                "code": one.code,
                "message": one.message,
                "last_try": _iso(one.last_at),
            }
            for one in dead
        ],
    }


def retry(workspace: Workspace, name: str, wait: float) -> list[str]:
    """Have the next run ask the source at once and try dead letters again; returns their origins.

    Raises:
        SettingError: there is no such channel.
        LockHeldError: a run is under way.
    """
    sound, _ = sound_channels(workspace.profiles)
    select(sound, [name])
    with hold(workspace.lock, "channels-retry", wait), opened(workspace) as store:
        connection = store.connection
        remember_source(connection, source_state(connection, name).awake())
        known = list(failures(connection, name))
        forget_failures(connection, name, known)
    return known


def _iso(moment: datetime | None) -> str | None:
    return None if moment is None else f"{moment.isoformat(timespec='seconds')}Z"
