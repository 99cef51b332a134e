"""The command started hundreds of times without paying for Python's start each time.

A server process imports what the command imports, and forks one child a call; the child takes the
arguments, directory, environment and streams of its call and runs the command's own entry point.
What depends on the start itself (closed streams, encodings, signals in the first moments) is
tested with processes started plainly.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import json
import os
import pkgutil
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

ROOT = Path(__file__).parents[2]
AHEAD = ("polars", "duckdb", "pandera.polars", "lxml.etree", "numpy", "paramiko")


class Server:
    """Forks a child a call; one call at a time."""

    def __init__(self, environment: dict[str, str]) -> None:
        self._process = subprocess.Popen(
            [sys.executable, __file__],
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def call(
        self, arguments: list[str], cwd: Path, environment: dict[str, str], stdin: bytes
    ) -> tuple[int, bytes, bytes]:
        """Run the command to its end: exit code (negative: the signal), stdout, stderr."""
        with tempfile.TemporaryDirectory() as folder:
            streams = [Path(folder) / name for name in ("in", "out", "err")]
            streams[0].write_bytes(stdin)
            asked = [arguments, str(cwd), environment, [str(one) for one in streams]]
            assert self._process.stdin is not None
            assert self._process.stdout is not None
            self._process.stdin.write(json.dumps(asked) + "\n")
            self._process.stdin.flush()
            code = int(self._process.stdout.readline())
            return code, streams[1].read_bytes(), streams[2].read_bytes()


def serve() -> None:
    """Answer calls until the input ends; comes back in each child, made ready for its call."""
    ahead()
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    for line in sys.stdin:
        pid = os.fork()
        if pid == 0:
            answers.close()
            become(*json.loads(line))
            return
        _, status = os.waitpid(pid, 0)
        answers.write(f"{os.waitstatus_to_exitcode(status)}\n")
    os._exit(0)


def become(arguments: list[str], cwd: str, environment: dict[str, str], streams: list[str]) -> None:
    """Take the call's place in the world."""
    for number, name in enumerate(streams):
        opened = os.open(name, os.O_RDWR | os.O_CREAT, 0o600)
        os.dup2(opened, number)
        os.close(opened)
    sys.stdin = open(0, closefd=False)  # noqa: SIM115 - the old one has read ahead
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(cwd)
    os.umask(0o022)
    sys.argv = ["oms-import", *arguments]


def finish() -> None:
    """Run the command; what the interpreter would clear away at its end dies with the process."""
    from oms_import.cli.start import main

    code: object = 0
    try:
        main()
    except SystemExit as ended:
        code = ended.code
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code if isinstance(code, int) else 0)


def ahead() -> None:
    """Import, but start nothing: a fork must not find threads of another life."""
    for name in AHEAD:
        importlib.import_module(name)
    import oms_import

    for module in pkgutil.walk_packages(oms_import.__path__, "oms_import."):
        if not module.name.endswith("__main__"):
            with contextlib.suppress(ImportError):  # an extra that is not installed
                importlib.import_module(module.name)
    gc.collect()
    gc.freeze()  # what is here stays: no child looks at it, nor copies it
    assert threading.active_count() == 1, "an import started a thread"


if __name__ == "__main__":
    sys.path[0] = str(ROOT)
    serve()
    finish()
