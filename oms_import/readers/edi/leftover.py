"""OTHER SEGMENTS: what no locator read, so that nothing of a message is lost.

A segment is listed whole when anything in it was not read: the second REF*DP, of which only the
first was asked for, or a BEG whose contract number no mapping wants.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl

from oms_import.model.edi import COMPONENT, FAULT_TAG, REPETITION
from oms_import.readers.edi.cells import Cells, nothing, pick
from oms_import.readers.edi.json_text import braced, joined, members
from oms_import.readers.edi.layouts import Layout
from oms_import.readers.edi.locators import Fields
from oms_import.readers.edi.loops import Ints, Scopes
from oms_import.readers.edi.names import Names


class Leftover:
    """Lists the segments of one frame that were not read; ask only after all locators were."""

    def __init__(self, cells: Cells, scopes: Scopes, layout: Layout, fields: Fields | None) -> None:
        self._cells = cells
        self._scopes = scopes
        self._layout = layout
        self._fields = fields or {}
        self._names = Names(cells, scopes, layout, fields)

    def column(self, row_of_message: Ints, row_of_line: Ints, size: int) -> pl.Series:
        """JSON arrays of `name` and `value`; null where nothing is left.

        Args:
            row_of_message: the first output row of every message.
            row_of_line: the output row of every line.
            size: how many output rows there are.
        """
        rows = self._rows()
        if not len(rows):
            return nothing(size)
        name = self._names.prefixes(rows) + self._names.labels(rows)
        keys = (pl.Series(["name"]), pl.Series(["value"]))
        item = members(list(zip(keys, (name, self._written(rows)), strict=True)), len(rows))
        line = self._scopes.line[rows]
        at = row_of_message[self._scopes.message[rows]]
        at[line >= 0] = row_of_line[line[line >= 0]]
        order = np.argsort(at, kind="stable")  # what follows the lines goes to the first row too
        listed = pick(braced(item, "{", "}"), order)
        return braced(joined(listed, at[order], size), "[", "]")

    def _rows(self) -> Ints:
        """The rows to list, in file order."""
        silent = self._layout.silent | {FAULT_TAG}
        parts = [
            self._cells.rows(tag)[self._cells.unread(tag)]
            for tag in self._scopes.tags
            if tag not in silent
        ]
        return np.sort(np.concatenate([np.empty(0, dtype=np.int64), *parts]))

    def _written(self, rows: Ints) -> pl.Series:
        """The segments as their standard writes them, without what would be empty at the end."""
        tags = self._scopes.tag[rows]
        order = np.argsort(tags, kind="stable")
        pieces = [
            self._written_of(self._scopes.tags[number], rows[order[tags[order] == number]])
            for number in np.unique(tags)
        ]
        back = np.empty(len(rows), dtype=np.uint32)
        back[order] = np.arange(len(rows), dtype=np.uint32)
        texts = pl.concat(pieces).gather(pl.Series(back, dtype=pl.UInt32))
        separated = texts.str.replace_all(COMPONENT, self._layout.component, literal=True)
        return separated.str.replace_all(REPETITION, self._layout.repetition, literal=True)

    def _written_of(self, tag: str, rows: Ints) -> pl.Series:
        at = self._cells.positions[rows]
        raw = {n: self._cells.raw(tag, n) for n in range(1, self._cells.elements + 1)}
        last = max((n for n, texts in raw.items() if texts is not None), default=0)
        columns = [pick(raw[n], at).alias(f"{n}") for n in range(1, last + 1)]
        if not columns:
            return pl.Series([tag], dtype=pl.String).new_from_index(0, len(at))
        fields = self._fields.get(tag, ())
        if fields:
            return _named(tag, fields, columns)
        filled = [pl.col(column.name).fill_null("") for column in columns]
        joined = pl.concat_str(filled, separator=self._layout.element)
        text = pl.lit(tag + self._layout.tag) + joined.str.strip_chars_end(self._layout.element)
        return pl.DataFrame(columns).select(text.alias("text")).to_series()


def _named(tag: str, fields: Sequence[str], columns: list[pl.Series]) -> pl.Series:
    """IDoc: `E1EDK14 QUALF=014 ORGID=1000`."""
    named = [
        pl.lit(f"{name}=") + pl.col(column.name)
        for name, column in zip(fields, columns, strict=False)
    ]
    joined = pl.concat_str(pl.lit(tag), *named, separator=" ", ignore_nulls=True)
    return pl.DataFrame(columns).select(joined.alias("text")).to_series()
