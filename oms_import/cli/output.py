"""The only writer of standard output: one JSON document, plain text, or a Rich renderable."""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Sequence
from contextlib import suppress
from io import TextIOWrapper
from typing import TYPE_CHECKING

from oms_import.model.errors import OutputError

if TYPE_CHECKING:
    from rich.console import RenderableType

    from oms_import.report.look import Look

PLAIN_WIDTH = 80


class StandardOutputError(OutputError):
    """Standard output cannot be written, so nothing more can be told there."""


def prepare() -> None:
    """Let no character stop us: what the locale cannot write is written as an escape."""
    nowhere = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115, PTH123 - lives as long as we
    sys.stdout = sys.stdout or nowhere  # closed by whoever started us (`>&-`)
    sys.stderr = sys.stderr or nowhere
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def document(value: object) -> None:
    """Write one JSON document; text stays text, whatever the locale can print."""
    write(json.dumps(value, ensure_ascii=not _unicode(), indent=2, default=str) + "\n")


def write(text: str) -> None:
    """Write text. A reader that went away (`| head`) is no error.

    Raises:
        StandardOutputError: standard output cannot be written (its disk is full).
    """
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except BrokenPipeError:
        _to_nowhere()
    except OSError as error:
        _to_nowhere()
        reason = error.strerror or "write failed"
        raise StandardOutputError(
            f"standard output cannot be written: {reason}",
            hint="what the command did is kept; see `oms-import runs show`",
        ) from error


def look() -> Look:
    """How to draw here: the terminal's width and colours, or 80 plain columns without one."""
    from oms_import.report.look import Look

    terminal = sys.stdout.isatty() and os.environ.get("TERM") != "dumb"
    width = shutil.get_terminal_size((PLAIN_WIDTH, 24)).columns if terminal else PLAIN_WIDTH
    return Look(
        width=max(width, 40),
        lines=terminal and _unicode(),
        colour=terminal and not os.environ.get("NO_COLOR"),
    )


def show(parts: Sequence[RenderableType]) -> None:
    """Draw the parts below each other."""
    from oms_import.report.look import drawn

    write(drawn(parts, look()))


def _unicode() -> bool:
    return (getattr(sys.stdout, "encoding", None) or "").lower().replace("-", "") == "utf8"


def _to_nowhere() -> None:
    """Send the rest to /dev/null, so that closing the stream at exit does not fail again."""
    with suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)
