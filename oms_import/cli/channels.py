"""`channels`: the channels of the workspace, their sources, and the headers they had."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from oms_import.cli import output, sources
from oms_import.cli.options import AsJson, Where, opened
from oms_import.cli.stores import reading

if TYPE_CHECKING:
    from oms_import.workspace import Workspace

app = typer.Typer(help="List the channels of the workspace.", no_args_is_help=True)
sources.register(app)


@app.command("list")
def list_(context: typer.Context, json: AsJson = False, workspace: Where = None) -> None:
    """List the channels, their profiles and where their drops come from.

    \b
    Example:
        oms-import channels list
    """
    from oms_import.health import place
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
            "path": place(profile, space),
        }
        for profile in found
    ]
    if json:
        output.document({"schema": 1, "channels": rows})
    else:
        output.show(channels_list(rows, output.look()))


@app.command("headers")
def headers(
    context: typer.Context,
    channel: Annotated[str, typer.Argument(metavar="CHANNEL", help="The channel's name.")],
    json: AsJson = False,
    workspace: Where = None,
) -> None:
    """List every header that a channel's tables had: first and last day, drops, and changes.

    \b
    Example:
        oms-import channels headers webshop
    """
    from oms_import.history.headers import list_headers
    from oms_import.report.headers import headers_list

    space = opened(context, workspace)
    with reading(space) as connection:
        found = list_headers(connection, channel)
    if not found:
        _require_channel(space, channel)
    if json:
        output.document({"schema": 1, "channel": channel, "headers": found})
    else:
        output.show(headers_list(channel, found, output.look()))


def _require_channel(space: Workspace, name: str) -> None:
    """One that is not there any more may still have headers; one that has none must be there.

    Raises:
        SettingError: there is no such channel.
    """
    from oms_import.pipeline.channel import select
    from oms_import.profiles.load import channels

    select(channels(space.profiles), [name])
