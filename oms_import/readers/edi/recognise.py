"""What EDI looks like: the first header that stands in a file, whatever stands before it."""

from __future__ import annotations

import codecs
import re

from oms_import.readers.recognise import Guess

_X12 = re.compile(r"(?:^|[\W_])ISA([^\w\s]|[\x00-\x1f])..?\1", re.DOTALL)
_EDIFACT = re.compile(r"(?:^|\W)(?:UNA.{6}\s*)?UNB[^\w\s](?:UNO|KEC|IAT)", re.DOTALL)
_TRADACOMS = re.compile(r"(?:^|\W)STX=ANAA?[:+]", re.DOTALL)
_IDOC = re.compile(r"^\s*EDI_DC(40)? |<EDI_DC40|<IDOC[\s>]")


def looks_x12(head: bytes, name: str) -> Guess:  # noqa: ARG001
    """X12: an ISA with an element separator."""
    return _told(_X12, head, "an ISA segment")


def looks_edifact(head: bytes, name: str) -> Guess:  # noqa: ARG001
    """EDIFACT: a UNB, perhaps behind a UNA."""
    return _told(_EDIFACT, head, "a UNB segment")


def looks_tradacoms(head: bytes, name: str) -> Guess:  # noqa: ARG001
    """TRADACOMS: an STX of the ANA syntax."""
    return _told(_TRADACOMS, head, "an STX segment")


def looks_idoc(head: bytes, name: str) -> Guess:  # noqa: ARG001
    """IDoc: a control record, as text or as XML."""
    return _told(_IDOC, head, "a control record EDI_DC40")


def _told(pattern: re.Pattern[str], head: bytes, what: str) -> Guess:
    """Sure where the file begins with it, nearly so where something stands before it."""
    text = _text(head)
    found = pattern.search(text)
    if found is None:
        return Guess(0.0, f"no {what.removeprefix('a ').removeprefix('an ')}")
    return Guess(1.0 if found.start() < 2 else 0.9, what)


def _text(head: bytes) -> str:
    for mark, encoding in (
        (codecs.BOM_UTF16_LE, "utf-16-le"),
        (codecs.BOM_UTF16_BE, "utf-16-be"),
        (codecs.BOM_UTF8, "utf-8"),
    ):
        if head.startswith(mark):
            return head.removeprefix(mark).decode(encoding, "ignore")
    return head.decode("latin-1")
