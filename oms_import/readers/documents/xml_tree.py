"""Elements of lxml as trees of texts, and the way through a document read order by order."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from oms_import.model.codes import Code
from oms_import.model.errors import DropRejectedError
from oms_import.model.finding import Finding, Location
from oms_import.readers.documents.paths import OWN
from oms_import.readers.documents.tree import LINE, Element, Node

_DEPTH = 100  # elements inside each other
_ATTRIBUTES = 1000  # of one element: lxml looks each of them up among all
_NIL = "{http://www.w3.org/2001/XMLSchema-instance}nil"


class Tags:
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
            known = self._known[f"@{tag}"] = f"@{local_name(tag)}"
        return known

    def node(self, element: Any, depth: int) -> Node:
        """An element and everything in it.

        Raises:
            DropRejectedError: XML_LIMIT, it is too deep.
        """
        if not len(element):
            return self._leaf(element)
        if depth > _DEPTH:
            raise beyond(element, f"more than {_DEPTH} elements stand inside each other")
        result: Element = {LINE: str(element.sourceline)}
        for key, value in _listed(element):
            result[self.attribute(key)] = value
        text = element.text
        words = [text.strip()] if text and not text.isspace() else []
        for child in element:
            tag = child.tag
            if tag.__class__ is not str:  # an entity that was not resolved
                raise definition()
            below = self.node(child, depth + 1) if len(child) else self._leaf(child)
            _put(result, self._known.get(tag) or self.name(tag), below)
            tail = child.tail
            if tail and not tail.isspace():
                words.append(tail.strip())
        if words:
            result[OWN] = " ".join(words)
        return result

    def _leaf(self, element: Any) -> Node:
        """An element without others in it: its text, or what stands beside it too."""
        text = element.text
        if text is not None:
            text = text.strip() or None
        attributes = _listed(element)
        if not attributes:
            return text
        told: Element = {self.attribute(key): value for key, value in attributes}
        if element.get(_NIL) in {"true", "1"}:
            return None
        told[OWN] = text
        told[LINE] = str(element.sourceline)
        return told


def _put(result: Element, name: str, node: Node) -> None:
    if name not in result:
        result[name] = node
        return
    known = result[name]  # perhaps None: an empty element counts among those of its name
    if isinstance(known, list):
        known.append(node)
    else:
        result[name] = [known, node]


def _listed(element: Any) -> Sequence[tuple[str, str]]:
    """An element's attributes.

    Raises:
        DropRejectedError: XML_LIMIT, there are too many.
    """
    if len(element.attrib) > _ATTRIBUTES:
        raise beyond(element, f"an element has more than {_ATTRIBUTES:,} attributes")
    return element.items()


def local_name(tag: str) -> str:
    """A tag without its namespace or prefix."""
    """A name without its namespace or prefix."""
    return tag.rpartition("}")[2].rpartition(":")[2]


def names_of(node: Any, tags: Tags) -> tuple[str, ...]:
    """The names on the way from the root to the element."""
    above = [tags.name(one.tag) for one in node.iterancestors()]
    return (*reversed(above), tags.name(node.tag))


def surroundings(node: Any, tags: Tags) -> Element:
    """The root with all that stands before the order, and without it."""
    inner: Element | None = None
    for above in node.iterancestors():
        here: Element = {LINE: str(above.sourceline)}
        for key, value in _listed(above):
            here[tags.attribute(key)] = value
        for child in above:
            if child is node:
                break
            if child.tag == node.tag:
                continue  # another order, or another group of orders
            _put(here, tags.name(child.tag), tags.node(child, 1))
        if inner is not None:
            _put(here, tags.name(node.tag), inner)
        inner, node = here, above
    return {tags.name(node.tag): inner} if inner is not None else {}


def drop(node: Any, tags: Tags, heads: Mapping[Any, int], told: dict[str, None]) -> dict[Any, int]:
    """Empty an order that was read, and take what was read before it out of the tree.

    What stands before the first order, or the first group of orders, is kept: it surrounds the
    orders to come. What else is no order and no group of orders is told. The order itself has to
    stay until the next one ends: the parser may still be at it.

    Args:
        node: the order.
        tags: for names.
        heads: of each element around the last order how many elements begin it; from this function.
        told: gets the names of what no order keeps.

    Returns:
        The same of this order.
    """
    node.clear(keep_tail=False)
    kept: dict[Any, int] = {}
    for here in (node, *node.iterancestors()):
        parent = here.getparent()
        if parent is None:
            break
        place = parent.index(here)
        kept[parent] = min(heads.get(parent, place), place)
        for before in parent[kept[parent] : place]:
            behind = before[heads[before] + 1 :] if before in heads else [before]
            for one in behind:
                if one.tag != here.tag:
                    told.setdefault(tags.name(one.tag))
            parent.remove(before)
    return kept


def after(node: Any, tags: Tags) -> Iterator[str]:
    """Names of what stands behind the last order."""
    for here in (node, *node.iterancestors()):
        for behind in here.itersiblings():
            yield tags.name(behind.tag)


def definition() -> DropRejectedError:
    """The document brings definitions of its own."""
    """The document defines elements or entities itself."""
    detail = "the document brings its own type definition or entities; they are never read"
    return DropRejectedError([Finding(Code.XML_DTD, detail=detail)])


def beyond(element: Any, detail: str) -> DropRejectedError:
    """The document is beyond a limit."""
    """The document is deeper or wider than we read."""
    where = Location(line=element.sourceline)
    return DropRejectedError([Finding(Code.XML_LIMIT, detail=detail, location=where)])
