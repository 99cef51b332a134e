"""The CSV reader from outside: what it gives for files as people send them, whole or damaged."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl
import pytest

from oms_import.model.errors import DropRejectedError
from oms_import.model.values import HOUSEKEEPING, Limits, Source
from oms_import.profiles.model import FooterRule, FormatSpec, RowMatch, RowRules
from oms_import.readers.registry import reader_named, recognise
from oms_import.readers.spec import ReadSpec

KNOWN = frozenset({"Order", "Sku", "Qty", "Note"})


def spec(
    rows: RowRules | None = None,
    known: frozenset[str] = frozenset(),
    required: tuple[tuple[str, ...], ...] = (),
    keys: tuple[str, ...] = (),
    **format_: Any,
) -> ReadSpec:
    return ReadSpec(
        FormatSpec.model_validate(format_),
        rows or RowRules.model_validate({}),
        known,
        required,
        keys,
    )


@pytest.fixture
def opened(tmp_path: Path):
    def open_(data: bytes, read: ReadSpec | None = None, limits: Limits | None = None) -> Source:
        path = tmp_path / "drop.csv"
        path.write_bytes(data)
        return reader_named("csv").open(path, read or spec(), tmp_path, limits or Limits())

    return open_


def table(source: Source, rows: int = 1000) -> pl.DataFrame:
    frames = list(source.batches(rows))
    assert all(frame.columns == frames[0].columns for frame in frames)
    return pl.concat(frames) if frames else pl.DataFrame()


def cells(source: Source) -> list[tuple[str | None, ...]]:
    frame = table(source)
    return frame.drop(HOUSEKEEPING).rows() if frame.width else []


def faults(source: Source) -> list[tuple[int, int, str, str]]:
    frame = table(source)
    return frame.filter(pl.col("_fault").is_not_null()).select(
        "_record", "_line", "_fault", "_fault_value"
    ).rows()  # fmt: skip


def rejected(call: Any) -> Any:
    with pytest.raises(DropRejectedError) as caught:
        call()
    assert len(caught.value.findings) == 1
    return caught.value.findings[0]


def codes(source: Source) -> list[str]:
    table(source)
    return [str(finding.code) for finding in source.findings]


# -- what a plain file gives


def test_every_cell_is_text_and_empty_cells_are_null(opened) -> None:
    source = opened(b'Order,Qty,Note\n001,1.0,\n002,"",x\n')
    assert cells(source) == [("001", "1.0", None), ("002", None, "x")]


def test_columns_are_the_sources_then_the_housekeeping(opened) -> None:
    assert table(opened(b"a,b\n1,2\n")).columns == ["a", "b", *HOUSEKEEPING]


def test_lines_and_bytes_are_those_of_the_file(opened) -> None:
    frame = table(opened(b'a,b\n1,"x\ny"\n2,\xc3\xa9\n'))
    assert frame.select("_record", "_line", "_line_to", "_byte_from", "_byte_to").rows() == [
        (1, 2, 3, 4, 11),
        (2, 4, 4, 12, 16),
    ]


def test_batches_may_be_asked_for_again(opened) -> None:
    source = opened(b"a,b\n1,2\n")
    assert cells(source) == cells(source) == [("1", "2")]


def test_batches_hold_no_more_rows_than_asked_for(opened) -> None:
    source = opened(b"a,b\n" + b"1,2\n" * 10)
    assert [frame.height for frame in source.batches(4)] == [4, 4, 2]


def test_repeated_and_blank_names_are_numbered(opened) -> None:
    source = opened(b"a,A,, a \n1,2,3,4\n")
    assert source.dialect.columns == ("a", "A#2", "column_3", "a#3")
    assert codes(source) == ["HDR_REPEATED_NAME", "HDR_REPEATED_NAME"]


def test_a_column_named_like_ours_is_numbered(opened) -> None:
    source = opened(b"Order,_line,_codes\n1,2,X\n")
    assert source.dialect.columns == ("Order", "_line#2", "_codes")
    assert codes(source) == []


# -- encodings


@pytest.mark.parametrize(
    ("encoding", "mark", "named"),
    [
        ("utf-8", b"", "utf-8"),
        ("utf-8", b"\xef\xbb\xbf", "utf-8-sig"),
        ("utf-16-le", b"\xff\xfe", "utf-16-le"),
        ("utf-16-be", b"\xfe\xff", "utf-16-be"),
        ("utf-16-le", b"", "utf-16-le"),
        ("utf-16-be", b"", "utf-16-be"),
        ("utf-32-le", b"\xff\xfe\x00\x00", "utf-32-le"),
        ("cp1252", b"", "cp1252"),
    ],
)
def test_the_encoding_is_found(opened, encoding: str, mark: bytes, named: str) -> None:
    text = "Order,Name\n1,Müller \u2013 Ø\n2,\u20ac 5\n"
    source = opened(mark + text.encode(encoding))
    assert source.dialect.encoding == named
    assert cells(source) == [("1", "Müller \u2013 Ø"), ("2", "€ 5")]


def test_offsets_are_those_of_the_decoded_text(opened) -> None:
    frame = table(opened("a,b\n1,ü\n2,x\n".encode("utf-16")))
    assert frame["_byte_from"].to_list() == [4, 9]


@pytest.mark.parametrize("encoding", ["shift_jis", "iso-8859-15", "gbk", "UTF8", "latin-1"])
def test_a_declared_encoding_is_used(opened, encoding: str) -> None:
    word = {"shift_jis": "注文", "gbk": "订单"}.get(encoding, "ÿé")
    source = opened(f"a,b\n1,{word}\n".encode(encoding), spec(encoding=encoding))
    assert cells(source) == [("1", word)]


@pytest.mark.parametrize(
    ("declared", "data", "found"),
    [
        ("utf-8", "a,b\n1,2\n".encode("utf-16"), "utf-16-le"),
        ("utf-8", "a,b\n1,2\n".encode("utf-16-be"), "utf-16-be"),
        ("cp1252", b"\xef\xbb\xbfa,b\n1,2\n", "utf-8"),
        ("cp1252", "a,b\n1,Müller\n".encode(), "utf-8"),
        ("utf-16", b"a,b\n1,2\n", "utf-8"),
        ("utf-9", b"a,b\n1,2\n", "utf-9"),
    ],
)
def test_a_wrongly_declared_encoding_is_named(opened, declared, data, found) -> None:
    finding = rejected(lambda: opened(data, spec(encoding=declared)))
    assert finding.code == "ENC_MISMATCH"
    assert found in finding.detail


@pytest.mark.parametrize("encoding", ["auto", "utf-8"])
def test_undecodable_bytes_are_refused_with_byte_and_line(opened, encoding: str) -> None:
    finding = rejected(lambda: opened(b"a,b\n1,\x81\n", spec(encoding=encoding)))
    assert finding.code == "ENC_INVALID"
    assert "0x81" in finding.detail
    assert (finding.location.byte, finding.location.line) == (6, 2)


def test_text_cut_inside_a_character_is_refused(opened) -> None:
    finding = rejected(lambda: opened(b"\xef\xbb\xbfa,b\n1,\xc3"))
    assert finding.code == "ENC_INVALID"


@pytest.mark.parametrize("byte", [0, 1, 8, 11, 12, 0x1A, 0x1C, 0x1F])
def test_control_characters_are_refused_with_byte_and_line(opened, byte: int) -> None:
    finding = rejected(lambda: opened(b"a,b\n1,2\n3," + bytes([byte]) + b"4\n"))
    assert finding.code == "CTRL_CHAR"
    assert (finding.location.byte, finding.location.line) == (10, 3)


# -- line ends


@pytest.mark.parametrize(
    ("end", "named"), [(b"\n", "LF"), (b"\r\n", "CRLF"), (b"\r", "CR")], ids=str
)
def test_all_line_ends_are_read(opened, end: bytes, named: str) -> None:
    source = opened(end.join([b"a,b", b"1,2", b'3,"4"', b""]))
    assert cells(source) == [("1", "2"), ("3", "4")]
    assert source.dialect.newline == named
    assert codes(source) == (["NEWLINE_STYLE"] if named == "CR" else [])


def test_mixed_line_ends_are_converted_with_a_warning(opened) -> None:
    source = opened(b"a,b\r\n1,2\n3,4\r5,6\r\n")
    assert cells(source) == [("1", "2"), ("3", "4"), ("5", "6")]
    assert table(source)["_line"].to_list() == [2, 3, 4]
    assert [(f.code, f.value) for f in source.findings] == [("NEWLINE_STYLE", "mixed")]


@pytest.mark.parametrize("inner", ["\n", "\r", "\r\n", "\r\r\n"])
def test_line_breaks_in_quotes_stay_as_they_are(opened, inner: str) -> None:
    source = opened(f'a,b\r\n1,"x{inner}y"\r\n2,"z{inner}"\r\n'.encode())
    assert cells(source) == [("1", f"x{inner}y"), ("2", f"z{inner}")]
    assert codes(source) == []


def test_a_missing_last_line_break_is_no_fault(opened) -> None:
    source = opened(b"a,b\n1,2\n3,4")
    assert faults(source) == []
    assert cells(source) == [("1", "2"), ("3", "4")]


# -- delimiters and header


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("known", [frozenset(), KNOWN])
def test_the_delimiter_is_found(opened, delimiter: str, known: frozenset[str]) -> None:
    rows = [["Order", "Sku", "Qty"], ["1", "A,B;C" if delimiter in "\t|" else "A", "1.50"]]
    data = "".join(delimiter.join(row) + "\n" for row in rows)
    source = opened(data.encode(), spec(known=known))
    assert source.dialect.delimiter == delimiter
    assert cells(source) == [tuple(rows[1])]


def test_decimal_commas_do_not_win_over_semicolons(opened) -> None:
    source = opened(b"Nr;Preis;Steuer\n1;5,00;1,00\n2;6,00;1,20\n")
    assert source.dialect.delimiter == ";"


def test_a_sep_line_names_the_delimiter(opened) -> None:
    source = opened(b"sep=;\nOrder;Sku\n1;a\n")
    assert (source.dialect.delimiter, source.dialect.header_line) == (";", 2)
    assert cells(source) == [("1", "a")]


def test_a_wrongly_declared_delimiter_is_refused_with_the_one_found(opened) -> None:
    for known in (frozenset[str](), KNOWN):
        finding = rejected(
            lambda known=known: opened(b"Order;Sku\n1;a\n", spec(delimiter=",", known=known))
        )
        assert (finding.code, finding.value) == ("DELIM_MISMATCH", ";")
        assert "semicolons" in finding.detail


def test_the_header_is_found_below_a_preamble(opened) -> None:
    data = b"\nReport of shop,May\n,,,\n\norder,SKU,  Qty\n1,a,2\n"
    source = opened(data, spec(known=KNOWN))
    assert source.dialect.header_line == 5
    assert source.dialect.columns == ("order", "SKU", "Qty")
    assert table(source)["_line"].to_list() == [6]


def test_without_known_columns_the_header_is_the_first_row_as_wide_as_most(opened) -> None:
    source = opened(b"Export of May\nOrder,Sku\n1,a\n2,b\n")
    assert source.dialect.header_line == 2


def test_a_given_header_means_that_every_row_is_data(opened) -> None:
    source = opened(b"1;a\n2;b\n", spec(header=["Order", "Sku"]))
    assert source.dialect.header_line is None
    assert source.dialect.columns == ("Order", "Sku")
    assert cells(source) == [("1", "a"), ("2", "b")]


def test_a_missing_column_is_told_with_a_difference(opened) -> None:
    required = (("Order Number", "Order No"), ("Sku",))
    read = spec(known=frozenset({"Order Number", "Order No", "Sku"}), required=required)
    finding = rejected(lambda: opened(b"Order Nmber,Sku,Qty\n1,a,1\n", read))
    assert finding.code == "HDR_MISSING"
    assert "missing: Order Number (or Order No)" in finding.detail
    assert "found: Order Nmber, Sku, Qty" in finding.detail
    assert "did you mean Order Nmber for Order Number" in finding.detail


def test_an_alias_satisfies_a_required_column(opened) -> None:
    read = spec(known=KNOWN, required=(("Order No", "order"),))
    assert cells(opened(b"ORDER,Sku\n1,a\n", read)) == [("1", "a")]


@pytest.mark.parametrize("data", [b"", b"\xef\xbb\xbf", b"\n\n", b" \r\n", b",,\n,,\n"])
def test_an_empty_file_is_refused(opened, data: bytes) -> None:
    assert rejected(lambda: opened(data)).code == "FILE_EMPTY"


def test_a_header_without_rows_is_a_warning(opened) -> None:
    source = opened(b"Order,Sku\n,\n")
    assert codes(source) == ["FILE_NO_ROWS"]
    assert list(source.batches(10)) == [] or table(source).is_empty()


# -- rows that are no order lines


def test_blank_and_padding_rows_are_left_out(opened) -> None:
    data = b'a,b,c\n,,\n1,2,3\n\n  \n,,,,\n"","",\n ,,\n4,5,6\n'
    frame = table(opened(data))
    assert frame["a"].to_list() == ["1", "4"]
    assert frame["_record"].to_list() == [1, 2]
    assert frame["_line"].to_list() == [3, 9]


def test_description_rows_below_the_header_are_left_out(opened) -> None:
    rules = RowRules.model_validate({"description_rows": 1})
    source = opened(b"Order,Sku\n,\nUnique id.,Your code.,more\n1,a\n", spec(rules))
    assert cells(source) == [("1", "a")]


def test_skip_rules_leave_rows_out(opened) -> None:
    rules = RowRules(
        skip=(
            RowMatch(matches="^Total"),
            RowMatch(column="sku", equals=("x", "y")),
            RowMatch(column="Qty", blank=True),
            RowMatch(column="absent", blank=True),
        )
    )
    data = b"Order,Sku,Qty\n1,a,1\nTotals,,1\n2,x,1\n3,y ,1\n4,b, \n5,c,1\n"
    assert [row[0] for row in cells(opened(data, spec(rules)))] == ["1", "5"]


FOOTERS = RowRules(
    footer=(
        FooterRule(matches=r"^(\d+),record\(s\) downloaded", count_group=1),
        FooterRule(matches="^Seller ID"),
    ),
    repeated_header="skip",
)


def test_footers_are_left_out_and_their_count_is_checked(opened) -> None:
    data = b"Order,Sku\n1,a\n1,b\n2,a\n\n2,record(s) downloaded,from\nSeller ID : x\n"
    source = opened(data, spec(FOOTERS, keys=("Order",)))
    assert len(cells(source)) == 3
    assert source.dialect.stated_count == 2


def test_a_wrong_footer_count_rejects_the_drop(opened) -> None:
    data = b"Order,Sku\n1,a\n1,b\n\n17,record(s) downloaded\nSeller ID : x\n"
    finding = rejected(lambda: table(opened(data, spec(FOOTERS, keys=("Order",)))))
    assert (finding.code, finding.value) == ("FOOTER_COUNT", "17")
    assert "line 5" in finding.detail
    assert "1 were read" in finding.detail


def test_concatenated_exports_are_one_table(opened) -> None:
    one = b"sep=,\n,,\nOrder,Sku\n,\n%d,a\n%d,b\n\n1,record(s) downloaded,\nSeller ID : x\n"
    data = one % (1, 1) + one % (2, 2) + one % (3, 3)
    for limits in (Limits(), Limits(extra={"csv_block_bytes": 70})):
        source = opened(data, spec(FOOTERS, keys=("Order",)), limits)
        assert [row[0] for row in cells(source)] == ["1", "1", "2", "2", "3", "3"]
        assert source.dialect.stated_count == 3
        assert faults(source) == []


def test_a_repeated_header_rejects_the_drop_unless_allowed(opened) -> None:
    finding = rejected(
        lambda: table(opened(b"Order,Sku\n1,a\nORDER, sku\n".replace(b"ORDER", b"Order")))
    )
    assert (finding.code, finding.location.line) == ("HDR_DUPLICATE", 3)


def test_a_value_that_equals_one_column_name_is_no_header(opened) -> None:
    assert cells(opened(b"Name,Sku\nName,a\n")) == [("Name", "a")]


# -- broken rows


def test_a_short_row_keeps_its_cells_and_says_so(opened) -> None:
    source = opened(b"a,b,c\n1,2,3\n4,5\n6,7,8\n")
    assert faults(source) == [(2, 3, "ROW_SHORT", "2 fields instead of 3")]
    frame = table(source)
    assert cells(source)[1] == ("4", "5", None)
    assert frame["_raw"].to_list() == [None, "4,5", None]


@pytest.mark.parametrize(
    ("row", "fields"),
    [(b"4", 1), (b"4,", 2), (b'4,"x,,"', 2), (b'"4,,"', 1)],
)
def test_a_short_row_is_told_from_one_with_empty_cells_at_its_end(
    opened, row: bytes, fields: int
) -> None:
    source = opened(b"a,b,c\n1,2,\n1,,\n" + row + b"\n,3,\n")
    assert faults(source) == [(3, 4, "ROW_SHORT", f"{fields} fields instead of 3")]


def test_a_long_row_is_a_fault_only_when_something_is_in_it(opened) -> None:
    data = b'a,b\n1,2,,\n3,4,,x\n5,6,"", \n7,8,\n'
    source = opened(data, spec(known=frozenset({"a", "b"})))
    assert faults(source) == [(2, 3, "ROW_LONG", "4 fields instead of 2")]
    assert [row[0] for row in cells(source)] == ["1", "3", "5", "7"]


def test_trailing_delimiters_of_the_header_need_no_cells(opened) -> None:
    assert faults(opened(b"a,b,,\n1,2\n3,4,,\n", spec(known=frozenset({"a", "b"})))) == []


def test_an_unclosed_quote_gives_the_rest_as_one_row_from_its_line(opened) -> None:
    source = opened(b'a,b,c\n1,x,y\n2,"x,y\n3,x,y\n4,x,y\n')
    assert faults(source)[0][:3] == (2, 3, "QUOTE_UNBALANCED")
    frame = table(source)
    assert frame["a"].to_list() == ["1", "2"]
    assert frame["_raw"][1] == '2,"x,y\n3,x,y\n4,x,y\n'
    assert frame["_line_to"][1] == 5
    found = [finding for finding in source.findings if finding.code == "QUOTE_UNBALANCED"]
    assert found[0].location.line == 3


def test_a_quote_closed_by_accident_in_a_later_row_is_found_where_it_opened(opened) -> None:
    source = opened(b'a,b,c\n1,x,y\n2,"x,y\n3,"x",y\n4,x,y\n')
    assert faults(source)[0][:3] == (2, 3, "QUOTE_UNBALANCED")
    assert table(source)["a"].to_list() == ["1", "2"]


def test_a_stray_quote_in_a_quoted_field_is_found(opened) -> None:
    source = opened(b'a,b,c\n1,x,y\n2,"x"z,y\n3,x,y\n')
    assert faults(source)[0][:3] == (2, 3, "QUOTE_UNBALANCED")


def test_a_quote_in_an_unquoted_field_is_text(opened) -> None:
    data = b'a,b,c\n1,5" pipe,"x, ""y"""\n2,6",""\n3,a"b"c,"4\n"\n'
    source = opened(data)
    assert faults(source) == []
    assert cells(source) == [
        ("1", '5" pipe', 'x, "y"'),
        ("2", '6"', None),
        ("3", 'a"b"c', "4\n"),
    ]


def test_quotes_are_text_where_the_profile_says_so(opened) -> None:
    source = opened(b'a\tb\n1\t"x\n2\ty"\n', spec(quote="none"))
    assert cells(source) == [("1", '"x'), ("2", 'y"')]


def test_a_last_row_that_is_cut_off_is_told(opened) -> None:
    source = opened(b"a,b,c\n1,2,3\n4,5")
    assert faults(source)[0][:3] == (2, 3, "FILE_TRUNCATED")
    assert table(source)["a"].to_list() == ["1", "4"]


def test_a_file_cut_off_inside_quotes_is_told(opened) -> None:
    source = opened(b'a,b,c\n1,2,3\n4,"5 or')
    assert faults(source)[0][:3] == (2, 3, "FILE_TRUNCATED")
    assert table(source)["a"].to_list() == ["1", "4"]


def test_a_field_above_the_limit_is_left_out(opened) -> None:
    data = b"a,b\n1,x\n2," + b"y" * 5000 + b"\n3,z\n"
    source = opened(data, limits=Limits(field_bytes=1000))
    assert faults(source)[0][:3] == (2, 3, "FIELD_TOO_LARGE")
    assert cells(source) == [("1", "x"), ("2", None), ("3", "z")]


def test_a_field_larger_than_a_block_is_read(opened) -> None:
    big = "y\n" * 200_000
    limits = Limits(field_bytes=10_000_000, extra={"csv_block_bytes": 1000})
    assert cells(opened(f'a,b\n1,"{big}"\n2,z\n'.encode(), limits=limits)) == [
        ("1", big),
        ("2", "z"),
    ]


# -- what is no CSV


@pytest.mark.parametrize(
    "head",
    [b"%PDF-1.7", b"\x89PNG\r\n", b"SQLite format 3\0", b"<!DOCTYPE html><html>", b"PAR1"],
)
def test_foreign_files_are_told_from_tables(tmp_path: Path, head: bytes) -> None:
    path = tmp_path / "orders.csv"
    path.write_bytes(head + b" more")
    assert rejected(lambda: recognise(path, path.name)).code == "FORMAT_UNKNOWN"


def test_text_is_recognised_as_csv(tmp_path: Path) -> None:
    path = tmp_path / "orders"
    path.write_bytes(b"a,b\n")
    assert recognise(path, path.name) == "csv"
    path.write_bytes(b"")
    assert recognise(path, path.name) is None
