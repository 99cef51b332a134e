"""EDIFACT as it comes: every delimiter, wrap, damage and encoding, read back as it was meant."""

from __future__ import annotations

import itertools
import json
import tempfile
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oms_import.model.edi import COMPONENT, FAULT_TAG, MESSAGES, REPETITION, SEGMENTS, element
from oms_import.model.errors import DropRejectedError
from oms_import.model.values import Limits
from oms_import.profiles.model import FormatSpec
from oms_import.readers.edi.edifact import open_edifact
from oms_import.readers.edi.source import SegmentSource
from oms_import.readers.spec import ReadSpec

SAMPLES = Path(__file__).parents[2] / "../shared/samples/edi"
UNB = "UNB+UNOC:3+SENDER:14+RECEIVER:ZZ+240131:1200+REF1'"


_FOLDER = tempfile.TemporaryDirectory()
_NUMBERS = itertools.count()


def opened(data: bytes, **format_spec: object) -> SegmentSource:
    path = Path(_FOLDER.name) / f"{next(_NUMBERS)}.edi"
    path.write_bytes(data)
    spec = ReadSpec(format=FormatSpec(**format_spec))
    return open_edifact(path, spec, path.parent, Limits())


def message(number: int, *segments: str, kind: str = "ORDERS") -> str:
    body = segments or ("BGM+220+PO1+9",)
    whole = (f"UNH+{number}+{kind}:D:96A:UN:EAN008", *body, f"UNT+{len(body) + 2}+{number}")
    return "".join(f"{segment}'" for segment in whole)


def interchange(*messages: str, unb: str = UNB) -> str:
    return f"{unb}{''.join(messages)}UNZ+{len(messages)}+REF1'"


def all_rows(source: SegmentSource, rows: int = 1000) -> pl.DataFrame:
    frames = list(source.batches(rows))
    return pl.concat(frames, how="diagonal") if frames else pl.DataFrame(schema=SEGMENTS)


def own_rows(source: SegmentSource) -> pl.DataFrame:
    return all_rows(source).filter(pl.col("_segment") > 0)


def cells(source: SegmentSource, tag: str) -> list[list[str | None]]:
    """The elements of the segments of this tag, trailing empty ones left out."""
    rows = own_rows(source).filter(tag=tag)
    names = [name for name in rows.columns if name[0] == "e" and name[1:].isdigit()]
    found = [list(row) for row in rows.select(names).iter_rows()]
    for row in found:
        while row and row[-1] is None:
            row.pop()
    return found


def codes(source: SegmentSource) -> list[str]:
    """Of the survey: what is wrong within messages is told by tests of its own."""
    return [fault.code for fault in source.tokens.envelopes.faults]


# ---- what is read


def test_an_interchange_says_who_sent_what_to_whom() -> None:
    header = "UNB+UNOC:3+A:14+B:ZZ+240131:1200+REF1++ORDERS++1++1'"
    source = opened(interchange(message(1), unb=header).encode())
    one = source.envelopes.interchanges[0]
    assert (one.sender, one.sender_qualifier) == ("A", "14")
    assert (one.receiver, one.receiver_qualifier) == ("B", "ZZ")
    assert (one.control, one.prepared, one.version) == ("REF1", "240131 1200", "UNOC:3")
    assert one.test
    assert one.ack_requested
    assert one.header == header
    assert source.dialect.format == "edifact"
    assert codes(source) == []


def test_messages_are_placed_typed_and_counted() -> None:
    first, second = message(1), message(2, "BGM+230+C1", kind="ORDCHG")
    third = message(3, "BGM+380+I1", kind="INVOIC")
    source = opened(interchange(first, second, third).encode())
    frame = source.envelopes.messages
    assert frame.schema == MESSAGES
    assert frame.get_column("kind").to_list() == ["order", "change", "other"]
    assert frame.get_column("type").to_list() == ["ORDERS", "ORDCHG", "INVOIC"]
    assert frame.get_column("version").to_list() == ["D:96A:UN:EAN008"] * 3
    assert frame.get_column("place").to_list() == [1, 2, 3]
    assert frame.get_column("segments").to_list() == [3, 3, 3]
    assert own_rows(source).get_column("_message").unique().sort().to_list() == [1, 2]
    ignored = [finding for finding in source.findings if finding.code == "EDI_DOCUMENT_IGNORED"]
    assert [finding.detail for finding in ignored] == ["1 \u00d7 INVOIC"]


def test_rows_are_led_by_unb_and_ung_and_numbered_from_the_message_header() -> None:
    group = f"UNG+ORDERS+GS:14+GR:14+240131:1200+G1+UN+D:96A'{message(1)}UNE+1+G1'"
    source = opened(f"{UNB}{group}UNZ+1+REF1'".encode())
    assert codes(source) == []
    rows = all_rows(source)
    assert rows.get_column("tag").to_list() == ["UNB", "UNG", "UNH", "BGM", "UNT"]
    assert rows.get_column("_segment").to_list() == [0, 0, 1, 2, 3]
    found = source.envelopes.groups[0]
    assert (found.functional_id, found.sender, found.control) == ("ORDERS", "GS", "G1")
    assert found.version == "D:96A"


def test_components_repetitions_and_released_characters() -> None:
    unb = "UNB+UNOC:4+SENDER:14+RECEIVER:ZZ+20240131:1200+REF1'"
    text = "FTX+a?+b:c?:d:e??*x?*y?'+?z'"
    source = opened(interchange(message(1, text[:-1]), unb=unb).encode())
    joined = COMPONENT.join(["a+b", "c:d", "e?"]) + REPETITION + "x*y'"
    assert cells(source, "FTX") == [[joined, "z"]]
    assert codes(source) == []


def test_a_star_is_text_before_syntax_4() -> None:
    source = opened(f"UNA:+.?*'{interchange(message(1, 'FTX+a*b'))}".encode())
    assert cells(source, "FTX") == [["a*b"]]


def test_a_doubled_release_character_does_not_release_what_follows() -> None:
    source = opened(interchange(message(1, "FTX+why??", "FTX+x???'y", "BGM+1")).encode())
    assert cells(source, "FTX") == [["why?"], ["x?'y"]]
    assert cells(source, "BGM") == [["1"]]


def test_una_sets_the_delimiters_of_its_interchange_alone() -> None:
    odd = interchange(message(1, "BGM+220+PO?+1")).replace("?+", "\\|")
    odd = "UNA;|,\\ ~" + odd.replace("+", "|").replace(":", ";").replace("'", "~")
    plain = interchange(message(1, "BGM+220+PO|2"))
    source = opened((odd + "\r\n" + plain).encode())
    assert cells(source, "BGM") == [["220", "PO|1"], ["220", "PO|2"]]
    first, second = source.envelopes.interchanges
    assert (first.delimiters.terminator, first.delimiters.decimal) == ("~", ",")
    assert (second.delimiters.terminator, second.delimiters.decimal) == ("'", ".")
    assert codes(source) == []


def test_control_characters_may_be_delimiters() -> None:
    text = interchange(message(1, "BGM+220+P")).replace("UNOC", "UNOB")
    text = text.replace("+", "\x1d").replace(":", "\x1f").replace("'", "\x1c")
    source = opened(text.encode())
    assert cells(source, "BGM") == [["220", "P"]]
    assert source.envelopes.interchanges[0].control == "REF1"
    assert codes(source) == []


def test_segments_ended_by_lines_alone_are_read() -> None:
    text = interchange(message(1, "BGM+220+P")).replace("'", "\r\n")
    source = opened(text.encode())
    assert cells(source, "BGM") == [["220", "P"]]
    assert codes(source) == []
    assert any(finding.code == "EDI_REPAIRED" for finding in source.findings)


@pytest.mark.parametrize("between", ["", "\n", "\r\n", "\r", "\r\n  \t", " ", "\n\n"])
def test_what_stands_between_segments_does_not_matter(between: str) -> None:
    text = interchange(message(1, "BGM+220+P"), message(2, "BGM+220+Q"))
    source = opened(text.replace("'", "'" + between).encode())
    assert cells(source, "BGM") == [["220", "P"], ["220", "Q"]]
    assert codes(source) == []


@pytest.mark.parametrize("width", [7, 35, 40, 80])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_lines_wrapped_inside_segments_are_joined(width: int, end: str) -> None:
    whole = interchange(message(1, "FTX+it?'s here", "FTX+wh??"), message(2))
    wrapped = end.join(whole[at : at + width] for at in range(0, len(whole), width))
    source = opened((wrapped + end + wrapped).encode())
    assert cells(source, "FTX") == [["it's here"], ["wh?"]] * 2
    assert codes(source) == []
    repaired = [finding.detail for finding in source.findings if finding.code == "EDI_REPAIRED"]
    assert repaired == ["lines end inside segments"]
    data = (wrapped + end + wrapped).encode()
    for line, begin, tag in own_rows(source).select("_line", "_byte_from", "tag").iter_rows():
        assert data[begin:].translate(None, b"\r\n").startswith(tag.encode())
        assert line == data[:begin].count(b"\n") + 1


def test_junk_before_between_and_after_is_left_out_and_told() -> None:
    text = f"From: EDI\r\n\r\n{interchange(message(1))}\r\n---\r\n{interchange(message(1))}\r\n\x1a"
    source = opened(b"\xef\xbb\xbf" + text.encode())
    assert source.envelopes.messages.height == 2
    assert codes(source) == []
    assert any(finding.code == "EDI_REPAIRED" for finding in source.findings)


def test_a_byte_order_mark_is_no_oddity() -> None:
    source = opened(b"\xef\xbb\xbf" + interchange(message(1)).encode())
    assert source.findings == []


def test_nesting_told_in_tags_is_left_out() -> None:
    source = opened(interchange(message(1, "BGM:1:1+220+P")).encode())
    assert cells(source, "BGM") == [["220", "P"]]
    assert codes(source) == []


# ---- encodings


@pytest.mark.parametrize(
    ("level", "encoding", "text"),
    [
        ("UNOC", "latin-1", "Käse für Jürgen"),
        ("UNOD", "iso8859-2", "Łódź żółw"),
        ("UNOE", "iso8859-5", "Товары для дома"),
        ("UNOF", "iso8859-7", "Καλημέρα"),
        ("UNOK", "iso8859-9", "Işik"),
        ("UNOW", "utf-8", "日本 Łódź"),
        ("UNOA", "utf-8", "Käse"),
        ("UNOC", "utf-8", "Käse"),
        ("UNOE", "utf-8", "Товары"),
        ("UNOC", "cp1252", "5 € Käse"),
        ("UNOA", "cp1252", "Käse"),
    ],
)
def test_text_is_read_in_the_encoding_it_is_in(level: str, encoding: str, text: str) -> None:
    whole = interchange(message(1, f"FTX+{text}")).replace("UNOC", level)
    source = opened(whole.encode(encoding))
    assert cells(source, "FTX") == [[text]]


def test_utf8_where_unb_says_latin_is_told() -> None:
    source = opened(interchange(message(1, "FTX+Käse")).encode())
    details = [finding.detail for finding in source.findings]
    assert details == ["the text is UTF-8, not iso8859-1 as UNOC says"]
    assert source.dialect.encoding == "utf-8"


def test_the_profile_may_name_the_encoding() -> None:
    data = interchange(message(1, "FTX+Łódź")).encode("cp1250")
    source = opened(data, encoding="cp1250")
    assert cells(source, "FTX") == [["Łódź"]]
    with pytest.raises(DropRejectedError) as rejected:
        opened(data, encoding="utf-8")
    assert [finding.code for finding in rejected.value.findings] == ["ENC_INVALID"]


def test_utf16_is_read() -> None:
    data = interchange(message(1, "FTX+Łódź")).encode("utf-16")
    source = opened(data)
    assert cells(source, "FTX") == [["Łódź"]]


# ---- what is wrong


def test_a_wrong_count_condemns_the_message_alone() -> None:
    bad = message(2).replace("UNT+3", "UNT+4")
    source = opened(interchange(message(1), bad, message(3)).encode())
    fault = source.envelopes.faults[0]
    assert (fault.code, fault.message, fault.segment, fault.tag) == ("EDI_COUNT", 2, 3, "UNT")
    assert (fault.element, fault.value) == (1, "4")
    condemned = all_rows(source).filter(tag=FAULT_TAG).get_column("_message").to_list()
    assert condemned == [2]


def test_a_trailer_of_another_reference_is_told() -> None:
    source = opened(interchange(message(1).replace("UNT+3+1", "UNT+3+9")).encode())
    assert codes(source) == ["EDI_CONTROL_REF"]
    source = opened(interchange(message(1)).replace("UNZ+1+REF1", "UNZ+1+REF2").encode())
    fault = source.envelopes.faults[0]
    assert (fault.code, fault.message, fault.tag, fault.element) == (
        "EDI_CONTROL_REF", None, "UNZ", 2,
    )  # fmt: skip


def test_a_missing_trailer_condemns_the_interchange() -> None:
    text = interchange(message(1), message(2))
    source = opened(text[: text.index("UNZ")].encode())
    assert codes(source) == ["EDI_TRUNCATED"]
    assert all_rows(source).filter(tag=FAULT_TAG).height == 2


def test_a_missing_message_trailer_condemns_the_message() -> None:
    text = interchange(message(1).replace("UNT+3+1'", ""), message(2))
    source = opened(text.encode())
    fault = source.envelopes.faults[0]
    assert (fault.code, fault.message, fault.tag) == ("EDI_TRUNCATED", 1, "UNT")
    assert len(source.envelopes.faults) == 1


def test_an_interchange_that_breaks_off_does_not_take_the_next_one_with_it() -> None:
    broken = UNB + message(1) + "UNH+2+ORDERS:D:96A:UN'BGM+220+P"
    whole = interchange(message(1)).replace("REF1", "REF2")
    source = opened(f"{broken}\r\n'UNA:+.? '\r\n{whole}".encode())
    by = [(fault.code, fault.interchange) for fault in source.envelopes.faults]
    assert by == [("EDI_TRUNCATED", 1), ("EDI_TRUNCATED", 1)]
    assert source.envelopes.messages.get_column("interchange").to_list() == [1, 1, 2]


def test_groups_are_counted_and_their_trailers_checked() -> None:
    group = f"UNG+ORDERS+A+B+240131:1200+G1+UN+D:96A'{message(1)}UNE+2+G9'"
    source = opened(f"{UNB}{group}UNZ+2+REF1'".encode())
    found = [(fault.code, fault.group, fault.tag) for fault in source.envelopes.faults]
    assert found == [
        ("EDI_COUNT", 1, "UNE"), ("EDI_CONTROL_REF", 1, "UNE"), ("EDI_COUNT", None, "UNZ"),
    ]  # fmt: skip
    open_group = f"UNG+ORDERS+A+B+240131:1200+G1+UN+D:96A'{message(1)}"
    source = opened(f"{UNB}{open_group}UNZ+1+REF1'".encode())
    assert codes(source) == ["EDI_TRUNCATED"]
    source = opened(f"{UNB}{message(1)}UNE+1+G1'UNZ+1+REF1'".encode())
    assert codes(source) == ["EDI_ENVELOPE"]


def test_segments_outside_of_messages_are_told() -> None:
    source = opened(interchange(message(1) + "BGM+1'").encode())
    assert codes(source) == ["EDI_ENVELOPE"]
    assert own_rows(source).height == 3
    after = opened((interchange(message(1)) + message(2)).encode())
    assert codes(after) == ["EDI_ENVELOPE"]


def test_text_with_an_unreleased_terminator_condemns_its_message() -> None:
    bad = message(2, "FTX+it's mine").replace("UNT+3", "UNT+4")
    source = opened(interchange(message(1), bad).encode())
    fault = source.envelopes.faults[0]
    assert (fault.code, fault.message, fault.segment) == ("EDI_SEGMENT", 2, 3)
    assert len(source.envelopes.faults) == 1


def test_a_header_without_sender_or_reference_is_told() -> None:
    source = opened(interchange(message(1), unb="UNB+UNOC:3++B+240131:1200+REF1'").encode())
    assert [(f.code, f.element) for f in source.envelopes.faults] == [("EDI_HEADER", 2)]


def test_lenient_reading_takes_the_orders_and_warns() -> None:
    text = interchange(message(1).replace("UNT+3", "UNT+7")).encode()
    source = opened(text, strict=False)
    assert all_rows(source).filter(tag=FAULT_TAG).is_empty()
    assert [str(finding.effective_severity) for finding in source.findings] == ["warning"]


def test_a_last_segment_without_terminator_is_taken() -> None:
    source = opened(interchange(message(1))[:-1].encode())
    assert codes(source) == []
    assert [finding.code for finding in source.findings] == ["EDI_REPAIRED"]


@pytest.mark.parametrize("data", [b"", b"hello", b"UNA:+.? '", b"UNBUNB", b"\x00" * 50])
def test_what_is_no_edifact_is_refused(data: bytes) -> None:
    with pytest.raises(DropRejectedError) as rejected:
        opened(data)
    assert rejected.value.findings[0].code in {"EDI_HEADER", "FILE_EMPTY"}


def test_many_messages_cross_blocks_and_batches() -> None:
    body = [f"FTX+{'x' * 900}+{n}" for n in range(20)]
    text = interchange(*(message(n, *body) for n in range(1, 601)))
    source = opened(text.replace("'", "'\r\n").encode())
    assert codes(source) == []
    batches = list(source.batches(1000))
    assert len(batches) > 5
    counts = pl.concat(batches, how="diagonal").filter(pl.col("_segment") > 0)
    assert counts.height == 600 * 22
    assert counts.get_column("_message").n_unique() == 600
    assert counts.get_column("_line").to_list() == list(range(2, 2 + 600 * 22))


def test_headers_may_say_more_and_segments_have_too_many_elements() -> None:
    longer = [message(n).replace(":EAN008", ":EAN008+ACCESS+1:F") for n in range(1, 301)]
    source = opened(interchange(*longer).encode())
    assert codes(source) == []
    assert source.envelopes.messages.get_column("version").unique().to_list() == ["D:96A:UN:EAN008"]
    endless = "FTX" + "+x" * 400
    source = opened(interchange(message(1), message(2, endless)).encode())
    assert [(fault.code, fault.message) for fault in source.envelopes.faults] == [
        ("EDI_SEGMENT", 2)
    ]
    assert own_rows(source).height == 6


@pytest.mark.parametrize("count", [3, 300])
def test_few_and_many_messages_have_the_same_faults(count: int) -> None:
    good = [message(n) for n in range(4, count + 1)]
    bad = [
        message(1).replace("UNT+3", "UNT+03"),
        message(2).replace("UNT+3+2", "UNT+4+9"),
        message(3).replace("ORDERS", "ORD"),
    ]
    source = opened(interchange(*bad, *good).encode())
    found = [(fault.code, fault.message) for fault in source.envelopes.faults]
    assert found == [("EDI_COUNT", 2), ("EDI_CONTROL_REF", 2), ("EDI_SEGMENT", 3)]


# ---- real files


def expected() -> list[dict[str, object]]:
    key = SAMPLES / "expected.jsonl"
    if not key.exists():
        return []
    entries = [json.loads(line) for line in key.read_text(encoding="utf-8").splitlines()]
    return [one for one in entries if one["file"].startswith("edifact")]


@pytest.mark.parametrize("entry", expected(), ids=lambda entry: Path(entry["file"]).name)
def test_real_files_agree_with_their_key(entry: dict[str, object]) -> None:
    data = (SAMPLES / str(entry["file"])).read_bytes()
    source = opened(data)
    found = [
        {"sender": one.sender, "receiver": one.receiver, "control": one.control, "test": one.test}
        for one in source.envelopes.interchanges
    ]
    assert found == entry["interchanges"]
    assert bool(source.envelopes.faults) == (entry["expect"] == "envelope_error")
    rows = own_rows(source)
    orders: list[dict[str, object]] = entry["orders"]
    references = source.envelopes.messages.get_column("control").to_list()
    assert references == [order["msg_ref"] for order in orders]
    lines = rows.filter(tag="LIN").group_by("_message", maintain_order=True).len()
    assert lines.get_column("len").to_list() == [order["lines"] for order in orders]
    for begin, end, line, tag in rows.select(
        "_byte_from", "_byte_to", "_line", "tag"
    ).iter_rows():  # fmt: skip
        assert data[begin:end].startswith(tag.encode())
        assert data[:begin].count(b"\n") + 1 == line
    lenient = opened(data, strict=False, test="release")
    assert all_rows(lenient).filter(tag=FAULT_TAG).is_empty()


# ---- properties

MARKS = st.permutations(list("+:'?*~|^;!\\=\x1c\x1d\x1e\x1f\x15\x01")).map(lambda marks: marks[:5])
TEXT = st.text(
    st.characters(codec="utf-8", exclude_categories=("Cc", "Cs")), max_size=12
) | st.text("+:'?*~|^ab ", max_size=8)
ELEMENT = st.lists(TEXT, min_size=1, max_size=3)
SEGMENT = st.lists(ELEMENT, min_size=1, max_size=5)
FILE = st.lists(st.lists(SEGMENT, min_size=1, max_size=4), min_size=1, max_size=4)


def released(text: str, marks: str) -> str:
    return "".join(marks[3] + one if one in marks else one for one in text)


@settings(max_examples=80, deadline=None)
@given(
    file=FILE,
    marks=MARKS,
    width=st.none() | st.integers(12, 90),
    between=st.sampled_from(["", "\n", "\r\n", "\r\n    ", " "]),
)
def test_what_is_written_is_read_back(
    file: list[list[list[list[str]]]], marks: list[str], width: int | None, between: str
) -> None:
    parts, component_marks = "".join(marks), marks
    plus, colon, end, release, star = component_marks
    del star

    def written(tag: str, cells: list[list[str]]) -> str:
        inner = [colon.join(released(one, parts) for one in cell) for cell in cells]
        return plus.join([tag, *inner]) + end

    def one(number: int, segments: list[list[list[str]]]) -> str:
        head = written("UNH", [[str(number)], ["ORDERS", "D", "96A", "UN"]])
        body = "".join(written("FTX", cells) for cells in segments)
        return head + body + written("UNT", [[str(len(segments) + 2)], [str(number)]])

    header = written("UNB", [["UNOW", "4"], ["A"], ["B"], ["240131", "1200"], ["R"]])
    body = "".join(one(number, segments) for number, segments in enumerate(file, 1))
    text = header + body + written("UNZ", [[str(len(file))], ["R"]])
    data = text.encode()
    if width is None and end not in between:
        data = text.replace(end, end + between).encode() if _splits(text, end, release) else data
    elif width is not None:
        pieces = [text[at : at + width] for at in range(0, len(text), width)]
        data = "\r\n".join(pieces).encode()
    advice = f"UNA{colon}{plus}.{release}{marks[4]}{end}"
    source = opened(advice.encode() + data)
    assert codes(source) == []
    found = [row[:] for row in cells(source, "FTX")]
    meant = [_joined(cells_) for segments in file for cells_ in segments]
    assert found == meant


def _splits(text: str, end: str, release: str) -> bool:
    """Whether every terminator ends a segment, so that anything may stand behind it."""
    return release + end not in text


def _joined(cells_: list[list[str]]) -> list[str | None]:
    row = [COMPONENT.join(cell) or None for cell in cells_]
    while row and row[-1] is None:
        row.pop()
    return row


@settings(max_examples=80, deadline=None)
@given(st.binary(max_size=200), st.binary(max_size=60), st.integers(0, 200))
def test_arbitrary_bytes_are_read_or_refused(junk: bytes, more: bytes, cut: int) -> None:
    whole = interchange(message(1), message(2)).encode()
    for data in (junk, UNB.encode() + junk, whole[:cut] + more + whole[cut:], b"UNB" + more):
        try:
            source = opened(data)
        except DropRejectedError:
            continue
        frame = all_rows(source)
        assert frame.height >= source.envelopes.messages.filter(kind="order").height
        counted = frame.filter(pl.col("_segment") > 0).group_by("_message").len()
        stated = source.envelopes.messages.filter(pl.col("kind") != "other")
        joined = stated.join(counted, left_on="message", right_on="_message", how="left")
        assert (joined.get_column("segments") == joined.get_column("len")).all()


@settings(max_examples=50, deadline=None)
@given(st.data())
def test_damage_is_never_taken_for_a_whole_message(data: st.DataObject) -> None:
    segments = [f"LIN+{n}++400{n}:EN" for n in range(5)]
    messages = [message(n, "BGM+220+P" + str(n), *segments) for n in (1, 2, 3)]
    whole = interchange(*messages).split("'")[:-1]
    dropped = data.draw(st.integers(1, len(whole) - 1))
    text = "'".join(whole[:dropped] + whole[dropped + 1 :]) + "'"
    source = opened(text.encode())
    faults = source.envelopes.faults
    assert faults
    rows = all_rows(source)
    condemned = set(rows.filter(tag=FAULT_TAG).get_column("_message"))
    for number, text_ in rows.filter(tag="BGM").select("_message", element(2)).iter_rows():
        lines = rows.filter((pl.col("_message") == number) & (pl.col("tag") == "LIN")).height
        assert (lines == 5 and text_) or number in condemned
