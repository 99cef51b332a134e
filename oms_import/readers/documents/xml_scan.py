"""Well-formed XML text to columns: tags found by their brackets, all of a block at once.

The text is UTF-8 that a parser has passed, without comments, instructions and CDATA sections. What
is rare and would need more than this raises Odd, and the file is read element by element instead.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import polars as pl

from oms_import.readers.documents.nodes import (
    Bools,
    Ints,
    Nodes,
    Odd,
    Paths,
    cut,
    interned,
    numbers,
    ways,
)

BREAK = b"\x01"
"""Stands for the end of a line where something was taken out; no character of XML."""

_DEPTH = 100
_ATTRIBUTES = 1000
_REFERENCES = {"&lt;": "<", "&gt;": ">", "&quot;": '"', "&apos;": "'", "&amp;": "&"}
_REFERENCE = r"&(?:lt|gt|quot|apos|amp|#[0-9]+|#x[0-9A-Fa-f]+);"


@dataclass(frozen=True)
class Tags:
    """The tags of a text; all arrays have one entry a tag, in the text's order."""

    data: bytes
    begin: Ints  # place of <
    end: Ints  # place of >
    closing: Bools  # </x>
    empty: Bools  # <x/>
    depth: Ints  # of the element, 1: the root

    @classmethod
    def of(cls, data: bytes, depth: int) -> Tags:
        """Find the tags; `depth` elements are open where the text begins."""
        text = np.frombuffer(data, np.uint8)
        begin, end = np.flatnonzero(text == 0x3C), np.flatnonzero(text == 0x3E)
        if len(begin) != len(end) or (end < begin).any() or (begin[1:] < end[:-1]).any():
            end = end[np.minimum(np.searchsorted(end, begin), len(end) - 1)] if len(end) else end
            if len(begin) and (len(end) != len(begin) or end[-1] < begin[-1]):
                raise Odd
        closing = text[np.minimum(begin + 1, len(text) - 1)] == 0x2F
        empty = (text[end - 1] == 0x2F) & ~closing
        step = np.where(closing, -1, np.where(empty, 0, 1))
        after = depth + np.cumsum(step)
        return cls(data, begin, end, closing, empty, after + (step < 1))

    def content(self, tag: int) -> bytes:
        """What stands between a tag's brackets."""
        return self.data[self.begin[tag] + 1 : self.end[tag]]

    def cut(self, begins: Ints, ends: Ints) -> pl.Series:
        """Pieces of the text: they ascend and do not overlap."""
        return cut(self.data, begins, ends)

    @cached_property
    def next(self) -> Ints:
        """Where the text behind each tag ends."""
        return np.r_[self.begin[1:], len(self.data)]

    def behind(self, tags: Ints) -> pl.Series:
        """The text behind some tags, up to the next one."""
        texts = self.cut(self.end[tags] + 1, self.next[tags])
        if BREAK in self.data:
            return texts.str.replace_all(BREAK.decode(), "", literal=True)
        return texts


@dataclass(frozen=True, slots=True)
class Attributes:
    """The attributes of some tags: where each belongs, its name as written, its value."""

    tags: Ints  # those that have attributes
    owner: Ints  # of each attribute: place in `tags`
    name: Ints
    names: list[str]  # by number
    value: pl.Series
    element: pl.Series  # of each tag what stands before its first value


def attributes(tags: Tags, some: Ints) -> Attributes:
    """The attributes of some tags.

    Raises:
        Odd: a tag was cut at a bracket in a value, or has too many.
    """
    text = np.frombuffer(tags.data, np.uint8)
    quotes = np.flatnonzero((text == 0x22) | (text == 0x27))
    tag = np.searchsorted(tags.begin, quotes, side="right") - 1
    inside = (tag >= 0) & (quotes < tags.end[tag])
    chosen = np.zeros(len(tags.begin), np.bool_)
    chosen[some] = True
    inside &= chosen[tag]
    quotes, tag = quotes[inside], tag[inside]
    if (text[quotes] == 0x27).any():
        quotes, tag = _outer_quotes(text[quotes], quotes, tag)
    count = np.bincount(tag, minlength=len(tags.begin))
    if (count % 2).any() or count.max(initial=0) > 2 * _ATTRIBUTES:
        raise Odd
    opening, closing, owner = quotes[::2], quotes[1::2], tag[::2]
    first = np.r_[True, owner[1:] != owner[:-1]][: len(owner)]
    before = np.where(first, tags.begin[owner] + 1, np.r_[0, closing[:-1] + 1][: len(owner)])
    code, written = interned(tags.cut(before, opening))
    value = tags.cut(opening + 1, closing)
    if value.str.contains("[\t\n]").any():
        value = value.str.replace_all("[\t\n]", " ")
    own = np.flatnonzero(count > 0)
    place = np.cumsum(count > 0) - 1
    names = [one.rstrip(" \t\n=").split()[-1] for one in written]
    element = pl.Series(written, dtype=pl.String).gather(code[first])
    return Attributes(own, place[owner], code, names, value, element)


def _outer_quotes(marks: Any, quotes: Ints, tag: Ints) -> tuple[Ints, Ints]:
    """The quotes around values, where both kinds are used: one in a value of the other is text."""
    kept: list[int] = []
    open_, last = 0, -1
    for at, (mark, here) in enumerate(zip(marks.tolist(), tag.tolist(), strict=True)):
        if here != last:
            open_, last = 0, here
        if not open_ or mark == open_:
            open_ = 0 if open_ else mark
            kept.append(at)
    return quotes[kept], tag[kept]


def decoded(texts: pl.Series) -> pl.Series:
    """Texts with their references resolved.

    Raises:
        Odd: one is to an entity that XML itself does not have.
    """
    some = texts.str.contains("&", literal=True).fill_null(value=False)
    if not some.any():
        return texts
    chosen = texts.filter(some)
    if (chosen.str.count_matches("&", literal=True) != chosen.str.count_matches(_REFERENCE)).any():
        raise Odd
    plain = chosen.str.replace_many(_REFERENCES)
    coded = chosen.str.contains("&#", literal=True)
    if coded.any():
        written = [re.sub(_REFERENCE, _character, text) for text in chosen.filter(coded)]
        plain = plain.scatter(coded.arg_true(), pl.Series(written, dtype=pl.String))
    return texts.scatter(some.arg_true(), plain)


def _character(found: re.Match[str]) -> str:
    said = found[0]
    if said[1] != "#":
        return _REFERENCES[said]
    return chr(int(said[3:-1], 16) if said[2] == "x" else int(said[2:-1]))


@dataclass(frozen=True, slots=True)
class _Tree:
    """Where nodes stand: `place` of each element, `mine` of each attribute."""

    place: Ints
    mine: Ints
    parent: Ints
    end: Ints
    path: Ints
    paths: Paths


class Scan:
    """The orders of a text as nodes."""

    def __init__(self, tags: Tags, first: Ints, last: Ints) -> None:
        """Take the orders' tags.

        Args:
            tags: of the whole text.
            first: each order's opening tag.
            last: each order's closing tag; an empty order's only one.

        Raises:
            Odd: an order is too deep.
        """
        self._tags = tags
        self._first, self._last = first, last
        within = np.zeros(len(tags.begin) + 1, np.int64)
        within[first] += 1
        np.add.at(within, last + 1, -1)
        self._within = np.cumsum(within)[:-1] > 0
        self._elements = np.flatnonzero(self._within & ~tags.closing)
        self._depth = self._below(self._elements)
        if self._depth.max() >= _DEPTH:
            raise Odd

    def nodes(self, name: Callable[[str], str], line: Callable[[Ints], Ints]) -> Nodes:
        """The nodes.

        Args:
            name: an element's name as paths write it, of one as it stands in the text.
            line: the lines in the file of places in the text.

        Raises:
            Odd: something needs to be read element by element.
        """
        tags, elements = self._tags, self._elements
        told = attributes(tags, elements)
        having = np.searchsorted(elements, told.tags)
        plain = np.ones(len(elements), np.bool_)
        plain[having] = False
        bare = np.flatnonzero(plain)
        alone = tags.cut(tags.begin[elements[bare]] + 1, tags.end[elements[bare]])
        both, spelt = interned(pl.concat([alone, told.element]))
        code = np.empty(len(elements), np.int64)
        code[bare], code[having] = both[: len(bare)], both[len(bare) :]
        names = [name(re.split(r"[\s/]", one, maxsplit=1)[0]) for one in spelt]
        # Attributes stand between their element and what is in it.
        owner = having[told.owner]
        kept, null = self._kept(told, owner)
        owner, keys, values = owner[kept], told.name[kept], told.value.gather(kept)
        count = np.bincount(owner, minlength=len(elements))
        place = np.arange(len(elements)) + np.cumsum(count) - count
        mine = np.arange(len(owner)) - (np.cumsum(count) - count)[owner] + place[owner] + 1
        size = len(elements) + len(owner)
        key_names = [f"@{one.rpartition(':')[2]}" for one in told.names]
        parent, end = self._family(place, count, size)
        depth = np.empty(size, np.int64)
        depth[place], depth[mine] = self._depth, self._depth[owner] + 1
        codes = np.empty(size, np.int64)
        codes[place], codes[mine] = code, keys + len(names)
        parent[mine], end[mine] = place[owner], mine + 1
        paths = Paths()
        path = ways(depth, parent, codes, [*names, *key_names], paths)
        tree = _Tree(place, mine, parent, end, path, paths)
        return self._made(tree, values, null, line)

    def _kept(self, told: Attributes, owner: Ints) -> tuple[Ints, Bools]:
        """The attributes that are values, and of each element whether it is said to be null.

        Raises:
            Odd: a prefix that is not the usual one.
        """
        null = np.zeros(len(self._elements), np.bool_)
        declares = [one == "xmlns" or one.startswith("xmlns:") for one in told.names]
        kept = ~np.array(declares, np.bool_)[told.name]
        nil = [at for at, one in enumerate(told.names) if one.endswith(":nil")]
        if nil:
            if any(told.names[at] != "xsi:nil" for at in nil):
                raise Odd
            said = told.value.str.contains("^(?:true|1)$").to_numpy() & np.isin(told.name, nil)
            null[owner[said]] = True
            null &= self._tags.empty[self._elements] | self._next_closes()
            kept = kept & ~null[owner]
        return np.flatnonzero(kept), null

    def _below(self, some: Ints) -> Ints:
        """The depth of some tags' elements in their order, 0: the order itself."""
        depth = self._tags.depth
        return depth[some] - depth[self._first][np.searchsorted(self._first, some, "right") - 1]

    def _next_closes(self) -> Bools:
        """Of each element whether its next tag closes one."""
        return np.r_[self._tags.closing[1:], False][self._elements]

    def _family(self, place: Ints, count: Ints, size: int) -> tuple[Ints, Ints]:
        """Of each node its parent and the end of what stands in it, level by level."""
        tags, elements = self._tags, self._elements
        parent, end = np.full(size, -1, np.int64), np.empty(size, np.int64)
        closing = np.flatnonzero(self._within & tags.closing)
        closing_depth = self._below(closing)
        after = place + count + 1  # of each element: behind its attributes
        bounds = np.r_[place, size]
        above = np.empty(0, np.int64)
        for level in range(int(self._depth.max()) + 1):
            here = np.flatnonzero(self._depth == level)
            open_ = here[~tags.empty[elements[here]]]
            ends = closing[closing_depth == level]
            end[place[here]] = after[here]
            end[place[open_]] = bounds[np.searchsorted(elements, ends)]
            if level:
                parent[place[here]] = place[above[np.searchsorted(above, here) - 1]]
            above = here
        return parent, end

    def _made(
        self, tree: _Tree, values: pl.Series, null: Bools, line: Callable[[Ints], Ints]
    ) -> Nodes:
        tags, elements = self._tags, self._elements
        leaf = self._next_closes() & ~tags.empty[elements]
        texts = decoded(tags.behind(elements[leaf])).str.strip_chars()
        texts = texts.set((texts == "") | pl.Series(null[leaf]), None)
        self._refuse_mixed(elements[leaf])
        source = np.full(len(tree.path), len(texts) + len(values), np.int64)
        source[tree.place[leaf]] = np.arange(len(texts))
        source[tree.mine] = np.arange(len(values)) + len(texts)
        nothing = pl.Series([None], dtype=pl.String)
        pool = pl.concat([texts, decoded(values), nothing], rechunk=True)
        text = pool.gather(source)
        element = tree.end > np.arange(len(tree.path)) + 1
        there = element | text.is_not_null().to_numpy()
        lines = np.full(len(tree.path), -1, np.int64)
        lines[tree.place] = line(tags.end[elements])
        number = numbers(tree.parent, tree.path)
        return Nodes(
            tree.paths, tree.path, tree.parent, number, tree.end, text, there, element, lines
        )

    def _refuse_mixed(self, leaves: Ints) -> None:
        """No text stands beside elements, only in them.

        Raises:
            Odd: some does.
        """
        beside = self._within.copy()
        beside[leaves] = False
        beside[self._last] = False
        tags = self._tags
        beside &= tags.next > tags.end + 1
        texts = tags.behind(np.flatnonzero(beside))
        if texts.str.contains(r"[^ \t\n]").any():
            raise Odd
