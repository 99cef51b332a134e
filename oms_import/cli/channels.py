"""`channels`: the channels of the workspace and their sources."""

from __future__ import annotations

import typer

from oms_import.cli import output
from oms_import.cli.options import AsJson, Where, opened

app = typer.Typer(help="List the channels of the workspace.", no_args_is_help=True)


@app.command("list")
def list_(context: typer.Context, json: AsJson = False, workspace: Where = None) -> None:
    """List the channels, their profiles and where their drops come from.

    \b
    Example:
        oms-import channels list
    """
    from oms_import.profiles.load import channels
    from oms_import.report.listed import channels_list

    space = opened(context, workspace)
    found = channels(space.profiles)
    rows: list[dict[str, object]] = [
        {
            "channel": profile.name,
            "title": profile.title,
            "enabled": profile.enabled,
            "extends": profile.extends,
            "version": profile.version,
            "account": profile.account,
            "source": profile.source.kind,
            "path": str(space.root / (profile.source.path or f"drops/{profile.name}")),
        }
        for profile in found
    ]
    if json:
        output.document({"schema": 1, "channels": rows})
    else:
        output.show(channels_list(rows, output.look()))
