"""`exceptions assign, resolve, dismiss, archive, reopen`: what people do with the queue."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from oms_import.cli import output
from oms_import.cli.options import AsJson, LockWait, Where, opened, seconds

if TYPE_CHECKING:
    from datetime import datetime

Names = Annotated[
    list[str], typer.Argument(metavar="NAME", help="Exceptions, groups (G-…) or order numbers.")
]
By = Annotated[str | None, typer.Option(metavar="WHO", help="Who does it; default: you.")]
Reason = Annotated[str | None, typer.Option(metavar="TEXT", help="Why; kept with it.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    for name, command in (
        ("assign", assign), ("resolve", resolve), ("dismiss", dismiss), ("archive", archive),
        ("reopen", reopen),
    ):  # fmt: skip
        app.command(name)(command)


def assign(
    context: typer.Context,
    names: Names,
    to: Annotated[str, typer.Option("--to", metavar="WHO", help="Whose they are from now on.")],
    by: By = None,
    reason: Reason = None,
    lock_wait: LockWait = "0s",
    json: AsJson = False,
    workspace: Where = None,
) -> None:
    """Give exceptions to somebody; this goes before the owner rules.

    \b
    Example:
        oms-import exceptions assign G-3f2a91c07d --to ann
    """
    _do(context, workspace, names, "assign", (by, reason, to, None), lock_wait, json)


def resolve(
    context: typer.Context,
    names: Names,
    by: By = None,
    reason: Reason = None,
    lock_wait: LockWait = "0s",
    json: AsJson = False,
    workspace: Where = None,
) -> None:
    """Say that exceptions were settled elsewhere, such as by an order entered by hand.

    \b
    Example:
        oms-import exceptions resolve 1004 --reason "entered by hand"
    """
    _do(context, workspace, names, "resolve", (by, reason, None, None), lock_wait, json)


def dismiss(
    context: typer.Context,
    names: Names,
    reason: Annotated[str, typer.Option(metavar="TEXT", help="Why; kept with it.")],
    by: By = None,
    lock_wait: LockWait = "0s",
    json: AsJson = False,
    workspace: Where = None,
) -> None:
    """Say that nothing is to be done: test orders, or a customer who withdrew.

    \b
    Example:
        oms-import exceptions dismiss 1004 --reason "a test order"
    """
    _do(context, workspace, names, "dismiss", (by, reason, None, None), lock_wait, json)


def archive(
    context: typer.Context,
    names: Names,
    until: Annotated[str, typer.Option(metavar="DAY", help="Open again from then: 2026-12-01.")],
    by: By = None,
    reason: Reason = None,
    lock_wait: LockWait = "0s",
    json: AsJson = False,
    workspace: Where = None,
) -> None:
    """Put exceptions aside until a day; they are open again by themselves.

    \b
    Example:
        oms-import exceptions archive G-3f2a91c07d --until 2026-12-01
    """
    _do(context, workspace, names, "archive", (by, reason, None, _day(until)), lock_wait, json)


def reopen(
    context: typer.Context,
    names: Names,
    by: By = None,
    reason: Reason = None,
    lock_wait: LockWait = "0s",
    json: AsJson = False,
    workspace: Where = None,
) -> None:
    """Open again what was resolved, dismissed or archived by a person.

    \b
    Example:
        oms-import exceptions reopen 1004
    """
    _do(context, workspace, names, "reopen", (by, reason, None, None), lock_wait, json)


def _do(
    context: typer.Context,
    workspace: str | None,
    names: list[str],
    action: str,
    said: tuple[str | None, str | None, str | None, datetime | None],
    lock_wait: str,
    json: bool,
) -> None:
    from datetime import UTC, datetime
    from getpass import getuser

    from oms_import.history.queue import Touch
    from oms_import.queueing import done
    from oms_import.report.queue import touched

    by, reason, owner, until = said
    now = datetime.now(UTC)
    touch = Touch(action, by or getuser(), now, reason, owner, until)
    found = done(opened(context, workspace), names, touch, seconds(lock_wait)).to_dicts()
    if json:
        rows = [{"id": one["id"], "order_number": one["order_number"]} for one in found]
        output.document({"schema": 1, "action": action, "exceptions": rows})
    else:
        output.show(touched(action, found))


def _day(text: str) -> datetime:
    from datetime import UTC, datetime

    from oms_import.model.errors import SettingError

    try:
        return datetime.fromisoformat(text).replace(tzinfo=UTC)
    except ValueError:
        raise SettingError(
            f"{text!r} is no day", hint="write 2026-12-01", location="--until"
        ) from None
