"""Numbers as channels write them: exact decimals, or a reason why not.

The plain form (`1234.50`) is settled by one regular expression and a cast. All else (grouping,
currency signs, brackets, trailing minus, rounding) is worked out on the rows that have it. The
grammar is explicit because a cast alone rounds excess digits without a word and takes `1e3`.
"""

from __future__ import annotations

import string
from decimal import Decimal
from functools import cache

import polars as pl

from oms_import.model import tables
from oms_import.model.codes import Code
from oms_import.normalize.parsed import Parsed, is_constant, sparse, steps
from oms_import.normalize.text import INVISIBLE

AMBIGUOUS = "ambiguous"

_BLANK = rf"^[\s{INVISIBLE}]*$"
_EDGE = rf"[\s{INVISIBLE}]*"
_SPACE = r"[ \u00a0\u2007\u2009\u202f]"
_SIGN = r"[+\-\u2212]"
_MINUS = r"[\-\u2212]"
_ENDS = "$€£¥₹₽₺₩₪₫₴₦₱฿ +-()" + string.ascii_letters
_ISO = (
    "USD|EUR|GBP|JPY|CNY|INR|AUD|CAD|CHF|SEK|NOK|DKK|PLN|CZK|HUF|RON|BGN|TRY|BRL|MXN|NZD|SGD|HKD"
    "|KRW|TWD|THB|MYR|IDR|PHP|VND|ZAR|AED|SAR|ILS|UAH|RUB|ISK|CLP|COP|ARS|PEN|EGP|NGN|KES"
)
_CURRENCY = (
    rf"(?:(?:US|CA|AU|NZ|HK|SG|MX|CDN|R|C|A|S)?\p{{Sc}}|(?i:{_ISO})"
    r"|[Kk]r\.?|[Rr]s\.?|Fr\.?|RM|zł|Kč|Ft|lei|лв\.?)"
)


def decimal(
    raw: pl.Expr,
    dtype: pl.Decimal,
    decimal: str = ".",
    round_to: int | None = None,
    *,
    currency_signs: bool = True,
) -> Parsed:
    """Parse decimal numbers exactly. String → Parsed of `dtype`.

    `decimal` is the decimal separator, "." or ","; with "ambiguous" only what reads the same, or
    at all, under just one of them is taken. `round_to` rounds half up (away from zero) to so many
    decimals; without it excess digits other than 0 are NUM_PRECISION. More integer digits than
    the type holds are NUM_RANGE; all else that is no number is NUM_FORMAT: exponents, `1_000`,
    other scripts' digits, two signs, groups that are not groups, the other locale's form.
    """
    if decimal not in {".", ","}:
        return _either(raw, dtype, round_to, currency_signs=currency_signs)
    whole, scale = _digits(dtype)
    plain = rf"^[+-]?[0-9]{{1,{whole}}}(?:{_escaped(decimal)}[0-9]{{1,{scale}}})?$"
    odd = sparse(
        pl.field("raw"),
        pl.field("odd"),
        lambda some: _odd(some, dtype, decimal, round_to, currency_signs=currency_signs),
        constant=is_constant(raw),
    )
    text = pl.when(pl.field("plain")).then(pl.field("raw"))
    if decimal == ",":
        text = text.str.replace(",", ".", literal=True)
    value = text.cast(dtype, strict=False)
    if round_to is not None and round_to < scale:
        value = value.round(round_to, mode="half_away_from_zero")
    found = pl.field("found").struct
    packed = steps(
        raw,
        {"plain": pl.field("raw").str.contains(plain)},
        {"odd": pl.field("plain").not_()},
        {"found": odd},
        {
            "value": pl.coalesce(value.cast(dtype), found.field("value")),
            "fault": found.field("fault"),
        },
    )
    return Parsed(packed)


def integer(raw: pl.Expr) -> Parsed:
    """Parse whole numbers: `3`, `+3`, `-3`, `3.0`. String → Parsed of Int64.

    `3.5` is NUM_PRECISION; `3.000` may be three thousand and is NUM_FORMAT; more than 18 digits
    are NUM_RANGE.
    """
    packed = steps(
        raw,
        {"text": pl.field("raw").str.strip_chars()},
        {"plain": pl.field("text").str.contains(r"^[+-]?[0-9]{1,18}$")},
        {
            "odd": sparse(
                pl.field("text"),
                pl.field("plain").not_(),
                _odd_integer,
                constant=is_constant(raw),
            )
        },
        {
            "value": pl.coalesce(
                pl.when(pl.field("plain")).then(pl.field("text")).cast(pl.Int64, strict=False),
                pl.field("odd").struct.field("value"),
            ),
            "fault": pl.field("odd").struct.field("fault"),
        },
    )
    return Parsed(packed)


def percent(raw: pl.Expr, decimal_sign: str = ".", *, unsigned: str = "rate") -> Parsed:
    """Parse a rate: `7.00%` is 0.07. String → Parsed of RATE.

    Without the sign a number is the rate itself (0.07); `unsigned="percent"` reads it as a
    percentage. A rate above 1 without a sign is NUM_RANGE: it may be meant as a percentage.
    """
    number = decimal(raw.str.replace(r"\s*%\s*$", ""), pl.Decimal(18, 6), decimal_sign)
    exact = pl.Decimal(38, 8)
    said = pl.field("number").struct.field("value").cast(exact)
    signed = pl.field("raw").str.contains("%", literal=True) | pl.lit(unsigned == "percent")
    rate = pl.when(pl.field("percent")).then(said * pl.lit(Decimal("0.01"))).otherwise(said)
    fits = pl.field("rate").cast(tables.RATE, strict=False)
    too_big = fits.is_null() | (~pl.field("percent") & (pl.field("rate").abs() > 1))
    fault = (
        pl.when(pl.field("rate").is_null())
        .then(pl.field("number").struct.field("fault"))
        .when(too_big)
        .then(pl.lit(Code.NUM_RANGE.value))
        .when(fits.cast(exact) != pl.field("rate"))
        .then(pl.lit(Code.NUM_PRECISION.value))
    )
    packed = steps(
        raw,
        {"number": number.packed, "percent": signed},
        {"rate": rate.cast(exact)},
        {"fault": fault},
        {"value": pl.when(pl.field("fault").is_null()).then(fits)},
    )
    return Parsed(packed)


def _either(
    raw: pl.Expr, dtype: pl.Decimal, round_to: int | None, *, currency_signs: bool
) -> Parsed:
    """Take a number that reads under one separator only, or the same under both."""

    def read(sign: str) -> pl.Expr:
        return decimal(raw, dtype, sign, round_to, currency_signs=currency_signs).packed

    def part(style: str, name: str) -> pl.Expr:
        return pl.field(style).struct.field(name)

    not_a_number = pl.lit(Code.NUM_FORMAT.value)
    only = {style: part(other, "fault").eq_missing(not_a_number) for style, other in (("dot", "comma"), ("comma", "dot"))}  # fmt: skip
    differ = part("dot", "value").ne_missing(part("comma", "value"))
    chosen = {
        name: pl.when(only["dot"])
        .then(part("dot", name))
        .when(only["comma"])
        .then(part("comma", name))
        .when(~differ)
        .then(part("dot", name))
        for name in ("value", "fault")
    }
    clash = differ & ~only["dot"] & ~only["comma"]
    packed = steps(
        raw,
        {"dot": read("."), "comma": read(",")},
        {
            "value": chosen["value"],
            "fault": pl.when(clash).then(not_a_number).otherwise(chosen["fault"]),
        },
    )
    return Parsed(packed)


def _odd(
    some: pl.Expr,
    dtype: pl.Decimal,
    sign: str,
    round_to: int | None,
    *,
    currency_signs: bool,
) -> pl.Expr:
    """Numbers that are not plain. String → struct with value (`dtype`) and fault."""
    whole, scale = _digits(dtype)
    fits = rf"^0*[0-9]{{1,{whole}}}(?:\.[0-9]{{0,{scale}}}0*)?$"
    raw, ok, text = pl.field("raw"), pl.field("ok"), pl.field("text")
    bare = sparse(raw, ok & ~pl.field("easy"), lambda s: _bare(s, sign), constant=is_constant(some))
    return steps(
        some,
        {"ok": raw.str.contains(_grammar(sign, currency_signs=currency_signs))},
        {"quick": _quickly_bare(pl.when(ok).then(raw), sign)},
        {"easy": pl.field("quick").str.contains(fits)},
        {"text": pl.when(pl.field("easy")).then(pl.field("quick")).otherwise(bare)},
        {"long": pl.when(~text.str.contains(fits)).then(text)},
        {"size": _size(dtype, round_to)},
        {"fault": _fault(dtype, round_to)},
        {"value": pl.when(pl.field("fault").is_null()).then(_signed(dtype))},
    )


def _size(dtype: pl.Decimal, round_to: int | None) -> pl.Expr:
    """The number without its sign, from the fields text and long."""
    short = pl.when(pl.field("long").is_null()).then(pl.field("text")).cast(dtype, strict=False)
    places = dtype.scale if round_to is None else round_to
    size = pl.coalesce(short, _rounded(pl.field("long"), dtype, places))
    if round_to is not None and round_to < dtype.scale:
        size = size.round(round_to, mode="half_away_from_zero").cast(dtype)
    return size


def _fault(dtype: pl.Decimal, round_to: int | None) -> pl.Expr:
    """Why an odd number cannot be taken, from the fields raw, ok, long and size."""
    whole, scale = _digits(dtype)
    no_text = pl.when(~pl.field("ok")).then(pl.field("raw"))
    too_big = pl.field("long").str.contains(rf"^0*[1-9][0-9]{{{whole},}}(?:\.|$)")
    too_fine = pl.field("long").str.contains(rf"\.[0-9]{{{scale}}}[0-9]*[1-9]")
    return (
        pl.when(~no_text.str.contains(_BLANK))
        .then(pl.lit(Code.NUM_FORMAT.value))
        .when(too_big)
        .then(pl.lit(Code.NUM_RANGE.value))
        .when(too_fine & pl.lit(round_to is None))
        .then(pl.lit(Code.NUM_PRECISION.value))
        .when(pl.field("ok") & pl.field("size").is_null())
        .then(pl.lit(Code.NUM_RANGE.value))
    )


def _signed(dtype: pl.Decimal) -> pl.Expr:
    negative = pl.field("raw").str.contains(r"[(\-\u2212]")
    return pl.when(negative).then(-pl.field("size")).otherwise(pl.field("size")).cast(dtype)


def _quickly_bare(text: pl.Expr, sign: str) -> pl.Expr:
    """`_bare` for most: ends and groups taken off without a regular expression."""
    ends = text.str.strip_chars(_ENDS)
    if sign == ".":
        return ends.str.replace_all(",", "", literal=True)
    return ends.str.replace_all(".", "", literal=True).str.replace(",", ".", literal=True)


def _bare(text: pl.Expr, sign: str) -> pl.Expr:
    """The digits of a text of our grammar, with `.` as the decimal sign and no minus."""
    # A letter takes the dot behind it along: "Rs.500" is 500, not .500.
    digits = text.str.replace_all(rf"(?:[A-Za-z]{_escaped(sign)}|[^0-9{sign}])+", "")
    return digits if sign == "." else digits.str.replace(",", ".", literal=True)


def _rounded(text: pl.Expr, dtype: pl.Decimal, places: int) -> pl.Expr:
    """Round digits half up to `places`. One digit more decides, so the rest may be cut off."""
    cut = text.str.extract(rf"^([0-9]*(?:\.[0-9]{{0,{places + 1}}})?)")
    fine = cut.cast(pl.Decimal(38, places + 1), strict=False)
    return fine.round(places, mode="half_away_from_zero").cast(dtype, strict=False)


def _odd_integer(some: pl.Expr) -> pl.Expr:
    text = pl.field("raw")
    whole = text.str.extract(r"^([+-]?[0-9]{1,18})\.0(?:0|0{3,})?$")
    value = whole.cast(pl.Int64, strict=False)
    fault = (
        pl.when(pl.field("value").is_not_null() | text.str.contains(_BLANK))
        .then(pl.lit(None, dtype=pl.String))
        .when(text.str.contains(r"^[+-]?[0-9]{19,}(?:\.0*)?$"))
        .then(pl.lit(Code.NUM_RANGE.value))
        .when(text.str.contains(r"^[+-]?[0-9]+\.[0-9]*[1-9][0-9]*$"))
        .then(pl.lit(Code.NUM_PRECISION.value))
        .otherwise(pl.lit(Code.NUM_FORMAT.value))
    )
    return steps(some, {"value": value}, {"fault": fault})


def _digits(dtype: pl.Decimal) -> tuple[int, int]:
    return (dtype.precision or 38) - dtype.scale, dtype.scale


def _escaped(sign: str) -> str:
    return r"\." if sign == "." else sign


@cache
def _grammar(sign: str, *, currency_signs: bool) -> str:
    """The regular expression of every number we take, for one decimal sign."""
    grouping = ("," if sign == "." else r"\.", _SPACE, r"['\u2019]")
    grouped = "|".join(rf"[1-9][0-9]{{0,2}}(?:{group}[0-9]{{3}})+" for group in grouping)
    indian = rf"[1-9][0-9]?(?:{grouping[0]}[0-9]{{2}})+{grouping[0]}[0-9]{{3}}"
    dot = _escaped(sign)
    number = rf"(?:(?:[0-9]+|{grouped}|{indian})(?:{dot}[0-9]+)?|{dot}[0-9]+)"
    before, after = (rf"(?:{_CURRENCY}{_SPACE}?)", rf"(?:{_SPACE}?{_CURRENCY})")
    if not currency_signs:
        before = after = "(?:)"
    gap = rf"{_SPACE}?"
    forms = (
        rf"(?:{_SIGN}{gap})?{before}?{number}{after}?",
        rf"{before}{_SIGN}{gap}{number}{after}?",
        rf"{before}?{number}{gap}{_MINUS}{after}?",
        rf"{before}?{number}{after}{gap}{_MINUS}",
        rf"{before}?\({gap}{before}?{number}{after}?{gap}\){after}?",
    )
    return rf"^{_EDGE}(?:{'|'.join(forms)}){_EDGE}$"
