"""The structure of delimited text: where records begin and end, and where a quote goes wrong.

The grammar is RFC 4180, read leniently where nothing can be mistaken: a quote is only special at
the beginning of a field; anywhere else in an unquoted field it is text (`5" pipe`). A quoted field
ends at a quote before a delimiter, a line break or the end; two quotes in it are one. A quote in a
quoted field before anything else is a fault: from there on nothing is sure.

All of it is array work on blocks of bytes: no step per record.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_LF, _CR = 10, 13
_CACHE = 1 << 18  # bytes that stay in the processor's cache while they are compared

Bytes = NDArray[np.uint8]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Syntax:
    """Delimiter and quote as byte values; quote None: quotes are text."""

    delimiter: int
    quote: int | None


@dataclass(frozen=True, slots=True)
class Break:
    """Where the quoting goes wrong."""

    record: int  # offset of the record in which the quote was opened
    quote: int  # offset of the opening quote
    at: int | None  # offset of the stray quote; None: never closed


@dataclass(frozen=True, slots=True)
class Quotes:
    """What the quotes of a block turned out to be."""

    positions: Ints  # of all quotes
    toggles: Flags  # those that open or close a field
    dropped: Flags  # those that are no text: openers, closers, one of each pair
    regular: bool  # every quote opens or closes, each where it may
    literal: bool  # some stand in unquoted fields, which a common parser takes amiss
    empty: bool  # some field is quoted and empty
    inside: bool  # a field is open at the end
    broken: tuple[int, int] | None  # offsets of an opening quote and the stray one after it


@dataclass(frozen=True, slots=True)
class Records:
    """The records of a block; offsets from the block's first byte."""

    starts: Ints
    ends: Ints  # without the line break
    lines: Ints  # line breaks before the record, from the block's first byte
    last_lines: Ints  # the same for its last line
    consumed: int  # where the next block begins
    line_breaks: int  # in the consumed part
    quotes: Quotes | None
    broken: Break | None
    crlf: int  # records that end so
    lf: int
    bare_cr: Ints  # offsets of the line breaks that are a lone CR

    @property
    def count(self) -> int:
        """Number of records."""
        return len(self.starts)


def scan(block: bytes, syntax: Syntax, final: bool) -> Records:
    """Find the records of a block that begins at a record.

    Args:
        block: bytes of UTF-8 text without control bytes.
        syntax: delimiter and quote.
        final: the text ends here; else an unfinished last record is left for the next block.
    """
    data = np.frombuffer(block, np.uint8)
    returns = _lone_returns(data) if b"\r" in block else np.empty(0, np.int64)
    if syntax.quote is None or syntax.quote not in block:
        breaks = _merged(positions_of(data, _LF), returns)
        return _records(data, breaks, breaks, None, final)
    at = positions_of(data, _LF, syntax.quote)
    is_quote = data[at] == syntax.quote
    quotes = _quotes(data, at[is_quote], syntax.delimiter)
    feeds = at[~is_quote]
    breaks = _merged(feeds, returns)
    if returns.size:
        toggles = quotes.positions[quotes.toggles]
        inside = (np.searchsorted(toggles, breaks) & 1).astype(np.bool_)
    else:
        inside = _inside(is_quote, quotes)[~is_quote]
    return _records(data, breaks, breaks[~inside], quotes, final)


def field_counts(block: bytes, records: Records, syntax: Syntax) -> tuple[Ints, Ints, Ints]:
    """Fields of each record.

    Returns:
        Fields of each record; offsets of all delimiters between fields; for each record the index
        of its first delimiter there.
    """
    data = np.frombuffer(block, np.uint8)[: records.consumed]
    if records.quotes is None:
        delimiters = positions_of(data, syntax.delimiter)
    else:
        at = positions_of(data, syntax.delimiter, syntax.quote or 0)
        is_quote = data[at] == syntax.quote
        delimiters = at[~(_inside(is_quote, records.quotes) | is_quote)]
    first = np.searchsorted(delimiters, records.starts)
    after = np.searchsorted(delimiters, records.ends)
    return after - first + 1, delimiters, first


def positions_of(data: Bytes, *values: int) -> Ints:
    """Offsets of all bytes that have one of the values, ascending."""
    found: list[Ints] = []
    hit = np.empty(min(_CACHE, len(data)), np.bool_)
    other = np.empty_like(hit)
    for begin in range(0, len(data), _CACHE):
        part = data[begin : begin + _CACHE]
        mask = np.equal(part, values[0], out=hit[: len(part)])
        for value in values[1:]:
            np.logical_or(mask, np.equal(part, value, out=other[: len(part)]), out=mask)
        at = np.flatnonzero(mask)
        if begin:
            at += begin
        found.append(at)
    return np.concatenate(found) if found else np.empty(0, np.int64)


def _lone_returns(data: Bytes) -> Ints:
    """Offsets of every CR without a LF: old-style line breaks."""
    returns = positions_of(data, _CR)
    return returns[_next(data, returns) != _LF]


def _merged(feeds: Ints, returns: Ints) -> Ints:
    return np.sort(np.concatenate((feeds, returns)), kind="stable") if returns.size else feeds


def _next(data: Bytes, at: Ints) -> Bytes:
    """The byte after each offset; after the last one a LF."""
    if at.size and at[-1] == len(data) - 1:
        return np.append(data[at[:-1] + 1], np.uint8(_LF if data[at[-1]] != _CR else 0))
    return data[at + 1]


def _previous(data: Bytes, at: Ints) -> Bytes:
    """The byte before each offset; before the first one a LF."""
    before = data[at - 1]
    if at.size and at[0] == 0:
        before[0] = _LF
    return before


def _separates(values: Bytes, delimiter: int) -> Flags:
    return (values == delimiter) | (values == _LF) | (values == _CR)


def _inside(is_quote: Flags, quotes: Quotes) -> Flags:
    """Which of some positions stand in a quoted field, given which of them are the quotes.

    There may be fewer quotes than were found, when the positions end earlier.
    """
    toggled = is_quote
    if not quotes.regular:
        toggled = is_quote.copy()
        toggled[is_quote] = quotes.toggles[: int(np.count_nonzero(is_quote))]
    return np.logical_xor.accumulate(toggled)


def _quotes(data: Bytes, at: Ints, delimiter: int) -> Quotes:
    """What each quote is: opening, closing, half of a pair, or text."""
    pair = np.diff(at) == 1  # this quote and the next one touch
    return _regular(data, at, delimiter, pair) or _irregular(data, at, delimiter, pair)


def _regular(data: Bytes, at: Ints, delimiter: int, pair: Flags) -> Quotes | None:
    """The common case: quotes open and close in turn, each where it may; None: they do not."""
    openers, closers = at[0::2], at[1::2]
    opens = _separates(_previous(data, openers), delimiter)
    closes = _separates(_next(data, closers), delimiter)
    halves = np.append(False, pair[1::2])[: len(openers)]  # it follows a closer at once: a pair
    doubled = np.append(pair[1::2], False)[: len(closers)]
    if not ((opens | halves).all() and (closes | doubled).all()):
        return None
    dropped = np.ones(len(at), np.bool_)
    dropped[0::2] = ~halves
    whole = len(closers)
    empty = bool((pair[0::2] & opens[:whole] & closes).any())
    toggles = np.ones(len(at), np.bool_)
    return Quotes(at, toggles, dropped, True, False, empty, len(at) % 2 == 1, None)


def _irregular(data: Bytes, at: Ints, delimiter: int, pair: Flags) -> Quotes:
    """Any quotes, as a chain of functions on two states (outside, inside), one a run of quotes.

    From outside a run opens a field if it stands at its beginning, else it is text. Inside, an odd
    run closes the field, an even one is text. So a run keeps the state, swaps it, or (odd, not at a
    beginning) sets it to outside: the state before a run is the parity of swaps since the last set.
    """
    opens = _separates(_previous(data, at), delimiter)
    closes = _separates(_next(data, at), delimiter)
    first = np.flatnonzero(np.append(True, ~pair))
    length = np.diff(np.append(first, len(at)))
    odd = (length & 1).astype(np.bool_)
    begins, ends = opens[first], closes[first + length - 1]
    swaps = np.cumsum(begins & odd)
    sets = np.maximum.accumulate(np.where(odd & ~begins, np.arange(len(first)) + 1, 0))
    since = swaps - np.where(sets > 0, swaps[np.maximum(sets, 1) - 1], 0)
    after = (since & 1).astype(np.bool_)
    before = np.append(False, after[:-1])
    text = ~before & ~begins
    kept = np.where(text, length, np.where(before, length // 2, (length - 1) // 2))
    number = np.arange(len(at)) - np.repeat(first, length)
    dropped = number < np.repeat(length - kept, length)
    toggles = np.zeros(len(at), np.bool_)
    toggles[first] = before != after
    shut = (before & odd) | (~before & begins & ~odd)
    wrong = np.flatnonzero(shut & ~ends)
    empty = bool((~before & begins & (length == 2)).any())
    broken = None
    if wrong.size:
        stray = int(wrong[0])
        earlier = np.flatnonzero(~before[:stray] & after[:stray])
        opener = int(earlier[-1]) if before[stray] else stray
        broken = (int(at[first[opener]]), int(at[first[stray] + length[stray] - 1]))
    literal = bool(text.any())
    return Quotes(at, toggles, dropped, False, literal, empty, bool(after[-1]), broken)


def _records(
    data: Bytes, breaks: Ints, outside: Ints, quotes: Quotes | None, final: bool
) -> Records:
    """Records between the line breaks that stand outside quotes."""
    size = len(data)
    limit = size
    opened: tuple[int, int | None] | None = None
    if quotes is not None and quotes.broken is not None:
        opened = quotes.broken
    elif quotes is not None and quotes.inside and final:
        toggles = quotes.positions[quotes.toggles]
        opened = (int(toggles[-1]), None)
    broken = None
    if opened is not None:
        number = int(np.searchsorted(outside, opened[0]))
        limit = int(outside[number - 1]) + 1 if number else 0
        outside = outside[:number]
        broken = Break(limit, *opened)
    if not final and outside.size and outside[-1] == size - 1 and data[-1] == _CR:
        outside = outside[:-1]  # its LF may follow in the next block
    starts = np.append(0, outside + 1)
    tail = int(starts[-1])
    ends, crlf, bare = _ends(data, outside)
    if final and broken is None and tail < size:
        ends = np.append(ends, size)
        limit = size
    else:
        starts, limit = starts[:-1], tail
    same = len(breaks) == len(outside)  # no line breaks in fields: record and line count alike
    index = np.arange(len(starts)) if same else np.searchsorted(breaks, starts)
    return Records(
        starts=starts,
        ends=ends,
        lines=index,
        last_lines=index if same else np.searchsorted(breaks, ends),
        consumed=limit,
        line_breaks=int(np.searchsorted(breaks, limit)),
        quotes=quotes,
        broken=broken,
        crlf=crlf,
        lf=len(outside) - crlf - len(bare),
        bare_cr=bare,
    )


def _ends(data: Bytes, outside: Ints) -> tuple[Ints, int, Ints]:
    """Ends of the records, how many end in CRLF, and the lone CRs."""
    returns = data[outside] == _CR
    before = _previous(data, outside) if outside.size else data[:0]
    pairs = (before == _CR) & ~returns
    return outside - pairs, int(np.count_nonzero(pairs)), outside[returns]
