"""Headers of tables compared: what came, what went, and what was perhaps only renamed."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import lru_cache
from itertools import groupby

Columns = tuple[str, ...]

_ALIKE = 0.62  # of names: "Order" and "Order No" are, "Price" and "Notes" are not
_MOST_PAIRS = 10_000  # more are not compared by name; such a file is another one
_SHOWN = 12


@dataclass(frozen=True, slots=True)
class SeenHeader:
    """A header that a channel had; headers of another profile or format are no relatives."""

    profile: str  # that reads it: the channel's, or its companion's
    format: str  # the reader's name: csv, excel
    columns: Columns  # in their order

    def relative(self, other: SeenHeader) -> bool:
        """Whether the two can be compared."""
        return (self.profile, self.format) == (other.profile, other.format)

    def same(self, other: SeenHeader) -> bool:
        """Whether they have the same columns, in whatever order."""
        return self.relative(other) and self.names() == other.names()

    def names(self) -> frozenset[str]:
        """The columns as they are compared."""
        return frozenset(map(folded, self.columns))


@dataclass(frozen=True, slots=True)
class KnownHeader(SeenHeader):
    """One that was accepted."""

    last_day: str  # ISO date, UTC


@dataclass(frozen=True, slots=True)
class HeaderChange:
    """How a header differs from an earlier one; names as they are written.

    `renamed` are guesses, as pairs of the earlier and the later name; their names are in neither
    `added` nor `missing`.
    """

    added: Columns = ()
    missing: Columns = ()
    renamed: tuple[tuple[str, str], ...] = ()

    def __bool__(self) -> bool:
        """Whether there is a difference."""
        return bool(self.added or self.missing or self.renamed)

    def renamed_to(self, name: str) -> str | None:
        """What the column is perhaps called now."""
        return next((new for old, new in self.renamed if old == name), None)

    def told(self) -> str:
        """`missing: A; added: B, C; D was perhaps renamed to E`."""
        parts = [f"missing: {_listed(self.missing)}"] if self.missing else []
        parts += [f"added: {_listed(self.added)}"] if self.added else []
        parts += [f"{old} was perhaps renamed to {new}" for old, new in self.renamed[:_SHOWN]]
        return "; ".join(parts)

    def as_json(self) -> dict[str, object]:
        """The keys of cli.md."""
        renamed = [{"from": old, "to": new} for old, new in self.renamed]
        return {"added": list(self.added), "missing": list(self.missing), "renamed": renamed}


def folded(name: str) -> str:
    """A header name as it is compared: case and repeated white space do not matter."""
    return " ".join(name.split()).casefold()


@lru_cache(maxsize=256)
def header_change(before: Columns, after: Columns) -> HeaderChange:
    """What is different; the order of the columns, case and white space are not.

    A column that is gone is guessed to be renamed where a new one has a similar name, or is the
    only new one in the place where it alone has gone.
    """
    was = {folded(name): name for name in before}
    now = {folded(name): name for name in after}
    gone = [short for short in was if short not in now]
    new = [short for short in now if short not in was]
    pairs = _renamed(list(was), list(now), gone, new)
    return HeaderChange(
        added=tuple(now[name] for name in new if name not in pairs.values()),
        missing=tuple(was[name] for name in gone if name not in pairs),
        renamed=tuple((was[name], now[pairs[name]]) for name in gone if name in pairs),
    )


def _renamed(was: list[str], now: list[str], gone: list[str], new: list[str]) -> dict[str, str]:
    """Earlier name → later name: the most alike first, each name once."""
    if not gone or not new or len(gone) * len(new) > _MOST_PAIRS:
        return {}
    places = _places(was, frozenset(gone)), _places(now, frozenset(new))
    sure = _swapped(*places)
    scored = [(_alike(old, name, sure.get(old) == name), old, name) for old in gone for name in new]
    pairs: dict[str, str] = {}
    for score, old, name in sorted(scored, key=lambda one: -one[0]):
        if score >= _ALIKE and old not in pairs and name not in pairs.values():
            pairs[old] = name
    return pairs


def _places(names: Sequence[str], changed: frozenset[str]) -> dict[tuple[str, str], list[str]]:
    """Changed names that stand together, by the unchanged ones that stand around them."""
    found: dict[tuple[str, str], list[str]] = {}
    last, waiting = "", list[str]()
    for is_changed, group in groupby([*names, ""], lambda name: name in changed):
        mine = list(group)
        if is_changed:
            waiting = mine
        else:
            if waiting:
                found[last, mine[0]] = waiting
            last, waiting = mine[-1], []
    return found


def _swapped(
    was: dict[tuple[str, str], list[str]], now: dict[tuple[str, str], list[str]]
) -> dict[str, str]:
    """Names that alone took the place of one."""
    return {
        old[0]: now[place][0]
        for place, old in was.items()
        if len(old) == 1 and len(now.get(place, ())) == 1
    }


def _alike(old: str, new: str, same_place: bool) -> float:
    """0…1: letters in common, words of one that are all in the other, the same place."""
    if same_place:
        return 1.0
    ours, theirs = _words(old), _words(new)
    matcher = SequenceMatcher(None, " ".join(ours), " ".join(theirs), autojunk=False)
    share = matcher.ratio() if matcher.quick_ratio() >= _ALIKE else 0.0
    inside = bool(ours and theirs) and (set(ours) <= set(theirs) or set(theirs) <= set(ours))
    if inside or _short_for(*sorted(("".join(ours), "".join(theirs)), key=len)):
        return max(share, 0.7)
    return share


def _short_for(short: str, long: str) -> bool:
    """Whether letters were left out: "qty" of "quantity", "desc" of "description"."""
    if len(short) < 3 or long[0] != short[0]:
        return False
    letters = iter(long)
    return long.startswith(short) or (
        short[-1] == long[-1] and all(letter in letters for letter in short)
    )


def _words(name: str) -> list[str]:
    return re.findall(r"[^\W_]+", name)


def _listed(names: Columns) -> str:
    more = len(names) - _SHOWN
    return ", ".join(names[:_SHOWN]) + (f" and {more} more" if more > 0 else "")
