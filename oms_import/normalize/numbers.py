"""Numbers as channels write them: exact decimals, or a reason why not.

The plain form (`1234.50`) is settled by one regular expression and a cast. All else (grouping,
currency signs, brackets, trailing minus, rounding) is worked out on the rows that have it. The
grammar is explicit because a cast alone rounds excess digits without a word and takes `1e3`.
"""

from __future__ import annotations

import string
from dataclasses import dataclass
from decimal import Decimal
from functools import cache, partial

import polars as pl

from oms_import.model import tables
from oms_import.model.codes import Code
from oms_import.normalize.parsed import FAULT, VALUE, Parsed, parsed, steps, where
from oms_import.normalize.text import INVISIBLE

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

    `decimal` is the decimal separator, "." or ","; with anything else ("ambiguous") only what
    reads under just one of them, or the same under both, is taken. `round_to` rounds half up (away
    from zero) to so many decimals; without it excess digits other than 0 are NUM_PRECISION. More
    integer digits than the type holds are NUM_RANGE; all else that is no number is NUM_FORMAT:
    exponents (a hundred digits and more are NUM_RANGE too), `1_000`, other scripts' digits, two
    signs, groups that are not groups, the other locale's form.
    """
    if decimal not in {".", ","}:
        style = partial(_either, dtype, round_to, currency_signs)
    else:
        style = partial(_decimal, _Style(dtype, decimal, round_to, currency_signs))
    return parsed(raw, style, dtype)


def integer(raw: pl.Expr) -> Parsed:
    """Parse whole numbers: `3`, `+3`, `-3`, `3.0`. String → Parsed of Int64.

    `3.5` is NUM_PRECISION; `3.000` may be three thousand and is NUM_FORMAT; more than 18 digits
    are NUM_RANGE.
    """
    return parsed(raw, _integer, pl.Int64())


def percent(raw: pl.Expr, decimal: str = ".", *, unsigned: str = "rate") -> Parsed:
    """Parse a rate: `7.00%` is 0.07. String → Parsed of RATE.

    Without the sign a number is the rate itself (0.07); `unsigned="percent"` reads it as a
    percentage. A rate above 1 without a sign is NUM_RANGE: it may be meant as a percentage.
    """
    style = _Style(pl.Decimal(18, 6), decimal, None, currency_signs=False)
    return parsed(raw, partial(_percent, style, unsigned == "percent"), tables.RATE)


@dataclass(frozen=True, slots=True)
class _Style:
    """How a column's numbers are written, and what they become."""

    dtype: pl.Decimal
    sign: str  # the decimal separator
    round_to: int | None
    currency_signs: bool

    @property
    def whole(self) -> int:
        """Integer digits that the type holds."""
        return (self.dtype.precision or 38) - self.dtype.scale

    @property
    def dot(self) -> str:
        """The decimal separator in a regular expression."""
        return _escaped(self.sign)

    def rounded(self, value: pl.Expr) -> pl.Expr:
        """The value at the decimals asked for; it has its type's already."""
        if self.round_to is None or self.round_to >= self.dtype.scale:
            return value
        return value.round(self.round_to, mode="half_away_from_zero").cast(self.dtype)


def _decimal(style: _Style, column: pl.Series) -> pl.DataFrame:
    plain = column.str.contains(
        rf"^[+-]?[0-9]{{1,{style.whole}}}(?:{style.dot}[0-9]{{1,{style.dtype.scale}}})?$"
    )
    odd = where(column, ~plain, partial(_odd, style))
    if odd is not None and not plain.any():
        return odd
    text = column.alias("raw").to_frame()
    if odd is not None:
        text = text.select(pl.when(plain).then("raw").alias("raw"))
    if style.sign == ",":
        text = text.select(pl.col("raw").str.replace(",", ".", literal=True))
    value = style.rounded(pl.col("raw").cast(style.dtype, strict=False))
    if odd is None:
        return text.select(value.alias(VALUE), pl.lit(None, dtype=pl.String).alias(FAULT))
    return text.select(pl.coalesce(value, odd[VALUE]).alias(VALUE), odd[FAULT])


def _odd(style: _Style, column: pl.Series) -> pl.DataFrame:
    """Numbers that are not plain, and what is no number."""
    fits = rf"^0*[0-9]{{1,{style.whole}}}(?:\.[0-9]{{0,{style.dtype.scale}}}0*)?$"
    ok = column.str.contains(grammar(style.sign, currency_signs=style.currency_signs))
    rows = steps(
        column,
        {"ok": pl.lit(ok)},
        {"text": _quickly_bare(pl.when("ok").then("raw"), style.sign)},
        {"easy": pl.col("text").str.contains(fits)},
    )
    hard = where(column, ok & ~rows["easy"], lambda some: _bare(some, style.sign).to_frame())
    if hard is not None:
        rows = rows.with_columns(
            text=pl.when("easy").then("text").otherwise(hard.to_series()),
        ).with_columns(easy=pl.col("text").str.contains(fits))
    rows = rows.with_columns(long=pl.when(~pl.col("easy")).then("text"))
    rows = rows.with_columns(size=_size(style)).with_columns(fault=_fault(style))
    negative = pl.col("raw").str.contains(r"[(\-\u2212]")
    signed = pl.when(negative).then(-pl.col("size")).otherwise("size").cast(style.dtype)
    return rows.select(pl.when(pl.col(FAULT).is_null()).then(signed).alias(VALUE), FAULT)


def _size(style: _Style) -> pl.Expr:
    """The number without its sign, from the columns text, easy and long."""
    short = pl.when("easy").then("text").cast(style.dtype, strict=False)
    places = style.dtype.scale if style.round_to is None else style.round_to
    return style.rounded(pl.coalesce(short, _rounded(pl.col("long"), style.dtype, places)))


def _fault(style: _Style) -> pl.Expr:
    """Why an odd number cannot be taken, from the columns raw, ok, long and size."""
    no_number = pl.when(~pl.col("ok")).then("raw")
    too_big = pl.col("long").str.contains(rf"^0*[1-9][0-9]{{{style.whole},}}(?:\.|$)")
    too_fine = pl.col("long").str.contains(rf"\.[0-9]{{{style.dtype.scale}}}[0-9]*[1-9]")
    beyond = no_number.str.contains(r"^\s*[+-]?[0-9]+(?:[.,][0-9]+)?[eE]\+?[0-9]{3,}\s*$")
    return (
        pl.when(beyond)  # 1e309: whatever the form, no order holds it
        .then(pl.lit(Code.NUM_RANGE.value))
        .when(~no_number.str.contains(_BLANK))
        .then(pl.lit(Code.NUM_FORMAT.value))
        .when(too_big)
        .then(pl.lit(Code.NUM_RANGE.value))
        .when(too_fine & pl.lit(style.round_to is None))
        .then(pl.lit(Code.NUM_PRECISION.value))
        .when(pl.col("ok") & pl.col("size").is_null())
        .then(pl.lit(Code.NUM_RANGE.value))
    )


def _quickly_bare(text: pl.Expr, sign: str) -> pl.Expr:
    """`_bare` for most: ends and groups taken off without a regular expression."""
    ends = text.str.strip_chars(_ENDS)
    if sign == ".":
        return ends.str.replace_all(",", "", literal=True)
    return ends.str.replace_all(".", "", literal=True).str.replace(",", ".", literal=True)


def _bare(text: pl.Series, sign: str) -> pl.Series:
    """The digits of a text of our grammar, with `.` as the decimal sign and no minus."""
    # A letter takes the dot behind it along: "Rs.500" is 500, not .500.
    digits = text.str.replace_all(rf"(?:[A-Za-z]{_escaped(sign)}|[^0-9{sign}])+", "")
    return digits if sign == "." else digits.str.replace(",", ".", literal=True)


def _rounded(text: pl.Expr, dtype: pl.Decimal, places: int) -> pl.Expr:
    """Round digits half up to `places`. One digit more decides, so the rest may be cut off."""
    cut = text.str.extract(rf"^([0-9]*(?:\.[0-9]{{0,{places + 1}}})?)")
    fine = cut.cast(pl.Decimal(38, places + 1), strict=False)
    return fine.round(places, mode="half_away_from_zero").cast(dtype, strict=False)


def _either(
    dtype: pl.Decimal, round_to: int | None, currency_signs: bool, column: pl.Series
) -> pl.DataFrame:  # fmt: skip
    """Take a number that reads under one separator only, or the same under both."""
    dot, comma = (
        _decimal(_Style(dtype, sign, round_to, currency_signs), column) for sign in (".", ",")
    )
    rows = dot.hstack(comma.select(pl.all().name.suffix("_comma")))
    no = pl.lit(Code.NUM_FORMAT.value)
    no_dot, no_comma = pl.col(FAULT).eq_missing(no), pl.col(f"{FAULT}_comma").eq_missing(no)
    differ = pl.col(VALUE).ne_missing(pl.col(f"{VALUE}_comma"))
    clash = ~no_dot & ~no_comma & differ
    return rows.select(
        pl.when(clash).then(None).when(no_dot).then(f"{VALUE}_comma").otherwise(VALUE).alias(VALUE),
        pl.when(clash).then(no).when(no_dot).then(f"{FAULT}_comma").otherwise(FAULT).alias(FAULT),
    )


def _integer(column: pl.Series) -> pl.DataFrame:
    plain = column.str.contains(r"^[+-]?[0-9]{1,18}$")
    rows = column.to_frame("raw").select(
        pl.when(plain).then("raw").cast(pl.Int64, strict=False).alias(VALUE),
        pl.lit(None, dtype=pl.String).alias(FAULT),
    )
    odd = where(column, ~plain, _odd_integer)
    if odd is None:
        return rows
    return rows.select(pl.coalesce(VALUE, odd[VALUE]), odd[FAULT])


def _odd_integer(column: pl.Series) -> pl.DataFrame:
    text = pl.col("raw")
    whole = text.str.extract(r"^([+-]?[0-9]{1,18})(?:\.0(?:0|0{3,})?)?$")
    fault = (
        pl.when(pl.col(VALUE).is_not_null() | text.str.contains(_BLANK))
        .then(pl.lit(None, dtype=pl.String))
        .when(text.str.contains(r"^[+-]?[0-9]{19,}(?:\.0*)?$"))
        .then(pl.lit(Code.NUM_RANGE.value))
        .when(text.str.contains(r"^[+-]?[0-9]+\.[0-9]*[1-9][0-9]*$"))
        .then(pl.lit(Code.NUM_PRECISION.value))
        .otherwise(pl.lit(Code.NUM_FORMAT.value))
    )
    stripped = column.str.strip_chars()
    rows = steps(stripped, {VALUE: whole.cast(pl.Int64, strict=False)}, {FAULT: fault})
    return rows.select(VALUE, FAULT)


def _percent(style: _Style, all_percent: bool, column: pl.Series) -> pl.DataFrame:
    exact = pl.Decimal(38, 8)
    number = _decimal(style, column.str.replace(r"\s*%\s*$", ""))
    signed = column.str.contains("%", literal=True) | all_percent
    said = pl.col(VALUE).cast(exact)
    rate = pl.when("signed").then((said * pl.lit(Decimal("0.01"))).cast(exact)).otherwise(said)
    rows = number.with_columns(signed=signed).with_columns(rate=rate)
    fits = pl.col("rate").cast(tables.RATE, strict=False)
    too_big = fits.is_null() | (~pl.col("signed") & (pl.col("rate").abs() > 1))
    fault = (
        pl.when(pl.col("rate").is_null())
        .then(FAULT)
        .when(too_big)
        .then(pl.lit(Code.NUM_RANGE.value))
        .when(fits.cast(exact) != pl.col("rate"))
        .then(pl.lit(Code.NUM_PRECISION.value))
    )
    rows = rows.with_columns(fault.alias(FAULT))
    return rows.select(pl.when(pl.col(FAULT).is_null()).then(fits).alias(VALUE), FAULT)


def _escaped(sign: str) -> str:
    return r"\." if sign == "." else sign


@cache
def grammar(sign: str, *, currency_signs: bool = True) -> str:
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
