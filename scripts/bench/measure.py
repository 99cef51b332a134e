"""Run a command; wall seconds, CPU seconds and peak anonymous memory of it and its children."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile

HOUSE = Path(__file__).resolve().parents[2]
OURS = [sys.executable, "-m", "oms_import.cli"]
"""`oms-import` of this checkout, installed or not."""


@dataclass(frozen=True)
class Cost:
    """What a command cost. Memory is RssAnon: mapped input pages do not count."""

    wall: float
    cpu: float
    peak_mb: float
    code: int


def measured(command: list[str], **environment: str) -> Cost:
    """Run it to its end, sampling memory every 20 ms; what it says on failure is shown."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    started = time.monotonic()
    with TemporaryFile() as said:
        child = subprocess.Popen(
            command,
            env={**os.environ, "PYTHONPATH": str(HOUSE), **environment},
            stdout=subprocess.DEVNULL,
            stderr=said,
        )
        peak = 0
        while child.poll() is None:
            peak = max(peak, anonymous(child.pid))
            time.sleep(0.02)
        wall = time.monotonic() - started
        if child.returncode not in (0, 3):
            said.seek(0)
            print(said.read().decode(errors="replace"), file=sys.stderr)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime
    return Cost(wall, cpu, peak / 1024, child.returncode)


def anonymous(pid: int) -> int:
    """RssAnon of a process and all below it, in kB; 0 once it is gone."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
        below = [path.read_text().split() for path in Path(f"/proc/{pid}/task").glob("*/children")]
    except OSError:
        return 0
    own = [int(line.split()[1]) for line in status.splitlines() if line.startswith("RssAnon")]
    return sum(own) + sum(anonymous(int(child)) for children in below for child in children)
