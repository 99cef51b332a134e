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
from oms_import.normalize.parsed import Reader, steps

TIME = pl.Datetime("us")
INSTANT, LOCAL, DATE = 0, 1, 2

CLOCK = (
    r"(?P<H>[0-9]{1,2}):(?P<M>[0-5][0-9])(?::(?P<S>[0-5][0-9])(?:[.,](?P<f>[0-9]{1,9}))?)?"
    r"(?:\s?(?P<p>[AaPp])\.?[Mm]\.?)?"
)
OFFSET = r"[Zz]|UTC|GMT|[+-][0-9]{2}(?::?[0-9]{2})?|[ECMP][SD]T"
_TAIL = rf"{CLOCK}(?:\s?(?P<z>{OFFSET}))?"

_US_ZONES = {f"{zone}{kind}T": f"-0{base + (kind == 'S')}00" for zone, base in zip("ECMP", (4, 5, 6, 7), strict=True) for kind in "SD"}  # fmt: skip

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
    tail, raw = pl.col("tail"), pl.col("raw")
    fraction = _microseconds(tail.str.extract(r"^\.([0-9]+)"))
    offset = pl.col("offset")
    wall = pl.col("second") + pl.duration(microseconds=fraction) - _duration(pl.col("minutes"))
    return outcome(
        some,
        {"second": _iso_second(raw.str.head(19)), "tail": raw.str.slice(19)},
        {"offset": tail.str.extract(r"([Zz]|[+-][0-9:]{4,5})$")},
        {"minutes": _minutes(offset)},
        wall=wall,
        kind=INSTANT,
        zone=_zone_text(offset),
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
        year_first = pl.col("g").struct.field("a").str.len_bytes() == 4
        dmy, mdy, ymd = (a, b, c), (b, a, c), (c, b, a)  # day, month, year
        fault: pl.Expr | None = None
        if order in {"dmy", "mdy", "ymd"}:
            day, month, year = {"dmy": dmy, "mdy": mdy, "ymd": ymd}[order]
        else:
            day, month, year = pl.when(b > 12).then(b).otherwise(a), pl.when(b > 12).then(a).otherwise(b), c  # fmt: skip
            open_ = (a <= 12) & (b <= 12) & (a != b) & ~year_first
            fault = pl.when(open_).then(pl.lit(Code.DATE_AMBIGUOUS.value))
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
    return _assembled(some, _COMPACT_PARTS, parts, None, marks="HMSz")


def named(pattern: str, language: str | None) -> Reader:
    """Dates with a month's name; `pattern` has the groups d, n, y and those of a time."""

    def build(some: pl.Series) -> pl.DataFrame:
        parts = {"day": _int("d"), "month": _month(language), "year": _int("y")}
        return _assembled(some, pattern, parts, None)

    return build


def day_first(language: str | None) -> Shape:
    """`10-Dez-25`, `22 September 2026`, `Tue, 22 Sep 2026 10:15:30 +0200`."""
    return Shape(_DAY_FIRST_PARTS, named(_DAY_FIRST_PARTS, language))


def month_first(language: str | None) -> Shape:
    """`Sep-30-26 02:44:15`, `Sep 30, 2026`."""
    return Shape(_MONTH_FIRST_PARTS, named(_MONTH_FIRST_PARTS, language))


def by_groups(pattern: str, groups: str, language: str | None) -> Reader:
    """Any pattern with the groups y, m or n, d and some of H M S f p z."""

    def build(some: pl.Series) -> pl.DataFrame:
        month = _month(language) if "n" in groups else _int("m")
        parts = {"day": _int("d"), "month": month, "year": _int("y")}
        marks = "".join(mark for mark in "HMSfpz" if mark in groups)
        return _assembled(some, pattern, parts, None, marks)

    return build


def _assembled(
    some: pl.Series,
    pattern: str,
    parts: dict[str, pl.Expr],
    fault: pl.Expr | None,
    marks: str = "HMSfpz",
) -> pl.DataFrame:
    """The time of the matched groups; null where the parts are no possible time."""
    nothing = pl.lit(None, dtype=pl.String)
    texts = {mark: pl.col("g").struct.field(mark) if mark in marks else nothing for mark in "HMSfpz"}  # fmt: skip
    zone, clock = texts["z"], texts["H"]
    wall = pl.datetime(
        *(pl.when(pl.col("valid")).then(pl.col(name)) for name in ("year", "month", "day")),
        *(pl.when(pl.col("valid")).then(pl.col(name)) for name in ("hour", "minute", "second")),
        _microseconds(texts["f"]),
    )  # fmt: skip
    kind = pl.when(clock.is_null()).then(DATE).when(zone.is_null()).then(LOCAL).otherwise(INSTANT)
    return outcome(
        some,
        {"g": pl.col("raw").str.extract_groups(pattern)},
        {
            "day": parts["day"],
            "month": parts["month"],
            "year": _full_year(parts["year"]),
            "hour": _hour(_int_of(clock), texts["p"]),
            "minute": _int_of(texts["M"]).fill_null(0),
            "second": _int_of(texts["S"]).fill_null(0),
            "minutes": _minutes(zone),
            "fault": pl.lit(None, dtype=pl.String) if fault is None else fault,
        },
        {"valid": _valid() & (zone.is_null() | pl.col("minutes").is_not_null())},
        wall=wall - _duration(pl.col("minutes").fill_null(0)),
        kind=kind,
        zone=_zone_text(zone),
        fault=pl.col("fault"),
    )


def _valid() -> pl.Expr:
    year, month, day = (pl.col(name) for name in ("year", "month", "day"))
    leap = (year % 4 == 0) & ((year % 100 != 0) | (year % 400 == 0))
    february = pl.when(leap).then(29).otherwise(28)
    days = pl.when(month == 2).then(february).when(month.is_in([4, 6, 9, 11])).then(30).otherwise(31)  # fmt: skip
    ok = (year >= 1) & month.is_between(1, 12) & (day >= 1) & (day <= days)
    return (ok & (pl.col("hour") <= 23)).fill_null(value=False)


def _full_year(year: pl.Expr) -> pl.Expr:
    return pl.when(year >= 100).then(year).when(year < 69).then(year + 2000).otherwise(year + 1900)


def _hour(hour: pl.Expr, half: pl.Expr) -> pl.Expr:
    """The hour of day. `21:56 PM` is said by some and means 21:56; `21:56 AM` means nothing."""
    after_noon = half.str.to_lowercase() == "p"
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
    name = pl.col("g").struct.field("n").str.strip_suffix(".").str.to_lowercase()
    return name.replace_strict(names, default=None, return_dtype=pl.Int32)


def _microseconds(fraction: pl.Expr) -> pl.Expr:
    return fraction.str.head(6).str.pad_end(6, "0").cast(pl.Int32, strict=False).fill_null(0)


def _duration(minutes: pl.Expr) -> pl.Expr:
    return pl.duration(minutes=minutes)


def _int(group: str) -> pl.Expr:
    return _int_of(pl.col("g").struct.field(group))


def _int_of(text: pl.Expr) -> pl.Expr:
    return text.cast(pl.Int32, strict=False)
