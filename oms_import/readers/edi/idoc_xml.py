"""IDocs as XML (port type XML): parsed once, its segments kept as columns beside the file.

`ORDERS05 > IDOC > EDI_DC40, E1EDK01, E1EDP01 > E1EDP19 …`: an element with the attribute SEGMENT
or with elements in it is a segment, one without is a field. Prefixes and enclosing elements do not
matter. The parser never loads a DTD, resolves no entity of the file's own and reads no other file;
an element is dropped once it is read, so memory holds one IDoc at a time.
"""

from __future__ import annotations

import codecs
import importlib
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

import polars as pl

from oms_import.model.codes import Code
from oms_import.model.edi import SEGMENTS, Envelopes, Fault, element
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

_ROWS = 50_000  # of a kept piece
_HEAD = 1 << 16
_ADRIFT = 100_000  # fields or segments outside of any IDoc: this is something else
_CONTROLS = frozenset({CONTROL_TAG, "EDI_DC", "EDI_DC40_U"})

Row = tuple[int, str, dict[int, str]]
"""A segment: line, tag, values by position."""


class XmlIDocs:
    """An XML file, read; `segments` gives the messages asked for."""

    name = "idoc"

    def __init__(self, path: Path, scratch: Path, *, strict: bool) -> None:
        """Read the file.

        Raises:
            DropRejectedError: EDI_HEADER: no EDI_DC40; EDI_TRUNCATED: the document ends within its
                first IDoc; FILE_UNREADABLE: it has a document type definition.
        """
        reading = _Reading(_Kept(Path(tempfile.mkdtemp(dir=scratch))), strict=strict)
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


@dataclass(slots=True)
class _Kept:
    """Segments in pieces of whole messages, as files."""

    folder: Path
    rows: list[Row] = field(default_factory=list[Row])
    owners: list[tuple[int, int]] = field(default_factory=list[tuple[int, int]])
    pieces: list[tuple[int, int, Path]] = field(default_factory=list[tuple[int, int, Path]])

    def add(self, message: int, rows: list[Row]) -> None:
        """Keep a message's segments."""
        self.rows += rows
        self.owners.append((message, len(rows)))
        if len(self.rows) >= _ROWS:
            self.flush()

    def flush(self) -> None:
        """Write down what waits."""
        if not self.owners:
            return
        path = self.folder / f"{len(self.pieces)}.arrow"
        _frame(self.rows, self.owners).write_ipc(path)
        self.pieces.append((self.owners[0][0], self.owners[-1][0], path))
        self.rows, self.owners = [], []

    def parts(self, wanted: pl.Series) -> Iterator[pl.DataFrame]:
        """The segments of these messages, piece by piece."""
        if wanted.is_empty():
            return
        first, last = int(wanted[0]), int(wanted[-1])
        for begin, end, path in self.pieces:
            if begin <= last and end >= first:
                frame = pl.read_ipc(path)
                yield frame.filter(pl.col("_message").is_in(wanted.implode()))


def _frame(rows: Sequence[Row], owners: Sequence[tuple[int, int]]) -> pl.DataFrame:
    """Rows as SEGMENTS."""
    width = max((max(values, default=1) for _, _, values in rows), default=1)
    positions = range(1, width + 1)
    cells = [[values.get(position) for _, _, values in rows] for position in positions]
    numbers = [(message, n) for message, count in owners for n in range(1, count + 1)]
    data: dict[str, object] = {
        "_message": [message for message, _ in numbers],
        "_segment": [n for _, n in numbers],
        "_line": [line for line, _, _ in rows],
        "_byte_from": [None] * len(rows),
        "_byte_to": [None] * len(rows),
        "tag": [tag for _, tag, _ in rows],
    }
    names = [element(position) for position in positions]
    data.update(zip(names, cells, strict=True))
    return pl.DataFrame(data, schema={**SEGMENTS, **dict.fromkeys(names, pl.String)})


@dataclass(slots=True)
class _Reading:
    """What was read so far."""

    kept: _Kept
    strict: bool
    encoding: str = "utf-8"
    register: Register = field(default_factory=Register)
    headers: dict[int, Header] = field(default_factory=dict[int, Header])
    findings: list[Finding] = field(default_factory=list[Finding])
    fields: dict[str, dict[str, int]] = field(
        default_factory=lambda: {CONTROL_TAG: {n: i for i, n in enumerate(CONTROL_FIELDS, 1)}}
    )
    """Segment type → its fields and their positions, as they first occur."""
    control: Row | None = None  # of the IDoc being read
    rows: list[Row] = field(default_factory=list[Row])
    failure: Finding | None = None
    root: str = ""  # the document's element
    repairs: list[str] = field(default_factory=list[str])
    outside: dict[str, None] = field(default_factory=dict[str, None])
    """Elements outside of any IDoc."""

    def values(self, tag: str, pairs: Sequence[tuple[str, str]]) -> dict[int, str]:
        """Fields by position; a field that comes again is joined to the first by a line end."""
        places = self.fields.setdefault(tag, {})
        values: dict[int, str] = {}
        for name, written in pairs:
            place = places.setdefault(name, len(places) + 1)
            text = written.rstrip()
            if not text or (text == NO_DATE and name in DATE_FIELDS):
                continue
            values[place] = f"{values[place]}\n{text}" if place in values else text
        return values

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
        whole = len(self.register.interchanges)
        if not whole:
            self.failure = finding
            return
        if self.strict:
            self.close()
        elif self.control or self.rows:
            detail = f"{detail}; the IDoc it was in is left out"
            self.findings.append(
                Finding(finding.code, None, None, detail, Severity.WARNING, finding.location)
            )
            self.control, self.rows = None, []
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
            resolve_entities=False,
            no_network=True,
            load_dtd=False,
            huge_tree=False,
            remove_comments=True,
            remove_pis=True,
        )
        try:
            _walk(events, reading)
            reading.close()
        except etree.XMLSyntaxError as error:
            reading.broken(error.msg or "not XML", error.lineno or 1)
    reading.kept.flush()
    if reading.outside:
        named = ", ".join(list(reading.outside)[:10])
        reading.repairs.append(f"elements outside of an IDoc left out: {named}")


def _place(file: BinaryIO, reading: _Reading) -> None:
    """Go to where the document begins, past blanks XML does not allow there; no DTD is let in."""
    head = file.read(_HEAD)
    if b"<!DOCTYPE" in head.replace(b"\0", b""):
        raise _definition()
    text = head.removeprefix(codecs.BOM_UTF8)
    blanks = len(text) - len(text.lstrip())
    if blanks:
        reading.repairs.append("blanks before the XML document")
    file.seek(len(head) - len(text) + blanks if blanks else 0)


def _definition() -> DropRejectedError:
    detail = "the XML has a document type definition, which no IDoc has; it is not read"
    return DropRejectedError([Finding(Code.FILE_UNREADABLE, detail=detail)])


@dataclass(slots=True)
class _Above:
    """An element that is still open, of which segments have ended."""

    node: Any
    first: int  # of its segments' rows
    ended: Any  # the last of them; those before it are gone from the tree


def _walk(events: Any, reading: _Reading) -> None:
    """Segments as they end, each put before those within it, whose ends came first."""
    above: list[_Above] = []
    names: dict[str, str] = {}
    leaves = 0
    for _, node in events:
        if not reading.root:
            _begin(node, reading)
        if not len(node) and node.get("SEGMENT") is None:
            leaves += 1
            if leaves > _ADRIFT:
                raise DropRejectedError([no_header()])
            if not node.tag.endswith("IDOC"):
                continue
        leaves = 0
        held = above.pop() if above and above[-1].node is node else None
        first = len(reading.rows) if held is None else held.first
        if _is_idoc(node):
            reading.close()
            first = 0
        else:
            first = _segment(node, held, first, names, reading)
        _drop(node, first, above)


def _is_idoc(node: Any) -> bool:
    return node.tag.rpartition("}")[2] == "IDOC"


def _begin(node: Any, reading: _Reading) -> None:
    about = node.getroottree()
    if about.docinfo.doctype:
        raise _definition()
    reading.encoding = (about.docinfo.encoding or "utf-8").lower()
    reading.root = about.getroot().tag.rpartition("}")[2]


def _segment(
    node: Any, held: _Above | None, first: int, names: dict[str, str], reading: _Reading
) -> int:
    """Take an element's fields; where its rows begin."""
    ended = None if held is None else held.ended
    pairs = [
        (names.get(leaf.tag) or _named(leaf.tag, names), leaf.text or "")
        for leaf in node
        if leaf is not ended
    ]
    tag = segment_type(_named(node.tag, names))
    if not pairs and node.get("SEGMENT") is None and tag not in LAYOUTS:
        return first  # it only holds others
    if tag in _CONTROLS:
        reading.close()
        reading.control = (node.sourceline or 1, tag, reading.values(CONTROL_TAG, pairs))
        return 0
    if reading.control is None and not any(_is_idoc(above) for above in node.iterancestors()):
        reading.outside.setdefault(tag)
        return first
    reading.rows.insert(first, (node.sourceline or 1, tag, reading.values(tag, pairs)))
    if reading.control is None and len(reading.rows) > _ADRIFT:
        raise DropRejectedError([no_header()])
    return first


def _named(tag: str, names: dict[str, str]) -> str:
    """An element's own name, without its namespace."""
    return names.setdefault(tag, tag.rpartition("}")[2])


def _drop(node: Any, first: int, above: list[_Above]) -> None:
    """Empty an element that was read, and take the one before it out of the tree.

    The element itself has to stay until the next one ends: the parser may still be at it.
    """
    node.clear(keep_tail=True)
    parent = node.getparent()
    if parent is None:
        return
    if above and above[-1].node is parent:
        parent.remove(above[-1].ended)
        above[-1].ended = node
    else:
        above.append(_Above(parent, first, node))


def _nothing(reading: _Reading) -> Finding:
    return reading.failure or no_header()
