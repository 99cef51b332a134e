"""TRADACOMS as it comes: blocked or not, damaged or whole, orders with what their ORDHDR says."""

from __future__ import annotations

import itertools
import json
import tempfile
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oms_import.model.edi import COMPONENT, FAULT_TAG, SEGMENTS
from oms_import.model.errors import DropRejectedError
from oms_import.model.values import Limits
from oms_import.profiles.model import FormatSpec
from oms_import.readers.edi.source import SegmentSource
from oms_import.readers.edi.tradacoms import open_tradacoms
from oms_import.readers.spec import ReadSpec

SAMPLES = Path(__file__).parents[2] / "../shared/samples/edi"
_FOLDER = tempfile.TemporaryDirectory()
_NUMBERS = itertools.count()


def opened(data: bytes, **format_spec: object) -> SegmentSource:
    path = Path(_FOLDER.name) / f"{next(_NUMBERS)}.tra"
    path.write_bytes(data)
    spec = ReadSpec(format=FormatSpec(**format_spec))
    return open_tradacoms(path, spec, path.parent, Limits())


def message(number: int, kind: str, *segments: str) -> str:
    whole = (f"MHD={number}+{kind}:9", *segments, f"MTR={len(segments) + 2}")
    return "".join(f"{segment}'" for segment in whole)


def batch(*orders: tuple[str, ...], customer: str = "C1", first: int = 1) -> list[str]:
    header = message(first, "ORDHDR", "TYP=0430", "SDT=S1", f"CDT={customer}", "FIL=1+1+240131")
    inner = [message(first + n, "ORDERS", *order) for n, order in enumerate(orders, 1)]
    trailer = message(first + len(orders) + 1, "ORDTLR", f"OFT={len(orders)}")
    return [header, *inner, trailer]


def transmission(messages: list[str], sender: str = "5011:SHOP") -> str:
    header = f"STX=ANA:1+{sender}+5013:MAKER+240131:165254+000048++ORDHDR'"
    return f"{header}{''.join(messages)}END={len(messages)}'"


ORDER = ("CLO=5022", "ORD=PO1::240131", "OLD=1+5013493014954+++12+20", "OTR=1")


def all_rows(source: SegmentSource) -> pl.DataFrame:
    frames = list(source.batches(1000))
    return pl.concat(frames, how="diagonal") if frames else pl.DataFrame(schema=SEGMENTS)


def codes(source: SegmentSource) -> list[str]:
    return [fault.code for fault in source.envelopes.faults]


def test_a_transmission_says_who_sent_what_to_whom() -> None:
    source = opened(transmission(batch(ORDER)).encode())
    one = source.envelopes.interchanges[0]
    assert (one.standard, one.sender, one.receiver) == ("tradacoms", "5011", "5013")
    assert (one.control, one.prepared, one.version) == ("000048", "240131 165254", "ANA:1")
    kinds = source.envelopes.messages.get_column("type").to_list()
    assert kinds == ["ORDHDR", "ORDERS", "ORDTLR"]
    assert source.envelopes.messages.get_column("version").to_list() == ["9"] * 3
    assert codes(source) == []


def test_a_sender_without_a_code_is_known_by_name() -> None:
    source = opened(transmission(batch(ORDER), sender=":ANY SHOP PLC").encode())
    assert source.envelopes.interchanges[0].sender == "ANY SHOP PLC"
    assert codes(source) == []


def test_orders_are_led_by_stx_and_by_what_their_header_says() -> None:
    messages = [*batch(ORDER, ORDER), *batch(ORDER, customer="C2", first=5)]
    rows = all_rows(opened(transmission(messages).encode()))
    assert rows.filter(_message=2).get_column("tag").to_list() == [
        "STX", "TYP", "SDT", "CDT", "FIL", "MHD", "CLO", "ORD", "OLD", "OTR", "MTR",
    ]  # fmt: skip
    assert rows.filter(_message=2).get_column("_segment").to_list() == [0] * 5 + [1, 2, 3, 4, 5, 6]
    customers = rows.filter(tag="CDT").select("_message", "e01").rows()
    assert customers == [(2, "C1"), (3, "C1"), (6, "C2")]


def test_the_equals_sign_ends_the_tag_and_is_text_elsewhere() -> None:
    order = ("ORD=A=B?'S:=C+=", *ORDER[2:])
    rows = all_rows(opened(transmission(batch(order)).encode()))
    assert rows.filter(tag="ORD").select("e01", "e02").rows() == [(f"A=B'S{COMPONENT}=C", "=")]


@pytest.mark.parametrize("width", [7, 40, 80])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_blocks_of_fixed_columns_are_joined(width: int, end: str) -> None:
    whole = transmission(batch(ORDER, ORDER))
    blocked = end.join(whole[at : at + width] for at in range(0, len(whole), width))
    source = opened(blocked.encode())
    assert codes(source) == []
    plain = all_rows(opened(whole.encode()))
    same = ["_message", "_segment", "tag", "e01", "e02"]
    assert all_rows(source).select(same).equals(plain.select(same))


def test_segments_padded_to_blocks_are_read() -> None:
    padded = "".join(f"{one}'".ljust(80) for one in transmission(batch(ORDER)).split("'")[:-1])
    source = opened(padded.encode())
    assert codes(source) == []
    assert all_rows(source).filter(tag="OLD").height == 1


def test_counts_of_messages_and_segments_are_checked() -> None:
    text = transmission(batch(ORDER)).replace("MTR=6'MHD=3", "MTR=9'MHD=3")
    fault = opened(text.encode()).envelopes.faults[0]
    assert (fault.code, fault.message, fault.tag, fault.segment) == ("EDI_COUNT", 2, "MTR", 6)
    source = opened(transmission(batch(ORDER)).replace("END=3", "END=4").encode())
    assert [(f.code, f.message, f.tag) for f in source.envelopes.faults] == [
        ("EDI_COUNT", None, "END")
    ]


def test_a_damaged_header_condemns_the_orders_behind_it() -> None:
    text = transmission(batch(ORDER, ORDER)).replace("SDT=S1'", "")
    source = opened(text.encode())
    assert codes(source) == ["EDI_COUNT"]
    condemned = all_rows(source).filter(tag=FAULT_TAG).get_column("_message").to_list()
    assert condemned == [2, 3]


def test_the_order_trailer_states_how_many_orders_there_are() -> None:
    source = opened(transmission(batch(ORDER, ORDER)).replace("OFT=2", "OFT=3").encode())
    fault = source.envelopes.faults[0]
    assert (fault.code, fault.tag, fault.value, fault.message) == ("EDI_COUNT", "OFT", "3", None)


def test_missing_trailers_are_told() -> None:
    text = transmission(batch(ORDER))
    assert codes(opened(text[: text.index("END")].encode())) == ["EDI_TRUNCATED"]
    source = opened(text.replace("MTR=6'MHD=3", "MHD=3").encode())
    assert [(f.code, f.message) for f in source.envelopes.faults] == [("EDI_TRUNCATED", 2)]


def test_transmissions_stand_one_behind_the_other() -> None:
    text = transmission(batch(ORDER))
    source = opened((text + "\r\n\r\n" + text).encode())
    assert codes(source) == []
    assert len(source.envelopes.interchanges) == 2
    assert all_rows(source).filter(tag="SDT").get_column("_message").to_list() == [2, 5]


def test_lenient_reading_takes_the_orders() -> None:
    source = opened(transmission(batch(ORDER)).replace("END=3", "END=4").encode(), strict=False)
    assert all_rows(source).filter(tag=FAULT_TAG).is_empty()
    assert "EDI_COUNT" in [finding.code for finding in source.findings]


@pytest.mark.parametrize("data", [b"", b"hello", b"STX", b"ISA*00*"])
def test_what_is_no_transmission_is_refused(data: bytes) -> None:
    with pytest.raises(DropRejectedError) as rejected:
        opened(data)
    assert rejected.value.findings[0].code in {"EDI_HEADER", "FILE_EMPTY"}


def expected() -> list[dict[str, object]]:
    key = SAMPLES / "expected.jsonl"
    if not key.exists():
        return []
    entries = [json.loads(line) for line in key.read_text(encoding="utf-8").splitlines()]
    return [one for one in entries if one["file"].startswith("tradacoms")]


@pytest.mark.parametrize("entry", expected(), ids=lambda entry: Path(entry["file"]).name)
def test_real_files_agree_with_their_key(entry: dict[str, object]) -> None:
    source = opened((SAMPLES / str(entry["file"])).read_bytes())
    found = [
        {"sender": one.sender, "receiver": one.receiver, "control": one.control}
        for one in source.envelopes.interchanges
    ]
    assert found == entry["interchanges"]
    assert codes(source) == []
    rows = all_rows(source)
    orders: list[dict[str, object]] = entry["orders"]
    assert rows.filter(tag="MHD").get_column("e01").to_list() == [o["msg_ref"] for o in orders]
    numbers = rows.filter(tag="ORD").get_column("e01").str.split(COMPONENT).list.first()
    assert numbers.to_list() == [order["order_number"] for order in orders]
    lines = rows.filter(tag="OLD").group_by("_message", maintain_order=True).len()
    assert lines.get_column("len").to_list() == [order["lines"] for order in orders]
    assert rows.filter(tag="CDT").height == len(orders)


TEXT = st.text("+:'?= ab€é", max_size=10).map(str.strip)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.lists(TEXT, min_size=1, max_size=4), min_size=1, max_size=5), st.integers(5, 90))
def test_what_is_written_is_read_back(segments: list[list[str]], width: int) -> None:
    def released(text: str) -> str:
        return "".join("?" + one if one in "+:'?" else one for one in text)

    order = tuple("DNA=" + "+".join(map(released, cells)) for cells in segments)
    whole = transmission(batch(order))
    data = "\r\n".join(whole[at : at + width] for at in range(0, len(whole), width)).encode()
    source = opened(data)
    assert codes(source) == []
    rows = all_rows(source).filter(tag="DNA")
    names = [name for name in rows.columns if name[0] == "e" and name[1:].isdigit()]
    found = [[cell or "" for cell in row] for row in rows.select(names).iter_rows()]
    meant = [cells + [""] * (len(names) - len(cells)) for cells in segments]
    assert found == meant


@settings(max_examples=50, deadline=None)
@given(st.binary(max_size=60), st.integers(0, 300), st.integers(0, 60))
def test_damaged_bytes_are_read_or_refused(more: bytes, cut: int, lost: int) -> None:
    whole = transmission(batch(ORDER, ORDER)).encode()
    for data in (more, b"STX=" + more, whole[:cut] + more + whole[cut + lost :]):
        try:
            source = opened(data)
        except DropRejectedError:
            continue
        rows = all_rows(source)
        orders = source.envelopes.messages.filter(kind="order").height
        assert rows.filter(tag="STX").height >= orders
