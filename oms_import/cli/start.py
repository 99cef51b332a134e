"""Where the program starts: a signal that comes while modules are being loaded ends it at once.

Only what the interpreter has loaded anyway is imported here. From `diagnostics.on_signals` on, a
signal cleans up instead.
"""

import os
import signal
import sys
from types import FrameType

_MESSAGE = "stopped by {name}"
_HINT = "nothing was begun"


def main() -> None:
    """Load the command line and run it."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is not signal.SIG_IGN:  # nohup, a shell's background
            signal.signal(number, _end)
    from oms_import.cli.main import main as run

    run()


def _end(number: int, frame: FrameType | None) -> None:  # noqa: ARG001 - signal's form
    """Raising would not do: what is being imported may take it for a fault of its own."""
    name = "Ctrl-C" if number == signal.SIGINT else signal.Signals(number).name
    message = _MESSAGE.format(name=name)
    text = f"Error: {message}\n  {_HINT}\n"
    if "--json" in sys.argv:
        told = f'"code": "STOPPED", "message": "{message}", "hint": "{_HINT}", "location": ""'
        text = f'{{"error": {{{told}}}}}\n'
    try:
        os.write(1 if "--json" in sys.argv else 2, text.encode())
    finally:
        os._exit(128 + number)
