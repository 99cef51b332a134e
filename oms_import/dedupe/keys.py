"""The idempotency key: what tells one order of a channel's account from the next."""

from __future__ import annotations

import polars as pl

from oms_import.dedupe.encode import FIELD, escaped


def key_text(fields: tuple[str, ...]) -> pl.Expr:
    """The key's text from columns of `orders`; null when any of the fields is empty.

    One field is the key itself; several are joined so that ("a", "bc") and ("ab", "c") differ.
    """
    if len(fields) == 1:
        return pl.col(fields[0]).cast(pl.String)
    return pl.concat_str(
        [escaped(pl.col(field).cast(pl.String)) for field in fields],
        separator=FIELD,
        ignore_nulls=False,
    )
