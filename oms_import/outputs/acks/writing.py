"""Delimited text of which no data can break out: X12 blanks its delimiters, EDIFACT releases them.

X12.5 knows no release character; ISO 9735 has `?`. Control characters become blanks in both, and
characters the encoding has not become their base letter or a blank.
"""

from __future__ import annotations

import re
import unicodedata

from oms_import.model.edi import Delimiters

Element = str | tuple[str | None, ...] | None
"""A simple element, a composite, or nothing."""

_CONTROLS = "\x00-\x1f\x7f-\x9f\u2028\u2029"
_SAFE = frozenset("*~:|>^<!;@#%&=+\\{}[]$?`")
"""What may delimit: no letter, digit or blank, and nothing that amounts, dates and codes need."""

X12_DEFAULT = Delimiters(element="*", component=":", terminator="~", repetition="^")
EDIFACT_DEFAULT = Delimiters(
    element="+", component=":", terminator="'", repetition="*", release="?"
)


def x12_delimiters(theirs: Delimiters) -> Delimiters:
    """The partner's own delimiters if they are distinct, printable and safe, else `*~:^`."""
    chosen = [theirs.element, theirs.terminator]
    for wanted, spare in ((theirs.component, ":>|"), (theirs.repetition, "^`!&")):
        free = (mark for mark in (wanted, *spare) if mark in _SAFE and mark not in chosen)
        chosen.append(next(free))
    if not (_SAFE.issuperset(chosen) and len(set(chosen)) == len(chosen)):
        return X12_DEFAULT
    element, terminator, component, repetition = chosen
    return Delimiters(element, component, terminator, repetition)


class DelimitedWriter:
    """Segments in a row; `count` is how many there are."""

    def __init__(self, delimiters: Delimiters, encoding: str) -> None:
        self.delimiters = delimiters
        self._component = delimiters.component or ":"
        self._encoding = encoding
        marks = [delimiters.element, delimiters.terminator, self._component]
        marks += [mark for mark in (delimiters.repetition, delimiters.release) if mark]
        self._marks = re.compile(f"[{re.escape(''.join(marks))}]")
        self._odd = re.compile(f"[{_CONTROLS}]")
        special = f"[{_CONTROLS}{re.escape(''.join(marks))}]|[^\x00-\x7f]|\\s$"
        self._special = re.compile(special).search  # most values need nothing done: one look
        self._segments: list[str] = []

    @property
    def count(self) -> int:
        """Segments written so far."""
        return len(self._segments)

    def add(self, tag: str, *elements: Element) -> None:
        """One segment; empty elements at its end are left out."""
        parts = [tag, *(self._element(element) for element in elements)]
        while not parts[-1]:
            parts.pop()
        self._segments.append(self.delimiters.element.join(parts))

    def raw(self, text: str) -> None:
        """A segment that was put together already (ISA, whose widths are fixed)."""
        self._segments.append(text)

    def text(self) -> str:
        """All segments, each with its terminator."""
        return "".join(segment + self.delimiters.terminator for segment in self._segments)

    def fitted(self, value: str) -> str:
        """The value in characters the answer may have, delimiters not yet looked at."""
        if not value.isascii():
            value = "".join(_encodable(sign, self._encoding) for sign in value)
        return self._odd.sub(" ", value).rstrip()

    def escaped(self, value: str) -> str:
        """The value as it may stand in an element."""
        if self._special(value) is None:
            return value
        value = self.fitted(value)
        release = self.delimiters.release
        if release is None:
            return self._marks.sub(" ", value).rstrip()
        return self._marks.sub(lambda mark: release + mark[0], value)

    def _element(self, element: Element) -> str:
        if element is None:
            return ""
        if isinstance(element, str):
            return self.escaped(element)
        parts = [self.escaped(part) if part else "" for part in element]
        while parts and not parts[-1]:
            parts.pop()
        return self._component.join(parts)


def _encodable(sign: str, encoding: str) -> str:
    for wanted in (sign, unicodedata.normalize("NFKD", sign)):
        kept = "".join(part for part in wanted if not unicodedata.combining(part)) or wanted
        for candidate in (wanted, kept):
            try:
                candidate.encode(encoding)
            except UnicodeEncodeError:
                continue
            return candidate
    return " "


def chunks(text: str, width: int) -> list[str]:
    """The text in pieces of at most `width` characters, cut between words where there are any."""
    pieces: list[str] = []
    text = text.strip()
    while len(text) > width:
        cut = text.rfind(" ", 1, width + 1)
        cut = cut if cut > 0 else width
        pieces.append(text[:cut].rstrip())
        text = text[cut:].lstrip()
    return [*pieces, text] if text else pieces


_NUMBER = re.compile(r"-?(\d+\.?\d*|\.\d+)", re.ASCII)


def numeric(value: str | None) -> str | None:
    """The value if it is a plain decimal, which is all a numeric element may hold."""
    return value if value is not None and _NUMBER.fullmatch(value) else None
