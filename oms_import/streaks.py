"""How sources fare over runs: failures in a row are counted, and a source that only fails rests."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from oms_import.history.sources import SourceState
from oms_import.history.store import utc
from oms_import.model.errors import (
    AuthenticationError,
    OmsImportError,
    SettingError,
    SourceUnreachableError,
)
from oms_import.workspace import RetrySettings

_AUTHENTICATION = (AuthenticationError.code, "HOST_KEY_UNKNOWN", "HOST_KEY_CHANGED")


def resting(state: SourceState, now: datetime) -> OmsImportError | None:
    """Why the source is not asked now; None: it is."""
    if state.open_until is None or state.open_until <= utc(now):
        return None
    until = state.open_until.replace(tzinfo=UTC)
    kind = AuthenticationError if state.code in _AUTHENTICATION else SourceUnreachableError
    return kind(
        f"the source failed {state.streak} times in a row and is left alone until "
        f"{until:%Y-%m-%d %H:%M:%S} UTC; the last time: {state.message}",
        hint=f"`oms-import channels retry {state.channel}` has the next run ask at once",
        location=state.channel,
        code="SOURCE_RESTING",
    )


def after(
    state: SourceState, error: OmsImportError | None, now: datetime, limits: RetrySettings
) -> SourceState:
    """The state after a run asked the source; wrong settings do not make it rest."""
    if error is None:
        return SourceState(state.channel, last_ok_at=utc(now), last_try_at=utc(now))
    streak = state.streak + 1
    rests = streak >= limits.source_runs and not isinstance(error, SettingError)
    return replace(
        state,
        last_try_at=utc(now),
        streak=streak,
        code=error.code,
        message=error.message,
        open_until=utc(now + timedelta(minutes=limits.rest_minutes)) if rests else None,
    )
