"""What a run takes: drops landed from folders, servers and files, new ones told from known ones."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from time import monotonic

from oms_import.expected import overdue
from oms_import.fetching import fetch, settle
from oms_import.history.decide import known_drops
from oms_import.history.headers import known_headers
from oms_import.history.queries import settled
from oms_import.history.sources import remember_source, source_state
from oms_import.history.store import Store
from oms_import.model.codes import Code
from oms_import.model.errors import OmsImportError, OutputError
from oms_import.model.finding import Finding, Location
from oms_import.model.values import Drop, DropResult
from oms_import.pipeline.arrivals import Arrival, acknowledge, arrive, offers_of
from oms_import.pipeline.chosen import Only
from oms_import.profiles.model import Profile
from oms_import.streaks import after, resting
from oms_import.waiting import taken_up
from oms_import.work import RunRequest, Work, opened
from oms_import.workspace import Workspace


def gather(workspace: Workspace, request: RunRequest, work: Work) -> None:
    """Land what the channels have; tell new drops from known ones.

    Raises:
        OutputError: our own disk failed.
    """
    fared: dict[str, OmsImportError | None] = {}
    for profile in work.profiles:
        begun = monotonic()
        try:
            if request.files is None and request.fetch:
                work.arrivals[profile.name] = _asked(workspace, request, profile, work, fared)
            else:
                limits = workspace.settings.limits.as_limits()
                files = (request.files or {}).get(profile.name, ())
                landed = arrive(profile, files, workspace.raw, limits, work.started)
                work.arrivals[profile.name] = landed
        except OutputError:
            raise
        except OmsImportError as error:
            work.errors[profile.name] = error
        work.seconds[profile.name] = monotonic() - begun
    if not request.dry_run:
        _remember_streaks(workspace, work, fared)
    _sort_out(workspace, request, work)
    if request.files is None and request.fetch and request.only is None:
        _miss(workspace, work)


def _miss(workspace: Workspace, work: Work) -> None:
    """Say of which channels a drop is overdue; not of those that could not be asked."""
    came = {drop.channel for drop in work.drops} | work.errors.keys()
    asked = [one for one in work.profiles if one.source.expect and one.name not in came]
    if asked:
        with opened(workspace) as store:
            work.errors |= overdue(store.connection, workspace, asked, work.started)


def put_away(workspace: Workspace, request: RunRequest, work: Work) -> tuple[str, ...]:
    """After the commit: what the profiles want done with the taken files; returns what failed."""
    if request.files is not None:
        return ()
    notes: list[str] = []
    broken = {result.drop.origin for result in work.results if result.status == "failed"}
    for profile in work.profiles:
        fetched = work.fetched.get(profile.name)
        if fetched is not None:
            store = partial(opened, workspace)
            notes += settle(workspace, profile, fetched, work.run_id, broken, store)
        elif profile.source.is_local:
            done = [a.offer for a in work.arrivals.get(profile.name, []) if a.error is None]
            taken = [offer for offer in done if offer.origin not in broken]
            notes += acknowledge(profile, taken, workspace.root)
    return tuple(notes)


def _asked(
    workspace: Workspace,
    request: RunRequest,
    profile: Profile,
    work: Work,
    fared: dict[str, OmsImportError | None],
) -> list[Arrival]:
    """What the channel's source has, landed; `fared` is told how the source did.

    Raises:
        OmsImportError: the source could not be asked.
    """
    if profile.source.is_local:
        try:
            offers = offers_of(profile, workspace.root, work.started)
        except OmsImportError as error:
            fared[profile.name] = error
            raise
        fared[profile.name] = None
        limits = workspace.settings.limits.as_limits()
        return arrive(profile, offers, workspace.raw, limits, work.started)
    store = partial(opened, workspace)
    with store() as history:
        rests = resting(source_state(history.connection, profile.name), datetime.now(UTC))
    if rests is not None:
        raise rests
    try:
        fetched = fetch(workspace, profile, work.started, store, dry=request.dry_run)
    except OutputError:
        raise
    except OmsImportError as error:
        fared[profile.name] = error
        raise
    fared[profile.name] = fetched.lost
    work.fetched[profile.name] = fetched
    work.notes += fetched.notes
    return list(fetched.arrivals)


def _remember_streaks(
    workspace: Workspace, work: Work, fared: Mapping[str, OmsImportError | None]
) -> None:
    """How the sources fared; of folders only what went wrong, and that it is over."""
    if not fared:
        return
    with opened(workspace) as store:
        for profile in work.profiles:
            if profile.name not in fared:
                continue
            state, error = source_state(store.connection, profile.name), fared[profile.name]
            if not profile.source.is_local or error is not None or state.streak:
                limits = workspace.settings.retries
                remember_source(store.connection, after(state, error, work.started, limits))


def _sort_out(workspace: Workspace, request: RunRequest, work: Work) -> None:
    landed = [a for arrivals in work.arrivals.values() for a in arrivals]
    for name, arrivals in work.arrivals.items():
        failed = [a.error for a in arrivals if a.error is not None]
        if failed:
            work.errors[name] = failed[0]
    refused = [result for a in landed for result in a.refused]
    drops = [drop for a in landed for drop in a.drops]
    ids = [drop.drop_id for drop in (*drops, *(r.drop for r in refused))]
    with opened(workspace) as store:
        known = known_drops(store.connection, ids) if request.only is None else {}
        work.only = _unsettled(store, request)
        work.headers = known_headers(store.connection, [one.name for one in work.profiles])
    if work.only is not None:
        drops = [drop for drop in drops if work.only.get(drop.drop_id, {}) != {}]
    seen: set[str] = set()
    for drop in drops:
        earlier = known.get(drop.drop_id)
        if earlier is not None:
            work.results.append(
                _duplicate(drop, f"imported by run {earlier.run_id} as {earlier.name}")
            )
        elif drop.drop_id in seen:
            work.results.append(_duplicate(drop, "the same file came twice in this run"))
        else:
            work.drops.append(replace(drop, index=len(work.drops)))
        seen.add(drop.drop_id)
    if request.only is None:
        with opened(workspace) as store:
            for profile in work.profiles:
                _take_up(workspace, store, profile, work)
    for result in refused:
        earlier = known.get(result.drop.drop_id)
        again = f"refused by run {earlier.run_id}" if earlier else ""
        work.results.append(_duplicate(result.drop, again) if earlier else result)


def _take_up(workspace: Workspace, store: Store, profile: Profile, work: Work) -> None:
    """Add the drops whose orders wait for what may have come now."""
    new = any(drop.channel == profile.name for drop in work.drops)
    waiting, drops = taken_up(workspace, store, profile, work.started, new_drops=new)
    here = {drop.drop_id for drop in work.drops}
    again = [drop for drop in drops if drop.drop_id not in here]
    first = len(work.drops)
    work.drops += [replace(drop, index=first + at) for at, drop in enumerate(again)]
    work.waiting[profile.name] = waiting
    if waiting.records:
        one_each = {name: {"": sorted(its)} for name, its in waiting.records.items()}
        work.only = {**(work.only or {}), **one_each}


def _unsettled(store: Store, request: RunRequest) -> Only | None:
    """What a retry takes, without the orders that were accepted since, from a corrected file."""
    if request.only is None or request.retry_of is None:
        return request.only
    done = settled(store.connection, request.retry_of)
    return {
        drop_id: orders and {key: orders[key] for key in orders if key not in done}
        for drop_id, orders in request.only.items()
    }


def _duplicate(drop: Drop, detail: str) -> DropResult:
    where = Location(drop=drop.name)
    finding = Finding(Code.DUP_FILE, value=drop.name, detail=detail, location=where)
    return DropResult(drop, "duplicate", findings=(finding,), profile=drop.channel, detail=detail)
