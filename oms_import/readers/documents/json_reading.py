"""Orders in the values of a JSON text: where they stand, and what stands around them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from typing import Generic, Literal, TypeAlias, TypeVar

from oms_import.model.codes import Code
from oms_import.model.errors import DropRejectedError
from oms_import.model.finding import Finding
from oms_import.readers.documents.json_stream import JsonStream, put
from oms_import.readers.documents.source import Found
from oms_import.readers.documents.tree import Element, Node

Standing: TypeAlias = Literal["alone", "listed", "lines"]
"""How orders follow one another: not at all, in a list, or one value after the other."""

_T = TypeVar("_T")


class Reading(ABC, Generic[_T]):
    """One pass over the values of a file; subclasses say what is made of the orders met."""

    def __init__(self, stream: JsonStream, orders: frozenset[tuple[str, ...]]) -> None:
        self._stream = stream
        self._orders = orders
        self._ways = frozenset(names[:end] for names in orders for end in range(len(names)))
        self._places = 0  # where orders stand, or could
        self.keys: dict[str, None] = {}  # of the values at the top
        self._behind: dict[str, None] = {}  # what stands behind the orders, and is not read
        self._count = 0
        self._values = 0  # at the top

    @property
    def met(self) -> bool:
        """Whether there was a place where orders stand."""
        return self._places > 0

    def orders(self) -> Iterator[_T]:
        """All orders of all values."""
        stream, good = self._stream, 0
        while stream.peek():
            self._values += 1
            line = stream.line
            stream.mark()
            try:
                yield from self._value(self._values)
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
        if not self._values:
            raise DropRejectedError([Finding(Code.FILE_EMPTY)])

    def findings(self) -> list[Finding]:
        """What stands behind the orders is told, since it could not be kept with them."""
        empty = [] if self._count else [Finding(Code.FILE_NO_ROWS)]
        if not self._behind:
            return empty
        named = ", ".join(list(self._behind)[:10])
        return [*empty, Finding(Code.DOC_PART_IGNORED, detail=named)]

    def _value(self, number: int) -> Iterator[_T]:
        char = self._stream.peek()
        if char == "[" and () in self._orders:
            yield from self._array("", {})
        elif char == "{" and self._ways - {()} | (self._orders - {()}):
            root: Element = {}
            yield from self._object((), root, root, number)
        else:
            yield from self._order(value_name, number, {}, "lines")

    def _object(
        self, way: tuple[str, ...], root: Element, here: Element, number: int
    ) -> Iterator[_T]:
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
                    yield from self._order(lambda _, name=pointer: name, 0, root, "alone")
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
            yield self._found(Found(here, {}, value_name(number), line))

    def _array(self, pointer: str, root: Node) -> Iterator[_T]:
        stream = self._stream
        self._places += 1
        stream.take("[")
        before = self._count
        while stream.peek() != "]":
            place = self._count - before
            yield from self._order(lambda at: f"{pointer}/{at}", place, root, "listed")
            if stream.peek() == ",":
                stream.take(",")
            elif stream.peek() != "]":
                raise stream.broken(", or ] expected")
        stream.take("]")

    def _lost(self, finding: Finding, line: int, text: str) -> _T:
        self._count += 1
        said = (str(Code.DOC_BROKEN), finding.detail or "")
        return self._found(Found({}, {}, f"line {line}", line, said, text))

    @abstractmethod
    def _order(
        self, name: Callable[[int], str], place: int, root: Node, standing: Standing
    ) -> Iterator[_T]:
        """The order that begins here, perhaps with those that follow it.

        Args:
            name: the pointer of the order at a place.
            place: the first one's.
            root: what stands around it, as far as it was read.
            standing: whether others may follow, and how.
        """

    @abstractmethod
    def _found(self, found: Found) -> _T:
        """What is made of an order that was found alone."""


class OneByOne(Reading[Found]):
    """Order by order."""

    def _order(
        self,
        name: Callable[[int], str],
        place: int,
        root: Node,
        standing: Standing,  # noqa: ARG002
    ) -> Iterator[Found]:
        stream, pointer = self._stream, name(place)
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

    def _found(self, found: Found) -> Found:
        return found


def value_name(number: int) -> str:
    """The name of a value of the file, counted from 1; the first is the whole."""
    return "/" if number == 1 else f"value {number}"


def _is_line(text: str, following: str) -> bool:
    """Whether a first line that is broken is one of several objects, each on its own line."""
    return len(text.strip()) > 1 and text.lstrip().startswith("{") and following == "{"
