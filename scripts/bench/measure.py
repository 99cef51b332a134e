"""Run a command; wall seconds, CPU seconds and peak anonymous memory of it and its children."""

from __future__ import annotations

import os
import resource
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Cost:
    """What a command cost. Memory is RssAnon: mapped input pages do not count."""

    wall: float
    cpu: float
    peak_mb: float
    code: int


def measured(command: list[str], **environment: str) -> Cost:
    """Run it to its end, sampling memory every 20 ms."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    started = time.monotonic()
    child = subprocess.Popen(
        command,
        env={**os.environ, **environment},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    peak = 0
    while child.poll() is None:
        peak = max(peak, anonymous(child.pid))
        time.sleep(0.02)
    wall = time.monotonic() - started
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime
    if child.returncode not in (0, 3):
        print(child.stderr.read() if child.stderr else "")
    return Cost(wall, cpu, peak / 1024, child.returncode)


def anonymous(pid: int) -> int:
    """RssAnon of a process in kB; 0 once it is gone."""
    try:
        text = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0
    found = [line for line in text.splitlines() if line.startswith("RssAnon")]
    return int(found[0].split()[1]) if found else 0
