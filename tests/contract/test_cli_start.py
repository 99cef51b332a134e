"""A signal while the program is still being loaded: the exit code says so, and no traceback."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from cli_process import environment

HOOK = """\
import os, sys

class Signal:
    def find_spec(self, name, path=None, target=None):
        if name == {module!r}:
            os.kill(os.getpid(), {number})

sys.meta_path.insert(0, Signal())
sys.argv = ["oms-import", *{arguments!r}]
from oms_import.cli.start import main
main()
"""


def signalled(
    module: str, number: int, *arguments: str, cwd: Path
) -> subprocess.CompletedProcess[str]:
    """Run the command with a signal at the moment when it begins to import a module."""
    code = HOOK.format(module=module, number=int(number), arguments=arguments)
    return subprocess.run(
        [sys.executable, "-c", code],
        cwd=cwd, env=environment(), capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip


@pytest.mark.parametrize(
    "module", ["oms_import.cli.main", "typer", "oms_import.run", "pydantic", "polars", "duckdb"]
)
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_while_modules_are_loaded_ends_without_a_traceback(
    module: str, number: signal.Signals, space: Path
) -> None:
    done = signalled(module, number, "run", cwd=space)
    assert done.returncode == 128 + number
    assert done.stderr.startswith("Error: stopped by ")
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("module", ["typer", "polars"])
def test_with_json_the_document_says_so(module: str, space: Path) -> None:
    done = signalled(module, signal.SIGINT, "run", "--json", cwd=space)
    assert done.returncode == 130
    assert json.loads(done.stdout)["error"] == {
        "code": "STOPPED",
        "message": "stopped by Ctrl-C",
        "hint": json.loads(done.stdout)["error"]["hint"],
        "location": "",
    }
    assert done.stderr == ""


def test_a_signal_that_was_ignored_stays_ignored(space: Path) -> None:
    code = "import signal; signal.signal(signal.SIGINT, signal.SIG_IGN)\n"
    code += HOOK.format(module="typer", number=int(signal.SIGINT), arguments=("--version",))
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment(), capture_output=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, b"")
