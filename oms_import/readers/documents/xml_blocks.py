"""XML order by order the fast way: blocks of text, checked by the parser and scanned as a whole.

The parser sees all of the text and builds nothing; it says whether the text is sound XML. Whatever
needs more than the scan can do raises Odd, and the file is read element by element from there.
"""

from __future__ import annotations

import importlib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from oms_import.model.errors import DropRejectedError
from oms_import.readers.documents.block import Block
from oms_import.readers.documents.nodes import Odd
from oms_import.readers.documents.paths import NAME
from oms_import.readers.documents.tree import Element
from oms_import.readers.documents.xml_scan import BREAK, Scan, Tags
from oms_import.readers.documents.xml_text import CheckedText, Cleaner
from oms_import.readers.documents.xml_tree import Tags as Names
from oms_import.readers.documents.xml_tree import surroundings

_BLOCK = 1 << 22
_LONG = 1 << 21  # bytes of a tag and the text behind it: the parser's limit of a text is 10 MB
_DECLARED = re.compile(rb"""\sxmlns(?::([^\s=]+))?\s*=\s*(?:"([^"]*)"|'([^']*)')""")
_NAME = re.compile(rb"[^\s/]+")


@dataclass(slots=True)
class _Open:
    """An element around orders, as far as it was read."""

    name: str
    tag: bytes
    spaces: dict[str, str]  # prefix → namespace
    met: bool = False  # an order was in it
    before: list[bytes] = field(default_factory=list[bytes])  # elements before the first order
    outside: Element | None = None  # of the orders that stand right in it
    known: dict[bytes, str] = field(default_factory=dict[bytes, str])  # names as written → names


@dataclass(slots=True)
class _Met:
    """The orders of a block of text."""

    first: list[int] = field(default_factory=list[int])  # tags
    last: list[int] = field(default_factory=list[int])
    ways: list[tuple[str, ...]] = field(default_factory=list[tuple[str, ...]])
    around: list[_Open] = field(default_factory=list[_Open])
    which: list[int] = field(default_factory=list[int])  # of each order: place in `around`


class XmlBlocks:
    """A file whose orders can be gone through in blocks."""

    def __init__(
        self,
        orders: Sequence[tuple[str, ...]],
        spaces: Mapping[str, str],
        limit: int,
        *,
        named: bool,
        root_named: bool,
    ) -> None:
        """Begin.

        Args:
            orders: the names on the way to orders, from the root.
            spaces: namespaces that the profile names.
            limit: bytes to hold without the end of an order.
            named: whether the orders' own names are asked for.
            root_named: whether the root's own name is asked for.
        """
        self._orders = frozenset(orders)
        self._ways = {one[:count] for one in orders for count in range(1, len(one))}
        self._depth = max((len(one) for one in orders), default=0)
        self._named, self._root_named = named, root_named
        self._limit = limit
        self._spaces = bool(spaces)
        self._names = Names(spaces)
        self._top = _Open("", b"", {})
        self._stack: list[_Open] = []
        self._done = 0  # place in the text: where the last order ended
        self._kept = 0  # place up to which the text before was read
        self.behind: dict[str, None] = {}
        self.count = 0

    def blocks(self, path: Path, encoding: str) -> Iterator[Block]:
        """All orders of a file, in its order.

        Raises:
            Odd: orders from number `count` on have to be read another way.
        """
        with path.open("rb") as file:
            checked, cleaner = CheckedText(file, encoding), Cleaner()
            rest, line, fresh, met_at = b"", 0, b"-", 0
            while fresh:
                fresh = checked.block(max(_BLOCK, len(rest) + len(cleaner.held)))
                line = line or checked.line
                rest = rest + cleaner.clean(fresh)
                if len(cleaner.held) > self._limit:
                    raise Odd
                met, tags, kept = self._walk(rest)
                if met.first:
                    yield self._block(met, tags, line)
                    self.count += len(met.first)
                    met_at = file.tell()
                if file.tell() - met_at > self._limit:
                    raise Odd
                line += rest.count(b"\n", 0, kept) + rest.count(BREAK, 0, kept)
                rest = rest[kept:]
        if not self.count:
            raise Odd

    def _walk(self, data: bytes) -> tuple[_Met, Tags, int]:
        """Go through the elements around orders; gives also the place up to which all is read."""
        tags, met = Tags.of(data, len(self._stack)), _Met()
        _refuse_long(tags)
        outer = np.flatnonzero(tags.depth <= self._depth)
        depths, closing = tags.depth[outer].tolist(), tags.closing[outer].tolist()
        empty, ends = tags.empty[outer].tolist(), tags.end[outer].tolist()
        begun, ways = -1, ()
        self._done -= self._kept
        here = zip(outer.tolist(), depths, closing, empty, ends, strict=True)
        for tag, depth, closes, alone, end in here:
            if begun >= 0:
                if depth > len(self._stack) + 1:
                    continue
            elif closes:
                self._close()
                continue
            else:
                ways = (*(one.name for one in self._stack), self._name(tags, tag))
                if ways in self._ways and ways not in self._orders and not alone:
                    self._push(tags, tag, ways[-1])
                    continue
                begun = tag
            if closes or alone:
                self._finish(met, tags, (begun, tag, end), ways)
                begun = -1
        self._kept = int(tags.end[-1]) + 1 if len(tags.end) else 0
        if begun >= 0:
            self._kept = int(tags.begin[begun])
        self._meter(len(data))
        return met, tags, self._kept

    def _meter(self, place: int) -> None:
        """Not too much may stand between the ends of two orders.

        Raises:
            Odd: too much does.
        """
        if place - self._done > self._limit:
            raise Odd

    def _name(self, tags: Tags, tag: int) -> str:
        """An element's name, as paths write it."""
        content = tags.content(tag)
        found = _NAME.match(content)
        if found is None:
            raise Odd
        here = self._stack[-1] if self._stack else self._top
        if self._spaces and b"xmlns" in content:
            return self._named_in(found[0], {**here.spaces, **_declared(content)})
        known = here.known.get(found[0])
        if known is None:
            known = here.known[found[0]] = self._named_in(found[0], here.spaces)
        return known

    def _named_in(self, written: bytes | str, spaces: Mapping[str, str]) -> str:
        text = written if isinstance(written, str) else written.decode()
        prefix, _, local = text.rpartition(":")
        space = spaces.get(prefix, "")
        return self._names.name(f"{{{space}}}{local}" if space else local)

    def _push(self, tags: Tags, tag: int, name: str) -> None:
        content = tags.content(tag)
        here = self._stack[-1] if self._stack else self._top
        spaces = {**here.spaces, **_declared(content)}
        self._stack.append(_Open(name, b"<" + content + b">", spaces))

    def _close(self) -> None:
        closed = self._stack.pop()
        if not closed.met and len(self._orders) > 1:
            raise Odd  # it may be something else than a group of orders

    def _finish(
        self, met: _Met, tags: Tags, span: tuple[int, int, int], way: tuple[str, ...]
    ) -> None:
        """An order was read, or something beside orders."""
        here = self._stack[-1] if self._stack else self._top
        begun, tag, end = span
        if way in self._orders:
            self._meter(end)
            self._done = end
            if not here.met:
                for one in self._stack:
                    one.met = True
            met.first.append(begun)
            met.last.append(tag)
            met.ways.append(way)
            if here.outside is None:
                here.outside = self._outside(way[0])
            if not met.around or met.around[-1] is not here:
                met.around.append(here)
            met.which.append(len(met.around) - 1)
        elif not self._stack:
            raise Odd
        elif way in self._ways:
            return
        elif here.met:
            self.behind.setdefault(way[-1])
        else:
            here.before.append(tags.data[tags.begin[begun] : end + 1])

    def _outside(self, root: str) -> Element:
        """The root with all that stands before an order."""
        etree: Any = importlib.import_module("lxml.etree")
        result: Element = {}
        if self._stack:
            begins = b"".join(one.tag + b"".join(one.before) for one in self._stack)
            names = [_NAME.match(one.tag, 1) for one in reversed(self._stack)]
            ends = b"".join(b"</" + one[0].rstrip(b">") + b">" for one in names if one)
            parser = etree.XMLParser(resolve_entities=False, no_network=True, encoding="utf-8")
            try:
                whole = etree.fromstring((begins + b"<order/>" + ends).replace(BREAK, b""), parser)
                node = whole
                for _ in self._stack:
                    node = node[-1]
                result = surroundings(node, self._names)
            except (etree.XMLSyntaxError, DropRejectedError):
                raise Odd from None
        if self._root_named:
            result[NAME] = root
        return result

    def _block(self, met: _Met, tags: Tags, line: int) -> Block:
        first, last = np.array(met.first), np.array(met.last)
        spaces = self._spaces_of(met, tags) if self._spaces else {}
        text = np.frombuffer(tags.data, np.uint8)
        breaks = np.flatnonzero((text == 0x0A) | (text == BREAK[0]))
        nodes = Scan(tags, first, last).nodes(
            lambda written: self._named_in(written, spaces),
            lambda places: np.searchsorted(breaks, places) + line,
        )
        numbered = enumerate(met.ways, self.count + 1)
        return Block(
            nodes,
            [f"/{'/'.join(way)}[{number}]" for number, way in numbered],
            [way[-1] for way in met.ways] if self._named else None,
            [one.outside or {} for one in met.around],
            np.array(met.which),
        )

    def _spaces_of(self, met: _Met, tags: Tags) -> dict[str, str]:
        """The namespaces of all elements in the orders.

        Raises:
            Odd: they are not the same throughout.
        """
        spaces = met.around[0].spaces
        if any(one.spaces != spaces for one in met.around):
            raise Odd
        if b"xmlns" not in tags.data:
            return spaces
        result = dict(spaces)
        for begun, ended in zip(met.first, met.last, strict=True):
            inside = tags.data[tags.begin[begun] : tags.end[ended] + 1]
            own = _declared(tags.content(begun))
            for found in _DECLARED.finditer(inside):
                prefix, space = _pair(found)
                if result.setdefault(prefix, space) != space or (not prefix and prefix not in own):
                    raise Odd
            if "" in result and "" not in spaces and "" not in own:
                raise Odd
        return result


def _refuse_long(tags: Tags) -> None:
    """No tag and no text comes near the parser's limits, which it holds only where it builds.

    Raises:
        Odd: one is long.
    """
    if np.diff(tags.begin, prepend=0, append=len(tags.data)).max() > _LONG:
        raise Odd


def _declared(content: bytes) -> dict[str, str]:
    """The namespaces that a tag declares."""
    return dict(_pair(found) for found in _DECLARED.finditer(content))


def _pair(found: re.Match[bytes]) -> tuple[str, str]:
    space = found[2] if found[2] is not None else found[3]
    return (found[1] or b"").decode(), space.decode()
