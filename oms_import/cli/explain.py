"""`explain`: what a reason code means."""

from __future__ import annotations

from difflib import get_close_matches
from typing import Annotated

import typer

from oms_import.cli import output
from oms_import.cli.options import AsJson, Where, opened_if_any
from oms_import.model.errors import SettingError
from oms_import.model.reasons import reasons


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("explain", short_help="What does a reason code mean?")(explain)


def _codes(incomplete: str) -> list[str]:
    return [code for code in reasons() if code.startswith(incomplete.upper())]


def explain(
    context: typer.Context,
    code: Annotated[
        str | None,
        typer.Argument(
            metavar="CODE", help="A reason code; default: list all.", autocompletion=_codes
        ),
    ] = None,
    json: AsJson = False,
    workspace: Where = None,
) -> None:
    """Say what a reason code means, who owns it and how to fix it.

    \b
    Example:
        oms-import explain SKU_MISSING
    """
    from dataclasses import asdict

    from oms_import.report import explained

    if code is None:
        known = list(reasons().values())
        if json:
            output.document({"schema": 1, "reasons": [asdict(reason) for reason in known]})
        else:
            output.show(explained.all_reasons(known, output.look()))
        return
    reason = reasons().get(code.strip().upper())
    if reason is None:
        raise _unknown(code)
    space = opened_if_any(context, workspace)
    person = space.settings.owners.get(reason.owner, "") if space else ""
    if json:
        output.document({"schema": 1, **asdict(reason), "person": person})
    else:
        output.show(explained.one_reason(reason, person, output.look()))


def _unknown(code: str) -> SettingError:
    near = get_close_matches(code.strip().upper(), reasons(), 3, 0.5)
    hint = f"did you mean {' or '.join(near)}?" if near else "`oms-import explain` lists all codes"
    return SettingError(f"there is no reason code {code}", hint=hint, location="CODE")
