"""What segments are called: `REF[ZZ]`, `N1[ST].PER[IC]`, as a locator would name them."""

from __future__ import annotations

import numpy as np
import polars as pl

from oms_import.readers.edi.cells import Cells, pick
from oms_import.readers.edi.layouts import Coded, Layout
from oms_import.readers.edi.locators import Fields, coded_of
from oms_import.readers.edi.loops import Ints, Scopes


class Names:
    """Names for the segments of one frame."""

    def __init__(
        self, cells: Cells, scopes: Scopes, layout: Layout, fields: Fields | None = None
    ) -> None:
        self._cells = cells
        self._scopes = scopes
        self._layout = layout
        self._fields = fields

    def coded(self, tag: str) -> Coded | None:
        """Where a segment that is no line's opener has its code and its usual value."""
        if tag in self._layout.lines:
            return None
        coded = coded_of(tag, self._layout, self._fields)
        return coded if coded is not None and coded.codes else None

    def code(self, tag: str, at: Ints) -> pl.Series | None:
        """The codes of the segments of a tag at these positions; None if the tag has none."""
        coded = self.coded(tag)
        return None if coded is None else pick(self._cells.text(tag, coded.codes[0]), at)

    def labels(self, rows: Ints) -> pl.Series:
        """`REF[ZZ]` for each of these rows."""
        tags = self._scopes.tag[rows]
        order = np.argsort(tags, kind="stable")
        pieces = [pl.Series([], dtype=pl.String)]
        for number in np.unique(tags):
            tag = self._scopes.tags[number]
            at = self._cells.positions[rows[order[tags[order] == number]]]
            pieces.append(_labelled(tag, self.code(tag, at), len(at)))
        back = np.empty(len(rows), dtype=np.uint32)
        back[order] = np.arange(len(rows), dtype=np.uint32)
        return pl.concat(pieces).gather(pl.Series(back, dtype=pl.UInt32))

    def prefixes(self, rows: Ints, within: Ints | None = None) -> pl.Series:
        """`N1[ST].` for each of these rows: the openers around it, each with a point behind.

        Args:
            rows: rows of the frame.
            within: for each row the opener to stop at, left out itself.
        """
        prefix = pl.Series([""], dtype=pl.String).new_from_index(0, len(rows))
        stop = np.full(len(rows), -1, dtype=np.int64) if within is None else within
        around = np.where(rows == stop, -1, self._scopes.parent[rows])
        around = np.where(around == stop, -1, around)
        while len(around) and around.max() >= 0:
            openers = np.unique(around[around >= 0])
            labels = self.labels(openers) + "."
            at = np.where(around >= 0, np.searchsorted(openers, around), -1)
            prefix = pick(labels, at).fill_null("") + prefix
            around = np.where(around >= 0, self._scopes.parent[around], -1)
            around = np.where(around == stop, -1, around)
        return prefix


def _labelled(tag: str, codes: pl.Series | None, size: int) -> pl.Series:
    plain = pl.Series([tag], dtype=pl.String).new_from_index(0, size)
    if codes is None:
        return plain
    return (tag + "[" + codes + "]").fill_null(tag)
