"""`exceptions`: orders, and whole files, that wait for somebody."""

from __future__ import annotations

from typing import Annotated

import typer

from oms_import.cli import output
from oms_import.cli.options import AsJson, Where, opened
from oms_import.cli.stores import reading

app = typer.Typer(help="List rejected and held orders that are still open.", no_args_is_help=True)


@app.command("list")
def list_(
    context: typer.Context,
    limit: Annotated[int, typer.Option(min=1, help="At most so many, newest first.")] = 50,
    json: AsJson = False,
    workspace: Where = None,
) -> None:
    """List rejected and held orders, and refused files, that no later run accepted.

    \b
    Example:
        oms-import exceptions list
    """
    from oms_import.history.queries import open_exceptions
    from oms_import.report.listed import exceptions_list

    with reading(opened(context, workspace)) as connection:
        found = open_exceptions(connection, limit)
    if json:
        output.document({"schema": 1, "exceptions": found})
    else:
        output.show(exceptions_list(found, output.look()))


@app.command("show")
def show(
    context: typer.Context,
    order: Annotated[str, typer.Argument(metavar="ORDER", help="An order number.")],
    json: AsJson = False,
    workspace: Where = None,
) -> None:
    """Show the findings of a rejected or held order, and what to do about them.

    \b
    Example:
        oms-import exceptions show 1004
    """
    from oms_import.history.queries import trace
    from oms_import.report.told import story

    with reading(opened(context, workspace)) as connection:
        events = [e for e in trace(connection, order) if e.get("outcome") in {"rejected", "held"}]
    if json:
        output.document({"schema": 1, "order": order, "exceptions": events})
    else:
        output.show(story(order, events, output.look()))
