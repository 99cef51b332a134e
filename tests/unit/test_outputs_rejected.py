"""Rejected files: the drop's own rows, readable by people and by import."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest

from oms_import.model.guard import OURS, unguarded
from oms_import.model.values import SOURCE_HOUSEKEEPING, Dialect, Drop
from oms_import.outputs.rejected import EXCEPTIONS, RejectedWriter

CSV = Dialect("csv", "utf-8", ",", '"', "LF")


def drop(name: str = "orders.csv", drop_id: str = "ab" * 16) -> Drop:
    now = datetime(2026, 11, 23, tzinfo=UTC)
    return Drop(0, drop_id, "shop", "default", name, name, Path(name), "c" * 64, 1, now)


def rows(cells: dict[str, list[str | None]], **more: list[str | None]) -> pl.DataFrame:
    height = len(next(iter(cells.values())))
    source = pl.DataFrame(cells, schema=dict.fromkeys(cells, pl.String))
    plain = {pl.Int64: list(range(2, 2 + height)), pl.String: [None] * height}
    house = {
        name: pl.Series(more.get(name, plain[kind]), dtype=kind)
        for name, kind in SOURCE_HOUSEKEEPING.items()
    }
    told = {"_codes": "QTY_INVALID", "_reasons": "Quantity is not a number", "_owner": "channel"}
    return source.with_columns(**house).with_columns(pl.lit(v).alias(k) for k, v in told.items())


def written(folder: Path, dialect: Dialect, frame: pl.DataFrame, name: str = "orders.csv") -> Path:
    writer = RejectedWriter(folder)
    writer.write("shop", drop(name), dialect, frame)
    files = writer.close()
    assert sorted(file.path for file in files) == sorted(
        p.relative_to(folder).as_posix() for p in folder.rglob("*.*") if p.is_file()
    )
    return next(folder / file.path for file in files if file.path != "exceptions.csv")


def test_rows_are_the_source_columns_and_ours(tmp_path: Path) -> None:
    path = written(tmp_path, CSV, rows({"Order": ["1", "2"], "Qty": ["x", None]}))
    assert path.relative_to(tmp_path).as_posix() == "shop/orders.csv.rejected.csv"
    assert path.read_text() == (
        "Order,Qty,_line,_codes,_reasons,_owner\n"
        "1,x,2,QTY_INVALID,Quantity is not a number,channel\n"
        "2,,3,QTY_INVALID,Quantity is not a number,channel\n"
    )


@pytest.mark.parametrize(
    ("dialect", "start"),
    [
        (
            Dialect("csv", "utf-8", ";", '"', "CRLF"),
            'Name;Note;_line;_codes;_reasons;_owner\r\nMüller;"a;b";2;'.encode(),
        ),
        (
            Dialect("csv", "cp1252", "\t", None, "LF"),
            "Name\tNote\t_line\t_codes\t_reasons\t_owner\nMüller\ta;b\t2\t".encode("cp1252"),
        ),
        (
            Dialect("excel", "utf-8"),
            "Name,Note,_line,_codes,_reasons,_owner\nMüller,a;b,2,".encode(),
        ),
    ],
)
def test_rows_are_written_as_their_drop_was(tmp_path: Path, dialect: Dialect, start: bytes) -> None:
    path = written(tmp_path, dialect, rows({"Name": ["Müller"], "Note": ["a;b"]}))
    assert path.read_bytes().startswith(start)


def test_a_utf_16_drop_is_written_as_utf_16_with_one_mark(tmp_path: Path) -> None:
    writer = RejectedWriter(tmp_path)
    for _ in range(2):
        writer.write(
            "shop", drop(), Dialect("csv", "utf-16-le", "\t", '"', "LF"), rows({"N": ["ü"]})
        )
    writer.close()
    text = (tmp_path / "shop/orders.csv.rejected.tsv").read_bytes().decode("utf-16")
    assert [line.split("\t")[0] for line in text.splitlines()] == ["N", "ü", "ü"]


def test_a_broken_row_is_told_as_it_reads(tmp_path: Path) -> None:
    broken = rows({"Order": [None]}, _raw=["1,2,3"], _fault=["ROW_LONG"])
    path = written(tmp_path, CSV, broken)
    with path.open(newline="") as file:
        assert next(csv.DictReader(file))["_reasons"].endswith("; the row reads: 1,2,3")


def test_formulas_are_guarded_and_come_back(tmp_path: Path) -> None:
    cells = ["=cmd()", "'quoted", "-12.50", "@x", "plain", "+1 (555) 0100"]
    path = written(tmp_path, CSV, rows({"Note": cells}))
    read = pl.read_csv(path, infer_schema=False)
    assert read["Note"].to_list() == [
        "'=cmd()",
        "''quoted",
        "-12.50",
        "'@x",
        "plain",
        "'+1 (555) 0100",
    ]
    assert unguarded(read.drop(OURS))["Note"].to_list() == cells


def test_two_drops_of_one_name_get_two_files(tmp_path: Path) -> None:
    writer = RejectedWriter(tmp_path)
    writer.write("shop", drop(drop_id="11" * 16), CSV, rows({"A": ["1"]}))
    writer.write("shop", drop(drop_id="22" * 16), CSV, rows({"A": ["2"]}))
    writer.write("shop", drop(drop_id="11" * 16), CSV, rows({"A": ["3"]}))
    told = {file.path: file.rows for file in writer.close()}
    assert told["shop/orders.csv.rejected.csv"] == 2
    assert told["shop/orders.csv-22222222.rejected.csv"] == 1


@pytest.mark.parametrize(
    "name", ["../../etc/passwd", "a.zip/b c.csv", ".hidden", "-rf", "ü" * 300, "..."]
)
def test_a_file_name_never_leaves_the_folder(tmp_path: Path, name: str) -> None:
    path = written(tmp_path, CSV, rows({"A": ["1"]}), name)
    assert path.parent == tmp_path / "shop"
    assert not path.name.startswith((".", "-"))


def test_exceptions_are_one_row_a_finding_and_always_there(tmp_path: Path) -> None:
    writer = RejectedWriter(tmp_path)
    one = dict.fromkeys(EXCEPTIONS, None) | {"channel": "shop", "line": 3, "value": "=1+1"}
    writer.write_exceptions(pl.DataFrame([one], schema=EXCEPTIONS))
    (file,) = writer.close()
    assert (file.path, file.rows) == ("exceptions.csv", 1)
    found = list(csv.DictReader(io.StringIO((tmp_path / "exceptions.csv").read_text())))
    assert list(found[0]) == list(EXCEPTIONS)
    assert (found[0]["line"], found[0]["value"]) == ("3", "'=1+1")
    (empty,) = RejectedWriter(tmp_path / "none").close()
    assert empty.rows == 0
