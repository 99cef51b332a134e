"""One big file: our whole import beside the bare floor and two scripts people write.

    python scripts/bench/bulk.py [--lines 1000000] [--skip-rivals] [--repeat 3]
    python scripts/bench/bulk.py --memory      # ours alone, at that many lines and at ten times

Prints ratios. The promises: at most 6 times the floor's CPU, at most 1 GB, and at ten times the
lines at most 1.3 times the memory. What each accepted must agree, else it did not do the same work.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from tempfile import mkdtemp

from generate import write
from measure import HOUSE, OURS, Cost, measured

HERE = Path(__file__).parent
RIVALS = {
    "csv + sqlite3, row by row": "rival_rows.py",
    "pandas + Pandera + sqlite3": "rival_pandas.py",
}
Result = tuple[Cost, int | None]
"""What it cost, and how many orders it accepted."""


def workspace(folder: Path) -> Path:
    """A fresh workspace with the generated file's profile as its only channel."""
    root = folder / "workspace"
    (root / "profiles").mkdir(parents=True)
    (root / "oms-import.toml").write_text("")
    shutil.copy(HERE / "bench.toml", root / "profiles" / "bench.toml")
    return root


def ours(folder: Path, file: Path) -> Result:
    """`oms-import import` into a fresh workspace: CSV, Parquet and history included."""
    fresh = Path(mkdtemp(dir=folder))
    root = workspace(fresh)
    cost = measured([*OURS, "-w", str(root), "import", "bench", str(file), "-q"])
    reports = list(root.glob("out/reports/*/report.json"))
    accepted = json.loads(reports[0].read_text())["totals"]["orders_accepted"] if reports else None
    shutil.rmtree(fresh)
    return cost, accepted


def floor(folder: Path, file: Path) -> Result:
    """Reading and writing the file with Polars, nothing else."""
    cost = measured([sys.executable, str(HERE / "floor.py"), str(file), str(folder / "floor.csv")])
    return cost, None


def rival(folder: Path, file: Path, script: str) -> Result:
    """One of the scripts people write, with its own Python, so that ours never meets pandas."""
    out = Path(mkdtemp(dir=folder)) / "rival"
    cost = measured([str(rivals_python()), str(HERE / script), str(file), str(out)])
    store = sqlite3.connect(out / "history.sqlite")
    accepted = store.execute("SELECT count(*) FROM seen").fetchone()[0]
    store.close()
    shutil.rmtree(out.parent)
    return cost, accepted


def rivals_python() -> Path:
    """The Python that has pandas: build/bench-venv, made when it is not there."""
    python = HOUSE / "build" / "bench-venv" / "bin" / "python"
    installed = python.parents[1] / "installed"
    if not installed.exists():
        subprocess.run([sys.executable, "-m", "venv", str(python.parents[1])], check=True)
        lock = str(HOUSE / "requirements-bench.lock")
        pip = [str(python), "-m", "pip", "install", "-qq", "--disable-pip-version-check"]
        subprocess.run([*pip, "--require-hashes", "-r", lock], check=True)
        installed.touch()
    return python


def cheapest(measure: Callable[[], Result], times: int) -> Result:
    """The try that took the least CPU; memory is the largest seen."""
    tries = [measure() for _ in range(times)]
    cost, accepted = min(tries, key=lambda one: one[0].cpu)
    peak = max(cost.peak_mb for cost, _ in tries)
    return Cost(cost.wall, cost.cpu, peak, cost.code), accepted


def compare(folder: Path, given: argparse.Namespace) -> bool:
    """Floor, ours and rivals on one file; False when they did not accept the same."""
    file = generated(folder, given.lines)
    work: dict[str, Callable[[], Result]] = {
        "floor: scan, write CSV": lambda: floor(folder, file),
        "oms-import import": lambda: ours(folder, file),
    }
    if not given.skip_rivals:
        rivals_python()
        for name, script in RIVALS.items():
            work[name] = lambda script=script: rival(folder, file, script)
    results = {name: cheapest(measure, given.repeat) for name, measure in work.items()}
    show(results, given.lines)
    counts = {accepted for _, accepted in results.values() if accepted is not None}
    if len(counts) > 1:
        print("they did not accept the same orders: the comparison does not hold")
    return len(counts) == 1


def show(results: dict[str, Result], lines: int) -> None:
    """The table, with CPU against the floor and wall against ours."""
    base = results["floor: scan, write CSV"][0]
    mine = results["oms-import import"][0]
    print(f"{lines:,} lines")
    heads = ("wall s", "CPU s", "peak MB", "CPU/floor", "wall/ours", "accepted")
    print(f"{'':28}" + "".join(f"{head:>10}" for head in heads))
    for name, (cost, accepted) in results.items():
        print(
            f"{name:28}{cost.wall:10.2f}{cost.cpu:10.2f}{cost.peak_mb:10.0f}"
            f"{cost.cpu / base.cpu:10.2f}{cost.wall / mine.wall:10.2f}"
            f"{'' if accepted is None else accepted:>10}"
            + ("" if cost.code in (0, 3) else f"  exit {cost.code}")
        )


def memory(folder: Path, lines: int) -> bool:
    """Our peak memory at so many lines and at ten times as many."""
    peaks: list[float] = []
    for count in (lines, 10 * lines):
        file = generated(folder, count)
        cost, accepted = ours(folder, file)
        peaks.append(cost.peak_mb)
        told = f"{cost.wall:.1f} s wall, {cost.cpu:.1f} s CPU, {cost.peak_mb:.0f} MB"
        print(f"{count:,} lines: {told}, {accepted} orders accepted", flush=True)
    print(f"ten times the lines: {peaks[1] / peaks[0]:.2f} times the memory (at most 1.3)")
    return peaks[1] <= 1.3 * peaks[0]


def generated(folder: Path, lines: int) -> Path:
    """The file of so many lines; made once."""
    file = folder / f"orders-{lines}.csv"
    if not file.exists():
        write(file, lines, 7)
    return file


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--lines", type=int, default=1_000_000)
    parser.add_argument("--skip-rivals", action="store_true")
    parser.add_argument("--repeat", type=int, default=1, help="tries; the cheapest counts")
    parser.add_argument("--memory", action="store_true", help="ours, at ten times the lines too")
    parser.add_argument("--dir", type=Path, help="keep the generated files here for the next time")
    given = parser.parse_args()
    folder = given.dir or Path(mkdtemp(prefix="oms-import-bench-"))
    folder.mkdir(parents=True, exist_ok=True)
    try:
        good = memory(folder, given.lines) if given.memory else compare(folder, given)
    finally:
        if given.dir is None:
            shutil.rmtree(folder)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
