"""JSON documents: orders out of objects, arrays and lines of objects (NDJSON), streamed.

A file is a sequence of values (one document, or a line for each). In each, `format.orders` says
where orders stand: `orders`, `payload.orders`, or `.` for the value itself; an array there is
many orders. Without it the values themselves are orders.
"""

from __future__ import annotations

import codecs
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path

from oms_import.model.codes import Code
from oms_import.model.errors import DropRejectedError
from oms_import.model.finding import Finding, Location
from oms_import.model.values import Limits
from oms_import.readers.documents.block import Block
from oms_import.readers.documents.json_blocks import JsonBlocks
from oms_import.readers.documents.json_reading import OneByOne
from oms_import.readers.documents.json_stream import JsonStream
from oms_import.readers.documents.paths import OWN, DocumentPath
from oms_import.readers.documents.source import DocumentSource, Found, Shape
from oms_import.readers.spec import ReadSpec

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # before UTF-16: its mark begins like that one's
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


def open_json(path: Path, spec: ReadSpec, scratch: Path, limits: Limits) -> DocumentSource:  # noqa: ARG001
    """Open a JSON file.

    Raises:
        DropRejectedError: FILE_EMPTY, ENC_MISMATCH, FORMAT_UNKNOWN (a path of the profile).
    """
    shape = Shape.of(spec, "json")
    return DocumentSource(JsonDocuments(path, shape.orders, spec, limits), shape, spec)


class JsonDocuments:
    """A JSON file whose orders can be gone through; see source.Documents."""

    def __init__(
        self, path: Path, orders: Sequence[DocumentPath], spec: ReadSpec, limits: Limits
    ) -> None:
        self._path = path
        named = [tuple(name for name in one.names if name != OWN) for one in orders]
        self._orders = frozenset(named or [()])
        self._limit = limits.document_bytes
        self.encoding = _encoding(path, spec.format.encoding)
        self.findings: list[Finding] = []

    def blocks(self) -> Iterator[Block]:
        """Orders in blocks; see source.Documents."""
        self.findings = []
        blocks = JsonBlocks(self._path, self.encoding, self._limit, self._orders)
        yield from blocks.blocks()
        self.findings = blocks.findings

    def orders(self) -> Iterator[Found]:
        """Every order, in the file's order.

        Raises:
            DropRejectedError: DOC_TRUNCATED, DOC_BROKEN, DOC_NO_ORDERS, ENC_INVALID, JSON_LIMIT.
        """
        self.findings = []
        with closing(JsonStream(self._path, self.encoding, self._limit)) as stream:
            reading = OneByOne(stream, self._orders)
            yield from reading.orders()
            self.findings = reading.findings()
        if not reading.met:
            raise DropRejectedError([self._no_orders(reading)])

    def _no_orders(self, reading: OneByOne) -> Finding:
        wanted = " or ".join(".".join(names) or "the top" for names in sorted(self._orders))
        there = ", ".join(list(reading.keys)[:10]) or "nothing"
        detail = f"there is {there} at the top; the profile looks for orders at {wanted}"
        return Finding(Code.DOC_NO_ORDERS, detail=detail)


def _encoding(path: Path, declared: str) -> str:
    """By its mark, as declared, or UTF-8, as RFC 8259 has it; UTF-16 is seen by its zeros too."""
    with path.open("rb") as file:
        head = file.read(4)
    if not head:
        raise DropRejectedError([Finding(Code.FILE_EMPTY)])
    marked = next((encoding for mark, encoding in _MARKS if head.startswith(mark)), None)
    if marked:
        return marked
    if declared.strip().casefold() != "auto":
        try:
            return codecs.lookup(declared.strip()).name
        except LookupError:
            detail = f'the profile\'s format.encoding "{declared}" is no encoding we know'
            where = Location(line=1)
            raise DropRejectedError(
                [Finding(Code.ENC_MISMATCH, detail=detail, location=where)]
            ) from None
    if len(head) > 1 and 0 in head[:2]:
        return "utf-16-be" if head[0] == 0 else "utf-16-le"
    return "utf-8"
