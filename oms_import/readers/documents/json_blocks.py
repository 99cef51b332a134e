"""JSON orders the fast way: all whole ones in the text read so far, scanned at once.

What stands around orders is read as in the other way. Whatever needs more than the scan can do
raises Odd, and the file is read order by order from there, which also says what is wrong with it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import numpy as np

from oms_import.model.errors import DropRejectedError
from oms_import.model.finding import Finding
from oms_import.readers.documents import json_scan, json_stream
from oms_import.readers.documents.block import Block
from oms_import.readers.documents.json_reading import Reading, Standing, value_name
from oms_import.readers.documents.json_stream import JsonStream
from oms_import.readers.documents.nodes import Odd
from oms_import.readers.documents.source import Found
from oms_import.readers.documents.tree import Node

_BLOCK = 1 << 22
_LONG = 1 << 24  # characters to scan at once


class JsonBlocks:
    """A file whose orders can be gone through in blocks."""

    def __init__(
        self, path: Path, encoding: str, limit: int, orders: frozenset[tuple[str, ...]]
    ) -> None:
        self._path, self._encoding, self._orders = path, encoding, orders
        # The other way may hold a block's text before a value against it too.
        self._limit = limit - json_stream.BLOCK
        self.findings: list[Finding] = []

    def blocks(self) -> Iterator[Block]:
        """All orders of the file, in its order.

        Raises:
            Odd: the orders from here on are to be read another way.
        """
        if self._limit <= 0:
            raise Odd
        stream = JsonStream(self._path, self._encoding, self._limit, _BLOCK)
        with closing(stream):
            reading = _Blocks(stream, self._orders, self._limit)
            try:
                yield from reading.orders()
            except DropRejectedError:
                raise Odd from None
            if not reading.met:
                raise Odd
            self.findings = reading.findings()


class _Blocks(Reading[Block]):
    """Block by block."""

    def __init__(self, stream: JsonStream, orders: frozenset[tuple[str, ...]], limit: int) -> None:
        super().__init__(stream, orders)
        self._limit = limit
        self._held = {way[0] for way in orders if way}  # members that would hold orders

    def _value(self, number: int) -> Iterator[Block]:
        if self._is_order():
            return self._order(value_name, number, {}, "lines")
        return super()._value(number)

    def _is_order(self) -> bool:
        """Whether a line is an order, though the profile knows files of lists of orders too."""
        if () not in self._orders or self._stream.peek() != "{":
            return False
        line, ended, _ = self._stream.rest().partition("\n")
        while not ended and len(line) <= _LONG and self._stream.more():
            line, ended, _ = self._stream.rest().partition("\n")
        return line.rstrip().endswith("}") and not any(f'"{name}"' in line for name in self._held)

    def _order(
        self, name: Callable[[int], str], place: int, root: Node, standing: Standing
    ) -> Iterator[Block]:
        stream = self._stream
        if standing == "alone" or stream.peek() != "{":
            raise Odd
        if root:
            _encoded(json.dumps(root, ensure_ascii=False))
        while True:
            text = stream.rest()
            data = _encoded(text)
            found = json_scan.run(data, commas=standing == "listed", line=stream.line)
            if found is not None:
                break
            if len(text) > _LONG or not stream.more():
                raise Odd
        if int((found.ends - found.begins).max()) > self._limit:
            raise Odd
        ways = found.nodes.paths
        if standing == "lines" and any(ways.find(0, name) is not None for name in self._held):
            raise Odd  # one of them holds orders
        end, count = int(found.ends[-1]), len(found.ends)
        stream.skip(end if len(data) == len(text) else len(data[:end].decode()))
        self._count += count
        self._places += count
        self._values += count - 1 if standing == "lines" else 0
        pointers = [name(at) for at in range(place, place + count)]
        yield Block(found.nodes, pointers, None, [root], np.zeros(count, np.int64))

    def _found(self, found: Found) -> Block:  # noqa: ARG002
        raise Odd


def _encoded(text: str) -> bytes:
    """A text in UTF-8.

    Raises:
        Odd: it has half a character, as escapes may leave it.
    """
    try:
        return text.encode()
    except UnicodeEncodeError:
        raise Odd from None
