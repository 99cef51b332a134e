"""`run`, `import`, `retry`, `replay`: everything that goes through the pipeline."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from oms_import.cli import diagnostics, output
from oms_import.cli.options import (
    AsJson,
    DryRun,
    FailOn,
    LockWait,
    Quiet,
    Where,
    opened,
    seconds,
)

if TYPE_CHECKING:
    from oms_import.cli.progress import Progress
    from oms_import.model.report import RunReport
    from oms_import.run import RunRequest
    from oms_import.workspace import Workspace


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("run", short_help="The nightly job, for all channels.")(run)
    app.command("import", short_help="Import local files.")(import_)
    app.command("retry", short_help="Again, only what failed.")(retry)
    app.command("replay", short_help="What would today's profiles change?")(replay)


def run(
    context: typer.Context,
    channels: Annotated[
        list[str] | None, typer.Argument(metavar="CHANNEL", help="Default: all enabled ones.")
    ] = None,
    no_fetch: Annotated[
        bool, typer.Option("--no-fetch", help="Look at no source; only finish what is under way.")
    ] = False,
    dry_run: DryRun = False,
    lock_wait: LockWait = "0s",
    fail_on: FailOn = "any",
    quiet: Quiet = False,
    json: AsJson = False,
    workspace: Where = None,
) -> None:
    """The nightly job: fetch, import, publish and report, for all or the named channels.

    Running it again is safe: what was imported before is not imported again.

    \b
    Example:
        oms-import run
        oms-import run shop-a shop-b --lock-wait 10m --fail-on 'rejects>5%'
    """
    from oms_import.run import RunRequest

    request = RunRequest(
        command="run",
        channels=tuple(channels or ()),
        dry_run=dry_run,
        fetch=not no_fetch,
        lock_wait=seconds(lock_wait),
        fail_on=fail_on,
        stopped=diagnostics.stopped,
    )
    _execute(opened(context, workspace), request, quiet, json)


def import_(
    context: typer.Context,
    channel: Annotated[
        str, typer.Argument(metavar="CHANNEL", help="The channel whose profile reads the files.")
    ],
    files: Annotated[
        list[str],
        typer.Argument(metavar="FILE", help="Files, archives, directories, globs, or - ."),
    ],
    dry_run: DryRun = False,
    lock_wait: LockWait = "0s",
    fail_on: FailOn = "any",
    quiet: Quiet = False,
    json: AsJson = False,
    workspace: Where = None,
) -> None:
    """Import local files as drops of a channel, by the same pipeline as `run`.

    \b
    Example:
        oms-import import shop-a orders.csv 'more/*.csv'
        cat orders.csv | oms-import import shop-a -
    """
    from oms_import.cli.files import offers
    from oms_import.run import RunRequest

    space = opened(context, workspace)
    with offers(files) as found:
        request = RunRequest(
            command="import",
            channels=(channel,),
            files={channel: found},
            dry_run=dry_run,
            lock_wait=seconds(lock_wait),
            fail_on=fail_on,
            stopped=diagnostics.stopped,
        )
        _execute(space, request, quiet, json)


def retry(
    context: typer.Context,
    run_id: Annotated[
        str | None,
        typer.Argument(metavar="RUN_ID", help="A run or the beginning of its id; default: last."),
    ] = None,
    exception: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="Only this exception, group or order; may be repeated."),
    ] = None,
    corrected: Annotated[
        str | None,
        typer.Option("--from", metavar="FILE", help="A file of out/rejected that you corrected."),
    ] = None,
    channel: Annotated[
        str | None, typer.Option(metavar="NAME", help="With --from: the channel, if not clear.")
    ] = None,
    dry_run: DryRun = False,
    lock_wait: LockWait = "0s",
    fail_on: FailOn = "any",
    quiet: Quiet = False,
    json: AsJson = False,
    workspace: Where = None,
) -> None:
    """Import again only what a run rejected or held, after its cause was mended.

    Either with today's profiles from the raw files, or from a corrected file.

    \b
    Example:
        oms-import retry
        oms-import retry --exception G-3f2a91c07d
        oms-import retry --from shop-a/orders.rejected.csv --channel shop-a
    """
    from oms_import.retry import retry as retried
    from oms_import.run import RunRequest

    if sum(map(bool, (corrected, run_id, exception))) > 1:
        raise typer.BadParameter("name a run, --exception or --from FILE, and only one of them")
    space = opened(context, workspace)
    request = RunRequest(
        command="retry",
        dry_run=dry_run,
        lock_wait=seconds(lock_wait),
        fail_on=fail_on,
        stopped=diagnostics.stopped,
    )
    if corrected:
        _corrected(space, request, corrected, channel, quiet, json)
    elif exception:
        _exceptions(space, request, exception, quiet, json)
    else:
        _told(lambda progress: retried(space, run_id, request, progress), space, quiet, json)


def _exceptions(
    workspace: Workspace, request: RunRequest, names: list[str], quiet: bool, as_json: bool
) -> None:
    """A retry for each run the exceptions are of; with --json the last one's report."""
    from oms_import.queueing import tried_again

    _all_told(
        lambda progress: tried_again(workspace, names, request, progress), workspace, quiet, as_json
    )


def _corrected(
    workspace: Workspace,
    request: RunRequest,
    file: str,
    channel: str | None,
    quiet: bool,
    as_json: bool,
) -> None:
    from dataclasses import replace

    from oms_import.cli.files import offers
    from oms_import.corrected_file import origin_of

    with offers([file]) as found:
        origin = origin_of(workspace, Path(file), channel)
        again = replace(
            request,
            channels=(origin.channel,),
            files={origin.channel: found},
            retry_of=origin.run_id,
        )
        _execute(workspace, again, quiet, as_json)


def replay(
    context: typer.Context,
    run_id: Annotated[
        str | None,
        typer.Argument(metavar="RUN_ID", help="A run or the beginning of its id; default: last."),
    ] = None,
    profile_version: Annotated[
        int | None,
        typer.Option(metavar="N", help="Read with this version of the profiles; default: today's."),
    ] = None,
    since: Annotated[
        str | None, typer.Option(metavar="TIME", help="All runs of the last 12h, 30d … instead.")
    ] = None,
    commit: Annotated[
        bool, typer.Option("--commit", help="Import what today's profiles make of the run.")
    ] = False,
    lock_wait: LockWait = "0s",
    fail_on: FailOn = "any",
    quiet: Quiet = False,
    json: AsJson = False,
    workspace: Where = None,
) -> None:
    """Show what today's profiles would make of stored files: outcomes and fields that change.

    Changes nothing without --commit; with it, what is known and the same is a duplicate, and what
    comes out otherwise is a revision.

    \b
    Example:
        oms-import replay 20261123
        oms-import replay --since 30d --profile-version 3
    """
    from oms_import.replay import commit as committed
    from oms_import.replay import replay as replayed

    if run_id and since:
        raise typer.BadParameter("name a run or --since, not both")
    if commit and (since or profile_version is not None):
        raise typer.BadParameter("--commit takes one run and today's profiles")
    space = opened(context, workspace)
    if commit:
        from oms_import.run import RunRequest

        request = RunRequest(
            command="replay",
            lock_wait=seconds(lock_wait),
            fail_on=fail_on,
            stopped=diagnostics.stopped,
        )
        _told(lambda progress: committed(space, run_id, request, progress), space, quiet, json)
    runs: list[str | None] = [run_id]
    if since:
        from datetime import UTC, datetime, timedelta

        from oms_import.replay import since as runs_since

        begin = datetime.now(UTC) - timedelta(seconds=seconds(since, "--since"))
        runs = [*runs_since(space, begin)]
    difference = replayed(space, runs, profile_version).as_json()
    if json:
        output.document(difference)
        return
    from oms_import.report.replayed import replay_report

    output.show(replay_report(difference, output.look()))


def _execute(workspace: Workspace, request: RunRequest, quiet: bool, as_json: bool) -> None:
    from oms_import.run import execute

    _told(lambda progress: execute(workspace, request, progress), workspace, quiet, as_json)


def _told(
    work: Callable[[Progress], RunReport], workspace: Workspace, quiet: bool, as_json: bool
) -> None:
    """Do the work, show its report, and end with the run's exit code."""
    _all_told(lambda progress: [work(progress)], workspace, quiet, as_json)


def _all_told(
    work: Callable[[Progress], Sequence[RunReport]],
    workspace: Workspace,
    quiet: bool,
    as_json: bool,
) -> None:
    """The same for several runs: all shown, or as JSON the last; the gravest exit code."""
    from oms_import.cli.progress import shown
    from oms_import.model.errors import gravest

    with shown(wanted=not quiet and not as_json) as progress:
        reports = work(progress)
    documents = [one.as_json() for one in reports]
    if as_json:
        output.document(documents[-1])
    elif not quiet:
        from oms_import.report.terminal import run_report

        owners = workspace.settings.owners
        for document in documents:
            output.show(run_report(document, workspace.root, owners, output.look()))
    raise typer.Exit(gravest({one.exit_code for one in reports}))
