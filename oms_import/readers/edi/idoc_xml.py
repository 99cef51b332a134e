"""IDocs as XML (port type XML): parsed once, its segments kept as columns beside the file.

`ORDERS05 > IDOC > EDI_DC40, E1EDK01, E1EDP01 > E1EDP19 …`: an element with the attribute SEGMENT
or with elements in it is a segment, one without is a field. Prefixes and enclosing elements do not
matter. The parser never loads a DTD, resolves no entity of the file's own and reads no other file;
an element is dropped once it is read, so memory holds one IDoc at a time.
"""

from __future__ import annotations

import codecs
import importlib
import os
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

import polars as pl

from oms_import.model.codes import Code
from oms_import.model.edi import SEGMENTS, Envelopes, Fault
from oms_import.model.errors import DropRejectedError
from oms_import.model.finding import Finding, Location, Severity
from oms_import.readers.edi.idoc_control import Extent, Header, Register, no_header
from oms_import.readers.edi.idoc_fields import (
    CONTROL_FIELDS,
    CONTROL_TAG,
    DATE_FIELDS,
    LAYOUTS,
    NO_DATE,
    segment_type,
)
from oms_import.readers.edi.idoc_kept import Kept, Row

_HEAD = 1 << 16  # bytes in which the first IDoc has to begin
_LOOSE = 64 << 20  # bytes of a document that is read at once, for want of an element IDOC
_CONTROLS = frozenset({CONTROL_TAG, "EDI_DC", "EDI_DC40_U"})


class XmlIDocs:
    """An XML file, read; `segments` gives the messages asked for."""

    name = "idoc"

    def __init__(self, path: Path, scratch: Path, *, strict: bool) -> None:
        """Read the file.

        Raises:
            DropRejectedError: EDI_HEADER: no EDI_DC40; EDI_TRUNCATED: the document ends within its
                first IDoc; FILE_UNREADABLE: it has a document type definition.
        """
        reading = _Reading(Kept(Path(tempfile.mkdtemp(dir=scratch))), strict=strict)
        _read(path, reading)
        if not reading.register.interchanges:
            raise DropRejectedError([_nothing(reading)])
        self.repairs = reading.repairs
        self.encoding = reading.encoding
        self.envelopes: Envelopes = reading.register.envelopes()
        self.headers: dict[int, Header] = reading.headers
        self.fields = {tag: tuple(places) for tag, places in reading.fields.items()}
        self.findings = reading.findings
        self._kept = reading.kept

    def segments(self, messages: pl.DataFrame) -> pl.DataFrame:
        """The SEGMENTS of these messages (rows of MESSAGES, in order), control records left out."""
        wanted = messages.get_column("message")
        parts = [part for part in self._kept.parts(wanted) if part.height]
        if not parts:
            return pl.DataFrame(schema={**SEGMENTS, "e01": pl.String})
        frame = pl.concat(parts, how="diagonal")
        cells = sorted(set(frame.columns) - set(SEGMENTS), key=lambda name: int(name[1:]))
        return frame.select(*SEGMENTS, *cells)


def _numbered(names: Sequence[str]) -> dict[str, int]:
    return {name: position for position, name in enumerate(names, 1)}


@dataclass(slots=True)
class _Reading:
    """What was read so far."""

    kept: Kept
    strict: bool
    encoding: str = "utf-8"
    register: Register = field(default_factory=Register)
    headers: dict[int, Header] = field(default_factory=dict[int, Header])
    findings: list[Finding] = field(default_factory=list[Finding])
    fields: dict[str, dict[str, int]] = field(
        default_factory=lambda: {CONTROL_TAG: _numbered(CONTROL_FIELDS)}
    )
    """Segment type → its fields and their positions: SAP's, then others as they first occur."""
    control: Row | None = None  # of the IDoc being read
    rows: list[Row] = field(default_factory=list[Row])
    begun: Any = None  # EDI_DC40 of an IDoc that has not ended
    size: int = 0
    failure: Finding | None = None
    _kinds: dict[str, tuple[str, dict[str, int]]] = field(
        default_factory=dict[str, tuple[str, dict[str, int]]]
    )
    root: str = ""  # the document's element
    repairs: list[str] = field(default_factory=list[str])
    outside: dict[str, None] = field(default_factory=dict[str, None])
    """Elements outside of any IDoc."""

    def kind(self, raw: str) -> tuple[str, dict[str, int]]:
        """The segment type an element is of, and the positions of its fields."""
        known = self._kinds.get(raw)
        if known is None:
            tag = segment_type(raw.rpartition("}")[2])
            tag = CONTROL_TAG if tag in _CONTROLS else tag
            if tag not in self.fields:
                layout = LAYOUTS.get(tag)
                self.fields[tag] = _numbered(() if layout is None else layout.names)
            known = self._kinds[raw] = (tag, self.fields[tag])
        return known

    def close(self) -> None:
        """The IDoc ends: write it down, if it has a control record or segments at all."""
        control, rows = self.control, self.rows
        self.control, self.rows = None, []
        if control is None and not rows:
            return
        line = control[0] if control else rows[0][0]
        named = (
            {n: control[2].get(i) for n, i in self.fields[CONTROL_TAG].items()} if control else {}
        )
        if not named.get("IDOCTYP") and self.root != "IDOC":
            named["IDOCTYP"] = self.root
        number = self.register.add(named, Extent(len(rows), line))
        self.headers[number] = [(CONTROL_TAG, [named.get(name) for name in CONTROL_FIELDS])]
        self.kept.add(number, rows)
        if control is None:
            self.fault(number, "EDI_HEADER", "the IDoc has no EDI_DC40", line)
        elif not rows:
            self.fault(number, "EDI_TRUNCATED", "the IDoc has no segments", line)

    def fault(self, number: int, code: str, detail: str, line: int) -> None:
        """Something wrong with an IDoc."""
        self.register.faults.append(Fault(code, number, detail, number, number, line=line))

    def broken(self, said: str, line: int) -> None:
        """The document breaks off: all of it is doubtful, the IDoc being read is lost.

        Strict: the part that was read is a message too, so that its order is seen to be refused.
        Lenient: it is left out, and a warning says so.
        """
        detail = f"the XML is broken at line {line}: {said}"
        finding = Finding(Code.EDI_TRUNCATED, detail=detail, location=Location(line=line))
        if self.begun is not None:
            for child in self.begun.getparent():
                _segment(child, self)
        if not self.register.interchanges:
            self.failure = finding
            return
        if not self.strict:
            if self.control or self.rows:
                detail = f"{detail}; the IDoc it was in is left out"
            self.findings.append(
                Finding(finding.code, None, None, detail, Severity.WARNING, finding.location)
            )
            return
        self.close()
        for number in range(1, len(self.register.interchanges) + 1):
            self.fault(number, "EDI_TRUNCATED", detail, line)


def _read(path: Path, reading: _Reading) -> None:
    """Parse the file into `reading`."""
    etree: Any = importlib.import_module("lxml.etree")  # only XML files need it
    with path.open("rb") as file:
        _place(file, reading)
        events: Any = etree.iterparse(
            file,
            events=("end",),
            tag=("{*}IDOC", *(f"{{*}}{name}" for name in _CONTROLS)),
            resolve_entities=False,
            no_network=True,
            load_dtd=False,
            huge_tree=False,
            remove_comments=True,
            remove_pis=True,
        )
        try:
            _walk(events, reading)
        except etree.XMLSyntaxError as error:
            reading.broken(error.msg or "not XML", error.lineno or 1)
    reading.kept.flush()
    if reading.outside:
        named = ", ".join(list(reading.outside)[:10])
        reading.repairs.append(f"elements outside of an IDoc left out: {named}")


def _place(file: BinaryIO, reading: _Reading) -> None:
    """Go to where the document begins, past blanks XML does not allow there; no DTD is let in."""
    head = file.read(_HEAD)
    plain = head.replace(b"\0", b"")
    if b"<!DOCTYPE" in plain:
        raise _definition()
    if not any(mark in plain for mark in (b"EDI_DC", b"IDOC")):
        raise DropRejectedError([no_header()])
    reading.size = file.seek(0, os.SEEK_END)
    text = head.removeprefix(codecs.BOM_UTF8)
    blanks = len(text) - len(text.lstrip())
    if blanks:
        reading.repairs.append("blanks before the XML document")
    file.seek(len(head) - len(text) + blanks if blanks else 0)


def _definition() -> DropRejectedError:
    detail = "the XML has a document type definition, which no IDoc has; it is not read"
    return DropRejectedError([Finding(Code.FILE_UNREADABLE, detail=detail)])


def _walk(events: Any, reading: _Reading) -> None:
    """Take each IDoc as it ends, and drop it from the tree."""
    loose: Any = None
    for _, node in events:
        if not reading.root:
            _begin(node, reading)
        if _name(node) == "IDOC":
            _take(node, reading)
            _drop(node, reading)
        elif any(_name(above) == "IDOC" for above in node.iterancestors()):
            reading.begun = node
        elif loose is None:
            loose = node.getparent()
            if loose is None or reading.size > _LOOSE:
                raise DropRejectedError([no_header("no element IDOC encloses EDI_DC40")])
    if loose is not None:
        _take(loose, reading)
    if events.root is not None:
        reading.outside.update(dict.fromkeys(_name(n) for n in events.root if _name(n) != "IDOC"))


def _begin(node: Any, reading: _Reading) -> None:
    about = node.getroottree()
    if about.docinfo.doctype:
        raise _definition()
    reading.encoding = (about.docinfo.encoding or "utf-8").lower()
    reading.root = _name(about.getroot())


def _name(node: Any) -> str:
    """An element's own name, without its namespace."""
    return node.tag.rpartition("}")[2]


def _take(idoc: Any, reading: _Reading) -> None:
    """All segments of an IDOC element."""
    reading.begun = None
    for child in idoc:
        _segment(child, reading)
    reading.close()


def _segment(node: Any, reading: _Reading) -> None:
    """An element and the segments in it, in the document's order; its leaves are its fields."""
    tag, places = reading.kind(node.tag)
    if tag == CONTROL_TAG:
        reading.close()
    values: dict[int, str] = {}
    row = (node.sourceline or 1, tag, values)
    at = len(reading.rows)
    if tag == CONTROL_TAG:
        reading.control = row
    else:
        reading.rows.append(row)
    bare = True
    for child in node:
        text = child.text
        if len(child) or (not text and child.get("SEGMENT") is not None):
            _segment(child, reading)
            continue
        bare = False
        name = child.tag
        place = places.get(name)
        if place and text and place not in values and name not in DATE_FIELDS:
            text = text.rstrip()
            if text:  # what nearly every field is, without a call
                values[place] = text
        else:
            _put(values, places, child)
    if bare and not len(node):
        _put(values, places, node)
    elif bare and tag not in LAYOUTS and node.get("SEGMENT") is None and _holds(reading, at, row):
        del reading.rows[at]  # it only holds others, as E2EDP01001GRP does


def _holds(reading: _Reading, at: int, row: Row) -> bool:
    """Whether the row is still there: a control record inside an element ends the IDoc."""
    return at < len(reading.rows) and reading.rows[at] is row


def _put(values: dict[int, str], places: dict[str, int], leaf: Any) -> None:
    """Add a field; one that comes again is joined to the first by a line end."""
    name = leaf.tag
    if name[0] == "{":
        name = name.rpartition("}")[2]
    place = places.get(name) or places.setdefault(name, len(places) + 1)
    text = (leaf.text or "").rstrip()
    if not text or (text == NO_DATE and name in DATE_FIELDS):
        return
    values[place] = f"{values[place]}\n{text}" if place in values else text


def _drop(node: Any, reading: _Reading) -> None:
    """Empty an IDoc that was read, and take what precedes it out of the tree.

    The element itself has to stay until the next one ends: the parser may still be at it.
    """
    node.clear(keep_tail=True)
    parent = node.getparent()
    while parent is not None and (before := node.getprevious()) is not None:
        if _name(before) != "IDOC":
            reading.outside.setdefault(_name(before))
        parent.remove(before)


def _nothing(reading: _Reading) -> Finding:
    return reading.failure or no_header()
