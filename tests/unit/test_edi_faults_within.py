"""Faults inside messages: told where they stand, and answered with the codes of the standards."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest

from oms_import.model.edi import FAULT_TAG
from oms_import.model.values import Limits
from oms_import.outputs.acks import (
    AckPolicy,
    ControlNumbers,
    contrl,
    functional_ack_997,
    implementation_ack_999,
    outcomes_frame,
)
from oms_import.profiles.model import FormatSpec
from oms_import.readers.edi.edifact import open_edifact
from oms_import.readers.edi.source import SegmentSource
from oms_import.readers.edi.x12 import open_x12
from oms_import.readers.spec import ReadSpec

AT = datetime(2026, 1, 15, 12, tzinfo=UTC)
NUMBERS = ControlNumbers(1)
BEG = "BEG*00*SA*4711**20260115"
PO1 = "PO1*1*10*EA*2.5**VN*A-1"


def x12(*body: str, kind: str = "850", stated: int | None = None) -> str:
    isa = f"ISA*00*{'':10}*00*{'':10}*ZZ*{'THEM':15}*ZZ*{'US':15}*260115*1200*U*00401"
    count = stated or len(body) + 2
    segments = (
        f"{isa}*000000007*0*P*>", "GS*PO*THEM*US*20260115*1200*3*X*004010",
        f"ST*{kind}*0001", *body, f"SE*{count}*0001", "GE*1*3", "IEA*1*000000007",
    )  # fmt: skip
    return "".join(f"{segment}~" for segment in segments)


def edifact(*body: str) -> str:
    segments = (
        "UNB+UNOC:3+THEM:14+US:14+260115:1200+77", "UNH+1+ORDERS:D:96A:UN", *body,
        f"UNT+{len(body) + 2}+1", "UNZ+1+77",
    )  # fmt: skip
    return "".join(f"{segment}'" for segment in segments)


def read(text: str, folder: Path, *, strict: bool = True) -> tuple[SegmentSource, pl.DataFrame]:
    path = folder / "drop.edi"
    path.write_text(text, "ascii")
    spec = ReadSpec(format=FormatSpec(strict=strict, test="release"))
    reader = open_x12 if text.startswith("ISA") else open_edifact
    source = reader(path, spec, folder, Limits())
    return source, pl.concat(source.batches(50_000), how="diagonal")


def answer(text: str, folder: Path, how: object = functional_ack_997) -> list[str]:
    envelopes = read(text, folder)[0].envelopes
    told = how(envelopes, envelopes.interchanges[0], outcomes_frame([]), NUMBERS, AT, AckPolicy())
    segments = [one.strip() for one in told.replace("'", "~").split("~")]
    return [one for one in segments if one[:3] in {"AK3", "AK4", "AK5", "IK3", "IK4", "UCS", "UCD"}]


@pytest.mark.parametrize(
    ("body", "wanted"),
    [
        ((PO1,), ["AK3*BEG*2**3"]),
        ((BEG, BEG, PO1), ["AK3*BEG*3**5"]),
        ((BEG, "PO1*1*ten*EA*2.5"), ["AK3*PO1*3**8", "AK4*2**6*ten"]),
        (("BEG*00*SA***20260115", PO1), ["AK3*BEG*2**8", "AK4*3**1"]),
        (("BEG*00*SA*4711**20261340", PO1), ["AK3*BEG*2**8", "AK4*5**8*20261340"]),
        ((f"BEG*00*SA*{'4' * 23}**20260115", PO1), ["AK3*BEG*2**8", f"AK4*3**5*{'4' * 23}"]),
        ((BEG, PO1, "PO1*2*1*EA*x"), ["AK3*PO1*4**8", "AK4*4**6*x"]),
    ],
)
def test_997_names_segment_element_code_and_value(
    body: tuple[str, ...], wanted: list[str], tmp_path: Path
) -> None:
    assert answer(x12(*body), tmp_path) == [*wanted, "AK5*R*5"]


def test_999_says_the_same_in_its_own_segments(tmp_path: Path) -> None:
    told = answer(x12(BEG, "PO1*1*ten*EA*2.5"), tmp_path, implementation_ack_999)
    assert told == ["IK3*PO1*3**8", "IK4*2**6*ten"]


def test_a_wrong_count_and_a_fault_within_are_both_told(tmp_path: Path) -> None:
    told = answer(x12(BEG, "PO1*1*ten*EA*2.5", stated=9), tmp_path)
    assert told[:2] == ["AK3*PO1*3**8", "AK4*2**6*ten"]
    assert told[-1].startswith("AK5*R*")
    assert set(told[-1].split("*")[2:]) == {"4", "5"}


@pytest.mark.parametrize(
    ("body", "wanted"),
    [
        (("DTM+137:20260115:102", "LIN+1"), ["UCS+2+13"]),
        (("BGM+220+4711+9", "BGM+220+4711+9"), ["UCS+3+35"]),
        (("BGM+220+4711+9", "LIN+1", "QTY+21:ten"), ["UCS+4", "UCD+37+2:2"]),
        (("BGM+220+4711+9", "LIN+1", "QTY+:10"), ["UCS+4", "UCD+13+2:1"]),
    ],
)
def test_contrl_names_segment_element_and_error(
    body: tuple[str, ...], wanted: list[str], tmp_path: Path
) -> None:
    assert answer(edifact(*body), tmp_path, contrl) == wanted


def test_a_set_number_that_another_set_of_the_group_has_is_noted(tmp_path: Path) -> None:
    one = "".join(f"{segment}~" for segment in ("ST*850*0001", BEG, PO1, "SE*4*0001"))
    text = x12(BEG, PO1).replace(one, one * 2).replace("GE*1", "GE*2")
    assert answer(text, tmp_path) == ["AK5*A", "AK5*E*23"]
    source, rows = read(text, tmp_path)
    assert FAULT_TAG not in rows["tag"].to_list()
    (warned,) = source.findings
    assert "ST02 0001" in (warned.detail or "")


def test_a_message_reference_that_came_before_is_a_warning(tmp_path: Path) -> None:
    one = "UNH+1+ORDERS:D:96A:UN'BGM+220+4711+9'LIN+1'UNT+4+1'"
    text = edifact("BGM+220+4711+9", "LIN+1").replace(one, one * 2).replace("UNZ+1", "UNZ+2")
    source, rows = read(text, tmp_path)
    assert FAULT_TAG not in rows["tag"].to_list()
    assert [(one.code, one.severity) for one in source.findings] == [("EDI_CONTROL_REF", "warning")]
    envelopes = source.envelopes
    told = contrl(envelopes, envelopes.interchanges[0], outcomes_frame([]), NUMBERS, AT)
    said = [segment for segment in (told or "").split("'") if segment.startswith("UCM")]
    assert said == ["UCM+1+ORDERS:D:96A:UN+7"] * 2


def test_groups_of_two_interchanges_may_have_the_same_number(tmp_path: Path) -> None:
    text = x12(BEG, PO1)
    source, _ = read(text + text.replace("000000007", "000000008"), tmp_path)
    assert source.findings == []


def test_an_order_without_lines_lacks_them_but_a_cancellation_does_not(tmp_path: Path) -> None:
    assert answer(x12(BEG, "CTT*0"), tmp_path) == ["AK3*PO1*3**3", "AK5*R*5"]
    assert answer(x12(BEG), tmp_path) == ["AK3*PO1*3**3", "AK5*R*5"]
    assert answer(x12(BEG.replace("*00*", "*01*")), tmp_path) == ["AK5*A"]


def test_each_of_very_many_bad_orders_is_condemned(tmp_path: Path) -> None:
    sets = [
        "".join(f"{one}~" for one in (f"ST*850*{n:05}", BEG, PO1, "PO1*2*x*EA*y", f"SE*5*{n:05}"))
        for n in range(1_500)
    ]
    whole = x12(BEG, PO1)
    begin, end = whole.index("ST*850"), whole.index("GE*1")
    text = whole[:begin] + "".join(sets) + whole[end:].replace("GE*1*", "GE*1500*")
    _, rows = read(text, tmp_path)
    assert rows.filter(pl.col("tag") == FAULT_TAG)["_message"].n_unique() == 1_500


def test_strict_condemns_the_order_and_lenient_warns(tmp_path: Path) -> None:
    text = x12(BEG, "PO1*1*ten*EA*2.5")
    _, strict = read(text, tmp_path)
    (said,) = strict.filter(pl.col("tag") == FAULT_TAG)["e02"]
    assert "segment 3 (PO1), element 2" in said
    assert '"ten"' in said
    source, lenient = read(text, tmp_path, strict=False)
    assert FAULT_TAG not in lenient["tag"].to_list()
    (warned,) = source.findings
    assert warned.severity == "warning"
    assert "segment 3 (PO1)" in (warned.detail or "")


@pytest.mark.parametrize("text", [x12(BEG, PO1, "CTT*1"), x12("NTE*x", kind="810")])
def test_what_is_right_and_what_is_no_order_has_no_faults(text: str, tmp_path: Path) -> None:
    path = tmp_path / "drop.edi"
    path.write_text(text, "ascii")
    source = open_x12(path, ReadSpec(), tmp_path, Limits())
    list(source.batches(1000))
    assert source.envelopes.faults == ()
