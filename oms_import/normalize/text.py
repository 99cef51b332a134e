"""Text cells: white space, Unicode forms, look-alikes, and what spreadsheets do to text."""

from __future__ import annotations

from collections.abc import Callable

import polars as pl

from oms_import.normalize.parsed import is_constant, sparse, steps

INVISIBLE = "\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufeff"
"""Marks without width or that turn the direction of text, as a regular-expression class."""

_ENDS = rf"^[\s{INVISIBLE}]+|[\s{INVISIBLE}]+$"
_INVISIBLE = rf"[{INVISIBLE}]+"
_MIXED = (
    rf"[{INVISIBLE}]"
    r"|\p{Latin}.*[\p{Cyrillic}\p{Greek}]|[\p{Cyrillic}\p{Greek}].*\p{Latin}"
)


def clean(raw: pl.Expr) -> pl.Expr:
    """Text without white space and invisible marks at its ends, in NFC; blank is null.

    String → String. Text of ASCII only costs little more than the stripping.
    """
    return _tidied(raw, lambda odd: odd.str.replace_all(_ENDS, "").str.normalize("NFC"))


def key(raw: pl.Expr) -> pl.Expr:
    """Text as it is compared: cleaned, and without any invisible mark. String → String."""

    def visible(odd: pl.Expr) -> pl.Expr:
        return odd.str.replace_all(_INVISIBLE, "").str.strip_chars().str.normalize("NFC")

    return _tidied(raw, visible)


def order_number_norm(number: pl.Expr) -> pl.Expr:
    """An order number as a key: no `#`, no white space, upper case, NFC. String → String.

    `#3001` and `3001` are one number; leading zeros are kept, for `0042` and `42` are two.
    """
    loose = pl.field("raw").str.contains(r"[#\s]")
    tight = sparse(
        pl.field("raw"),
        pl.field("loose"),
        lambda some: some.str.replace_all(r"[#\s]+", ""),
        constant=is_constant(number),
    )
    packed = steps(
        key(number),
        {"loose": loose},
        {"norm": pl.coalesce(tight, pl.field("raw")).str.to_uppercase()},
        {"text": pl.when(pl.field("norm") != "").then(pl.field("norm"))},
    )
    return packed.struct.field("text")


def confusable(raw: pl.Expr) -> pl.Expr:
    """Whether text may look like another: Latin mixed with Cyrillic or Greek, or invisible marks.

    String → Boolean; null is null.
    """
    constant = is_constant(raw)
    odd = sparse(raw, _is_foreign(raw), lambda some: some.str.contains(_MIXED), constant=constant)
    return pl.when(raw.is_not_null()).then(odd.fill_null(value=False))


def without_apostrophe(raw: pl.Expr) -> pl.Expr:
    """Text without the apostrophe by which spreadsheets guard digits: `'85003`, `="007"`."""
    guarded = raw.str.contains(r"""^\s*(?:'\+?[0-9]|=")""")
    return sparse_replace(raw, guarded, r"""^\s*(?:'|="([^"]*)"\s*$)""", "$1")


def formula_like(raw: pl.Expr) -> pl.Expr:
    """Whether a spreadsheet would run the text as a formula. String → Boolean.

    Signed numbers and phone numbers (`-5.00`, `+49 30 1234`) are not formulas, nor is a lone `-`.
    """
    starts = raw.str.contains(r"^\s*[=+\-@\t\r]")
    harmless = r"^\s*(?:[+\-]?[0-9\s().,/\-]*|-+|@\w+|[+\-]\s?\p{Sc}?\s?[0-9.,]+\s?\p{Sc}?)$"
    return starts & ~pl.when(starts).then(raw).str.contains(harmless).fill_null(value=True)


def sparse_replace(raw: pl.Expr, mask: pl.Expr, pattern: str, by: str) -> pl.Expr:
    """`str.replace` on the rows of `mask`; the others stay as they are. String → String."""
    changed = sparse(
        raw, mask, lambda some: some.str.replace(pattern, by), constant=is_constant(raw)
    )
    return pl.coalesce(changed, raw)


def _is_foreign(raw: pl.Expr) -> pl.Expr:
    # Cheaper than a regular expression: no ASCII text has more bytes than characters.
    return raw.str.len_bytes() != raw.str.len_chars()


def _tidied(raw: pl.Expr, build: Callable[[pl.Expr], pl.Expr]) -> pl.Expr:
    """Strip white space; `build` sees to text that is not ASCII; blank is null."""
    text, foreign = pl.field("text"), pl.field("foreign")
    packed = steps(
        raw,
        {"text": pl.field("raw").str.strip_chars()},
        {"foreign": _is_foreign(text)},
        {"text": pl.coalesce(sparse(text, foreign, build, constant=is_constant(raw)), text)},
        {"text": pl.when(text != "").then(text)},
    )
    return packed.struct.field("text")
