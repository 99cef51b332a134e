"""`history`: the store of everything that was decided."""

from __future__ import annotations

import typer

from oms_import.cli import output
from oms_import.cli.options import AsJson, Where, opened
from oms_import.cli.stores import reading
from oms_import.model.errors import StateError

app = typer.Typer(help="Measure and verify the history store.", no_args_is_help=True)


@app.command("stats")
def stats(context: typer.Context, json: AsJson = False, workspace: Where = None) -> None:
    """Count what the store holds.

    \b
    Example:
        oms-import history stats
    """
    from oms_import.history.verify import stats as counted
    from oms_import.report.listed import facts

    with reading(opened(context, workspace)) as connection:
        found = counted(connection)
    if json:
        output.document({"schema": 1, **found})
    else:
        output.show(facts("History store", found))


@app.command("verify")
def verify(context: typer.Context, json: AsJson = False, workspace: Where = None) -> None:
    """Prove that no order was accepted twice and that the store agrees with itself.

    Exit code 12 when it does not.

    \b
    Example:
        oms-import history verify
    """
    from oms_import.history.verify import verify as verified

    with reading(opened(context, workspace)) as connection:
        problems = verified(connection)
    if json:
        output.document({"schema": 1, "ok": not problems, "problems": problems})
    elif not problems:
        output.write("The history store agrees with itself: no order key twice.\n")
    else:
        from oms_import.report.listed import problems_list

        output.show(problems_list(problems, output.look()))
    if problems:
        raise typer.Exit(StateError.exit_code)
