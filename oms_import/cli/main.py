"""The `oms-import` command: its groups, and the one place where every failure ends."""

from __future__ import annotations

import os
import sys
from typing import Annotated

import typer

from oms_import import __version__
from oms_import.cli import (
    channels,
    diagnostics,
    doctor,
    exceptions,
    explain,
    history,
    importing,
    init,
    listening,
    output,
    preview,
    profiles,
    runs,
    trace,
    watching,
)
from oms_import.cli.options import Where
from oms_import.model.errors import OmsImportError

app = typer.Typer(
    name="oms-import",
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    pretty_exceptions_show_locals=False,
    no_args_is_help=True,
    context_settings={"help_option_names": ["--help", "-h"]},
)


def _version(asked: bool) -> None:
    if asked:
        output.write(f"oms-import {__version__}\n")
        raise typer.Exit


@app.callback()
def _top(
    context: typer.Context,
    workspace: Where = None,
    version: Annotated[  # noqa: ARG001 - its callback answers
        bool,
        typer.Option("--version", callback=_version, is_eager=True, help="Print the version."),
    ] = False,
) -> None:
    """Import orders of all sales channels: normalize, validate, dedupe, accept or explain.

    \b
    Example:
        oms-import init demo --demo
        oms-import -w demo run
    """
    context.obj = workspace


for _room in (init, importing, watching, listening, preview):
    _room.register(app)
app.add_typer(runs.app, name="runs")
app.add_typer(exceptions.app, name="exceptions")
trace.register(app)
app.add_typer(channels.app, name="channels")
app.add_typer(profiles.app, name="profiles")
app.add_typer(history.app, name="history")
explain.register(app)
doctor.register(app)


_ALLOCATOR = "dirty_decay_ms:10000,muzzy_decay_ms:10000"
"""Polars' memory goes back to the system after 10 s, not at once: a tenth of a big run's CPU."""


def main() -> None:
    """Run the command line of this process and end it with its exit code."""
    os.environ.setdefault("_RJEM_MALLOC_CONF", _ALLOCATOR)
    sys.exit(answer(sys.argv[1:]))


def answer(arguments: list[str]) -> int:
    """Run one command line; whatever happens, the exit code is one of cli.md's."""
    output.prepare()
    as_json = "--json" in arguments
    try:
        diagnostics.on_signals()
        return _dispatched(arguments, as_json)
    except SystemExit:
        raise
    except BaseException as error:  # noqa: BLE001 - the last place; a Polars panic is no Exception
        if diagnostics.stopped():
            return diagnostics.told_stopped(as_json)
        if isinstance(error, OmsImportError):
            return diagnostics.explained(error, as_json)
        return diagnostics.crashed(error, as_json)


def _dispatched(arguments: list[str], as_json: bool) -> int:
    try:
        result = app(args=arguments, prog_name="oms-import", standalone_mode=False)
    except typer.TyperException as error:
        return _misused(error, as_json)
    return result if isinstance(result, int) else 0


def _misused(error: typer.TyperException, as_json: bool) -> int:
    """A wrong command line. Without any command the whole help is the answer."""
    context = getattr(error, "ctx", None)
    path = context.command_path if context else "oms-import"
    if context and error.message == context.get_help():
        if not as_json:
            diagnostics.say(error.message)
            return diagnostics.USAGE
        return diagnostics.usage("no command given", f"see `{path} --help`", path, as_json)
    return diagnostics.usage(error.format_message(), f"see `{path} --help`", path, as_json)
