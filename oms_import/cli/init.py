"""`init`: make a workspace, for real work or as a demo."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from oms_import.cli import output
from oms_import.cli.options import AsJson


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("init", short_help="Make a workspace.")(init)


def init(
    context: typer.Context,
    directory: Annotated[
        str | None, typer.Argument(metavar="DIR", help="Where; default: the current directory.")
    ] = None,
    demo: Annotated[
        bool, typer.Option("--demo", help="With channels and drops, good and bad, to try it on.")
    ] = False,
    json: AsJson = False,
) -> None:
    """Make a workspace: settings, folders for profiles and drops, and its state.

    What is there already is left as it is.

    \b
    Example:
        oms-import init demo --demo
        oms-import -w demo run
    """
    from oms_import.demo_files import install
    from oms_import.report import told
    from oms_import.workspace_files import create

    root = Path(directory or context.obj or ".").expanduser().absolute()
    made = create(root)
    copied = install(root) if demo else []
    files = [str(path.relative_to(root)) for path in (*made, *copied) if path != root]
    if json:
        output.document({"schema": 1, "workspace": str(root), "made": files, "demo": demo})
        return
    output.show(told.made(root, files, demo, output.look()))
