"""Segments to rows: one an order line, with columns named by locators.

Nothing here goes from message to message: tags are looked at one after the other, each for all
messages of the frame at once, and values are gathered by position.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl

from oms_import.model.edi import FAULT_TAG, MESSAGE, OTHER
from oms_import.model.values import POINTER
from oms_import.readers.edi.cells import Cells, nothing, pick, places_of
from oms_import.readers.edi.dates import edifact_dates, x12_dates
from oms_import.readers.edi.finder import Finder, Found
from oms_import.readers.edi.layouts import Layout, Place, layout_of
from oms_import.readers.edi.leftover import Leftover
from oms_import.readers.edi.locators import Fields, Locator, parse
from oms_import.readers.edi.loops import Ints, Scopes, scopes_of
from oms_import.readers.edi.repeats import Repeats


def rows_of(
    segments: pl.DataFrame,
    standard: str,
    locators: Sequence[str],
    *,
    fields: Fields | None = None,
    first_record: int = 1,
) -> pl.DataFrame:
    """One row an order line (a message without lines gives one row) from frames of segments.

    Args:
        segments: SEGMENTS of model.edi; with `_drop`, several drops may stand one after the
            other. With `_interchange` and `_group` the pointer names them.
        standard: x12, edifact, tradacoms, idoc.
        locators: the columns asked for; see locators.py.
        fields: IDoc: the names of the segments' fields.
        first_record: number of the first row; with `_drop`, later drops count from 1.

    Returns:
        A String column for every locator, in order; MESSAGE, OTHER SEGMENTS, the housekeeping of
        SOURCE_HOUSEKEEPING, `_pointer`, and `_drop` if it was given.

    Raises:
        ValueError: a locator is none, the standard is unknown, or IDoc fields are missing.
    """
    if standard == "idoc" and fields is None:
        raise ValueError("rows of IDocs need the names of the segments' fields")
    layout = layout_of(standard)
    wanted = [parse(text, standard, fields) for text in dict.fromkeys(locators)]
    scopes = scopes_of(segments, standard)
    return _Shaped(segments, scopes, layout, fields).frame(wanted, first_record)


class _Shaped:
    """One frame of segments and the rows it becomes."""

    def __init__(
        self, segments: pl.DataFrame, scopes: Scopes, layout: Layout, fields: Fields | None
    ) -> None:
        self._segments = segments
        self._scopes = scopes
        self._layout = layout
        self._cells = Cells(segments, scopes, layout)
        self._finder = Finder(self._cells, scopes)
        self._repeats = Repeats(self._cells, scopes, layout, fields)
        self._leftover = Leftover(self._cells, scopes, layout, fields)
        self._indices: dict[int, pl.Series] = {}  # by Found, which its finder keeps
        message_of_line = scopes.message[scopes.openers]
        alone = np.setdiff1d(np.arange(scopes.messages), message_of_line, assume_unique=False)
        order = np.argsort(np.concatenate([message_of_line, alone]), kind="stable")
        self._message = np.concatenate([message_of_line, alone])[order]
        lines = np.arange(len(scopes.openers), dtype=np.int64)
        self._line = np.concatenate([lines, np.full(len(alone), -1, dtype=np.int64)])[order]

    def frame(self, locators: Sequence[Locator], first_record: int) -> pl.DataFrame:
        columns = [self._column(locator) for locator in locators]
        return pl.DataFrame(
            [*columns, self._numbers(), self._left(), *self._housekeeping(first_record)]
        )

    def _column(self, locator: Locator) -> pl.Series:
        """A locator's values, on all rows of the message or on the line's own."""
        scope = self._line if locator.line else self._message
        if locator.leaf.kind == "repeat":
            values = pick(self._repeats.column(locator, self._finder), scope)
        elif not len(self._cells.rows(locator.steps[-1].tag)):
            values = nothing(len(scope))
        else:
            values = self._values(locator, self._finder.first(locator.steps, line=locator.line))
        return values.alias(locator.text)

    def _values(self, locator: Locator, found: Found) -> pl.Series:
        leaf, tag = locator.leaf, locator.steps[-1].tag
        values = self._beside(tag, leaf.places, found, line=locator.line)
        if leaf.kind == "date":
            beside = self._beside(tag, leaf.beside, found, line=locator.line)
            dated = edifact_dates if self._layout.places else x12_dates
            values = dated(values, beside)
        return values

    def _beside(
        self, tag: str, places: tuple[Place, ...], found: Found, *, line: bool
    ) -> pl.Series:
        """The texts of the segments found: beside the code, where each of several has its own."""
        if len(places) != found.places or not found.several:
            return self._at(tag, places[:1], found, found.at, line=line)
        result = nothing(len(self._line))
        for number, place in enumerate(places):
            at = np.where(found.which == number, found.at, -1)
            if at.max(initial=-1) >= 0 and self._cells.text(tag, place) is not None:
                taken = self._at(tag, (place,), None, at, line=line)
                result = taken.zip_with(taken.is_not_null(), result)
        return result

    def _at(
        self, tag: str, places: tuple[Place, ...], found: Found | None, at: Ints, *, line: bool
    ) -> pl.Series:
        """The texts at a place of the segments at these positions, for every output row."""
        texts = self._cells.text(tag, places[0]) if places else None
        if texts is None:
            return nothing(len(self._line))
        self._cells.mark(tag, places[0], at)
        if found is None:
            return pick(texts, self._spread(at, line=line))
        if id(found) not in self._indices:
            self._indices[id(found)] = self._spread(at, line=line)
        return pick(texts, self._indices[id(found)])

    def _spread(self, at: Ints, *, line: bool) -> pl.Series:
        """Positions of each line's or each message's segment as positions for every output row."""
        if not line:
            return places_of(at[self._message])
        return places_of(np.where(self._line >= 0, np.append(at, -1)[self._line], -1))

    def _left(self) -> pl.Series:
        first = np.searchsorted(self._message, np.arange(self._scopes.messages))
        row_of_line = np.flatnonzero(self._line >= 0)
        return self._leftover.column(first, row_of_line, len(self._message)).alias(OTHER)

    def _numbers(self) -> pl.Series:
        return self._of_message("_message").cast(pl.String).alias(MESSAGE)

    def _first_rows(self) -> Ints:
        return np.searchsorted(self._scopes.message, np.arange(self._scopes.messages))

    def _of_message(self, name: str) -> pl.Series:
        """A column's value on the first row of each message, for every output row."""
        return self._gather(name, self._first_rows()[self._message])

    def _gather(self, name: str, rows: Ints) -> pl.Series:
        return self._segments.get_column(name).gather(pl.Series(rows, dtype=pl.UInt32))

    def _housekeeping(self, first_record: int) -> list[pl.Series]:
        begin, end = self._extent()
        own = [
            self._records(first_record),
            self._gather("_line", begin).cast(pl.Int64),
            self._gather("_line", end).cast(pl.Int64).alias("_line_to"),
            self._gather("_byte_from", begin).cast(pl.Int64),
            self._gather("_byte_to", end).cast(pl.Int64),
            *self._faults(),
            pick(None, self._line).alias("_raw"),
            self._pointer(begin),
        ]
        return [*own, self._of_message("_drop")] if "_drop" in self._segments.columns else own

    def _extent(self) -> tuple[Ints, Ints]:
        """First and last row of each output row's segments: the line's, or the message's."""
        scopes = self._scopes
        last_of_line = np.zeros(len(scopes.openers), dtype=np.int64)
        in_line = np.flatnonzero(scopes.line >= 0)
        last_of_line[scopes.line[in_line]] = in_line  # the last one written stays
        first = self._first_rows()
        last = np.append(first[1:], len(scopes.message))[: len(first)] - 1
        lead = self._segments.get_column("_segment").fill_null(0).to_numpy() == 0
        body = np.minimum(first + np.add.reduceat(lead, first), last) if len(first) else first
        has_line = self._line >= 0
        line = np.maximum(self._line, 0)
        if not len(scopes.openers):
            return body[self._message], last[self._message]
        return (
            np.where(has_line, scopes.openers[line], body[self._message]),
            np.where(has_line, last_of_line[line], last[self._message]),
        )

    def _records(self, first_record: int) -> pl.Series:
        size = len(self._message)
        count = np.arange(size, dtype=np.int64)
        if "_drop" not in self._segments.columns or not size:
            return pl.Series("_record", count + first_record, dtype=pl.Int64)
        drop = self._of_message("_drop").to_numpy()
        fresh = np.ones(size, dtype=np.bool_)
        fresh[1:] = drop[1:] != drop[:-1]
        begin = np.maximum.accumulate(np.where(fresh, count, 0))
        offset = np.where(begin == 0, first_record, 1)
        return pl.Series("_record", count - begin + offset, dtype=pl.Int64)

    def _faults(self) -> list[pl.Series]:
        """The first fault of each message, on all its rows."""
        rows = self._cells.rows(FAULT_TAG)
        at = np.full(self._scopes.messages, -1, dtype=np.int64)
        at[self._scopes.message[rows[::-1]]] = np.arange(len(rows), dtype=np.int64)[::-1]
        of_row = at[self._message]
        return [
            pick(self._cells.text(FAULT_TAG, Place(1)), of_row).alias("_fault"),
            pick(self._cells.text(FAULT_TAG, Place(2)), of_row).alias("_fault_value"),
        ]

    def _pointer(self, begin: Ints) -> pl.Series:
        """`interchange 1, group 1, message 3, segment 7 (PO1)`, as far as it is known."""
        names = {"interchange": "_interchange", "group": "_group"}
        known = {key: name for key, name in names.items() if name in self._segments.columns}
        parts = [pl.format(f"{key} {{}}, ", name).fill_null("") for key, name in known.items()]
        place = pl.format("message {}, segment {} ({})", "_message", "_segment", "tag")
        wanted = [*known.values(), "_message", "_segment", "tag"]
        here = self._segments.select(wanted)[pl.Series(begin, dtype=pl.UInt32)]
        return here.select(pl.concat_str(*parts, place).alias(POINTER)).to_series()
