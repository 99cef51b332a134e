"""XML documents: orders one after the other from a stream, as trees of texts.

The parser loads no DTD, resolves no entity of the file's own, and fetches nothing. A document type
definition inside the file is refused (XML_DTD); a bare reference to one, as cXML has it, is passed
over. An order is dropped from memory once it is read, so memory holds one order and what stands
before the first.
"""

from __future__ import annotations

import codecs
import importlib
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, BinaryIO

from oms_import.model.codes import Code
from oms_import.model.errors import DropRejectedError
from oms_import.model.finding import Finding, Location
from oms_import.model.values import Limits
from oms_import.readers.documents.block import Block
from oms_import.readers.documents.paths import NAME, DocumentPath
from oms_import.readers.documents.source import DocumentSource, Found, Shape
from oms_import.readers.documents.tree import Element
from oms_import.readers.documents.xml_blocks import XmlBlocks
from oms_import.readers.documents.xml_tree import (
    Tags,
    after,
    definition,
    drop,
    local_name,
    names_of,
    surroundings,
)
from oms_import.readers.spec import ReadSpec

_HEAD = 1 << 16
_ENCODING = re.compile(r"""<\?xml[^>]*\sencoding\s*=\s*["']([A-Za-z0-9._-]+)""")
_SUBSET = re.compile(r"<!DOCTYPE[^>\[]*\[")
_REFERENCE = re.compile(rb"""<!DOCTYPE(?:[^>\[\0"']|"[^"]*"|'[^']*')*>""")
_CUT = ("Premature end", "EndTag: '</' not found")
_LIMITS = ("Excessive depth", "huge", "Maximum", "limit", "amplification", "too long")


def open_xml(path: Path, spec: ReadSpec, scratch: Path, limits: Limits) -> DocumentSource:  # noqa: ARG001
    """Open an XML file.

    Raises:
        DropRejectedError: FILE_EMPTY, XML_DTD, ENC_INVALID, FORMAT_UNKNOWN (a path of the profile).
    """
    shape = Shape.of(spec, "xml")
    documents = XmlDocuments(path, shape.orders, spec, limits)
    return DocumentSource(documents, shape, spec)


class XmlDocuments:
    """An XML file whose orders can be gone through; see source.Documents."""

    def __init__(
        self, path: Path, orders: Sequence[DocumentPath], spec: ReadSpec, limits: Limits
    ) -> None:
        self._path = path
        self._orders = tuple(one.names for one in orders)
        self._namespaces = spec.format.namespaces
        self._named = NAME in spec.known_columns
        self._root_named = f"/{NAME}" in spec.known_columns
        declared = spec.format.encoding.strip()
        self._declared = None if declared.casefold() == "auto" else declared
        self._limit = limits.document_bytes
        self.findings: list[Finding] = []
        if not path.stat().st_size:
            raise DropRejectedError([Finding(Code.FILE_EMPTY)])
        with path.open("rb") as file:
            raw = file.read(_HEAD)
        head = raw.replace(b"\0", b"").decode("latin-1")
        if not head.strip():
            raise DropRejectedError([Finding(Code.CTRL_CHAR if b"\0" in raw else Code.FILE_EMPTY)])
        _refuse_subset(head)
        said = _ENCODING.search(head)
        wide = raw.startswith((codecs.BOM_UTF16_BE, codecs.BOM_UTF16_LE))
        told = said[1] if said else "utf-16" if wide else "utf-8"
        self.encoding = (self._declared or told).lower()

    def blocks(self) -> Iterator[Block]:
        """Orders in blocks, as far as the fast way goes; see source.Documents."""
        self.findings = []
        fast = XmlBlocks(
            self._orders,
            self._namespaces,
            self._limit,
            named=self._named,
            root_named=self._root_named,
        )
        yield from fast.blocks(self._path, self.encoding)
        self._tell(fast.behind)

    def orders(self) -> Iterator[Found]:
        """Every order, in the file's order.

        Raises:
            DropRejectedError: DOC_TRUNCATED, DOC_BROKEN, DOC_NO_ORDERS, ENC_INVALID, XML_DTD,
                XML_LIMIT.
        """
        etree: Any = importlib.import_module("lxml.etree")  # only XML files need it
        self.findings = []
        with self._path.open("rb") as file:
            metered = _Metered(file, self._limit)
            metered.skip_blanks()
            events: Any = etree.iterparse(
                metered,
                events=("start", "end"),
                tag=tuple({f"{{*}}{local_name(names[-1])}" for names in self._orders}) or None,
                encoding=self._declared,
                resolve_entities=False,
                no_network=True,
                load_dtd=False,
                huge_tree=False,
                remove_comments=True,
                remove_pis=True,
            )
            try:
                yield from self._walk(events, metered)
            except etree.XMLSyntaxError as error:
                raise DropRejectedError([_broken(error, _is_cut(self._path))]) from None

    def _walk(self, events: Any, metered: _Metered) -> Iterator[Found]:
        tags = Tags(self._namespaces)
        last: Any = None
        outside: tuple[Any, Element] | None = None
        behind: dict[str, None] = {}
        heads: dict[Any, int] = {}
        for count, node in enumerate(self._ended(events, tags), 1):
            names = names_of(node, tags)
            if outside is None or outside[0] is not node.getparent():
                outside = (node.getparent(), self._around(node, names, tags))
            order = tags.node(node, 1)
            if self._named and isinstance(order, dict):
                order[NAME] = tags.name(node.tag)
            pointer = f"/{'/'.join(names)}[{count}]"
            yield Found(order, outside[1], pointer, node.sourceline or 1)
            heads = drop(node, tags, heads, behind)
            last = node
            metered.since = 0
        if last is None:
            raise DropRejectedError([self._no_orders(events.root, tags)])
        behind.update(dict.fromkeys(after(last, tags)))
        self._tell(behind)

    def _tell(self, behind: Iterable[str]) -> None:
        """What stands between and behind the orders is told, since no order keeps it."""
        if behind:
            named = ", ".join(list(behind)[:10])
            self.findings.append(Finding(Code.DOC_PART_IGNORED, detail=named))

    def _ended(self, events: Any, tags: Tags) -> Iterator[Any]:
        """The elements of orders, each when all of it was read."""
        order: Any = None
        begun = False
        for event, node in events:
            if event == "start":
                if not begun:
                    _refuse_definitions(node)
                    begun = True
                if order is None and names_of(node, tags) in self._orders:
                    order = node
            elif node is order:
                order = None
                yield node

    def _around(self, node: Any, names: tuple[str, ...], tags: Tags) -> Element:
        found = surroundings(node, tags)
        if self._root_named:
            found[NAME] = names[0]
        return found

    def _no_orders(self, root: Any, tags: Tags) -> Finding:
        there = f"the document is a {tags.name(root.tag)}" if root is not None else "it is empty"
        wanted = " or ".join("/" + "/".join(names) for names in self._orders) or "none"
        return Finding(
            Code.DOC_NO_ORDERS, detail=f"{there}; the profile looks for orders at {wanted}"
        )


class _Metered:
    """A file that may not be read too far without an order's end: memory holds what was read."""

    def __init__(self, file: BinaryIO, limit: int) -> None:
        self._file = file
        self._limit = limit
        self._begun = False
        self.since = 0

    def skip_blanks(self) -> None:
        """Go past blank lines before the document, which XML does not allow there."""
        head = self._file.read(_HEAD)
        text = head.removeprefix(codecs.BOM_UTF8)
        blanks = len(text) - len(text.lstrip(b" \t\r\n"))
        self._file.seek(len(head) - len(text) + blanks if blanks else 0)

    def read(self, size: int = -1) -> bytes:
        """As of a file.

        Raises:
            DropRejectedError: XML_LIMIT, too much of it without an order.
        """
        block = self._file.read(size)
        self.since += len(block)
        if not self._begun:
            # Unread definitions would excuse entities that nothing defines, in attributes silently.
            block = _REFERENCE.sub(lambda found: b" " * len(found[0]), block, count=1)
            self._begun = True
        if self.since > self._limit:
            detail = f"{self._limit / 1e6:g} MB of the document passed without the end of an order"
            raise DropRejectedError([Finding(Code.XML_LIMIT, detail=detail)])
        return block


def _refuse_subset(head: str) -> None:
    """No DTD in the file, whatever its encoding."""
    if _SUBSET.search(head):
        raise definition()


def _refuse_definitions(node: Any) -> None:
    """No DTD in the file, as the parser sees it: one beyond the file's head too."""
    subset: Any = node.getroottree().docinfo.internalDTD
    if subset is not None and (any(subset.iterentities()) or any(subset.iterelements())):
        raise definition()


def _is_cut(path: Path) -> bool:
    """Whether the file ends without the bracket that every document ends with."""
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - _HEAD))
        return not file.read().rstrip(b"\0 \t\r\n").endswith(b">")


def _broken(error: Any, cut: bool) -> Finding:
    """What is wrong with a document that the parser refuses."""
    said = str(error.msg or "it is not XML")
    if said == "no element found" and len(error.error_log):
        said = str(error.error_log[-1].message)  # it ended early, and the log says why
    said = said.split(", line ")[0].strip()
    where = Location(line=error.lineno or 1)
    detail = f"line {error.lineno or 1}: {said}"
    code = Code.DOC_BROKEN
    if said.startswith("Entity '") and "not defined" in said:
        code = Code.XML_DTD
    elif "encoding" in said.casefold() or "UTF-8" in said or "Invalid char" in said:
        code = Code.ENC_INVALID
    elif any(one in said for one in _LIMITS):
        code = Code.XML_LIMIT
    elif cut or any(one in said for one in _CUT):
        code = Code.DOC_TRUNCATED
    return Finding(code, detail=detail, location=where)
