"""Dates and times as channels write them, dispatched by shape in one pass."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import cache, partial
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import polars as pl

from oms_import.model.codes import Code
from oms_import.model.errors import SettingError
from oms_import.normalize import shapes
from oms_import.normalize.formats import compiled
from oms_import.normalize.months import language
from oms_import.normalize.parsed import by_column, where, where_any
from oms_import.normalize.shapes import DATE, LOCAL, Shape
from oms_import.normalize.text import INVISIBLE, clean

EARLIEST = datetime(1990, 1, 1)  # noqa: DTZ001 - a bound of wall-clock times
LATEST = datetime(2101, 1, 1)  # noqa: DTZ001
"""Times before EARLIEST or from LATEST on are DATE_RANGE: 0000-00-00, 1900-01-01, 9999-12-31."""

_BLANK = rf"^[\s{INVISIBLE}]*$"
_NO_YEAR = r"^(?:0000|9999)|[/.\-](?:0000|9999)(?:\D|$)"
_ORDERS = ("dmy", "mdy", "ymd")


@dataclass(frozen=True, slots=True)
class ParsedTime:
    """A parsed column of times, one struct an input row; see `Parsed` for `packed`."""

    packed: pl.Expr

    @property
    def value(self) -> pl.Expr:
        """Datetime us: UTC for instants, the wall clock for local times, midnight for dates."""
        return self.packed.struct.field("value")

    @property
    def fault(self) -> pl.Expr:
        """String: a reason code; null where the cell is fine or blank."""
        return self.packed.struct.field("fault")

    @property
    def precision(self) -> pl.Expr:
        """String: instant, local (no zone known) or date (a day, never shifted by a zone)."""
        return self.packed.struct.field("precision")

    @property
    def zone_text(self) -> pl.Expr:
        """String: the offset in the source (`-07:00`, `UTC`), or the IANA zone applied, or null."""
        return self.packed.struct.field("zone_text")

    @property
    def fold(self) -> pl.Expr:
        """Boolean: the local time occurs twice, and the earlier instant was taken."""
        return self.packed.struct.field("fold")


def time(
    raw: pl.Expr,
    formats: tuple[str, ...] = (),
    order: pl.Expr | str = "ambiguous",
    zone: str | None = None,
    months: str | None = None,
) -> ParsedTime:
    """Parse dates and times. String → ParsedTime.

    Without `formats`: ISO 8601 (also Shopify's space before the offset), N/N/N by `order` (dmy,
    mdy, ymd; else only what reads one way, the rest is DATE_AMBIGUOUS), compact digits, month
    names, RFC 2822. `order` may be an expression with a value for each row. With `formats`: only
    those (strptime, or epoch, epoch_ms, excel), each known by its shape: a value goes to the first
    it looks like. `zone` is the IANA zone of times without an offset, `months` the language of
    month names (default: all we know).

    Faults: DATE_FORMAT, DATE_RANGE, DATE_AMBIGUOUS, DATE_LOCAL_GAP. Raises SettingError for a
    format that cannot be understood.
    """
    if isinstance(order, pl.Expr):
        return _by_row(raw, order, formats, zone, months)
    quick, known = ((), compiled(formats, months)) if formats else (_QUICK, _auto(order, months))
    read = partial(_times, quick, known, _checked(zone))
    return ParsedTime(by_column(raw, read, _SCHEMA))


_QUICK = (
    Shape(shapes.ISO_FAST, shapes.iso_fast, repeats=False),
    Shape(shapes.ISO_DATE, shapes.iso_date, repeats=False),
)
_SCHEMA = {
    "value": shapes.TIME,
    "fault": pl.String(),
    "precision": pl.String(),
    "zone_text": pl.String(),
    "fold": pl.Boolean(),
}


@cache
def _auto(order: str, months: str | None) -> tuple[Shape, ...]:
    """The shapes known without being told, the frequent ones first."""
    engine = {"dmy": "%d/%m/%Y", "mdy": "%m/%d/%Y"}.get(order)
    plain = (
        (Shape(shapes.NUMERIC_DATE, partial(shapes.native, engine), repeats=False),)
        if engine
        else ()
    )
    return (
        Shape(shapes.ISO_OFFSET, shapes.iso_offset, repeats=False),
        *plain,
        Shape(shapes.NUMERIC, shapes.numeric(order)),
        Shape(shapes.COMPACT, shapes.compact),
        shapes.day_first(language(months)),
        shapes.month_first(language(months)),
    )


def _times(
    quick: tuple[Shape, ...], known: tuple[Shape, ...], zone: str | None, column: pl.Series
) -> pl.DataFrame:
    found = _dispatch(column, quick, known)
    if found is None:
        nothing = {"wall": shapes.TIME, "kind": pl.UInt8, "zone": pl.String, "fault": pl.String}
        found = pl.DataFrame(schema=nothing).clear(len(column))
    return _finished(column, found, zone)


def _dispatch(
    column: pl.Series, quick: tuple[Shape, ...], known: tuple[Shape, ...]
) -> pl.DataFrame | None:
    """Read each value by the first shape it has; `known` ones see cleaned text.

    The rows of a shape are taken out first, so that each regular expression sees only what the
    earlier ones left. A value of no shape is null; None: no value has any.
    """
    if not quick:
        if not known:
            return None
        column, quick, known = column.to_frame().select(clean(pl.all())).to_series(), known, ()
    first, *others = quick
    hit = column.str.contains(first.pattern)
    here = where(column, hit, first.read)
    other = where_any(column, ~hit, lambda rest: _dispatch(rest, tuple(others), known))
    if here is None or other is None:
        return other if here is None else here
    chosen = pl.lit(hit.fill_null(value=False))
    both = here.hstack(other.select(pl.all().name.suffix("_other")))
    return both.select(
        pl.when(chosen).then(name).otherwise(f"{name}_other").alias(name) for name in here.columns
    )


def _finished(column: pl.Series, found: pl.DataFrame, zone: str | None) -> pl.DataFrame:
    """Apply the zone, check the bounds, and say what is wrong."""
    rows = found.with_columns(column.alias("raw"), local=pl.col("kind") == LOCAL, utc="wall")
    fold = pl.lit(value=False)
    if zone is not None:
        moved = where(
            rows["wall"], rows["local"] & rows["wall"].is_not_null(), partial(_moved, zone)
        )
        if moved is not None:
            rows = rows.with_columns(
                utc=pl.when("local").then(moved["utc"]).otherwise("wall"), fold=moved["fold"]
            )
            fold = pl.col("fold").fill_null(value=False)
    rows = rows.with_columns(fault=_fault())
    fine = pl.col("fault").is_null() & pl.col("utc").is_not_null()
    return rows.with_columns(fine=fine).select(
        pl.when("fine").then("utc").alias("value"),
        "fault",
        pl.when("fine").then(_precision(zone)).alias("precision"),
        pl.when("fine").then(_zone_text(zone)).alias("zone_text"),
        (fold & pl.col("fine")).alias("fold"),
    )


def _fault() -> pl.Expr:
    wall, fault = pl.col("wall"), pl.col("fault")
    unread = pl.when(wall.is_null() & fault.is_null()).then("raw")
    return (
        pl.when(fault.is_not_null())
        .then(fault)
        .when(unread.str.contains(_NO_YEAR))
        .then(pl.lit(Code.DATE_RANGE.value))
        .when(~unread.str.contains(_BLANK))
        .then(pl.lit(Code.DATE_FORMAT.value))
        .when((wall < EARLIEST) | (wall >= LATEST))
        .then(pl.lit(Code.DATE_RANGE.value))
        .when(wall.is_not_null() & pl.col("utc").is_null())
        .then(pl.lit(Code.DATE_LOCAL_GAP.value))
    )


def _precision(zone: str | None) -> pl.Expr:
    local = pl.lit("local" if zone is None else "instant")
    date = pl.when(pl.col("kind") == DATE).then(pl.lit("date"))
    return date.when("local").then(local).otherwise(pl.lit("instant"))


def _zone_text(zone: str | None) -> pl.Expr:
    if zone is None:
        return pl.col("zone")
    return pl.when("local").then(pl.lit(zone)).otherwise("zone")


def _moved(zone: str, wall: pl.Series) -> pl.DataFrame:
    """Local times as UTC, and whether they occur twice. Null where they never occur."""
    once = wall.dt.replace_time_zone(zone, ambiguous="null", non_existent="null")
    rest = where(wall, once.is_null(), lambda odd: _first(zone, odd).to_frame("first"))
    both = once if rest is None else once.zip_with(once.is_not_null(), rest["first"])
    utc = both.dt.convert_time_zone("UTC").dt.replace_time_zone(None)
    return pl.DataFrame({"utc": utc, "fold": once.is_null() & both.is_not_null()})


def _first(zone: str, odd: pl.Series) -> pl.Series:
    return odd.dt.replace_time_zone(zone, ambiguous="earliest", non_existent="null")


def _by_row(
    raw: pl.Expr, order: pl.Expr, formats: tuple[str, ...], zone: str | None, months: str | None
) -> ParsedTime:
    """Each row by its own order: the rows of an order are parsed, the others left blank."""
    known = order.is_in(_ORDERS)
    masks = {one: order == one for one in _ORDERS} | {"ambiguous": ~known.fill_null(value=False)}
    read = [
        time(pl.when(mask).then(raw), formats, one, zone, months).packed
        for one, mask in masks.items()
    ]
    chosen = pl.when(masks["dmy"]).then(read[0]).when(masks["mdy"]).then(read[1])
    return ParsedTime(chosen.when(masks["ymd"]).then(read[2]).otherwise(read[3]))


@cache
def _checked(zone: str | None) -> str | None:
    if zone is not None:
        try:
            ZoneInfo(zone)
        except (ValueError, OSError, ZoneInfoNotFoundError) as error:
            hint = 'use an IANA name such as "Europe/Berlin" or "America/New_York"'
            raise SettingError(f'there is no time zone "{zone}"', hint=hint) from error
    return zone
