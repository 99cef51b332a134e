"""Drops that had to be there by now: said by the run, and by `channels health`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime

import duckdb

from oms_import.history.sources import last_drop
from oms_import.model.errors import OmsImportError, SettingError, SourceUnreachableError
from oms_import.profiles.expecting import deadlines, expectation, is_overdue
from oms_import.profiles.model import Profile
from oms_import.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Due:
    """What is expected of a channel."""

    by: datetime  # the newest deadline that has passed, UTC
    last: datetime | None  # when the newest drop came, UTC
    overdue: bool


def due(
    connection: duckdb.DuckDBPyConnection, workspace: Workspace, profile: Profile, now: datetime
) -> Due | None:
    """What the channel's `expect` comes to now; None: it expects nothing.

    Raises:
        SettingError: its calendar cannot be read.
    """
    if not profile.source.expect:
        return None
    expected = expectation(profile.source.expect)
    zone = profile.defaults.timezone or workspace.settings.timezone or "UTC"
    off = _days_off(workspace, profile)
    came = last_drop(connection, profile.name)
    last = None if came is None else came.replace(tzinfo=UTC)
    _, by = deadlines(expected, now, zone, off)
    return Due(by, last, is_overdue(expected, last, now, zone, off))


def overdue(
    connection: duckdb.DuckDBPyConnection,
    workspace: Workspace,
    profiles: Sequence[Profile],
    now: datetime,
) -> dict[str, OmsImportError]:
    """Channel → what to say of a drop that is not there."""
    found: dict[str, OmsImportError] = {}
    for profile in profiles:
        try:
            told = due(connection, workspace, profile, now)
        except SettingError as error:
            found[profile.name] = error
            continue
        if told is not None and told.overdue:
            found[profile.name] = _missing(profile, told)
    return found


def _missing(profile: Profile, told: Due) -> OmsImportError:
    last = (
        "none ever came" if told.last is None else f"the last came {told.last:%Y-%m-%d %H:%M} UTC"
    )
    return SourceUnreachableError(
        f"no drop came, though one is expected {profile.source.expect} "
        f"(by {told.by:%Y-%m-%d %H:%M} UTC); {last}",
        hint="ask the sender; a day off belongs into the file of source.days_off",
        location=profile.name,
        code="DROP_OVERDUE",
    )


def _days_off(workspace: Workspace, profile: Profile) -> frozenset[date]:
    """Days without a drop: the first column of a CSV file."""
    if not profile.source.days_off:
        return frozenset()
    path = workspace.root / profile.source.days_off
    try:
        lines = path.read_text("utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise SettingError(
            f"{profile.name}: {path} cannot be read ({type(error).__name__})",
            hint="source.days_off names a CSV file with a day a line: 2026-12-25",
            location=str(path),
        ) from None
    days: set[date] = set()
    for number, line in enumerate(lines, 1):
        text = line.partition(",")[0].strip().strip('"')
        try:
            days.add(date.fromisoformat(text))
        except ValueError:
            if text and number > 1 and not text.startswith("#"):
                raise SettingError(
                    f"{path}, line {number}: {text!r} is no day",
                    hint="write 2026-12-25",
                    location=str(path),
                ) from None
    return frozenset(days)
