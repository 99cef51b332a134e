"""The elements of many orders as columns: the same tree as documents.tree, without its objects.

A node is an element, an attribute or a member; nodes stand in the document's order, each before
those inside it. Everything is numpy and Polars, so that questions are asked of all orders at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, TypeAlias

import numpy as np
import polars as pl
import pyarrow as pa

Ints: TypeAlias = "np.ndarray[Any, np.dtype[np.int64]]"
Bools: TypeAlias = "np.ndarray[Any, np.dtype[np.bool_]]"


class Odd(Exception):  # noqa: N818 - no error: a sign to read the slow way
    """The text has something that is read element by element."""


@dataclass(slots=True)
class Paths:
    """The ways of names that occur: each a name below another way; 0 is the order itself."""

    names: list[str] = field(default_factory=lambda: [""])
    above: list[int] = field(default_factory=lambda: [-1])
    _known: dict[tuple[int, str], int] = field(default_factory=dict[tuple[int, str], int])

    def below(self, path: int, name: str) -> int:
        """The way of a name below a way, made if there is none."""
        known = self._known.get((path, name))
        if known is None:
            known = self._known[path, name] = len(self.names)
            self.names.append(name)
            self.above.append(path)
        return known

    def find(self, path: int, name: str) -> int | None:
        """The way of a name below a way, if it occurs."""
        return self._known.get((path, name))


@dataclass(frozen=True)
class Nodes:
    """The nodes of some orders. All arrays have one entry a node."""

    paths: Paths
    path: Ints
    parent: Ints  # -1: an order
    number: Ints  # from 0 among those of its name in its parent
    end: Ints  # behind the last node inside it
    text: pl.Series  # its own text (String), or null
    there: Bools  # neither empty nor null
    element: Bools  # more than a text: attributes, members or elements stand in it
    line: Ints  # in the file, from 1; -1: unknown

    @cached_property
    def roots(self) -> Ints:
        """The orders."""
        return np.flatnonzero(self.parent < 0)

    @cached_property
    def order(self) -> Ints:
        """Of each node the order it stands in, from 0."""
        return np.cumsum(self.parent < 0) - 1

    @cached_property
    def told(self) -> Bools:
        """Whether a node has a text of its own, perhaps an empty one."""
        return self.text.is_not_null().to_numpy()

    @cached_property
    def filled(self) -> Bools:
        """Whether a node has a text of its own that is not empty."""
        return (self.text.str.len_bytes() > 0).fill_null(value=False).to_numpy()

    @cached_property
    def shown(self) -> pl.Series:
        """The texts as values of columns: none is empty; one null behind the last, for -1."""
        texts = self.text.set(pl.Series(self.told & ~self.filled), None)
        return pl.concat([texts, pl.Series([None], dtype=pl.String)], rechunk=True)

    @cached_property
    def _by_path(self) -> list[Ints]:
        sorted_by = np.argsort(self.path, kind="stable")
        counts = np.bincount(self.path, minlength=len(self.paths.names))
        return np.split(sorted_by, np.cumsum(counts)[:-1])

    def of_path(self, path: int) -> Ints:
        """The nodes of a way, in the document's order."""
        return self._by_path[path]

    def below(self, path: int, chosen: Ints | None, name: str) -> tuple[int, Ints]:
        """The way of a name below a way, and its nodes in the chosen ones (None: in all)."""
        inner = self.paths.find(path, name)
        if inner is None:
            return -1, np.empty(0, np.int64)
        found = self.of_path(inner)
        if chosen is not None:
            found = found[self.marked(chosen)[self.parent[found]]]
        return inner, found[self.there[found]]

    def marked(self, chosen: Ints) -> Bools:
        """True for the chosen nodes."""
        marks = np.zeros(len(self.path), np.bool_)
        marks[chosen] = True
        return marks

    def inside(self, chosen: Ints) -> Bools:
        """True for the chosen nodes and all that stands in them."""
        steps = np.zeros(len(self.path) + 1, np.int64)
        np.add.at(steps, chosen, 1)
        np.add.at(steps, self.end[chosen], -1)
        return np.cumsum(steps)[:-1] > 0


def cut(data: bytes, begins: Ints, ends: Ints) -> pl.Series:
    """Pieces of a text in UTF-8: they ascend and do not overlap."""
    if not len(begins):
        return pl.Series([], dtype=pl.String)
    places = np.empty(2 * len(begins), np.int32)
    places[::2], places[1::2] = begins, ends
    array: Any = pa.StringArray.from_buffers(
        len(places) - 1, pa.py_buffer(places), pa.py_buffer(data)
    )
    return pl.Series(pl.from_arrow(array)).gather_every(2)


def interned(texts: pl.Series) -> tuple[Ints, list[str]]:
    """Of each text its number, and the texts by number."""
    values = texts.unique(maintain_order=True).alias("text")
    keyed = values.to_frame().with_row_index("code")
    codes = texts.alias("text").to_frame().join(keyed, on="text", how="left", maintain_order="left")
    return codes["code"].to_numpy().astype(np.int64), values.to_list()


def ways(depth: Ints, parent: Ints, name: Ints, names: Sequence[str], paths: Paths) -> Ints:
    """The way of each node, level by level.

    Args:
        depth: of each node, 0: the order.
        parent: of each node.
        name: number of its name in `names`.
        names: what the numbers mean.
        paths: is filled.
    """
    result = np.zeros(len(depth), np.int64)
    for level in range(1, int(depth.max(initial=0)) + 1):
        here = np.flatnonzero(depth == level)
        key = result[parent[here]] * len(names) + name[here]
        met = np.zeros(len(paths.names) * len(names), np.int64)
        met[key] = 1
        for one in np.flatnonzero(met):
            above, what = divmod(int(one), len(names))
            met[one] = paths.below(above, names[what])
        result[here] = met[key]
    return result


def numbers(parent: Ints, path: Ints) -> Ints:
    """Of each node the count of those before it in its parent that have its name."""
    key = parent * (int(path.max(initial=0)) + 1) + path
    by = np.argsort(key, kind="stable")
    sorted_key = key[by]
    begins = np.r_[True, sorted_key[1:] != sorted_key[:-1]]
    place = np.arange(len(key))
    first = np.maximum.accumulate(np.where(begins, place, 0))
    result = np.empty(len(key), np.int64)
    result[by] = place - first
    return result
