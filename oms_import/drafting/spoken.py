"""What the paths of a document say: whose they are, and whether of the order or its lines."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from oms_import.drafting.fields import field_names
from oms_import.drafting.sample import Sample
from oms_import.drafting.words import readings

_ROLES = ("ship", "bill", "buyer", "seller", "pay")
_NEVER = -200  # points of a field of the order in a path of its lines, and the other way round

Bonus = dict[tuple[str, str], tuple[int, str]]


def spoken(steps: tuple[str, ...]) -> tuple[str, ...]:
    """What a path says, in words: its last steps, with whose they are where a step above tells.

    `ShipTo/Address/PostalAddress/City` says "ShipTo City".
    """
    return tuple(dict.fromkeys(_said(steps)))


def _said(steps: tuple[str, ...]) -> Iterator[str]:
    whose = next((one for one in reversed(steps[:-1]) if _is_role(one)), None)
    for count in (1, 2, 3):
        last = steps[-count:]
        if count > len(steps):
            return
        if whose is None or whose in last:
            yield " ".join(last)
        else:
            yield " ".join((whose, *last))


def _is_role(step: str) -> bool:
    return any(role in reading for reading in readings(step) for role in _ROLES)


def by_place(sample: Sample, columns: Iterable[str]) -> tuple[Bonus, dict[str, tuple[str, ...]]]:
    """Of a document's paths: the fields each cannot fill, and what each says."""
    by = "/" if sample.reader == "xml" else "."
    within = f"{sample.lines}{by}" if sample.lines else None
    bonus: Bonus = {}
    says: dict[str, tuple[str, ...]] = {}
    for column in columns:
        of_line = within is not None and column.startswith(within)
        own = column.removeprefix(within) if within and of_line else column
        says[column] = spoken(tuple(own.split(by)))
        for names in field_names():
            if (
                within
                and names.field.startswith("line.") != of_line
                and "amount." not in names.field
            ):
                bonus[names.field, column] = (_NEVER, "")
    return bonus, says
