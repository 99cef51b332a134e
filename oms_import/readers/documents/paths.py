"""Paths into documents: what a profile calls the values of XML and JSON orders.

XML paths are a small XPath: `Customer/ShipTo/Name`, `ItemOut/@quantity`, `Address[@Type='Shipping']
/Zip`, `Street[2]`, `person[@id=shipTo/@ref]/city`. JSON paths are dotted: `customer.email`,
`addresses[type='shipping'].zip`, `tax_lines[0].rate`, `meta['a.b']`; a JSON pointer (RFC 6901,
`/payload/id`) counts from the document's root. In both, paths are relative to the order, a leading
`/` is the document's root, and a last step `[*]` asks for a JSON list of all of them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

Style = Literal["xml", "json"]

OWN = "."
"""The step that means the element's own text, where it has attributes or stands in a list."""

NAME = "name()"
"""The XML path of the order element's own name: Order, OrderChange; `/name()`: of the root's."""

_QUOTED = re.compile(r"""\s*(['"])(.*)\1\s*""", re.DOTALL)


class NotAPathError(ValueError):
    """The text is no path."""


@dataclass(frozen=True, slots=True)
class Test:
    """A condition in brackets. Without `equals` and `same`: that there is something there."""

    path: tuple[Step, ...]
    equals: str | None = None
    same: tuple[Step, ...] | None = None  # a path from the order: reference by id
    negated: bool = False


@dataclass(frozen=True, slots=True)
class Step:
    """One name on the way, with what its elements must fulfil."""

    name: str
    tests: tuple[Test, ...] = ()
    index: int | None = None  # from 0 among the elements of that name


@dataclass(frozen=True, slots=True)
class DocumentPath:
    """A parsed path."""

    text: str
    steps: tuple[Step, ...]
    absolute: bool = False
    each: bool = False  # a JSON list of all elements there

    @property
    def names(self) -> tuple[str, ...]:
        """The steps' names alone."""
        return tuple(step.name for step in self.steps)


def parse(text: str, style: Style) -> DocumentPath:
    """The path that the text writes.

    Raises:
        NotAPathError: brackets do not close, a step is empty, a condition is none.
    """
    whole = text.strip()
    absolute = whole.startswith("/")
    if style == "json" and absolute:
        return DocumentPath(text, _pointer(whole), absolute=True)
    pieces = _pieces(whole.removeprefix("/"), "/" if style == "xml" else ".")
    each = bool(pieces) and pieces[-1][1][-1:] == ["*"]
    steps = [_step(name, brackets, style) for name, brackets in pieces]
    if style == "xml" and steps and steps[-1].name == "text()":
        steps[-1] = Step(OWN)
    return DocumentPath(text, tuple(steps), absolute, each)


def is_path(text: str, style: Style) -> bool:
    """Whether the text can be read as a path."""
    try:
        return bool(parse(text, style).steps)
    except NotAPathError:
        return False


def _pointer(text: str) -> tuple[Step, ...]:
    """RFC 6901, section 3; a number is an index into the list before it."""
    steps: list[Step] = []
    for raw in text.split("/")[1:]:
        name = raw.replace("~1", "/").replace("~0", "~")
        if name.isdigit() and steps and steps[-1].index is None:
            steps[-1] = Step(steps[-1].name, index=int(name))
        else:
            steps.append(Step(name))
    return tuple(steps)


def _pieces(text: str, separator: str) -> list[tuple[str, list[str]]]:
    """Names and their brackets' contents, cut at separators outside of brackets."""
    pieces: list[tuple[str, list[str]]] = []
    name, brackets, at = "", list[str](), 0
    while at < len(text):
        char = text[at]
        if char == "[":
            end = _closing(text, at)
            inside = text[at + 1 : end]
            quoted = _QUOTED.fullmatch(inside)
            if quoted and separator == ".":  # ['a.b'] is a key
                if name or brackets:
                    pieces.append((name, brackets))
                name, brackets = quoted[2], []
            else:
                brackets.append(inside.strip())
            at = end + 1
        elif char == separator and not (separator == "." and not name and not text[at + 1 :]):
            pieces.append((name, brackets))
            name, brackets, at = "", [], at + 1
        else:
            name, at = name + char, at + 1
    if name or brackets:
        pieces.append((name, brackets))
    if any(not piece[0].strip() for piece in pieces):
        msg = f"{text!r} has an empty step"
        raise NotAPathError(msg)
    return pieces


def _closing(text: str, begin: int) -> int:
    """Position of the bracket that closes this one; quotes hold brackets in."""
    depth, quote = 0, ""
    for at in range(begin, len(text)):
        char = text[at]
        if quote:
            quote = "" if char == quote else quote
        elif char in "'\"":
            quote = char
        elif char in "[]":
            depth += 1 if char == "[" else -1
            if not depth:
                return at
    msg = f"{text!r} has a bracket that does not close"
    raise NotAPathError(msg)


def _step(name: str, brackets: list[str], style: Style) -> Step:
    tests: list[Test] = []
    index: int | None = None
    for inside in brackets:
        if inside == "*":
            continue
        if re.fullmatch(r"\d+", inside):
            index = int(inside) - (style == "xml")
            continue
        tests += [_test(part, style) for part in re.split(r"\s+and\s+", inside)]
    return Step(name.strip(), tuple(tests), index)


def _test(text: str, style: Style) -> Test:
    inner = re.fullmatch(r"not\((.*)\)", text, re.DOTALL)
    if inner:
        test = _test(inner[1], style)
        return Test(test.path, test.equals, test.same, not test.negated)
    parts = re.split(r"\s*(!?=)\s*", text, maxsplit=1)
    left = parse(parts[0], style).steps
    if not left:
        msg = f"[{text}] is no condition"
        raise NotAPathError(msg)
    if len(parts) == 1:
        return Test(left)
    negated = parts[1] == "!="
    literal = _QUOTED.fullmatch(parts[2])
    if literal:
        return Test(left, equals=literal[2], negated=negated)
    return Test(left, same=parse(parts[2], style).steps, negated=negated)
