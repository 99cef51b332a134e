"""Segments to rows: what each locator reads, how loops are scoped, and that nothing is lost."""

from __future__ import annotations

import json
from typing import Any

import polars as pl
import pytest
from edi_segments import drops, edifact, tradacoms, x12
from hypothesis import given, settings
from hypothesis import strategies as st

from oms_import.model.edi import SEGMENTS
from oms_import.model.values import SOURCE_HOUSEKEEPING
from oms_import.readers.edi.dates import edifact_dates
from oms_import.readers.edi.rows import rows_of

ORDER = """ISA*00*          *00*          *ZZ*BUYER          *ZZ*SELLER
GS*PO*BUYERGS*SELLERGS*20240101*1200*7*X*004010
ST*850*0001
BEG*00*SA*4711*R1*20240102
CUR*BY*USD
REF*DP*038
REF*DP*039
REF*IA*9876*Vendor
PER*BD*Ann*TE*555-1
DTM*010*20240110
SAC*C*D240***1500**********Freight
SAC*A*C310***200
N9*L1*note
DTM*097*20231231
MSG*handle
MSG*with care
N1*BY*Buyer Inc*92*0007
REF*DP*of the buyer
N1*ST*Store 12*92*0012
N2*Dock 3
N3*12 Main St*Suite 4
N4*Solon*OH*44139*US
PER*IC*Joe*TE*555-2*EM*joe@example.com
N1*ST*Another store*92*0099
N3*1 Wrong St
PO1*1*10*EA*2.5*PE*VN*0001-A*UP*012345678905
CTP*RS*RES*4.99
CTP******DIS*.8
PID*F*08***Mug "blue"
MEA*PD*WT*1.2*LB
REF*LI*line ref
SAC*A*C000***50
DTM*002*20240115
SDQ*EA*92*001*4*002*6
SCH*4*EA***002*20240112
SCH*6*EA***002*20240119
N1*ST*Line store*92*0055
N3*5 Line St
PO1*2*3*CA*7**IN*55
SLN*1**I*2*EA****VA*X1
PID*F****part one
SLN*2**I*1*EA****VA*X2
N9*ZZ*text
MSG*of line 2
CTT*2*13
AMT*TT*46
SE*44*0001
"""


def _rows(text: str, *locators: str) -> list[dict[str, Any]]:
    return rows_of(x12(text), "x12", locators).to_dicts()


def _one(locator: str, text: str = ORDER) -> list[Any]:
    return [row[locator] for row in _rows(text, locator)]


@pytest.mark.parametrize(
    ("locator", "value"),
    [
        ("BEG03", "4711"),
        ("BEG04", "R1"),
        ("ISA06", "BUYER          "),
        ("GS02", "BUYERGS"),
        ("ST01", "850"),
        ("CUR02", "USD"),
        ("CUR[BY]", "USD"),
        ("REF[DP].REF02", "038"),
        ("REF[DP]", "038"),
        ("REF[IA].REF03", "Vendor"),
        ("REF[ZZ]", None),
        ("DTM[010]", "20240110"),
        ("DTM[097]", None),  # the note's, not the order's
        ("N9[L1].DTM[097]", "20231231"),
        ("N9.MSG01", "handle"),
        ("PER.TE", "555-1"),
        ("N1[BY].N104", "0007"),
        ("N1[BY]", "0007"),
        ("N1[BY].REF[DP]", "of the buyer"),
        ("N1[BY].N301", None),
        ("N1[ST].N102", "Store 12"),
        ("N1[ST].N201", "Dock 3"),
        ("N1[ST].N302", "Suite 4"),
        ("N1[ST].N403", "44139"),
        ("N1[ST].PER[IC].PER04", "555-2"),
        ("N1[ST].PER.EM", "joe@example.com"),
        ("CTT01", "2"),
        ("CTT02", "13"),
        ("AMT[TT].AMT02", "46"),
        ("AMT[TT]", "46"),
        ("SDQ01", None),  # a line's, not the order's
    ],
)
def test_what_stands_in_the_order_is_on_all_its_rows(locator: str, value: str | None) -> None:
    assert _one(locator) == [value, value]


@pytest.mark.parametrize(
    ("locator", "values"),
    [
        ("PO1[*].PO102", ["10", "3"]),
        ("PO1.PO103", ["EA", "CA"]),
        ("PO1[*].VN", ["0001-A", None]),
        ("PO1[*].UP", ["012345678905", None]),
        ("PO1[*].IN", [None, "55"]),
        ("PO1[*].PID[F].PID05", ['Mug "blue"', None]),  # part one is the component's
        ("PO1[*].PID[02=08].PID05", ['Mug "blue"', None]),
        ("PO1[*].PID.MEA[PD]", ["1.2", None]),
        ("PO1[*].MEA[PD]", [None, None]),  # it is the description's
        ("PO1[*].CTP[RES]", ["4.99", None]),
        ("PO1[*].CTP[06=DIS].CTP07", [".8", None]),
        ("PO1[*].REF[LI]", ["line ref", None]),
        ("PO1[*].DTM[002]", ["20240115", None]),
        ("PO1[*].N1[ST].N104", ["0055", None]),
        ("PO1[*].N1[ST].N301", ["5 Line St", None]),
        ("PO1[*].SLN.VA", [None, "X1"]),
        ("PO1[*].SLN.PID[F]", [None, "part one"]),
        ("PO1[*].N9.MSG01", [None, None]),  # the second component's
        ("PO1[*].SLN[2].SLN10", [None, "X2"]),
        ("PO1[*].BEG03", [None, None]),
    ],
)
def test_what_stands_in_a_line_is_on_its_row(locator: str, values: list[str | None]) -> None:
    assert _one(locator) == values


@pytest.mark.parametrize(
    ("locator", "objects"),
    [
        (
            "SAC[*]",
            [
                {"SAC01": "C", "SAC02": "D240", "SAC05": "1500", "SAC15": "Freight"},
                {"SAC01": "A", "SAC02": "C310", "SAC05": "200"},
            ],
        ),
        ("PO1[*].SAC[*]", [{"SAC01": "A", "SAC02": "C000", "SAC05": "50"}]),
        (
            "PO1[*].SDQ[*]",
            [
                {"SDQ01": "EA", "SDQ02": "92", "SDQ03": "001", "SDQ04": "4"},
                {"SDQ01": "EA", "SDQ02": "92", "SDQ03": "002", "SDQ04": "6"},
            ],
        ),
        (
            "PO1[*].SCH[*]",
            [
                {"SCH01": "4", "SCH02": "EA", "SCH05": "002", "SCH06": "20240112"},
                {"SCH01": "6", "SCH02": "EA", "SCH05": "002", "SCH06": "20240119"},
            ],
        ),
        (
            "N9[*]",
            [
                {
                    "N901": "L1", "N902": "note", "DTM[097]": "20231231",
                    "MSG01": "handle", "MSG01#2": "with care",
                }
            ],
        ),
        ("N9.MSG[*]", [{"MSG01": "handle"}, {"MSG01": "with care"}]),
        ("PO1[*].N1[*]", [{"N101": "ST", "N102": "Line store", "N103": "92", "N104": "0055",
                           "N301": "5 Line St"}]),
        ("TXI[*]", None),
    ],
)  # fmt: skip
def test_all_of_a_segment_are_a_json_array_with_what_their_loops_hold(
    locator: str, objects: list[dict[str, str]] | None
) -> None:
    text = _one(locator)[0]
    assert (text and json.loads(text)) == objects


def test_components_under_a_line_are_objects_with_their_own_segments() -> None:
    first, second = json.loads(_one("PO1[*].SLN[*]")[1])
    assert (first["SLN10"], first["PID[F]"], second["SLN10"]) == ("X1", "part one", "X2")
    assert second["N9[ZZ].MSG01"] == "of line 2"
    assert second["N9[ZZ]"] == "text"


def test_columns_are_those_asked_for_in_order_and_what_every_reader_adds() -> None:
    frame = rows_of(x12(ORDER), "x12", ["PO1[*].PO102", "BEG03", "W0502", "BEG03"])
    assert frame.columns == [
        "PO1[*].PO102", "BEG03", "W0502", "MESSAGE", "OTHER SEGMENTS",
        *SOURCE_HOUSEKEEPING, "_pointer",
    ]  # fmt: skip
    for name, dtype in SOURCE_HOUSEKEEPING.items():
        assert frame.schema[name] == dtype
    assert frame.schema["W0502"] == pl.String


def test_rows_say_where_they_stand() -> None:
    first, second = rows_of(x12(ORDER), "x12", ["BEG03"], first_record=5).to_dicts()
    assert (first["_record"], second["_record"]) == (5, 6)
    assert (first["_line"], first["_line_to"], second["_line"]) == (26, 38, 39)
    assert first["_pointer"] == "message 1, segment 24 (PO1)"
    assert second["_line_to"] == 44  # MSG; CTT is the order's again
    text = "\n".join(part for part in ORDER.split("\n") if part)
    assert text[first["_byte_from"] :].startswith("PO1*1*10")
    assert text[: second["_byte_to"]].endswith("MSG*of line 2")
    assert first["_raw"] is None


def test_the_pointer_names_interchange_and_group_where_they_are_known() -> None:
    numbers = pl.lit(2, pl.UInt32).alias("_interchange"), pl.lit(3, pl.UInt32).alias("_group")
    frame = rows_of(x12(ORDER).with_columns(*numbers), "x12", ["BEG03"])
    assert frame["_pointer"][0] == "interchange 2, group 3, message 1, segment 24 (PO1)"


def test_an_order_without_lines_is_one_row() -> None:
    text = "ST*850*1\nBEG*00*SA*A1\nN1*ST*Here\nSE*4*1\n" + ORDER + "ST*850*9\nBEG*00*SA*A3\nSE*3*9"
    frame = rows_of(x12(text), "x12", ["BEG03", "PO1[*].PO102", "N1[ST].N102"])
    assert frame.select("BEG03", "PO1[*].PO102", "N1[ST].N102", "MESSAGE").rows() == [
        ("A1", None, "Here", "1"), ("4711", "10", "Store 12", "2"), ("4711", "3", "Store 12", "2"),
        ("A3", None, None, "3"),
    ]  # fmt: skip
    assert frame["_pointer"].to_list()[0] == "message 1, segment 1 (ST)"


def test_no_segments_are_no_rows() -> None:
    empty = pl.DataFrame(schema={**SEGMENTS, "e01": pl.String})
    frame = rows_of(empty, "x12", ["BEG03", "PO1[*].VN", "SAC[*]"])
    assert frame.height == 0
    assert frame.schema["BEG03"] == pl.String


def test_the_first_fault_of_a_message_is_on_its_rows() -> None:
    fault = "_FAULT*EDI_COUNT*SE01 says 9\n_FAULT*EDI_TEST*a test\n" + ORDER
    frame = rows_of(x12(fault + ORDER), "x12", ["BEG03"])
    assert frame["_fault"].to_list() == ["EDI_COUNT", "EDI_COUNT", None, None]
    assert frame["_fault_value"].to_list()[:2] == ["SE01 says 9", "SE01 says 9"]
    assert "EDI_COUNT" not in str(frame["OTHER SEGMENTS"].to_list())


def test_small_drops_in_one_frame_are_as_they_are_alone() -> None:
    other = ORDER.replace("4711", "4712").replace("0001-A", "B7")
    locators = ["BEG03", "PO1[*].VN", "N1[ST].N301", "PO1[*].SDQ[*]", "SAC[*]"]
    alone = [rows_of(x12(text), "x12", locators) for text in (ORDER, other + other, ORDER)]
    joined = rows_of(drops(*map(x12, (ORDER, other + other, ORDER))), "x12", locators)
    assert joined["_drop"].to_list() == [0, 0, 1, 1, 1, 1, 2, 2]
    assert joined["_record"].to_list() == [1, 2, 1, 2, 3, 4, 1, 2]
    assert joined.drop("_drop").equals(pl.concat(alone))


# What nobody read


def _other(text: str, *locators: str) -> list[list[tuple[str, str]]]:
    told = rows_of(x12(text), "x12", locators)["OTHER SEGMENTS"].to_list()
    return [[(i["name"], i["value"]) for i in json.loads(cell)] if cell else [] for cell in told]


def test_segments_nobody_read_are_told_by_name_where_they_stand() -> None:
    order, line = _other(ORDER)
    assert order[0] == ("BEG", "BEG*00*SA*4711*R1*20240102")
    assert ("N1[ST].PER[IC]", "PER*IC*Joe*TE*555-2*EM*joe@example.com") in order
    assert ("N9[L1].MSG", "MSG*with care") in order
    assert ("PO1.CTP", "CTP******DIS*.8") in order
    assert ("PO1.PID[F].MEA[PD]", "MEA*PD*WT*1.2*LB") in order
    assert order[-2:] == [("CTT", "CTT*2*13"), ("AMT[TT]", "AMT*TT*46")]
    assert line == [
        ("PO1", "PO1*2*3*CA*7**IN*55"),
        ("PO1.SLN", "SLN*1**I*2*EA****VA*X1"),
        ("PO1.SLN.PID[F]", "PID*F****part one"),
        ("PO1.SLN", "SLN*2**I*1*EA****VA*X2"),
        ("PO1.SLN.N9[ZZ]", "N9*ZZ*text"),
        ("PO1.SLN.N9[ZZ].MSG", "MSG*of line 2"),
    ]
    assert not {"ISA", "GS", "ST", "SE"} & {name for name, _ in order}


def test_a_segment_read_to_the_last_element_is_not_told() -> None:
    text = "ST*850*1\nREF*DP*038\nREF*DP*039\nREF*IA*1*x\nPO1*1*2**3**VN*A*UP*B\nSE*1*1"
    read = ["REF[DP]", "REF[IA]", "PO1[*].PO101", "PO1[*].PO102", "PO1[*].PO104", "PO1[*].VN"]
    assert _other(text, *read) == [
        [("REF[DP]", "REF*DP*039"), ("REF[IA]", "REF*IA*1*x"), ("PO1", "PO1*1*2**3**VN*A*UP*B")]
    ]
    assert _other(text, *read, "REF[IA].REF03", "PO1[*].UP") == [[("REF[DP]", "REF*DP*039")]]


def test_what_stands_in_a_json_column_is_not_told_again() -> None:
    told = [name for name, _ in _other(ORDER, "SAC[*]", "PO1[*].SDQ[*]", "PO1[*].SLN[*]")[0]]
    assert "SAC[C]" not in told
    assert "PO1.SDQ" not in told
    assert "PO1.SAC[A]" in told  # the line's own


def test_components_that_were_not_read_are_told() -> None:
    text = "ST*850*1\nREF*ZZ*1**A:B\nSE*1*1"
    assert _other(text, "REF[ZZ]", "REF[ZZ].REF04-1") == [[("REF[ZZ]", "REF*ZZ*1**A:B")]]
    assert _other(text, "REF[ZZ]", "REF[ZZ].REF04-1", "REF[ZZ].REF04-2") == [[]]
    assert _other(text, "REF[ZZ]", "REF[ZZ].REF04") == [[]]


TAGS = ["BEG", "REF", "DTM", "N1", "N2", "N3", "PER", "MSG", "N9", "SAC", "AMT"]
LINE_TAGS = ["PO1", "PID", "SLN", "SDQ", "SCH", "LX", "CTT", "ZZZ"]
PLAIN = {"", "ST", "VN"}
CELLS = st.sampled_from(["", "ST", "VN", "v", 'q"\\', "x:y", "é"])
SEGMENT = st.tuples(st.sampled_from(TAGS + LINE_TAGS), st.lists(CELLS, max_size=9))


def _marked(segments: list[tuple[str, list[str]]], begin: int) -> list[list[str]]:
    """The segments, each of their values unlike any other but the codes ST and VN."""
    return [
        [tag, *(c if c in PLAIN else f"{c}{begin + at}.{n}" for n, c in enumerate(cells))]
        for at, (tag, cells) in enumerate(segments)
    ]


def _texts(frame: pl.DataFrame) -> str:
    """All that the rows hold, JSON taken apart (a segment's code stands in its key)."""
    held: list[str] = []
    for cell in (cell for row in frame.rows() for cell in row if isinstance(cell, str)):
        items = json.loads(cell) if cell.startswith("[{") else [{"": cell}]
        held += [text for item in items for pair in item.items() for text in pair]
    return "\n".join(held)


@given(st.lists(st.lists(SEGMENT, max_size=25), max_size=4))
@settings(max_examples=50, deadline=None)
def test_nothing_of_any_message_is_lost(messages: list[list[tuple[str, list[str]]]]) -> None:
    marked = [_marked(message, 100 * at) for at, message in enumerate(messages)]
    written = [[["ST", "850"], *message, ["SE", "1"]] for message in marked]
    text = "\n".join("*".join(segment) for message in written for segment in message)
    locators = ["BEG03", "REF[ST]", "N1[ST].N301", "PO1[*].PO102", "PO1[*].SLN[*]", "SAC[*]",
                "PO1[*].SDQ[*]", "PO1[*].VN", "N1[ST].PER.VN", "N9[*]", "DTM[ST]"]  # fmt: skip
    frame = rows_of(x12(text), "x12", locators).drop("_pointer")
    assert frame["MESSAGE"].n_unique() == len(messages)
    assert frame.height == sum(max(1, sum(s[0] == "PO1" for s in m)) for m in marked)
    for number, message in enumerate(marked, start=1):
        told = _texts(frame.filter(pl.col("MESSAGE") == str(number)))
        cells = [cell for tag, *cells in message if tag != "LX" for cell in cells]
        values = {part for cell in cells for part in cell.split(":")}
        assert {value for value in values - PLAIN if value not in told} == set()


# EDIFACT

ORDERS = """UNB+UNOC:3+8711:14+8712:14+200625:1645+3
UNH+1+ORDERS:D:96A:UN:EAN008
BGM+220+2738662+9
DTM+137:20200304:102
DTM+64:202003100800:203
DTM+63:20200310-20200312:718
DTM+2:2020W11:616
FTX+PUR+1++line one:line two
RFF+CT:652744
DTM+171:20020825:102
NAD+BY+5412345000013::9++Buyer:Second name+Street 1:Floor 2+Town++86000+FR
RFF+VA:87765432
CTA+OC+:P FORGET
COM+0044715632478:TE+b@example.com:EM
NAD+DP+871::9
CUX+2:GBP:9+3:EUR:4+1.67
DTM+134:20020801:102
ALC+C++++FC::9
MOA+8:12.50
ALC+A
PCD+3:5
LIN+1++4000862141404:EN
PIA+1+ABC:IN+X-1:SA
PIA+5+later:SA
IMD+F++:::Widget, blue:large
QTY+21:48:PCE
MOA+203:699.84
PRI+AAA:14.58:CT:AAE:1:KGM
RFF+ON:PL9
DTM+171:20020801:102
LOC+7+331::9
QTY+11:20
DTM+2:20020915:102
LOC+7+332::9
QTY+11:28
LOC+9+333
NAD+DP+999::9
LIN+2++77:IN
QTY+1:5
DTM+2:20020916:102
UNS+S
MOA+86:900
CNT+2:2
UNT+40+1
"""


@pytest.mark.parametrize(
    ("locator", "values"),
    [
        ("UNB.S002.0004", ["8711", "8711"]),
        ("UNB.0004", ["8711", "8711"]),
        ("UNB.0020", ["3", "3"]),
        ("UNH.0065", ["ORDERS", "ORDERS"]),
        ("BGM.1004", ["2738662"] * 2),
        ("DTM[137]", ["2020-03-04"] * 2),
        ("DTM[137].2380", ["20200304"] * 2),
        ("DTM[64]", ["2020-03-10 08:00"] * 2),
        ("DTM[63]", ["2020-03-10/2020-03-12"] * 2),
        ("DTM[2]", ["2020W11"] * 2),
        ("DTM[171]", [None, None]),  # the contract's
        ("RFF[CT].DTM[171]", ["2002-08-25"] * 2),
        ("RFF[VA]", [None, None]),  # the buyer's
        ("NAD[BY].RFF[VA]", ["87765432"] * 2),
        ("NAD[BY].3039", ["5412345000013"] * 2),
        ("NAD[BY]", ["5412345000013"] * 2),
        ("NAD[BY].C082", ["5412345000013::9"] * 2),
        ("NAD[BY].3036", ["Buyer"] * 2),
        ("NAD[BY].3036-2", ["Second name"] * 2),
        ("NAD[BY].3042-2", ["Floor 2"] * 2),
        ("NAD[BY].3251", ["86000"] * 2),
        ("NAD[BY].3207", ["FR"] * 2),
        ("NAD[BY].CTA.3412", ["P FORGET"] * 2),
        ("NAD[BY].CTA.COM[EM]", ["b@example.com"] * 2),
        ("NAD[BY].COM[TE]", ["0044715632478"] * 2),
        ("NAD[DP].3039", ["871"] * 2),
        ("CUX[2].6345", ["GBP"] * 2),
        ("CUX[3].6345", ["EUR"] * 2),
        ("CUX.6345", ["GBP"] * 2),
        ("MOA[86]", ["900"] * 2),
        ("CNT[2]", ["2"] * 2),
        ("LIN[*].1082", ["1", "2"]),
        ("LIN[*].7140", ["4000862141404", "77"]),
        ("LIN[*].7143", ["EN", "IN"]),
        ("LIN[*].LIN[EN]", ["4000862141404", None]),
        ("LIN.PIA[SA]", ["X-1", None]),
        ("LIN[*].PIA[IN]", ["ABC", None]),
        ("LIN[*].IMD.7008", ["Widget, blue", None]),
        ("LIN[*].IMD.7008-2", ["large", None]),
        ("LIN[*].QTY[21]", ["48", None]),
        ("LIN[*].QTY[11]", [None, None]),  # the places'
        ("LIN[*].QTY", ["48", "5"]),
        ("LIN[*].QTY.6411", ["PCE", None]),
        ("LIN[*].PRI[AAA]", ["14.58", None]),
        ("LIN[*].PRI[AAA].5387", ["AAE", None]),
        ("LIN[*].MOA[203]", ["699.84", None]),
        ("LIN[*].RFF[ON]", ["PL9", None]),
        ("LIN[*].DTM[2]", [None, "2002-09-16"]),
        ("LIN[*].NAD[DP].3039", ["999", None]),
    ],
)
def test_edifact_is_read_by_data_element(locator: str, values: list[str | None]) -> None:
    assert rows_of(edifact(ORDERS), "edifact", [locator])[locator].to_list() == values


def test_edifact_splits_and_charges_are_json() -> None:
    locators = ["LIN[*].LOC[7][*]", "LIN[*].LOC[*]", "ALC[*]", "FTX[*]", "LIN[*].PIA[*]"]
    first = rows_of(edifact(ORDERS), "edifact", locators).to_dicts()[0]
    told = {name: json.loads(first[name]) for name in locators}
    places = told["LIN[*].LOC[7][*]"]
    assert places[0] == {
        "3227": "7", "3225": "331", "3055": "9", "QTY[11]": "20", "DTM[2]": "2002-09-15"
    }  # fmt: skip
    assert [place["QTY[11]"] for place in places] == ["20", "28"]
    assert len(told["LIN[*].LOC[*]"]) == 3
    assert told["ALC[*]"] == [
        {"5463": "C", "7161": "FC", "3055": "9", "MOA[8]": "12.50"},
        {"5463": "A", "PCD[3]": "5"},
    ]
    assert told["FTX[*]"] == [
        {"4451": "PUR", "4453": "1", "4440": "line one", "4440-2": "line two"}
    ]
    assert told["LIN[*].PIA[*]"][0]["7140-2"] == "X-1"


def test_edifact_segments_nobody_read_are_written_as_edifact() -> None:
    read = ["LIN[*].PIA[SA]", "LIN[*].LIN[EN]", "LIN[*].1082", "LIN[*].LOC[*]"]
    told = json.loads(rows_of(edifact(ORDERS), "edifact", read)["OTHER SEGMENTS"][0])
    pairs = [(item["name"], item["value"]) for item in told]
    assert ("NAD[BY].CTA[OC].COM[TE]", "COM+0044715632478:TE+b@example.com:EM") in pairs
    assert ("RFF[CT].DTM[171]", "DTM+171:20020825:102") in pairs
    assert ("LIN.PIA[IN]", "PIA+1+ABC:IN+X-1:SA") in pairs  # IN was not read, nor 4347
    assert not any(name in {"LIN", "UNS", "UNT", "UNH", "LIN.LOC[7]"} for name, _ in pairs)


def test_the_rest_of_repeated_composites_is_told() -> None:
    text = "UNH+1\nNAD+BY+1\nCTA+OC\nCOM+s11:TE^s21:EM\nUNT+1"
    frame = rows_of(edifact(text), "edifact", ["NAD[BY].COM[TE]"])
    assert frame["NAD[BY].COM[TE]"].to_list() == ["s11"]
    assert "COM+s11:TE*s21:EM" in frame["OTHER SEGMENTS"][0]


def test_dates_of_old_x12_get_the_century_they_state() -> None:
    text = "ST*850*1\nDTM*175*980615***19\nDTM*010*20240101\nDTM*002*240101\nSE*1*1"
    row = _rows(text, "DTM[175]", "DTM[010]", "DTM[002]")[0]
    assert (row["DTM[175]"], row["DTM[010]"], row["DTM[002]"]) == ("19980615", "20240101", "240101")


# Grocery and warehouse orders, TRADACOMS, IDocs


def test_grocery_and_warehouse_orders_have_their_own_lines() -> None:
    text = """ST*875*1~G50*N*20071230*5959~G62*10*20070106~N1*ST*WAREHOUSE*9*006
N3*1200 AVE~G68*10*CA*1.57*006121100201*UP*0061~G69*SAUCE~G70*1*5*OZ
G68*20*CA*3.98~G72*C*1~G73*text~G76*30*CA~SE*9*1
ST*940*2~W05*N*D1*P1~N1*ST*STORE~N9*12*77~G62*10*20240101~W66*M*X~LX*1~MAN*GM*1
W01*5*EA**VN*A-1~G69*CUP~N9*LI*1~LX*2~W01*6*EA**UP*0123~W76*11~SE*9*2"""
    rows = _rows(text, "G5003", "W0502", "G62[10]", "N1[ST].N102", "G68[*].G6801", "G68[*].UP",
                 "G68[*].G6901", "G7601", "W01[*].W0101", "W01[*].VN", "W01[*].N9[LI]",
                 "W01[*].MAN[GM]", "N9[12]", "W7601", "G68[*].G72.G7301")  # fmt: skip
    got = [{key: value for key, value in row.items() if value and key[0] in "GWN"} for row in rows]
    grocery = {"G5003": "5959", "G62[10]": "20070106", "N1[ST].N102": "WAREHOUSE", "G7601": "30"}
    warehouse = {"W0502": "D1", "G62[10]": "20240101", "N1[ST].N102": "STORE", "N9[12]": "77"}
    assert got == [
        {**grocery, "G68[*].G6801": "10", "G68[*].UP": "0061", "G68[*].G6901": "SAUCE"},
        {**grocery, "G68[*].G6801": "20", "G68[*].G72.G7301": "text"},
        {**warehouse, "W7601": "11", "W01[*].W0101": "5", "W01[*].VN": "A-1", "W01[*].N9[LI]": "1"},
        {**warehouse, "W7601": "11", "W01[*].W0101": "6"},
    ]


def test_tradacoms_is_read_by_position() -> None:
    text = """STX=ANA:1+5000:CUSTOMER+6000
MHD=2+ORDERS:9
CDT=5000600003101:68100+ANY SHOP PLC
CLO=5022:LOC+DEL LOC+123 HIGH STREET:WEYBRIDGE:SURREY::KT13 0XW
ORD=CUST-ORD::010119++N
OLD=1+5013:KV29+:S2+:CUST+1+20++++SONY
DNB=1+1+1+text
OLD=2+5014++:C2+1+5
OTR=2
MTR=7"""
    names = ["STX02-1", "CDT01-1", "CLO03-5", "ORD01-1", "ORD01-3", "OLD[*].OLD02-1", "OLD04-2",
             "OLD[*].OLD06", "OTR01", "OLD[*].DNB[*]"]  # fmt: skip
    first, second = rows_of(tradacoms(text), "tradacoms", names).rows()
    order = ("5000", "5000600003101", "KT13 0XW", "CUST-ORD", "010119")
    assert first[:9] == (*order, "5013", "CUST", "20", "2")
    assert second[:9] == (*order, "5014", "C2", "5", "2")
    assert json.loads(first[9]) == [{"DNB01": "1", "DNB02": "1", "DNB03": "1", "DNB04": "text"}]
    assert '"value":"CLO=5022:LOC+DEL LOC+' in rows_of(tradacoms(text), "tradacoms", [])[
        "OTHER SEGMENTS"
    ][0]  # fmt: skip


FIELDS = {
    "EDI_DC40": ("SNDPRN",), "E1EDK01": ("CURCY", "BELNR"), "E1EDK02": ("QUALF", "BELNR"),
    "E1EDK03": ("IDDAT", "DATUM"), "E1EDKA1": ("PARVW", "PARTN"), "E1EDKA3": ("QUALP", "STDPN"),
    "E1EDP01": ("POSEX", "MENGE"), "E1EDP19": ("QUALF", "IDTNR"), "E1EDP20": ("WMENG", "EDATU"),
    "Z1OWN": ("COLOUR",), "E1EDS01": ("SUMID", "SUMME"),
}  # fmt: skip


def test_idocs_are_read_by_field() -> None:
    text = """EDI_DC40*PARTNER~E1EDK01*EUR*9~E1EDK02*001*47~E1EDK02*002*48~E1EDKA1*AG*1000
E1EDKA3*1*x~Z1OWN*of AG~E1EDKA1*WE*2000~E1EDK03*012*20240101
E1EDP01*10*5.5~Z1OWN*red~E1EDP20*3*20240105~E1EDP20*2*20240106~E1EDP19*002*M1
E1EDP01*20*1~E1EDS01*002*99"""
    names = ["EDI_DC40.SNDPRN", "E1EDK01.CURCY", "E1EDK02[001].BELNR", "E1EDK02[002]",
             "E1EDKA1[AG].PARTN", "E1EDKA1[WE].PARTN", "E1EDKA1[AG].E1EDKA3.STDPN",
             "E1EDKA1[AG].Z1OWN.COLOUR", "E1EDK03[012]", "E1EDS01[002].SUMME", "E1EDK01.NOSUCH",
             "E1EDP01[*].MENGE", "E1EDP01[*].E1EDP19[002].IDTNR", "E1EDP01[*].Z1OWN.COLOUR",
             "E1EDP01[*].E1EDP20[*]"]  # fmt: skip
    first, second = rows_of(x12(text), "idoc", names, fields=FIELDS).rows()
    order = ("PARTNER", "EUR", "47", "48", "1000", "2000", "x", "of AG", "20240101", "99", None)
    assert first[:14] == (*order, "5.5", "M1", "red")
    assert second[:15] == (*order, "1", None, None, None)
    assert json.loads(first[14]) == [
        {"WMENG": "3", "EDATU": "20240105"}, {"WMENG": "2", "EDATU": "20240106"}
    ]  # fmt: skip
    told = json.loads(first[16])
    assert {"name": "E1EDK01", "value": "E1EDK01 CURCY=EUR BELNR=9"} in told


def test_idocs_need_the_names_of_their_fields() -> None:
    with pytest.raises(ValueError, match="names of the segments' fields"):
        rows_of(x12("E1EDK01*EUR"), "idoc", ["E1EDK01.CURCY"])


def test_weeks_and_months_of_edifact_are_periods() -> None:
    texts = pl.Series(["200533", "202402", "20053", "200599"])
    forms = pl.Series(["616", "610", "610", "616"])
    assert edifact_dates(texts, forms).to_list() == [
        "2005-08-15/2005-08-21", "2024-02-01/2024-02-29", "20053", "200599",
    ]  # fmt: skip
