"""Retry: what an earlier run rejected or held, again, with today's profiles."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from oms_import.model.errors import SettingError
from oms_import.model.report import RunReport
from oms_import.model.values import Offer
from oms_import.pipeline.ingest import Progress
from oms_import.run import RunRequest, execute
from oms_import.stored import stored_run
from oms_import.workspace import Workspace

Failed = dict[str, dict[str, list[int]] | None]
"""Drop id → order key → its records; None: the whole drop."""


def retry(
    workspace: Workspace,
    run_id: str | None,
    request: RunRequest,
    progress: Progress,
    only: Collection[tuple[str, str]] | None = None,
) -> RunReport:
    """Read the run's rejected and held orders, and its refused drops, again from the raw store.

    Args:
        workspace: where.
        run_id: the run, or the beginning of its id; None: the last one.
        request: options of the new run (dry run, lock wait, fail on).
        progress: told (label, done, total).
        only: drop id and order key of each order that is taken; None: all are.

    Raises:
        SettingError: there is no such run, or nothing of it failed.
    """
    stored = stored_run(workspace, run_id)
    failed = stored.failed() if only is None else _some(stored.failed(), only)
    if not failed:
        raise SettingError(
            f"nothing of run {stored.run_id} was rejected or held",
            hint="name another run; `oms-import runs list` shows them",
        )
    files: dict[str, tuple[Offer, ...]] = {}
    for drop in stored.drops:
        if drop.drop_id in failed:
            offer = drop.offer(workspace, stored.run_id)
            files[drop.channel] = (*files.get(drop.channel, ()), offer)
    again = replace(
        request,
        command="retry",
        channels=tuple(files),
        files=files,
        only=failed,
        retry_of=stored.run_id,
    )
    return execute(workspace, again, progress)


def _some(failed: Failed, only: Collection[tuple[str, str]]) -> Failed:
    """Orders that are asked for; refused drops are none."""
    some: Failed = {}
    for drop_id, orders in failed.items():
        mine = {key: records for key, records in (orders or {}).items() if (drop_id, key) in only}
        if mine:
            some[drop_id] = mine
    return some
