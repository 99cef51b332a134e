"""The elements of segments, a tag at a time, and which of them were read.

What nobody read is to be told, so every cell that a locator reads is marked here; see leftover.py.
"""

from __future__ import annotations

from functools import cached_property, lru_cache
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl

from oms_import.model.edi import COMPONENT, REPETITION, element
from oms_import.readers.edi.layouts import Layout, Place
from oms_import.readers.edi.locators import Condition
from oms_import.readers.edi.loops import Flags, Ints, Scopes, Small

_COMPONENTS = rf"[^{COMPONENT}{REPETITION}]+"


class _Codes(NamedTuple):
    """Texts as numbers: of each segment (null: one of its own), and which text has which."""

    of_segment: npt.NDArray[np.uint32]
    numbers: dict[str, int]


class Cells:
    """The segments of a frame, sorted by tag. Positions count a tag's segments from 0."""

    def __init__(self, segments: pl.DataFrame, scopes: Scopes, layout: Layout) -> None:
        self._scopes = scopes
        self._layout = layout
        self._order = np.argsort(scopes.tag, kind="stable")
        ends = np.searchsorted(scopes.tag[self._order], np.arange(len(scopes.tags) + 1))
        self._slices = {
            tag: (int(ends[number]), int(ends[number + 1]))
            for number, tag in enumerate(scopes.tags)
        }
        names = [name for name in segments.columns if name[:1] == "e" and name[1:].isdigit()]
        self.elements = len(names)
        self._sorted = segments.select(sorted(names))[pl.Series(self._order, dtype=pl.UInt32)]
        self._texts: dict[tuple[str, Place], pl.Series | None] = {}
        self._lists: dict[tuple[str, int], pl.Series] = {}
        self._compound: dict[tuple[str, int], bool] = {}
        self._coded: dict[tuple[str, Place], _Codes | None] = {}
        self._matches: dict[tuple[str, Condition], Small] = {}
        self._read: dict[str, dict[Place, Flags]] = {}

    def rows(self, tag: str) -> Ints:
        """The rows of a tag's segments in the frame, in order; a view."""
        begin, end = self._slices.get(tag, (0, 0))
        return self._order[begin:end]

    @cached_property
    def positions(self) -> Ints:
        """For every row its position among the segments of its tag."""
        found = np.empty(len(self._order), dtype=np.int64)
        for begin, end in self._slices.values():
            found[self._order[begin:end]] = np.arange(end - begin)
        return found

    def text(self, tag: str, place: Place) -> pl.Series | None:
        """The texts at a place of all segments of a tag; None where all are empty.

        A whole element that has components reads with the standard's own separator; a component
        is that of the first repetition.
        """
        key = (tag, place)
        if key not in self._texts:
            self._texts[key] = self._text(tag, place)
        return self._texts[key]

    def _text(self, tag: str, place: Place) -> pl.Series | None:
        whole = self.raw(tag, place.element)
        if whole is None:
            return None
        compound = self._is_compound(tag, place.element, whole)
        if place.component is None:
            return self._joined(whole) if compound else whole
        if not compound:
            return whole if place.component == 1 else None
        listed = self._components(tag, place.element, whole)
        found = listed.list.get(place.component - 1, null_on_oob=True).replace("", None)
        return None if found.null_count() == len(found) else found

    def raw(self, tag: str, number: int) -> pl.Series | None:
        """An element as it is in the frame; None where all are empty."""
        begin, end = self._slices.get(tag, (0, 0))
        if begin == end or not 1 <= number <= self.elements:
            return None
        column = self._sorted.get_column(element(number)).slice(begin, end - begin)
        return None if column.null_count() == len(column) else column

    def _components(self, tag: str, number: int, whole: pl.Series) -> pl.Series:
        key = (tag, number)
        if key not in self._lists:
            if REPETITION in together(whole):
                whole = whole.str.split(REPETITION).list.first()
            self._lists[key] = whole.str.split(COMPONENT)
        return self._lists[key]

    def _joined(self, whole: pl.Series) -> pl.Series:
        separated = whole.str.replace_all(COMPONENT, self._layout.component, literal=True)
        return separated.str.replace_all(REPETITION, self._layout.repetition, literal=True)

    def _is_compound(self, tag: str, number: int, whole: pl.Series) -> bool:
        """Whether an element of a tag has components or repetitions anywhere."""
        key = (tag, number)
        if key not in self._compound:
            text = together(whole)
            self._compound[key] = COMPONENT in text or REPETITION in text
        return self._compound[key]

    def matches(self, tag: str, condition: Condition) -> Small:
        """For each segment of a tag, which of the condition's places holds its code; else -1."""
        key = (tag, condition)
        if key not in self._matches:
            self._matches[key] = self._match(tag, condition)
        return self._matches[key]

    def _match(self, tag: str, condition: Condition) -> Small:
        found = np.full(len(self.rows(tag)), -1, dtype=np.int16)
        for number, place in enumerate(condition.places):
            coded = self._codes(tag, place)
            if coded is not None and condition.code in coded.numbers:
                hit = coded.of_segment == coded.numbers[condition.code]
                found[hit & (found < 0)] = number
        return found

    def _codes(self, tag: str, place: Place) -> _Codes | None:
        """The codes at a place as numbers: many locators ask for one after the other."""
        key = (tag, place)
        if key not in self._coded:
            texts = self.text(tag, place)
            self._coded[key] = None if texts is None else _numbered(texts)
        return self._coded[key]

    def mark(self, tag: str, place: Place, at: Ints) -> None:
        """The place was read in the segments at these positions (negative ones are none)."""
        read = self._read.setdefault(tag, {})
        if place not in read:
            read[place] = np.zeros(len(self.rows(tag)), dtype=np.bool_)
        read[place][at[at >= 0]] = True

    def mark_all(self, tag: str, at: Ints) -> None:
        """Everything was read in the segments at these positions."""
        for number in range(1, self.elements + 1):
            if self.raw(tag, number) is not None:
                self.mark(tag, Place(number), at)

    def unread(self, tag: str) -> Flags:
        """Which segments of a tag hold something that no `mark` covers."""
        read = self._read.get(tag, {})
        left = np.zeros(len(self.rows(tag)), dtype=np.bool_)
        for number in range(1, self.elements + 1):
            whole = self.raw(tag, number)
            if whole is None:
                continue
            flags = {place.component: flag for place, flag in read.items() if place[0] == number}
            left |= self._left(tag, number, whole, flags)
        return left

    def _left(
        self, tag: str, number: int, whole: pl.Series, flags: dict[int | None, Flags]
    ) -> Flags:
        """Which cells of an element hold a component that was not read."""
        filled = whole.is_not_null().to_numpy()
        all_read = flags.get(None, np.zeros(len(filled), dtype=np.bool_))
        if not self._is_compound(tag, number, whole):
            return filled & ~(all_read | flags.get(1, all_read))
        count = whole.str.count_matches(_COMPONENTS).fill_null(0).to_numpy().astype(np.int64)
        for component, flag in flags.items():
            texts = None if component is None else self.text(tag, Place(number, component))
            if texts is not None:
                count = count - (flag & texts.is_not_null().to_numpy())
        return filled & ~all_read & (count > 0)


def places_of(at: Ints) -> pl.Series:
    """Positions as indices for `pick`: null where negative."""
    return pl.Series(at, dtype=pl.Int64).cast(pl.UInt32, strict=False)


def pick(texts: pl.Series | None, at: Ints | pl.Series) -> pl.Series:
    """The texts at these positions; null where a position is negative (or a null index)."""
    if texts is None or not len(texts):
        return nothing(len(at))
    return texts[at if isinstance(at, pl.Series) else places_of(at)]


@lru_cache(maxsize=8)
def nothing(size: int) -> pl.Series:
    """A column of so many nulls."""
    return pl.Series([None], dtype=pl.String).new_from_index(0, size)


def _numbered(texts: pl.Series) -> _Codes:
    names = texts.unique().drop_nulls().to_list()
    numbers = texts.cast(pl.Enum(names)).to_physical().fill_null(len(names))
    return _Codes(
        numbers.to_numpy().astype(np.uint32), {name: place for place, name in enumerate(names)}
    )


def together(texts: pl.Series) -> str:
    """All texts as one: the quickest way to learn that a character is in none of them."""
    text = texts.str.join("").item() if len(texts) else ""
    return text if isinstance(text, str) else ""
