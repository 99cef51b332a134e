"""A thousand files of about 1 KB through one `import`; promised under 15 seconds.

python scripts/bench/small_files.py [--headers 2]      # so many different headers, in turn
"""

from __future__ import annotations

import argparse
import shutil
from pathlib import Path
from tempfile import mkdtemp

from bulk import workspace
from generate import write_small
from measure import OURS, measured


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--headers", type=int, default=1, help="different headers, in turn")
    given = parser.parse_args()
    folder = Path(mkdtemp(prefix="oms-import-bench-"))
    try:
        write_small(folder / "drops", 1000, 7, given.headers)
        root = workspace(folder)
        cost = measured([*OURS, "-w", str(root), "import", "bench", str(folder / "drops"), "-q"])
        told = f"CPU {cost.cpu:.2f} s, {cost.peak_mb:.0f} MB, exit {cost.code}"
        print(f"1,000 files, headers: {given.headers}: {cost.wall:.2f} s, {told}")
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
