"""A document's elements as plain values, and questions that a path asks of them.

XML and JSON are read into the same tree: a text, None, a list, or a dict. The attributes of an XML
element stand beside its children, named `@x`; its own text is `.`. Numbers and booleans of JSON are
texts, as they stand in the file.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TypeAlias

from oms_import.readers.documents.paths import OWN, Step, Test

Node: TypeAlias = "str | list[Node] | dict[str, Node] | None"
Element: TypeAlias = "dict[str, Node]"

LINE = "\0"
"""Key of an XML element's line in the file; the name of no element."""


def listed(node: Node) -> Sequence[Node]:
    """What stands under a name: one, several, or none."""
    if isinstance(node, list):
        return node
    return () if node is None else (node,)


def own_text(node: Node) -> str | None:
    """An element's own text."""
    if isinstance(node, dict):
        node = node.get(OWN)
    return node if isinstance(node, str) else None


def found(node: Node, steps: Sequence[Step], order: Node) -> Iterator[Node]:
    """The elements to which the steps lead, in the document's order."""
    if not steps:
        yield node
        return
    step, rest = steps[0], steps[1:]
    if step.name == OWN and not rest:
        yield own_text(node)
        return
    if not isinstance(node, dict):
        return
    for number, below in enumerate(listed(node.get(step.name))):
        if fits(step, below, number, order):
            yield from found(below, rest, order)


def first_text(node: Node, steps: Sequence[Step], order: Node) -> str | None:
    """The first text to which the steps lead."""
    texts = (own_text(one) for one in found(node, steps, order))
    return next((text for text in texts if text), None)


def fits(step: Step, node: Node, number: int, order: Node) -> bool:
    """Whether an element is one the step means; `number`: its place among those of its name."""
    if step.index is not None and step.index != number:
        return False
    return all(_holds(test, node, order) for test in step.tests)


def _holds(test: Test, node: Node, order: Node) -> bool:
    texts = (own_text(one) for one in found(node, test.path, order))
    if test.equals is not None:
        holds = any(text == test.equals for text in texts)
    elif test.same is not None:
        wanted = first_text(order, test.same, order)
        holds = wanted is not None and any(text == wanted for text in texts)
    else:
        holds = any(one is not None for one in found(node, test.path, order))
    return holds != test.negated


def leaves(node: Node, name: str, joint: str) -> Iterator[tuple[str, str]]:
    """All texts in an element, named by their paths; repeated ones are numbered from the second.

    Args:
        node: the element.
        name: its own path; empty: none.
        joint: what stands between names, `/` or a dot.
    """
    if isinstance(node, str):
        if node:
            yield name or OWN, node
    elif isinstance(node, dict):
        for key, below in node.items():
            if key == LINE:
                continue
            inner = name if key == OWN else f"{name}{joint}{key}" if name else key
            yield from leaves(below, inner or OWN, joint)
    elif node is not None:
        for number, below in enumerate(node):
            yield from leaves(below, numbered(name, number, joint), joint)


def numbered(name: str, number: int, joint: str) -> str:
    """The name of a further element of the same name, counted as its format counts."""
    if not number:
        return name
    return f"{name}[{number + 1 if joint == '/' else number}]"
