"""When a drop has to be there: times of day, zones, changes of clocks, days off."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oms_import.profiles.expecting import deadlines, expectation, is_overdue

DAILY = expectation("daily by 03:00")
WORKDAYS = expectation("mon-fri by 06:30")


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("now", "last", "overdue"),
    [
        ("2026-11-24T02:59", "2026-11-22T04:00", False),  # today's deadline has not passed
        ("2026-11-24T03:00", "2026-11-23T02:00", True),
        ("2026-11-24T03:00", "2026-11-23T03:01", False),
        ("2026-11-24T03:00", "2026-11-24T02:00", False),
    ],
)
def test_a_drop_must_have_come_since_the_deadline_before(
    now: str, last: str, overdue: bool
) -> None:
    assert is_overdue(DAILY, at(last), at(now), "UTC") is overdue


def test_one_that_never_came_is_overdue() -> None:
    assert is_overdue(DAILY, None, at("2026-11-24T12:00"), "UTC")


def test_weekends_and_days_off_have_no_deadline() -> None:
    friday, monday = at("2026-11-20T05:00"), at("2026-11-23T06:29")
    assert not is_overdue(WORKDAYS, friday, monday, "UTC")
    assert is_overdue(WORKDAYS, friday, at("2026-11-23T06:30"), "UTC")
    off = {date(2026, 11, 23)}
    assert not is_overdue(WORKDAYS, friday, at("2026-11-23T12:00"), "UTC", off)


def test_times_of_day_are_of_the_zone_also_when_clocks_change() -> None:
    before, after = at("2026-10-24T12:00"), at("2026-10-25T12:00")
    assert deadlines(DAILY, before, "Europe/Berlin")[1] == at("2026-10-24T01:00")
    assert deadlines(DAILY, after, "Europe/Berlin")[1] == at("2026-10-25T02:00")
    gap = expectation("daily by 02:30")
    assert deadlines(gap, at("2026-03-29T12:00"), "Europe/Berlin")[1] == at("2026-03-29T01:30")


def test_a_span_without_a_drop() -> None:
    two = expectation("every 2h")
    now = at("2026-11-24T12:00")
    assert not is_overdue(two, now - timedelta(hours=1), now, "UTC")
    assert is_overdue(two, now - timedelta(hours=3), now, "UTC")
    assert expectation("hourly").every == timedelta(hours=1)


@pytest.mark.parametrize(
    "text", ["", "soon", "every 0h", "by 03:00", "daily by 24:00", "mo by 3:00"]
)
def test_what_is_not_understood_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"write|day"):
        expectation(text)


@given(
    st.integers(1_577_836_800, 1_893_456_000),
    st.sampled_from(["UTC", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata"]),
    st.sampled_from(["daily by 00:00", "mon,thu by 23:59", "sat-mon by 02:30"]),
)
def test_deadlines_stand_in_order_and_have_passed(seconds: int, zone: str, text: str) -> None:
    now = datetime.fromtimestamp(seconds, UTC)
    earlier, later = deadlines(expectation(text), now, zone)
    assert earlier < later <= now
    assert now - later <= timedelta(days=8)
