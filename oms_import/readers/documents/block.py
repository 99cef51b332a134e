"""Blocks of orders as frames, the fast way: all orders of a block at once."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from oms_import.model.documents import DOCUMENT, OTHER_LINE_VALUES, OTHER_VALUES
from oms_import.model.values import POINTER, SOURCE_HOUSEKEEPING
from oms_import.readers.documents.columns import Columns, owners, pick
from oms_import.readers.documents.left_over import told
from oms_import.readers.documents.nodes import Ints, Nodes
from oms_import.readers.documents.paths import NAME
from oms_import.readers.documents.pick import Picker, Row
from oms_import.readers.documents.tree import Node


@dataclass(frozen=True, slots=True)
class Block:
    """Some orders of a file, one after the other."""

    nodes: Nodes
    pointers: Sequence[str]  # of each order
    names: Sequence[str] | None  # of each order its element's own name, where it is asked for
    outsides: Sequence[Node]  # what surrounds the orders, see source.Found
    outside: Ints  # of each order: which of them


class BlockRows:
    """Makes frames of blocks: columns of paths, DOCUMENT, OTHER VALUES …, housekeeping."""

    def __init__(self, inside: Picker, outside: Picker) -> None:
        self._inside = inside
        self._outside = outside

    def frame(self, block: Block, document: int, record: int) -> pl.DataFrame:
        """The rows of a block; `document` and `record` are the first order's and row's numbers."""
        rows = _Rows(block, pick(self._inside, block.nodes), self._inside)
        around, left = self._around(block)
        order = rows.order
        spread = [
            *rows.columns(self._inside.order_paths, rows.found.order, order),
            *rows.columns(self._inside.line_paths, rows.found.line, rows.line),
            *(one.gather(block.outside[order]) for one in around),
            pl.Series(DOCUMENT, order + document).cast(pl.String),
            *rows.told(left),
            *rows.housekeeping(record),
        ]
        return pl.DataFrame(spread)

    def _around(self, block: Block) -> tuple[list[pl.Series], pl.Series]:
        """The values around the orders, and members of OTHER VALUES; of each of `outsides`."""
        values: list[Row] = []
        left: list[str | None] = []
        for root in block.outsides:
            picked = self._outside.pick(root)
            values.append(picked.order)
            members = [{"name": f"/{name}", "value": value} for name, value in picked.left]
            left.append(json.dumps(members, ensure_ascii=False)[1:-1] or None)
        names = self._outside.order_paths
        cells = zip(*values, strict=True) if names else ()
        columns = [
            pl.Series(name, [cell or None for cell in column], dtype=pl.String)
            for name, column in zip(names, cells, strict=True)
        ]
        return columns, pl.Series(left, dtype=pl.String)


class _Rows:
    """The rows of a block: of each order its lines, or one row where it has none."""

    def __init__(self, block: Block, found: Columns, picker: Picker) -> None:
        self._block = block
        self._picker = picker
        self.found = found
        nodes = block.nodes
        self._order_of_line = nodes.order[found.lines]
        count = np.bincount(self._order_of_line, minlength=len(nodes.roots))
        self.order: Ints = np.repeat(np.arange(len(count)), np.maximum(count, 1))
        self._first = np.r_[True, self.order[1:] != self.order[:-1]]
        has = count[self.order] > 0
        self.line: Ints = np.where(has, np.cumsum(has) - 1, -1)  # -1: the order has none

    def columns(
        self, names: Sequence[str], found: Sequence[Ints | pl.Series], rows: Ints
    ) -> list[pl.Series]:
        """Columns of what was found of orders or lines, for the rows."""
        return [
            self._column(name, one, rows).alias(name)
            for name, one in zip(names, found, strict=True)
        ]

    def _column(self, name: str, found: Ints | pl.Series, rows: Ints) -> pl.Series:
        own = self._block.names
        if name == NAME and own is not None:
            return pl.Series(own, dtype=pl.String).gather(self.order)
        if isinstance(found, pl.Series):
            return _gathered(found, rows)
        missing = len(self._block.nodes.path)  # `shown` is null there
        if not len(found) or (found < 0).all():
            return pl.Series([None], dtype=pl.String).new_from_index(0, len(rows))
        place = np.where(rows < 0, -1, found[rows])
        return self._block.nodes.shown.gather(np.where(place < 0, missing, place))

    def told(self, around: pl.Series) -> list[pl.Series]:
        """OTHER VALUES on each order's first row, OTHER LINE VALUES on each line's."""
        nodes, joint = self._block.nodes, self._picker.joint
        lines = nodes.marked(self.found.lines)
        left = self.found.left
        owner = owners(nodes, self.found.lines)[left]
        of_order, of_line = left[owner < 0], left[owner >= 0]
        mine = told(nodes, of_order, nodes.order[of_order], lines, joint)
        every = pl.DataFrame({"owner": np.arange(len(nodes.roots))})
        mine = every.join(mine, on="owner", how="left", maintain_order="left")["members"]
        both = pl.select(
            pl.concat_str(
                mine, around.gather(self._block.outside), separator=", ", ignore_nulls=True
            )
        ).to_series()
        place = np.where(self._first, self.order, -1)
        its = told(nodes, of_line, owner[owner >= 0], lines, joint)
        every = pl.DataFrame({"owner": np.arange(len(self.found.lines))})
        its = every.join(its, on="owner", how="left", maintain_order="left")["members"]
        return [
            _listed(_gathered(both, place)).alias(OTHER_VALUES),
            _listed(_gathered(its, self.line)).alias(OTHER_LINE_VALUES),
        ]

    def housekeeping(self, record: int) -> list[pl.Series]:
        """Where the rows stand in the file."""
        nodes, height = self._block.nodes, len(self.order)
        of_order = nodes.line[nodes.roots][self.order]
        line = of_order
        if len(self.found.lines):
            own = nodes.line[self.found.lines][self.line]
            line = np.where((self.line < 0) | (own < 0), of_order, own)
        values = {"_record": np.arange(record, record + height), "_line": line, "_line_to": line}
        own = [
            pl.Series(name, values[name], dtype=dtype)
            if name in values
            else pl.Series(name, [None], dtype=dtype).new_from_index(0, height)
            for name, dtype in SOURCE_HOUSEKEEPING.items()
        ]
        return [*own, self._pointers()]

    def _pointers(self) -> pl.Series:
        whole = pl.Series(self._block.pointers, dtype=pl.String).gather(self.order)
        place = np.arange(len(self.order))
        first = np.maximum.accumulate(np.where(self._first, place, 0))
        number = pl.Series(place - first + 1).cast(pl.String)
        suffix = pl.select(pl.concat_str(pl.lit(", line "), number)).to_series()
        suffix = suffix.set(pl.Series(self.line < 0), "")
        return (whole + suffix).alias(POINTER)


def _gathered(texts: pl.Series, places: Ints) -> pl.Series:
    """Texts at places; -1: null."""
    longer = pl.concat([texts, pl.Series([None], dtype=pl.String)], rechunk=True)
    return longer.gather(np.where(places < 0, len(longer) - 1, places))


def _listed(members: pl.Series) -> pl.Series:
    """Members as a JSON list; none: null."""
    frame = members.to_frame("m")
    text = pl.concat_str(pl.lit("["), "m", pl.lit("]"))
    return frame.select(pl.when(pl.col("m") != "").then(text)).to_series()
