"""Leading rows written in front of messages: the same frames as sorting them in between."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from oms_import.model.values import Limits
from oms_import.profiles.model import FormatSpec
from oms_import.readers.edi.leading import is_plain
from oms_import.readers.edi.ranks import ranks
from oms_import.readers.edi.source import SegmentSource
from oms_import.readers.registry import READERS
from oms_import.readers.spec import ReadSpec


def x12(
    number: int, marks: str = "*~>", *, groups: int = 1, counted: int = 0, end: str = ""
) -> str:
    """An interchange; GE01 states `counted` more sets than there are."""
    element, terminator, component = marks
    isa = ["ISA", "00", " " * 10, "00", " " * 10, "ZZ", f"{'ACME':15}", "ZZ", f"{'US':15}",
           "260115", "1200", "U", "00401", f"{number:09}", "0", "T", component]  # fmt: skip
    segments = [element.join(isa)]
    for group in range(1, groups + 1):
        segments.append(f"GS*PO*ACME*US*20260115*1200*{group}*X*004010".replace("*", element))
        for order in (1, 2):
            lines = [f"ST*850*{order:04}", f"BEG*00*SA*PO{number}{order}**20260115", "REF**é"]
            lines += [f"PO1*1*2*EA*3.50**VN*A{component}B*UP*690000000001"] * order
            segments += [
                line.replace("*", element) for line in (*lines, f"SE*{len(lines) + 1}*{order:04}")
            ]
        segments.append(f"GE*{2 + counted}*{group}".replace("*", element))
    segments.append(f"IEA*{groups}*{number:09}".replace("*", element))
    return "".join(segment + terminator + end for segment in segments)


def edifact(number: int, sender: str = "SENDER", *, counted: int = 2, end: str = "") -> str:
    """An interchange of two orders; UNZ states `counted`."""
    segments = [f"UNB+UNOC:3+{sender}:14+US:14+260115:1200+{number}++ORDERS++1"]
    for order in (1, 2):
        body = [f"UNH+{order}+ORDERS:D:96A:UN:EAN008", f"BGM+220+PO{number}{order}+9"]
        body += ["IMD+F++:::KÄSE ?+ WURST", f"QTY+21:{order}"]
        segments += [*body, f"UNT+{len(body) + 1}+{order}"]
    return "".join(s + "'" + end for s in (*segments, f"UNZ+{counted}+{number}"))


def frames(source: SegmentSource, rows: int) -> pl.DataFrame:
    return pl.concat(source.batches(rows), how="diagonal").rechunk()


X12 = {
    "one": x12(1),
    "many rows": x12(1, groups=300),
    "lines": x12(1, groups=2, end="\r\n"),
    "delimiters": x12(1) + x12(2, "|\n>") + x12(3, "*'^"),
    "a delimiter in another header": x12(1) + x12(2, ">~:"),
    "counts": x12(1, counted=1) + x12(2, groups=2, counted=1),
    "control characters": x12(1, "\x1d\x1c\x1f") + x12(2, "\x1f\x1e\x1d"),
    "no trailer": x12(1, groups=2)[:-30],
    "a set's own fault": x12(1).replace("SE*5*", "SE*9*") + x12(2),
}
EDIFACT = {
    "one": edifact(1),
    "lines": edifact(1, end="\n") + edifact(2, end="\n"),
    "counts": edifact(1, counted=5) + edifact(2),
    "released": edifact(1, "S?+?:?'E"),
    "no trailer": edifact(1)[:-8],
    "advice": "UNA:+.? '" + edifact(1) + edifact(2),
}
CASES = [
    *(("x12", text, "utf-8") for text in X12.values()),
    *(
        ("edifact", text, encoding)
        for text in EDIFACT.values()
        for encoding in ("utf-8", "latin-1")
    ),
]


@pytest.mark.parametrize(("name", "text", "encoding"), CASES)
@pytest.mark.parametrize("test", ["hold", "load"])
@pytest.mark.parametrize("rows", [3, 100_000])
def test_written_rows_are_those_that_would_be_sorted_in(
    name, text, encoding, test, rows, tmp_path: Path, monkeypatch
) -> None:
    path = tmp_path / "orders"
    path.write_bytes(text.encode(encoding))
    spec = ReadSpec(format=FormatSpec.model_construct(test=test))
    source = READERS[name].open(path, spec, tmp_path, Limits())
    source = SegmentSource(source.tokens, spec)  # not as a short file that is ready
    led = frames(source, rows)
    monkeypatch.setattr(type(source.tokens), "led", lambda *_: None)
    assert_frame_equal(led, frames(source, rows))


def test_cells_that_text_cannot_carry() -> None:
    assert is_plain({1: [("ISA", ["00", None, "A\x1fB"])]}, "*~")
    assert not is_plain({1: [("ISA", ["A*B"])]}, "*~")
    assert not is_plain({1: [("ISA", ["A\nB"])]})
    assert not is_plain({1: [("ISA", [""])]})  # not the same as nothing


@pytest.mark.parametrize("size", [0, 1, 63, 64, 65, 1000])
def test_ranks_count_what_stands_before(size: int) -> None:
    mask = np.random.default_rng(size).random(size) < 0.3
    expected = [int(mask[:place].sum()) for place in range(size + 1)]
    assert ranks(mask, np.arange(size + 1)).tolist() == expected
