"""What a file is by its first bytes."""

from __future__ import annotations

import re
from typing import NamedTuple

_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ZIP = b"PK\x03\x04"

_MAGIC = (
    (b"%PDF", "a PDF document"),
    (b"\x89PNG", "a PNG image"),
    (b"\xff\xd8\xff", "a JPEG image"),
    (b"GIF8", "a GIF image"),
    (b"SQLite format 3\0", "an SQLite database"),
    (b"PAR1", "a Parquet file"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"PK", "a ZIP archive"),
    (b"7z\xbc\xaf", "a 7-Zip archive"),
    (b"Rar!", "a RAR archive"),
    (b"BZh", "a bzip2 archive"),
    (b"\xfd7zXZ", "an xz archive"),
    (b"\x28\xb5\x2f\xfd", "a Zstandard archive"),
    (b"\x7fELF", "a program"),
    (b"MZ\x90", "a program"),
    (b"{\\rtf", "an RTF document"),
)
_TEXTS = (
    (
        re.compile(rb"<(\?xml|!doctype|html|table|[a-z][\w:.-]*[\s>/])", re.IGNORECASE),
        "XML or HTML",
    ),
    (re.compile(rb'(\{\s*("|\})|\[\s*(\{|\[|"|\]))'), "JSON"),
    (re.compile(rb"ISA[^A-Za-z0-9\s].{2}[^A-Za-z0-9\s]"), "X12 EDI"),
    (re.compile(rb"(UNA.{6}\s*)?UNB[^A-Za-z0-9\s]|STX=ANA"), "EDIFACT or TRADACOMS EDI"),
    (re.compile(rb"EDI_DC(40)? "), "a SAP IDoc"),
)
_XML = re.compile(rb"<(\?xml|!--|!DOCTYPE|[A-Za-z_][\w:.-]*[\s>/])")
_HTML = re.compile(rb"<(!doctype\s+html|html)[\s>]", re.IGNORECASE)
_PART = re.compile(rb"<(head|body|table)[\s>]", re.IGNORECASE)  # of a page, where a file begins so
_JSON = re.compile(rb'(\{\s*("|\})|\[\s*(\{|\[|"|\]))')


class Guess(NamedTuple):
    """How sure a reader is that a file is its own, and why."""

    confidence: float
    reason: str


def foreign(head: bytes) -> str | None:
    """What the file is, if it is something that neither table reader reads."""
    for magic, what in _MAGIC:
        if head.startswith(magic):
            return what
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    return next((what for pattern, what in _TEXTS if pattern.match(text)), None)


def looks_workbook(head: bytes, name: str) -> Guess:
    """Excel: an OLE file (.xls, also an encrypted .xlsx) or a ZIP with workbook parts."""
    if head.startswith(_OLE):
        return Guess(0.9, "an OLE compound file, as .xls is")
    if head.startswith(_ZIP):
        if b"[Content_Types].xml" in head or b"xl/" in head or b"_rels/.rels" in head:
            return Guess(1.0, "a ZIP with Office parts")
        if name.casefold().endswith((".xlsx", ".xlsm")):
            return Guess(0.5, "a ZIP named as a workbook")
    return Guess(0.0, "no workbook")


def looks_delimited(head: bytes, name: str) -> Guess:
    """CSV or TSV: anything that is text, since delimiters are found only with the profile."""
    if head.startswith((_OLE, _ZIP)) or foreign(head) is not None:
        return Guess(0.0, "not delimited text")
    if name.casefold().endswith((".csv", ".tsv", ".txt", ".tab")):
        return Guess(0.8, "named as delimited text")
    return Guess(0.5, "text")


def looks_xml(head: bytes, name: str) -> Guess:  # noqa: ARG001
    """XML: a declaration or an element; not the page of a browser."""
    text = _text_of(head)
    if not _XML.match(text) or _HTML.search(text[:1024]) or _PART.match(text):
        return Guess(0.0, "no XML element")
    return Guess(0.8, "an XML element")


def looks_json(head: bytes, name: str) -> Guess:  # noqa: ARG001
    """JSON: an object, or an array of anything but numbers."""
    if _JSON.match(_text_of(head)):
        return Guess(0.8, "a JSON object or array")
    return Guess(0.0, "no JSON object")


def _text_of(head: bytes) -> bytes:
    """The first characters as ASCII, whatever their width; what stands before them left out."""
    return head.replace(b"\0", b"").lstrip(b"\xef\xbb\xbf\xff\xfe").lstrip()
