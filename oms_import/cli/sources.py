"""`channels check`, `health` and `retry`: can the sources be reached, and how have they fared."""

from __future__ import annotations

from typing import Annotated

import typer

from oms_import.cli import output
from oms_import.cli.options import AsJson, LockWait, Where, opened, seconds
from oms_import.cli.stores import reading

Some = Annotated[
    list[str] | None, typer.Argument(metavar="CHANNEL…", help="Channels; without any, all.")
]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    for command in (check, health, retry):
        app.command(command.__name__)(command)


def check(
    context: typer.Context, names: Some = None, json: AsJson = False, workspace: Where = None
) -> None:
    """Connect to the channels' sources and count what is ready; nothing is fetched.

    Exit code 0 when all can be asked, 2 for settings, 5 where a source cannot be reached, 6 where
    it refuses us or shows another host key.

    \b
    Example:
        oms-import channels check
        oms-import channels check webshop
    """
    from oms_import.health import check, verdict
    from oms_import.report.sources import checked

    found = check(opened(context, workspace), names or ())
    rows = [one.as_json() for one in found]
    if json:
        output.document({"schema": 1, "exit_code": verdict(found), "channels": rows})
    else:
        output.show(checked(rows, output.look()))
    raise typer.Exit(verdict(found))


def health(
    context: typer.Context, names: Some = None, json: AsJson = False, workspace: Where = None
) -> None:
    """Show how the sources fared: last success and drop, failures in a row, dead letters.

    Exit code 5 where a drop is overdue that the profile expects.

    A dead letter is a file that failed in five runs; it is tried again when it changes, or after
    `channels retry`.

    \b
    Example:
        oms-import channels health
    """
    from oms_import.health import health
    from oms_import.pipeline.channel import select
    from oms_import.profiles.load import channels
    from oms_import.report.sources import fared

    space = opened(context, workspace)
    chosen = select(channels(space.profiles), names or ())
    with reading(space) as connection:
        rows = health(connection, space, chosen)
    if json:
        output.document({"schema": 1, "channels": rows})
    else:
        output.show(fared(rows, output.look()))
    raise typer.Exit(5 if any(row["overdue"] for row in rows) else 0)


def retry(
    context: typer.Context,
    channel: Annotated[str, typer.Argument(metavar="CHANNEL", help="The channel's name.")],
    lock_wait: LockWait = "0s",
    json: AsJson = False,
    workspace: Where = None,
) -> None:
    """Have the next run ask a resting source at once, and try its dead letters again.

    \b
    Example:
        oms-import channels retry webshop
    """
    from oms_import.health import retry
    from oms_import.report.sources import retried

    files = retry(opened(context, workspace), channel, seconds(lock_wait))
    if json:
        output.document({"schema": 1, "channel": channel, "files": files})
    else:
        output.show(retried(channel, files))
