"""`runs`: the history of runs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer

from oms_import.cli import output
from oms_import.cli.options import AsJson, LockWait, Where, opened, seconds
from oms_import.cli.stores import reading
from oms_import.model.errors import LockHeldError, StateError

if TYPE_CHECKING:
    from oms_import.workspace import Workspace

app = typer.Typer(help="List runs and show what they did.", no_args_is_help=True)

Run = Annotated[
    str, typer.Argument(metavar="RUN", help="A run id, its beginning, or last (the default).")
]


@app.command("list")
def list_(
    context: typer.Context,
    limit: Annotated[int, typer.Option(min=1, help="At most so many, newest first.")] = 20,
    json: AsJson = False,
    workspace: Where = None,
) -> None:
    """List the newest runs.

    \b
    Example:
        oms-import runs list --limit 5
    """
    from oms_import.report.listed import runs_list

    found = _listed(opened(context, workspace), limit)
    if json:
        output.document({"schema": 1, "runs": found})
    else:
        output.show(runs_list(found, output.look()))


@app.command("show")
def show(
    context: typer.Context, run: Run = "last", json: AsJson = False, workspace: Where = None
) -> None:
    """Show a run's report as the run printed it, and what became of its accepted orders since.

    \b
    Example:
        oms-import runs show last
    """
    from oms_import.report.terminal import run_report

    space = opened(context, workspace)
    document = _report(space, run)
    document["deliveries"] = _deliveries(space, str(document["run_id"]))
    if json:
        output.document(document)
    else:
        output.show(run_report(document, space.root, space.settings.owners, output.look()))


@app.command("deliver")
def deliver(
    context: typer.Context,
    refused: Annotated[
        bool, typer.Option("--refused", help="Also what a receiver refused, after it was mended.")
    ] = False,
    lock_wait: LockWait = "0s",
    json: AsJson = False,
    workspace: Where = None,
) -> None:
    """Hand on now what receivers have not taken yet; every run does so at its end.

    \b
    Example:
        oms-import runs deliver --refused
    """
    from functools import partial

    from oms_import.delivering import deliver as delivered
    from oms_import.history.lock import hold
    from oms_import.model.errors import gravest
    from oms_import.work import opened as history

    space = opened(context, workspace)
    with hold(space.lock, "delivery", seconds(lock_wait)):
        notes, codes = delivered(space, partial(history, space), refused=refused)
    if json:
        output.document({"schema": 1, "notes": notes, "exit_code": gravest(codes)})
    else:
        output.write("".join(f"{note}\n" for note in notes) or "nothing waits to be delivered\n")
    raise typer.Exit(gravest(codes))


@app.command("report")
def report(
    context: typer.Context, run: Run = "last", json: AsJson = False, workspace: Where = None
) -> None:
    """Print where the run's report files are.

    \b
    Example:
        oms-import runs report last
    """
    space = opened(context, workspace)
    run_id = str(_report(space, run)["run_id"])
    files = sorted(str(path) for path in (space.out / "reports" / run_id).glob("report.*"))
    if json:
        output.document({"schema": 1, "run_id": run_id, "files": files})
    else:
        output.write("".join(f"{file}\n" for file in files))


def _report(workspace: Workspace, run: str) -> dict[str, object]:
    """The run's report from history, or from its file while a run has history open."""
    from oms_import.history.queries import get_run

    try:
        with reading(workspace) as connection:
            report = get_run(connection, run)
    except LockHeldError:
        return _from_file(workspace, run)
    if "totals" not in report:
        raise StateError(
            f"the report of run {report['run_id']} cannot be read from history",
            hint="see `oms-import history verify`",
        )
    return report


def _deliveries(workspace: Workspace, run_id: str) -> list[dict[str, object]]:
    """What became of the run's accepted orders; unknown while a run has history open."""
    from oms_import.history.outbox import deliveries

    try:
        with reading(workspace) as connection:
            return deliveries(connection, run_id)
    except LockHeldError:
        return []


def _from_file(workspace: Workspace, run: str) -> dict[str, object]:
    from json import loads

    from oms_import.stored import stored_run

    run_id = stored_run(workspace, run).run_id
    path = workspace.out / "reports" / run_id / "report.json"
    return loads(path.read_text("utf-8"))


def _listed(workspace: Workspace, limit: int) -> list[dict[str, object]]:
    """The newest runs from history, or from their report files while a run has history open."""
    from oms_import.history.queries import list_runs
    from oms_import.stored import run_ids

    try:
        with reading(workspace) as connection:
            return list_runs(connection, limit)
    except LockHeldError:
        newest = run_ids(workspace)[: -limit - 1 : -1]
        return [_summary(_from_file(workspace, run_id)) for run_id in newest]


def _summary(report: Mapping[str, Any]) -> dict[str, object]:
    keys = ("run_id", "command", "status", "exit_code", "started_at", "finished_at", "retry_of")
    return {**{key: report.get(key) for key in keys}, "published": True, **report["totals"]}
