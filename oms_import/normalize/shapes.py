"""Shapes of dates: regular expressions, and how the parts of a match become a time.

Every shape builds a frame of `wall` (Datetime us; UTC where an offset was given), `kind`
(INSTANT, LOCAL or DATE), `zone` (the offset as text) and `fault` (a reason code or null). A
match that is no possible time has a null `wall`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from oms_import.model.codes import Code
from oms_import.normalize.months import month_numbers
from oms_import.normalize.parsed import Reader, by_unique, steps, where

TIME = pl.Datetime("us")
INSTANT, LOCAL, DATE = 0, 1, 2

CLOCK = (
    r"(?P<H>[0-9]{1,2}):(?P<M>[0-5][0-9])(?::(?P<S>[0-5][0-9])(?:[.,](?P<f>[0-9]{1,9}))?)?"
    r"(?:\s?(?P<p>[AaPp])\.?[Mm]\.?)?"
)
OFFSET = r"[Zz]|UTC|GMT|[+-][0-9]{2}(?::?[0-9]{2})?|[ECMP][SD]T"
_TAIL = rf"{CLOCK}(?:\s?(?P<z>{OFFSET}))?"

# The zone names of RFC 2822; other letters mean several zones.
_US_ZONES = {
    "EDT": "-0400", "EST": "-0500", "CDT": "-0500", "CST": "-0600",
    "MDT": "-0600", "MST": "-0700", "PDT": "-0700", "PST": "-0800",
}  # fmt: skip

ISO_FAST = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}[ T][0-9]{2}:[0-5][0-9]:[0-5][0-9]$"
ISO_OFFSET = (
    r"^[0-9]{4}-[0-9]{2}-[0-9]{2}[ T][0-9]{2}:[0-5][0-9]:[0-5][0-9]"
    r"(?:\.[0-9]{1,9})? ?(?:[Zz]|[+-][0-9]{2}:?[0-9]{2})$"
)
ISO_DATE = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"
NUMERIC_DATE = r"^[0-9]{1,2}/[0-9]{1,2}/[0-9]{4}$"
_SAME_SEPARATOR = "|".join(
    rf"[0-9]{{4}}{s}[0-9]{{1,2}}{s}[0-9]{{1,2}}"
    rf"|[0-9]{{1,2}}{s}[0-9]{{1,2}}{s}(?:[0-9]{{4}}|[0-9]{{2}})"
    for s in ("/", r"\.", "-")
)
NUMERIC = rf"^(?:{_SAME_SEPARATOR})(?:(?:,?\s|T|t)\s?.*)?$"
_NUMERIC_PARTS = (
    rf"^(?P<a>[0-9]+)[/.\-](?P<b>[0-9]+)[/.\-](?P<c>[0-9]+)(?:(?:,?\s|T|t)\s?{_TAIL})?$"
)
_COMPACT_PARTS = (
    r"^(?P<y>[0-9]{4})(?P<m>[0-9]{2})(?P<d>[0-9]{2})"
    rf"(?:[Tt ]?(?P<H>[0-9]{{2}})(?P<M>[0-5][0-9])(?P<S>[0-5][0-9])?(?P<z>{OFFSET})?)?$"
)
COMPACT = r"^[0-9]{8}(?:[Tt ]?[0-9]{4}(?:[0-9]{2})?.{0,6})?$"
_WEEKDAY = r"(?:\p{L}{2,12}\.?,?\s)?"
_NAMED_END = rf"(?:,?\s(?:(?:at|um|à|om|alle|a las)\s)?{_TAIL})?$"
_DAY_FIRST_PARTS = (
    rf"^{_WEEKDAY}(?P<d>[0-9]{{1,2}})(?:st|nd|rd|th|er|º|°|\.)?[\s\-/]*(?:(?:de|of)\s)?"
    r"(?P<n>\p{L}{3,12})\.?,?[\s\-/]*(?:(?:de|del)\s)?(?P<y>[0-9]{4}|[0-9]{2})" + _NAMED_END
)
_MONTH_FIRST_PARTS = (
    rf"^{_WEEKDAY}(?P<n>\p{{L}}{{3,12}})\.?[\s\-/](?P<d>[0-9]{{1,2}})(?:st|nd|rd|th)?,?[\s\-/]"
    r"(?P<y>[0-9]{4}|[0-9]{2})" + _NAMED_END
)


@dataclass(frozen=True, slots=True)
class Shape:
    """A form of dates: what it looks like, and how it is read."""

    pattern: str
    build: Reader
    repeats: bool = True  # one date stands on many rows: each different one is worked out once

    def read(self, some: pl.Series) -> pl.DataFrame:
        """Values of this shape as wall, kind, zone and fault."""
        return by_unique(some, self.build) if self.repeats else self.build(some)


def outcome(
    some: pl.Series,
    *stages: Mapping[str, pl.Expr],
    wall: pl.Expr,
    kind: pl.Expr | int,
    zone: pl.Expr | None = None,
    fault: pl.Expr | None = None,
) -> pl.DataFrame:
    """The columns every shape gives, from stages that begin with the column `raw`."""
    nothing = pl.lit(None, dtype=pl.String)
    return steps(some, *stages).select(
        wall.cast(TIME).alias("wall"),
        (pl.lit(kind) if isinstance(kind, int) else kind).cast(pl.UInt8).alias("kind"),
        (nothing if zone is None else zone).alias("zone"),
        (nothing if fault is None else fault).alias("fault"),
    )


def iso_fast(some: pl.Series) -> pl.DataFrame:
    """`2026-09-22 09:12:40` and `2026-09-22T09:12:40`."""
    return outcome(some, wall=_iso_second(pl.col("raw")), kind=LOCAL)


def iso_date(some: pl.Series) -> pl.DataFrame:
    """`2026-09-22`."""
    return native("%Y-%m-%d", some)


def iso_offset(some: pl.Series) -> pl.DataFrame:
    """`2026-09-22 09:12:40 -0700`, `2026-09-22T09:12:40.123Z`."""
    seconds = some.to_frame("raw").select(_iso_second(pl.col("raw").str.head(19))).to_series()
    tails = some.str.slice(19)
    fraction = tails.str.starts_with(".")
    micros = where(tails, fraction, _fraction)
    if micros is not None:
        tails = tails.str.strip_chars_start(".0123456789")
        seconds = (
            seconds
            + pl.select(pl.duration(microseconds=pl.lit(micros["micros"].fill_null(0)))).to_series()
        )
    zones = by_unique(tails, _zones)
    return outcome(
        seconds,
        wall=pl.col("raw") - pl.lit(zones["minutes"]) * pl.duration(minutes=1),
        kind=INSTANT,
        zone=pl.lit(zones["zone"]),
    )


def _fraction(tails: pl.Series) -> pl.DataFrame:
    digits = pl.col("raw").str.extract(r"^\.([0-9]+)")
    return tails.to_frame("raw").select(_microseconds(digits).alias("micros"))


def _zones(offsets: pl.Series) -> pl.DataFrame:
    """Offsets as minutes east and as text: few, so each is worked out once."""
    offset = pl.col("raw").str.strip_chars()
    return offsets.to_frame("raw").select(
        _minutes(offset).alias("minutes"), _zone_text(offset).alias("zone")
    )


def native(form: str, some: pl.Series) -> pl.DataFrame:
    """A strptime format of %Y, %m, %d and %H, %M, %S only, by the engine itself."""
    if "%H" in form:
        wall = pl.col("raw").str.strptime(TIME, form, strict=False)
        return outcome(some, wall=wall, kind=LOCAL)
    wall = pl.col("raw").str.strptime(pl.Date, form, strict=False)
    return outcome(some, wall=wall, kind=DATE)


def numeric(order: str) -> Reader:
    """`N/N/N` with an optional time; `order` is dmy, mdy, ymd or anything else for ambiguous."""

    def build(some: pl.Series) -> pl.DataFrame:
        a, b, c = (_int(name) for name in "abc")
        year_first = pl.col("a").str.len_bytes() == 4
        dmy, mdy, ymd = (a, b, c), (b, a, c), (c, b, a)  # day, month, year
        fault: pl.Expr | None = None
        if order in {"dmy", "mdy", "ymd"}:
            day, month, year = {"dmy": dmy, "mdy": mdy, "ymd": ymd}[order]
        else:
            swapped = b > 12
            day, month = (pl.when(swapped).then(x).otherwise(y) for x, y in ((b, a), (a, b)))
            year = c
            either = (a <= 12) & (b <= 12) & (a != b) & ~year_first
            fault = pl.when(either).then(pl.lit(Code.DATE_AMBIGUOUS.value))
        parts = {
            "day": pl.when(year_first).then(c).otherwise(day),
            "month": pl.when(year_first).then(b).otherwise(month),
            "year": pl.when(year_first).then(a).otherwise(year),
        }
        return _assembled(some, _NUMERIC_PARTS, parts, fault)

    return build


def compact(some: pl.Series) -> pl.DataFrame:
    """`20260922`, `20260922T101530`, `202609221015`."""
    parts = {"day": _int("d"), "month": _int("m"), "year": _int("y")}
    return _assembled(some, _COMPACT_PARTS, parts)


def day_first(language: str | None) -> Shape:
    """`10-Dez-25`, `22 September 2026`, `Tue, 22 Sep 2026 10:15:30 +0200`."""
    return Shape(_DAY_FIRST_PARTS, by_groups(_DAY_FIRST_PARTS, language))


def month_first(language: str | None) -> Shape:
    """`Sep-30-26 02:44:15`, `Sep 30, 2026`."""
    return Shape(_MONTH_FIRST_PARTS, by_groups(_MONTH_FIRST_PARTS, language))


def by_groups(pattern: str, months: str | None) -> Reader:
    """Any pattern with the groups y, m or n, d and some of H M S f p z."""
    month = _month(months) if "(?P<n>" in pattern else _int("m")
    parts = {"day": _int("d"), "month": month, "year": _int("y")}
    return lambda some: _assembled(some, pattern, parts)


def _assembled(
    some: pl.Series, pattern: str, parts: Mapping[str, pl.Expr], fault: pl.Expr | None = None
) -> pl.DataFrame:
    """The time of the matched groups; null where the parts are no possible time."""
    groups = some.str.extract_groups(pattern).struct.unnest()
    absent = [mark for mark in _MARKS if mark not in groups.columns]
    groups = groups.with_columns(pl.lit(None, dtype=pl.String).alias(mark) for mark in absent)
    blank = {mark for mark in _MARKS if groups[mark].null_count() == groups.height}
    rows = groups.with_columns(
        day=parts["day"],
        month=parts["month"],
        year=_full_year(parts["year"]),
        hour=pl.lit(0) if "H" in blank else _hour(with_halves="p" not in blank),
        minute=pl.lit(0) if "M" in blank else _int("M").fill_null(0),
        second=pl.lit(0) if "S" in blank else _int("S").fill_null(0),
        micros=pl.lit(0) if "f" in blank else _microseconds(pl.col("f")),
    )
    if "z" not in blank:
        zones = by_unique(groups["z"], _zones)
        rows = rows.with_columns(zones["minutes"], zones["zone"])
        rows = rows.with_columns(
            valid=_valid() & (pl.col("z").is_null() | pl.col("minutes").is_not_null())
        )
        return rows.select(
            (_wall() - pl.duration(minutes=pl.col("minutes").fill_null(0))).alias("wall"),
            _kind().alias("kind"),
            "zone",
            (pl.lit(None, dtype=pl.String) if fault is None else fault).alias("fault"),
        )
    return rows.with_columns(valid=_valid()).select(
        _wall().alias("wall"),
        _kind().alias("kind"),
        pl.lit(None, dtype=pl.String).alias("zone"),
        (pl.lit(None, dtype=pl.String) if fault is None else fault).alias("fault"),
    )


_MARKS = ("H", "M", "S", "f", "p", "z")


def _wall() -> pl.Expr:
    """The wall clock, from the columns of its parts, where they are valid."""
    parts = ("year", "month", "day", "hour", "minute", "second", "micros")
    return pl.datetime(*(pl.when("valid").then(part) for part in parts)).cast(TIME)


def _kind() -> pl.Expr:
    local = pl.when(pl.col("H").is_null()).then(DATE)
    return local.when(pl.col("z").is_null()).then(LOCAL).otherwise(INSTANT).cast(pl.UInt8)


def _valid() -> pl.Expr:
    year, month, day = (pl.col(name) for name in ("year", "month", "day"))
    leap = (year % 4 == 0) & ((year % 100 != 0) | (year % 400 == 0))
    february = pl.when(leap).then(29).otherwise(28)
    short = pl.when(month == 2).then(february).when(month.is_in([4, 6, 9, 11])).then(30)
    days = short.otherwise(31)
    ok = (year >= 1) & month.is_between(1, 12) & (day >= 1) & (day <= days)
    return (ok & (pl.col("hour") <= 23)).fill_null(value=False)


def _full_year(year: pl.Expr) -> pl.Expr:
    return pl.when(year >= 100).then(year).when(year < 69).then(year + 2000).otherwise(year + 1900)


def _hour(*, with_halves: bool) -> pl.Expr:
    """The hour of day. `21:56 PM` is said by some and means 21:56; `21:56 AM` means nothing."""
    hour = _int("H")
    if not with_halves:
        return hour.fill_null(0)
    half = pl.col("p").str.to_lowercase()
    after_noon = half == "p"
    return (
        pl.when(hour.is_null())
        .then(0)
        .when(half.is_null() | (after_noon & (hour > 12)))
        .then(hour)
        .when((hour <= 12) & ~(after_noon & (hour == 0)))
        .then(hour % 12 + pl.when(after_noon).then(12).otherwise(0))
        .otherwise(99)
    )


def _iso_second(text: pl.Expr) -> pl.Expr:
    by_t = text.str.slice(10, 1) == "T"
    with_t = pl.when(by_t).then(text).str.strptime(TIME, "%Y-%m-%dT%H:%M:%S", strict=False)
    spaced = pl.when(~by_t).then(text).str.strptime(TIME, "%Y-%m-%d %H:%M:%S", strict=False)
    return pl.coalesce(with_t, spaced)


def _minutes(offset: pl.Expr) -> pl.Expr:
    """Minutes east of Greenwich; null for no offset and for an impossible one."""
    zone = offset.str.to_uppercase().replace(_US_ZONES)
    hours = zone.str.slice(1, 2).cast(pl.Int32, strict=False)
    rest = zone.str.slice(3).str.strip_prefix(":").cast(pl.Int32, strict=False).fill_null(0)
    sign = pl.when(zone.str.starts_with("-")).then(-1).otherwise(1)
    numeric_one = pl.when((hours <= 14) & (rest < 60)).then(sign * (hours * 60 + rest))
    return pl.when(zone.is_in(["Z", "UTC", "GMT"])).then(0).otherwise(numeric_one)


def _zone_text(offset: pl.Expr) -> pl.Expr:
    """The offset as the source has it, in the form `-07:00`; UTC where it says so."""
    upper = offset.str.to_uppercase()
    number = pl.concat_str(upper.str.head(3), pl.lit(":"), upper.str.tail(2))
    short = pl.concat_str(upper, pl.lit(":00"))
    signed = upper.str.contains(r"^[+-]")
    return (
        pl.when(upper.is_in(["Z", "UTC", "GMT"]))
        .then(pl.lit("UTC"))
        .when(signed & (upper.str.len_bytes() == 3))
        .then(short)
        .when(signed)
        .then(number)
        .otherwise(upper)
    )


def _month(language: str | None) -> pl.Expr:
    names = month_numbers(language)
    name = pl.col("n").str.strip_suffix(".").str.to_lowercase()
    return name.replace_strict(names, default=None, return_dtype=pl.Int32)


def _microseconds(fraction: pl.Expr) -> pl.Expr:
    return fraction.str.head(6).str.pad_end(6, "0").cast(pl.Int32, strict=False).fill_null(0)


def _int(group: str) -> pl.Expr:
    return pl.col(group).cast(pl.Int32, strict=False)
