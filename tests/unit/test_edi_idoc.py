"""IDocs, flat and XML: what is read, what is repaired, and what condemns an order."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from oms_import.model.edi import SEGMENTS
from oms_import.model.errors import DropRejectedError
from oms_import.model.values import Limits
from oms_import.profiles.model import FormatSpec
from oms_import.readers.edi import idoc_lines
from oms_import.readers.edi.idoc import IdocSource, open_idoc
from oms_import.readers.edi.idoc_fields import (
    LAYOUTS,
    RELEASE_3,
    RELEASE_4,
    Layout,
    message_kind,
    segment_type,
)
from oms_import.readers.spec import ReadSpec

SAMPLES = Path(__file__).parents[2] / "../shared/samples/edi"

Segment = tuple[str, dict[str, str]]

ORDER: list[Segment] = [
    ("E2EDK01005", {"CURCY": "EUR", "BELNR": "4500000017", "BSART": "NB"}),
    ("E2EDK03", {"IDDAT": "012", "DATUM": "20240229"}),
    ("E2EDKA1003", {"PARVW": "AG", "PARTN": "0000001000", "NAME1": "Käufer Łódź"}),
    ("E2EDKA1003", {"PARVW": "WE", "PARTN": "0000002000", "PSTLZ": "01099"}),
    ("E2EDK02", {"QUALF": "001", "BELNR": "4500000017", "DATUM": "20240229"}),
    ("E2EDP01007", {"POSEX": "000010", "MENGE": "12.000", "MENEE": "PCE", "NETWR": "7.50-"}),
    ("E2EDP20001", {"WMENG": "12.000", "EDATU": "00000000"}),
    ("E2EDP19003", {"QUALF": "002", "IDTNR": "000000000010001547", "KTEXT": " indented"}),
    ("E2EDP01007", {"POSEX": "000020", "MENGE": "1.5", "MENEE": "KGM"}),
    ("E2EDP19003", {"QUALF": "003", "IDTNR": "04012345000016"}),
    ("E2EDS01", {"SUMID": "002", "SUMME": "0"}),
]
CONTROL = {
    "TABNAM": "EDI_DC40",
    "MANDT": "100",
    "IDOCTYP": "ORDERS05",
    "MESTYP": "ORDERS",
    "SNDPRT": "LS",
    "SNDPRN": "BUYER",
    "RCVPRT": "LI",
    "RCVPRN": "SELLER",
    "CREDAT": "20240229",
    "CRETIM": "120000",
}


def written(layout: Layout, values: dict[str, str]) -> str:
    pairs = zip(layout.names, layout.lengths, strict=True)
    return "".join(values.get(name, "").ljust(length)[:length] for name, length in pairs)


def flat_lines(number: int, segments: Sequence[Segment], **control: str) -> list[str]:
    docnum = f"{number:016}"
    out = [written(RELEASE_4.control, {**CONTROL, "DOCNUM": docnum, **control})]
    for at, (name, values) in enumerate(segments, 1):
        lead = {"SEGNAM": name, "MANDT": "100", "DOCNUM": docnum, "SEGNUM": f"{at:06}"}
        lead |= {"PSGNUM": "000000", "HLEVEL": "02"}
        layout = LAYOUTS.get(segment_type(name))
        body = values["SDATA"] if layout is None else written(layout, values)
        out.append(written(RELEASE_4.lead, lead) + body)
    return out


def flat(*numbers: int, **control: str) -> str:
    lines = [line for number in numbers for line in flat_lines(number, ORDER, **control)]
    return "\n".join(lines) + "\n"


def xml(*numbers: int, root: str = "ORDERS05", extra: str = "", **control: str) -> str:
    idocs = []
    for number in numbers:
        values = {**CONTROL, "DOCNUM": f"{number:016}", **control}
        head = "".join(f"<{name}>{value}</{name}>" for name, value in values.items() if value)
        idocs.append(
            f'<IDOC BEGIN="1"><EDI_DC40 SEGMENT="1">{head}</EDI_DC40>{_nested()}{extra}</IDOC>'
        )
    return f'<?xml version="1.0" encoding="UTF-8"?><{root}>{"".join(idocs)}</{root}>'


def _nested() -> str:
    """ORDER, its item segments within their item."""
    out, items = "", False
    for name, values in ORDER:
        tag = segment_type(name)
        if items and tag in {"E1EDP01", "E1EDS01"}:
            out, items = f"{out}</E1EDP01>", False
        fields = "".join(f"<{field}>{value}</{field}>" for field, value in values.items())
        out += f'<{tag} SEGMENT="1">{fields}'
        items = items or tag == "E1EDP01"
        out += "" if tag == "E1EDP01" else f"</{tag}>"
    return out


def opened(data: str | bytes, folder: Path, **form: Any) -> IdocSource:
    path = folder / "drop.idoc"
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    spec = ReadSpec(format=FormatSpec(reader="idoc", **form))
    return open_idoc(path, spec, folder, Limits())


def read(source: IdocSource, rows: int = 10_000) -> pl.DataFrame:
    return pl.concat(list(source.batches(rows)), how="diagonal")


def told(source: IdocSource, frame: pl.DataFrame) -> list[Segment]:
    """Segments with their fields by name."""
    cells = [name for name in frame.columns if name not in SEGMENTS and not name.startswith("_")]
    out: list[Segment] = []
    for row in frame.filter(pl.col("_segment") > 0).iter_rows(named=True):
        names = source.fields[row["tag"]]
        pairs = zip(names, cells, strict=False)
        out.append((row["tag"], {n: row[cell] for n, cell in pairs if row[cell] is not None}))
    return out


def expected(segments: Sequence[Segment] = ORDER) -> list[Segment]:
    return [
        (segment_type(name), {n: v for n, v in values.items() if v != "00000000"})
        for name, values in segments
    ]


def faults(frame: pl.DataFrame) -> list[tuple[int, str]]:
    return frame.filter(pl.col("tag") == "_FAULT").select("_message", "e01").rows()


def codes(source: IdocSource) -> list[str]:
    return [str(finding.code) for finding in source.findings]


def rejection(data: str | bytes, folder: Path, **form: Any) -> str:
    with pytest.raises(DropRejectedError) as error:
        opened(data, folder, **form)
    return str(error.value.findings[0].code)


# -- what is read


@pytest.mark.parametrize("shape", ["padded", "trimmed", "full", "CRLF", "CR", "unbroken", "late"])
def test_a_flat_file_is_read_however_its_records_end(shape: str, tmp_path: Path) -> None:
    lines = flat(17, 18).splitlines()
    full = [line.ljust(524 if line.startswith("EDI_DC") else 1063) for line in lines]
    shapes = {
        "padded": "\n".join(lines) + "\n",
        "trimmed": "\n".join(line.rstrip() for line in lines),
        "full": "\n".join(line.ljust(1063) for line in lines) + "\n\n",
        "CRLF": "\r\n".join(lines) + "\r\n",
        "CR": "\r".join(lines) + "\r",
        "unbroken": "".join(full),
        "late": "\n \n" + "\n".join(lines) + "\n\x1a",
    }
    source = opened(shapes[shape], tmp_path)
    frame = read(source)
    assert told(source, frame) == [*expected(), *expected()]
    assert not faults(frame)
    repaired = {"CR", "unbroken", "late"}
    if shape in repaired - {"late"}:
        assert codes(source) == ["EDI_REPAIRED"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
def test_flat_files_are_sliced_by_characters_in_every_encoding(
    encoding: str, tmp_path: Path
) -> None:
    text = flat(17).replace("Łódź", "Lódz")
    source = opened(text.encode(encoding), tmp_path)
    partner = told(source, read(source))[2][1]
    assert partner == {"PARVW": "AG", "PARTN": "0000001000", "NAME1": "Käufer Lódz"}


def test_records_without_line_ends_are_counted_in_characters(tmp_path: Path) -> None:
    lines = flat(17).splitlines()
    text = lines[0] + "".join(line.ljust(1063) for line in lines[1:])
    source = opened(text, tmp_path)
    assert told(source, read(source)) == expected()


def test_xml_is_read_with_items_segments_after_their_item(tmp_path: Path) -> None:
    source = opened(xml(17, 18), tmp_path)
    frame = read(source)
    assert told(source, frame) == [*expected(), *expected()]
    assert frame.filter(pl.col("tag") == "EDI_DC40").get_column("_segment").to_list() == [0, 0]


def test_the_interchange_is_the_control_record(tmp_path: Path) -> None:
    for data in (flat(17, TEST="X"), xml(17, TEST="X")):
        source = opened(data, tmp_path)
        one = source.envelopes.interchanges[0]
        named = (one.sender, one.sender_qualifier, one.receiver, one.receiver_qualifier)
        assert named == ("BUYER", "LS", "SELLER", "LI")
        assert (one.control, one.version, one.test) == ("0000000000000017", "ORDERS05", True)
        assert one.prepared == "20240229 120000"
        head = read(source).row(0, named=True)
        fields = source.fields["EDI_DC40"]
        assert head["tag"] == "EDI_DC40"
        assert head[f"e{fields.index('SNDPRN') + 1:02}"] == "BUYER"
        assert faults(read(source)) == [(1, "EDI_TEST")]
        assert not faults(read(opened(data, tmp_path, test="release")))


def test_records_of_release_3_are_read(tmp_path: Path) -> None:
    control = {**CONTROL, "TABNAM": "EDI_DC", "DOCNUM": "17", "IDOCTYP": "ORDERS02"}
    lead = {"TABNAM": "EDI_DD", "DOCNUM": "17", "SEGNUM": "000001", "SEGNAM": "E2EDK01"}
    body = written(LAYOUTS["E1EDK01"], {"BELNR": "4711", "CURCY": "DEM"})
    text = f"{written(RELEASE_3.control, control)}\n{written(RELEASE_3.lead, lead)}{body}\n"
    source = opened(text, tmp_path)
    assert told(source, read(source)) == [("E1EDK01", {"CURCY": "DEM", "BELNR": "4711"})]
    assert source.envelopes.interchanges[0].sender == "BUYER"


def test_segments_without_a_layout_keep_their_text(tmp_path: Path) -> None:
    text = "\n".join(flat_lines(17, [*ORDER, ("ZEKPO", {"SDATA": "  a   b"})]))
    source = opened(text, tmp_path)
    assert told(source, read(source))[-1] == ("ZEKPO", {"SDATA": "  a   b"})


def test_what_a_newer_release_adds_to_a_segment_is_kept(tmp_path: Path) -> None:
    lines = flat_lines(17, [("E2EDS01", {"SUMID": "002"})])
    source = opened("\n".join([lines[0], lines[1] + "new"]), tmp_path)
    assert told(source, read(source)) == [("E1EDS01", {"SUMID": "002", "SDATA_REST": "new"})]


def test_custom_segments_and_fields_of_xml_are_kept(tmp_path: Path) -> None:
    extra = '<Z1ADD SEGMENT="1"><B>2</B><A> 1 </A></Z1ADD><Z1ADD SEGMENT="1"><C/><A>3</A></Z1ADD>'
    extra += '<_-LUM_-E1X SEGMENT="1"/>'
    source = opened(xml(17, extra=extra), tmp_path)
    assert told(source, read(source))[-3:] == [
        ("Z1ADD", {"B": "2", "A": " 1"}),
        ("Z1ADD", {"A": "3"}),
        ("/LUM/E1X", {}),
    ]
    assert source.fields["Z1ADD"] == ("B", "A", "C")


def test_prefixes_groups_comments_and_cdata_do_not_matter(tmp_path: Path) -> None:
    text = """<n:Send xmlns:n="urn:a"><n:Header><Id>1</Id></n:Header><n:ORDERS05><n:IDOC BEGIN="1">
      <n:EDI_DC40><n:MESTYP>ORDERS</n:MESTYP></n:EDI_DC40>
      <n:E2EDP01007GRP><n:E2EDP01007><n:MENGE>1<!-- a -->2</n:MENGE></n:E2EDP01007>
      <n:E2EDP19003GRP><n:E2EDP19003><n:IDTNR><![CDATA[a<b]]></n:IDTNR></n:E2EDP19003>
      </n:E2EDP19003GRP></n:E2EDP01007GRP></n:IDOC></n:ORDERS05></n:Send>"""
    source = opened(text, tmp_path)
    assert told(source, read(source)) == [
        ("E1EDP01", {"MENGE": "12"}),
        ("E1EDP19", {"IDTNR": "a<b"}),
    ]


def test_idocs_without_an_enclosing_element_are_told_apart_by_their_control_records(
    tmp_path: Path,
) -> None:
    text = xml(17, 18).replace('<IDOC BEGIN="1">', "").replace("</IDOC>", "")
    source = opened(text, tmp_path)
    assert [one.control[-2:] for one in source.envelopes.interchanges] == ["17", "18"]
    assert told(source, read(source)) == [*expected(), *expected()]


@pytest.mark.parametrize(
    ("mestyp", "idoctyp", "kind"),
    [
        ("ORDERS", "ORDERS05", "order"),
        ("ORDCHG", "ORDERS05", "change"),
        ("ORDRSP", "ORDERS05", "other"),
        ("INVOIC", "INVOIC02", "other"),
        ("/LUMBERL/VFI_ORDERS", "ORDERS05", "order"),
        ("ZZORDERS", "ORDERS01", "order"),
        ("ZPO", "ORDERS04", "order"),
        ("ZPO", "ZORDERS05", "order"),
        ("ZORDRSP", "ORDERS05", "other"),
        ("ZORDCHG", "ORDERS05", "change"),
        ("", "ORDERS05", "order"),
        ("ZFOO", "MATMAS05", "other"),
    ],
)
def test_the_message_type_says_what_is_an_order(mestyp: str, idoctyp: str, kind: str) -> None:
    assert message_kind(mestyp, idoctyp) == kind


@pytest.mark.parametrize(
    ("name", "tag"),
    [
        ("E2EDK01005", "E1EDK01"),
        ("E2EDK01", "E1EDK01"),
        ("E2EDKA1", "E1EDKA1"),
        ("E2EDKA1003", "E1EDKA1"),
        ("E1EDP01", "E1EDP01"),
        ("E1EDP01007", "E1EDP01"),
        ("Z2ADD000", "Z1ADD"),
        ("ZEKPO", "ZEKPO"),
    ],
)
def test_a_segments_version_is_not_part_of_its_type(name: str, tag: str) -> None:
    assert segment_type(name) == tag


def test_documents_that_are_no_orders_are_left_out_and_told(tmp_path: Path) -> None:
    for text in (flat(17) + flat(18, MESTYP="ORDRSP"), xml(17, MESTYP="ORDRSP")):
        source = opened(text, tmp_path)
        assert "EDI_DOCUMENT_IGNORED" in codes(source)
        assert sum(batch.height for batch in source.batches(100)) in {0, 1 + len(ORDER)}


def test_batches_hold_whole_messages_with_their_lines(tmp_path: Path) -> None:
    for text in (flat(*range(1, 30)), xml(*range(1, 30))):
        source = opened(text, tmp_path)
        batches = list(source.batches(50))
        assert len(batches) > 3
        frame = pl.concat(batches, how="diagonal")
        assert frame.get_column("_message").to_list() == [
            number for number in range(1, 30) for _ in range(1 + len(ORDER))
        ]
        assert told(source, frame) == expected() * 29
        assert read(source, 7).equals(read(source, 7))


def test_bytes_and_lines_point_into_the_file(tmp_path: Path) -> None:
    text = flat(17, 18)
    source = opened(text, tmp_path)
    row = read(source).filter(pl.col("tag") == "E1EDS01").row(1, named=True)
    record = text.encode()[row["_byte_from"] : row["_byte_to"]].decode()
    assert record.startswith("E2EDS01")
    assert text.splitlines()[row["_line"] - 1] == record.rstrip("\n")


def test_many_records_are_cut_as_few_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = flat(17, 18) + "\n".join(flat_lines(19, [("ZX", {"SDATA": "a"}), *ORDER]))
    few = read(opened(text, tmp_path))
    monkeypatch.setattr(idoc_lines, "_FEW", 0)
    many = read(opened(text, tmp_path))
    assert many.equals(few.select(many.columns))


# -- what is wrong


def test_a_missing_control_record_is_refused(tmp_path: Path) -> None:
    lines = flat(17).splitlines()
    assert rejection("\n".join(lines[1:]), tmp_path) == "EDI_HEADER"
    assert rejection("<a><b>1</b></a>", tmp_path) == "EDI_HEADER"
    assert rejection("<ORDERS05><IDOC/></ORDERS05>", tmp_path) == "EDI_HEADER"
    assert rejection("", tmp_path) == "FILE_EMPTY"


def test_an_xml_idoc_without_control_record_is_condemned_alone(tmp_path: Path) -> None:
    text = xml(17).replace(
        "</ORDERS05>", '<IDOC><E1EDK01 SEGMENT="1"><A>1</A></E1EDK01></IDOC></ORDERS05>'
    )
    assert faults(read(opened(text, tmp_path))) == [(2, "EDI_HEADER")]


def test_records_before_the_first_control_record_are_told(tmp_path: Path) -> None:
    lines = flat(17).splitlines()
    source = opened("\n".join([lines[5], *lines]), tmp_path)
    assert told(source, read(source)) == expected()
    assert codes(source) == ["EDI_SEGMENT"]
    assert "before the first EDI_DC40" in str(source.findings[0].detail)


@pytest.mark.parametrize(
    "line", ["E2EDP19003       1", "Some words of text that are no record at all " * 3]
)
def test_a_line_that_is_no_record_condemns_its_message(line: str, tmp_path: Path) -> None:
    lines = flat(17, 18).splitlines()
    text = "\n".join([*lines[:8], line, *lines[8:]]) + "\n"
    source = opened(text, tmp_path)
    frame = read(source)
    assert faults(frame) == [(1, "EDI_SEGMENT")]
    assert "line" not in codes(source)
    lenient = opened(text, tmp_path, strict=False)
    assert not faults(read(lenient))
    assert codes(lenient) == ["EDI_SEGMENT"]


def test_a_record_cut_short_among_padded_ones_condemns_its_message(tmp_path: Path) -> None:
    lines = flat(17, 18, 19).splitlines()
    at = 12 + 9  # the second IDoc's second item
    cut = lines[at].rstrip()[:-2]
    text = "\n".join([*lines[:at], cut, *lines[at + 1 :]]) + "\n"
    assert faults(read(opened(text, tmp_path))) == [(2, "EDI_SEGMENT")]


def test_a_file_that_ends_within_a_record_is_truncated(tmp_path: Path) -> None:
    text = flat(17, 18)
    cut = text[: text.rindex("E2EDP19003") + 70]
    assert faults(read(opened(cut, tmp_path))) == [(2, "EDI_TRUNCATED")]
    head = text[: text.rindex("EDI_DC40") + 20]
    assert faults(read(opened(head, tmp_path)))[0][1] == "EDI_TRUNCATED"


def test_records_of_another_docnum_are_not_this_order(tmp_path: Path) -> None:
    lines = flat(17, 18).splitlines()
    text = "\n".join(line for at, line in enumerate(lines) if at != len(lines) // 2)
    assert faults(read(opened(text, tmp_path))) == [(1, "EDI_CONTROL_REF")]


def test_segment_numbers_out_of_order_are_a_warning(tmp_path: Path) -> None:
    lines = flat(17).splitlines()
    lines[3], lines[4] = lines[4], lines[3]
    lines[6] = lines[6][:55] + "000099" + lines[6][61:]
    source = opened("\n".join(lines), tmp_path)
    assert not faults(read(source))
    said = [str(finding.detail) for finding in source.findings]
    assert any("SEGNUM" in text for text in said)
    assert any("PSGNUM" in text for text in said)
    assert {str(f.severity) for f in source.findings} == {"warning"}


def test_a_broken_document_condemns_its_orders_unless_lenient(tmp_path: Path) -> None:
    text = xml(17, 18, 19)
    cut = text[: text.rindex("E1EDP19") - 3]
    strict = read(opened(cut, tmp_path))
    assert set(faults(strict)) == {(number, "EDI_TRUNCATED") for number in (1, 2, 3)}
    lenient = opened(cut, tmp_path, strict=False)
    frame = read(lenient)
    assert not faults(frame)
    assert told(lenient, frame) == [*expected(), *expected()]
    assert codes(lenient) == ["EDI_TRUNCATED"]
    assert rejection(text[: text.index("E1EDP19")], tmp_path, strict=False) == "EDI_TRUNCATED"


def test_a_document_type_definition_is_refused(tmp_path: Path) -> None:
    bomb = '<!DOCTYPE ORDERS05 [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;">]>'
    text = xml(17).replace("<ORDERS05>", f"{bomb}<ORDERS05>").replace("EUR", "&b;")
    assert rejection(text, tmp_path) == "FILE_UNREADABLE"
    assert (
        rejection(text.replace("UTF-8", "UTF-16").encode("utf-16"), tmp_path) == "FILE_UNREADABLE"
    )
    external = '<!DOCTYPE ORDERS05 SYSTEM "file:///etc/passwd">'
    text = xml(17).replace("<ORDERS05>", external + "<ORDERS05>")
    assert rejection(text, tmp_path) == "FILE_UNREADABLE"


# -- properties

_TEXT = st.text(
    st.characters(codec="utf-8", exclude_categories=("C", "Z")), min_size=1, max_size=12
)


@st.composite
def _segments(draw: st.DrawFn) -> list[Segment]:
    names = draw(st.lists(st.sampled_from(sorted(LAYOUTS)), min_size=1, max_size=8))
    out: list[Segment] = []
    for name in names:
        layout = LAYOUTS[name]
        pick = draw(st.lists(st.sampled_from(range(len(layout.names))), max_size=6, unique=True))
        values = {layout.names[at]: draw(_TEXT)[: layout.lengths[at]] for at in sorted(pick)}
        version = draw(st.sampled_from(["", "000", "001", "007"]))
        out.append((f"{name[0]}2{name[2:]}{version}", values))
    return out


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    st.lists(_segments(), min_size=1, max_size=3), st.sampled_from(["\n", "\r\n"]), st.booleans()
)
def test_a_written_flat_idoc_is_read_back(
    idocs: list[list[Segment]], end: str, trimmed: bool
) -> None:
    lines = [line for at, one in enumerate(idocs, 1) for line in flat_lines(at, one)]
    if trimmed:
        lines = [line.rstrip(" ") for line in lines]
    with TemporaryDirectory() as folder:
        source = opened(end.join(lines) + end, Path(folder))
        assert told(source, read(source)) == [s for one in idocs for s in expected(one)]
        assert len(source.envelopes.interchanges) == len(idocs)


def _any_damage(data: bytes, cuts: list[tuple[int, int, bytes]]) -> bytes:
    for at, length, put in cuts:
        begin = at % (len(data) + 1)
        data = data[:begin] + put + data[begin + length :]
    return data


_PUT = st.sampled_from(
    [b"", b"\n", b"EDI_DC40", b"<IDOC>", b"</IDOC>", b"&x;", b"\xc3", "ü".encode()]
)


@settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    st.one_of(
        st.binary(max_size=300),
        st.binary(max_size=300).map(lambda data: b"EDI_DC40" + data),
        st.binary(max_size=300).map(lambda data: b"<ORDERS05><IDOC><EDI_DC40/>" + data),
        st.builds(
            _any_damage,
            st.sampled_from([flat(1, 2).encode(), xml(1, 2).encode()]),
            st.lists(st.tuples(st.integers(0, 20_000), st.integers(0, 400), _PUT), max_size=3),
        ),
    ),
    st.booleans(),
)
def test_no_bytes_end_in_another_error_than_a_rejection(data: bytes, strict: bool) -> None:
    with TemporaryDirectory() as folder:
        try:
            source = opened(data, Path(folder), strict=strict)
            frames = list(source.batches(100))
        except DropRejectedError:
            return
        assert source.findings is not None
        for frame in frames:
            tags = set(frame.filter(pl.col("_segment") > 0).get_column("tag"))
            assert tags <= set(source.fields)


# -- real files


@pytest.mark.skipif(not SAMPLES.exists(), reason="the sample files are not here")
def test_the_sample_files_hold_what_their_key_says() -> None:
    keys = [json.loads(line) for line in (SAMPLES / "expected.jsonl").read_text().splitlines()]
    keys = [key for key in keys if key["file"].startswith("idoc/")]
    assert keys
    for key in keys:
        with TemporaryDirectory() as folder:
            source = opened((SAMPLES / key["file"]).read_bytes(), Path(folder))
            frame = read(source)
            assert not faults(frame)
            segments = told(source, frame)
        (order,) = key["orders"]
        (number,) = (v["BELNR"] for t, v in segments if t == "E1EDK02" and v["QUALF"] == "001")
        items = [values for tag, values in segments if tag == "E1EDP01"]
        assert number == order["order_number"]
        assert len(items) == order["lines"]
        assert sum(float(item["MENGE"]) for item in items) == pytest.approx(order["qty_total"])
        assert segments[0][1]["CURCY"] == order["currency"]
        skus = [v["IDTNR"] for t, v in segments if t == "E1EDP19"]
        assert skus[0] == order["first_line_sku"]
