"""Where an EDIFACT interchange begins and which characters it is written with.

ISO 9735 part 1: a service string advice (UNA and six characters) may stand before the interchange
header UNB; without it the characters of clause 7 hold, or those of level B for files that use the
information separators.
"""

from __future__ import annotations

import mmap
import re
from dataclasses import dataclass

from oms_import.model.edi import Delimiters

_WRAP = rb"[\r\n]*"  # fixed columns may end within a tag
_UNA, _UNB = _WRAP.join((b"U", b"N", b"A")), _WRAP.join((b"U", b"N", b"B"))
_WRAPPED = rb"(?:[\r\n]*[^\r\n]){6}"
_HEADER = re.compile(
    rb"(?:" + _UNA + rb"(.{6}|" + _WRAPPED + rb"|.{5})\s*)?"
    rb"(?<![A-Za-z0-9])" + _UNB + _WRAP + rb"([^A-Za-z0-9\s])",
    re.DOTALL,
)
_LEVEL = re.compile(rb"UNB(.)([A-Z0-9]{4})([^A-Za-z0-9\s])(\d)", re.DOTALL)
_NEXT = re.compile(rb"(\S)?([ \t]*)(\r\n|\n|\r)?[ \t]*UN[HG]([^A-Za-z0-9\s])", re.DOTALL)
_HEAD = 1024  # bytes in which the first UNH or UNG of an interchange is sought

_LEVEL_B = Delimiters("\x1d", "\x1f", "\x1c")
"""UNOB without UNA in syntax 1 and 2: the information separators, nothing to release with."""


@dataclass(frozen=True, slots=True)
class Opening:
    """An interchange found: from where on it is one, and how it is written."""

    start: int  # of UNA or UNB, in the file
    begin: int  # of UNB
    delimiters: Delimiters
    notes: tuple[str, ...] = ()


def find_edifact(data: mmap.mmap | bytes, start: int) -> Opening | None:
    """The next interchange at or after `start`, None if there is no UNB."""
    found = _HEADER.search(data, start)
    if found is None:
        return None
    begin = found.start() if found[1] is None else data.find(b"U", found.end(1), found.end())
    delimiters, notes = _delimiters(found[1], found[2], data[begin : begin + _HEAD])
    return Opening(found.start(), begin, delimiters, notes)


def _delimiters(
    advice: bytes | None, element: bytes, head: bytes
) -> tuple[Delimiters, tuple[str, ...]]:
    """The characters, from what follows UNA, what follows UNB, and the text from UNB on."""
    level = _LEVEL.match(head.translate(None, b"\r\n"))
    syntax = int(level[4]) if level else 3
    notes: list[str] = []
    stated = None if advice is None else _advised(advice, syntax)
    if advice is not None and stated is None:
        notes.append("UNA does not name six service characters")
    if stated is None or stated.element.encode() != element:
        if stated is not None:
            notes.append("UNB is not written with the characters UNA names")
        stated = _unadvised(element, level, syntax)
    delimiters = _terminated(stated, head)
    if delimiters != stated:
        notes.append(f"segments end with {delimiters.terminator!r}")
    return delimiters, tuple(notes)


def _advised(advice: bytes, syntax: int) -> Delimiters | None:
    """What UNA says: component, element, decimal mark, release, repetition, terminator."""
    text = advice.decode("latin-1")
    if len(text) > 6:
        text = text.replace("\r", "").replace("\n", "")
    if text[5:] in {"\r", "\n"} and text[4] != " ":
        text = text[:5]
    if len(text) == 5:  # the reserved blank was left out
        text = f"{text[:4]} {text[4]}"
    component, element, decimal, release, repetition, terminator = text
    marks = [component, element, terminator]
    if any(mark.isalnum() or mark == " " or ord(mark) > 126 for mark in marks):
        return None
    if len(set(marks)) < len(marks):
        return None
    return Delimiters(
        element,
        component,
        terminator,
        repetition=_optional(repetition, marks) if syntax >= 4 else None,
        release=_optional(release, marks),
        decimal=decimal if decimal in ".," else ".",
    )


def _optional(mark: str, others: list[str]) -> str | None:
    plain = mark in {" ", "\r", "\n"} or mark.isalnum() or ord(mark) > 126
    return None if plain or mark in others else mark


def _unadvised(separator: bytes, level: re.Match[bytes] | None, syntax: int) -> Delimiters:
    """The standard's own characters, corrected by what UNB shows."""
    element = separator.decode("ascii", errors="replace")
    element = element if element < "\x7f" else "+"
    if element == _LEVEL_B.element:
        return _LEVEL_B
    terminator = "'" if element != "'" else "~"
    shown = level[3].decode("latin-1") if level else ":"
    marks = [element, terminator]
    component = shown if shown < "\x7f" and shown not in marks else _other(":+", marks)
    marks.append(component)
    return Delimiters(
        element,
        component,
        terminator,
        repetition=_optional("*", marks) if syntax >= 4 else None,
        release=_optional("?", marks),
    )


def _other(candidates: str, taken: list[str]) -> str:
    return next(mark for mark in candidates if mark not in taken)


def _terminated(stated: Delimiters, head: bytes) -> Delimiters:
    """The same, with the terminator that stands before UNH if the stated one is never there."""
    found = _NEXT.search(head, 4)
    until = head[: found.start(4) - 3] if found else head
    if found is None or stated.terminator.encode() in until:
        return stated
    before, _, line_end = found[1], found[2], found[3]
    marks = {stated.element, stated.component, stated.release, stated.repetition}
    if before and before.decode("latin-1") not in marks and not before.isalnum() and before <= b"~":
        mark = before.decode("latin-1")
    elif line_end:
        mark = "\r" if line_end == b"\r" else "\n"
    else:
        return stated
    return Delimiters(
        stated.element, stated.component, mark, stated.repetition, stated.release, stated.decimal
    )
