"""Which segment a chain of steps leads to, for every order or every line at once.

The first segment that meets a step counts, and the next step is looked for in the loop of that
one alone: name and street of a ship-to never come from two different ship-tos.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from oms_import.readers.edi.cells import Cells
from oms_import.readers.edi.locators import Step
from oms_import.readers.edi.loops import Flags, Ints, Scopes, Small


@dataclass(frozen=True, slots=True)
class Found:
    """For every order (or line) the position of the segment found among its tag's, or -1."""

    at: Ints
    which: Small  # which of several places held the code: the second composite of PIA is 1
    places: int  # how many places there were to hold it

    @property
    def several(self) -> bool:
        """Whether the code was found anywhere but in the first place."""
        return bool(self.which.max(initial=0) > 0)


class Finder:
    """Looks for segments in one frame; remembers what it found, for locators share their steps."""

    def __init__(self, cells: Cells, scopes: Scopes) -> None:
        self._cells = cells
        self._scopes = scopes
        self._found: dict[tuple[bool, tuple[Step, ...]], Found] = {}

    def first(self, steps: tuple[Step, ...], *, line: bool) -> Found:
        """The first segment at the end of the steps, for every line or every order."""
        key = (line, steps)
        if key not in self._found:
            self._found[key] = self._first(steps, line)
        return self._found[key]

    def all(self, steps: tuple[Step, ...], *, line: bool) -> Ints:
        """The positions of all segments that meet the last step, after the first of the others."""
        step = steps[-1]
        meets = self._inside(steps, line)
        for condition in step.conditions:
            meets &= self._cells.matches(step.tag, condition) >= 0
        return np.flatnonzero(meets)

    def _first(self, steps: tuple[Step, ...], line: bool) -> Found:
        step = steps[-1]
        size = len(self._scopes.openers) if line else self._scopes.messages
        at = np.full(size, -1, dtype=np.int64)
        which = np.zeros(size, dtype=np.int16)
        positions = self.all(steps, line=line)
        scope = self._scope(step.tag, line)[positions]
        fresh = np.ones(len(scope), dtype=np.bool_)
        fresh[1:] = scope[1:] != scope[:-1]  # scopes only ever rise in file order
        at[scope[fresh]] = positions[fresh]
        places = 1
        for condition in step.conditions:
            matches = self._cells.matches(step.tag, condition)
            hit = np.where(at >= 0, matches[at], -1) if len(matches) else np.full(size, -1)
            for number, place in enumerate(condition.places):
                self._cells.mark(step.tag, place, at[hit == number])
            if len(condition.places) >= places:
                which, places = np.maximum(hit, 0).astype(np.int16), len(condition.places)
        return Found(at, which, places)

    def _inside(self, steps: tuple[Step, ...], line: bool) -> Flags:
        """Which segments of the last step's tag are where the steps before lead to."""
        step = steps[-1]
        rows = self._cells.rows(step.tag)
        scope = self._scope(step.tag, line)
        parent = self._scopes.parent[rows]
        if len(steps) == 1:
            return (parent < 0) & ((self._scopes.line[rows] >= 0) == line)
        for _ in range(step.skips):
            parent = np.where(parent >= 0, self._scopes.parent[parent], -1)
        outer = self.first(steps[:-1], line=line)
        owners = self._cells.rows(steps[-2].tag)
        if not len(owners) or not len(rows):
            return np.zeros(len(rows), dtype=np.bool_)
        owner = np.where(outer.at >= 0, owners[outer.at], -2)
        inside = (scope >= 0) & (parent >= 0)
        return inside & (owner[np.maximum(scope, 0)] == parent)

    def _scope(self, tag: str, line: bool) -> Ints:
        rows = self._cells.rows(tag)
        return (self._scopes.line if line else self._scopes.message)[rows]
