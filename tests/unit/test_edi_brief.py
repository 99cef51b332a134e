"""Short clean files are read by a short way, which must say what the long way says."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from oms_import.model.edi import FAULT_TAG
from oms_import.profiles.model import FormatSpec
from oms_import.readers.edi.brief import Brief
from oms_import.readers.edi.edifact import EDIFACT, SegmentFile
from oms_import.readers.edi.edifact_brief import brief_edifact
from oms_import.readers.edi.source import SegmentSource
from oms_import.readers.edi.x12 import X12File
from oms_import.readers.edi.x12_brief import brief_x12
from oms_import.readers.spec import ReadSpec

SAMPLES = (Path(__file__).parents[2] / "../shared/samples/edi").resolve()

texts = st.text("ABCab 019.-/#", max_size=8)
bodies = st.lists(st.lists(texts, max_size=5), max_size=4)
ends = st.sampled_from(["", "\n", "\r\n"])
damages = st.sampled_from(["", "\n", " ", "'", "~", "*", "+", "\x1f", "x", "SE", "UNT"])


def x12(sets: list[Any], end: str, terminator: str, element: str, kind: str) -> str:
    isa = f"ISA*00*{'':10}*00*{'':10}*ZZ*{'SENDER':15}*ZZ*{'RECEIVER':15}*260115*1200*U*00401"
    segments = [
        f"{isa}*000000007*0*P*>",
        "GS*PO*SENDER*RECEIVER*20260115*1200*3*X*004010",
    ]
    for place, body in enumerate(sets, 1):
        inner = ["*".join(["N9", *cells]) for cells in body]
        segments += [f"ST*{kind}*{place:04}", *inner, f"SE*{len(inner) + 2}*{place:04}"]
    segments += [f"GE*{len(sets)}*3", "IEA*1*000000007"]
    text = "".join(segment + "~" + end for segment in segments)
    return text.replace("~", "\x00").replace("*", element).replace("\x00", terminator)


def edifact(messages: list[Any], end: str, kind: str, *, advice: bool) -> str:
    segments = ["UNA:+.? "] if advice else []
    segments += ["UNB+UNOC:3+SENDER:14+RECEIVER:14+260115:1200+77"]
    for place, body in enumerate(messages, 1):
        inner = ["+".join(["FTX", *cells]).replace("/", ":").strip() for cells in body]
        head = f"UNH+{place}+{kind}:D:96A:UN:EAN008"
        segments += [head, *inner, f"UNT+{len(inner) + 2}+{place}"]
    segments += [f"UNZ+{len(messages)}+77"]
    return "".join(segment + "'" + end for segment in segments)


def damaged(text: str, at: float, damage: str) -> bytes:
    place = int(at * len(text))
    return (text[:place] + damage + text[place:]).encode()


def same(brief: Brief | None, data: bytes, long: Any) -> bool:
    """Compare the short way with the long one; whether the short way was taken."""
    if brief is None:
        return False
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "drop"
        path.write_bytes(data)
        whole = long(path, Path(folder))
        assert_frame_equal(whole.envelopes.messages, brief.envelopes.messages)
        assert whole.envelopes.interchanges == brief.envelopes.interchanges
        assert whole.envelopes.groups == brief.envelopes.groups
        assert whole.envelopes.faults == brief.envelopes.faults
        assert dict(whole.headers) == dict(brief.headers)
        assert whole.encoding == brief.encoding
        assert whole.repairs == brief.repairs
        assert whole.findings == brief.findings
        assert_frame_equal(batches(whole), batches(brief), check_column_order=False)
        if brief.ready.height:
            assert_frame_equal(batches(whole), brief.ready, check_column_order=False)
    return True


def batches(tokens: Any) -> pl.DataFrame:
    spec = ReadSpec(format=FormatSpec(test="release"))
    frames = list(SegmentSource(tokens, spec).batches(10_000))
    if not frames:
        return pl.DataFrame()
    # The messages are made up of any segments: what they lack is told behind both ways.
    return pl.concat(frames, how="diagonal").filter(pl.col("tag") != FAULT_TAG)


def long_x12(path: Path, scratch: Path) -> X12File:
    return X12File(path, "auto", scratch)


def long_edifact(path: Path, scratch: Path) -> SegmentFile:
    return SegmentFile(path, EDIFACT, "auto", scratch)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(bodies, min_size=1, max_size=3),
    ends,
    st.sampled_from("~|^"),
    st.sampled_from("*!"),
    st.sampled_from(["850", "810"]),
)
def test_a_clean_x12_file_takes_the_short_way(sets, end, terminator, element, kind) -> None:
    data = x12(sets, end, terminator, element, kind).encode()
    assert same(brief_x12(data), data, long_x12)


@settings(max_examples=100, deadline=None)
@given(st.lists(bodies, min_size=1, max_size=2), ends, st.floats(0, 0.999), damages)
def test_a_damaged_x12_file_never_reads_otherwise_than_by_the_long_way(
    sets, end, at, damage
) -> None:
    data = damaged(x12(sets, end, "~", "*", "850"), at, damage)
    same(brief_x12(data), data, long_x12)


@pytest.mark.parametrize("st", ["ST* 850*0001", "ST*850 *0001", "ST*850*0001* 004010"])
def test_blanks_around_what_st_says_are_left_to_the_long_way(st: str, tmp_path: Path) -> None:
    data = x12([["1"]], "", "~", "*", "850").replace("ST*850*0001", st).encode()
    assert brief_x12(data) is None
    path = tmp_path / "drop"
    path.write_bytes(data)
    assert long_x12(path, tmp_path).envelopes.messages["type"].to_list() == ["850"]


@settings(max_examples=60, deadline=None)
@given(
    st.lists(bodies, min_size=1, max_size=3),
    ends,
    st.sampled_from(["ORDERS", "INVOIC"]),
    st.booleans(),
)
def test_a_clean_edifact_file_takes_the_short_way(messages, end, kind, advice) -> None:
    data = edifact(messages, end, kind, advice=advice).encode()
    assert same(brief_edifact(data), data, long_edifact)


@settings(max_examples=100, deadline=None)
@given(st.lists(bodies, min_size=1, max_size=2), ends, st.floats(0, 0.999), damages)
def test_a_damaged_edifact_file_never_reads_otherwise_than_by_the_long_way(
    messages, end, at, damage
) -> None:
    data = damaged(edifact(messages, end, "ORDERS", advice=False), at, damage)
    same(brief_edifact(data), data, long_edifact)


@pytest.mark.skipif(not SAMPLES.is_dir(), reason="the samples are not here")
def test_real_files_read_alike_both_ways() -> None:
    ways = (("x12_*", brief_x12, long_x12), ("edifact_*", brief_edifact, long_edifact))
    for folder, short, long in ways:
        taken = [
            same(short(path.read_bytes()), path.read_bytes(), long)
            for path in sorted(SAMPLES.glob(f"{folder}/*"))
        ]
        assert any(taken)
