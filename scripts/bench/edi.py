"""X12 and EDIFACT: reading beside other parsers, and the whole import, in MB/s of CPU.

    python scripts/bench/edi.py [--mb 100] [--peer-mb 4]

Peers read the first `--peer-mb` of the same bytes, since they take long; those that are not
installed are left out (pyx12 and pydifact come with the test dependencies; badx12 with pip).
"""

from __future__ import annotations

import argparse
import gc
import shutil
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from tempfile import mkdtemp

from measure import HOUSE, OURS, measured

_LINES = 20


def x12_order(number: int) -> list[str]:
    """One 850 of 20 lines, its count right."""
    segments = [
        f"ST*850*{number:09}", f"BEG*00*SA*PO{number:08}**20260115", "CUR*BY*USD",
        f"REF*DP*{number % 999:04}", "DTM*037*20260120", "DTM*038*20260130",
        f"N1*ST*STORE {number % 500}*92*{number % 500:04}", "N3*12 MAIN ST",
        "N4*DALLAS*TX*75001*US", "N1*BY*RETAIL CO*92*0001",
    ]  # fmt: skip
    for line in range(1, _LINES + 1):
        price = f"{(line * 37 % 999) / 100 + 1:.2f}"
        ids = f"VN*SKU{(number + line) % 5000:05}*UP*{690000000000 + line}*BP*B{line:05}"
        segments += [f"PO1*{line}*{line % 9 + 1}*EA*{price}**{ids}", f"PID*F****ITEM {line}"]
    return [*segments, f"CTT*{_LINES}", f"SE*{len(segments) + 2}*{number:09}"]


def edifact_order(number: int) -> list[str]:
    """One ORDERS of 20 lines, its count right."""
    segments = [
        f"UNH+{number}+ORDERS:D:96A:UN:EAN008", f"BGM+220+PO{number:08}+9",
        "DTM+137:20260115:102", "DTM+2:20260130:102", "NAD+BY+4012345000009::9",
        f"NAD+DP+{4012345000000 + number % 500}::9++STORE+12 MAIN ST+KOELN++50667+DE",
        "CUX+2:EUR:9",
    ]  # fmt: skip
    for line in range(1, _LINES + 1):
        segments += [
            f"LIN+{line}++{4000000000000 + line}:EN", f"PIA+5+SKU{(number + line) % 5000:05}:SA",
            f"IMD+F++:::ITEM {line}", f"QTY+21:{line % 9 + 1}", f"PRI+AAA:{line + 0.5}",
        ]  # fmt: skip
    return [*segments, "UNS+S", f"CNT+2:{_LINES}", f"UNT+{len(segments) + 3}+{number}"]


def write_x12(path: Path, size: int) -> None:
    """One interchange of about `size` bytes."""
    count = max(1, size // len("~".join(x12_order(1))))
    head = f"ISA*00*{'':10}*00*{'':10}*ZZ*{'SENDER':15}*ZZ*{'US':15}*260115*1200*U*00401*"
    with path.open("w") as file:
        file.write(f"{head}000000001*0*P*>~GS*PO*SENDER*US*20260115*1200*1*X*004010~")
        file.writelines("~".join(x12_order(n)) + "~" for n in range(1, count + 1))
        file.write(f"GE*{count}*1~IEA*1*000000001~")


def write_edifact(path: Path, size: int) -> None:
    """One interchange of about `size` bytes."""
    count = max(1, size // len("'".join(edifact_order(1))))
    with path.open("w") as file:
        file.write("UNB+UNOC:3+SENDER:14+US:14+260115:1200+1'")
        file.writelines("'".join(edifact_order(n)) + "'" for n in range(1, count + 1))
        file.write(f"UNZ+{count}+1'")


def speed(read: Callable[[Path], object], path: Path) -> float:
    """MB/s of CPU, the better of two runs."""
    best = float("inf")
    for _ in range(2):
        gc.collect()
        begun = time.process_time()
        read(path)
        best = min(best, time.process_time() - begun)
    return path.stat().st_size / 1e6 / best


def our_reader(name: str, scratch: Path) -> Callable[[Path], object]:
    """Envelopes surveyed and checked, every order's segments in frames."""
    from oms_import.model.values import Limits
    from oms_import.readers.registry import READERS
    from oms_import.readers.spec import ReadSpec

    def read(path: Path) -> object:
        source = READERS[name].open(path, ReadSpec(), scratch, Limits())
        return sum(frame.height for frame in source.batches(100_000))

    return read


def peers(name: str) -> dict[str, Callable[[Path], object]]:
    """Other parsers of this standard that are installed here."""
    found: dict[str, Callable[[Path], object]] = {}
    if name == "x12":
        try:
            from pyx12.x12file import X12Reader

            found["pyx12"] = lambda path: sum(1 for _ in X12Reader(str(path)))
        except ImportError:
            pass
        try:
            from badx12 import Parser

            found["badx12"] = lambda path: Parser().parse_document(path.read_text())
        except ImportError:
            pass
    else:
        try:
            from pydifact.segmentcollection import Interchange

            found["pydifact"] = lambda path: list(
                Interchange.from_str(path.read_text()).get_messages()
            )
        except ImportError:
            pass
    return found


def imported(path: Path, profile: str, folder: Path) -> str:
    """The whole import of the file, outputs in CSV and Parquet included."""
    root = folder / f"space-{profile}"
    (root / "profiles").mkdir(parents=True)
    (root / "oms-import.toml").write_text("")
    (root / "profiles/bench.toml").write_text(f'extends = "{profile}"\n')
    cost = measured([*OURS, "-w", str(root), "import", "bench", str(path), "-q"])
    rate = path.stat().st_size / 1e6 / cost.cpu
    return f"{rate:6.1f} MB/s, {cost.wall:.1f} s, {cost.peak_mb:.0f} MB, exit {cost.code}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--mb", type=int, default=100)
    parser.add_argument("--peer-mb", type=int, default=4)
    asked = parser.parse_args()
    folder = Path(mkdtemp(prefix="oms-import-bench-"))
    makers = {"x12": (write_x12, "x12-850"), "edifact": (write_edifact, "edifact-orders")}
    try:
        for name, (write, profile) in makers.items():
            whole, share = folder / f"orders.{name}", folder / f"share.{name}"
            write(whole, asked.mb * 1_000_000)
            write(share, asked.peer_mb * 1_000_000)
            ours = speed(our_reader(name, folder), whole)
            print(f"{name}: reading {ours:6.1f} MB/s of CPU, {asked.mb} MB")
            for peer, read in peers(name).items():
                theirs = speed(read, share)
                print(f"  {peer:9} {theirs:6.2f} MB/s of CPU; ours is {ours / theirs:.0f} times")
            print(f"  import  {imported(whole, profile, folder)}")
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    import sys

    sys.path.insert(0, str(HOUSE))
    warnings.simplefilter("ignore")  # pydifact warns of every segment
    main()
