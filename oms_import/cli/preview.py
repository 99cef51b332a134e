"""`preview`: what files would become, without workspace and state."""

from __future__ import annotations

from typing import Annotated

import typer

from oms_import.cli import output
from oms_import.cli.options import AsJson, Where, opened_if_any


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("preview", short_help="What would these files become?")(preview)


def preview(
    context: typer.Context,
    files: Annotated[
        list[str],
        typer.Argument(metavar="FILE", help="Files, archives, directories, globs, or - ."),
    ],
    profile: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Profile to read them with; default: by their header."),
    ] = None,
    json: AsJson = False,
    workspace: Where = None,
) -> None:
    """Show the orders that files would become, and every finding. Keeps nothing.

    \b
    Example:
        oms-import preview orders.csv
        oms-import preview orders.csv --profile shopify-csv --json
    """
    from oms_import.cli.files import offers
    from oms_import.preview import preview as previewed

    with offers(files) as found:
        paths = [str(offer.path) for offer in found]
        document = previewed(paths, profile, opened_if_any(context, workspace))
    if json:
        output.document(document)
        return
    from oms_import.report.previewed import preview_report

    output.show(preview_report(document, output.look()))
