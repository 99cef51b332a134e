"""One big file: our whole import beside the bare floor and two scripts people write.

    python scripts/bench/bulk.py [--lines 1000000] [--skip-rivals]

Prints ratios. The promises: at most 6 times the floor's CPU, at most 1 GB, and at ten times the
lines at most 1.3 times the memory.
"""

from __future__ import annotations

import argparse
import shutil
import sys
from pathlib import Path
from tempfile import mkdtemp

from generate import write
from measure import Cost, measured

HERE = Path(__file__).parent


def workspace(folder: Path) -> Path:
    """A fresh workspace with the generated file's profile as its only channel."""
    root = folder / "workspace"
    (root / "profiles").mkdir(parents=True)
    (root / "oms-import.toml").write_text("")
    shutil.copy(HERE / "bench.toml", root / "profiles" / "bench.toml")
    return root


def ours(folder: Path, file: Path) -> Cost:
    """`oms-import import` into a fresh workspace: CSV, Parquet and history included."""
    root = workspace(folder)
    command = [sys.executable, "-m", "oms_import.cli", "-w", str(root)]
    cost = measured([*command, "import", "bench", str(file), "-q"])
    shutil.rmtree(root)
    return cost


def script(name: str, *arguments: Path) -> Cost:
    """One of the programs beside this one."""
    return measured([sys.executable, str(HERE / name), *map(str, arguments)])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--lines", type=int, default=1_000_000)
    parser.add_argument("--skip-rivals", action="store_true")
    given = parser.parse_args()
    folder = Path(mkdtemp(prefix="oms-import-bench-"))
    try:
        file = folder / "orders.csv"
        write(file, given.lines, 7)
        costs = {"floor: scan, write CSV": script("floor.py", file, folder / "floor.csv")}
        costs["oms-import import"] = ours(folder, file)
        if not given.skip_rivals:
            for name in ("rival_rows.py", "rival_pandas.py"):
                costs[name] = script(name, file, folder / name)
        show(costs, given.lines)
    finally:
        shutil.rmtree(folder)


def show(costs: dict[str, Cost], lines: int) -> None:
    """The table, with CPU against the floor and wall against ours."""
    floor = next(iter(costs.values()))
    mine = costs["oms-import import"]
    print(f"{lines:,} lines")
    print(f"{'':28}{'wall s':>9}{'CPU s':>9}{'peak MB':>9}{'CPU/floor':>11}{'wall/ours':>11}")
    for name, cost in costs.items():
        print(
            f"{name:28}{cost.wall:9.2f}{cost.cpu:9.2f}{cost.peak_mb:9.0f}"
            f"{cost.cpu / floor.cpu:11.2f}{cost.wall / mine.wall:11.2f}"
            + ("" if cost.code in (0, 3) else f"  exit {cost.code}")
        )


if __name__ == "__main__":
    main()
