"""Excel workbooks (.xlsx, .xls) as a Source, every cell as text.

The cells come from fastexcel (calamine) as strings: whole numbers without `.0` and exactly up to 15
digits (all that Excel itself keeps; longer ones are EXCEL_DAMAGE), dates as ISO 8601, `true`/
`false`, text untouched, so leading zeros in text cells stay. Its limits: the whole sheet is in
memory; numbers are rounded to 9 decimals; a number's display format is not applied (a zip shown as
02134 but stored as 2134 is 2134); merged cells have their value in the first cell only; a date
without a time is told from midnight only by its column (all midnight: dates); in .xls error cells
(#REF!) are empty, in .xlsx they are text.
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import fastexcel
import polars as pl

from oms_import.model.codes import Code
from oms_import.model.edi import Envelopes
from oms_import.model.errors import DropRejectedError
from oms_import.model.finding import Finding, Location
from oms_import.model.values import Dialect, Limits, Shaping
from oms_import.readers.excel_errors import error_cells
from oms_import.readers.excel_numbers import shortened, told_by_row, told_of_others
from oms_import.readers.header import Header, Match, best_header, folded, missing_columns
from oms_import.readers.rows import Sieve
from oms_import.readers.spec import ReadSpec

_ROWS = 100  # rows looked at for the header
_RATIO_FROM = 64 << 20
_OLE = b"\xd0\xcf\x11\xe0"
_MIDNIGHT = r"^\d{4}-\d\d-\d\d 00:00:00$"
_DATE = r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d"


def open_excel(path: Path, spec: ReadSpec, scratch: Path, limits: Limits) -> ExcelSource:  # noqa: ARG001
    """Open a workbook and read the sheet that has the orders.

    Raises:
        DropRejectedError: FILE_UNREADABLE, ARCHIVE_BOMB, SHEET_MISSING, HDR_MISSING, FILE_EMPTY.
    """
    with path.open("rb") as file:
        zipped = not file.read(4).startswith(_OLE)
    if zipped:
        _refuse_bomb(path, limits)
    book = _book(path)
    sheet = _sheet(book, path if zipped else None, spec)
    return ExcelSource(sheet, spec)


@dataclass(frozen=True, slots=True)
class _Sheet:
    """A sheet as text, row 1 of the frame being row 1 of the sheet."""

    name: str
    rows: pl.DataFrame
    match: Match | None
    long: dict[int, pl.Series]  # by column: which cells are numbers of more than 15 digits


@dataclass(slots=True)
class _Pass:
    sieve: Sieve
    findings: list[Finding] = field(default_factory=list[Finding])


class ExcelSource:
    """A sheet opened for reading; see model.values.Source. `_line` is the sheet's row number."""

    shape: Shaping | None = None
    envelopes: Envelopes | None = None

    def __init__(self, sheet: _Sheet, spec: ReadSpec) -> None:
        self._name = sheet.name
        self._spec = spec
        match = sheet.match
        if match is None:
            raise DropRejectedError([Finding(Code.FILE_EMPTY, detail=f"sheet {sheet.name}")])
        row = -match.row
        given = bool(spec.format.header)
        rows = _without_hollow(sheet.rows, row)
        self._header = Header.of(spec.format.header if given else rows.row(row))
        self._header_line = None if given else row + 1
        self._refuse_missing()
        first = row if given else row + 1
        long = {at: flag for at, flag in sheet.long.items() if at < len(self._header.names)}
        ours = {at for at in long if self._is_read(self._header.names[at])}
        self._others = told_of_others(self._header.names, long, first, ours)
        self._rows = self._table(rows, first, {at: long[at] for at in ours})
        self._pass = _Pass(Sieve(self._header, spec))

    def _refuse_missing(self) -> None:
        finding = missing_columns(self._header, self._spec)
        if finding is not None:
            where = Location(line=self._header_line)
            detail = f"sheet {self._name}; {finding.detail}"
            raise DropRejectedError(
                [Finding(finding.code, finding.field, None, detail, None, where)]
            )

    def _is_read(self, name: str) -> bool:
        return folded(name) in {folded(known) for known in self._spec.known_columns}

    def _table(self, rows: pl.DataFrame, first: int, long: dict[int, pl.Series]) -> pl.DataFrame:
        """The rows below the header, with their places and faults."""
        names = self._header.names
        body = rows.slice(first)
        missing = [pl.lit(None, pl.String).alias(name) for name in names[body.width :]]
        body = body.select(body.columns[: len(names)])
        body = body.rename(dict(zip(body.columns, names, strict=False))).with_columns(missing)
        line = pl.int_range(first + 1, first + body.height + 1, dtype=pl.Int64)
        nothing = [pl.lit(None, pl.Int64).alias(n) for n in ("_byte_from", "_byte_to")]
        sound = [pl.lit(None, pl.String).alias(n) for n in ("_fault", "_fault_value", "_raw")]
        places = (line.alias("_line"), line.alias("_line_to"), *nothing, *sound)
        body = body.with_columns(places)
        return body.with_columns(told_by_row(body, long, first)) if long else body

    @property
    def dialect(self) -> Dialect:
        """Sheet and header; after the last batch also the footers' count."""
        return Dialect(
            format="excel",
            encoding="unicode",
            header_line=self._header_line,
            sheet=self._name,
            columns=self._header.names,
            stated_count=self._pass.sieve.stated,
        )

    @property
    def findings(self) -> list[Finding]:
        """HDR_REPEATED_NAME, EXCEL_DAMAGE of unread columns; after the last batch FILE_NO_ROWS."""
        return [*self._header.findings, *self._others, *self._pass.findings]

    def batches(self, rows: int) -> Iterator[pl.DataFrame]:
        """Frames of at most `rows` rows; see model.values.Source.batches.

        Raises:
            DropRejectedError: HDR_DUPLICATE, FOOTER_COUNT.
        """
        self._pass = _Pass(Sieve(self._header, self._spec))
        for begin in range(0, self._rows.height, max(1, rows)):
            part = self._rows.slice(begin, rows)
            kept = self._pass.sieve.sift(part, lambda part=part: self._texts(part))
            if kept.height:
                yield kept
        if self._pass.sieve.records == 0:
            self._pass.findings.append(Finding(Code.FILE_NO_ROWS))

    def _texts(self, rows: pl.DataFrame) -> pl.Series:
        """The rows as lines of text, cells joined by commas, for footer rules."""
        cells = pl.col(self._header.names).fill_null("")
        return rows.select(pl.concat_str(cells, separator=",").str.strip_chars_end(",")).to_series()


def _refuse_bomb(path: Path, limits: Limits) -> None:
    """A workbook is a ZIP too: look at what it announces before it is unpacked."""
    try:
        with zipfile.ZipFile(path) as archive:
            size = sum(info.file_size for info in archive.infolist())
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        raise _unreadable(str(error)) from error
    ratio = size / max(1, path.stat().st_size)
    if size > limits.archive_bytes or (size > _RATIO_FROM and ratio > limits.archive_ratio):
        detail = f"the workbook unpacks to {size} bytes, {ratio:.0f} times its size"
        raise DropRejectedError([Finding(Code.ARCHIVE_BOMB, detail=detail)])


def _unreadable(detail: str) -> DropRejectedError:
    return DropRejectedError([Finding(Code.FILE_UNREADABLE, detail=detail)])


def _book(path: Path) -> fastexcel.ExcelReader:
    """The workbook; what the library cannot open is unreadable, whatever its way of saying so."""
    try:
        return fastexcel.read_excel(path)
    except (fastexcel.FastExcelError, OSError, ValueError) as error:
        raise _unreadable(_why(path, str(error))) from error


def _why(path: Path, error: str) -> str:
    """The library's first line, or that the workbook is encrypted."""
    with path.open("rb") as file:
        head = file.read(1 << 20)
    if head.startswith(_OLE) and "EncryptedPackage".encode("utf-16-le") in head:
        return "the workbook is encrypted; save it without a password"
    if "password" in error.casefold() or "encrypt" in error.casefold():
        return "the workbook is encrypted; save it without a password"
    return error.splitlines()[0] if error else "the workbook is damaged"


def _sheet(book: fastexcel.ExcelReader, zipped: Path | None, spec: ReadSpec) -> _Sheet:
    """The sheet that the profile names, or the first that has the header."""
    wanted = spec.format.sheet
    names = list(book.sheet_names)
    if wanted is not None:
        same = [name for name in names if name.strip().casefold() == wanted.strip().casefold()]
        if not same:
            detail = f"it has {', '.join(names)}"
            raise DropRejectedError([Finding(Code.SHEET_MISSING, value=wanted, detail=detail)])
        return _loaded(book, same[0], zipped, spec)
    best: _Sheet | None = None
    for name in names:
        sheet = _loaded(book, name, zipped, spec)
        if sheet.match is not None and _has_header(sheet.match, spec):
            return sheet
        if best is None or best.match is None or (sheet.match and sheet.match > best.match):
            best = sheet
    if best is None:
        raise _unreadable("the workbook has no sheets")
    return best


def _has_header(match: Match, spec: ReadSpec) -> bool:
    expects = bool(spec.known_columns or spec.required_columns) and not spec.format.header
    return match.complete and match.known > 0 if expects else True


def _loaded(book: fastexcel.ExcelReader, name: str, zipped: Path | None, spec: ReadSpec) -> _Sheet:
    try:
        sheet = book.load_sheet(name, header_row=None, skip_rows=0, dtypes="string")
        rows = _cleaned(sheet.to_polars())
        long = shortened(book, name, rows)
    except (fastexcel.FastExcelError, OSError, ValueError) as error:
        raise _unreadable(f"sheet {name}: {str(error).splitlines()[0]}") from error
    if zipped is not None and rows.height:
        rows = _with_errors(rows, error_cells(zipped, name))
    head = [tuple(row) for row in rows.head(_ROWS).rows()]
    return _Sheet(name, rows, _match(head, spec), long)


def _match(head: list[tuple[str | None, ...]], spec: ReadSpec) -> Match | None:
    if not spec.format.header:
        return best_header(head, spec)
    filled = next((i for i, row in enumerate(head) if any(row)), None)
    return None if filled is None else Match(True, 0, True, 1.0, len(spec.format.header), -filled)


def _cleaned(rows: pl.DataFrame) -> pl.DataFrame:
    """Text columns, empty as null; columns whose date-times are all midnight as dates."""
    rows = rows.select(pl.all().cast(pl.String))
    rows = rows.with_columns(
        pl.when(pl.col(name) != "").then(pl.col(name)).alias(name) for name in rows.columns
    )
    if rows.is_empty():
        return rows
    timed = pl.all().str.contains(_DATE).sum() == pl.all().str.contains(_MIDNIGHT).sum()
    dates = [name for name, only in rows.select(timed).row(0, named=True).items() if only]
    day = pl.col(dates).str.replace(r"^(\d{4}-\d\d-\d\d) 00:00:00$", "$1")
    return rows.with_columns(day) if dates else rows


def _with_errors(rows: pl.DataFrame, errors: dict[tuple[int, int], str]) -> pl.DataFrame:
    """Put error values (#REF!) back, which the library leaves empty.

    Its first column is the first that is used anywhere, so the shift is found by the sheet's range.
    """
    by_column: dict[int, dict[int, str]] = {}
    for (row, column), text in errors.items():
        by_column.setdefault(column, {})[row] = text
    for column, texts in by_column.items():
        if column >= rows.width:
            continue
        name = rows.columns[column]
        cells = rows[name].to_list()
        for row, text in texts.items():
            if row < len(cells) and cells[row] is None:
                cells[row] = text
        rows = rows.with_columns(pl.Series(name, cells, pl.String))
    return rows


def _without_hollow(rows: pl.DataFrame, header: int) -> pl.DataFrame:
    """Leave out trailing columns that have neither a header nor a cell."""
    keep = rows.width
    while keep > 1:
        column = rows.to_series(keep - 1)
        if column[header] is not None or column.null_count() < rows.height:
            break
        keep -= 1
    return rows.select(rows.columns[:keep])
