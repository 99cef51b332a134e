"""Which profile a document belongs to: each is tried on the first order."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import polars as pl

from oms_import.model.codes import Code
from oms_import.model.documents import DOCUMENT, OTHER_LINE_VALUES, OTHER_VALUES
from oms_import.model.errors import DropRejectedError
from oms_import.model.values import Drop, Limits
from oms_import.pipeline.channel import channel, open_drop
from oms_import.profiles.detect import Candidate, ranked
from oms_import.profiles.model import Profile

_LISTS = (OTHER_VALUES, OTHER_LINE_VALUES)
_ELSEWHERE = frozenset((Code.DOC_NO_ORDERS, Code.FORMAT_UNKNOWN))
"""What a profile says of a document that is not its own."""


def document_fits(
    drop: Drop, reader: str, profiles: Sequence[Profile], scratch: Path
) -> list[Candidate]:
    """Profiles of this reader that find orders and their marks in the document, the best first.

    Raises:
        DropRejectedError: nobody can read the document: it is broken, or nobody may.
    """
    found: list[Candidate] = []
    refused: DropRejectedError | None = None
    for profile in (one for one in profiles if one.format.reader == reader):
        try:
            first = _first_order(profile, drop, scratch)
        except DropRejectedError as error:
            if any(finding.code not in _ELSEWHERE for finding in error.findings):
                refused = refused or error
            continue
        candidate = None if first is None else _candidate(profile, drop, first)
        if candidate is not None:
            found.append(candidate)
    if refused is not None and not found:
        raise refused
    return ranked(found, profiles)


def _first_order(profile: Profile, drop: Drop, scratch: Path) -> pl.DataFrame | None:
    source = open_drop(channel(profile, None, Limits()), drop, scratch)
    return next(source.batches(1), None)


def _candidate(profile: Profile, drop: Drop, order: pl.DataFrame) -> Candidate | None:
    """How well the profile reads the order: its marks, and the share of the values it knows."""
    own = [name for name in order.columns if not name.startswith("_")]
    filled = {name for name in own if order[name].null_count() < order.height}
    marks = profile.detect
    if not filled.issuperset(marks.columns) or (marks.any and filled.isdisjoint(marks.any)):
        return None
    matched = tuple(sorted(filled - {DOCUMENT, *_LISTS}))
    if not matched:
        return None
    missing = _left(order)
    share = len(matched) / (len(matched) + len(missing))
    score = len(marks.columns) + bool(marks.any) + share + marks.named(drop.name)
    return Candidate(profile.name, score, matched, missing)


def _left(order: pl.DataFrame) -> tuple[str, ...]:
    """Names of the values that the profile does not read."""
    cells = [cell for name in _LISTS for cell in order[name].drop_nulls()]
    names = (told["name"] for cell in cells for told in json.loads(cell))
    return tuple(dict.fromkeys(names))
