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
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO

from oms_import.model.codes import Code
from oms_import.model.errors import DropRejectedError
from oms_import.model.finding import Finding, Location
from oms_import.model.values import Limits
from oms_import.readers.documents.paths import NAME, OWN, DocumentPath
from oms_import.readers.documents.source import DocumentSource, Found, Shape
from oms_import.readers.documents.tree import LINE, Element, Node
from oms_import.readers.spec import ReadSpec

_HEAD = 1 << 16
_DEPTH = 100  # elements inside each other
_ATTRIBUTES = 1000  # of one element: lxml looks each of them up among all
_NIL = "{http://www.w3.org/2001/XMLSchema-instance}nil"
_ENCODING = re.compile(r"""<\?xml[^>]*\sencoding\s*=\s*["']([A-Za-z0-9._-]+)""")
_SUBSET = re.compile(r"<!DOCTYPE[^>\[]*\[")
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
                tag=tuple({f"{{*}}{_local(names[-1])}" for names in self._orders}) or None,
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
        tags = _Tags(self._namespaces)
        count, depth_of_order = 0, 0
        outside: tuple[Any, Element] | None = None
        for event, node in events:
            if event == "start":
                if not count and not depth_of_order:
                    self._begin(node)
                if not depth_of_order and _names_of(node, tags) in self._orders:
                    depth_of_order = _depth(node)
                continue
            if not depth_of_order or _depth(node) != depth_of_order:
                continue
            depth_of_order = 0
            count += 1
            parent = node.getparent()
            names = _names_of(node, tags)
            pointer = f"/{'/'.join(names)}[{count}]"
            if outside is None or outside[0] is not parent:
                outside = (parent, _surroundings(node, tags))
                if self._root_named:
                    outside[1][NAME] = names[0]
            order = tags.node(node, 1)
            if self._named and isinstance(order, dict):
                order[NAME] = tags.name(node.tag)
            yield Found(order, outside[1], pointer, node.sourceline or 1)
            _drop(node)
            metered.since = 0
        if not count:
            raise DropRejectedError([self._no_orders(events.root, tags)])

    def _begin(self, node: Any) -> None:
        """What the first elements tell: that there is no DTD in the file."""
        subset: Any = node.getroottree().docinfo.internalDTD
        if subset is not None and (any(subset.iterentities()) or any(subset.iterelements())):
            raise _definition()

    def _no_orders(self, root: Any, tags: _Tags) -> Finding:
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
        if self.since > self._limit:
            detail = f"{self._limit / 1e6:g} MB of the document passed without the end of an order"
            raise DropRejectedError([Finding(Code.XML_LIMIT, detail=detail)])
        return block


class _Tags:
    """Names of elements as paths write them, and elements as trees."""

    def __init__(self, namespaces: Mapping[str, str]) -> None:
        self._prefixes = {uri: prefix for prefix, uri in namespaces.items()}
        self._known: dict[str, str] = {}

    def name(self, tag: str) -> str:
        """`cbc:ID` where the profile names the namespace, else `ID`.

        Where a profile names namespaces, an element of another one keeps it, and is not mistaken
        for one of the same name.
        """
        known = self._known.get(tag)
        if known is None:
            uri, _, local = tag[1:].rpartition("}") if tag[0] == "{" else ("", "", tag)
            prefix = self._prefixes.get(uri)
            if prefix is None:
                known = f"{{{uri}}}{local}" if uri and self._prefixes else local
            else:
                known = f"{prefix}:{local}" if prefix else local
            self._known[tag] = known
        return known

    def attribute(self, tag: str) -> str:
        """`@currencyID`; attributes are known by their own name, `@lang` for xml:lang."""
        known = self._known.get(f"@{tag}")
        if known is None:
            known = self._known[f"@{tag}"] = f"@{_local(tag)}"
        return known

    def node(self, element: Any, depth: int) -> Node:
        """An element and everything in it.

        Raises:
            DropRejectedError: XML_LIMIT, it is too deep.
        """
        attributes: Any = element.attrib
        if not len(element):
            text = element.text
            if text is not None:
                text = text.strip() or None
            if not attributes:
                return text
            told: Element = {self.attribute(key): value for key, value in _listed(element)}
            if attributes.get(_NIL) in {"true", "1"}:
                return None
            told[OWN] = text
            told[LINE] = str(element.sourceline)
            return told
        if depth > _DEPTH:
            raise _beyond(element, f"more than {_DEPTH} elements stand inside each other")
        result: Element = {LINE: str(element.sourceline)}
        for key, value in _listed(element):
            result[self.attribute(key)] = value
        self._mixed(element, result)
        for child in element:
            tag = child.tag
            if tag.__class__ is not str:  # an entity that was not resolved
                raise _definition()
            _put(result, self._known.get(tag) or self.name(tag), self.node(child, depth + 1))
        return result

    def _mixed(self, element: Any, result: Element) -> None:
        """Text that stands between children."""
        texts = [element.text, *(child.tail for child in element)]
        words = [text.strip() for text in texts if text and not text.isspace()]
        if words:
            result[OWN] = " ".join(words)


def _put(result: Element, name: str, node: Node) -> None:
    known = result.get(name)
    if known is None:
        result[name] = node if node is None or not isinstance(node, list) else [node]
    elif isinstance(known, list):
        known.append(node)
    else:
        result[name] = [known, node]


def _listed(element: Any) -> Sequence[tuple[str, str]]:
    """An element's attributes.

    Raises:
        DropRejectedError: XML_LIMIT, there are too many.
    """
    attributes: Any = element.attrib
    if len(attributes) > _ATTRIBUTES:
        raise _beyond(element, f"an element has more than {_ATTRIBUTES:,} attributes")
    return attributes.items()


def _local(tag: str) -> str:
    return tag.rpartition("}")[2].rpartition(":")[2]


def _names_of(node: Any, tags: _Tags) -> tuple[str, ...]:
    """The names on the way from the root to the element."""
    above = [tags.name(one.tag) for one in node.iterancestors()]
    return (*reversed(above), tags.name(node.tag))


def _depth(node: Any) -> int:
    return sum(1 for _ in node.iterancestors()) + 1


def _surroundings(node: Any, tags: _Tags) -> Element:
    """The root with all that stands before the order, and without it."""
    inner: Element | None = None
    for above in node.iterancestors():
        here: Element = {LINE: str(above.sourceline)}
        for key, value in _listed(above):
            here[tags.attribute(key)] = value
        for child in above:
            if child is node:
                break
            _put(here, tags.name(child.tag), tags.node(child, 1))
        if inner is not None:
            _put(here, tags.name(node.tag), inner)
        inner, node = here, above
    return {tags.name(node.tag): inner} if inner is not None else {}


def _drop(node: Any) -> None:
    """Empty an order that was read, and take orders before it out of the tree.

    The element itself has to stay until the next one ends: the parser may still be at it.
    """
    node.clear(keep_tail=False)
    parent = node.getparent()
    if parent is not None:
        before = node.getprevious()
        if before is not None and before.tag == node.tag:
            parent.remove(before)


def _refuse_subset(head: str) -> None:
    """No DTD in the file, whatever its encoding."""
    if _SUBSET.search(head):
        raise _definition()


def _definition() -> DropRejectedError:
    detail = "the document brings its own type definition or entities; they are never read"
    return DropRejectedError([Finding(Code.XML_DTD, detail=detail)])


def _beyond(element: Any, detail: str) -> DropRejectedError:
    where = Location(line=element.sourceline)
    return DropRejectedError([Finding(Code.XML_LIMIT, detail=detail, location=where)])


def _is_cut(path: Path) -> bool:
    """Whether the file ends without the bracket that every document ends with."""
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - _HEAD))
        return not file.read().rstrip(b"\0 \t\r\n").endswith(b">")


def _broken(error: Any, cut: bool) -> Finding:
    """What is wrong with a document that the parser refuses."""
    said = str(error.msg or "it is not XML").split(", line ")[0].strip()
    where = Location(line=error.lineno or 1)
    detail = f"line {error.lineno or 1}: {said}"
    code = Code.DOC_BROKEN
    if "encoding" in said.casefold() or "UTF-8" in said or "Invalid char" in said:
        code = Code.ENC_INVALID
    elif any(one in said for one in _LIMITS):
        code = Code.XML_LIMIT
    elif cut or any(one in said for one in _CUT):
        code = Code.DOC_TRUNCATED
    return Finding(code, detail=detail, location=where)
