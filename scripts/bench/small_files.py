"""A thousand files of about 1 KB through one `import`; promised under 15 seconds."""

from __future__ import annotations

import shutil
from pathlib import Path
from tempfile import mkdtemp

from bulk import workspace
from generate import write_small
from measure import OURS, measured


def main() -> None:
    folder = Path(mkdtemp(prefix="oms-import-bench-"))
    try:
        write_small(folder / "drops", 1000, 7)
        root = workspace(folder)
        cost = measured([*OURS, "-w", str(root), "import", "bench", str(folder / "drops"), "-q"])
        told = f"CPU {cost.cpu:.2f} s, {cost.peak_mb:.0f} MB, exit {cost.code}"
        print(f"1,000 files: {cost.wall:.2f} s, {told}")
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
