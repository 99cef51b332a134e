"""JSON text to columns: brackets, colons and commas found all at once, and checked by a table.

What stands between two of these signs is blank, a string or another value; which of them may be
there follows from the two signs and from what encloses them (RFC 8259, sections 2 to 5). What is
not plainly sound JSON, and what is rare, raises Odd: it is read value by value instead.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from oms_import.readers.documents.json_stream import number_text
from oms_import.readers.documents.nodes import (
    Bools,
    Ints,
    Nodes,
    Odd,
    Paths,
    cut,
    interned,
    ways,
)
from oms_import.readers.documents.paths import OWN
from oms_import.readers.documents.tree import LINE

_LITERAL = r"^(?:-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?|true|false|null)$"
_OPEN, _CLOSE, _LIST, _END, _COLON, _COMMA, _QUOTE, _WHITE, _OTHER = range(9)
_NOTHING, _STRING, _VALUE = 1, 2, 4
_KIND = np.full(256, _OTHER, np.uint8)
_KIND[list(b'{}[]:,"')] = range(7)
_KIND[list(b" \t\r\n")] = _WHITE
_KINDS = _KIND.tobytes()
_STEP = np.array([1, -1, 1, -1, 0, 0], np.int64)
_DEPTH = 100
_MANY = 1 << 25


def _table() -> Any:
    """What may stand between two signs: [in a list, sign, next sign] → kinds."""
    table = np.zeros((2, 6, 6), np.uint8)
    inside, within = table
    inside[_OPEN, _CLOSE] = _NOTHING
    inside[[_OPEN, _COMMA], _COLON] = _STRING
    inside[_COLON, [_COMMA, _CLOSE]] = _STRING | _VALUE
    inside[_COLON, [_OPEN, _LIST]] = _NOTHING
    within[_LIST, _END] = _NOTHING | _STRING | _VALUE
    within[_COMMA, _END] = _STRING | _VALUE
    within[[_LIST, _COMMA], _COMMA] = _STRING | _VALUE
    within[[_LIST, _COMMA], _OPEN] = _NOTHING  # lists in lists are rare
    inside[[_CLOSE, _END], _COMMA] = inside[[_CLOSE, _END], _CLOSE] = _NOTHING
    within[_CLOSE, [_COMMA, _END]] = _NOTHING
    return table


_ALLOWED = _table()


@dataclass(frozen=True, slots=True)
class Run:
    """Objects that stand one after the other."""

    nodes: Nodes
    begins: Ints  # the place of each in the text, in bytes
    ends: Ints  # behind each


def run(data: bytes, *, commas: bool, line: int) -> Run | None:
    """The objects that begin a text; None: not one of them is whole.

    Args:
        data: the text in UTF-8, from the first object on.
        commas: whether they stand in a list.
        line: the text's first line in the file.

    Raises:
        Odd: they are to be read one by one.
    """
    signs = _Signs(data)
    begin, end = signs.objects(commas=commas)
    if not len(begin):
        return None
    places = signs.place[begin]
    breaks = np.flatnonzero(signs.text == 0x0A)
    lines = np.searchsorted(breaks, places) + line
    return Run(_Scan(signs, begin, end).nodes(lines), places, signs.place[end] + 1)


class _Signs:
    """The signs of a text, without those in strings, and the values between them."""

    def __init__(self, data: bytes) -> None:
        text = np.frombuffer(data, np.uint8)
        kind = np.frombuffer(data.translate(_KINDS), np.uint8)
        quotes = np.flatnonzero(kind == _QUOTE)
        if b"\\" in data:
            quotes = quotes[~_escaped(text, quotes)]
        if len(quotes) % 2:  # the last string goes on behind the text
            text, kind = text[: quotes[-1]], kind[: quotes[-1]]
            quotes = quotes[:-1]
        self.data, self.text = data, text
        self.first, self.last = quotes[::2], quotes[1::2]  # the quotes of strings
        edges = np.zeros(len(text), np.int8)
        edges[self.first] = 1
        edges[self.last] = -1
        self.within = np.cumsum(edges, dtype=np.int8).view(np.bool_)
        self.place = np.flatnonzero((kind <= _COMMA) & ~self.within)
        self.kind = kind[self.place]
        self.depth = np.cumsum(_STEP[self.kind])
        self._other = (kind == _OTHER) & ~self.within

    def objects(self, *, commas: bool) -> tuple[Ints, Ints]:
        """The signs that begin and end the whole objects at the beginning of the text.

        Raises:
            Odd: there are other things among them.
        """
        below = np.flatnonzero(self.depth < 0)  # the list that they stand in ends
        stop = int(below[0]) if len(below) else len(self.depth)
        depth, kind = self.depth[:stop], self.kind[:stop]
        end = np.flatnonzero((depth == 0) & (kind <= _END))
        if not len(end):
            return end, end
        begin = np.r_[0, end[:-1] + (2 if commas else 1)]
        between = kind[end[:-1] + 1] == _COMMA if commas else np.ones(1, np.bool_)
        if not between.all() or (begin >= stop).any():
            raise Odd
        if (kind[begin] != _OPEN).any() or (kind[end] != _CLOSE).any():
            raise Odd
        return begin, end

    def others(self, end: int) -> tuple[Ints, Ints]:
        """Begins and ends of what is neither sign, string nor blank, up to a place."""
        at = np.flatnonzero(self._other[:end])
        apart = at[1:] != at[:-1] + 1
        return at[np.r_[True, apart][: len(at)]], at[np.r_[apart, True][: len(at)]] + 1


def _escaped(text: Any, quotes: Ints) -> Bools:
    """Whether a quote is behind an odd number of backslashes."""
    slashes = np.flatnonzero(text == 0x5C)
    place = np.arange(len(slashes))
    begins = np.r_[True, np.diff(slashes) != 1]
    first = slashes[np.maximum.accumulate(np.where(begins, place, 0))]
    before = np.searchsorted(slashes, quotes) - 1
    near = (before >= 0) & (slashes[before] == quotes - 1)
    return near & ((quotes - first[before]) % 2 == 1)


class _Scan:
    """The objects of a run as nodes."""

    def __init__(self, signs: _Signs, begin: Ints, end: Ints) -> None:
        """Check the text.

        Args:
            signs: of the text.
            begin: the signs that begin the objects.
            end: the signs that end them.

        Raises:
            Odd: it is not sound, too deep, or has lists in lists.
        """
        count = int(end[-1]) + 1
        self._data = signs.data
        self._place, self._kind = signs.place[:count], signs.kind[:count]
        self._opening = (self._kind == _OPEN) | (self._kind == _LIST)
        self._begin, self._end = begin, end
        bound = int(self._place[-1]) + 1
        text = signs.text[:bound]
        if ((text < 0x20) & signs.within[:bound]).any():
            raise Odd
        self._nest(signs.depth[:count])
        here = int(np.searchsorted(signs.first, bound))
        self._strings = signs.first[:here] + 1, signs.last[:here]
        self._values = signs.others(bound)
        self._check()

    def _nest(self, depth: Ints) -> None:
        """What encloses each sign, what closes each opening one, and how many commas came before.

        The signs of one object or list follow one another once all are sorted by depth.
        """
        own = depth + ~(self._opening | (self._kind > _END))
        if own.max() > _DEPTH:
            raise Odd
        by = np.argsort(own.astype(np.int16), kind="stable")
        opens = self._opening[by]
        last = np.maximum.accumulate(np.where(opens, np.arange(len(by)), 0))
        commas = np.cumsum(self._kind[by] == _COMMA)
        self._holder = np.empty(len(by), np.int64)
        self._rank = np.empty(len(by), np.int64)
        self._holder[by], self._rank[by] = by[last], commas - commas[last]
        closing = np.flatnonzero((self._kind == _CLOSE) | (self._kind == _END))
        closed = self._holder[closing]
        if (self._kind[closing] != self._kind[closed] + 1).any():
            raise Odd
        self._closed = np.zeros(len(by), np.int64)
        self._closed[closed] = closing
        # Of each sign what encloses the value before it.
        before = np.r_[0, np.where(self._opening, np.arange(len(by)), self._holder)[:-1]]
        self._around = np.where(self._opening, before, self._holder)

    def _check(self) -> None:
        """Between two signs stands what may stand there.

        Raises:
            Odd: it does not.
        """
        kind, size = self._kind, len(self._kind)
        self._of_string = np.searchsorted(self._place, self._strings[0])
        self._of_value = np.searchsorted(self._place, self._values[0])
        content = np.full(size, _NOTHING, np.uint8)
        content[self._of_string], content[self._of_value] = _STRING, _VALUE
        both = len(self._of_string) + len(self._of_value)
        if np.count_nonzero(content != _NOTHING) != both:
            raise Odd
        listed = (kind[self._around] == _LIST).view(np.uint8)
        allowed = _ALLOWED[listed[1:], kind[:-1], kind[1:]]
        good = np.r_[True, (allowed & content[1:]) != 0]
        good[self._begin] = content[self._begin] == _NOTHING
        between = self._end[:-1] + 1  # a comma, or the next object
        good[between] = content[between] == _NOTHING
        if not good.all():
            raise Odd
        self._content = content

    def nodes(self, lines: Ints) -> Nodes:
        """The nodes; `lines` are the orders' lines in the file.

        Raises:
            Odd: a key comes again or is no plain name, or a text is none.
        """
        kind = self._kind
        # A node is found by the sign that begins it, an object's, or the one behind it.
        before = np.r_[np.uint8(_COMMA), kind[:-1]]
        listed = kind[self._around] == _LIST
        slot = (before == _COLON) | (listed & ((before == _COMMA) | (before == _LIST)))
        mine = slot & ((kind == _OPEN) | (self._content != _NOTHING))
        mine[self._begin] = True
        at = np.flatnonzero(mine)
        count = np.cumsum(mine)
        around, listed = self._around[at], listed[at]
        colon = np.where(listed, around, at) - 1
        holder = self._holder[np.maximum(colon, 0)]
        element = kind[at] == _OPEN
        root = np.zeros(len(at), np.bool_)
        root[count[self._begin] - 1] = True
        parent = np.where(root, -1, count[holder] - 1)
        end = np.arange(1, len(at) + 1)
        end[element] = count[self._closed[at[element]]]
        objects = np.cumsum((kind == _OPEN).astype(np.int64) - (kind == _CLOSE))
        depth = np.where(root, 0, objects[at - 1])
        code, names = self._names()
        name = np.where(root, 0, code[np.maximum(colon, 0)])
        number = np.where(listed, self._rank[at - 1], 0)
        paths = Paths()
        path = ways(depth, parent, name, names, paths)
        text = self._texts(at)
        line = np.full(len(at), -1, np.int64)
        line[root] = lines
        there = element | text.is_not_null().to_numpy()
        return Nodes(paths, path, parent, number, end, text, there, element, line)

    def _names(self) -> tuple[Ints, list[str]]:
        """Of each colon's sign the number of the name before it, and the names."""
        keys = np.flatnonzero(self._kind[self._of_string] == _COLON)
        code = np.zeros(len(self._kind), np.int64)
        if not len(keys):
            return code, [""]
        begins, ends = self._strings
        codes, written = interned(cut(self._data, begins[keys], ends[keys]))
        names = _decoded(pl.Series(written, dtype=pl.String)).to_list()
        if len(set(names)) != len(names) or not {"", OWN, LINE}.isdisjoint(names):
            raise Odd
        colons = self._of_string[keys]
        code[colons] = codes
        self._refuse_twice(self._holder[colons], codes, len(names))
        return code, names

    def _refuse_twice(self, holder: Ints, codes: Ints, names: int) -> None:
        """No key comes again in its object.

        Raises:
            Odd: one does.
        """
        objects = np.cumsum(self._kind == _OPEN) - 1
        pair = objects[holder] * names + codes
        size = (int(objects[-1]) + 1) * names
        if size > _MANY:
            different = len(np.unique(pair))
        else:
            met = np.zeros(size, np.bool_)
            met[pair] = True
            different = int(np.count_nonzero(met))
        if different != len(pair):
            raise Odd

    def _texts(self, at: Ints) -> pl.Series:
        """The texts of nodes; null: an object, or JSON's null."""
        begins, ends = self._strings
        told = np.flatnonzero(self._kind[self._of_string] != _COLON)
        texts = _decoded(cut(self._data, begins[told], ends[told]))
        values = _values(cut(self._data, *self._values))
        nothing = pl.Series([None], dtype=pl.String)
        pool = pl.concat([texts, values, nothing], rechunk=True)
        source = np.full(len(self._kind), len(pool) - 1, np.int64)
        source[self._of_string[told]] = np.arange(len(texts))
        source[self._of_value] = np.arange(len(values)) + len(texts)
        source[self._kind == _OPEN] = len(pool) - 1
        return pool.gather(source[at])


def _values(literals: pl.Series) -> pl.Series:
    """What the other way has for values that are no strings; null for null.

    Raises:
        Odd: one is no value, or a number that is too large.
    """
    if not literals.str.contains(_LITERAL).all():
        raise Odd
    literals = literals.set(literals == "null", None)
    some = literals.str.contains(r"[0-9][eE]").fill_null(value=False)
    if not some.any():
        return literals
    try:
        written = [number_text(one) for one in literals.filter(some)]
    except ArithmeticError:
        raise Odd from None
    return literals.scatter(some.arg_true(), pl.Series(written, dtype=pl.String))


def _decoded(texts: pl.Series) -> pl.Series:
    """The strings' texts with their escapes resolved.

    Raises:
        Odd: an escape is none, or half a character.
    """
    some = texts.str.contains("\\", literal=True)
    if not some.any():
        return texts
    try:
        plain = json.loads('["' + '","'.join(texts.filter(some)) + '"]')
        return texts.scatter(some.arg_true(), pl.Series(plain, dtype=pl.String))
    except (ValueError, UnicodeEncodeError):
        raise Odd from None
