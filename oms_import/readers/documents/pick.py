"""Orders to rows of texts: all paths of a profile looked up in one walk over each order.

The paths are merged into one tree of steps. What the walk meets there is taken, what it meets
elsewhere is left over, and so nothing of an order is lost.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field

from oms_import.readers.documents.paths import OWN, DocumentPath, Step
from oms_import.readers.documents.tree import (
    LINE,
    Element,
    Node,
    fits,
    leaves,
    listed,
    numbered,
)

Row = list[str | None]
Left = list[tuple[str, str]]


@dataclass(slots=True)
class Way:
    """Where a step leads: columns to fill with the text there, lists to make, steps below."""

    columns: list[int] = field(default_factory=list[int])
    each: list[int] = field(default_factory=list[int])
    below: dict[str, Fork] = field(default_factory=dict[str, "Fork"])
    lines: bool = False
    never: bool = False  # neither taken nor left over

    def joined(self, other: Way) -> Way:
        """Both ways at once."""
        below = dict(self.below)
        for name, fork in other.below.items():
            below[name] = below[name].joined(fork) if name in below else fork
        return Way(
            self.columns + other.columns,
            self.each + other.each,
            below,
            self.lines or other.lines,
            self.never or other.never,
        )


@dataclass(slots=True)
class Fork:
    """The ways that begin with one name: which of them an element goes depends on its tests."""

    ways: list[tuple[Step, Way]] = field(default_factory=list[tuple[Step, Way]])
    plain: bool = True  # one way, and no tests
    _merged: dict[tuple[int, ...], Way] = field(default_factory=dict[tuple[int, ...], Way])

    def way(self, step: Step) -> Way:
        """The way of this step, made if there is none."""
        for known, way in self.ways:
            if known == step:
                return way
        way = Way()
        self.ways.append((step, way))
        self.plain = len(self.ways) == 1 and not step.tests and step.index is None
        return way

    def joined(self, other: Fork) -> Fork:
        """The ways of both."""
        ways = [*self.ways, *other.ways]
        return Fork(ways, plain=False)

    def choose(self, node: Node, number: int, order: Node) -> Way | None:
        """The way of this element; several that fit are one."""
        mine = tuple(
            at for at, (step, _) in enumerate(self.ways) if fits(step, node, number, order)
        )
        if not mine:
            return None
        if mine not in self._merged:
            way = self.ways[mine[0]][1]
            for at in mine[1:]:
                way = way.joined(self.ways[at][1])
            self._merged[mine] = way
        return self._merged[mine]


@dataclass(frozen=True, slots=True)
class Picked:
    """One order: its values, and its lines'."""

    order: Row
    left: Left
    lines: list[Row]
    lines_left: list[Left]
    places: list[int | None]  # of each line: its line in the file


class Picker:
    """Looks up a profile's paths in orders."""

    def __init__(
        self,
        paths: Sequence[DocumentPath],
        lines: Sequence[DocumentPath],
        never: Sequence[DocumentPath],
        joint: str,
    ) -> None:
        """Compile the paths.

        Args:
            paths: those relative to the order.
            lines: where its lines stand; a path that goes through one of them is the line's.
            never: what is neither taken nor left over: secrets.
            joint: what stands between names, `/` or a dot.
        """
        self._joint = joint
        self._top, self._line = Way(), Way()
        self.order_paths: list[str] = []
        self.line_paths: list[str] = []
        for one in lines:
            _end(self._top, one.steps).lines = True
        for one in never:
            _end(self._top, one.steps).never = True
        for one in paths:
            self._add(one, lines)

    def _add(self, path: DocumentPath, lines: Sequence[DocumentPath]) -> None:
        through = next((one for one in lines if _begins(path, one)), None)
        names = self.order_paths if through is None else self.line_paths
        top = self._top if through is None else self._line
        steps = path.steps if through is None else path.steps[len(through.steps) :]
        end = _end(top, steps or (Step(OWN),))
        (end.each if path.each else end.columns).append(len(names))
        names.append(path.text)

    def pick(self, order: Node) -> Picked:
        """Everything of one order."""
        picked = Picked([None] * len(self.order_paths), [], [], [], [])
        walk = _Walk(self, order, picked)
        walk.element(order, self._top, picked.order, picked.left, "")
        return picked

    @property
    def joint(self) -> str:
        """What stands between names."""
        return self._joint

    @property
    def top_way(self) -> Way:
        """The ways below an order."""
        return self._top

    @property
    def line_way(self) -> Way:
        """The ways below a line."""
        return self._line


def _end(top: Way, steps: Sequence[Step]) -> Way:
    way = top
    for step in steps:
        way = way.below.setdefault(step.name, Fork()).way(step)
    return way


def _begins(path: DocumentPath, lines: DocumentPath) -> bool:
    """Whether a path goes through the lines; the bracket of the lines' own step may be left out."""
    count = len(lines.steps)
    head = path.steps[:count]
    if len(path.steps) == count and path.each:
        return False
    return len(head) == count and all(
        mine.name == its.name and (mine == its or mine == Step(mine.name))
        for mine, its in zip(head, lines.steps, strict=True)
    )


class _Walk:
    """One walk over one order."""

    __slots__ = ("_joint", "_line", "_order", "_picked", "_picker")

    def __init__(self, picker: Picker, order: Node, picked: Picked) -> None:
        self._picker = picker
        self._order = order
        self._picked = picked
        self._joint = picker.joint
        self._line = picker.line_way

    def element(self, node: Node, way: Way, row: Row, left: Left, name: str) -> None:
        """Take what the way asks of an element; leave over what it does not."""
        if way.never:
            return
        if not isinstance(node, dict):
            self._own(node, way, row, left, name)
            return
        below = way.below
        for key, value in node.items():
            if value is None or key == LINE:
                continue
            if key == OWN:
                self._own(value, way, row, left, name)
                continue
            fork = below.get(key)
            path = f"{name}{self._joint}{key}" if name else key
            if fork is None:
                if isinstance(value, str):
                    if value:
                        left.append((path, value))
                else:
                    left.extend(leaves(value, path, self._joint))
            elif isinstance(value, str) and fork.plain and not fork.ways[0][1].each:
                self.element(value, fork.ways[0][1], row, left, path)
            else:
                self._fork(listed(value), fork, row, left, path)

    def _own(self, value: Node, way: Way, row: Row, left: Left, name: str) -> None:
        """A text at its place: the first one counts, further ones are left over."""
        columns = way.columns
        own = way.below.get(OWN)
        if own is not None:
            columns = [*columns, *(at for _, inner in own.ways for at in inner.columns)]
        if not isinstance(value, str):
            left.extend(leaves(value, name, self._joint))
            return
        taken = bool(way.each)
        for at in columns:
            if row[at] is None:
                row[at] = value
                taken = True
        if not taken and value:
            left.append((name or OWN, value))

    def _fork(self, nodes: Sequence[Node], fork: Fork, row: Row, left: Left, name: str) -> None:
        lists: dict[int, list[dict[str, str]]] = {}
        for number, node in enumerate(nodes):
            if node is None:
                continue
            way = fork.ways[0][1] if fork.plain else fork.choose(node, number, self._order)
            path = numbered(name, number, self._joint)
            if way is None:
                left.extend(leaves(node, path, self._joint))
                continue
            for at in way.each:
                lists.setdefault(at, []).append(dict(leaves(node, "", self._joint)))
            if way.lines and not isinstance(node, str):
                self._take_line(node, name)
                if way.below:
                    self.element(node, way, row, [], path)
            elif way.each and way.below:
                self.element(node, way, row, [], path)
            elif way.each:
                continue
            else:
                self.element(node, way, row, left, path)
        for at, objects in lists.items():
            row[at] = json.dumps(objects, ensure_ascii=False)

    def _take_line(self, node: Node, name: str) -> None:
        row: Row = [None] * len(self._picker.line_paths)
        left: Left = []
        self.element(node, self._line, row, left, name)
        place = node.get(LINE) if isinstance(node, dict) else None
        self._picked.lines.append(row)
        self._picked.lines_left.append(left)
        self._picked.places.append(int(place) if isinstance(place, str) else None)


__all__ = ["Element", "Fork", "Left", "Picked", "Picker", "Row", "Way"]
