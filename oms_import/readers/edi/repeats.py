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
from oms_import.readers.edi.json_text import arrays, objects
from oms_import.readers.edi.layouts import Layout, Place
from oms_import.readers.edi.locators import Fields, Locator
from oms_import.readers.edi.loops import Flags, Ints, Scopes
from oms_import.readers.edi.names import Names

_SPLIT_TAG = "SDQ"  # location and quantity, ten times over (SDQ03 and 04 … SDQ21 and 22)
_SPLITS = range(3, 23, 2)
_OBJECTS = 100  # more than one segment gives objects, or elements components


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
        owner = self._owners(openers)
        rows = np.flatnonzero(owner >= 0)
        is_split = tag == _SPLIT_TAG and self._layout.standard == "x12"
        parts = list(self._splits(rows) if is_split else self._cells_of(rows, owner[rows]))
        if not parts:
            return nothing(size)
        found = objects(pl.concat(parts).sort("row", "order", maintain_order=True))
        scope = self._scopes.line if locator.line else self._scopes.message
        row = found.get_column("object").to_numpy() // _OBJECTS
        at = pl.Series("at", scope[row], dtype=pl.Int64)
        return arrays(pl.DataFrame([at, found.get_column("json")]), size)

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

    def _cells_of(self, rows: Ints, owner: Ints) -> Iterator[pl.DataFrame]:
        """Every filled cell of these rows: `object`, `row`, `order`, `key`, `value`."""
        tags = self._scopes.tag[rows]
        for number in np.unique(tags):
            mine = tags == number
            yield from self._cells_of_tag(self._scopes.tags[number], rows[mine], owner[mine])

    def _cells_of_tag(self, tag: str, rows: Ints, owner: Ints) -> Iterator[pl.DataFrame]:
        at = self._cells.positions[rows]
        self._cells.mark_all(tag, at)
        inner = rows != owner
        codes = self._names.code(tag, at)
        is_coded = inner & (codes is not None and codes.is_not_null().to_numpy())
        around = self._names.prefixes(rows, owner)
        label = around + self._names.labels(rows)
        named = is_coded | inner if self._layout.places or self._fields else is_coded
        lead = _chosen(named, label + ".", around)
        coded = self._names.coded(tag)
        code, usual = (coded.codes[0], coded.values[:1]) if coded else (None, ())
        for place, name, values in self._values(tag, at):
            key = _chosen(is_coded, label, lead + name) if place in usual else lead + name
            told = self._dated(tag, at, values) if place in usual else values
            if place == code or (tag == "DTM" and name == "2379"):  # said by label and date
                told = _chosen(is_coded, nothing(len(rows)), told)
            yield _members(owner * _OBJECTS, rows, place, key, told)

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

    def _splits(self, rows: Ints) -> Iterator[pl.DataFrame]:
        """SDQ: an object for each location and quantity, with the unit and the code it is by."""
        at = self._cells.positions[rows]
        self._cells.mark_all(_SPLIT_TAG, at)
        shared = {f"SDQ{n:02}": pick(self._cells.raw(_SPLIT_TAG, n), at) for n in (1, 2)}
        for first in _SPLITS:
            pair = {
                f"SDQ{n + 3:02}": pick(self._cells.raw(_SPLIT_TAG, first + n), at) for n in (0, 1)
            }
            there = pair["SDQ03"].is_not_null() | pair["SDQ04"].is_not_null()
            for number, (key, texts) in enumerate((shared | pair).items()):
                told = _chosen(there.to_numpy(), texts, nothing(len(rows)))
                place = Place(first, number)
                yield _members(rows * _OBJECTS + first, rows, place, _constant(key, at), told)


def _members(
    objects_of: Ints, rows: Ints, place: Place, key: pl.Series, values: pl.Series
) -> pl.DataFrame:
    """Members of JSON objects, where there is a value."""
    order = place.element * _OBJECTS + (place.component or 0)
    columns = {
        "object": pl.Series(objects_of, dtype=pl.Int64),
        "row": pl.Series(rows, dtype=pl.Int64),
        "order": pl.Series(np.full(len(rows), order), dtype=pl.Int64),
        "key": key,
        "value": values,
    }
    return pl.DataFrame(columns).filter(pl.col("value").is_not_null())


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


def _constant(text: str, at: Ints) -> pl.Series:
    return pl.Series([text], dtype=pl.String).new_from_index(0, len(at))


def _chosen(where: Flags, yes: pl.Series, no: pl.Series) -> pl.Series:
    return yes.zip_with(pl.Series(where, dtype=pl.Boolean), no)
