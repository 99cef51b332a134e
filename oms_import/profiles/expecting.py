"""When a channel's next drop has to be there: `daily by 03:00`, `mon-fri by 06:30`, `every 2h`."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_BY = re.compile(r"(?P<days>[a-z, -]+?)\s+by\s+(?P<hour>[01]?\d|2[0-3]):(?P<minute>[0-5]\d)")
_EVERY = re.compile(r"every\s+(?P<number>\d+)\s*(?P<unit>m|h|d)")
_UNITS = {"m": "minutes", "h": "hours", "d": "days"}
_LONGEST = 400  # days without a drop that a calendar may make


@dataclass(frozen=True, slots=True)
class Expectation:
    """A time of day on some days of the week (0: Monday), or a span without a drop."""

    days: frozenset[int] = frozenset()
    by: time | None = None
    every: timedelta | None = None


def expectation(text: str) -> Expectation:
    """Understand `expect`.

    >>> expectation("mon-fri by 06:30").by
    datetime.time(6, 30)

    Raises:
        ValueError: it is none of the forms.
    """
    plain = " ".join(text.lower().split())
    if plain == "hourly":
        return Expectation(every=timedelta(hours=1))
    if found := _EVERY.fullmatch(plain):
        span = timedelta(**{_UNITS[found["unit"]]: int(found["number"])})
        if span:
            return Expectation(every=span)
    if found := _BY.fullmatch(plain):
        return Expectation(_days(found["days"]), time(int(found["hour"]), int(found["minute"])))
    raise ValueError("write daily by 03:00, mon-fri by 06:30, sun by 12:00, hourly or every 2h")


def _days(text: str) -> frozenset[int]:
    if text == "daily":
        return frozenset(range(7))
    days: set[int] = set()
    for part in text.replace(" ", "").split(","):
        first, _, last = part.partition("-")
        if first not in _DAYS or (last or first) not in _DAYS:
            raise ValueError(
                f"{part!r} is no day: write mon, tue, wed, thu, fri, sat, sun or daily"
            )
        begin, end = _DAYS.index(first), _DAYS.index(last or first)
        days |= {number % 7 for number in range(begin, end + 1 + (7 if end < begin else 0))}
    return frozenset(days)


def deadlines(
    expected: Expectation, now: datetime, zone: str, off: Collection[date] = ()
) -> tuple[datetime, datetime]:
    """The two deadlines before now, earlier one first: a drop must have come between them.

    Args:
        expected: what is expected.
        now: aware.
        zone: IANA name of the zone that times of day are in; a time that a change of clocks leaves
            out is the one an hour later.
        off: days without a drop.
    """
    if expected.every is not None or expected.by is None:
        span = expected.every or timedelta(days=1)
        return now - span, now
    found: list[datetime] = []
    day = now.astimezone(ZoneInfo(zone)).date()
    for _ in range(_LONGEST):
        at = datetime.combine(day, expected.by, ZoneInfo(zone)).astimezone(UTC)
        if day.weekday() in expected.days and day not in off and at <= now:
            found.append(at)
            if len(found) == 2:
                return found[1], found[0]
        day -= timedelta(days=1)
    return now - timedelta(days=_LONGEST), now - timedelta(days=_LONGEST)


def is_overdue(
    expected: Expectation,
    last: datetime | None,
    now: datetime,
    zone: str,
    off: Collection[date] = (),
) -> bool:
    """Whether a drop that had to be there is not. `last`: when the newest came, aware."""
    return last is None or last <= deadlines(expected, now, zone, off)[0]
