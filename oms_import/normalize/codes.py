"""Codes: countries, currencies, flags, a profile's own tables, GTINs and card numbers."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import polars as pl

from oms_import.model.codes import Code
from oms_import.normalize.countries import country_codes, folded_name
from oms_import.normalize.parsed import FAULT, VALUE, Parsed, by_series, by_unique, parsed, where
from oms_import.normalize.text import clean, without_apostrophe

# ISO 4217 money in use (Debian iso-codes), and the Bulgarian lev, replaced in 2026.
_MONEY = """
AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BRL BSD BTN BWP BYN
BZD CAD CDF CHF CLP CNY COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL
GHS GIP GMD GNF GTQ GYD HKD HNL HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF
KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL LYD MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN
MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD RUB RWF SAR SBD
SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY TTD TWD TZS UAH
UGX USD UYU UZS VED VES VND VUV WST XAD XAF XCD XCG XOF XPF YER ZAR ZMW ZWG
"""
CURRENCIES = frozenset(_MONEY.split())
"""ISO 4217 codes of money one can pay with."""

# A bare $, ¥ or kr is money of many countries; these are not.
_SIGNS = {"€": "EUR", "£": "GBP", "₹": "INR", "zł": "PLN", "kč": "CZK", "us$": "USD", "r$": "BRL"}
_YES = "yes y true t 1 on x ja j oui o si sí wahr vrai vero ✓ ✔"
_NO = "no n false f 0 off nein nee non falsch faux falso"
_FLAGS = {word: word in _YES.split() for word in (_YES + " " + _NO).split()}


def country(raw: pl.Expr, table: Mapping[str, str] | None = None) -> Parsed:
    """ISO 3166-1 alpha-2 codes of countries. String → Parsed of String, or COUNTRY_UNKNOWN.

    Takes alpha-2, alpha-3 and names in English, German, French, Spanish, Italian and Dutch.
    `table`: further spellings (in any case) → code, before the standard ones.
    """
    known = country_codes() | {name.lower(): code for name, code in (table or {}).items()}
    return _looked_up(raw, known, folded_name, Code.COUNTRY_UNKNOWN, pl.String())


def currency(raw: pl.Expr) -> Parsed:
    """ISO 4217 codes of money in use. String → Parsed of String, or CURRENCY_UNKNOWN.

    Signs are taken where they mean one currency: €, £, ₹; a bare $ is not.
    """
    known = {code.lower(): code for code in CURRENCIES} | _SIGNS
    return _looked_up(raw, known, _lower, Code.CURRENCY_UNKNOWN, pl.String())


def flag(raw: pl.Expr) -> Parsed:
    """Yes or no in the words of several languages. String → Parsed of Boolean, or CODE_UNKNOWN."""
    return _looked_up(raw, _FLAGS, _lower, Code.CODE_UNKNOWN, pl.Boolean())


def mapped(raw: pl.Expr, table: Mapping[str, str], other: str = "error") -> Parsed:
    """A profile's own table. String → Parsed of String.

    Case and white space at the ends do not matter. `other` says what a value outside the table
    becomes: "error" (CODE_UNKNOWN), "keep" (as it is), "blank", or "=value".
    """
    known = {key.strip().lower(): value for key, value in table.items()}
    rest = pl.lit(None, dtype=pl.String)
    if other == "keep":
        rest = pl.col("text")
    elif other.startswith("="):
        rest = pl.lit(other[1:])
    code = Code.CODE_UNKNOWN if other == "error" else None
    return _looked_up(raw, known, _lower, code, pl.String(), rest)


def map_country_default(raw: pl.Expr, default: str | None) -> Parsed:
    """`country`, where a blank cell becomes the profile's country. String → Parsed of String."""
    if default is None:
        return country(raw)
    return country(pl.coalesce(clean(raw), pl.lit(default)))


def postcode(raw: pl.Expr) -> pl.Expr:
    """A postcode as text: without the apostrophe of spreadsheets, zeros kept. String → String."""
    return clean(without_apostrophe(raw))


def gtin_valid(raw: pl.Expr) -> pl.Expr:
    """Whether text is a GTIN of 8, 12, 13 or 14 digits with a right check digit. → Boolean."""

    def valid(column: pl.Series) -> pl.Series:
        shape = column.str.contains(r"^(?:[0-9]{8}|[0-9]{12,14})$")
        number = pl.col("raw").cast(pl.UInt64, strict=False)
        weighted = (
            digit * (1 if place % 2 == 0 else 3) for place, digit in enumerate(_digits(number, 14))
        )
        right = (pl.sum_horizontal(weighted) % 10 == 0).fill_null(value=False)
        return shape & column.alias("raw").to_frame().select(right).to_series()

    return by_series(raw, valid, pl.Boolean())


_CARD_LIKE = r"(?:^|[^0-9])(?:4[0-9]|5[1-5]|2[2-7]|3[04-9]|6[0245])(?:[ -]?[0-9]){12}"
_CARD_FORMS = (
    r"[0-9]{14,}",
    r"\b[0-9]{4}(?:[ -][0-9]{4}){3}(?:[ -]?[0-9]{3})?\b",
    r"\b3[0-9]{3}[ -][0-9]{6}[ -][0-9]{4,5}\b",
    r"^\s*[0-9](?:[ -]?[0-9]){13,18}\s*$",
)
_ISSUERS = (
    r"^(?:4[0-9]{15}(?:[0-9]{3})?"  # Visa
    r"|(?:5[1-5][0-9]{2}|222[1-9]|22[3-9][0-9]|2[3-6][0-9]{2}|27[01][0-9]|2720)[0-9]{12}"
    r"|3[47][0-9]{13}"  # American Express
    r"|3(?:0[0-5]|[689][0-9])[0-9]{11}"  # Diners
    r"|(?:6011|65[0-9]{2}|64[4-9][0-9])[0-9]{12}(?:[0-9]{3})?"  # Discover
    r"|35(?:2[89]|[3-8][0-9])[0-9]{12}"  # JCB
    r"|62[0-9]{14}(?:[0-9]{3})?)$"  # UnionPay
)


def card_number(raw: pl.Expr) -> pl.Expr:
    """Whether text holds a payment card number. String → Boolean, null for null.

    Card: 14 to 19 digits, together, in groups by spaces or dashes, or alone in the cell, that
    begin and are as long as a known issuer's and pass the Luhn check. The obsolete 13-digit form is
    left out, for it is how German GTINs look. Meant for payment columns, free text and unmapped
    attributes: among identifiers of 16 digits one in several hundred looks like a card by chance
    (18-digit TikTok ids never do: no issuer has 18 digits here).
    """

    def found(column: pl.Series) -> pl.Series:
        hit = column.str.contains(_CARD_LIKE)
        if not hit.any():
            return hit
        cards = where(column, hit, lambda some: _cards(some).to_frame("card"))
        return (
            hit if cards is None else hit & (cards["card"].fill_null(value=False) | hit.is_null())
        )

    return by_series(raw, found, pl.Boolean())


def _cards(column: pl.Series) -> pl.Series:
    """Which of some card-like texts hold a card. String → Boolean."""
    text = pl.col("raw")
    runs = pl.concat_list(text.str.extract_all(form) for form in _CARD_FORMS)
    rows = column.alias("raw").to_frame().with_row_index("row")
    candidates = rows.select("row", run=runs).explode("run").drop_nulls()
    bare = candidates.select("row", run=pl.col("run").str.replace_all(r"[^0-9]", ""))
    issued = bare.filter(pl.col("run").str.contains(_ISSUERS))
    number = issued["run"].cast(pl.UInt64, strict=False).to_frame()
    digits = _digits(pl.col("run"), 19)
    luhn = [
        d if place % 2 == 0 else d * 2 - (d > 4).cast(pl.UInt64) * 9
        for place, d in enumerate(digits)
    ]
    right = number.select(pl.sum_horizontal(luhn) % 10 == 0).to_series()
    return rows["row"].is_in(issued["row"].filter(right).implode())


def _digits(number: pl.Expr, count: int) -> list[pl.Expr]:
    """The last digits of a whole number, the last one first."""
    return [number // 10**place % 10 for place in range(count)]


def _lower(text: pl.Expr) -> pl.Expr:
    return text.str.to_lowercase()


def _looked_up(
    raw: pl.Expr,
    known: Mapping[str, object],
    fold: Callable[[pl.Expr], pl.Expr],
    code: Code | None,
    dtype: pl.DataType,
    rest: pl.Expr | None = None,
) -> Parsed:
    """Look folded text up; what is not in the table becomes `rest`, or a fault."""
    schema = {"key": pl.String(), "found": dtype}
    table = pl.DataFrame({"key": list(known), "found": list(known.values())}, schema=schema)

    def read(different: pl.Series) -> pl.DataFrame:
        rows = different.alias("raw").to_frame().with_columns(text=clean(pl.col("raw")))
        rows = rows.with_columns(key=fold(pl.col("text")))
        rows = rows.join(table, on="key", how="left", maintain_order="left")
        unknown = pl.col("found").is_null() & pl.col("text").is_not_null()
        instead = pl.lit(None, dtype=dtype) if rest is None else rest
        fault = pl.lit(None, dtype=pl.String) if code is None else pl.lit(code.value)
        return rows.select(
            pl.when(unknown).then(instead).otherwise(pl.col("found")).alias(VALUE),
            pl.when(unknown).then(fault).alias(FAULT),
        )

    return parsed(raw, lambda column: by_unique(column, read), dtype)
