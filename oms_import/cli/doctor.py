"""`doctor`: is everything in order here?"""

from __future__ import annotations

import typer

from oms_import.cli import output
from oms_import.cli.options import AsJson, Where, found


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("doctor", short_help="Is everything in order here?")(doctor)


def doctor(context: typer.Context, json: AsJson = False, workspace: Where = None) -> None:
    """Check settings, profiles, disk, lock, clock, state and outputs, and say what to do.

    Exit code 0 when nothing fails, 2 for settings, 7 for the disk, 12 for the state.

    \b
    Example:
        oms-import doctor
    """
    from oms_import.doctor import checks, verdict
    from oms_import.report.listed import checklist

    results = checks(found(context, workspace))
    if json:
        rows = [result.as_json() for result in results]
        output.document({"schema": 1, "exit_code": verdict(results), "checks": rows})
    else:
        output.show(checklist(results, output.look()))
    raise typer.Exit(verdict(results))
