"""The only writer of standard error, and the only place that knows exit codes.

Every failure becomes one short text (or one JSON document with `--json`); a traceback only ever
goes into a file that its owner alone can read, since it may quote an order.
"""

from __future__ import annotations

import os
import signal
import sys
import tempfile
import traceback
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, NoReturn

from oms_import.cli import output
from oms_import.model.errors import OmsImportError

if TYPE_CHECKING:
    from rich.console import Console

USAGE = 2
_signal = 0  # the one that ended us
_state: Path | None = None  # where a crash file goes, once a workspace is open


class Stopped(BaseException):
    """A signal told us to end; cleaning up happens on the way out."""


def workspace_opened(state: Path) -> None:
    """From now on a crash file goes into this directory."""
    global _state  # noqa: PLW0603 - one process serves one command
    _state = state


def on_signals() -> None:
    """End by Ctrl-C, SIGTERM and SIGHUP alike: cleaning up, exit code 128 + signal.

    A signal that was ignored when we started (nohup, a shell's background) stays ignored.
    """
    sys.unraisablehook = _unraisable
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _stop)


def _unraisable(told: sys.UnraisableHookArgs) -> None:
    """A signal may come where nothing can be raised; the run asks `stopped` and needs no trace."""
    if told.exc_type is not Stopped:
        sys.__unraisablehook__(told)


def _stop(number: int, frame: FrameType | None) -> NoReturn:  # noqa: ARG001 - signal's form
    global _signal  # noqa: PLW0603 - one process is stopped once
    _signal = number
    signal.signal(number, signal.SIG_DFL)  # a second one ends us at once; that is safe too
    raise Stopped


def stopped() -> bool:
    """Whether a signal came; what failed after it failed by it (DuckDB turns it into its own)."""
    return _signal != 0


def say(text: str) -> None:
    """One message for the person; a terminal that went away is no error."""
    try:
        sys.stderr.write(_safe(text) + "\n")
        sys.stderr.flush()
    except OSError:
        return


def watched() -> bool:
    """Whether someone looks at standard error on a terminal that can draw."""
    return sys.stderr.isatty() and os.environ.get("TERM") != "dumb"


def console() -> Console:
    """Where progress is drawn."""
    from rich.console import Console

    return Console(stderr=True, markup=False, highlight=False, emoji=False)


def explained(error: OmsImportError, as_json: bool) -> int:
    """Tell a failure we can explain; returns its exit code."""
    if not (as_json and _documented(error)):
        say(f"Error: {placed(error)}")
        if error.hint:
            say(f"  {error.hint}")
    return error.exit_code


def placed(error: OmsImportError) -> str:
    """The message with its place in front, unless the text names it anyway."""
    named = error.location in f"{error.message} {error.hint}"
    return error.message if named or not _is_place(error) else f"{error.location}: {error.message}"


def _documented(error: OmsImportError) -> bool:
    """The error as JSON on standard output, unless that is what failed."""
    if isinstance(error, output.StandardOutputError):
        return False
    try:
        output.document(error.as_json())
    except output.StandardOutputError:
        return False
    return True


def _is_place(error: OmsImportError) -> bool:
    """Whether it is about a file or a line of one; names of options say nothing new in a text."""
    return "/" in error.location or "." in error.location


def usage(message: str, hint: str, where: str, as_json: bool) -> int:
    """Tell that the command line is wrong; returns exit code 2."""
    explained(OmsImportError(message, hint=hint, location=where, code="USAGE"), as_json)
    return USAGE


def told_stopped(as_json: bool) -> int:
    """Say which signal ended us and what it means for the data; returns 128 + its number."""
    name = {signal.SIGINT: "Ctrl-C"}.get(signal.Signals(_signal), signal.Signals(_signal).name)
    hint = "nothing is half done: the next run finishes or repeats what was under way"
    explained(OmsImportError(f"stopped by {name}", hint=hint, code="STOPPED"), as_json)
    return 128 + _signal


def crashed(error: BaseException, as_json: bool) -> int:
    """Our bug: the traceback into a private file, a short text for the person; returns 1."""
    file = _crash_file(error)
    hint = f"please report this with {file}; it may quote an order, so look through it first"
    return explained(
        OmsImportError(
            f"oms-import failed by a bug of its own ({type(error).__name__})",
            hint=hint if file else "the traceback could not be written anywhere",
            location=str(file or ""),
        ),
        as_json,
    )


def _crash_file(error: BaseException) -> Path | None:
    text = "".join(traceback.format_exception(error))
    name = f"crash-{datetime.now(UTC):%Y%m%dT%H%M%S}-{os.getpid()}.log"
    for folder in (_state, Path(tempfile.gettempdir())):
        if folder is None:
            continue
        path = folder / name
        try:
            mode = os.O_WRONLY | os.O_CREAT | os.O_EXCL
            with os.fdopen(os.open(path, mode, 0o600), "w", encoding="utf-8") as file:
                file.write(f"{' '.join(sys.argv[:2])}\n{text}")
        except OSError:
            continue
        return path
    return None


def _safe(text: str) -> str:
    """Our own text with what it quotes, free of control characters except line ends."""
    return "".join(c if c.isprintable() or c == "\n" else f"\\u{ord(c):04x}" for c in text)
