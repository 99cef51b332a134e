"""Acknowledgements: what each outcome becomes, read back by other people's parsers."""

from __future__ import annotations

import io
import re
from datetime import UTC, date, datetime
from pathlib import Path

import polars as pl
import pytest
import pyx12.params
import pyx12.x12file
import pyx12.x12n_document
from hypothesis import given, settings
from hypothesis import strategies as st
from pydifact.segmentcollection import Interchange as PydifactInterchange

from oms_import.model.edi import MESSAGES, Delimiters, Envelopes, Fault, Group, Interchange
from oms_import.model.values import Limits
from oms_import.outputs.acks import (
    AckPolicy,
    ControlNumbers,
    LineOutcome,
    MessageOutcome,
    answer_encoding,
    contrl,
    functional_ack_997,
    implementation_ack_999,
    interchange_ack_ta1,
    lines_frame,
    orders_response,
    outcomes_frame,
    purchase_order_ack_855,
    ta1_due,
)
from oms_import.readers.spec import ReadSpec

AT = datetime(2024, 11, 24, 8, 5, tzinfo=UTC)
NUMBERS = ControlNumbers(interchange=17, group=5, message=1)
X12_MARKS = Delimiters("*", ":", "~")
EDIFACT_MARKS = Delimiters("+", ":", "'", release="?")


def x12_interchange(**changes: object) -> Interchange:
    values = {
        "number": 1, "standard": "x12", "sender": "RETAILER", "receiver": "SUPPLIER",
        "control": "000000905", "delimiters": X12_MARKS, "sender_qualifier": "08",
        "receiver_qualifier": "ZZ", "prepared": "241123 1551", "version": "00401",
    }  # fmt: skip
    return Interchange(**(values | changes))


def edifact_interchange(**changes: object) -> Interchange:
    values = {
        "number": 1, "standard": "edifact", "sender": "4012345000009",
        "receiver": "5412345000013", "control": "REF1", "delimiters": EDIFACT_MARKS,
        "sender_qualifier": "14", "receiver_qualifier": "14", "prepared": "241123 1551",
        "version": "UNOC:3",
    }  # fmt: skip
    return Interchange(**(values | changes))


PO_GROUP = Group(1, 1, "PO", "RETGS", "SUPGS", "17", "004010")


def messages(*rows: dict[str, object]) -> pl.DataFrame:
    whole = [
        {
            "message": place, "interchange": 1, "group": 1, "place": place, "type": "850",
            "version": "004010", "control": f"{place:04}", "kind": "order", "segments": 9,
            "line": place, "byte_from": 0, "byte_to": 9,
        } | row
        for place, row in enumerate(rows, 1)
    ]  # fmt: skip
    return pl.DataFrame(whole, schema=MESSAGES)


def x12_drop(
    count: int = 1, *faults: Fault, interchange: Interchange | None = None, group: Group = PO_GROUP
) -> Envelopes:
    return Envelopes((interchange or x12_interchange(),), (group,), messages(*[{}] * count), faults)


def edifact_drop(
    count: int = 1, *faults: Fault, interchange: Interchange | None = None, **row: object
) -> Envelopes:
    orders = [
        {"type": "ORDERS", "version": "D:96A:UN:EAN008", "control": str(place)} | row
        for place in range(1, count + 1)
    ]
    return Envelopes(
        (interchange or edifact_interchange(),), (Group(1, 1),), messages(*orders), faults
    )


def accepted(*numbers: int) -> pl.DataFrame:
    return outcomes_frame(
        MessageOutcome(n, "accepted", order_number=f"PO{n}", order_date=date(2024, 11, 1))
        for n in numbers
    )


def one_line(**changes: object) -> pl.DataFrame:
    values = {
        "message": 1, "line": "1", "ids": (("VN", "A-1"), ("UP", "012345678905")),
        "quantity": "10", "uom": "EA", "unit_price": "1.50",
    }  # fmt: skip
    return lines_frame([LineOutcome(**(values | changes))])


def ack(envelopes: Envelopes, outcomes: pl.DataFrame | None = None, **policy: object) -> str | None:
    told = accepted() if outcomes is None else outcomes
    return functional_ack_997(
        envelopes, envelopes.interchanges[0], told, NUMBERS, AT, AckPolicy(**policy)
    )


def ta1(envelopes: Envelopes, outcomes: pl.DataFrame | None = None, **policy: object) -> str:
    told = accepted() if outcomes is None else outcomes
    return interchange_ack_ta1(
        envelopes, envelopes.interchanges[0], told, NUMBERS, AT, AckPolicy(**policy)
    )


def control(
    envelopes: Envelopes, outcomes: pl.DataFrame | None = None, **policy: object
) -> str | None:
    told = accepted() if outcomes is None else outcomes
    return contrl(envelopes, envelopes.interchanges[0], told, NUMBERS, AT, AckPolicy(**policy))


def po_ack(
    envelopes: Envelopes, outcomes: pl.DataFrame, lines: pl.DataFrame, **policy: object
) -> str | None:
    return purchase_order_ack_855(
        envelopes, envelopes.interchanges[0], outcomes, lines, NUMBERS, AT, AckPolicy(**policy)
    )


def response(
    envelopes: Envelopes, outcomes: pl.DataFrame, lines: pl.DataFrame, **policy: object
) -> str | None:
    return orders_response(
        envelopes, envelopes.interchanges[0], outcomes, lines, NUMBERS, AT, AckPolicy(**policy)
    )


def x12_segments(text: str | None) -> list[list[str]]:
    """Segments as X12 says to read them: delimiters from ISA, nothing else known."""
    assert text is not None
    element, terminator = text[3], text[105]
    assert text.endswith(terminator)
    return [segment.split(element) for segment in text.split(terminator)[:-1]]


def edifact_segments(text: str | None) -> list[list[list[str]]]:
    """Segments, elements, components as ISO 9735 says to read them, after UNA:+.? '."""
    assert text is not None
    assert text.startswith("UNA:+.?")
    segments: list[list[list[str]]] = []
    current: list[list[str]] = [[""]]
    signs = iter(text[9:])
    for sign in signs:
        if sign == "?":
            current[-1][-1] += next(signs)
        elif sign == ":":
            current[-1].append("")
        elif sign == "+":
            current.append([""])
        elif sign == "'":
            segments.append(current)
            current = [[""]]
        else:
            current[-1][-1] += sign
    assert current == [[""]]
    return segments


def body(text: str | None) -> list[str]:
    """The segments between GS and GE, as text."""
    return ["*".join(one) for one in x12_segments(text) if one[0] not in {"ISA", "GS", "GE", "IEA"}]


def interior(text: str | None) -> list[str]:
    """The segments between UNB and UNZ, as text."""
    joined = ["+".join(":".join(part) for part in one) for one in edifact_segments(text)]
    return joined[1:-1]


def assert_x12_counts(text: str) -> None:
    segments = x12_segments(text)
    tags = [one[0] for one in segments]
    assert tags[0] == "ISA"
    assert tags[-1] == "IEA"
    assert int(segments[-1][1]) == tags.count("GS")
    assert segments[-1][2] == segments[0][13]
    began = opened = 0
    for place, segment in enumerate(segments):
        if segment[0] == "GS":
            opened = place
        if segment[0] == "ST":
            began = place
        if segment[0] == "SE":
            assert int(segment[1]) == place - began + 1
            assert segment[2] == segments[began][2]
        if segment[0] == "GE":
            assert int(segment[1]) == tags[opened:place].count("ST")
            assert segment[2] == segments[opened][6]


def assert_edifact_counts(text: str) -> None:
    segments = edifact_segments(text)
    tags = [one[0][0] for one in segments]
    assert tags[0] == "UNB"
    assert tags[-1] == "UNZ"
    assert segments[-1][1] == [str(tags.count("UNH"))]
    assert segments[-1][2] == segments[0][5]
    began = 0
    for place, segment in enumerate(segments):
        if segment[0] == ["UNH"]:
            began = place
        if segment[0] == ["UNT"]:
            assert segment[1] == [str(place - began + 1)]
            assert segment[2] == segments[began][1]


# 997


def test_997_in_full() -> None:
    faults = (
        Fault("EDI_COUNT", 1, "SE01 is 9, counted 10", 1, 2, 10, "SE", 1, value="9"),
        Fault("EDI_SEGMENT", 1, "x", 1, 3, 5, "PO1", 2, 1, value="te*n"),
        Fault("EDI_SEGMENT", 1, "x", 1, 3, 7, "P@"),
    )
    text = ack(x12_drop(3, *faults), accepted(1))
    assert text == (
        "ISA*00*          *00*          *ZZ*SUPPLIER       *08*RETAILER       "
        "*241124*0805*U*00401*000000017*0*P*:~"
        "GS*FA*SUPGS*RETGS*20241124*0805*5*X*004010~"
        "ST*997*0001~AK1*PO*17~"
        "AK2*850*0001~AK5*A~"
        "AK2*850*0002~AK5*R*4~"
        "AK2*850*0003~AK3*PO1*5**8~AK4*2:1**7*te n~AK3*P@*7**1~AK5*R*5~"
        "AK9*P*3*3*1~SE*13*0001~GE*1*5~IEA*1*000000017~"
    )


def test_an_order_refused_for_its_content_is_still_a_correct_transaction_set() -> None:
    rejected = outcomes_frame([MessageOutcome(1, "rejected", ("SKU_UNKNOWN",), ("no such SKU",))])
    assert "AK5*A" in body(ack(x12_drop(), rejected))


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        (Fault("EDI_TRUNCATED", 1, "", 1, 1, tag="SE"), "2"),
        (Fault("EDI_CONTROL_REF", 1, "", 1, 1, 9, "SE", 2), "3"),
        (Fault("EDI_COUNT", 1, "", 1, 1, 9, "SE", 1), "4"),
        (Fault("EDI_ENVELOPE", 1, "", 1, 1), "5"),
        (Fault("EDI_ENVELOPE", 1, "", 1, 1, 1, "ST", 1), "6"),
        (Fault("EDI_CONTROL_REF", 1, "", 1, 1, 1, "ST", 2), "7"),
    ],
)
def test_faults_of_a_sets_envelope_have_their_codes(fault: Fault, code: str) -> None:
    assert f"AK5*R*{code}" in body(ack(x12_drop(1, fault)))


def test_lenient_reading_accepts_and_notes_the_errors() -> None:
    fault = Fault("EDI_COUNT", 1, "", 1, 1, 9, "SE", 1)
    told = body(ack(x12_drop(1, fault), strict=False))
    assert "AK5*E*4" in told
    assert "AK9*E*1*1*1" in told


def test_a_group_whose_trailer_is_wrong_is_refused_whole_with_what_it_stated() -> None:
    fault = Fault("EDI_COUNT", 1, "", 1, tag="GE", element=1, value="3")
    told = body(ack(x12_drop(2, fault)))
    assert told[2] == "AK9*R*3*2*0*5"


def test_a_missing_group_trailer_and_another_reference_have_their_codes() -> None:
    faults = [Fault(code, 1, "", 1, tag="GE") for code in ("EDI_TRUNCATED", "EDI_CONTROL_REF")]
    assert "AK9*R*1*1*0*3*4" in body(ack(x12_drop(1, *faults)))


def test_a_refused_interchange_gets_a_ta1_and_no_997() -> None:
    envelopes = x12_drop(1, Fault("EDI_TRUNCATED", 1, "", tag="IEA"))
    assert ack(envelopes) is None
    assert x12_segments(ta1(envelopes))[1] == ["TA1", "000000905", "241123", "1551", "R", "023"]


def test_partners_without_ta1_are_told_of_a_refused_interchange_by_997() -> None:
    envelopes = x12_drop(2, Fault("EDI_TRUNCATED", 1, "", tag="IEA"))
    assert "AK9*R*2*2*0" in body(ack(envelopes, ta1=False))


def test_faults_left_out_of_the_list_still_reject_by_the_outcomes_code() -> None:
    rejected = outcomes_frame([MessageOutcome(1, "rejected", ("EDI_COUNT", "SKU_UNKNOWN"))])
    assert "AK5*R*4" in body(ack(x12_drop(2), rejected))


def test_the_interchanges_own_fault_is_not_told_again_for_each_set() -> None:
    envelopes = x12_drop(2, Fault("EDI_COUNT", 1, "", 1, tag="GE"))
    rejected = outcomes_frame(MessageOutcome(n, "rejected", ("EDI_COUNT",)) for n in (1, 2))
    assert body(ack(envelopes, rejected))[2] == "AK9*R*2*2*0*5"


def test_acknowledgements_are_never_acknowledged() -> None:
    group = Group(1, 1, "FA", "RETGS", "SUPGS", "17", "004010")
    envelopes = Envelopes(
        (x12_interchange(),), (group,), messages({"type": "997", "kind": "other"}), ()
    )
    assert ack(envelopes, refuse_others=True) is None


def test_groups_without_orders_are_someone_elses_unless_agreed() -> None:
    group = Group(1, 1, "IN", "RETGS", "SUPGS", "17", "004010")
    envelopes = Envelopes(
        (x12_interchange(),), (group,), messages({"type": "810", "kind": "other"}), ()
    )
    assert ack(envelopes) is None
    told = body(ack(envelopes, refuse_others=True))
    assert "AK5*R*1" in told
    assert "AK9*R*1*1*0" in told


def test_groups_of_two_versions_are_answered_each_in_its_own() -> None:
    groups = (
        Group(1, 1, "PO", "RETGS", "SUPGS", "17", "004010VICS"),
        Group(2, 1, "PO", "RETGS", "SUPGS", "18", "005010X220"),
        Group(3, 1, "PO", "RETGS", "SUPGS", "19", "003060"),
    )
    rows = messages({"group": 1}, {"group": 2}, {"group": 3})
    text = ack(Envelopes((x12_interchange(),), groups, rows, ()))
    assert [(one[4], one[6], one[8]) for one in x12_segments(text) if one[0] == "GS"] == [
        ("241124", "5", "003060"),
        ("20241124", "6", "004010VICS"),
        ("20241124", "7", "005010"),
    ]
    assert "AK1*PO*18*005010X220" in body(text)
    assert_x12_counts(text or "")


def test_an_empty_group_of_orders_is_acknowledged() -> None:
    assert body(ack(x12_drop(0)))[1:3] == ["AK1*PO*17", "AK9*A*0*0*0"]


# The envelope


def test_the_test_flag_and_the_partners_delimiters_are_mirrored() -> None:
    theirs = x12_interchange(test=True, delimiters=Delimiters("|", ">", "!", "^"), version="00501")
    text = ack(x12_drop(1, interchange=theirs)) or ""
    assert text.startswith("ISA|00|          |00|          |ZZ|SUPPLIER       |08|RETAILER       |")
    assert text[:106].endswith("|241124|0805|^|00501|000000017|0|T|>!")


@pytest.mark.parametrize(
    "odd",
    [
        Delimiters("*", ":", "\n"),
        Delimiters("\x15", ":", "~"),
        Delimiters("A", ":", "~"),
        Delimiters(".", ":", "~"),
        Delimiters("*", "*", "*"),
    ],
)
def test_delimiters_that_are_not_safe_give_way_to_the_usual_ones(odd: Delimiters) -> None:
    text = ack(x12_drop(1, interchange=x12_interchange(delimiters=odd))) or ""
    assert text[3] == "*"
    assert text[104:106] == ":~"


def test_control_numbers_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ValueError, match="control numbers are 1 to 999999999"):
        ControlNumbers(1_000_000_000)


# TA1


def test_ta1_in_full() -> None:
    assert ta1(x12_drop()) == (
        "ISA*00*          *00*          *ZZ*SUPPLIER       *08*RETAILER       "
        "*241124*0805*U*00401*000000017*0*P*:~"
        "TA1*000000905*241123*1551*A*000~IEA*0*000000017~"
    )


@pytest.mark.parametrize(
    ("fault", "note"),
    [
        (Fault("EDI_CONTROL_REF", 1, "", tag="IEA", element=2), "001"),
        (Fault("EDI_COUNT", 1, "", tag="IEA", element=1), "021"),
        (Fault("EDI_ENVELOPE", 1, "", tag="GS"), "022"),
        (Fault("EDI_TRUNCATED", 1, "", tag="IEA"), "023"),
        (Fault("EDI_SEGMENT", 1, "", tag="@@"), "024"),
        (Fault("EDI_HEADER", 1, "", tag="ISA", element=12), "017"),
    ],
)
def test_faults_of_the_interchange_have_their_notes(fault: Fault, note: str) -> None:
    assert x12_segments(ta1(x12_drop(1, fault)))[1][4:] == ["R", note]
    assert x12_segments(ta1(x12_drop(1, fault), strict=False))[1][4:] == ["E", note]


def test_a_control_number_seen_before_is_noted_not_refused_as_the_order_waits() -> None:
    held = outcomes_frame([MessageOutcome(1, "held", ("EDI_INTERCHANGE_SEEN",))])
    assert x12_segments(ta1(x12_drop(), held))[1][4:] == ["E", "025"]


def test_ta1_is_due_when_asked_for_or_when_the_interchange_is_faulty() -> None:
    asked = x12_interchange(ack_requested=True)
    assert ta1_due(x12_drop(), asked)
    assert not ta1_due(x12_drop(), asked, AckPolicy(ta1=False))
    assert not ta1_due(x12_drop(), x12_interchange())
    assert ta1_due(x12_drop(1, Fault("EDI_COUNT", 1, "", tag="IEA")), x12_interchange())
    assert not ta1_due(x12_drop(1, Fault("EDI_COUNT", 1, "", 1, tag="GE")), x12_interchange())


# 999


def test_999_in_full() -> None:
    fault = Fault("EDI_SEGMENT", 1, "", 1, 1, 5, "PO1", 2, value="ten")
    envelopes = x12_drop(2, fault, group=Group(1, 1, "PO", "R", "S", "17", "005010"))
    theirs = x12_interchange(version="00501")
    text = implementation_ack_999(envelopes, theirs, accepted(), NUMBERS, AT)
    assert x12_segments(text)[1] == [
        "GS", "FA", "S", "R", "20241124", "0805", "5", "X", "005010X231A1",
    ]  # fmt: skip
    assert body(text) == [
        "ST*999*0001*005010X231A1", "AK1*PO*17*005010",
        "AK2*850*0001", "IK3*PO1*5**8", "IK4*2**7*ten", "IK5*R*5",
        "AK2*850*0002", "IK5*A", "AK9*P*2*2*1", "SE*10*0001",
    ]  # fmt: skip


# CONTRL


def test_contrl_in_full() -> None:
    faults = (
        Fault("EDI_COUNT", 1, "", 1, 2, 10, "UNT", 1, value="9"),
        Fault("EDI_SEGMENT", 1, "", 1, 3, 4, "QTY", 1, 2, value="x\x01"),
        Fault("EDI_SEGMENT", 1, "", 1, 3, 6, "@"),
    )
    text = control(edifact_drop(3, *faults, interchange=edifact_interchange(test=True)))
    assert text == (
        "UNA:+.? '"
        "UNB+UNOC:3+5412345000013:14+4012345000009:14+241124:0805+17++++++1'"
        "UNH+1+CONTRL:D:3:UN'"
        "UCI+REF1+4012345000009:14+5412345000013:14+7'"
        "UCM+1+ORDERS:D:96A:UN:EAN008+7'"
        "UCM+2+ORDERS:D:96A:UN:EAN008+4+29+UNT+2'"
        "UCM+3+ORDERS:D:96A:UN:EAN008+4'UCS+4'UCD+21+2:2'UCS+6+18'"
        "UNT+9+1'UNZ+1+17'"
    )


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (Fault("EDI_TRUNCATED", 1, "", tag="UNZ"), "13+UNZ"),
        (Fault("EDI_COUNT", 1, "", tag="UNZ"), "29+UNZ+2"),
        (Fault("EDI_CONTROL_REF", 1, "", tag="UNZ", element=2), "28+UNZ+3"),
        (Fault("EDI_HEADER", 1, "", tag="UNB"), "18+UNB"),
    ],
)
def test_a_refused_interchange_is_rejected_in_uci_with_its_error(fault: Fault, error: str) -> None:
    told = interior(control(edifact_drop(2, fault)))
    assert told[1] == f"UCI+REF1+4012345000009:14+5412345000013:14+4+{error}"
    assert told[2].startswith("UNT")


def test_lenient_reading_acknowledges_the_interchange() -> None:
    fault = Fault("EDI_TRUNCATED", 1, "", tag="UNZ")
    assert interior(control(edifact_drop(1, fault), strict=False))[1].endswith("+7")


def test_an_interchange_held_as_seen_before_is_received_without_a_verdict() -> None:
    held = outcomes_frame([MessageOutcome(1, "held", ("EDI_INTERCHANGE_SEEN",))])
    told = interior(control(edifact_drop(), held))
    assert told[1].endswith("+8")
    assert len(told) == 3


def test_groups_are_spoken_of_before_their_messages() -> None:
    envelopes = Envelopes(
        (edifact_interchange(),),
        (Group(1, 1, "ORDERS", "S", "R", "G1"), Group(2, 1, "ORDERS", "S", "R", "G2")),
        messages(
            {"type": "ORDERS", "version": "D:96A:UN", "control": "1"},
            {"type": "ORDERS", "version": "D:96A:UN", "control": "2", "group": 2},
        ),
        (Fault("EDI_CONTROL_REF", 1, "", 2, tag="UNE"),),
    )
    assert interior(control(envelopes))[2:5] == [
        "UCF+G1+S+R+7", "UCM+1+ORDERS:D:96A:UN+7", "UCF+G2+S+R+4+28+UNE+3",
    ]  # fmt: skip


def test_contrl_is_never_answered_and_other_messages_only_among_orders() -> None:
    for kind, policy in (("CONTRL", {"refuse_others": True}), ("INVOIC", {})):
        assert control(edifact_drop(type=kind, kind="other"), **policy) is None
    mixed = Envelopes(
        (edifact_interchange(),),
        (Group(1, 1),),
        messages(
            {"type": "ORDERS", "version": "D:96A:UN", "control": "1"},
            {"type": "INVOIC", "version": "D:96A:UN", "control": "2", "kind": "other"},
            {"type": "CONTRL", "version": "D:3:UN", "control": "3", "kind": "other"},
        ),
        (),
    )
    assert interior(control(mixed))[2:] == [
        "UCM+1+ORDERS:D:96A:UN+7", "UCM+2+INVOIC:D:96A:UN+4+14+UNH+3:1", "UNT+5+1",
    ]  # fmt: skip


def test_syntax_four_writes_the_century_and_its_own_contrl() -> None:
    text = control(edifact_drop(interchange=edifact_interchange(version="UNOC:4"))) or ""
    assert text.startswith("UNA:+.?*'UNB+UNOC:4+")
    assert "+20241124:0805+17'" in text
    assert "UNH+1+CONTRL:4:1:UN'" in text


# 855


def test_855_in_full() -> None:
    rejected = outcomes_frame(
        [
            MessageOutcome(
                1, "rejected", ("SKU_UNKNOWN",), ("SKU unknown: A*1",), "00PO1",
                date(2024, 11, 1), "004", ship_to="0042",
            )
        ]
    )  # fmt: skip
    lines = lines_frame(
        [
            LineOutcome(1, "1", (("VN", "A~1"),), "10", "EA", "1.50"),
            LineOutcome(
                1, "2", (("UP", "012345678905"), (None, "X")), "3", "CA", None,
                "rejected", ("SKU_UNKNOWN",), ("SKU unknown",),
            ),
        ]
    )  # fmt: skip
    text = po_ack(x12_drop(), rejected, lines)
    assert x12_segments(text)[1] == [
        "GS", "PR", "SUPGS", "RETGS", "20241124", "0805", "5", "X", "004010",
    ]  # fmt: skip
    assert body(text) == [
        "ST*855*0001",
        "BAK*00*RD*00PO1*20241101*004****20241124",
        "N9*L1*SKU_UNKNOWN",
        "MSG*SKU unknown  A 1",
        "N1*ST**92*0042",
        "PO1*1*10*EA*1.50**VN*A 1",
        "ACK*IR*10*EA",
        "PO1*2*3*CA***UP*012345678905*ZZ*X",
        "ACK*IR*3*CA",
        "N9*L1*SKU_UNKNOWN",
        "MSG*SKU unknown",
        "CTT*2",
        "SE*13*0001",
    ]


@pytest.mark.parametrize(
    ("outcome", "with_lines", "without", "line"),
    [
        ("accepted", "00*AD", "00*AK", "IA"),
        ("rejected", "00*RD", "00*RJ", "IR"),
        ("held", "00*AH", "00*AH", "IH"),
        ("duplicate", "07*AD", "07*AK", "IA"),
    ],
)
def test_each_outcome_has_its_acknowledgement_type(
    outcome: str, with_lines: str, without: str, line: str
) -> None:
    told = accepted(1).with_columns(outcome=pl.lit(outcome))
    full = body(po_ack(x12_drop(), told, one_line(), answer_duplicates=True))
    assert full[1].startswith(f"BAK*{with_lines}*PO1*20241101")
    assert f"ACK*{line}*10*EA" in full
    bare = body(po_ack(x12_drop(), told, lines_frame([]), answer_duplicates=True))
    assert bare[1].startswith(f"BAK*{without}*PO1*20241101")


def test_an_order_taken_without_one_of_its_lines_is_acknowledged_with_change() -> None:
    lines = pl.concat([one_line(), one_line(line="2", status="rejected")])
    told = body(po_ack(x12_drop(), accepted(1), lines))
    assert told[1].startswith("BAK*00*AC*")
    assert [one for one in told if one.startswith("ACK")] == ["ACK*IA*10*EA", "ACK*IR*10*EA"]


def test_what_separates_repetitions_is_data_where_there_are_none() -> None:
    told = accepted(1).with_columns(order_number=pl.lit("A^1"))
    assert "*A^1*" in body(po_ack(x12_drop(), told, one_line()))[1]
    newer = x12_drop(interchange=x12_interchange(version="00501"))
    assert "*A 1*" in body(po_ack(newer, told, one_line()))[1]


@pytest.mark.parametrize("outcome", ["duplicate", "ignored"])
def test_duplicates_and_ignored_orders_are_not_answered_again(outcome: str) -> None:
    told = accepted(1).with_columns(outcome=pl.lit(outcome))
    assert po_ack(x12_drop(), told, one_line()) is None


def test_what_the_997_rejects_and_what_has_no_number_gets_no_855() -> None:
    broken = x12_drop(1, Fault("EDI_COUNT", 1, "", 1, 1, 9, "SE", 1))
    assert po_ack(broken, accepted(1), one_line()) is None
    unnumbered = accepted(1).with_columns(order_number=pl.lit(" "))
    assert po_ack(x12_drop(), unnumbered, one_line()) is None
    change = Envelopes(
        (x12_interchange(),), (PO_GROUP,), messages({"type": "860", "kind": "change"}), ()
    )
    assert po_ack(change, accepted(1), one_line()) is None


def test_an_order_without_a_date_is_answered_with_its_interchanges() -> None:
    undated = accepted(1).with_columns(order_date=pl.lit(None, pl.Date))
    assert body(po_ack(x12_drop(), undated, one_line()))[1].startswith("BAK*00*AD*PO1*20241123")


def test_what_is_no_number_is_not_written_where_numbers_stand() -> None:
    told = body(po_ack(x12_drop(), accepted(1), one_line(quantity="ten", unit_price="1e309")))
    assert "PO1*1*****VN*A-1*UP*012345678905" in told
    assert "ACK*IA" in told


def test_a_long_reason_is_cut_between_words_into_segments_that_may_hold_it() -> None:
    reason = "word " * 100
    told = accepted(1).with_columns(outcome=pl.lit("rejected"), reasons=pl.lit([reason]))
    pieces = [one[4:] for one in body(po_ack(x12_drop(), told, one_line())) if one[:3] == "MSG"]
    assert [len(piece) <= 264 for piece in pieces] == [True, True]
    assert " ".join(pieces) == reason.strip()


def test_letters_the_encoding_has_not_become_their_base_letter() -> None:
    told = accepted(1).with_columns(outcome=pl.lit("held"), reasons=pl.lit(["Café \uff0a 東"]))
    assert "MSG*Cafe" in body(po_ack(x12_drop(), told, one_line()))
    assert "MSG*Café" in body(po_ack(x12_drop(), told, one_line(), encoding="latin-1"))


# ORDRSP


def test_ordrsp_in_full() -> None:
    rejected = outcomes_frame(
        [
            MessageOutcome(
                1, "rejected", ("SKU_UNKNOWN",), ("SKU isn't known: A+1?",), "PO:1",
                date(2024, 11, 1),
            )
        ]
    )  # fmt: skip
    lines = lines_frame(
        [
            LineOutcome(
                1, "1", (("SA", "A'1"), ("EN", "4012345000016")), "10.5", "PCE", "1.50",
                "rejected", ("SKU_UNKNOWN",), ("SKU unknown",),
            )
        ]
    )  # fmt: skip
    assert response(edifact_drop(), rejected, lines) == (
        "UNA:+.? '"
        "UNB+UNOC:3+5412345000013:14+4012345000009:14+241124:0805+17'"
        "UNH+1+ORDRSP:D:96A:UN:EAN005'"
        "BGM+231+17-1+27'"
        "DTM+137:202411240805:203'"
        "FTX+ACB+++SKU_UNKNOWN?: SKU isn?'t known?: A?+1??'"
        "RFF+ON:PO?:1'"
        "DTM+171:20241101:102'"
        "NAD+BY+4012345000009::9'"
        "NAD+SU+5412345000013::9'"
        "LIN+1+7+4012345000016:EN'"
        "PIA+1+A?'1:SA'"
        "QTY+21:10.5:PCE'"
        "FTX+ACB+++SKU_UNKNOWN?: SKU unknown'"
        "UNS+S'CNT+2:1'UNT+15+1'UNZ+1+17'"
    )


@pytest.mark.parametrize(
    ("outcome", "function", "action"),
    [
        ("accepted", "29", "LIN+1+5"),
        ("rejected", "27", "LIN+1+7"),
        ("held", "12+AJ", "LIN+1"),
        ("duplicate", "7", "LIN+1+5"),
    ],
)
def test_each_outcome_has_its_message_function(outcome: str, function: str, action: str) -> None:
    told = accepted(1).with_columns(outcome=pl.lit(outcome))
    text = interior(response(edifact_drop(), told, one_line(ids=()), answer_duplicates=True))
    assert text[1] == f"BGM+231+17-1+{function}"
    assert action in text


def test_an_order_taken_without_one_of_its_lines_is_a_change() -> None:
    lines = pl.concat([one_line(), one_line(line="2", status="rejected")])
    text = interior(response(edifact_drop(), accepted(1), lines))
    assert text[1] == "BGM+231+17-1+4"
    assert [one[:7] for one in text if one.startswith("LIN")] == ["LIN+1+5", "LIN+2+7"]


@pytest.mark.parametrize(
    ("version", "identifier"),
    [
        ("D:01B:UN:EAN010", "ORDRSP:D:01B:UN:EAN009"),
        ("D:01B:UN", "ORDRSP:D:01B:UN"),
        ("D:93A:UN:OWN", "ORDRSP:D:93A:UN"),
        ("", "ORDRSP:D:96A:UN"),
    ],
)
def test_the_response_is_of_the_orders_directory(version: str, identifier: str) -> None:
    text = response(edifact_drop(version=version), accepted(1), one_line())
    assert interior(text)[0] == f"UNH+1+{identifier}"


def test_parties_of_the_order_go_before_those_of_the_interchange() -> None:
    told = accepted(1).with_columns(buyer=pl.lit("B7"), supplier=pl.lit("4000001000005"))
    text = interior(response(edifact_drop(), told, one_line()))
    assert "NAD+BY+B7" in text
    assert "NAD+SU+4000001000005::9" in text


def test_level_a_has_no_small_letters_and_level_c_is_latin_1() -> None:
    theirs = edifact_interchange(version="UNOA:2")
    told = accepted(1).with_columns(outcome=pl.lit("held"), reasons=pl.lit(["später Ω"]))
    assert "FTX+ACB+++SPATER" in interior(
        response(edifact_drop(interchange=theirs), told, one_line())
    )
    assert "FTX+ACB+++später" in interior(response(edifact_drop(), told, one_line()))
    assert answer_encoding(theirs) == "ascii"
    assert answer_encoding(edifact_interchange()) == "latin-1"


def test_a_long_reason_fills_five_texts_and_goes_on_in_the_next() -> None:
    told = accepted(1).with_columns(reasons=pl.lit(["word " * 100]))
    texts = [
        one[4] for one in edifact_segments(response(edifact_drop(), told, one_line()))
        if one[0] == ["FTX"]
    ]  # fmt: skip
    assert [len(one) for one in texts] == [5, 3]
    assert all(len(piece) <= 70 for one in texts for piece in one)
    assert " ".join(piece for one in texts for piece in one) == ("word " * 100).strip()


# Others' parsers


def many() -> tuple[Fault, ...]:
    return (
        Fault("EDI_COUNT", 1, "", 1, 2, 10, "SE", 1, value="9"),
        Fault("EDI_SEGMENT", 1, "", 1, 3, 5, "PO1", 2, value="ten"),
        Fault("EDI_SEGMENT", 1, "", 1, 3, 7, "ZZZ"),
    )


@pytest.mark.parametrize("strict", [True, False])
def test_pyx12_finds_our_997_and_999_valid_by_its_maps(strict: bool) -> None:
    # Its maps know the functional ids of health care alone, so a claim stands in for the order.
    theirs = x12_interchange(sender_qualifier="ZZ")
    newer = x12_interchange(sender_qualifier="ZZ", version="00501")
    policy = AckPolicy(strict=strict)
    rows = messages(*[{"type": "837"}] * 4)
    older_group = Group(1, 1, "HC", "RETGS", "SUPGS", "17", "004010X098A1")
    newer_group = Group(1, 1, "HC", "RETGS", "SUPGS", "17", "005010X222A1")
    older = Envelopes((theirs,), (older_group,), rows, many())
    later = Envelopes((newer,), (newer_group,), rows, many())
    for text in (
        functional_ack_997(older, theirs, accepted(), NUMBERS, AT, policy),
        implementation_ack_999(later, newer, accepted(), NUMBERS, AT, policy),
    ):
        problems = io.StringIO()
        params = pyx12.params.ParamsBase()
        source = io.StringIO(text)
        valid = pyx12.x12n_document.x12n_document(params, source, problems, None)
        assert valid, problems.getvalue()


def test_pyx12_reads_our_envelopes_without_a_word() -> None:
    lines = pl.concat([one_line(), one_line(message=2)])
    for text in (
        ack(x12_drop(3, *many())),
        ta1(x12_drop()),
        po_ack(x12_drop(2), accepted(1, 2), lines),
    ):
        reader = pyx12.x12file.X12Reader(io.StringIO(text))
        tags = [segment.get_seg_id() for segment in reader]
        reader.cleanup()
        assert tags == [one[0] for one in x12_segments(text)]
        assert reader.pop_errors() == []


def test_pydifact_reads_our_contrl_and_ordrsp() -> None:
    told = accepted(1, 2).with_columns(reasons=pl.lit(["it's ?? +1: fine"]))
    lines = pl.concat([one_line(), one_line(message=2)])
    answers = (control(edifact_drop(2)), response(edifact_drop(2), told, lines))
    for text, types in zip(answers, (["CONTRL"], ["ORDRSP", "ORDRSP"]), strict=True):
        interchange = PydifactInterchange.from_str(text)
        assert [message.type for message in interchange.get_messages()] == types
        assert interchange.control_reference == "17"
        for message in interchange.get_messages():
            message.validate()
    free = [one for one in interchange.segments if one.tag == "FTX"]
    assert free[0].elements[3] == "it's ?? +1: fine"


# Our own readers

SAMPLES = Path(__file__).parents[2] / "../shared/samples/edi"


def opened(standard: str, path: Path, scratch: Path) -> Envelopes:
    reader = pytest.importorskip(f"oms_import.readers.edi.{standard}")
    return getattr(reader, f"open_{standard}")(path, ReadSpec(), scratch, Limits()).envelopes


def test_our_readers_find_no_fault_in_what_we_write(tmp_path: Path) -> None:
    told = accepted(1, 2).with_columns(reasons=pl.lit(["it's *~?? +1: fine"]))
    lines = pl.concat([one_line(), one_line(message=2)])
    answers = [
        ("x12", ack(x12_drop(3, *many())), ["997"]),
        ("x12", po_ack(x12_drop(2), told, lines), ["855", "855"]),
        ("edifact", control(edifact_drop(2)), ["CONTRL"]),
        ("edifact", response(edifact_drop(2), told, lines), ["ORDRSP", "ORDRSP"]),
    ]
    for place, (standard, text, types) in enumerate(answers):
        path = tmp_path / f"{place}.edi"
        path.write_text(text or "", "ascii")
        scratch = tmp_path / f"scratch{place}"
        scratch.mkdir()
        envelopes = opened(standard, path, scratch)
        assert envelopes.faults == ()
        assert envelopes.messages["type"].to_list() == types
        assert envelopes.interchanges[0].control.lstrip("0") == "17"


@pytest.mark.parametrize(
    ("standard", "folder"), [("x12", "x12_850"), ("edifact", "edifact_orders")]
)
def test_files_as_partners_send_them_are_answered(
    standard: str, folder: str, tmp_path: Path
) -> None:
    if not (SAMPLES / folder).is_dir():
        pytest.skip("the samples are not here")
    for path in sorted((SAMPLES / folder).iterdir()):
        scratch = tmp_path / path.name
        scratch.mkdir()
        envelopes = opened(standard, path, scratch)
        numbers = envelopes.messages["message"].to_list()
        assert numbers
        for theirs in envelopes.interchanges:
            answers = [ta1_or_contrl(envelopes, theirs, accepted(*numbers))]
            business = purchase_order_ack_855 if standard == "x12" else orders_response
            answers.append(business(envelopes, theirs, accepted(*numbers), one_line(), NUMBERS, AT))
            if standard == "x12":
                answers.append(
                    functional_ack_997(envelopes, theirs, accepted(*numbers), NUMBERS, AT)
                )
            check = assert_x12_counts if standard == "x12" else assert_edifact_counts
            for text in filter(None, answers):
                check(text)


def ta1_or_contrl(envelopes: Envelopes, theirs: Interchange, outcomes: pl.DataFrame) -> str | None:
    wanted = interchange_ack_ta1 if theirs.standard == "x12" else contrl
    return wanted(envelopes, theirs, outcomes, NUMBERS, AT)


# Whatever the data are

ANY = st.text(max_size=60)
MARKS = st.sampled_from("*~:|>^<!;@#%&=+\\{}[]$?`'.,A9 \n\x1d\x15").filter(bool)


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_no_text_breaks_out_of_its_element_in_x12(data: st.DataObject) -> None:
    theirs = x12_interchange(
        sender=data.draw(ANY), control=data.draw(ANY), sender_qualifier=data.draw(ANY),
        delimiters=Delimiters(*(data.draw(MARKS) for _ in range(4))), version=data.draw(ANY),
    )  # fmt: skip
    version = data.draw(st.sampled_from(["004010", "005010X222A1", "004010VICS", ""]) | ANY)
    group = Group(1, 1, *(data.draw(ANY) for _ in range(4)), version)
    fault = Fault("EDI_SEGMENT", 1, "", 1, 2, 3, data.draw(ANY), 1, value=data.draw(ANY))
    rows = messages({"control": data.draw(ANY)}, {"control": data.draw(ANY)})
    envelopes = Envelopes((theirs,), (group,), rows, (fault,))
    texts = [data.draw(ANY) for _ in range(4)]
    told = outcomes_frame(
        [
            MessageOutcome(
                1, "rejected", ("C" + texts[0],), (texts[1],), "N" + texts[2], None, texts[3]
            )
        ]
    )
    lines = one_line(line=texts[0], ids=((texts[1], texts[2]),), uom=texts[3], reasons=(texts[0],))
    policy = AckPolicy(refuse_others=True, encoding=data.draw(st.sampled_from(["ascii", "utf-8"])))
    known = {"ISA", "GS", "ST", "SE", "GE", "IEA", "TA1", "AK1", "AK2", "AK5", "AK9",
             "AK4", "BAK", "N9", "MSG", "PO1", "ACK", "CTT", "AK3"}  # fmt: skip
    for text in (
        functional_ack_997(envelopes, theirs, told, NUMBERS, AT, policy),
        interchange_ack_ta1(envelopes, theirs, told, NUMBERS, AT, policy),
        purchase_order_ack_855(envelopes, theirs, told, lines, NUMBERS, AT, policy),
    ):
        if text is None:
            assert group.functional_id == "FA"
            continue
        text.encode(policy.encoding)
        assert_x12_counts(text)
        assert {one[0] for one in x12_segments(text)} <= known
        assert re.match(r"[^\x00-\x1f]{106}", text)
    assert len([one for one in x12_segments(text) if one[0] == "PO1"]) == 1
    assert all(len(one) <= 8 for one in x12_segments(text) if one[0] == "PO1")


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_no_text_breaks_out_of_its_element_in_edifact(data: st.DataObject) -> None:
    theirs = edifact_interchange(
        sender=data.draw(ANY), control=data.draw(ANY), sender_qualifier=data.draw(ANY),
        version=data.draw(st.sampled_from(["UNOA:2", "UNOC:3", "UNOY:4", "UNOW:4"]) | ANY),
    )  # fmt: skip
    fault = Fault("EDI_SEGMENT", 1, "", 1, 2, 3, data.draw(ANY), 1, value=data.draw(ANY))
    texts = [data.draw(ANY) for _ in range(4)]
    envelopes = edifact_drop(2, fault, interchange=theirs, control=data.draw(ANY))
    told = outcomes_frame(
        [MessageOutcome(1, "held", ("C" + texts[0],), (texts[1],), "N" + texts[2])]
    )
    lines = one_line(line=texts[0], ids=((texts[1], texts[2]),), uom=texts[3], reasons=(texts[0],))
    answers = (control(envelopes, told), response(envelopes, told, lines))
    for text in answers:
        assert text is not None
        text.encode(answer_encoding(theirs))
        assert_edifact_counts(text)
    number = next(one for one in edifact_segments(answers[1]) if one[0] == ["RFF"])[1]
    assert len(number) == 2
    if texts[2].isprintable() and texts[2].isascii():
        assert number == ["ON", ("N" + texts[2]).rstrip()]
