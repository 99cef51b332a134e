"""The envelopes of an answer: sender and receiver swapped, counts and references made to agree."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime

from oms_import.model.edi import Group, Interchange
from oms_import.outputs.acks.values import AckPolicy, ControlNumbers, answer_encoding
from oms_import.outputs.acks.writing import (
    EDIFACT_DEFAULT,
    DelimitedWriter,
    Element,
    x12_delimiters,
)


class X12Answer:
    """One X12 interchange in reply to another (X12.5, X12.6).

    Groups and sets are opened and closed by `group` and `transaction_set`; `finished` closes all.
    """

    def __init__(
        self, interchange: Interchange, numbers: ControlNumbers, at: datetime, policy: AckPolicy
    ) -> None:
        self._numbers = numbers
        self._at = at
        self._version = _isa_version(interchange)
        marks = x12_delimiters(interchange.delimiters)
        if self._version < "00402":  # no repetitions yet, so their separator is data like any other
            marks = replace(marks, repetition=None)
        self._writer = DelimitedWriter(marks, policy.encoding)
        self._groups = self._sets = self._all_sets = 0
        self._set_began: int | None = None
        self._in_group = False
        self._isa(interchange)

    def group(self, functional_id: str, to: Group, version: str) -> None:
        """Open a group (GS) from the one who received `to` to the one who sent it."""
        self._close_group()
        self._groups += 1
        self._sets, self._in_group = 0, True
        self._writer.add(
            "GS",
            functional_id,
            to.receiver,
            to.sender,
            x12_date(self._at, version),
            f"{self._at:%H%M}",
            self._group_number,
            "X",
            version,
        )

    def transaction_set(self, kind: str, guide: str | None = None) -> None:
        """Open a set (ST) in the group that is open."""
        self._close_set()
        self._sets += 1
        self._all_sets += 1
        self._set_began = self._writer.count
        self._writer.add("ST", kind, self._set_number, guide)

    def add(self, tag: str, *elements: Element) -> None:
        """A segment of the open set."""
        self._writer.add(tag, *elements)

    def fitted(self, value: str) -> str:
        """The value as it will be written; lengths are measured on this."""
        return self._writer.escaped(value)

    def finished(self) -> str:
        """The whole interchange."""
        self._close_group()
        self._writer.add("IEA", str(self._groups), f"{self._numbers.interchange:09}")
        return self._writer.text()

    @property
    def _group_number(self) -> str:
        return str(_wrapped(self._numbers.group, self._groups))

    @property
    def _set_number(self) -> str:
        return f"{_wrapped(self._numbers.message, self._all_sets):04}"

    def _close_set(self) -> None:
        if self._set_began is not None:
            count = self._writer.count - self._set_began + 1
            self._writer.add("SE", str(count), self._set_number)
            self._set_began = None

    def _close_group(self) -> None:
        self._close_set()
        if self._in_group:
            self._writer.add("GE", str(self._sets), self._group_number)
            self._in_group = False

    def _isa(self, theirs: Interchange) -> None:
        """ISA, whose elements have fixed widths (X12.5 section 5.1)."""
        marks = self._writer.delimiters
        # ISA11 named the standards body until 00401; since 00402 it is the repetition separator.
        usage = marks.repetition or "U"
        fields = (
            "ISA", "00", " " * 10, "00", " " * 10,
            self._fixed(theirs.receiver_qualifier or "ZZ", 2), self._fixed(theirs.receiver, 15),
            self._fixed(theirs.sender_qualifier or "ZZ", 2), self._fixed(theirs.sender, 15),
            f"{self._at:%y%m%d}", f"{self._at:%H%M}", usage, self._version,
            f"{self._numbers.interchange:09}", "0", "T" if theirs.test else "P",
            marks.component or ":",
        )  # fmt: skip
        self._writer.raw(marks.element.join(fields))

    def _fixed(self, value: str, width: int) -> str:
        return f"{self._writer.escaped(value)[:width]:{width}}"


class EdifactAnswer:
    """One EDIFACT interchange in reply to another (ISO 9735, syntax 3 or 4 as theirs is)."""

    def __init__(self, theirs: Interchange, numbers: ControlNumbers, at: datetime) -> None:
        self._numbers = numbers
        self._messages = 0
        level, _, syntax = (theirs.version or "UNOC:3").partition(":")
        self.level = level or "UNOC"
        self.syntax = syntax.partition(":")[0] or "3"
        self.newer = self.syntax >= "4"
        self._writer = DelimitedWriter(EDIFACT_DEFAULT, answer_encoding(theirs))
        self._reference = str(numbers.interchange)
        self._una = "UNA:+.?*'" if self.newer else "UNA:+.? '"
        self._writer.add(
            "UNB",
            (self.level, self.syntax),
            (theirs.receiver, theirs.receiver_qualifier),
            (theirs.sender, theirs.sender_qualifier),
            (f"{at:%Y%m%d}" if self.newer else f"{at:%y%m%d}", f"{at:%H%M}"),
            self._reference,
            *(None,) * 5,
            "1" if theirs.test else None,
        )
        self._began = 0

    def message(self, *identifier: str) -> str:
        """Open a message (UNH) of this S009; returns its reference."""
        self._close()
        self._messages += 1
        self._began = self._writer.count
        self._writer.add("UNH", self._message_number, identifier)
        return self._message_number

    def add(self, tag: str, *elements: Element) -> None:
        """A segment of the open message."""
        self._writer.add(tag, *elements)

    def prose(self, text: str) -> str:
        """Free text of ours in the repertoire of the level; UNOA has no small letters."""
        text = self._writer.fitted(text)
        return text.upper() if self.level == "UNOA" else text

    def finished(self) -> str:
        """The whole interchange, UNA first."""
        self._close()
        self._writer.add("UNZ", str(self._messages), self._reference)
        return self._una + self._writer.text()

    @property
    def _message_number(self) -> str:
        return str(_wrapped(self._numbers.message, self._messages))

    def _close(self) -> None:
        if self._messages:
            count = self._writer.count - self._began + 1
            self._writer.add("UNT", str(count), self._message_number)


def _isa_version(theirs: Interchange) -> str:
    """ISA12, of the interchange answered if it has one."""
    version = theirs.version or ""
    return version if re.fullmatch(r"00\d{3}", version, re.ASCII) else "00401"


def _wrapped(first: int, place: int) -> int:
    """The place-th number from `first`, from 1; after 999,999,999 comes 1 again."""
    return (first + place - 2) % 999_999_999 + 1


def group_version(group: Group, default: str = "004010") -> str:
    """GS08 for an answer: the group's own version without an implementation guide (005010X222)."""
    match = re.fullmatch(r"(\d{6})(X\d.*)?([^X].*)?", group.version, re.ASCII)
    if match is None:
        return default
    return match[1] + ("" if match[2] else match[3] or "")


def envelope_of(group: Group) -> tuple[str, str, str]:
    """What groups must share to be answered within one: version and the two parties."""
    return group_version(group), group.sender, group.receiver


def x12_date(at: datetime, version: str) -> str:
    """CCYYMMDD, before 004010 YYMMDD."""
    return f"{at:%Y%m%d}" if version >= "004010" else f"{at:%y%m%d}"
