"""One block of records to a frame: the cells by Polars, faulty rows marked."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import polars as pl

from oms_import.model.codes import Code
from oms_import.readers.csv_scan import Flags, Ints, Records, Syntax, field_counts
from oms_import.readers.header import Header

RAW_LIMIT = 64 * 1024
_UNIT, _RECORD, _RETURN = 0x1F, 0x1E, 0x02  # control bytes: the text is known to have none


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a block stands in the text."""

    offset: int  # of its first byte
    line: int  # physical line of its first byte, from 1
    final: bool  # the text ends with it


@dataclass(frozen=True, slots=True)
class Shape:
    """What the rows of a file are measured by."""

    header: Header
    syntax: Syntax
    field_bytes: int


def frame_of(block: bytes, records: Records, shape: Shape, origin: Origin) -> pl.DataFrame:
    """The records as a frame: source columns (String, empty is null) and all of `_line` … `_raw`.

    Rows that are broken carry ROW_SHORT, ROW_LONG, FIELD_TOO_LARGE or FILE_TRUNCATED in `_fault`.
    `_record` is not there yet.
    """
    cells, whole = _cells(block, records, shape)
    faults = Faults(records.count)
    if records.count:
        if not whole:
            _mark_width(faults, block, records, shape, origin.final)
        _mark_large(faults, records, shape, cells)
    if Code.FIELD_TOO_LARGE in faults.codes.values():
        cells = _without_large(cells, shape.field_bytes)
    return cells.hstack([*_places(records, origin), *faults.columns(block, records)])


def text_of(block: bytes, start: int, end: int) -> str:
    """A record's text, capped; never cut inside a character."""
    return block[start : min(end, start + RAW_LIMIT)].decode("utf-8", "ignore")


def texts_of(block: bytes, records: Records) -> pl.Series:
    """Every record's text."""
    import pyarrow as pa  # noqa: PLC0415 only files with footers need it

    last = int(records.ends[-1]) if records.count else 0
    bounds = np.append(records.starts, max(records.consumed, last)).astype(np.int64)
    texts = pa.LargeStringArray.from_buffers(
        records.count, pa.py_buffer(bounds), pa.py_buffer(block)
    )
    return pl.Series(pl.from_arrow(texts)).str.strip_chars_end("\r\n")


def _places(records: Records, origin: Origin) -> list[pl.Series]:
    return [
        pl.Series("_line", records.lines + origin.line),
        pl.Series("_line_to", records.last_lines + origin.line),
        pl.Series("_byte_from", records.starts + origin.offset),
        pl.Series("_byte_to", records.ends + origin.offset),
    ]


def _cells(block: bytes, records: Records, shape: Shape) -> tuple[pl.DataFrame, bool]:
    """The source's columns; rows with fewer fields end in nulls, further fields are left out.

    Returns also whether it is sure that every row has as many fields as the header.
    """
    schema = pl.Schema(dict.fromkeys(shape.header.names, pl.String()))
    if records.count == 0:
        return pl.DataFrame(schema=schema), True
    cells, exact = None, False
    if records.quotes is None or not records.quotes.literal:
        cells = _plainly(block, records, shape, schema, ragged=False)
        exact = cells is not None
        if cells is None:
            cells = _plainly(block, records, shape, schema, ragged=True)
    if cells is None or cells.height != records.count:
        cells, exact = _rewritten(block, records, shape, schema), False
    if cells.height != records.count:
        msg = f"{cells.height} rows read of {records.count} records"
        raise RuntimeError(msg)
    whole = exact and _is_whole(block, records, shape, cells)
    if records.quotes is not None and records.quotes.empty:
        cells = cells.with_columns(_nulled(name) for name in schema)
    return cells, whole


def _is_whole(block: bytes, records: Records, shape: Shape, cells: pl.DataFrame) -> bool:
    """Whether it is sure that no row is short, without counting: far cheaper, and mostly true.

    Polars fills a short row with nulls. A row that has all its cells ends in as many delimiters as
    it has empty cells at its end; a short one has more nulls there than delimiters.
    """
    width = shape.header.width
    last = cells.to_series(width - 1)
    if last.null_count() == 0:
        return True
    if width != cells.width:
        return False
    data = np.frombuffer(block, np.uint8)
    rows = last.is_null().arg_true().to_numpy()
    for behind in range(1, width):
        ends = records.ends[rows] - behind
        if (ends < records.starts[rows]).any() or (data[ends] != shape.syntax.delimiter).any():
            return False
        empty = cells.to_series(width - 1 - behind).is_null().to_numpy()
        rows = rows[empty[rows]]
        if not rows.size:
            return True
    return False


def _nulled(name: str) -> pl.Expr:
    """Empty text as null."""
    return pl.when(pl.col(name) != "").then(pl.col(name)).alias(name)


def _plainly(
    block: bytes, records: Records, shape: Shape, schema: pl.Schema, *, ragged: bool
) -> pl.DataFrame | None:
    """As the bytes stand, where every quote is one that Polars reads alike.

    None where Polars refuses them: rows with more fields than columns, unless `ragged`.
    """
    body = memoryview(block)[: records.consumed]
    if records.bare_cr.size:
        feeds = np.frombuffer(body, np.uint8).copy()
        feeds[records.bare_cr] = ord("\n")
        body = feeds.data
    syntax = shape.syntax
    quote = None if syntax.quote is None else chr(syntax.quote)
    try:
        return _read(body, schema, chr(syntax.delimiter), "\n", quote, ragged=ragged)
    except pl.exceptions.PolarsError:
        return None


def _read(
    body: memoryview | bytes,
    schema: pl.Schema,
    separator: str,
    end: str,
    quote: str | None,
    *,
    ragged: bool,
) -> pl.DataFrame:
    """Polars' own reading; a first row of our own fixes the number of columns."""
    first = "x" + separator * (len(schema) - 1) + end
    last = b"" if bytes(body[-1:]) == end.encode() else end.encode()
    frame = pl.read_csv(
        b"".join((first.encode(), body, last)),
        has_header=False,
        schema=schema,
        infer_schema=False,
        separator=separator,
        quote_char=quote,
        eol_char=end,
        truncate_ragged_lines=ragged,
    )
    return frame.slice(1)


def _rewritten(block: bytes, records: Records, shape: Shape, schema: pl.Schema) -> pl.DataFrame:
    """With separators that no text holds, and without the quotes that are no text."""
    _, delimiters, _ = field_counts(block, records, shape.syntax)
    data = np.frombuffer(block, np.uint8)[: records.consumed].copy()
    kept = np.ones(len(data), np.bool_)
    data[data == ord("\r")] = _RETURN
    data[delimiters] = _UNIT
    stops = records.ends[records.ends < len(data)]
    pairs = _pairs(block, stops)
    kept[stops[pairs]] = False
    data[stops + pairs] = _RECORD
    if records.quotes is not None:
        dropped = records.quotes.positions[records.quotes.dropped]
        kept[dropped[dropped < len(data)]] = False
    body = data[kept].tobytes()
    cells = _read(body, schema, chr(_UNIT), chr(_RECORD), None, ragged=True)
    if bytes((_RETURN,)) in body:
        back = pl.col(schema.names()).str.replace_all(chr(_RETURN), "\r", literal=True)
        cells = cells.with_columns(back)
    return cells


def _pairs(block: bytes, stops: Ints) -> Flags:
    """Which of the record ends are CRLF (the offset is that of the CR)."""
    data = np.frombuffer(block, np.uint8)
    after = data[np.minimum(stops + 1, len(data) - 1)]
    return (data[stops] == ord("\r")) & (after == ord("\n")) & (stops + 1 < len(data))


@dataclass(frozen=True, slots=True)
class Faults:
    """Broken rows of a block by their position."""

    count: int  # rows of the block
    codes: dict[int, Code] = field(default_factory=dict[int, Code])
    values: dict[int, str] = field(default_factory=dict[int, str])

    def columns(self, block: bytes, records: Records) -> list[pl.Series]:
        """`_fault`, `_fault_value` and `_raw`, null where a row is sound."""
        names = ("_fault", "_fault_value", "_raw")
        if not self.codes:
            return [pl.Series(n, [None], pl.String).new_from_index(0, self.count) for n in names]
        codes: list[str | None] = [None] * self.count
        values, raw = codes.copy(), codes.copy()
        for row, code in self.codes.items():
            codes[row] = str(code)
            values[row] = self.values[row]
            raw[row] = text_of(block, int(records.starts[row]), int(records.ends[row]))
        filled = zip(names, (codes, values, raw), strict=True)
        return [pl.Series(name, column, pl.String) for name, column in filled]


def _mark_width(faults: Faults, block: bytes, records: Records, shape: Shape, final: bool) -> None:
    """Mark rows with fewer or more fields than the header."""
    counts, delimiters, first = field_counts(block, records, shape.syntax)
    columns = len(shape.header.names)
    length = records.ends - records.starts
    short = np.flatnonzero((counts < shape.header.width) & (length > counts - 1))
    long = _long(block, records, shape, counts, delimiters, first)
    for row in (*short.tolist(), *long.tolist()):
        faults.codes[row] = Code.ROW_SHORT if counts[row] < columns else Code.ROW_LONG
        faults.values[row] = f"{counts[row]} fields instead of {columns}"
    last = records.count - 1
    cut = final and records.broken is None and int(records.ends[last]) == len(block)
    if cut and faults.codes.get(last) is Code.ROW_SHORT:
        faults.codes[last] = Code.FILE_TRUNCATED
        faults.values[last] += ", and no line break after it"


def _long(
    block: bytes, records: Records, shape: Shape, counts: Ints, delimiters: Ints, first: Ints
) -> Ints:
    """Rows with more fields than the header of which one is filled."""
    columns = len(shape.header.names)
    longer = np.flatnonzero(counts > columns)
    if not longer.size:
        return longer
    extra = delimiters[first[longer] + columns - 1]
    bare = records.ends[longer] - extra == counts[longer] - columns
    rest = [
        row
        for row, begin in zip(longer[~bare].tolist(), extra[~bare].tolist(), strict=True)
        if block[begin : int(records.ends[row])].strip(_hollow(shape.syntax))
    ]
    return np.array(rest, np.int64)


def _hollow(syntax: Syntax) -> bytes:
    """The bytes of cells without content."""
    quote = b"" if syntax.quote is None else bytes((syntax.quote,))
    return bytes((syntax.delimiter,)) + quote + b" \t"


def _mark_large(faults: Faults, records: Records, shape: Shape, cells: pl.DataFrame) -> None:
    """Mark rows of which a cell is larger than the limit."""
    limit = shape.field_bytes
    rows = np.flatnonzero(records.ends - records.starts > limit)
    for row in rows.tolist():
        for name in cells.columns:
            size = len((cells[name][row] or "").encode())
            if size > limit:
                faults.codes[row] = Code.FIELD_TOO_LARGE
                faults.values[row] = f"{name} has {size} bytes, the limit is {limit}"


def _without_large(cells: pl.DataFrame, limit: int) -> pl.DataFrame:
    fits = [
        pl.when(pl.col(n).str.len_bytes() <= limit).then(pl.col(n)).alias(n) for n in cells.columns
    ]
    return cells.with_columns(fits)
