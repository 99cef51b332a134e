"""Segments that stand many times (SAC[*], LIN[*].LOC[*]) as JSON text: an object for each.

An object's keys are the segment's elements (SAC05; EDIFACT 3225) and, for the segments of its
loop, their locators within it: QTY[11] for the usual value, QTY[11].6411 for another element.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import polars as pl

from oms_import.model.edi import COMPONENT, REPETITION
from oms_import.readers.edi.cells import Cells, nothing, pick
from oms_import.readers.edi.dates import edifact_dates
from oms_import.readers.edi.finder import Finder
from oms_import.readers.edi.json_text import braced, joined, members
from oms_import.readers.edi.layouts import Layout, Place
from oms_import.readers.edi.locators import Fields, Locator
from oms_import.readers.edi.loops import Flags, Ints, Scopes
from oms_import.readers.edi.names import Names

_SPLIT_TAG = "SDQ"  # location and quantity, ten times over (SDQ03 and 04 … SDQ21 and 22)
_SPLITS = range(3, 23, 2)


class Repeats:
    """Builds JSON columns from the segments of one frame."""

    def __init__(self, cells: Cells, scopes: Scopes, layout: Layout, fields: Fields | None) -> None:
        self._cells = cells
        self._scopes = scopes
        self._layout = layout
        self._fields = fields or {}
        self._names = Names(cells, scopes, layout, fields)

    def column(self, locator: Locator, finder: Finder) -> pl.Series:
        """One JSON text for every line (or order); null where there is no such segment."""
        size = len(self._scopes.openers) if locator.line else self._scopes.messages
        tag = locator.steps[-1].tag
        openers = self._cells.rows(tag)[finder.all(locator.steps, line=locator.line)]
        if not len(openers):
            return nothing(size)
        split = tag == _SPLIT_TAG and self._layout.standard == "x12"
        items = self._splits(openers) if split else self._objects(openers)
        scope = self._scopes.line if locator.line else self._scopes.message
        return braced(joined(items, scope[openers], size), "[", "]")

    def _objects(self, openers: Ints) -> pl.Series:
        """An object for each of these segments and what is in its loop."""
        owner = self._owners(openers)
        rows = np.flatnonzero(owner >= 0)
        owner = owner[rows]
        suffix = self._suffixes(rows, owner) if len(rows) > len(openers) else None
        tags = self._scopes.tag[rows]
        order = np.argsort(tags, kind="stable")
        pieces = [
            self._members(
                self._scopes.tags[number],
                rows[mine],
                owner[mine],
                None if suffix is None else pick(suffix, mine),
            )
            for number in np.unique(tags)
            for mine in [order[tags[order] == number]]
        ]
        back = np.empty(len(rows), dtype=np.int64)
        back[order] = np.arange(len(rows))
        told = joined(pick(pl.concat(pieces), back), np.searchsorted(openers, owner), len(openers))
        return braced(told, "{", "}")

    def _suffixes(self, rows: Ints, owner: Ints) -> pl.Series:
        """`#2`, `#3` … for a segment whose name its object has already."""
        name = self._names.prefixes(rows, owner) + self._names.labels(rows)
        frame = pl.DataFrame({"owner": owner, "name": name})
        time = pl.int_range(pl.len()).over("owner", "name") + 1
        again = pl.when(time > 1).then(pl.format("#{}", time)).otherwise(pl.lit(""))
        return frame.select(again.alias("suffix")).to_series()

    def _owners(self, openers: Ints) -> Ints:
        """For every row the opener it belongs to, itself or the loop around it; -1: none."""
        parent = self._scopes.parent
        owner = np.full(len(parent), -1, dtype=np.int64)
        owner[openers] = openers
        inner = np.flatnonzero(parent >= 0)
        while True:
            new = inner[(owner[inner] < 0) & (owner[parent[inner]] >= 0)]
            if not len(new):
                return owner
            owner[new] = owner[parent[new]]

    def _members(self, tag: str, rows: Ints, owner: Ints, suffix: pl.Series | None) -> pl.Series:
        """The members that each of a tag's segments gives to its object."""
        at = self._cells.positions[rows]
        self._cells.mark_all(tag, at)
        if suffix is None:  # the openers alone: the keys are the elements' own
            own = [(_one(name), values) for _, name, values in self._values(tag, at)]
            return members(own, len(rows))
        inner = rows != owner
        codes = self._names.code(tag, at)
        is_coded = inner & (codes is not None and codes.is_not_null().to_numpy())
        around = self._names.prefixes(rows, owner)
        label = around + self._names.labels(rows)
        named = is_coded | inner if self._layout.places or self._fields else is_coded
        lead = _chosen(named, label + ".", around)
        coded = self._names.coded(tag)
        code, usual = (coded.codes[0], coded.values[:1]) if coded else (None, ())
        valued = pick(self._cells.text(tag, usual[0]), at).is_not_null() if usual else is_coded
        said = is_coded & np.asarray(valued)  # label and value tell code and format
        pairs: list[tuple[pl.Series, pl.Series]] = []
        for place, name, values in self._values(tag, at):
            key = _chosen(is_coded, label, lead + name) if place in usual else lead + name
            told = self._dated(tag, at, values) if place in usual else values
            if place == code or (tag == "DTM" and name == "2379"):
                told = _chosen(said, nothing(len(rows)), told)
            pairs.append((key + suffix, told))
        return members(pairs, len(rows))

    def _values(self, tag: str, at: Ints) -> Iterator[tuple[Place, str, pl.Series]]:
        """The filled elements of these segments: place, name, texts."""
        names = _data_elements(self._layout, tag)
        fields = self._fields.get(tag, ())
        for number in range(1, self._cells.elements + 1):
            raw = self._cells.raw(tag, number)
            texts = nothing(0) if raw is None else pick(raw, at)
            if texts.null_count() == len(texts):
                continue
            name = f"{tag}{number:02}"
            if number <= len(fields):
                name = fields[number - 1]
            repeats = _flags(texts, REPETITION)
            apart = repeats | (_flags(texts, COMPONENT) ^ True if not names else repeats)
            if apart.any():
                whole = pick(self._cells.text(tag, Place(number)), at)
                yield Place(number), name, _chosen(apart, whole, nothing(len(at)))
            for component in range(1, _most_components(texts) + 1):
                place = Place(number, component)
                found = pick(self._cells.text(tag, place), at)
                known = names.get(place, f"{name}-{component}")
                yield place, known, _chosen(apart, nothing(len(at)), found)

    def _dated(self, tag: str, at: Ints, values: pl.Series) -> pl.Series:
        """EDIFACT dates read as `DTM[2]` reads them elsewhere."""
        if tag != "DTM" or not self._layout.places:
            return values
        return edifact_dates(values, pick(self._cells.text(tag, Place(1, 3)), at))

    def _splits(self, rows: Ints) -> pl.Series:
        """SDQ: an object for each location and quantity, with the unit and the code it is by."""
        at = self._cells.positions[rows]
        told = [pick(self._cells.raw(_SPLIT_TAG, number), at) for number in range(1, 23)]
        parts: list[pl.Series] = []
        for first in _SPLITS:
            place, quantity = told[first - 1], told[first]
            there = place.is_not_null() | quantity.is_not_null()
            if there.any():
                split = (*told[:2], place, quantity)
                pairs = [(_one(f"SDQ{n + 1:02}"), texts) for n, texts in enumerate(split)]
                item = braced(members(pairs, len(rows)), "{", "}")
                parts.append(item.zip_with(there, nothing(len(rows))).alias(f"{first}"))
                for number in (1, 2, first, first + 1):
                    self._cells.mark(_SPLIT_TAG, Place(number), at[there.to_numpy()])
        if not parts:
            return nothing(len(rows))
        together = pl.concat_str(pl.all(), separator=",", ignore_nulls=True).replace("", None)
        return pl.DataFrame(parts).select(together.alias("json")).to_series()


def _one(key: str) -> pl.Series:
    """The same key for all rows."""
    return pl.Series([key], dtype=pl.String)


def _data_elements(layout: Layout, tag: str) -> dict[Place, str]:
    """What EDIFACT calls each place of a segment: 3036, 3036-2 …"""
    names: dict[Place, str] = {}
    for name, places in layout.places.get(tag, {}).items():
        for number, place in enumerate(places):
            if place.component is not None and "." not in name:
                names.setdefault(place, name if number == 0 else f"{name}-{number + 1}")
    return names


def _most_components(texts: pl.Series) -> int:
    most = texts.str.count_matches(COMPONENT, literal=True).max()
    return 1 + (most if isinstance(most, int) else 0)


def _flags(texts: pl.Series, separator: str) -> Flags:
    return texts.str.contains(separator, literal=True).fill_null(value=False).to_numpy()


def _chosen(where: Flags, yes: pl.Series, no: pl.Series) -> pl.Series:
    return yes.zip_with(pl.Series(where, dtype=pl.Boolean), no)
