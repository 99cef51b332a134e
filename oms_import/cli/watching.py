"""`watch`: the run again and again."""

from __future__ import annotations

import json as json_text
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from oms_import.cli import diagnostics, output
from oms_import.cli.options import AsJson, FailOn, Quiet, Where, opened, seconds

if TYPE_CHECKING:
    from oms_import.watching import Round


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("watch", short_help="The run again and again, for feeds that cannot wait.")(watch)


def watch(
    context: typer.Context,
    channels: Annotated[
        list[str] | None, typer.Argument(metavar="CHANNEL", help="Default: all enabled ones.")
    ] = None,
    every: Annotated[
        str, typer.Option(metavar="TIME", help="From the beginning of a round to the next one's.")
    ] = "30s",
    rounds: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="End after so many; default: never.")
    ] = None,
    lock_wait: Annotated[
        str, typer.Option(metavar="TIME", help="How long a round waits for another run to end.")
    ] = "10m",
    fail_on: FailOn = "any",
    quiet: Quiet = False,
    json: AsJson = False,
    workspace: Where = None,
) -> None:
    """Run again and again, until Ctrl-C or SIGTERM; a line for each round that did something.

    The nightly run may go on beside it: they take turns. A server that is down or a full disk does
    not end it; what needs a person does. With --json a document a line.

    \b
    Example:
        oms-import watch --every 30s
        oms-import watch shop-a --every 5s --rounds 10
    """
    from time import sleep

    from oms_import.model.errors import gravest
    from oms_import.watching import watch as watched
    from oms_import.work import RunRequest

    request = RunRequest(
        command="run",
        channels=tuple(channels or ()),
        lock_wait=seconds(lock_wait),
        fail_on=fail_on,
        stopped=diagnostics.stopped,
    )
    pause = seconds(every, "--every")
    teller = _Teller(quiet, json)
    codes: set[int] = set()
    for one in watched(opened(context, workspace), request, pause, sleep, rounds):
        codes.add(one.exit_code)
        teller.tell(one)
    raise typer.Exit(gravest(codes))


@dataclass
class _Teller:
    """Tells what is new; a server that is down is told once, not every half minute."""

    quiet: bool
    as_json: bool
    last: str = ""

    def tell(self, one: Round) -> None:
        """One round, if there is something to say of it."""
        if self.as_json:
            document = one.report or one.error
            if document is not None:
                output.write(json_text.dumps(document.as_json(), default=str) + "\n")
            return
        wrong = _wrong(one)
        if wrong != self.last:
            diagnostics.say(f"{one.at:%Y-%m-%d %H:%M:%S} UTC  {wrong or 'well again'}")
            self.last = wrong
        if one.report is not None and one.report.status != "noop" and not self.quiet:
            from oms_import.report.rounds import round_line

            output.write(f"{one.at:%Y-%m-%d %H:%M:%S} UTC  {round_line(one.report.as_json())}\n")


def _wrong(one: Round) -> str:
    """What failed, for people; orders that were rejected are no failure of the round."""
    if one.error is not None:
        return diagnostics.placed(one.error)
    channels = one.report.channels if one.report else ()
    return "; ".join(f"{c.channel}: {c.error}" for c in channels if c.error)
