"""Drops of servers: what is new is fetched and landed; what was taken is put away after the commit.

History knows each file's newest version, so nothing is fetched twice; that it is put away is kept
too, so what a crash left is put away by the next run.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from oms_import.connectors.remote import Connector, Pulled, RemoteFile
from oms_import.history.sources import (
    Failure,
    SeenFile,
    advance,
    failures,
    forget_failures,
    mark_settled,
    remember_failures,
    remember_files,
    seen_files,
    watermark,
)
from oms_import.history.store import Store, utc
from oms_import.landing.store import adopt
from oms_import.model.errors import OmsImportError
from oms_import.model.values import Offer
from oms_import.pipeline.arrivals import Arrival, arrived
from oms_import.profiles.model import Profile
from oms_import.workspace import Workspace

_NOTES = 10  # of a kind

Opened = Callable[[], Store]


@dataclass(frozen=True, slots=True)
class Fetched:
    """What came from a channel's server."""

    arrivals: tuple[Arrival, ...] = ()
    taken: tuple[SeenFile, ...] = ()  # fetched by this run
    unsettled: tuple[SeenFile, ...] = ()  # of earlier runs, not put away yet
    lost: OmsImportError | None = None  # the server was lost on the way
    until: datetime | None = None  # everything the source had until then is here
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Known:
    """What history knows of the channel's files."""

    seen: Mapping[str, SeenFile] = field(default_factory=dict[str, SeenFile])
    failed: Mapping[str, Failure] = field(default_factory=dict[str, Failure])
    until: datetime | None = None


def connector(profile: Profile, workspace: Workspace, since: datetime | None = None) -> Connector:
    """The channel's server; connects when it is first asked.

    Args:
        profile: the channel.
        workspace: where references and files of the profile are looked up.
        since: up to when an API was asked before (UTC); None: never.

    Raises:
        SettingError: what it takes to log in is not there.
    """
    if profile.source.kind in {"portal", "rest"}:
        from oms_import.connectors.http_source import open_http  # noqa: PLC0415 - as below

        return open_http(profile.source, workspace.root, _since(profile, since))
    from oms_import.connectors.sftp import open_sftp  # noqa: PLC0415 - only who needs it waits

    return open_sftp(profile.source, workspace.root)


def _since(profile: Profile, until: datetime | None) -> datetime:
    """From when on a source is asked: a little before the last time, since clocks differ."""
    http = profile.source.http
    if until is None:
        return datetime.now(UTC) - timedelta(days=http.first_days)
    return until.replace(tzinfo=UTC) - timedelta(minutes=http.overlap_minutes)


def fetch(
    workspace: Workspace, profile: Profile, now: datetime, store: Opened, *, dry: bool
) -> Fetched:
    """Fetch and land what the server has that we do not know.

    Args:
        workspace: where the bytes go.
        profile: the channel.
        now: when the run began.
        store: opens history; it is not open while bytes are fetched.
        dry: nothing is kept in history.

    Raises:
        SourceUnreachableError, AuthenticationError, SettingError: nothing could be listed.
        OutputError: our own disk failed.
    """
    with store() as opened:
        known = _Known(
            seen_files(opened.connection, profile.name),
            failures(opened.connection, profile.name),
            watermark(opened.connection, profile.name),
        )
    source = connector(profile, workspace, known.until)
    try:
        listed = source.listing(now)
        wanted = [one for one in listed if not _is_seen(one, known) and not _is_dead(one, known)]
        pulled = {
            one.file.origin: _landed(one, profile, workspace, now)
            for one in source.pull(wanted, workspace.incoming)
        }
    finally:
        source.close()
    came = [pulled[one.origin] for one in wanted]
    tries = workspace.settings.retries.file_runs
    failed = _failures([one for one, _ in came], known, now, tries)
    if not dry:
        with store() as opened:
            _keep(opened, profile.name, listed, known, failed)
    dead = [known.failed[one.origin] for one in listed if _is_dead(one, known)]
    return Fetched(
        arrivals=tuple(arrival for _, arrival in came),
        taken=tuple(_seen(one, now) for one, _ in came if one.path is not None),
        unsettled=tuple(one for one in known.seen.values() if not one.settled),
        lost=next((one.error for one, _ in came if one.lost), None),
        until=None if any(one.error for one, _ in came) else now,
        notes=tuple(_told(profile.name, [one for one, _ in came], dead, failed, tries)),
    )


def settle(
    workspace: Workspace,
    profile: Profile,
    fetched: Fetched,
    run_id: str,
    broken: Collection[str],
    store: Opened,
) -> list[str]:
    """After the commit: remember what was fetched and put it away; returns what could not be done.

    Args:
        workspace: the workspace.
        profile: the channel.
        fetched: what this run fetched.
        run_id: the run.
        broken: origins whose drops broke us: they stay, and are fetched again.
        store: opens history.
    """
    stays = profile.source.after == "keep"
    taken = [replace(one, settled=stays) for one in fetched.taken if one.origin not in broken]
    fresh = {one.origin for one in taken}
    with store() as opened:
        remember_files(opened.connection, profile.name, taken, run_id)
        if fetched.until is not None and not broken and profile.source.kind in {"portal", "rest"}:
            advance(opened.connection, profile.name, fetched.until)
    old = [one for one in fetched.unsettled if one.origin not in fresh]
    waiting = [] if stays else [*taken, *old]
    if not waiting:
        return []
    problems = _put_away(workspace, profile, waiting)
    with store() as opened:
        settled = [one.origin for one in waiting if one.origin not in problems]
        mark_settled(opened.connection, profile.name, settled)
    return [
        f"{profile.name}: {origin} was imported but could not be put away: {why}"
        for origin, why in problems.items()
    ]


def _put_away(workspace: Workspace, profile: Profile, files: Sequence[SeenFile]) -> dict[str, str]:
    try:
        source = connector(profile, workspace)
    except OmsImportError as error:
        return {one.origin: error.message for one in files}
    try:
        return source.settle([_remote(one) for one in files])
    finally:
        source.close()


def _is_seen(one: RemoteFile, known: _Known) -> bool:
    seen = known.seen.get(one.origin)
    return seen is not None and seen.is_version(one.size, one.modified_at, one.etag)


def _is_dead(one: RemoteFile, known: _Known) -> bool:
    failed = known.failed.get(one.origin)
    return (
        failed is not None
        and failed.dead
        and failed.is_version(one.size, one.modified_at, one.etag)
    )


def _landed(
    one: Pulled, profile: Profile, workspace: Workspace, now: datetime
) -> tuple[Pulled, Arrival]:
    """What was brought goes into the raw store at once, so that a kill loses nothing."""
    path = one.path or workspace.incoming
    offer = Offer(one.file.name, one.file.origin, path, one.size, one.file.modified_at)
    if one.path is None:
        return one, Arrival(offer, error=one.error)
    landed = adopt(one.path, one.sha256, one.size, workspace.raw)
    limits = workspace.settings.limits.as_limits()
    return one, arrived(profile, offer, landed, workspace.raw, limits, now)


def _seen(one: Pulled, now: datetime) -> SeenFile:
    file = one.file
    modified = file.modified_at and utc(file.modified_at)
    return SeenFile(
        file.origin, file.remote_id, file.size, modified, file.etag, one.sha256, seen_at=utc(now)
    )


def _failures(pulled: Sequence[Pulled], known: _Known, now: datetime, tries: int) -> list[Failure]:
    """Files that failed by themselves; a server that was lost says nothing about its files."""
    return [
        _failure(one, known, now, tries) for one in pulled if one.error is not None and not one.lost
    ]


def _failure(one: Pulled, known: _Known, now: datetime, tries: int) -> Failure:
    file, error = one.file, one.error or OmsImportError("")
    earlier = known.failed.get(file.origin)
    same = earlier is not None and earlier.is_version(file.size, file.modified_at, file.etag)
    attempts = 1 + (earlier.attempts if earlier is not None and same else 0)
    modified = file.modified_at and utc(file.modified_at)
    dead = attempts >= tries
    return Failure(
        file.origin, file.size, modified, file.etag, attempts, error.code, error.message, dead,
        utc(now),
    )  # fmt: skip


def _keep(
    store: Store,
    channel: str,
    listed: Sequence[RemoteFile],
    known: _Known,
    failed: Sequence[Failure],
) -> None:
    """What failed is kept; what failed before and is no longer there is not."""
    there = {one.origin for one in listed}
    gone = [origin for origin in known.failed if origin not in there]
    if gone:
        forget_failures(store.connection, channel, gone)
    if failed:
        remember_failures(store.connection, channel, failed)


def _told(
    channel: str,
    pulled: Sequence[Pulled],
    dead: Sequence[Failure],
    failed: Sequence[Failure],
    most: int,
) -> Iterator[str]:
    """Notes: what took several attempts, what failed, what is not tried any more."""
    hard = [one for one in pulled if one.path is not None and one.attempts > 1]
    for one in hard[:_NOTES]:
        times = f"{one.attempts} attempts, {one.waited:.1f} s of waiting between them"
        yield f"{channel}: {one.file.name} took {times}"
    for one in failed[:_NOTES]:
        tries = f"tried by {one.attempts} of {most} runs" if not one.dead else "now a dead letter"
        yield f"{channel}: {one.message} ({tries})"
    for one in dead[:_NOTES]:
        again = f"oms-import channels retry {channel}"
        yield f"{channel}: not tried any more (`{again}` does): {one.message}"
    more = sum(max(0, len(some) - _NOTES) for some in (hard, failed, dead))
    if more:
        yield f"{channel}: {more} more files like these"


def _remote(seen: SeenFile) -> RemoteFile:
    modified = None if seen.modified_at is None else seen.modified_at.replace(tzinfo=UTC)
    return RemoteFile(seen.origin, seen.origin, seen.remote_id, seen.size, modified, seen.etag)
