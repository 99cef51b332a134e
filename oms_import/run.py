"""The run: fetch → land → read → normalize → validate → dedupe → stage → COMMIT → publish → report.

A crash before the commit leaves staging to be discarded; after it, everything else is rolled
forward by the next run (history/recover).
"""

from __future__ import annotations

import secrets
import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from time import monotonic

import polars as pl

from oms_import.delivering import deliver
from oms_import.gathering import gather, put_away
from oms_import.history.decide import decide
from oms_import.history.interchanges import reserve, seen_before
from oms_import.history.lock import hold
from oms_import.history.recover import recover
from oms_import.history.store import Store
from oms_import.model.codes import Code
from oms_import.model.errors import OmsImportError, SettingError, gravest
from oms_import.model.fail_on import FailOn, parse
from oms_import.model.finding import Finding, Location
from oms_import.model.report import RunReport, Totals
from oms_import.model.values import Drop, DropResult, Source
from oms_import.outputs.acks.files import Ack, write_acks
from oms_import.outputs.publish import publish
from oms_import.pipeline.acks import Answering, acknowledgements
from oms_import.pipeline.channel import channel as prepared
from oms_import.pipeline.channel import open_drop, select
from oms_import.pipeline.chosen import stretches
from oms_import.pipeline.companions import Pairing, Waiting
from oms_import.pipeline.headers import Headers
from oms_import.pipeline.ingest import Ingest, Progress, source_frames
from oms_import.pipeline.late import late_rows
from oms_import.pipeline.release import COMMITTING, Staged, release
from oms_import.pipeline.spool import Spool, spool_error
from oms_import.pipeline.summary import Facts, report
from oms_import.pipeline.writing import Writing, Written
from oms_import.profiles.load import sound_channels
from oms_import.profiles.model import Profile
from oms_import.work import RunRequest, Work, opened
from oms_import.workspace import Workspace


def execute(workspace: Workspace, request: RunRequest, progress: Progress) -> RunReport:
    """Run the pipeline once and say what came of it.

    Raises:
        OmsImportError: the run as a whole could not be done (lock, settings, disk, state).
    """
    fail_on = parse(request.fail_on)
    profiles, broken = _channels(workspace, request)
    started = datetime.now(UTC)
    work = Work(new_run_id(started), started, tuple(profiles), broken=tuple(broken))
    work.errors |= broken
    with hold(workspace.lock, work.run_id, request.lock_wait):
        with opened(workspace) as store:
            work.notes += recover(workspace, store, publish)
        gather(workspace, request, work)
        staging = workspace.staging / work.run_id
        try:
            told = _import(workspace, request, work, staging, fail_on, progress)
        except OSError as error:
            raise spool_error(error, staging) from error
        return told if request.dry_run else _delivered(workspace, told)


def _channels(
    workspace: Workspace, request: RunRequest
) -> tuple[list[Profile], dict[str, SettingError]]:
    """The channels to run, and those whose profiles are wrong: these stop no others.

    Raises:
        SettingError: a channel that is asked for is wrong or not there, or none can run.
    """
    sound, broken = sound_channels(workspace.profiles)
    for name in request.channels:
        if name in broken:
            raise broken[name]
    if broken and not sound:
        raise next(iter(broken.values()))
    return select(sound, request.channels), {} if request.channels else broken


def new_run_id(now: datetime) -> str:
    """Run ids sort by time: 20261123T031500123-1f3a."""
    return f"{now:%Y%m%dT%H%M%S}{now.microsecond // 1000:03}-{secrets.token_hex(2)}"


def _import(
    workspace: Workspace,
    request: RunRequest,
    work: Work,
    staging: Path,
    fail_on: FailOn,
    progress: Progress,
) -> RunReport:
    refused = any(result.status == "rejected" for result in work.results)
    if not work.drops and not refused:
        if not request.dry_run:
            work.notes += put_away(workspace, request, work)  # a crash may have come before
        return report(_facts(request, work, None), fail_on, datetime.now(UTC))
    staging.parent.mkdir(mode=0o700, exist_ok=True)
    try:
        staging.mkdir(mode=0o700)
        spool = _read(workspace, request, work, staging, progress)
        _require_unstopped(request)
        with opened(workspace) as store:
            decisions = staging / "decisions.parquet"
            reopened = partial(_source, workspace, work, staging / "scratch")
            policies = {profile.name: profile.duplicates for profile in work.profiles}
            claims = [part.claims for part in spool]
            names = {drop.index: drop.name for drop in work.drops}
            hours = {profile.name: profile.edi.seen_hours for profile in work.profiles}
            seen = seen_before(store.connection, work.results, hours, work.run_id)
            decide(store.connection, claims, policies, work.run_id, decisions, names, seen)
            writing = _writing(workspace, request, work, staging)
            if not request.dry_run:
                again = partial(_again, workspace, work, reopened)
                late = staging / "late"
                writing.late = late_rows(spool.parts, decisions, writing.drops, again, late)
            written = writing.run(spool.parts, decisions)
            facts = _facts(request, work, written)
            if request.dry_run:
                return report(facts, fail_on, datetime.now(UTC))
            _require_unstopped(request)
            acks = _answers(store, request, work, spool, decisions, reopened)
            files = tuple(write_acks(staging / "acks", acks))
            staged = Staged(staging, tuple(claims), decisions, written, files)
            told = release(workspace, store, facts, fail_on, staged)
    finally:
        _discard(staging)
    return replace(told, notes=(*told.notes, *put_away(workspace, request, work)))


def _delivered(workspace: Workspace, told: RunReport) -> RunReport:
    """The report with what receivers said; it was written before they were asked."""
    notes, codes = deliver(workspace, partial(opened, workspace))
    code = gravest(codes | {told.exit_code})
    return replace(told, notes=(*told.notes, *notes), exit_code=code)


def _answers(
    store: Store,
    request: RunRequest,
    work: Work,
    spool: Spool,
    decisions: Path,
    source: Callable[[Drop], Source],
) -> list[Ack]:
    """What partners are told: of the syntax once, of orders also where a retry accepts them."""
    profiles = {profile.name: profile for profile in work.profiles}
    reserve_numbers = partial(reserve, store.connection)
    again = request.only is not None
    answering = Answering(profiles, reserve_numbers, work.started, source, again)
    return list(acknowledgements(work.results, spool.parts, decisions, answering))


def _read(
    workspace: Workspace, request: RunRequest, work: Work, staging: Path, progress: Progress
) -> Spool:
    """All channels into the spool; one that cannot be prepared does not stop the others."""
    spool = Spool(staging / "spool")
    limits = workspace.settings.limits.as_limits()
    scratch = staging / "scratch"
    scratch.mkdir()
    for profile in work.profiles:
        drops = [drop for drop in work.drops if drop.channel == profile.name]
        if not drops:
            continue
        begun = monotonic()
        ready = prepared(profile, workspace.settings.timezone, limits)
        failed = partial(_failed, request)
        waiting = work.waiting.get(profile.name, Waiting.nobody())
        pairs = None
        if profile.companion.profile:
            pairs = work.pairings[profile.name] = Pairing.of(ready, drops, waiting, scratch)
        others = pairs.others if pairs else frozenset[int]()
        again = request.retry_of is not None
        headers = Headers(profile, work.headers.get(profile.name, []), others, again)
        for only, some in stretches(drops, work.only):
            watched = headers if only is None else None  # parts of a drop: it was judged whole
            ingest = Ingest(ready, spool, scratch, failed, progress, only, pairs, watched)
            work.results += [r for r in ingest.run(some) if _tells(r, waiting)]
        work.seconds[profile.name] += monotonic() - begun
    return spool


def _tells(result: DropResult, waiting: Waiting) -> bool:
    """Whether a drop's result is news: of what waits, and goes on waiting, it is not."""
    return bool(result.records) or result.drop.drop_id not in waiting.records


def _again(
    workspace: Workspace, work: Work, source: Callable[[Drop], Source], drop: Drop
) -> Iterator[pl.DataFrame]:
    """A drop's source frames once more."""
    rows = workspace.settings.limits.batch_rows
    pairs = work.pairings.get(drop.channel)
    return source_frames(drop, source(drop), rows, pairs)


def _source(workspace: Workspace, work: Work, scratch: Path, drop: Drop) -> Source:
    """A drop opened once more, as its channel reads it."""
    profile = next(one for one in work.profiles if one.name == drop.channel)
    pairs = work.pairings.get(drop.channel)
    own = prepared(profile, workspace.settings.timezone, workspace.settings.limits.as_limits())
    return open_drop(own if pairs is None else pairs.reading(drop), drop, scratch)


def _failed(request: RunRequest, drop: Drop, error: Exception) -> DropResult:
    """A drop that broke us: told by the kind of error only, since its text may quote the order."""
    _require_unstopped(request)
    finding = Finding(
        Code.DROP_FAILED, detail=type(error).__name__, location=Location(drop=drop.name)
    )
    return DropResult(
        drop, "failed", findings=(finding,), profile=drop.channel, detail=type(error).__name__
    )


def _require_unstopped(request: RunRequest) -> None:
    """A library may make an error of its own of the signal that told us to end; so we ask.

    Raises:
        OmsImportError: a signal came.
    """
    if request.stopped():
        raise OmsImportError("stopped by a signal", code="STOPPED")


def _writing(workspace: Workspace, request: RunRequest, work: Work, staging: Path) -> Writing:
    return Writing(
        folder=staging,
        drops={drop.index: drop for drop in work.drops},
        dialects={r.drop.index: r.dialect for r in work.results if r.dialect is not None},
        formats=workspace.settings.outputs.formats,
        refused=tuple(r for r in work.results if r.status in {"rejected", "failed"}),
        dry=request.dry_run,
    )


def _facts(request: RunRequest, work: Work, written: Written | None) -> Facts:
    order = {profile.name: position for position, profile in enumerate(work.profiles)}
    results = sorted(work.results, key=lambda r: (order.get(r.drop.channel, 0), r.drop.name))
    totals: Mapping[int, Totals] = written.totals if written else {}
    return Facts(
        run_id=work.run_id,
        command=request.command,
        dry_run=request.dry_run,
        started=work.started,
        channels=(*order, *work.broken),
        results=tuple(results),
        totals=totals,
        reasons=written.reasons if written else (),
        errors=work.errors,
        seconds=work.seconds,
        notes=tuple(work.notes),
        retry_of=request.retry_of,
        profiles=work.profiles,
    )


def _discard(staging: Path) -> None:
    """Remove staging, unless a commit was made that is not published yet."""
    if not (staging / COMMITTING).exists():
        shutil.rmtree(staging, ignore_errors=True)
