"""The text of an XML file in blocks: checked by the parser, and freed of what is no text or tag."""

from __future__ import annotations

import codecs
import importlib
import re
from typing import Any, BinaryIO

from oms_import.readers.documents.nodes import Odd
from oms_import.readers.documents.xml_scan import BREAK

_ENCODINGS = frozenset(
    ("utf-8", "utf-16", "utf-16-le", "utf-16-be", "iso8859-1", "ascii", "cp1252")
)
_PROLOG = re.compile(
    rb"""(?:\s+|<!--.*?-->|<\?.*?\?>|<!DOCTYPE(?:[^>\[\0"']|"[^"]*"|'[^']*')*>)*(?=<[^!?/])""",
    re.DOTALL,
)
_OUT = re.compile(rb"<!--.*?-->|<!\[CDATA\[(.*?)\]\]>|<\?.*?\?>", re.DOTALL)


class CheckedText:
    """The text of a file in blocks of UTF-8 that the parser has passed."""

    def __init__(self, file: BinaryIO, encoding: str) -> None:
        etree: Any = importlib.import_module("lxml.etree")
        self._file = file
        self._error = etree.XMLSyntaxError
        try:
            name = codecs.lookup(encoding).name
        except LookupError:
            raise Odd from None
        if name not in _ENCODINGS:
            raise Odd
        plain = name in {"utf-8", "ascii"}
        self._decoder = None if plain else codecs.getincrementaldecoder(name)("strict")
        self._parser: Any = etree.XMLParser(
            target=_Nothing(),
            encoding="utf-8",
            resolve_entities=False,
            no_network=True,
            load_dtd=False,
            huge_tree=False,
        )
        self.line = 1  # where the document's own element begins
        self._begun = False

    def block(self, size: int) -> bytes:
        """The next block; empty at the end.

        Raises:
            Odd: the text is not sound, as the parser says.
        """
        while True:
            raw = self._file.read(size)
            try:
                text = self._utf8(raw)
                if not self._begun:
                    text = self._document(text)
                if text:
                    self._parser.feed(text)
                elif raw:
                    continue
                else:
                    self._parser.close()
            except (self._error, UnicodeError):
                raise Odd from None
            return text

    def _utf8(self, raw: bytes) -> bytes:
        if self._decoder is None:
            return raw
        return self._decoder.decode(raw, final=not raw).encode()

    def _document(self, text: bytes) -> bytes:
        """The text from the document's own element on."""
        text = text.removeprefix(codecs.BOM_UTF8)
        prolog = _PROLOG.match(text)
        if prolog is None or b"\0" in text[:4]:
            raise Odd
        self._begun = True
        self.line += _lines(text[: prolog.end()])
        return text[prolog.end() :]


class _Nothing:
    """A target of the parser that takes nothing, so that it only checks."""

    def close(self) -> None:
        """The end of the document."""


def _lines(text: bytes) -> int:
    return text.count(b"\n")


class Cleaner:
    """Takes comments and instructions out of a text; CDATA sections become plain text."""

    def __init__(self) -> None:
        self.held = b""

    def clean(self, text: bytes) -> bytes:
        """The text so far, up to where a tag or section may not be whole."""
        text = self.held + text
        self.held = b""
        if b"\r" in text:
            if text.endswith(b"\r"):
                text, self.held = text[:-1], b"\r"
            text = text.replace(b"\r\n", b"\n")
            if b"\r" in text:  # the parser does not count these as lines
                raise Odd
        text = self._hold(text, text.rfind(b"<") if text.rfind(b"<") > text.rfind(b">") else -1)
        if b"<!" in text or b"<?" in text:
            text = _OUT.sub(_plain, text)
            open_ = [at for at in (text.find(b"<!"), text.find(b"<?")) if at >= 0]
            text = self._hold(text, min(open_, default=-1))
        return text

    def _hold(self, text: bytes, at: int) -> bytes:
        if at < 0:
            return text
        self.held = text[at:] + self.held
        return text[:at]


def _plain(found: re.Match[bytes]) -> bytes:
    inside = found[1]
    if inside is None:
        return BREAK * found[0].count(b"\n")
    return inside.replace(b"&", b"&amp;").replace(b"<", b"&lt;").replace(b">", b"&gt;")
