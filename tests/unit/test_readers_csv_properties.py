"""What must hold for any delimited file: it is read back exactly, and nothing vanishes."""

from __future__ import annotations

import csv
import io
import re
import tempfile
from dataclasses import dataclass
from pathlib import Path

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from oms_import.model.errors import DropRejectedError
from oms_import.model.values import HOUSEKEEPING, Limits, Source
from oms_import.profiles.model import FormatSpec, RowRules
from oms_import.readers.registry import reader_named
from oms_import.readers.spec import ReadSpec

BREAK = re.compile("\r\n|\r|\n")
CALM = settings(max_examples=250, deadline=None)

plain = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), max_size=6)
tricky = st.text(st.sampled_from('",;|\t\n\r\'" aä€x'), max_size=8)
western = st.text(st.sampled_from('",;|\n éàüx'), max_size=8)


@dataclass(frozen=True)
class Written:
    data: bytes
    rows: list[list[str]]
    places: list[tuple[int, int, int, int]]
    delimiter: str
    columns: tuple[str, ...]


@st.composite
def written(draw: st.DrawFn) -> Written:
    """A table written by Python's csv module in some dialect, encoding and line end."""
    encoding = draw(st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-32", "cp1252"]))
    cell = western if encoding == "cp1252" else st.one_of(plain, tricky)
    width = draw(st.integers(2, 5))
    body = draw(st.lists(st.lists(cell, min_size=width - 1, max_size=width - 1), max_size=8))
    rows = [[f"r{number}", *row] for number, row in enumerate(body)]
    delimiter = draw(st.sampled_from(",;|\t"))
    end = draw(st.sampled_from(["\n", "\r\n", "\r"]))
    broken = any("\n" in c or "\r" in c for row in rows for c in row)
    quoting = csv.QUOTE_ALL if broken or draw(st.booleans()) else csv.QUOTE_MINIMAL
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=delimiter, lineterminator=end, quoting=quoting)
    columns = tuple(f"Column {number}" for number in range(width))
    writer.writerow(columns)
    places: list[tuple[int, int, int, int]] = []
    for row in rows:
        before = out.getvalue()
        writer.writerow(row)
        record = out.getvalue()[len(before) :].removesuffix(end)
        line = 1 + len(BREAK.findall(before))
        start = len(before.encode())
        last = line + len(BREAK.findall(record))
        places.append((line, last, start, start + len(record.encode())))
    text = out.getvalue()
    if draw(st.booleans()):
        text = text.removesuffix(end)
    return Written(text.encode(encoding), rows, places, delimiter, columns)


def opened(
    data: bytes, delimiter: str, folder: str, block: int = 0, columns: tuple[str, ...] = ()
) -> Source:
    read = ReadSpec(
        FormatSpec.model_validate({"delimiter": delimiter}),
        RowRules.model_validate({}),
        frozenset(columns),
        tuple((name,) for name in columns),
    )
    path = Path(folder) / "drop.csv"
    path.write_bytes(data)
    limits = Limits(extra={"csv_block_bytes": block} if block else {})
    return reader_named("csv").open(path, read, Path(folder), limits)


def frame(source: Source, rows: int = 1000) -> pl.DataFrame:
    frames = list(source.batches(rows))
    if not frames:
        return pl.DataFrame(
            schema=dict.fromkeys((*source.dialect.columns, *HOUSEKEEPING), pl.String)
        )
    return pl.concat(frames)


@CALM
@given(written(), st.sampled_from([0, 1, 7, 64]), st.integers(1, 9), st.booleans())
def test_what_was_written_is_read_back(table: Written, block: int, rows: int, auto: bool) -> None:
    with tempfile.TemporaryDirectory() as folder:
        source = opened(
            table.data, "auto" if auto and table.rows else table.delimiter, folder, block
        )
        if source.dialect.delimiter != table.delimiter:
            return  # the cells themselves look like another delimiter's
        read = frame(source, rows)
    assert read["_fault"].drop_nulls().to_list() == []
    assert read.drop(HOUSEKEEPING).rows() == [tuple(c or None for c in row) for row in table.rows]
    got = read.select("_line", "_line_to", "_byte_from", "_byte_to").rows()
    assert got == table.places
    assert read["_record"].to_list() == list(range(1, len(table.rows) + 1))


@CALM
@given(written(), st.data())
def test_damage_never_loses_a_row_silently(table: Written, data: st.DataObject) -> None:
    damaged, at = data.draw(damages(table.data))
    block = data.draw(st.sampled_from([0, 1, 50]))
    with tempfile.TemporaryDirectory() as folder:
        try:
            source = opened(damaged, table.delimiter, folder, block, table.columns)
            read = frame(source)
        except DropRejectedError:
            return  # told as a whole
        encoding = source.dialect.encoding
        line = source.dialect.header_line or 0
    text = damaged.decode(encoding).removeprefix("\ufeff").encode()
    begin = _after_line(text.decode(), line)
    assert hollow(gaps(text, begin, read), table.delimiter)
    if encoding in {"utf-8", "utf-8-sig"} and line == 1:
        shift = 3 if encoding == "utf-8-sig" else 0
        before = [
            (*place, *(c or None for c in row))
            for place, row in zip(table.places, table.rows, strict=True)
            if place[3] + shift < at
        ]
        columns = [name for name in read.columns if name not in HOUSEKEEPING]
        got = read.head(len(before)).select("_line", "_line_to", "_byte_from", "_byte_to", *columns)
        assert got.rows() == before
        assert read.head(len(before))["_fault"].drop_nulls().to_list() == []


@st.composite
def damages(draw: st.DrawFn, data: bytes) -> tuple[bytes, int]:
    """The bytes cut off, or with one of them changed, and where."""
    at = draw(st.integers(0, max(0, len(data) - 1)))
    if draw(st.booleans()):
        return data[:at], at
    byte = draw(st.sampled_from(b'",;x\n\r\x00\xc3\xff') | st.integers(0, 255))
    return data[:at] + bytes([byte]) + data[at + 1 :], at


def _after_line(text: str, line: int) -> int:
    """Offset in bytes after the header, which may itself have been given line breaks."""
    ends = [found.end() for found in BREAK.finditer(text)]
    return len(text[: ends[line - 1]].encode()) if 0 < line <= len(ends) else len(text.encode())


def gaps(text: bytes, begin: int, read: pl.DataFrame) -> bytes:
    """The bytes of the text that no row covers."""
    left = b""
    for start, end in zip(read["_byte_from"].to_list(), read["_byte_to"].to_list(), strict=True):
        left += text[begin:start]
        begin = max(begin, end)
    return left + text[begin:]


def hollow(text: bytes, delimiter: str) -> bool:
    return not text.decode(errors="replace").replace(delimiter, "").replace('"', "").strip()
