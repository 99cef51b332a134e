"""Options that many commands share, and how they become an open workspace."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from oms_import.cli import diagnostics

if TYPE_CHECKING:
    from oms_import.workspace import Workspace

Where = Annotated[
    str | None,
    typer.Option(
        "--workspace",
        "-w",
        metavar="DIR",
        help="The workspace. Default: $OMS_IMPORT_WORKSPACE, else upwards from here.",
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print nothing but errors.")]
LockWait = Annotated[
    str, typer.Option(metavar="TIME", help="Wait so long for another run to end: 30s, 10m, 1h.")
]
FailOn = Annotated[
    str,
    typer.Option(
        metavar="BOUND",
        help="When rejected or held orders make the exit code 3: any, none, rejects>5%, held>0.",
    ),
]
DryRun = Annotated[
    bool, typer.Option("--dry-run", help="Do everything but commit: nothing is kept or published.")
]

_UNITS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86_400}


def found(context: typer.Context, where: str | None) -> Path:
    """The workspace's directory, its settings unread.

    Raises:
        SettingError: there is none.
    """
    from oms_import.workspace_files import find

    root = find(Path.cwd(), where or context.obj, os.environ)
    if (root / ".oms-import").is_dir():
        diagnostics.workspace_opened(root / ".oms-import")
    return root


def opened(context: typer.Context, where: str | None) -> Workspace:
    """The workspace of this command: its own -w, that before the command, environment, upwards.

    Raises:
        SettingError: there is none, or its settings are wrong.
    """
    from oms_import.workspace_files import load

    return load(found(context, where))


def opened_if_any(context: typer.Context, where: str | None) -> Workspace | None:
    """The workspace if one is named or found; None outside of any."""
    from oms_import.workspace import SETTINGS_FILE
    from oms_import.workspace_files import VARIABLE

    here = Path.cwd()
    named = where or context.obj or os.environ.get(VARIABLE)
    if named or any((folder / SETTINGS_FILE).is_file() for folder in (here, *here.parents)):
        return opened(context, where)
    return None


def seconds(text: str, option: str = "--lock-wait") -> float:
    """`30s`, `10m`, `1h`, `30d` or plain seconds.

    Raises:
        SettingError: the text is no time.
    """
    from oms_import.model.errors import SettingError

    plain = text.strip().lower()
    number = plain.rstrip("smhd")
    unit = _UNITS.get(plain[len(number) :])
    if unit is None or not number.isascii() or not number.replace(".", "", 1).isdigit():
        raise SettingError(f"{text!r} is no time", hint="write 30s, 10m, 1h or 7d", location=option)
    return float(number) * unit
