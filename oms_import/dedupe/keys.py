"""The idempotency key: what tells one order of a channel's account from the next."""

from __future__ import annotations

import polars as pl

from oms_import.dedupe.encode import FIELD, escaped


def key_text(fields: tuple[str, ...]) -> pl.Expr:
    """The key's text from columns of `orders`; null when all of the fields are empty.

    One field is the key itself; several are joined so that ("a", "bc") and ("ab", "c") differ. An
    empty one among others counts as such: an order without a release is one order, not none.
    """
    if len(fields) == 1:
        return pl.col(fields[0]).cast(pl.String)
    parts = [escaped(pl.col(field).cast(pl.String)) for field in fields]
    joined = pl.concat_str([part.fill_null("") for part in parts], separator=FIELD)
    return pl.when(pl.any_horizontal(pl.col(field).is_not_null() for field in fields)).then(joined)
