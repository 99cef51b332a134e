"""Runs oms-import and kills it with SIGKILL at a chosen step of its work on the disk.

    python tests/faults/killer.py N -- <arguments>           dies before its Nth step
    python tests/faults/killer.py after:N -- <arguments>     dies right after it
    python tests/faults/killer.py count:FILE -- <arguments>  writes its steps to FILE, a line each

A step is a call of os.fsync, os.replace, os.rename, os.link, os.unlink, a COMMIT of the history
store, or its closing, which may write a checkpoint. N = 0 never dies.

`Zygote` is the same for tests that do this hundreds of times: a process that has everything
imported and forks one child a run, so that a run costs no start of Python.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[2]))

STEPS = ("fsync", "replace", "rename", "link", "unlink")


class Killer:
    """Counts steps and ends the process at one of them."""

    def __init__(self, at: int, *, after: bool, told: Path | None) -> None:
        self.at = at
        self.after = after
        self.told = told
        self.count = 0

    def step(self, name: str, call: Callable[[], Any]) -> Any:
        self.count += 1
        mine = self.count == self.at
        if self.told is not None:
            with self.told.open("a") as file:
                file.write(name + "\n")
        if mine and not self.after:
            os.kill(os.getpid(), signal.SIGKILL)
        result = call()
        if mine:
            os.kill(os.getpid(), signal.SIGKILL)
        return result

    def wrap(self, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def stepped(*args: Any, **kwargs: Any) -> Any:
            return self.step(name, lambda: function(*args, **kwargs))

        return stepped

    def arm(self) -> None:
        """Take the place of the calls that are steps."""
        import duckdb

        for name in STEPS:
            setattr(os, name, self.wrap(name, getattr(os, name)))
        connect = duckdb.connect
        duckdb.connect = lambda *args, **kwargs: Connection(connect(*args, **kwargs), self)


class Connection:
    """A DuckDB connection whose commits and closing are steps."""

    def __init__(self, real: Any, killer: Killer) -> None:
        self._real = real
        self._killer = killer

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)

    def execute(self, query: Any, *args: Any, **kwargs: Any) -> Any:
        if isinstance(query, str) and query.strip().rstrip(";").upper() == "COMMIT":
            return self._killer.step("COMMIT", lambda: self._real.execute(query, *args, **kwargs))
        return self._real.execute(query, *args, **kwargs)

    def commit(self) -> Any:
        return self._killer.step("COMMIT", self._real.commit)

    def close(self) -> None:
        self._killer.step("close", self._real.close)


def run(when: str, arguments: list[str]) -> None:
    """Run oms-import in this process, to be killed as `when` says."""
    kind, _, number = when.rpartition(":")
    told = Path(number) if kind in {"count", "modules"} else None
    from oms_import.cli.main import main

    sys.argv = ["oms-import", *arguments]
    try:
        if kind != "modules":
            Killer(0 if told else int(number), after=kind == "after", told=told).arm()
        main()
    finally:
        if kind == "modules" and told is not None:
            told.write_text(json.dumps(list(sys.modules)))


class Zygote:
    """A process that forks a fresh, imported child for each run."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, __file__, "--zygote"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            bufsize=1,
        )

    def run(self, when: str, arguments: list[str], seconds: float | None = None) -> int:
        """Run oms-import to its end, its step, or `seconds`; the exit code, -9 where it died."""
        self._say({"when": when, "arguments": arguments})
        pid = int(self._hear())
        timer = threading.Timer(seconds, _kill, [pid]) if seconds is not None else None
        if timer is not None:
            timer.start()
        status = int(self._hear())
        if timer is not None:
            timer.cancel()
        return status

    def learn(self, folder: Path, arguments: list[str]) -> int:
        """Run once, and import from now on beforehand whatever that run imported."""
        told = folder / "modules.json"
        status = self.run(f"modules:{told}", arguments)
        self._say({"modules": json.loads(told.read_text())})
        return status

    def close(self) -> None:
        """End it."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(20)

    def _say(self, asked: dict[str, object]) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(asked) + "\n")
        self._process.stdin.flush()

    def _hear(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline()


def _kill(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


def _serve() -> None:
    """The zygote's loop: a line in, the child's pid and then its status out."""
    _import(["polars", "duckdb", "pandera.polars", "oms_import.cli.main", "oms_import.run"])
    out = os.fdopen(os.dup(1), "w", buffering=1)
    for line in sys.stdin:
        asked = json.loads(line)
        if "modules" in asked:
            _import(asked["modules"])
            continue
        pid = os.fork()
        if pid == 0:
            os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
            log = os.environ.get("KILLER_LOG", os.devnull)
            os.dup2(os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), 1)
            os.dup2(1, 2)
            os._exit(_code(asked["when"], asked["arguments"]))
        out.write(f"{pid}\n")
        _, status = os.waitpid(pid, 0)
        out.write(f"{os.waitstatus_to_exitcode(status)}\n")


def _code(when: str, arguments: list[str]) -> int:
    """Run; what the interpreter would clear away at its end dies with the process."""
    code: object = 0
    try:
        run(when, arguments)
    except SystemExit as ended:
        code = ended.code
    sys.stdout.flush()
    sys.stderr.flush()
    return code if isinstance(code, int) else 1


def _import(modules: list[str]) -> None:
    """Import, but start nothing: a fork must not find threads of another life."""
    for name in modules:
        with contextlib.suppress(ImportError):
            importlib.import_module(name)
    gc.collect()
    gc.freeze()  # what is here stays: no child looks at it, nor copies it
    assert threading.active_count() == 1


if __name__ == "__main__":
    if sys.argv[1:] == ["--zygote"]:
        _serve()
    else:
        dash = sys.argv.index("--")
        run(sys.argv[dash - 1], sys.argv[dash + 1 :])
