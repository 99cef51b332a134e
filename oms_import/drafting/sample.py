"""The sample a profile is drafted from: its columns, its first rows, how it is written."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

import polars as pl

from oms_import.drafting.words import known_share
from oms_import.model.codes import Code
from oms_import.model.errors import DropRejectedError, SettingError
from oms_import.model.values import HOUSEKEEPING, Dialect, Limits
from oms_import.profiles.model import FormatSpec, RowRules
from oms_import.readers.registry import reader_named, recognised
from oms_import.readers.spec import ReadSpec

ROWS = 5_000  # rows looked at: enough to tell, and quick whatever the file's size
_HEADER_ROWS = 40  # rows below the found header that may be the real one
_KNOWN = 0.6  # share of a name's words that makes it a name we know


@dataclass(frozen=True, slots=True)
class Sample:
    """Columns and rows of a file, without a profile.

    `frame` holds the columns as text, blank cells null, trimmed, and the rows' `_fault` and
    `_raw`. A reader of trees gives its paths as columns: nothing below needs to know of it.
    """

    name: str
    reader: str
    columns: tuple[str, ...]
    frame: pl.DataFrame
    dialect: Dialect | None = None
    repeated_header: bool = False
    whole: bool = True  # every row of the file is in the frame
    tables: int = 1  # sheets of the workbook
    orders: str | None = None  # of a document: the path of its orders
    lines: str | None = None  # and of their lines, below an order


def open_sample(path: Path, rows: int = ROWS) -> Sample:
    """Read the first rows of a table, or of a document's orders.

    A table's header is found by its position and its names, a document's orders by their values.

    Raises:
        SettingError: there is no such file, it cannot be read, or is neither table nor document.
    """
    try:
        return _opened(path, rows)
    except DropRejectedError as rejected:
        first = rejected.findings[0]
        raise SettingError(
            f"{path} cannot be read: {first.message} ({first.code})",
            hint=f"oms-import explain {first.code}",
            location=str(path),
        ) from rejected


def _opened(path: Path, rows: int) -> Sample:
    if not path.is_file():
        raise SettingError(f"there is no file {path}", hint="check the path", location=str(path))
    found = recognised(path, path.name)
    if found is None:
        raise SettingError(
            f"{path} is empty", hint="take a file with a few orders", location=str(path)
        )
    reader = reader_named(found[0])
    if reader.documents:
        return _document(path, reader.name, rows)
    if not reader.tables:
        raise SettingError(
            f"{path} is {found[1]}: drafts are made from tables (CSV, TSV, Excel), XML and JSON",
            hint="extend a built-in profile of that format: `oms-import profiles list`",
            location=str(path),
        )
    with TemporaryDirectory(prefix="oms-import-") as folder:
        tables = [
            _table(path, FormatSpec(reader=reader.name, sheet=sheet), Path(folder), rows)
            for sheet in _sheets(path, reader.name)
        ]
        found_rows = [one for one in tables if one.frame.height] or tables
        sample = max(found_rows, key=lambda one: _named(one.columns))
        sample = replace(sample, tables=len(tables))
    if not sample.frame.height:
        raise SettingError(
            f"{path} has no rows below its header",
            hint="take a file with a few orders",
            location=str(path),
        )
    return sample


def _document(path: Path, reader: str, rows: int) -> Sample:
    from oms_import.drafting.trees import open_tree  # noqa: PLC0415 - only documents need it

    tree = open_tree(path, reader, rows)
    return Sample(
        path.name,
        reader,
        tree.columns,
        _trimmed(tree.frame, tree.columns),
        tree.dialect,
        whole=tree.frame.height < rows,
        orders=tree.orders,
        lines=tree.lines,
    )


def _sheets(path: Path, reader: str) -> list[str | None]:
    """The sheets of a workbook; of one alone, and of all else, None: whatever there is."""
    if reader != "excel":
        return [None]
    import fastexcel  # noqa: PLC0415 - only workbooks need it

    try:
        names = fastexcel.read_excel(path).sheet_names
    except (fastexcel.FastExcelError, OSError, ValueError):
        return [None]  # the reader says why
    return list(names) if len(names) > 1 else [None]


def _table(path: Path, form: FormatSpec, scratch: Path, rows: int) -> Sample:
    """A table with its header; an empty sheet has neither rows nor columns."""
    spec = ReadSpec(form, RowRules(), frozenset())
    try:
        sample = _read(path, spec, scratch, rows)
    except DropRejectedError as error:
        empty = all(finding.code is Code.FILE_EMPTY for finding in error.findings)
        if form.sheet is None or not empty:
            raise
        return Sample(path.name, form.reader, (), pl.DataFrame())
    better = _better_header(sample)
    return (
        sample
        if better is None
        else _read(path, replace(spec, known_columns=better), scratch, rows)
    )


def sample_of(name: str, reader: str, rows: pl.DataFrame) -> Sample:
    """A sample of rows that somebody else has read; every column text."""
    columns = tuple(column for column in rows.columns if column not in HOUSEKEEPING)
    return Sample(name, reader, columns, _trimmed(rows, columns))


def _read(path: Path, spec: ReadSpec, scratch: Path, rows: int) -> Sample:
    try:
        return _first_rows(path, spec, scratch, rows)
    except DropRejectedError as error:
        if all(finding.code is not Code.HDR_DUPLICATE for finding in error.findings):
            raise
    spec = replace(spec, rows=RowRules(repeated_header="skip"))
    return replace(_first_rows(path, spec, scratch, rows), repeated_header=True)


def _first_rows(path: Path, spec: ReadSpec, scratch: Path, rows: int) -> Sample:
    source = reader_named(spec.format.reader).open(path, spec, scratch, Limits())
    parts: list[pl.DataFrame] = []
    count, whole = 0, True
    for frame in source.batches(rows):
        parts.append(frame)
        count += frame.height
        if count > rows:
            whole = False
            break
    columns = source.dialect.columns
    empty = pl.DataFrame(schema=dict.fromkeys((*columns, "_fault", "_raw"), pl.String))
    frame = pl.concat(parts).head(rows) if parts else empty
    return Sample(
        path.name,
        spec.format.reader,
        columns,
        _trimmed(frame, columns),
        source.dialect,
        whole=whole,
    )


def _trimmed(frame: pl.DataFrame, columns: tuple[str, ...]) -> pl.DataFrame:
    cells = pl.col(columns).cast(pl.String).str.strip_chars()
    kept = [name for name in ("_fault", "_raw") if name in frame.columns]
    return frame.select(pl.when(cells != "").then(cells).name.keep(), *kept)


def _better_header(sample: Sample) -> frozenset[str] | None:
    """The cells of a lower row that reads more like a header; None: there is none.

    Without a profile the first row as wide as most is the header; a report's title and its
    filters can be as wide, where a spreadsheet was saved.
    """
    best, cells = _named(sample.columns), None
    if 2 * best >= len(sample.columns):
        return None
    for row in sample.frame.head(_HEADER_ROWS).select(sample.columns).rows():
        names = [cell for cell in row if cell]
        score = _named(names)
        if score >= 3 and score > 1.5 * best:
            best, cells = score, frozenset(names)
    return cells


def _named(names: tuple[str, ...] | list[str]) -> int:
    """How many of the texts read like names of columns."""
    short = (name for name in names if len(name) <= 40 and not name.startswith("column_"))
    return sum(known_share(name) >= _KNOWN and not name.isdigit() for name in short)
