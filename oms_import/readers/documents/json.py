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
from oms_import.readers.documents.json_stream import JsonStream, put
from oms_import.readers.documents.nodes import Odd
from oms_import.readers.documents.paths import OWN, DocumentPath
from oms_import.readers.documents.source import DocumentSource, Found, Shape
from oms_import.readers.documents.tree import Element, Node
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
        """Orders in blocks: none yet; see source.Documents."""
        raise Odd

    def orders(self) -> Iterator[Found]:
        """Every order, in the file's order.

        Raises:
            DropRejectedError: DOC_TRUNCATED, DOC_BROKEN, DOC_NO_ORDERS, ENC_INVALID, JSON_LIMIT.
        """
        self.findings = []
        with closing(JsonStream(self._path, self.encoding, self._limit)) as stream:
            reading = _Reading(stream, self._orders)
            yield from reading.orders()
            self.findings = reading.findings()
        if not reading.met:
            raise DropRejectedError([self._no_orders(reading)])

    def _no_orders(self, reading: _Reading) -> Finding:
        wanted = " or ".join(".".join(names) or "the top" for names in sorted(self._orders))
        there = ", ".join(list(reading.keys)[:10]) or "nothing"
        detail = f"there is {there} at the top; the profile looks for orders at {wanted}"
        return Finding(Code.DOC_NO_ORDERS, detail=detail)


class _Reading:
    """One pass over the values of a file."""

    def __init__(self, stream: JsonStream, orders: frozenset[tuple[str, ...]]) -> None:
        self._stream = stream
        self._orders = orders
        self._ways = frozenset(names[:end] for names in orders for end in range(len(names)))
        self._places = 0  # where orders stand, or could
        self.keys: dict[str, None] = {}  # of the values at the top
        self._behind: dict[str, None] = {}  # what stands behind the orders, and is not read
        self._count = 0

    @property
    def met(self) -> bool:
        """Whether there was a place where orders stand."""
        return self._places > 0

    def orders(self) -> Iterator[Found]:
        """All orders of all values."""
        stream, values, good = self._stream, 0, 0
        while stream.peek():
            values += 1
            line = stream.line
            stream.mark()
            try:
                yield from self._value(values)
            except DropRejectedError as error:
                (finding,) = error.findings
                if finding.code not in {Code.DOC_BROKEN, Code.DOC_TRUNCATED} or not stream.back():
                    raise
                # Of lines of objects one that is broken is one order that is broken.
                text = stream.skip_line()
                if not (good or _is_line(text, stream.peek())):
                    raise
                yield self._lost(finding, line, text)
                continue
            good += 1
        if not values:
            raise DropRejectedError([Finding(Code.FILE_EMPTY)])

    def findings(self) -> list[Finding]:
        """What stands behind the orders is told, since it could not be kept with them."""
        empty = [] if self._count else [Finding(Code.FILE_NO_ROWS)]
        if not self._behind:
            return empty
        named = ", ".join(list(self._behind)[:10])
        return [*empty, Finding(Code.DOC_PART_IGNORED, detail=named)]

    def _value(self, number: int) -> Iterator[Found]:
        char = self._stream.peek()
        if char == "[" and () in self._orders:
            yield from self._array("", {})
        elif char == "{" and self._ways - {()} | (self._orders - {()}):
            root: Element = {}
            yield from self._object((), root, root, number)
        else:
            yield from self._order("/" if number == 1 else f"value {number}", {})

    def _object(
        self, way: tuple[str, ...], root: Element, here: Element, number: int
    ) -> Iterator[Found]:
        """Orders below an object; what stands before them is what surrounds them."""
        stream, before, line = self._stream, self._count, self._stream.line
        places = self._places
        stream.take("{")
        while stream.peek() != "}":
            key = stream.key()
            inner = (*way, key)
            if not way:
                self.keys.setdefault(key)
            if inner in self._orders and stream.peek() in "[{":
                self._places += 1
                pointer = "/" + "/".join(inner)
                if stream.peek() == "[":
                    yield from self._array(pointer, root)
                else:
                    yield from self._order(pointer, root)
            elif inner in self._ways and stream.peek() == "{":
                below: Element = {}
                here[key] = below
                yield from self._object(inner, root, below, number)
            else:
                put(here, key, stream.value())
                if self._count > before:
                    self._behind.setdefault("/" + "/".join(inner))
            if stream.peek() == ",":
                stream.take(",")
            elif stream.peek() != "}":
                raise stream.broken(", or } expected")
        stream.take("}")
        if not way and self._places == places and () in self._orders:
            self._count += 1
            self._places += 1
            yield Found(here, {}, "/" if number == 1 else f"value {number}", line)

    def _array(self, pointer: str, root: Node) -> Iterator[Found]:
        stream = self._stream
        self._places += 1
        stream.take("[")
        place = 0
        while stream.peek() != "]":
            yield from self._order(f"{pointer}/{place}", root)
            place += 1
            if stream.peek() == ",":
                stream.take(",")
            elif stream.peek() != "]":
                raise stream.broken(", or ] expected")
        stream.take("]")

    def _order(self, pointer: str, root: Node) -> Iterator[Found]:
        stream = self._stream
        stream.peek()
        line = stream.line
        node = stream.value()
        self._count += 1
        if not isinstance(node, dict):
            said = (str(Code.DOC_BROKEN), f"an object expected at {pointer or 'the top'}")
            yield Found({}, root, pointer, line, said, None if node is None else str(node))
            return
        self._places += 1
        yield Found(node, root, pointer, line)

    def _lost(self, finding: Finding, line: int, text: str) -> Found:
        self._count += 1
        said = (str(Code.DOC_BROKEN), finding.detail or "")
        return Found({}, {}, f"line {line}", line, said, text)


def _is_line(text: str, following: str) -> bool:
    """Whether a first line that is broken is one of several objects, each on its own line."""
    return len(text.strip()) > 1 and text.lstrip().startswith("{") and following == "{"


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
