"""The exception queue as people work it: looked at by groups, taken, settled, tried again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import duckdb
import polars as pl

from oms_import.exceptions.groups import fingerprinted
from oms_import.exceptions.owners import like
from oms_import.history.lock import hold
from oms_import.history.queue import Touch, touch, waiting
from oms_import.model.errors import SettingError
from oms_import.model.report import RunReport
from oms_import.pipeline.ingest import Progress
from oms_import.retry import retry
from oms_import.work import RunRequest, opened
from oms_import.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which exceptions are looked at; nothing said: all that are open."""

    status: str = "open"
    code: str = ""  # glob
    channel: str = ""
    owner: str = ""
    run: str = ""  # the beginning of its id


def queue(
    connection: duckdb.DuckDBPyConnection, workspace: Workspace, wanted: Wanted
) -> pl.DataFrame:
    """Exceptions with their groups and owners (exceptions.groups.fingerprinted)."""
    found = waiting(connection, datetime.now(UTC), wanted.status)
    marked = fingerprinted(found, workspace.settings.owner)
    globs = {"code": wanted.code, "channel": wanted.channel, "owner": wanted.owner}
    for column, glob in globs.items():
        if glob:
            marked = marked.filter(like(marked[column], (glob,)))
    return marked.filter(pl.col("run_id").str.starts_with(wanted.run))


def named(found: pl.DataFrame, names: Sequence[str]) -> pl.DataFrame:
    """Exceptions by what people call them: an id or its beginning, a group, an order number.

    Raises:
        SettingError: a name means nothing, or the beginning of several ids.
    """
    chosen = [_named(found, name) for name in names]
    return pl.concat(chosen).unique("id", maintain_order=True) if chosen else found.clear()


def _named(found: pl.DataFrame, name: str) -> pl.DataFrame:
    for mine in (
        found.filter(pl.col("group").str.to_lowercase() == name.lower()),
        found.filter(pl.col("order_number") == name),
    ):
        if mine.height:
            return mine
    mine = found.filter(pl.col("id").str.starts_with(name.lower()))
    if mine["id"].n_unique() == 1:
        return mine
    known = "is the beginning of several ids" if mine.height else "is no exception here"
    raise SettingError(
        f"{name} {known}",
        hint="`oms-import exceptions list --flat` shows ids; a group's name begins with G-",
        location=name,
    )


def done(workspace: Workspace, names: Sequence[str], what: Touch, wait: float) -> pl.DataFrame:
    """Note what somebody did with some exceptions; returns them.

    Raises:
        SettingError: a name means nothing.
        LockHeldError: a run is under way.
    """
    status = "all" if what.action == "reopen" else "open"
    with hold(workspace.lock, f"exceptions-{what.action}", wait), opened(workspace) as store:
        found = queue(store.connection, workspace, Wanted(status))
        mine = named(found.filter(pl.col("status") != "superseded"), names)
        touch(store.connection, mine["id"].to_list(), what)
    return mine


def tried_again(
    workspace: Workspace, names: Sequence[str], request: RunRequest, progress: Progress
) -> list[RunReport]:
    """Retry some exceptions and nothing else, run by run; a report for each.

    Raises:
        SettingError: a name means nothing.
    """
    with opened(workspace) as store:
        mine = named(queue(store.connection, workspace, Wanted()), names)
    reports: list[RunReport] = []
    for (run_id,), some in mine.partition_by("run_id", as_dict=True, maintain_order=True).items():
        keys = frozenset(zip(some["drop_id"], some["order_key"].fill_null(""), strict=True))
        reports.append(retry(workspace, str(run_id), request, progress, only=keys))
    return reports
