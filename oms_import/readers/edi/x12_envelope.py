"""From envelope segments to interchanges and groups, and what is wrong with these (X12.5).

Groups and interchanges are few and are walked one by one; sets, as many as orders, stay in arrays.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from oms_import.model.codes import Code
from oms_import.model.edi import Group
from oms_import.readers.edi.x12_events import Events, Where
from oms_import.readers.edi.x12_survey import GE, GS, ISA


@dataclass(slots=True)
class Walk:
    """Groups, and of each of ISA, GS, GE and IEA the group of the sets behind it."""

    groups: list[Group]
    elements: list[tuple[str, ...]]  # of each group's GS; none where GS is missing
    around: list[int | None]


def walk(events: Events) -> Walk:
    """Put groups together and check GE and IEA; faults are noted in `events`."""
    return _Walker(events).walk()


def number_of(text: str) -> int | None:
    """The number an element says, leading zeros or not."""
    return int(text) if text.isascii() and text.isdigit() else None


class _Walker:
    """What is open while ISA, GS, GE and IEA come by."""

    def __init__(self, events: Events) -> None:
        self.events = events
        self.done = Walk([], [], [])
        self.interchange = 0
        self.group: int | None = None  # of a GS that has no GE yet
        self.sets = 0  # behind that GS
        self.groups = 0  # GS in the interchange
        self.ended = False  # whether IEA came

    def walk(self) -> Walk:
        events = self.events
        stops = np.append(events.walls[1:], len(events))
        sets = events.sets
        counts = np.searchsorted(sets, stops) - np.searchsorted(sets, events.walls)
        for at, count in zip(events.walls.tolist(), counts.tolist(), strict=True):
            self._step(at, count)
            self.done.around.append(self._around(at, count))
        self._end(None)
        return self.done

    def _step(self, at: int, sets: int) -> None:
        kind = int(self.events.kind[at])
        if kind == ISA:
            self._end(at)
            self.interchange, self.groups, self.ended = self.interchange + 1, 0, False
            self._check_header(at)
            return
        if self.ended:
            detail = f"{self.events.tag(at)} after IEA"
            self.events.fault(Code.EDI_ENVELOPE, at, detail, self.interchange)
        if kind == GS:
            self._open_group(at, sets)
        elif kind == GE:
            self._close_group(at)
        elif not self.ended:
            self._close_interchange(at)

    def _check_header(self, at: int) -> None:
        head = self.events.heads[self.interchange - 1]
        if not head.sound:
            detail = f"ISA is no header: {head.text[:120]}"
            self.events.fault(Code.EDI_HEADER, at, detail, self.interchange, tag="ISA")

    def _around(self, at: int, sets: int) -> int | None:
        """The group of the sets behind this; one is made up where GS is missing."""
        if self.group is not None or not sets:
            return self.group
        number = self._add_group(())
        detail = f"a transaction set after {self.events.tag(at)}, without GS"
        self.events.fault(Code.EDI_ENVELOPE, at + 1, detail, self.interchange, group=number)
        return number

    def _add_group(self, elements: Sequence[str]) -> int:
        number = len(self.done.groups) + 1
        padded = (*elements, *[""] * 8)
        group = Group(
            number=number,
            interchange=self.interchange,
            functional_id=padded[0],
            sender=padded[1],
            receiver=padded[2],
            control=padded[5],
            version=padded[7],
        )
        self.done.groups.append(group)
        self.done.elements.append(tuple(elements))
        return number

    def _open_group(self, at: int, sets: int) -> None:
        self._no_trailer(at)
        self.group = self._add_group(self.events.found.groups[int(self.events.start[at])])
        self.groups += 1
        self.sets = sets

    def _close_group(self, at: int) -> None:
        if self.group is None:
            self.events.fault(Code.EDI_ENVELOPE, at, "GE without GS", self.interchange)
            return
        scope: Where = {"group": self.group}
        self._check_count(at, self.sets, "transaction sets", scope)
        self._check_control(at, self.done.groups[self.group - 1].control, "GS06", scope)
        self.group = None

    def _no_trailer(self, at: int | None) -> None:
        """Where a group may not be open any more."""
        if self.group is not None:
            self.events.fault(
                Code.EDI_TRUNCATED,
                at,
                "GE is missing",
                self.interchange,
                group=self.group,
                tag="GE",
            )
            self.group = None

    def _close_interchange(self, at: int) -> None:
        self._no_trailer(at)
        scope: Where = {}
        self._check_count(at, self.groups, "groups", scope)
        control = self.events.heads[self.interchange - 1].elements[12]
        self._check_control(at, control, "ISA13", scope)
        self.ended = True

    def _end(self, at: int | None) -> None:
        """The end of an interchange: the next one follows, or nothing."""
        self._no_trailer(at)
        if self.interchange and not self.ended:
            self.events.fault(Code.EDI_TRUNCATED, at, "IEA is missing", self.interchange, tag="IEA")

    def _check_count(self, at: int, counted: int, what: str, scope: Where) -> None:
        stated, tag = self.events.value(at, 1), self.events.tag(at)
        if number_of(stated) != counted:
            detail = f"{tag}01 states {stated or 'nothing'}, {counted} {what} were read"
            where: Where = {**scope, "tag": tag, "element": 1, "value": stated}
            self.events.fault(Code.EDI_COUNT, at, detail, self.interchange, **where)

    def _check_control(self, at: int, control: str, of: str, scope: Where) -> None:
        stated, tag = self.events.value(at, 2), self.events.tag(at)
        same_number = number_of(stated) is not None and number_of(stated) == number_of(control)
        if stated != control and not same_number:
            detail = f"{tag}02 is {stated or 'empty'}, {of} is {control or 'empty'}"
            where: Where = {**scope, "tag": tag, "element": 2, "value": stated}
            self.events.fault(Code.EDI_CONTROL_REF, at, detail, self.interchange, **where)
