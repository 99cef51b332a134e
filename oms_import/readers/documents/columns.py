"""A profile's paths looked up in the columns of many orders at once; see documents.pick.

What comes out is what `Picker.pick` gives order by order, as places of texts instead of texts.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from oms_import.readers.documents.left_over import lists
from oms_import.readers.documents.nodes import Bools, Ints, Nodes, Odd
from oms_import.readers.documents.paths import NAME, OWN, Step, Test
from oms_import.readers.documents.pick import Picker, Way


@dataclass(frozen=True, slots=True)
class Columns:
    """What was found in some orders."""

    order: list[Ints | pl.Series]  # of each path: each order's node, -1: none; or the texts
    line: list[Ints | pl.Series]  # of each line's path: each line's node
    lines: Ints  # the nodes of lines
    left: Ints  # nodes whose text nothing asked for


def is_bulk(picker: Picker) -> bool:
    """Whether paths can be looked up in bulk: no lines in lines, no conditions on names."""
    top = picker.top_way
    named = top.below.get(NAME)
    alone = named is None or (named.plain and not named.ways[0][1].below)
    return alone and not any(_nested(way, way.lines) for way in _ways(top))


def _ways(way: Way) -> Iterator[Way]:
    for fork in way.below.values():
        for _, below in fork.ways:
            yield below


def _nested(way: Way, lines: bool) -> bool:
    return any(
        (below.lines and lines) or _nested(below, lines or below.lines) for below in _ways(way)
    )


def pick(picker: Picker, nodes: Nodes) -> Columns:
    """Look the paths up."""
    return _Search(picker, nodes).columns()


class _Search:
    """One search in one block of orders."""

    def __init__(self, picker: Picker, nodes: Nodes) -> None:
        self._nodes = nodes
        self._picker = picker
        self._taken = np.zeros(len(nodes.path), np.bool_)
        self._muted: list[Ints] = []
        self._lines: list[Ints] = []
        self._owner = nodes.order
        self._count = len(nodes.roots)
        self._row: list[Ints | pl.Series] = []

    def columns(self) -> Columns:
        """All columns of orders and lines.

        Raises:
            Odd: lines stand in several places, and one column is filled from each of them.
        """
        nodes, picker = self._nodes, self._picker
        self._row = [self._none() for _ in picker.order_paths]
        self._visit(picker.top_way, 0, None, nodes.roots, mark=True)
        of_orders = self._row
        lines = np.unique(np.concatenate(self._lines)) if self._lines else nodes.roots[:0]
        self._count = len(lines)
        self._owner = owners(nodes, lines)
        self._row = [self._none() for _ in picker.line_paths]
        places = np.unique(nodes.path[lines])
        if len(places) > 1:
            raise Odd
        for path in places:
            self._visit(picker.line_way, int(path), lines, lines, mark=True)
        muted = np.concatenate(self._muted) if self._muted else nodes.roots[:0]
        left = nodes.filled & ~self._taken & ~nodes.inside(muted)
        return Columns(of_orders, self._row, lines, np.flatnonzero(left))

    def _none(self) -> Ints:
        return np.full(self._count, -1, np.int64)

    def _visit(self, way: Way, path: int, chosen: Ints | None, here: Ints, *, mark: bool) -> None:
        """Take what a way asks of nodes; `chosen` is None where they are all of their path."""
        self._own(way, here, mark=mark)
        for name, fork in way.below.items():
            if name == OWN:
                continue
            inner, found = self._nodes.below(path, chosen, name)
            if not len(found):
                continue
            whole = (
                chosen is None
                and fork.plain
                and self._nodes.there[self._nodes.of_path(inner)].all()
            )
            fitting = [
                (below, found if fork.plain else found[self._fits(step, inner, found)])
                for step, below in fork.ways
            ]
            self._fork(fitting, inner, whole=bool(whole), mark=mark)

    def _fork(self, fitting: list[tuple[Way, Ints]], path: int, *, whole: bool, mark: bool) -> None:
        nodes = self._nodes
        lines = nodes.marked(
            _union([mine[nodes.element[mine]] for way, mine in fitting if way.lines])
        )
        never = nodes.marked(_union([mine for way, mine in fitting if way.never]))
        each = nodes.marked(_union([mine for way, mine in fitting if way.each]))
        deep = nodes.marked(_union([mine for way, mine in fitting if way.below]))
        self._lines.append(np.flatnonzero(lines))
        self._muted += [np.flatnonzero(never & ~lines), np.flatnonzero(each & ~lines)]
        special = bool(lines.any() or never.any() or each.any())
        for way, mine in fitting:
            for at in way.each:
                self._row[at] = self._list(mine)
            if not special:
                self._visit(way, path, None if whole else mine, mine, mark=mark)
                continue
            if way.never:
                continue
            plain = mine[~(lines | never | each)[mine]]
            self._visit(way, path, plain, plain, mark=mark)
            deeper = mine[((lines | each) & deep & ~never)[mine]]
            self._visit(way, path, deeper, deeper, mark=False)

    def _own(self, way: Way, here: Ints, *, mark: bool) -> None:
        """The first text of each order or line."""
        columns = list(way.columns)
        own = way.below.get(OWN)
        if own is not None:
            columns += [at for _, inner in own.ways for at in inner.columns]
        if not columns:
            return
        here = here[self._nodes.told[here]]
        owner = self._owner[here]
        here, owner = here[owner >= 0], owner[owner >= 0]
        first = np.r_[True, owner[1:] != owner[:-1]][: len(owner)]
        for at in columns:
            self._row[at] = self._filled(owner[first], here[first])
        if mark:
            self._taken[here[first]] = True

    def _filled(self, owner: Ints, here: Ints) -> Ints:
        column = self._none()
        column[owner] = here
        return column

    def _list(self, chosen: Ints) -> pl.Series:
        """The nodes as JSON lists, of each order or line those of the last parent that has any."""
        owner = self._owner[chosen]
        chosen, owner = chosen[owner >= 0], owner[owner >= 0]
        parent = self._nodes.parent[chosen]
        last = np.full(self._count, -1, np.int64)
        last[owner] = parent
        keep = last[owner] == parent
        return lists(self._nodes, chosen[keep], owner[keep], self._count, self._picker.joint)

    def _fits(self, step: Step, path: int, found: Ints) -> Bools:
        """Whether each node is one the step means; see tree.fits."""
        fits = np.ones(len(found), np.bool_)
        if step.index is not None:
            fits &= self._nodes.number[found] == step.index
        for test in step.tests:
            fits &= self._holds(test, path, found)
        return fits

    def _holds(self, test: Test, path: int, found: Ints) -> Bools:
        origin, there = self._found(test.path, path, found)
        nodes = self._nodes
        if test.equals is not None:
            holds = (nodes.text.gather(there) == test.equals).fill_null(value=False).to_numpy()
        elif test.same is not None:
            wanted = self._wanted(test.same).gather(nodes.order[there])
            holds = (nodes.text.gather(there) == wanted).fill_null(value=False).to_numpy()
        else:
            holds = nodes.told[there] if test.path[-1].name == OWN else nodes.there[there]
        result = np.zeros(len(found), np.bool_)
        result[origin[holds]] = True
        return result != test.negated

    def _wanted(self, steps: Sequence[Step]) -> pl.Series:
        """Of each order the first text to which the steps lead."""
        nodes = self._nodes
        origin, there = self._found(steps, 0, nodes.roots)
        filled = nodes.filled[there]
        origin, there = origin[filled], there[filled]
        first = np.full(len(nodes.roots), -1, np.int64)
        first[origin[::-1]] = there[::-1]
        return nodes.shown.gather(np.where(first < 0, len(nodes.path), first))

    def _found(self, steps: Sequence[Step], path: int, begin: Ints) -> tuple[Ints, Ints]:
        """Where the steps lead: of each node found, where in `begin` its way began, and itself."""
        origin, here = np.arange(len(begin)), begin
        for step in steps:
            if step.name == OWN:
                break
            inner, found = self._nodes.below(path, here, step.name)
            if not len(found):
                return origin[:0], here[:0]
            place = np.full(len(self._nodes.path), -1, np.int64)
            place[here] = origin
            found = found[self._fits(step, inner, found)]
            origin, here, path = place[self._nodes.parent[found]], found, inner
        return origin, here


def owners(nodes: Nodes, lines: Ints) -> Ints:
    """Of each node the line it stands in, from 0; -1: in none. Lines do not stand in lines."""
    if not len(lines):
        return np.full(len(nodes.path), -1, np.int64)
    begins = np.zeros(len(nodes.path), np.int64)
    begins[lines] = 1
    line = np.cumsum(begins) - 1
    return np.where((line >= 0) & (np.arange(len(line)) < nodes.end[lines[line]]), line, -1)


def _union(parts: Sequence[Ints]) -> Ints:
    return np.concatenate(parts) if parts else np.empty(0, np.int64)
