"""What a locator may look like, what it means, and what is said of one that is none."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oms_import.readers.edi.layouts import STANDARDS, Place, layout_of, loops_text
from oms_import.readers.edi.locators import is_locator, parse

X12 = [
    "BEG03",
    "BEG0301",
    "BEG03-1",
    "ISA06",
    "GS02",
    "ST01",
    "N1[ST].N104",
    "N1[ST]",
    "REF[DP]",
    "REF[DP].REF03",
    "DTM[002]",
    "N1[ST].N301",
    "N1[ST].PER[IC].PER04",
    "N1[ST].PER.EM",
    "PO1[*].PO102",
    "PO1.PO102",
    "PO102",
    "PO1[*].VN",
    "PO1[*].LIN.UP",
    "PO1[*].PID[F].PID05",
    "PO1[*].CTP[FCP]",
    "PO1[*].CTP[06=DIS].CTP07",
    "PO1[*].N1[ST].N104",
    "PO1[*].DTM[002]",
    "PO1[*].TD503",
    "SAC[*]",
    "PO1[*].SAC[*]",
    "PO1[*].SDQ[*]",
    "PO1[*].SLN[*]",
    "CTT01",
    "AMT[TT].AMT02",
    "G5003",
    "G68[*].G6801",
    "G68[*].G6901",
    "W0502",
    "W01[*].VN",
    "POC[*].POC05-1",
    "N9.MSG[*]",
]
EDIFACT = [
    "UNB.S002.0004",
    "UNB.0004",
    "UNH.0065",
    "BGM.1004",
    "BGM02",
    "DTM[137]",
    "DTM[137].2380",
    "NAD[BY].3039",
    "NAD[BY].3036",
    "NAD[BY].3036-2",
    "NAD[BY].C082.3039",
    "NAD[BY].RFF[VA]",
    "NAD[BY].CTA.COM[TE]",
    "NAD[BY].COM[TE]",
    "LIN[*].7140",
    "LIN[*].7143",
    "LIN.PIA[SA]",
    "LIN[*].PIA[SA]",
    "LIN[*].LIN[EN]",
    "LIN[*].QTY[21]",
    "LIN[*].QTY",
    "LIN[*].PRI[AAA]",
    "LIN[*].MOA[203]",
    "LIN[*].IMD.7008",
    "LIN[*].NAD[DP].3039",
    "LIN[*].LOC[7][*]",
    "LIN[*].ALC[*]",
    "CUX[2].6345",
    "CUX[3]",
    "MOA[86]",
    "CNT[2]",
    "FTX[*]",
    "RFF[CT].DTM[171]",
]
TRADACOMS = ["ORD01-1", "CLO02", "OLD[*].OLD02-1", "OLD02-1", "CDT01-1", "STX02-1"]
IDOC = ["E1EDK02[001].BELNR", "E1EDP01[*].MENGE", "E1EDP01[*].E1EDP19[002].IDTNR", "E1EDK03[012]",
        "EDI_DC40.SNDPRN", "E1EDP01[*].E1EDP20[*]", "E1EDKA1[AG].PARTN"]  # fmt: skip


@pytest.mark.parametrize(
    ("standard", "text"),
    [("x12", t) for t in X12] + [("edifact", t) for t in EDIFACT]
    + [("tradacoms", t) for t in TRADACOMS] + [("idoc", t) for t in IDOC],
)  # fmt: skip
def test_what_a_guide_names_is_a_locator(standard: str, text: str) -> None:
    assert parse(text, standard).text == text
    assert is_locator(text, standard)
    assert is_locator(text)


@pytest.mark.parametrize(
    ("standard", "text", "says"),
    [
        ("x12", "PO1[*]", "say which element of PO1"),
        ("x12", "BEG", "say which element of BEG is meant, as in BEG01"),
        ("x12", "PO1[2].PO101", "write PO1[*]"),
        ("x12", "N1[*].N104", "leave out what follows"),
        ("x12", "N1[*].PER[IC].PER04", "neither a line's opener nor last"),
        ("x12", "N1[ST].BEG03", "the loop of N1 has no BEG; it has N2"),
        ("x12", "REF[DP].DTM02", "REF opens no loop"),
        ("x12", "Order Number", "not a chain of segments"),
        ("x12", "BEG.3039", "names no element of BEG"),
        ("x12", "", "not a chain"),
        ("edifact", "NAD[BY].9999", "NAD has no 9999; it has 3035"),
        ("edifact", "NAD[BY].3036-9", "5 times at most"),
        ("edifact", "XYZ.1234", "write XYZ01-1"),
        ("edifact", "3039", "no segment is named"),
        ("idoc", "E1EDP01[*]", "say which field of E1EDP01"),
    ],
)
def test_what_is_no_locator_is_told_why_and_what_was_expected(
    standard: str, text: str, says: str
) -> None:
    with pytest.raises(ValueError, match="Expected something like") as told:
        parse(text, standard)
    assert says in str(told.value)
    assert not is_locator(text, standard)


def test_another_standard_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match="x12, edifact, tradacoms, idoc"):
        parse("BEG03", "hl7")


def test_names_of_columns_are_no_locators() -> None:
    for name in ("MESSAGE", "OTHER SEGMENTS", "PARTNER01", "order-id", "PO#", "Order Number"):
        assert not is_locator(name)


def test_a_line_is_a_line_with_or_without_the_star() -> None:
    for text in ("PO1[*].PO102", "PO1.PO102", "PO102"):
        found = parse(text, "x12")
        assert (found.line, found.leaf.places) == (True, (Place(2),))
    assert not parse("BEG03", "x12").line


def test_data_elements_stand_where_the_directory_puts_them() -> None:
    places = {
        "NAD[BY].3039": Place(2, 1), "NAD[BY].3124": Place(3, 1), "NAD[BY].3036": Place(4, 1),
        "NAD[BY].3036-2": Place(4, 2), "NAD[BY].3042": Place(5, 1), "NAD[BY].3164": Place(6, 1),
        "NAD[BY].3229": Place(7, 1), "NAD[BY].3251": Place(8, 1), "NAD[BY].3207": Place(9, 1),
        "UNB.0004": Place(2, 1), "UNB.0010": Place(3, 1), "UNB.0020": Place(5, 1),
        "UNB.0035": Place(11, 1), "UNH.0065": Place(2, 1), "BGM.1004": Place(2, 1),
        "BGM.1225": Place(3, 1), "LIN[*].7140": Place(3, 1), "LIN[*].IMD.7008": Place(3, 4),
        "TDT.8067": Place(3, 1), "TDT.3127": Place(5, 1), "TAX.5278": Place(5, 4),
        "TOD.4053": Place(3, 1), "ALC.7161": Place(5, 1), "LOC.3225": Place(2, 1),
        "FTX.4440": Place(4, 1), "PAT.2475": Place(3, 1), "MEA.6314": Place(3, 2),
        "PCI.7102": Place(2, 1), "PAC.7065": Place(3, 1), "PRI.6411": Place(1, 6),
        "CTA.3412": Place(2, 2), "GIN.7402": Place(2, 1), "SCC.4493": Place(2, 1),
    }  # fmt: skip
    for text, place in places.items():
        assert parse(text, "edifact").leaf.places[0] == place, text


def test_product_codes_stand_in_pairs_where_each_segment_has_them() -> None:
    first = {"PO1[*].VN": (6, 7), "POC[*].VN": (8, 9), "G68[*].UP": (5, 6), "W01[*].VN": (4, 5),
             "PO1[*].LIN.UP": (2, 3), "PO1[*].SLN.VA": (9, 10),
             "N1[ST].PER.EM": (3, 4)}  # fmt: skip
    for text, (code, value) in first.items():
        found = parse(text, "x12")
        assert found.steps[-1].conditions[-1].places[0] == Place(code), text
        assert found.leaf.places[0] == Place(value), text


def test_layouts_are_sound() -> None:
    for standard in STANDARDS:
        layout = layout_of(standard)
        for tag, (code, value) in layout.values.items():
            if layout.places:
                shape = layout.places[tag]
                assert code in {"-", *shape}, tag
                assert value in shape, tag
    assert "N1(N2 " in loops_text("x12")
    assert "NAD(LOC FII RFF(DTM)" in loops_text("edifact")


@given(st.text(alphabet="ABCDEGNPO10239.[]*=-_/ x", max_size=24))
@settings(max_examples=300, deadline=None)
def test_any_text_is_a_locator_or_told_to_be_none(text: str) -> None:
    for standard in STANDARDS:
        try:
            told = repr(parse(text, standard).text)
        except ValueError as error:
            told = str(error)
        assert told.startswith(repr(text))
