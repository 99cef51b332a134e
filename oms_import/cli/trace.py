"""`trace`: everything known of one order."""

from __future__ import annotations

from typing import Annotated

import typer

from oms_import.cli import output
from oms_import.cli.options import AsJson, Where, opened
from oms_import.cli.stores import reading


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("trace", short_help="All that is known of an order.")(trace)


def trace(
    context: typer.Context,
    order: Annotated[
        str, typer.Argument(metavar="ORDER", help="An order number, as the channel or we write it.")
    ],
    json: AsJson = False,
    workspace: Where = None,
) -> None:
    """Tell all that is known of an order: file, line, findings, run and outputs.

    \b
    Example:
        oms-import trace 1004
    """
    from oms_import.history.queries import trace as traced

    with reading(opened(context, workspace)) as connection:
        events = traced(connection, order)
    if json:
        output.document({"schema": 1, "order": order, "events": events})
        return
    from oms_import.report.told import story

    output.show(story(order, events, output.look()))
