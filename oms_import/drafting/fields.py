"""The canonical fields a draft may fill, and the names their columns have (fields.toml)."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from oms_import.drafting.words import Reading, readings

_KNOWN_REST = 28  # points off for a known concept that the field does not speak of
_UNKNOWN_REST = 9  # points off for a word that nobody knows
_MOST_UNKNOWN = 27


@dataclass(frozen=True, slots=True)
class Pattern:
    """Concepts that make up a name, and how sure it is (percent)."""

    concepts: frozenset[str]
    points: int


@dataclass(frozen=True, slots=True)
class FieldNames:
    """A field, what its values look like, and the names of its columns."""

    field: str  # order.order_number, line.sku, party.ship_to.city, amount.tax
    shape: str
    names: tuple[Pattern, ...]
    fallback: tuple[Pattern, ...] = ()  # where the file has nothing better
    neutral: frozenset[str] = frozenset()

    def points(self, name: str, patterns: tuple[Pattern, ...] | None = None) -> int:
        """How well a column's name suits the field, 0 to 100."""
        chosen = self.names if patterns is None else patterns
        scores = (
            pattern.points - self._rest(reading, pattern)
            for reading in readings(name)
            for pattern in chosen
            if pattern.concepts <= reading
        )
        return max((score for score in scores), default=0)

    def _rest(self, reading: Reading, pattern: Pattern) -> int:
        rest = reading - pattern.concepts - self.neutral
        unknown = sum(word.startswith("?") for word in rest)
        known = len(rest) - unknown
        return _KNOWN_REST * known + min(_MOST_UNKNOWN, _UNKNOWN_REST * unknown)


@cache
def field_names() -> tuple[FieldNames, ...]:
    """Every field of fields.toml, in its order: the earlier one wins a tie."""
    text = files("oms_import.drafting").joinpath("fields.toml").read_text("utf-8")
    return tuple(_named(path, table) for path, table in _tables(tomllib.loads(text), ()))


@cache
def field_named(field: str) -> FieldNames:
    """The field of this name."""
    return next(one for one in field_names() if one.field == field)


def _named(path: tuple[str, ...], table: Mapping[str, Any]) -> FieldNames:
    return FieldNames(
        ".".join(path),
        table["shape"],
        tuple(map(_pattern, table["names"])),
        tuple(map(_pattern, table.get("fallback", ()))),
        frozenset(table.get("neutral", ())),
    )


def _pattern(text: str) -> Pattern:
    *concepts, points = text.split()
    return Pattern(frozenset(concepts), int(points))


def _tables(
    table: Mapping[str, Any], above: tuple[str, ...]
) -> Iterator[tuple[tuple[str, ...], Mapping[str, Any]]]:
    for key, value in table.items():
        if isinstance(value, Mapping):
            if "names" in value:
                yield (*above, key), value
            else:
                yield from _tables(value, (*above, key))
