"""What the standards say about segments: loops, places of data elements, codes and their values.

The layouts are data (layouts/*.toml), written so that they can be held against the standards'
own segment tables; here they are read, once per process.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import NamedTuple, TypeAlias

STANDARDS = ("x12", "edifact", "tradacoms", "idoc")

_FOLDER = Path(__file__).parent / "layouts"
_WORD = re.compile(r"[^\s()]+|[()]")
_REPEATED = re.compile(r"([A-Z]?\d{3,4})(?:\*(\d+))?")


class Place(NamedTuple):
    """Where a value stands in its segment, both from 1; no component: the whole element."""

    element: int
    component: int | None = None


@dataclass(frozen=True)
class Loop:
    """What the opener of a loop owns, and which of that opens loops of its own."""

    owns: Mapping[str, Loop]

    def depth(self, tag: str) -> int | None:
        """How many loops lie between this one and the nearest `tag` in it; None: it has none."""
        if tag in self.owns:
            return 0
        depths = [depth for loop in self.owns.values() if (depth := loop.depth(tag)) is not None]
        return min(depths) + 1 if depths else None

    def within(self, tag: str, depth: int) -> Loop:
        """The loop that `tag` opens at this depth; an empty one if it opens none."""
        if depth == 0:
            return self.owns.get(tag, Loop({}))
        inner = next(loop for loop in self.owns.values() if loop.depth(tag) == depth - 1)
        return inner.within(tag, depth - 1)


@dataclass(frozen=True, slots=True)
class Coded:
    """A segment's code and value: REF01 and REF02, 2005 and 2380, PIA's five of each."""

    codes: tuple[Place, ...]  # empty: the segment has no code
    values: tuple[Place, ...]  # as many, or one for all codes


_Shape: TypeAlias = dict[str, tuple[Place, ...]]


@dataclass(frozen=True)
class Layout:
    """One standard. `places` names data elements and composites a tag; empty if by position."""

    standard: str
    element: str
    tag: str  # stands after the tag
    component: str
    repetition: str
    lines: frozenset[str]
    summary: frozenset[str]
    silent: frozenset[str]
    header: Loop
    line: Loop
    values: Mapping[str, tuple[str, str]]  # as written: code and value
    codes: Mapping[str, Coded]  # PO1's pairs
    places: Mapping[str, _Shape]
    qualifiers: tuple[str, ...] = ()  # IDoc: fields that hold codes


@cache
def layout_of(standard: str) -> Layout:
    """The layout of x12, edifact, tradacoms or idoc.

    Raises:
        ValueError: another standard.
    """
    if standard not in STANDARDS:
        raise ValueError(f"{standard!r} is no EDI standard read here: {', '.join(STANDARDS)}")
    with (_FOLDER / f"{standard}.toml").open("rb") as file:
        said = tomllib.load(file)
    return Layout(
        standard=standard,
        element=said["element"],
        tag=said.get("tag", said["element"]),
        component=said["component"],
        repetition=said["repetition"],
        lines=frozenset(said["lines"].split()),
        summary=frozenset(said["summary"].split()),
        silent=frozenset(said["silent"].split()),
        header=_loops(said["header"]),
        line=_loops(said["line"]),
        values={tag: _two(text) for tag, text in said.get("values", {}).items()},
        codes={tag: _pairs(text) for tag, text in said.get("codes", {}).items()},
        places={tag: _shape(text) for tag, text in said.get("segments", {}).items()},
        qualifiers=tuple(said.get("qualifiers", "").split()),
    )


def place_of(text: str) -> Place:
    """`03` or `03-1` as a place."""
    element, _, component = text.partition("-")
    return Place(int(element), int(component) if component else None)


def loops_text(standard: str) -> str:
    """The loops of a standard, one a line, as docs/edi.md shows them."""
    layout = layout_of(standard)
    parts = (("in the order", layout.header), ("in a line", layout.line))
    return "\n".join(
        "\n".join([f"{name}:", *(f"  {tag}({_written(loop)})" for tag, loop in root.owns.items())])
        for name, root in parts
        if root.owns
    )


def _written(loop: Loop) -> str:
    inner = ((tag, _written(child)) for tag, child in loop.owns.items())
    return " ".join(f"{tag}({text})" if text else tag for tag, text in inner)


def _loops(text: str) -> Loop:
    """`N1(N2 PER) SAC(CUR)` as a tree."""
    root: dict[str, Loop] = {}
    open_loops = [root]
    latest = ""
    for word in _WORD.findall(text):
        if word == "(":
            inner: dict[str, Loop] = {}
            open_loops[-1][latest] = Loop(inner)
            open_loops.append(inner)
        elif word == ")":
            open_loops.pop()
        else:
            latest = word
            open_loops[-1][word] = Loop({})
    return Loop(root)


def _two(text: str) -> tuple[str, str]:
    code, value = text.split()
    return code, value


def _pairs(text: str) -> Coded:
    pairs = [_two(pair) for pair in text.split(",")]
    return Coded(
        tuple(place_of(code) for code, _ in pairs), tuple(place_of(value) for _, value in pairs)
    )


def _shape(text: str) -> _Shape:
    """Places of every data element, and of every composite (as whole elements).

    A data element within a composite is also filed under `C082.3039`.
    """
    found: dict[str, list[Place]] = {}
    element = 0
    composite, times, component = "", 1, 0
    words = _WORD.findall(text)
    for at, word in enumerate(words):
        if word == "(":
            continue
        if word == ")":
            element += times
            composite = ""
            continue
        name, count = _counted(word)
        if at + 1 < len(words) and words[at + 1] == "(":
            composite, times, component = name, count, 0
            found.setdefault(name, []).extend(Place(element + 1 + n) for n in range(count))
        elif composite:
            for inner in range(component + 1, component + count + 1):
                places = [Place(element + 1 + n, inner) for n in range(times)]
                found.setdefault(name, []).extend(places)
                found.setdefault(f"{composite}.{name}", []).extend(places)
            component += count
        else:
            found.setdefault(name, []).extend(Place(element + 1 + n, 1) for n in range(count))
            element += count
    return {name: tuple(places) for name, places in found.items()}


def _counted(word: str) -> tuple[str, int]:
    """`C212*5` as its name and how often it stands."""
    match = _REPEATED.fullmatch(word)
    if match is None:
        raise ValueError(f"layouts/edifact.toml: {word!r} is no data element")
    return match[1], int(match[2] or 1)
