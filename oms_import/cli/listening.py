"""`listen`: the receiver of webhooks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from oms_import.cli import diagnostics, output
from oms_import.cli.options import AsJson, Where, opened, seconds

if TYPE_CHECKING:
    from types import ModuleType


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("listen", short_help="Receive webhooks and keep them for the next run.")(listen)


def listen(
    context: typer.Context,
    host: Annotated[str, typer.Option(help="Address to listen at.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65_535, help="Port to listen at.")] = 8080,
    seal: Annotated[
        str, typer.Option(metavar="TIME", help="After so long what came is ready for a run.")
    ] = "5s",
    spool_mb: Annotated[
        int, typer.Option(min=1, help="Senders are asked to wait while more than this waits.")
    ] = 1000,
    json: AsJson = False,
    workspace: Where = None,
) -> None:
    """Receive webhooks of the channels whose source is one, until Ctrl-C or SIGTERM.

    An event is answered with 2xx only when it is on disk; the next run or watch imports it. Put a
    web server with TLS before it. Needs oms-import[webhook].

    \b
    Example:
        oms-import listen --port 8080
    """
    from oms_import.connectors.webhook_spool import Spool, listener
    from oms_import.listening import Receiver, application, hooks
    from oms_import.profiles.load import channels

    space = opened(context, workspace)
    uvicorn = _uvicorn()
    found = hooks(channels(space.profiles), space)
    with listener(space.spool):
        spool = Spool(space.spool, seconds(seal, "--seal"))
        receiver = Receiver(spool, spool_mb * 1_000_000, diagnostics.say)
        for hook in () if json else found:
            output.write(f"{hook.channel}: http://{host}:{port}{hook.path}\n")
        config = uvicorn.Config(
            application(receiver, found), host, port, log_level="warning", access_log=False,
            server_header=False, timeout_graceful_shutdown=10,
        )  # fmt: skip
        try:
            uvicorn.Server(config).run()
        finally:
            spool.close()
    told = {"schema": 1, "taken": receiver.taken, "refused": receiver.refused}
    if json:
        output.document(told)
    else:
        output.write(f"{receiver.taken:,} events taken, {receiver.refused:,} refused\n")


def _uvicorn() -> ModuleType:
    from importlib import import_module

    from oms_import.model.errors import SettingError

    try:
        import_module("starlette")
        return import_module("uvicorn")
    except ImportError:
        raise SettingError(
            "no web server is installed",
            hint="pip install 'oms-import[webhook]'",
            location="listen",
        ) from None
