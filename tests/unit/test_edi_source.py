"""Batches of whole messages, led by envelopes and faults; findings of what no row tells."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl
import pytest

from oms_import.model.edi import (
    FAULT_TAG,
    MESSAGES,
    Delimiters,
    Envelopes,
    Fault,
    Group,
    Interchange,
)
from oms_import.model.finding import Finding, Severity
from oms_import.profiles.model import FormatSpec
from oms_import.readers.edi.source import Header, SegmentSource
from oms_import.readers.spec import ReadSpec

_SEGMENTS = 4


class Written:
    """A tokenizer over messages that are made up: two interchanges, the second one a test."""

    name = "x12"
    encoding = "utf-8"

    def __init__(self, kinds: list[str], faults: tuple[Fault, ...] = ()) -> None:
        self.repairs = ["a byte order mark"]
        self.findings: list[Finding] = []
        half = (len(kinds) + 1) // 2
        of = [1 if place < half else 2 for place in range(len(kinds))]
        numbers = range(1, len(kinds) + 1)
        types = {"order": "850", "change": "860", "other": "997"}
        rows = [
            (n, group, group, 1, types[kind], "", f"{n}", kind, _SEGMENTS, n, 0, 0)
            for n, group, kind in zip(numbers, of, kinds, strict=True)
        ]
        messages = pl.DataFrame(rows, schema=MESSAGES, orient="row")
        interchanges = tuple(
            Interchange(n, "x12", "S", "R", f"{n}", Delimiters("*", ">", "~"), test=n == 2)
            for n in (1, 2)
        )
        groups = tuple(Group(n, n) for n in (1, 2))
        self.envelopes = Envelopes(interchanges, groups, messages, faults)
        self.headers: Mapping[int, Header] = {
            n: [("ISA", ["00", None, f"{n}"]), ("GS", ["PO"])] for n in (1, 2)
        }

    def segments(self, messages: pl.DataFrame) -> pl.DataFrame:
        """Each message's number in e01 of each of its segments."""
        rows = [
            (number, place, number, 0, 1, "REF", f"{number}")
            for number in messages["message"].to_list()
            for place in range(1, _SEGMENTS + 1)
        ]
        names = ["_message", "_segment", "_line", "_byte_from", "_byte_to", "tag", "e01"]
        types = [pl.UInt32, pl.UInt32, pl.Int64, pl.Int64, pl.Int64, pl.String, pl.String]
        return pl.DataFrame(rows, schema=dict(zip(names, types, strict=True)), orient="row")


def source(kinds: list[str], *faults: Fault, **settings: Any) -> SegmentSource:
    spec = ReadSpec(format=FormatSpec.model_construct(**settings))
    return SegmentSource(Written(kinds, faults), spec)


def faults_in(opened: SegmentSource) -> dict[int, list[str | None]]:
    """Message → codes of its fault rows."""
    found: dict[int, list[str | None]] = {}
    for frame in opened.batches(1000):
        rows = frame.filter(pl.col("tag") == FAULT_TAG).select("_message", "e01")
        for number, code in rows.iter_rows():
            found.setdefault(number, []).append(code)
    return found


def test_each_message_is_led_by_its_own_envelope() -> None:
    (frame,) = source(["order"] * 3, test="release").batches(1000)
    assert frame["tag"].to_list() == ["ISA", "GS", "REF", "REF", "REF", "REF"] * 3
    assert frame["_segment"].to_list() == [0, 0, 1, 2, 3, 4] * 3
    assert frame.filter(pl.col("tag") == "ISA")["e03"].to_list() == ["1", "1", "2"]
    assert frame["_message"].to_list() == sorted(frame["_message"].to_list())


@pytest.mark.parametrize("rows", [1, 6, 7, 12, 13, 100, 1000])
def test_a_message_is_never_cut_and_none_is_lost(rows: int) -> None:
    frames = list(source(["order"] * 40, test="release").batches(rows))
    numbers = [frame["_message"].unique(maintain_order=True).to_list() for frame in frames]
    assert [number for part in numbers for number in part] == list(range(1, 41))
    assert all(frame.height <= rows + 6 for frame in frames)
    assert rows < 12 or len(frames) < 40


def test_batches_may_be_read_again() -> None:
    opened = source(["order"] * 5)
    first, second = (pl.concat(opened.batches(10)) for _ in range(2))
    assert first.equals(second)


def test_messages_that_are_no_orders_are_told_and_not_read() -> None:
    opened = source(["order", "other", "change", "other"], test="release")
    (frame,) = opened.batches(1000)
    assert frame["_message"].unique(maintain_order=True).to_list() == [1, 3]
    told = [(one.code, one.detail) for one in opened.findings]
    assert ("EDI_DOCUMENT_IGNORED", "2 \u00d7 997") in told
    assert ("EDI_REPAIRED", "a byte order mark") in told


def test_faults_condemn_what_they_are_about() -> None:
    opened = source(
        ["order"] * 4,
        Fault("EDI_TRUNCATED", 1, "IEA is missing"),
        Fault("EDI_COUNT", 2, "GE01", group=2),
        Fault("EDI_SEGMENT", 2, "no tag", group=2, message=4, segment=3, tag="?"),
        test="release",
    )
    assert faults_in(opened) == {
        1: ["EDI_TRUNCATED"],
        2: ["EDI_TRUNCATED"],
        3: ["EDI_COUNT"],
        4: ["EDI_COUNT", "EDI_SEGMENT"],
    }
    frame = next(opened.batches(1000)).filter(pl.col("e01") == "EDI_SEGMENT")
    assert frame["e02"].item() == "interchange 2, group 2, message 4, segment 3 (?): no tag"
    assert [one.code for one in opened.findings] == ["EDI_REPAIRED"]


def test_lenient_mode_warns_and_condemns_nothing() -> None:
    faults = (Fault("EDI_TRUNCATED", 1, "IEA is missing"), Fault("EDI_COUNT", 1, "SE01", message=1))
    opened = source(["order"] * 4, *faults, strict=False, test="release")
    assert not faults_in(opened)
    told = [one for one in opened.findings if one.code != "EDI_REPAIRED"]
    assert [one.code for one in told] == ["EDI_TRUNCATED", "EDI_COUNT"]
    assert {one.effective_severity for one in told} == {Severity.WARNING}


@pytest.mark.parametrize("strict", [True, False])
def test_orders_of_a_test_interchange_are_held_unless_released(strict: bool) -> None:
    kinds = ["order"] * 4
    assert faults_in(source(kinds, strict=strict)) == {3: ["EDI_TEST"], 4: ["EDI_TEST"]}
    assert not faults_in(source(kinds, strict=strict, test="release"))


def test_a_fault_that_condemns_no_order_is_told_about_the_file() -> None:
    other = Fault("EDI_COUNT", 1, "SE01", message=2)
    empty = Fault("EDI_TRUNCATED", 2, "GE is missing", group=9)
    opened = source(["order", "other"], other, empty)
    assert not faults_in(opened)
    told = {one.code: one.effective_severity for one in opened.findings}
    assert told["EDI_COUNT"] == Severity.WARNING
    assert told["EDI_TRUNCATED"] == Severity.ERROR


def test_the_faults_told_are_limited_and_the_rest_is_counted() -> None:
    faults = tuple(Fault("EDI_COUNT", 1, f"{n}", message=1) for n in range(500))
    told = source(["order"], *faults, strict=False).findings
    assert len(told) < 150
    assert "400 more" in (told[-1].detail or "")
    assert len(faults_in(source(["order"], *faults))[1]) <= 50


def test_a_drop_without_orders_has_no_batches() -> None:
    opened = source(["other"] * 3)
    assert not list(opened.batches(10))
    assert opened.dialect.delimiter == "*"
