"""Where segments stand: array work over blocks of bytes, no object a segment.

A piece is what stands between two terminators; it is a segment when something is left of it without
the blanks and line ends before it. A header (ISA) begins a piece wherever it stands, so that an
unterminated IEA before it, or junk, stays apart.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import zip_longest

import numpy as np
import numpy.typing as npt
import polars as pl

from oms_import.model.edi import COMPONENT, REPETITION, element
from oms_import.readers.edi.leading import Leads
from oms_import.readers.edi.ranks import ranks

Bytes = npt.NDArray[np.uint8]
Places = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

BLANKS = b" \t\r\n\x1a\x00"
"""What may stand before a tag: padding, line ends, Ctrl-Z and NUL at the end of a file."""

NOWHERE: Places = np.empty(0, np.int64)
_STAND_INS = (0x1D, 0x1C, *range(1, 9), *range(14, 28))
_BLOCK = 4 << 20
_FEW = 1 << 13
_PIECE = 64 << 20  # a segment longer than that has no terminator
_STEPS = 64  # blanks before a tag that are skipped all at once
_LF, _CR = 10, 13


@dataclass(frozen=True, slots=True)
class Syntax:
    """The bytes that an interchange is cut with."""

    element: int
    terminator: int
    component: int | None
    repetition: int | None

    @property
    def cutting(self) -> tuple[int, int]:
        """What ends elements and segments."""
        return self.element, self.terminator

    def blank(self) -> npt.NDArray[np.bool_]:
        """Byte → whether it may stand before a tag."""
        table = np.zeros(256, np.bool_)
        table[np.frombuffer(BLANKS, np.uint8)] = True
        table[[self.element, self.terminator]] = False
        return table


@dataclass(frozen=True, slots=True)
class Pieces:
    """The pieces of a stretch of bytes, offsets as those of the whole."""

    starts: Places  # of the tag; equal to `ends` where there is nothing
    ends: Places  # of the terminator, or of what is left without one
    leading: int  # line ends before tags
    terminated: bool  # whether the last piece is

    def filled(self) -> Mask:
        """Which pieces are segments."""
        return self.starts < self.ends


def pieces(data: Bytes, begin: int, end: int, syntax: Syntax, heads: Places) -> Pieces:
    """Cut bytes into pieces.

    Parameters:
        heads: where ISA headers begin, ascending.
    """
    terms = np.flatnonzero(data[begin:end] == syntax.terminator) + begin
    heads = heads[(heads > begin) & (heads < end)]
    after = terms + 1
    if len(heads):
        at = np.searchsorted(terms, heads)
        terms, after = np.insert(terms, at, heads), np.insert(after, at, heads)
    last = int(after[-1]) if len(after) else begin
    if last < end:
        terms, after = np.append(terms, end), np.append(after, end)
    starts = np.concatenate((np.array([begin], np.int64), after[:-1])) if len(after) else after
    leading = _skip_blanks(data, starts, terms, syntax.blank())
    if len(heads) or last < end:
        open_ends = np.flatnonzero(after == terms)
        _drop_blanks(data, starts, terms, open_ends)
    return Pieces(starts, terms, leading, terminated=last == end)


def _skip_blanks(data: Bytes, starts: Places, ends: Places, blank: npt.NDArray[np.bool_]) -> int:
    """Move starts over blanks; how many line ends were passed."""
    rows = np.flatnonzero(starts < ends)
    passed = 0
    for _ in range(_STEPS):
        first = data[starts[rows]]
        skipped = blank[first]
        rows = rows[skipped]
        if not len(rows):
            return passed
        passed += _line_ends(first[skipped])
        starts[rows] += 1
        rows = rows[starts[rows] < ends[rows]]
    characters = bytes(np.flatnonzero(blank).astype(np.uint8))
    for row in rows.tolist():
        passed += _skip_long(data, starts, row, int(ends[row]), characters)
    return passed


def _skip_long(data: Bytes, starts: Places, row: int, end: int, blank: bytes) -> int:
    """One start moved over blanks without number."""
    passed, at = 0, int(starts[row])
    while at < end:
        chunk = data[at : min(end, at + 65536)].tobytes()
        kept = len(chunk.lstrip(blank))
        passed += _line_ends(np.frombuffer(chunk[: len(chunk) - kept], np.uint8))
        at += len(chunk) - kept
        if kept:
            break
    starts[row] = at
    return passed


def _line_ends(values: Bytes) -> int:
    return int(np.count_nonzero(values == _LF)) + int(np.count_nonzero(values == _CR))


def _drop_blanks(data: Bytes, starts: Places, ends: Places, rows: Places) -> None:
    """Move the ends of pieces without terminator back over blanks."""
    for row in rows.tolist():
        begin, end = int(starts[row]), int(ends[row])
        while begin < end:
            chunk = data[max(begin, end - 65536) : end].tobytes()
            kept = len(chunk.rstrip(BLANKS))
            end -= len(chunk) - kept
            if kept:
                break
        ends[row] = end


def stretches(data: Bytes, begin: int, end: int, terminator: int) -> Iterator[tuple[int, int]]:
    """Stretches of some megabytes that end after a terminator, the last one anyhow."""
    while begin < end:
        size = _BLOCK
        while True:
            stop = min(end, begin + size)
            cut = _last(data, begin, stop, terminator)
            if stop == end or cut is not None or size >= _PIECE:
                break
            size *= 2
        stop = end if stop == end else (cut or stop)
        yield begin, stop
        begin = stop


def _last(data: Bytes, begin: int, stop: int, terminator: int) -> int | None:
    """The offset after the last terminator."""
    while begin < stop:
        first = max(begin, stop - 4096)
        at = data[first:stop].tobytes().rfind(terminator)
        if at >= 0:
            return first + at + 1
        stop = first
    return None


def breaks(data: Bytes, begin: int, end: int) -> Places:
    """Where lines end (the last byte of CRLF, LF or a lone CR)."""
    block = data[begin:end]
    feeds = np.flatnonzero(block == _LF)
    if (block == _CR).any():
        returns = np.flatnonzero(block == _CR)
        following = data[np.minimum(returns + begin + 1, len(data) - 1)]
        lone = (following != _LF) | (returns + begin + 1 >= len(data))
        feeds = np.sort(np.concatenate((feeds, returns[lone])))
    return feeds + begin


def line_breaks_before(data: Bytes, end: int) -> int:
    """How many lines end before an offset."""
    return sum(
        len(breaks(data, begin, min(end, begin + _BLOCK))) for begin in range(0, end, _BLOCK)
    )


def positions(groups: Places) -> Places:
    """Positions from 1 among those of the same group, which stand together."""
    count = np.arange(len(groups))
    begins = np.ones(len(groups), np.bool_)
    begins[1:] = groups[1:] != groups[:-1]
    return count - np.maximum.accumulate(np.where(begins, count, 0)) + 1


def parsed(
    data: Bytes, found: Pieces, syntax: Syntax, kept: Mask, led: tuple[Places, Places, Leads]
) -> pl.DataFrame:
    """tag and e01 … of some pieces: components and repetitions joined as the model has them.

    Parameters:
        kept: which of the pieces.
        led: where messages begin, the first one with the first piece, as offset and as piece, and
            the rows to read in front of each.
    """
    begins, rows, leads = led
    begin, end = int(begins[0]), int(found.ends[-1])
    block = data[begin:end]
    width = max(2, _width(block, begin, found, syntax, kept))
    raw = block.tobytes() + bytes([syntax.terminator])
    readable = _readable(raw, syntax)
    table = _table(syntax, readable)
    if any(code in raw for code in range(256) if table[code] != code):
        raw = raw.translate(table)
    raw = leads.before(raw, (begins - begin).tolist(), *readable.cutting)
    frame = cells(raw, readable, width)
    if not kept.all():
        frame = frame.filter(pl.Series(np.insert(kept, np.repeat(rows, leads.counts), True)))
    names = {"e00": "tag", **{f"e{place:02}": element(place) for place in range(1, width)}}
    if bool((found.starts[1:] != found.ends[:-1] + 1).any()):
        frame = frame.with_columns(pl.col("e00").str.strip_chars_start(BLANKS.decode()))
    return frame.rename(names)


def _width(block: Bytes, begin: int, found: Pieces, syntax: Syntax, kept: Mask) -> int:
    """Elements of the longest of some pieces, its tag included."""
    # No separator stands between the end of a piece and the tag of the next one.
    counts = np.diff(ranks(block == syntax.element, found.ends - begin), prepend=0)
    return int(counts[kept].max(initial=0)) + 1


def _readable(raw: bytes, syntax: Syntax) -> Syntax:
    """Delimiters that do not meet the characters which will join components and repetitions."""
    joining = {ord(COMPONENT), ord(REPETITION)}
    taken = {syntax.element, syntax.terminator, syntax.component, syntax.repetition, *joining}
    if not joining & {syntax.element, syntax.terminator}:
        return syntax
    free = [code for code in _STAND_INS if code not in taken and bytes([code]) not in raw]
    one, other = free[:2]
    return replace(
        syntax,
        element=one if syntax.element in joining else syntax.element,
        terminator=other if syntax.terminator in joining else syntax.terminator,
    )


def _table(syntax: Syntax, readable: Syntax) -> bytes:
    table = bytearray(range(256))
    table[syntax.element] = readable.element
    table[syntax.terminator] = readable.terminator
    if syntax.component is not None:
        table[syntax.component] = ord(COMPONENT)
    if syntax.repetition is not None:
        table[syntax.repetition] = ord(REPETITION)
    return bytes(table)


def cells(text: bytes, syntax: Syntax, width: int) -> pl.DataFrame:
    """Terminated pieces as rows of `width` String columns e00 …; empty is null, more is cut off.

    Every piece is a row, also an empty one. The bytes are UTF-8 and begin
    with a tag (Polars would take x^ for a compressed file).
    """
    if len(text) < _FEW:
        return _few_cells(text.decode(), syntax, width)
    return pl.read_csv(
        text,
        has_header=False,
        separator=chr(syntax.element),
        eol_char=chr(syntax.terminator),
        quote_char=None,
        schema={f"e{place:02}": pl.String for place in range(width)},
        missing_columns="insert",
        extra_columns="ignore",
        truncate_ragged_lines=True,
        infer_schema=False,
    )


def _few_cells(text: str, syntax: Syntax, width: int) -> pl.DataFrame:
    """The same as `cells` for little text, for which Polars' reader takes longer to start."""
    separator, terminator = chr(syntax.element), chr(syntax.terminator)
    pieces_ = text.removesuffix(terminator).split(terminator)
    rows = [piece.split(separator)[:width] for piece in pieces_]
    columns = list(zip_longest(*rows))
    columns += [(None,) * len(rows)] * (width - len(columns))
    names = (f"e{place:02}" for place in range(width))
    return pl.DataFrame(
        {
            # The reader drops a CR at the end of a cell.
            name: [cell.removesuffix("\r") or None if cell else None for cell in column]
            for name, column in zip(names, columns, strict=True)
        },
        schema_overrides={f"e{place:02}": pl.String for place in range(width)},
    )


def copied(data: Bytes, starts: Places, ends: Places, terminator: int) -> bytes:
    """Some pieces one after the other, each terminated."""
    lengths = ends - starts + 1
    stops = np.cumsum(lengths)
    index = np.arange(int(stops[-1]) if len(stops) else 0, dtype=np.int64)
    index += np.repeat(starts - (stops - lengths), lengths)
    text = data[np.minimum(index, len(data) - 1)]
    text[stops - 1] = terminator
    return text.tobytes()
