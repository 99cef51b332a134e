"""Rows that lead a message (its envelope, what is said of it), written in front of its text.

Sorting such rows in between segments copies every column of a batch. A tokenizer that reads text in
bulk writes them where they stand instead, and reads them along.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from oms_import.model.edi import element

Header = Sequence[tuple[str, Sequence[str | None]]]
"""Segments around a message, outermost first: tag and elements (components joined by COMPONENT)."""

Places = npt.NDArray[np.int64]
Column = npt.NDArray[Any]

_CONTROL = re.compile(r"[\x00-\x1d\x7f]")  # all but what joins components and repetitions


@dataclass(frozen=True, slots=True)
class Leads:
    """The leading rows of some messages."""

    headers: Sequence[Header]  # of each message
    counts: Places  # rows of each

    @classmethod
    def of(cls, messages: pl.DataFrame, headers: Mapping[int, Header] | None) -> Leads:
        """Those of messages, by their groups; None: nothing leads them."""
        groups = messages.get_column("group").to_list()
        chosen: list[Header] = [() if headers is None else headers[group] for group in groups]
        return cls(chosen, np.array([len(header) for header in chosen], np.int64))

    def part(self, begin: int, end: int) -> Leads:
        """Those of some messages that follow each other."""
        return Leads(self.headers[begin:end], self.counts[begin:end])

    @property
    def width(self) -> int:
        """Elements of the longest row."""
        distinct = {id(header): header for header in self.headers}.values()
        return max((len(cells) for header in distinct for _, cells in header), default=0)

    def before(self, raw: bytes, places: Sequence[int], element: int, terminator: int) -> bytes:
        """The text with each message's leading rows in front of it.

        Parameters:
            places: where each message begins in `raw`.
        """
        if not self.counts.any():
            return raw
        known: dict[int, bytes] = {}
        view = memoryview(raw)  # slices of it are no copies
        parts: list[bytes | memoryview] = [view[: places[0]]]
        for header, (begin, end) in zip(self.headers, pairwise([*places, len(raw)]), strict=True):
            text = known.get(id(header))
            if text is None:
                text = known[id(header)] = _text(header, element, terminator)
            parts += (text, view[begin:end])
        return b"".join(parts)

    def framed(
        self,
        columns: Mapping[str, Column],
        frame: pl.DataFrame,
        rows: Places,
        numbers: Column,
        lines: Places,
    ) -> pl.DataFrame:
        """SEGMENTS and e01 … with leading rows.

        Parameters:
            columns: where segments stand (the leading columns of SEGMENTS).
            frame: tag and elements of `before`.
            rows: the first row of each message, leading ones left out.
            numbers: of each message.
            lines: each message's first.
        """
        if not self.counts.any():
            return pl.DataFrame(dict(columns)).hstack(frame)
        at = np.repeat(rows, self.counts)
        leading: dict[str, Column | int] = {
            "_message": np.repeat(numbers, self.counts),
            "_line": np.repeat(lines, self.counts),
        }
        places = pl.DataFrame(
            {name: np.insert(values, at, leading.get(name, 0)) for name, values in columns.items()}
        )
        nowhere = pl.col("_byte_from", "_byte_to")
        places = places.with_columns(pl.when(pl.col("_segment") > 0).then(nowhere))
        more = self.beyond(frame.width - 1, rows, frame.height)
        return places.hstack(frame).hstack(more)

    def beyond(self, width: int, rows: Places, height: int) -> list[pl.Series]:
        """Elements that only leading rows have, as columns: reading them costs of every row.

        Parameters:
            width: elements of the segments.
            rows: the first row of each message, leading ones left out.
            height: rows in all.
        """
        if width >= self.width:
            return []
        table: list[Sequence[str | None]] = []
        known: dict[int, int] = {}
        for header in self.headers:
            if id(header) not in known:
                known[id(header)] = len(table)
                table += (cells for _, cells in header)
        count = np.arange(int(self.counts.sum()))
        within = count - np.repeat(np.cumsum(self.counts) - self.counts, self.counts)
        starts = np.array([known[id(header)] for header in self.headers], np.int64)
        chosen = pl.Series((np.repeat(starts, self.counts) + within).astype(np.uint32))
        at = np.repeat(rows, self.counts) + count
        nothing = pl.repeat(None, height, dtype=pl.String, eager=True)
        return [
            nothing.scatter(at, _column(table, place).gather(chosen)).alias(element(place + 1))
            for place in range(width, self.width)
        ]


def _column(rows: Sequence[Sequence[str | None]], place: int) -> pl.Series:
    """The elements at a place, from 0."""
    cells = [cells[place] if place < len(cells) else None for cells in rows]
    return pl.Series(cells, dtype=pl.String)


def is_plain(headers: Mapping[int, Header], marks: Iterable[str] = ()) -> bool:
    """Whether rows can be written as text: no cell is empty or holds one of these characters."""
    distinct = {id(segment): segment for header in headers.values() for segment in header}
    return all(_is_plain(cell, marks) for _, cells in distinct.values() for cell in cells)


def _is_plain(cell: str | None, marks: Iterable[str]) -> bool:
    if cell is None:
        return True
    return bool(cell) and not _CONTROL.search(cell) and not any(mark in cell for mark in marks)


def _text(header: Header, element: int, terminator: int) -> bytes:
    rows = (chr(element).join((tag, *(cell or "" for cell in cells))) for tag, cells in header)
    return "".join(row + chr(terminator) for row in rows).encode()
