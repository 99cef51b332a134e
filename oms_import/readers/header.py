"""The header of a table: finding it among other rows, naming its columns, comparing it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from functools import lru_cache

from oms_import.model.codes import Code
from oms_import.model.finding import Finding
from oms_import.model.values import HOUSEKEEPING, POINTER
from oms_import.readers.spec import ReadSpec

_OURS = (*HOUSEKEEPING, POINTER, "_drop", "_order", "_key", "_row")
_SHOWN = 40

Cells = Sequence[str | None]


def folded(name: str) -> str:
    """A header name as it is compared: case and white space do not matter."""
    return " ".join(name.replace("\ufeff", "").split()).casefold()


@dataclass(frozen=True, slots=True)
class Header:
    """The columns of a table."""

    names: tuple[str, ...]  # of the frame: trimmed, unique
    cells: tuple[str, ...]  # as in the file, trimmed; blank where the file has none
    width: int  # fields a whole row has at least: up to the last named column
    findings: tuple[Finding, ...] = ()

    @classmethod
    def of(cls, cells: Cells) -> Header:
        """Name the columns: `Name`, `Name#2` for a repeated one, `column_7` for a blank one."""
        trimmed = tuple((cell or "").replace("\ufeff", "").strip() for cell in cells)
        taken = {folded(name) for name in _OURS}
        names: list[str] = []
        findings: list[Finding] = []
        for position, cell in enumerate(trimmed, 1):
            name = _unique(cell or f"column_{position}", taken)
            if cell and name != cell and cell not in _OURS:
                findings.append(Finding(Code.HDR_REPEATED_NAME, field=cell, detail=f"named {name}"))
            names.append(name)
        filled = [position for position, cell in enumerate(trimmed, 1) if cell]
        return cls(tuple(names), trimmed, filled[-1] if filled else len(trimmed), tuple(findings))

    def find(self, name: str) -> str | None:
        """The frame's name of a column, or None where the table does not have it."""
        wanted = folded(name)
        return next((own for own in self.names if folded(own) == wanted), None)


def _unique(name: str, taken: set[str]) -> str:
    """The name, numbered where an earlier column (or one of ours) has it; marks it as taken."""
    free, number = name, 1
    while folded(free) in taken:
        number += 1
        free = f"{name}#{number}"
    taken.add(folded(free))
    return free


@dataclass(frozen=True, slots=True, order=True)
class Match:
    """How well a row serves as header; a better one compares greater."""

    complete: bool  # every required group is there
    known: int  # columns the mapping knows
    parted: bool  # it has more than one field
    steady: float  # share of rows that have as many fields as the header
    fields: int
    row: int = 0  # its position among the rows looked at, negative: an earlier one is better


def best_header(rows: Sequence[Cells], spec: ReadSpec) -> Match | None:
    """The row that is most likely the header, or None where no row has a cell.

    With known columns it is the row that names most of them; without, the first row that has as
    many fields as most rows have.
    """
    filled = [(i, row) for i, row in enumerate(rows) if any(cell and cell.strip() for cell in row)]
    if not filled:
        return None
    steady = Counter(len(row) for _, row in filled)
    share = {width: count / len(filled) for width, count in steady.items()}
    known, groups = _wanted(spec.known_columns, spec.required_columns)
    if known or groups:
        best = max(_match(i, row, known, groups, share) for i, row in filled)
        if best.known or (groups and best.complete):
            return best
    usual = max(steady, key=lambda width: (width > 1, steady[width], width))
    first = next(i for i, row in filled if len(row) == usual)
    return Match(not groups, 0, usual > 1, share[usual], usual, -first)


@lru_cache(maxsize=64)
def _wanted(
    known: frozenset[str], required: tuple[tuple[str, ...], ...]
) -> tuple[frozenset[str], tuple[frozenset[str], ...]]:
    """The names a profile speaks of, as they are compared."""
    groups = tuple(frozenset(map(folded, group)) for group in required)
    return frozenset(map(folded, known)), groups


def _match(
    position: int,
    row: Cells,
    known: frozenset[str],
    groups: tuple[frozenset[str], ...],
    share: dict[int, float],
) -> Match:
    names = {folded(cell) for cell in row if cell}
    complete = all(names & group for group in groups)
    width = len(row)
    return Match(complete, len(names & known), width > 1, share[width], width, -position)


def missing_columns(header: Header, spec: ReadSpec) -> Finding | None:
    """HDR_MISSING with the difference to the profile, or None where nothing required is missing."""
    present = {folded(cell) for cell in header.cells if cell}
    missing = [
        group
        for group in spec.required_columns
        if group and not any(folded(name) in present for name in group)
    ]
    if not missing:
        return None
    return Finding(Code.HDR_MISSING, field=missing[0][0], detail=_difference(missing, header))


def _difference(missing: list[tuple[str, ...]], header: Header) -> str:
    wanted = ", ".join(_alternatives(group) for group in missing)
    found = [cell for cell in header.cells if cell]
    text = f"missing: {wanted}; found: {_listed(found)}"
    by_folded = {folded(cell): cell for cell in found}
    near: dict[str, str] = {}
    for group in missing:
        for name in group:
            for hit in get_close_matches(folded(name), by_folded, 1, 0.75):
                near.setdefault(name, by_folded[hit])
    if near:
        pairs = ", ".join(f"{theirs} for {ours}" for ours, theirs in near.items())
        text += f"; did you mean {pairs}?"
    return text


def _alternatives(group: tuple[str, ...]) -> str:
    return group[0] if len(group) == 1 else f"{group[0]} (or {', '.join(group[1:])})"


def _listed(names: Iterable[str]) -> str:
    shown = list(names)
    more = len(shown) - _SHOWN
    text = ", ".join(shown[:_SHOWN]) or "no columns"
    return f"{text} and {more} more" if more > 0 else text
