"""The Excel reader from outside: cells as text without damage, the same row rules as CSV."""

from __future__ import annotations

import datetime as dt
import io
import zipfile
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import xlsxwriter
import xlwt

from oms_import.model.errors import DropRejectedError
from oms_import.model.values import HOUSEKEEPING, Limits, Source
from oms_import.profiles.model import FooterRule, FormatSpec, RowRules
from oms_import.readers.registry import reader_named, recognise
from oms_import.readers.spec import ReadSpec

KNOWN = frozenset({"Order", "Sku", "Qty"})


def workbook(path: Path, sheets: dict[str, dict[tuple[int, int], Any]]) -> Path:
    with xlsxwriter.Workbook(str(path)) as book:
        day = book.add_format({"num_format": "yyyy-mm-dd"})
        for name, cells in sheets.items():
            sheet = book.add_worksheet(name)
            for (row, column), value in cells.items():
                if isinstance(value, dt.date):
                    sheet.write_datetime(row, column, value, day)
                elif isinstance(value, str) and not value.startswith("="):
                    sheet.write_string(row, column, value)
                elif value == "=1/0":
                    sheet.write_formula(row, column, value, None, "#DIV/0!")
                else:
                    sheet.write(row, column, value)
    return path


def moment(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text)


def grid(*rows: tuple[Any, ...], top: int = 0, left: int = 0) -> dict[tuple[int, int], Any]:
    return {
        (top + i, left + j): cell
        for i, row in enumerate(rows)
        for j, cell in enumerate(row)
        if cell is not None
    }


def opened(
    path: Path, rules: dict[str, Any] | None = None, keys: tuple[str, ...] = (), **fmt: Any
) -> Source:
    read = ReadSpec(
        FormatSpec.model_validate({"reader": "excel", **fmt}),
        RowRules.model_validate(rules or {}),
        KNOWN,
        (("Order", "Order No"),),
        key_columns=keys,
    )
    return reader_named("excel").open(path, read, path.parent, Limits())


def table(source: Source) -> pl.DataFrame:
    return pl.concat(list(source.batches(2)))


def cells(source: Source) -> list[tuple[str | None, ...]]:
    return table(source).drop(HOUSEKEEPING).rows()


def refused(call: Any) -> Any:
    with pytest.raises(DropRejectedError) as caught:
        call()
    return caught.value.findings[0]


def test_cells_are_text_without_damage(tmp_path: Path) -> None:
    path = workbook(tmp_path / "a.xlsx", {"S": grid(
        ("Order", "Sku", "Qty", "Day", "Moment", "Gift"),
        (123456789012345, "00123", 1.5, moment("2024-01-02"), moment("2024-01-02T03:04:05"), True),
        (1.23e11, "1.23E+11", 10.79999999999999, moment("2024-12-31"), moment("2024-01-02"), False),
        (7, " x ", 2, None, None, None),
    )})  # fmt: skip
    assert cells(opened(path)) == [
        ("123456789012345", "00123", "1.5", "2024-01-02", "2024-01-02 03:04:05", "true"),
        ("123000000000", "1.23E+11", "10.8", "2024-12-31", "2024-01-02 00:00:00", "false"),
        ("7", " x ", "2", None, None, None),
    ]


@pytest.mark.parametrize("kind", ["xlsx", "xls"])
def test_a_number_of_more_than_15_digits_is_damaged_and_its_cell_is_told(
    tmp_path: Path, kind: str
) -> None:
    rows = grid(
        ("Order", "Sku", "Track"),
        ("123456789012345678", "A", "1234567890123456"),
        (123456789012345678, "B", 1234567890123456),
        (123456789012345, 1.23457e17, None),
        top=3,
        left=2,
    )
    path = tmp_path / f"a.{kind}"
    if kind == "xlsx":
        workbook(path, {"S": rows})
    else:
        book: Any = xlwt.Workbook()
        sheet = book.add_sheet("S")
        for (row, column), value in rows.items():
            sheet.write(row, column, value)
        book.save(str(path))
    source = opened(path)
    frame = table(source)
    assert frame["_fault"].to_list() == [None, "EXCEL_DAMAGE", "EXCEL_DAMAGE"]
    _, whole, shown = frame["_fault_value"].to_list()
    assert whole.startswith('"Order" 1234567890123456')
    assert whole.endswith(" in row 6")
    assert shown == '"Sku" 123457000000000000 in row 7'
    [beside] = source.findings
    assert (beside.code, beside.field, beside.severity) == ("EXCEL_DAMAGE", "Track", "warning")
    assert beside.detail == "1 cells, the first in row 6"


def test_errors_are_text(tmp_path: Path) -> None:
    rows = grid(("Order", "Sku", "Qty"), ("1", "=1/0", "x"), ("2", "a", "=1/0"), top=2, left=3)
    path = workbook(tmp_path / "a.xlsx", {"Info & more": {}, "S": rows})
    assert cells(opened(path)) == [("1", "#DIV/0!", "x"), ("2", "a", "#DIV/0!")]


def test_lines_are_rows_of_the_sheet_and_there_are_no_bytes(tmp_path: Path) -> None:
    rows = grid(("Order", "Sku"), (None, None), ("1", "a"), ("2", "b"), top=4, left=2)
    path = workbook(tmp_path / "a.xlsx", {"S": {(0, 0): "Report"} | rows})
    source = opened(path)
    frame = table(source)
    assert source.dialect.header_line == 5
    assert frame["_line"].to_list() == frame["_line_to"].to_list() == [7, 8]
    assert frame["_record"].to_list() == [1, 2]
    assert frame["_byte_from"].null_count() == 2
    assert frame.columns[-len(HOUSEKEEPING) :] == list(HOUSEKEEPING)


def test_the_first_sheet_with_the_header_is_taken(tmp_path: Path) -> None:
    path = workbook(
        tmp_path / "a.xlsx",
        {
            "Read me": {(0, 0): "Hello", (1, 0): "World"},
            "Orders": grid(("Order", "Sku"), ("1", "a")),
        },
    )
    assert opened(path).dialect.sheet == "Orders"
    assert opened(path, sheet="orders").dialect.sheet == "Orders"


def test_a_missing_sheet_is_told_with_those_there_are(tmp_path: Path) -> None:
    path = workbook(tmp_path / "a.xlsx", {"Orders": grid(("Order",), ("1",)), "Stock": {}})
    finding = refused(lambda: opened(path, sheet="Sales"))
    assert finding.code == "SHEET_MISSING"
    assert "Orders, Stock" in finding.detail


def test_a_missing_column_is_told_with_the_sheet(tmp_path: Path) -> None:
    path = workbook(tmp_path / "a.xlsx", {"Orders": grid(("Ordr", "Sku"), ("1", "a"))})
    finding = refused(lambda: opened(path))
    assert finding.code == "HDR_MISSING"
    assert "sheet Orders; missing: Order" in finding.detail


def test_row_rules_are_those_of_csv(tmp_path: Path) -> None:
    path = workbook(tmp_path / "a.xlsx", {"S": grid(
        ("Export",),
        ("Order", "Sku", "Qty"),
        ("The number", "The code", "How many"),
        ("1", "a", 1),
        (" ", None, None),
        ("1", "b", 1),
        ("Subtotal", None, 2),
        (1, "record(s) downloaded"),
    )})  # fmt: skip
    rules = {
        "description_rows": 1,
        "skip": [{"matches": "^Subtotal"}],
        "footer": [FooterRule(matches=r"^(\d+),record", count_group=1)],
    }
    source = opened(path, rules, ("Order",))
    assert [row[1] for row in cells(source)] == ["a", "b"]
    assert source.dialect.stated_count == 1


def test_an_xls_is_read_like_an_xlsx(tmp_path: Path) -> None:
    book = xlwt.Workbook()
    sheet = book.add_sheet("Orders")
    day = xlwt.XFStyle()
    day.num_format_str = "YYYY-MM-DD"
    for column, name in enumerate(["Order", "Sku", "Qty", "Day"]):
        sheet.write(1, column, name)
    for column, value in enumerate([123456789012, "007", 2.5]):
        sheet.write(2, column, value)
    sheet.write(2, 3, dt.date(2024, 1, 2), day)
    path = tmp_path / "a.xls"
    book.save(str(path))
    assert recognise(path, "a.xls") == "excel"
    source = opened(path)
    assert cells(source) == [("123456789012", "007", "2.5", "2024-01-02")]
    assert table(source)["_line"].to_list() == [3]


def test_a_workbook_is_recognised_by_its_bytes(tmp_path: Path) -> None:
    path = workbook(tmp_path / "a.xlsx", {"S": grid(("Order",), ("1",))})
    named_csv = path.rename(tmp_path / "orders.csv")
    assert recognise(named_csv, "orders.csv") == "excel"


def test_a_broken_workbook_is_unreadable(tmp_path: Path) -> None:
    whole = workbook(tmp_path / "a.xlsx", {"S": grid(("Order",), ("1",))}).read_bytes()
    for data in (
        whole[: len(whole) // 2],
        b"PK\x03\x04junk",
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1junk",
    ):
        path = tmp_path / "b.xlsx"
        path.write_bytes(data)
        assert refused(lambda path=path: opened(path)).code == "FILE_UNREADABLE"


def test_an_encrypted_workbook_is_told_as_such(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    path.write_bytes(
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600) + "EncryptedPackage".encode("utf-16-le")
    )
    finding = refused(lambda: opened(path))
    assert finding.code == "FILE_UNREADABLE"
    assert "encrypted" in finding.detail


def test_an_empty_workbook_and_a_bare_header(tmp_path: Path) -> None:
    assert refused(lambda: opened(workbook(tmp_path / "a.xlsx", {"S": {}}))).code == "FILE_EMPTY"
    source = opened(workbook(tmp_path / "b.xlsx", {"S": grid(("Order", "Sku"))}))
    assert list(source.batches(10)) == []
    assert [finding.code for finding in source.findings] == ["FILE_NO_ROWS"]


def test_a_workbook_bomb_is_refused_before_it_is_unpacked(tmp_path: Path) -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr("xl/worksheets/sheet1.xml", bytes(100_000_000))
    path = tmp_path / "a.xlsx"
    path.write_bytes(out.getvalue())
    assert refused(lambda: opened(path)).code == "ARCHIVE_BOMB"
