"""X12 as it really comes: delimiters, damage, wraps, many interchanges; envelopes checked."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from oms_import.model.edi import COMPONENT, FAULT_TAG, REPETITION
from oms_import.model.errors import DropRejectedError
from oms_import.model.values import Limits
from oms_import.profiles.model import FormatSpec
from oms_import.readers.edi.source import SegmentSource
from oms_import.readers.edi.x12 import open_x12
from oms_import.readers.edi.x12_scan import Syntax, cells
from oms_import.readers.spec import ReadSpec

_SAMPLES = (Path(__file__).parents[2] / "../shared/samples/edi").resolve()
_BODY = ["BEG*00*SA*PO1**20240105", "PO1*1*5*EA*9.95*WE*VN*SKU1", "CTT*1"]


def isa(control: str = "000000001", **other: str) -> str:
    """A header without its terminator, of the standard's length."""
    part = {"test": "P", "rep": "U", "version": "00401", "component": ">", "ack": "0"} | other
    return (
        "ISA*00*          *00*          *ZZ*SENDER         *ZZ*RECEIVER       *240105*1200"
        f"*{part['rep']}*{part['version']}*{control}*{part['ack']}*{part['test']}"
        f"*{part['component']}"
    )


def order(control: str = "0001", body: list[str] | None = None, kind: str = "850") -> list[str]:
    """A transaction set, its count right."""
    inner = _BODY if body is None else body
    return [f"ST*{kind}*{control}", *inner, f"SE*{len(inner) + 2}*{control}"]


def interchange(*sets: list[str], control: str = "000000001", **other: str) -> list[str]:
    """One interchange of one group."""
    inner = [segment for one in (sets or (order(),)) for segment in one]
    return [
        isa(control, **other),
        "GS*PO*SENDER*RECEIVER*20240105*1200*7*X*004010",
        *inner,
        f"GE*{len(sets) or 1}*7",
        f"IEA*1*{control}",
    ]


def text_of(segments: list[str], end: str = "~\n") -> str:
    """The segments, each terminated."""
    return "".join(segment + end for segment in segments)


@pytest.fixture
def read(tmp_path: Path) -> Any:
    """Bytes or text → the opened source."""

    def opened(content: str | bytes, **settings: Any) -> SegmentSource:
        path = tmp_path / "drop.edi"
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        spec = ReadSpec(format=FormatSpec.model_construct(**settings))
        return open_x12(path, spec, tmp_path, Limits())

    return opened


def rows_of(source: SegmentSource, rows: int = 100_000) -> list[list[str | None]]:
    """Tag and elements of all rows but envelopes and faults, nulls at the end left out."""
    found: list[list[str | None]] = []
    for frame in source.batches(rows):
        own = frame.filter(pl.col("_segment") > 0)
        names = [name for name in own.columns if name == "tag" or name[1:].isdigit()]
        for row in own.select(names).iter_rows():
            cells = list(row)
            while cells and cells[-1] is None:
                cells.pop()
            found.append(cells)
    return found


def plain(segments: list[str]) -> list[list[str | None]]:
    """What rows_of gives for segments written with `*`."""
    cells = [[cell or None for cell in segment.split("*")] for segment in segments]
    for row in cells:
        while row and row[-1] is None:
            row.pop()
    return cells


def faults_of(source: SegmentSource) -> list[tuple[str, str]]:
    """Code and text of all fault rows."""
    return [
        (row[0], row[1])
        for frame in source.batches(100_000)
        for row in frame.filter(pl.col("tag") == FAULT_TAG).select("e01", "e02").iter_rows()
    ]


def codes_of(source: SegmentSource) -> list[str]:
    return [code for code, _ in faults_of(source)]


def expected() -> list[dict[str, Any]]:
    """The samples' key, X12 only."""
    key = _SAMPLES / "expected.jsonl"
    if not key.exists():
        return []
    every = [json.loads(line) for line in key.read_text().splitlines()]
    return [one for one in every if one["file"].startswith("x12")]


@pytest.mark.skipif(not expected(), reason="the samples are not here")
@pytest.mark.parametrize("key", expected(), ids=lambda key: key["file"])
def test_files_of_other_systems_are_read_as_their_key_says(
    key: dict[str, Any], tmp_path: Path
) -> None:
    source = open_x12(_SAMPLES / key["file"], ReadSpec(), tmp_path, Limits())
    found = [
        {"sender": one.sender, "receiver": one.receiver, "control": one.control, "test": one.test}
        for one in source.envelopes.interchanges
    ]
    assert found == key["interchanges"]
    orders = source.envelopes.messages.filter(pl.col("kind").is_in(["order", "change"]))
    assert orders.height == len(key["orders"])
    damaged = [code for code in codes_of(source) if code != "EDI_TEST"]
    assert bool(damaged) == (key["expect"] == "envelope_error")
    numbers = [row[3] for row in rows_of(source) if row[0] == "BEG"]
    if numbers:
        assert numbers == [one["order_number"] for one in key["orders"]]


# Delimiters


@pytest.mark.parametrize("end", ["~", "~\n", "~\r\n", "~ \r\n  ", "\n", "\r", "\r\n", "\x15\r\n"])
@pytest.mark.parametrize("separator", ["*", "|", "\x1d", "\x1f", "^", "\t"])
def test_delimiters_are_those_of_the_header(read: Any, end: str, separator: str) -> None:
    segments = interchange()
    source = read(text_of(segments, end).replace("*", separator))
    assert rows_of(source) == plain(segments[2:-2])
    assert not source.envelopes.faults
    assert source.dialect.delimiter == separator


@pytest.mark.parametrize(
    ("separator", "end"), [("~", "\r\n"), ("*", "|"), ("~", "|\r\n"), ("\x1e", "\x1f")]
)
def test_delimiters_that_elsewhere_mean_something_else_are_taken(
    read: Any, separator: str, end: str
) -> None:
    segments = interchange()
    source = read(text_of(segments, end).replace("*", separator))
    assert rows_of(source) == plain(segments[2:-2])


def test_each_interchange_has_its_own_delimiters(read: Any) -> None:
    first = text_of(interchange(control="000000001"), "~\n")
    second = text_of(interchange(control="000000002"), "\r\n").replace("*", "|").replace(">", ":")
    third = text_of(interchange(control="000000003"), "'")
    source = read(first + second + third)
    assert [one.control for one in source.envelopes.interchanges] == [
        "000000001", "000000002", "000000003",
    ]  # fmt: skip
    assert rows_of(source) == plain(order()) * 3
    assert not source.envelopes.faults


def test_components_and_repetitions_are_joined_as_the_model_says(read: Any) -> None:
    body = ["PO1*1*5*EA*1>2>3*WE", "REF*A^B*C>D"]
    source = read(text_of(interchange(order(body=body), rep="^", version="00501")))
    rows = rows_of(source)
    assert rows[1][4] == COMPONENT.join("123")
    assert rows[2][1:] == [REPETITION.join("AB"), COMPONENT.join("CD")]


@pytest.mark.parametrize(("rep", "version"), [("^", "00401"), ("U", "00501"), ("^", "00307")])
def test_there_are_no_repetitions_before_00402_nor_where_isa11_says_u(
    read: Any, rep: str, version: str
) -> None:
    source = read(text_of(interchange(order(body=["REF*A^BUC"]), rep=rep, version=version)))
    assert rows_of(source)[1] == ["REF", "A^BUC"]


def test_an_empty_isa16_leaves_components_apart(read: Any) -> None:
    segments = interchange(component="")
    source = read(text_of(segments, "~\n"))
    assert source.envelopes.interchanges[0].delimiters.component is None
    assert rows_of(source) == plain(segments[2:-2])


def test_a_missing_isa16_is_no_delimiter(read: Any) -> None:
    segments = interchange()
    segments[0] = segments[0].removesuffix("*>")
    source = read(text_of(segments, "~\n"))
    assert rows_of(source) == plain(segments[2:-2])
    assert source.envelopes.interchanges[0].test is False


# Odd files


def test_isa_may_be_short_and_padded_with_no_break_spaces(read: Any) -> None:
    text = text_of(interchange())
    short = text.replace("          ", "").replace("SENDER         ", "SENDER")
    padded = text.replace("SENDER         ", "SENDER" + "\xa0 " * 4)
    for content in (short, padded, padded.encode("latin-1"), "\ufeff" + padded):
        source = read(content)
        (found,) = source.envelopes.interchanges
        assert (found.sender, found.receiver) == ("SENDER", "RECEIVER")
        assert rows_of(source) == plain(order())
        assert "EDI_REPAIRED" in [finding.code for finding in source.findings]


@pytest.mark.parametrize("width", [40, 80, 66])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_wraps_within_segments_are_undone(read: Any, width: int, end: str) -> None:
    segments = interchange(*(order(f"{n:04}") for n in range(1, 6)))
    flat = text_of(segments, "~")
    wrapped = end.join(flat[at : at + width] for at in range(0, len(flat), width)) + end
    source = read(wrapped)
    assert rows_of(source) == plain(segments[2:-2])
    assert not source.envelopes.faults
    assert any("wrapped" in (finding.detail or "") for finding in source.findings)


def test_offsets_and_lines_of_a_wrapped_file_are_those_of_the_drop(read: Any) -> None:
    flat = text_of(interchange(*(order(f"{n:04}") for n in range(1, 6))), "~")
    wrapped = "\r\n".join(flat[at : at + 40] for at in range(0, len(flat), 40))
    source = read(wrapped)
    for frame in source.batches(10):
        for row in frame.filter(pl.col("_segment") > 0).iter_rows(named=True):
            part = wrapped[row["_byte_from"] : row["_byte_to"]].replace("\r\n", "")
            assert part.split("*")[0] == row["tag"]
            assert row["_line"] == 1 + wrapped.count("\n", 0, row["_byte_from"])


def test_records_padded_to_80_are_read(read: Any) -> None:
    long = "MSG*" + "x" * 100
    flat = [segment + "~" for segment in interchange(order(body=[*_BODY, long]))]
    lines = [line[at : at + 80].ljust(80) for line in flat for at in range(0, len(line), 80)]
    source = read("\n".join(lines) + "\n")
    assert rows_of(source) == plain(order(body=[*_BODY, long]))


def test_line_ends_in_text_stay_in_text(read: Any) -> None:
    body = ["MSG*two\nlines", "MSG*and\r\nthree and more", "BEG*00*SA*1**20240101"]
    source = read(text_of(interchange(order(body=body))))
    assert [row[1] for row in rows_of(source) if row[0] == "MSG"] == [
        "two\nlines", "and\r\nthree and more",
    ]  # fmt: skip


def test_line_ends_beside_delimiters_are_left_out(read: Any) -> None:
    text = text_of(interchange()).replace("*EA", "\n*EA").replace("*9.95", "*\r\n9.95")
    assert rows_of(read(text)) == plain(order())


@pytest.mark.parametrize("before", ["", "\ufeff", "HELLO\nISA is not here yet\n", "\r\n\r\n  "])
@pytest.mark.parametrize("after", ["", "\x1a", "\n\n", "\x00\x00", "-- END --\r\n", "\r\n\x1a"])
def test_junk_around_interchanges_is_left_out(read: Any, before: str, after: str) -> None:
    between = "\n=== next ===\n"
    text = text_of(interchange()) + between + text_of(interchange(control="000000002"), "\n")
    source = read(before + text + after)
    assert rows_of(source) == plain(order()) * 2
    assert not source.envelopes.faults


def test_the_last_segment_may_be_unterminated(read: Any) -> None:
    one = text_of(interchange()).removesuffix("~\n")
    two = text_of(interchange(control="000000002")).removesuffix("~\n")
    source = read(one + "\n" + two + "\r\n")
    assert rows_of(source) == plain(order()) * 2
    assert not source.envelopes.faults


def test_mixed_line_ends_as_terminators_are_made_one(read: Any) -> None:
    segments = interchange()
    text = "".join(one + ("\r\n", "\n", "\r")[n % 3] for n, one in enumerate(segments))
    source = read(text)
    assert rows_of(source) == plain(order())
    first = next(source.batches(100)).filter(pl.col("tag") == "PO1")
    assert first["_byte_from"].item() == text.index("PO1*1")
    assert first["_line"].item() == 5


def test_blank_lines_and_indentation_are_no_segments(read: Any) -> None:
    text = text_of(interchange(), "\n").replace("\nPO1", "\n\n \t\n\t\tPO1")
    assert rows_of(read(text)) == plain(order())
    deep = text_of(interchange()).replace("\nPO1", "\n" + " " * 500 + "PO1")
    assert rows_of(read(deep)) == plain(order())


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "cp1252", "utf-8"])
def test_text_is_decoded(read: Any, encoding: str) -> None:
    body = ["N1*ST*Café Zürich"]
    source = read(text_of(interchange(order(body=body))).encode(encoding))
    assert rows_of(source)[1] == ["N1", "ST", "Café Zürich"]


def test_the_profiles_encoding_is_obeyed(read: Any) -> None:
    content = text_of(interchange(order(body=["N1*ST*Łódź"]))).encode("cp1250")
    assert rows_of(read(content, encoding="cp1250"))[1][2] == "Łódź"
    ebcdic = text_of(interchange(), "\x85").encode("cp037")
    assert rows_of(read(ebcdic, encoding="cp037")) == plain(order())
    with pytest.raises(DropRejectedError, match="ENC_INVALID"):
        read(b"ISA\xff", encoding="utf-8")


def test_delimiters_beyond_ascii_are_taken(read: Any) -> None:
    text = text_of(interchange(), "¶").replace("*", "¬")
    for content in (text, text.encode("latin-1")):
        assert rows_of(read(content)) == plain(order())


@pytest.mark.parametrize("content", ["", "VISA*1*2", "ISA", "ISA*00*", "hello", "UNB+UNOA:1"])
def test_a_file_without_a_header_is_refused(read: Any, content: str) -> None:
    with pytest.raises(DropRejectedError, match="EDI_HEADER" if content else "FILE_EMPTY"):
        read(content)


def test_an_interchange_whose_header_is_broken_is_condemned_alone(read: Any) -> None:
    broken = interchange(control="000000002")
    broken[0] = "ISA*00*what was here is lost"
    text = text_of(interchange()) + text_of(broken) + text_of(interchange(control="000000003"))
    source = read(text)
    assert rows_of(source) == plain(order()) * 3
    (frame,) = source.batches(100)
    condemned = frame.filter(pl.col("e01") == "EDI_HEADER")
    assert condemned["_message"].to_list() == [2]


def test_what_may_have_been_an_interchange_is_told_where_it_is_left_out(read: Any) -> None:
    text = text_of(interchange())
    lost = "ISA|00|cut off here"
    source = read(lost + "\n" + text + "\n" + lost + "\n")
    assert rows_of(source) == plain(order())
    told = [one for one in source.findings if one.code == "EDI_HEADER"]
    assert [one.location.byte for one in told] == [0, len(lost) + len(text) + 2]
    assert {one.effective_severity for one in told} == {"error"}


# Envelopes


def damaged(change: Any) -> str:
    """Two groups of two orders, changed."""
    segments = [
        isa(),
        "GS*PO*S*R*20240105*1200*7*X*004010",
        *order("0001"),
        *order("0002"),
        "GE*2*7",
        "GS*PO*S*R*20240105*1200*8*X*004010",
        *order("0003"),
        "GE*1*8",
        "IEA*2*000000001",
    ]
    return text_of(change(segments))


def swapped(old: str, new: str | None) -> Any:
    """A change that puts one segment in place of another, or takes it away."""

    def change(segments: list[str]) -> list[str]:
        assert old in segments
        return [new if one == old else one for one in segments if one != old or new is not None]

    return change


_MESSAGE, _GROUP, _INTERCHANGE = (
    "interchange 1, group 1, message 2, segment 5 (SE)",
    "interchange 1, group 1, segment GE",
    "interchange 1, segment IEA",
)
_LAST = "IEA*2*000000001"


@pytest.mark.parametrize(
    ("old", "new", "found", "messages"),
    [
        ("SE*5*0002", "SE*6*0002", [("EDI_COUNT", f"{_MESSAGE}, element 1")], 1),
        ("SE*5*0002", "SE*5*0009", [("EDI_CONTROL_REF", f"{_MESSAGE}, element 2")], 1),
        ("SE*5*0002", None, [("EDI_TRUNCATED", _MESSAGE)], 1),
        (
            "SE*5*0002",
            "SE",
            [
                ("EDI_COUNT", f"{_MESSAGE}, element 1"),
                ("EDI_CONTROL_REF", f"{_MESSAGE}, element 2"),
            ],
            1,
        ),
        ("GE*2*7", "GE*3*7", [("EDI_COUNT", f"{_GROUP}, element 1")], 2),
        ("GE*2*7", "GE*2*9", [("EDI_CONTROL_REF", f"{_GROUP}, element 2")], 2),
        ("GE*2*7", None, [("EDI_TRUNCATED", _GROUP)], 2),
        (_LAST, "IEA*1*000000001", [("EDI_COUNT", f"{_INTERCHANGE}, element 1")], 3),
        (_LAST, "IEA*2*000000002", [("EDI_CONTROL_REF", f"{_INTERCHANGE}, element 2")], 3),
        (_LAST, None, [("EDI_TRUNCATED", _INTERCHANGE)], 3),
    ],
)
def test_a_wrong_trailer_condemns_what_it_closes(
    read: Any, old: str, new: str | None, found: list[tuple[str, str]], messages: int
) -> None:
    source = read(damaged(swapped(old, new)))
    assert [(one.code, one.pointer) for one in source.envelopes.faults] == found
    told = [(code, said.split(": ")[0]) for code, said in faults_of(source)]
    assert sorted(told) == sorted(found * messages)


@pytest.mark.parametrize(
    "change",
    [
        swapped("SE*5*0002", "SE*0000000005*0002"),
        swapped("GE*2*7", "GE*02*07"),
        swapped("IEA*2*000000001", "IEA*2 *1"),
    ],
)
def test_zero_padding_is_no_fault(read: Any, change: Any) -> None:
    assert not read(damaged(change)).envelopes.faults


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("GS*PO*S*R*20240105*1200*8*X*004010", None, "EDI_ENVELOPE"),
        ("ST*850*0002", None, "EDI_ENVELOPE"),
        ("ST*850*0002", "S?*850*0002", "EDI_ENVELOPE"),
        ("GE*1*8", "GE*1*8~\nREF*ZZ*stray", "EDI_ENVELOPE"),
        ("GE*1*8", "GE*1*8~\nGE*1*8", "EDI_ENVELOPE"),
        ("IEA*2*000000001", "IEA*2*000000001~\nGE*1*8", "EDI_ENVELOPE"),
        ("SE*5*0002", "SE*5*0002~\nREF*ZZ*stray", "EDI_ENVELOPE"),
    ],
)
def test_envelopes_that_do_not_nest_are_told(
    read: Any, old: str, new: str | None, code: str
) -> None:
    source = read(damaged(swapped(old, new)))
    assert code in [fault.code for fault in source.envelopes.faults]
    assert faults_of(source)


def test_a_segment_without_a_tag_condemns_its_message(read: Any) -> None:
    body = [*_BODY, "this text held a delimiter*1"]
    source = read(text_of(interchange(order(), order("0002", body))))
    (fault,) = source.envelopes.faults
    assert (fault.code, fault.message, fault.segment) == ("EDI_SEGMENT", 2, 5)
    assert fault.value == body[-1]
    assert fault.line == 12
    assert codes_of(source) == ["EDI_SEGMENT"]


def test_faults_say_where_they_stand(read: Any) -> None:
    text = damaged(swapped("SE*5*0002", "SE*6*0002"))
    (fault,) = read(text).envelopes.faults
    assert fault.byte == text.index("SE*6*0002")
    assert fault.line == 1 + text.count("\n", 0, fault.byte)
    assert fault.value == "6"


def test_control_numbers_used_twice_are_a_warning(read: Any) -> None:
    one = text_of(interchange(order("0001"), order("0001")))
    source = read(one + one)
    assert all(fault.noted for fault in source.envelopes.faults)
    told = {(f.code, f.effective_severity) for f in source.findings}
    assert told == {("EDI_CONTROL_REF", "warning"), ("EDI_INTERCHANGE_SEEN", "warning")}
    assert not codes_of(source)


def test_ta1_is_no_group_and_no_stray(read: Any) -> None:
    segments = interchange()
    segments.insert(1, "TA1*000000009*240105*1200*A*000")
    assert not read(text_of(segments)).envelopes.faults


def test_other_documents_are_skipped_and_told(read: Any) -> None:
    source = read(
        text_of(
            interchange(
                order("1", kind="810"), order("2"), order("3", kind="997"), order("4", kind="810")
            )
        )
    )
    assert rows_of(source) == plain(order("2"))
    (told,) = source.findings
    assert (told.code, told.detail) == ("EDI_DOCUMENT_IGNORED", "2 \u00d7 810, 1 \u00d7 997")


@pytest.mark.parametrize(
    ("kind", "means"),
    [
        ("850", "order"),
        ("875", "order"),
        ("940", "order"),
        ("860", "change"),
        ("876", "change"),
        ("832", "other"),
    ],
)
def test_sets_are_orders_changes_or_others(read: Any, kind: str, means: str) -> None:
    messages = read(text_of(interchange(order(kind=kind)))).envelopes.messages
    assert messages.row(0, named=True)["kind"] == means


def test_messages_say_what_and_where_they_are(read: Any) -> None:
    text = damaged(lambda segments: segments)
    messages = read(text).envelopes.messages
    assert messages["group"].to_list() == [1, 1, 2]
    assert messages["place"].to_list() == [1, 2, 1]
    assert messages["control"].to_list() == ["0001", "0002", "0003"]
    assert messages["version"].unique().to_list() == ["004010"]
    assert messages["segments"].to_list() == [5, 5, 5]
    assert messages["line"].to_list() == [3, 8, 15]
    for begin, end in messages.select("byte_from", "byte_to").iter_rows():
        assert text[begin:end].startswith("ST*850*")
        assert text[begin:end].endswith("~")


# Properties

_CONTROLS = "".join(chr(code) for code in range(1, 28) if chr(code) not in "\t\r\n\x1a")
_DELIMITERS = st.lists(
    st.sampled_from("*|^~!:>'+=;%&@#" + _CONTROLS), min_size=4, max_size=4, unique=True
)
_LINE_ENDS = st.sampled_from(["", "\n", "\r\n", " \n", "\n\n", "\n\t  "])
_TEXT = st.text(
    st.characters(min_codepoint=32, max_codepoint=0x2FFF, exclude_categories=("Cs", "Zs", "Cc")),
    max_size=12,
)
_TAG = st.from_regex(r"[A-Z][A-Z0-9]{1,2}", fullmatch=True).filter(
    lambda tag: tag not in {"ISA", "GS", "ST", "SE", "GE", "IEA", "TA1"}
)
_SEGMENT = st.tuples(_TAG, st.lists(_TEXT, min_size=1, max_size=9))
_SETTINGS = settings(
    max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def _written(segments: list[list[str]], delimiters: list[str], after: str) -> str:
    separator, end = delimiters[0], delimiters[1]
    return "".join(separator.join(cells) + end + after for cells in segments)


@st.composite
def drops(draw: st.DrawFn) -> tuple[str, list[list[str | None]]]:
    """Text of some interchanges, and the segments of its orders."""
    text, wanted = "", []
    for number in range(1, draw(st.integers(1, 3)) + 1):
        delimiters = draw(_DELIMITERS)
        bodies = draw(st.lists(st.lists(_SEGMENT, max_size=5), min_size=1, max_size=3))
        taken = str.maketrans("", "", "".join(delimiters))
        sets: list[list[str]] = []
        for place, body in enumerate(bodies, 1):
            inner = [[tag, *(cell.translate(taken) for cell in cells)] for tag, cells in body]
            sets += [["ST", "850", str(place)], *inner, ["SE", str(len(inner) + 2), str(place)]]
        head = isa(f"{number:09}", version="00501").split("*")
        head[11], head[16] = delimiters[3], delimiters[2]
        group = ["GS", "PO", "S", "R", "20240105", "1200", "1", "X", "005010"]
        trailers = [["GE", str(len(bodies)), "1"], ["IEA", "1", f"{number:09}"]]
        after = draw(_LINE_ENDS)
        text += _written([head, group, *sets, *trailers], delimiters, after)
        text += draw(st.sampled_from(["", "\n", "\r\n", "\n junk \n"]))
        for cells_ in sets:
            row: list[str | None] = [cell or None for cell in cells_]
            while row[-1] is None:
                row.pop()
            wanted.append(row)
    return text, wanted


@_SETTINGS
@given(drop=drops())
def test_what_is_written_with_any_delimiters_is_read_back(
    read: Any, drop: tuple[str, list[list[str | None]]]
) -> None:
    text, wanted = drop
    source = read(text)
    assert rows_of(source) == wanted
    assert not source.tokens.envelopes.faults


@_SETTINGS
@given(drop=drops(), rows=st.integers(1, 10))
def test_batches_of_any_size_hold_the_same(
    read: Any, drop: tuple[str, list[list[str | None]]], rows: int
) -> None:
    source = read(drop[0])
    assert rows_of(source, rows) == drop[1]


@_SETTINGS
@given(
    count=st.integers(3, 12), width=st.integers(30, 120), end=st.sampled_from(["\n", "\r\n"]),
    names=st.lists(st.text("ABC xyz0", min_size=1, max_size=40), min_size=1, max_size=4),
)  # fmt: skip
def test_a_wrap_at_any_width_is_undone(
    read: Any, count: int, width: int, end: str, names: list[str]
) -> None:
    body = [*_BODY, *(f"N1*ST*{name.strip() or 'x'}*92*1" for name in names)]
    segments = interchange(*(order(f"{n:04}", body) for n in range(1, count + 1)))
    flat = text_of(segments, "~")
    wrapped = end.join(flat[at : at + width] for at in range(0, len(flat), width)) + end
    source = read(wrapped)
    assert rows_of(source) == plain(segments[2:-2])
    assert not source.envelopes.faults


@settings(max_examples=200, deadline=None)
@given(
    cells_=st.lists(st.lists(st.text("ab\r\n é0", max_size=3), min_size=1, max_size=5), max_size=5),
    width=st.integers(5, 9),
)
def test_little_text_is_cut_as_much_text_is(cells_: list[list[str]], width: int) -> None:
    text = "".join("*".join(row) + "~" for row in cells_).encode()
    much = text + b"~" * (1 << 15)
    syntax = Syntax(ord("*"), ord("~"), None, None)
    few = cells(text, syntax, width) if text else None
    assert few is None or few.equals(cells(much, syntax, width).head(len(cells_)))


@_SETTINGS
@given(content=st.binary(max_size=300))
def test_bytes_of_any_kind_are_read_or_refused(read: Any, content: bytes) -> None:
    for whole in (content, isa().encode() + content, text_of(interchange()).encode() + content):
        try:
            source = read(whole)
        except DropRejectedError:
            continue
        list(source.batches(10))
        assert source.findings is not None


@_SETTINGS
@given(
    place=st.integers(0, 10_000),
    damage=st.sampled_from(["cut", "flip", "drop"]),
    byte=st.integers(32, 126),
)
def test_damage_is_never_passed_and_never_loses_another_message(
    read: Any, place: int, damage: str, byte: int
) -> None:
    segments = interchange(*(order(f"{n:04}") for n in range(1, 4)))
    whole = text_of(segments)
    if damage == "drop":
        kept = [one for n, one in enumerate(segments) if n != 1 + place % (len(segments) - 1)]
        text = text_of(kept)
    elif damage == "cut":
        text = whole[: 110 + place % (len(whole) - 115)]
    else:
        at = 107 + place % (len(whole) - 107)
        text = whole[:at] + chr(byte) + whole[at + 1 :]
        assume(text != whole)
    source = read(text)
    wanted = [plain(order(f"{n:04}")) for n in range(1, 4)]
    accepted = _accepted(source)
    if damage == "cut":
        assert not accepted
    elif damage == "drop":
        assert all(one in wanted for one in accepted)
    else:
        # A changed character may be another text or another tag; the segments are as many.
        assert all(len(one) == len(wanted[0]) for one in accepted)
    read_all = _messages(source)
    touched = 1 if damage == "flip" else 3
    assert damage == "cut" or sum(one in read_all for one in wanted) >= 3 - touched


def _messages(source: SegmentSource) -> list[list[list[str | None]]]:
    """The segments of all messages, faults or not."""
    rows: dict[int, list[list[str | None]]] = {}
    for frame in source.batches(1000):
        own = frame.filter(pl.col("_segment") > 0)
        names = ["tag", *(name for name in own.columns if name[1:].isdigit())]
        for number, *row in own.select("_message", *names).iter_rows():
            while row and row[-1] is None:
                row.pop()
            rows.setdefault(number, []).append(row)
    return list(rows.values())


def _accepted(source: SegmentSource) -> list[list[list[str | None]]]:
    """The segments of messages without a fault."""
    frames = list(source.batches(1000))
    condemned: set[int] = set()
    for frame in frames:
        condemned |= set(frame.filter(pl.col("tag") == FAULT_TAG)["_message"].to_list())
    numbers = list(dict.fromkeys(n for frame in frames for n in frame["_message"].to_list()))
    pairs = zip(numbers, _messages(source), strict=True)
    return [message for number, message in pairs if number not in condemned]
