"""Which orders of a drop are wanted, where it is not all of them: retries and their replays."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby

import polars as pl

from oms_import.model.values import Drop

Only = Mapping[str, Mapping[str, Sequence[int]] | None]
"""Drop id → order key → its records; None: the whole drop."""


def stretches(
    drops: Sequence[Drop], only: Only | None
) -> Iterator[tuple[pl.DataFrame | None, list[Drop]]]:
    """Neighbouring drops that are taken whole (None), or of which some records are wanted.

    Returns:
        For each stretch the records to take (columns `_drop`, `record`) and its drops, in order.
    """
    named = only or {}
    for some, members in groupby(drops, lambda drop: named.get(drop.drop_id) is not None):
        mine = list(members)
        orders = [(drop.index, named.get(drop.drop_id) or {}) for drop in mine]
        wanted = [(index, r) for index, its in orders for records in its.values() for r in records]
        schema = {"_drop": pl.UInt32, "record": pl.Int64}
        yield (pl.DataFrame(wanted, schema=schema, orient="row") if some else None), mine
