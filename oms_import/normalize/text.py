"""Text cells: white space, Unicode forms, look-alikes, and what spreadsheets do to text."""

from __future__ import annotations

from collections.abc import Callable

import polars as pl

from oms_import.normalize.parsed import by_series, where

INVISIBLE = "\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufeff"
"""Marks without width or that turn the direction of text, as a regular-expression class."""

_ENDS = rf"^[\s{INVISIBLE}]+|[\s{INVISIBLE}]+$"
_INVISIBLE = rf"[{INVISIBLE}]+"
_GUARDED = r"""^\s*(?:'\+?[0-9]|="[^"]*"\s*$)"""
_GUARD = r"""^\s*(?:'|="([^"]*)"\s*$)"""
_MIXED = (
    rf"[{INVISIBLE}]"
    r"|\p{Latin}.*[\p{Cyrillic}\p{Greek}]|[\p{Cyrillic}\p{Greek}].*\p{Latin}"
)
# Letters that print as Latin ones do (Unicode TR39); text of no other letters is taken for Latin.
_CYRILLIC = "\u0405\u0406\u0408\u0410\u0412\u0415\u041a\u041c-\u041e\u0420-\u0423\u0425\u04ae\u04c0"
_CYRILLIC_SMALL = "\u0430\u0435\u043e\u0440\u0441\u0443\u0445\u0455\u0456\u0458\u04bb\u04cf\u0501"
_GREEK = "\u0391\u0392\u0395-\u0397\u0399\u039a\u039c\u039d\u039f\u03a1\u03a4\u03a5\u03a7"
_GREEK_SMALL = "\u03b1\u03b3\u03b9\u03bd\u03bf\u03c1\u03c5"
_ALIKE = rf"^(?:\P{{L}}*[{_CYRILLIC}{_CYRILLIC_SMALL}{_GREEK}{_GREEK_SMALL}])+\P{{L}}*$"


def clean(raw: pl.Expr) -> pl.Expr:
    """Text without white space and invisible marks at its ends, in NFC; blank is null.

    String → String. ASCII costs little more than the stripping.
    """

    def foreign(odd: pl.Series) -> pl.Series:
        return odd.str.replace_all(_ENDS, "").str.normalize("NFC")

    return by_series(raw, lambda column: _tidied(column, foreign), pl.String())


def key(raw: pl.Expr) -> pl.Expr:
    """Text as it is compared: cleaned, and without any invisible mark. String → String."""
    return by_series(raw, lambda column: _tidied(column, _visible), pl.String())


def order_number_norm(number: pl.Expr) -> pl.Expr:
    """An order number as a key: no `#`, no white space, upper case, NFC. String → String.

    `#3001` and `3001` are one number; leading zeros are kept, for `0042` and `42` are two.
    """

    def norm(column: pl.Series) -> pl.Series:
        text = _tidied(column, _visible)
        loose = text.str.contains(r"[#\s]")
        tight = _changed(text, loose, lambda odd: odd.str.replace_all(r"[#\s]+", ""))
        return _blank_is_null(tight.str.to_uppercase())

    return by_series(number, norm, pl.String())


def confusable(raw: pl.Expr) -> pl.Expr:
    """Whether text may look like another.

    Latin mixed with Cyrillic or Greek; only letters of these that look like Latin; invisible marks.
    String → Boolean; null is null.
    """

    def mixed(column: pl.Series) -> pl.Series:
        foreign = _is_foreign(column)
        if not foreign.any():
            return foreign
        return foreign & column.str.contains(rf"{_MIXED}|{_ALIKE}")

    return by_series(raw, mixed, pl.Boolean())


def without_apostrophe(raw: pl.Expr) -> pl.Expr:
    """Text without the apostrophe by which spreadsheets guard digits: `'85003`, `="007"`."""

    def bare(column: pl.Series) -> pl.Series:
        guarded = column.str.contains(_GUARDED)
        return _changed(column, guarded, lambda odd: odd.str.replace(_GUARD, "$1"))

    return by_series(raw, bare, pl.String())


def _visible(odd: pl.Series) -> pl.Series:
    return odd.str.replace_all(_INVISIBLE, "").str.strip_chars().str.normalize("NFC")


def _tidied(column: pl.Series, foreign: Callable[[pl.Series], pl.Series]) -> pl.Series:
    """Strip white space; `foreign` sees to text that is not ASCII; blank is null."""
    text = column.str.strip_chars()
    return _blank_is_null(_changed(text, _is_foreign(text), foreign))


def _changed(
    column: pl.Series, mask: pl.Series, change: Callable[[pl.Series], pl.Series]
) -> pl.Series:
    """The column with `change` made to the rows of the mask; costs those rows only."""
    found = where(column, mask, lambda some: change(some).to_frame())
    if found is None:
        return column
    return column.zip_with(~mask.fill_null(value=False), found.to_series())


def _blank_is_null(text: pl.Series) -> pl.Series:
    blank = text == ""
    if not blank.any():
        return text
    return pl.select(pl.when(~blank).then(text)).to_series().alias(text.name)


def _is_foreign(column: pl.Series) -> pl.Series:
    # Cheaper than a regular expression: text that is not ASCII has more bytes than characters.
    return column.str.len_bytes() != column.str.len_chars()
