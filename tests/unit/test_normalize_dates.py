# ruff: noqa: DTZ001 - values are wall clocks or UTC without saying so
from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oms_import.model.errors import SettingError
from oms_import.normalize.dates import time
from oms_import.normalize.months import month_numbers
from oms_import.normalize.survey import (
    date_evidence,
    date_orders,
    decimal_evidence,
    decimal_styles,
    merge_evidence,
)


def read(values, formats=(), order="ambiguous", zone=None, months=None):
    frame = pl.DataFrame({"v": values}, schema={"v": pl.String})
    packed = time(pl.col("v"), formats, order, zone, months).packed
    return frame.select(packed.alias("p"))["p"].to_list()


def one(value, *args, **options):
    row = read([value], *args, **options)[0]
    return row["fault"] or row["value"]


@pytest.mark.parametrize(
    ("text", "value", "precision", "zone"),
    [
        ("2026-09-22", datetime(2026, 9, 22), "date", None),
        ("2026-9-2", datetime(2026, 9, 2), "date", None),
        ("2026/09/22", datetime(2026, 9, 22), "date", None),
        ("20260922", datetime(2026, 9, 22), "date", None),
        ("2026-09-22 10:15:30", datetime(2026, 9, 22, 10, 15, 30), "local", None),
        ("2026-09-22T10:15:30", datetime(2026, 9, 22, 10, 15, 30), "local", None),
        ("2026-09-22T10:15", datetime(2026, 9, 22, 10, 15), "local", None),
        ("2026-09-22 10:15:30.25", datetime(2026, 9, 22, 10, 15, 30, 250000), "local", None),
        ("20260922T101530", datetime(2026, 9, 22, 10, 15, 30), "local", None),
        ("202609221015", datetime(2026, 9, 22, 10, 15), "local", None),
        ("20260922T101530Z", datetime(2026, 9, 22, 10, 15, 30), "instant", "UTC"),
        ("2026-09-22 09:12:40 -0700", datetime(2026, 9, 22, 16, 12, 40), "instant", "-07:00"),
        ("2026-09-22T09:12:40Z", datetime(2026, 9, 22, 9, 12, 40), "instant", "UTC"),
        ("2026-09-22T09:12:40+05:30", datetime(2026, 9, 22, 3, 42, 40), "instant", "+05:30"),
        ("2026-09-22T09:12:40.5Z", datetime(2026, 9, 22, 9, 12, 40, 500000), "instant", "UTC"),
        ("2026-09-22T09:12+02", datetime(2026, 9, 22, 7, 12), "instant", "+02:00"),
        ("2026-09-22T09:12:40.1234567", datetime(2026, 9, 22, 9, 12, 40, 123456), "local", None),
        ("Tue, 22 Sep 2026 10:15:30 +0200", datetime(2026, 9, 22, 8, 15, 30), "instant", "+02:00"),
        ("Sep-30-26 02:44:15", datetime(2026, 9, 30, 2, 44, 15), "local", None),
        ("10-Dez-25", datetime(2025, 12, 10), "date", None),
        ("22 September 2026", datetime(2026, 9, 22), "date", None),
        ("22. März 2026", datetime(2026, 3, 22), "date", None),
        ("Sep 30, 2026", datetime(2026, 9, 30), "date", None),
        ("Sept. 30, 2026", datetime(2026, 9, 30), "date", None),
        ("1er janvier 2026", datetime(2026, 1, 1), "date", None),
        ("22 de septiembre de 2026", datetime(2026, 9, 22), "date", None),
        ("3 mrt 2026", datetime(2026, 3, 3), "date", None),
        ("4 gen 2026 8:05", datetime(2026, 1, 4, 8, 5), "local", None),
        ("September 30th, 2026 at 5:00 pm PDT", datetime(2026, 10, 1), "instant", "PDT"),
        (" 2026-09-22\u00a0", datetime(2026, 9, 22), "date", None),
    ],
)  # fmt: skip
def test_a_date_that_reads_one_way_needs_no_rule(text, value, precision, zone):
    row = read([text])[0]
    assert row == {
        "value": value, "fault": None, "precision": precision, "zone_text": zone, "fold": False,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("text", "dmy", "mdy"),
    [
        ("3/4/2026", datetime(2026, 4, 3), datetime(2026, 3, 4)),
        ("03.04.26", datetime(2026, 4, 3), datetime(2026, 3, 4)),
        ("03-04-2026 10:15", datetime(2026, 4, 3, 10, 15), datetime(2026, 3, 4, 10, 15)),
        ("3/4/2026 9:05:07 pm", datetime(2026, 4, 3, 21, 5, 7), datetime(2026, 3, 4, 21, 5, 7)),
        ("12/8/2011 21:56 PM", datetime(2011, 8, 12, 21, 56), datetime(2011, 12, 8, 21, 56)),
        ("12/8/2011 12:05 AM", datetime(2011, 8, 12, 0, 5), datetime(2011, 12, 8, 0, 5)),
        ("22/9/2026", datetime(2026, 9, 22), "DATE_FORMAT"),
        ("9/22/2026", "DATE_FORMAT", datetime(2026, 9, 22)),
        ("5/5/2026", datetime(2026, 5, 5), datetime(2026, 5, 5)),
    ],
)
def test_day_and_month_follow_the_order_of_the_column(text, dmy, mdy):
    assert one(text, order="dmy") == dmy
    assert one(text, order="mdy") == mdy


def test_an_undecided_column_refuses_what_reads_two_ways():
    assert [one(t) for t in ["3/4/2026", "3.4.26", "22/9/2026", "9/22/2026", "5/5/2026"]] == [
        "DATE_AMBIGUOUS", "DATE_AMBIGUOUS", datetime(2026, 9, 22), datetime(2026, 9, 22),
        datetime(2026, 5, 5),
    ]  # fmt: skip


def test_the_order_may_differ_from_row_to_row():
    frame = pl.DataFrame(
        {
            "v": ["3/4/2026", "3/4/2026", "26/4/03", "3/4/2026", "3/4/2026", "2026-04-03"],
            "order": ["dmy", "mdy", "ymd", "ambiguous", None, None],
        }
    )
    rows = frame.select(time(pl.col("v"), (), pl.col("order")).packed.alias("p"))["p"].to_list()
    assert [row["fault"] or row["value"].date().isoformat() for row in rows] == [
        "2026-04-03", "2026-03-04", "2026-04-03", "DATE_AMBIGUOUS", "DATE_AMBIGUOUS", "2026-04-03",
    ]  # fmt: skip


def test_a_year_of_two_digits_belongs_to_1969_to_2068():
    assert one("1/2/68", order="dmy") == datetime(2068, 2, 1)
    assert one("1/2/95", order="dmy") == datetime(1995, 2, 1)
    assert one("1/2/69", order="dmy") == "DATE_RANGE"


@pytest.mark.parametrize(
    "text",
    ["0000-00-00", "0000-00-00 00:00:00", "00/00/0000", "0001-01-01", "1900-01-01", "9999-12-31",
     "9999-99-99", "1989-12-31", "2101-01-01"],
)  # fmt: skip
def test_years_that_stand_for_nothing_are_out_of_range(text):
    assert one(text, order="dmy") == "DATE_RANGE"


@pytest.mark.parametrize(
    "text",
    ["2026-02-30", "30/02/2026", "2026-13-01", "2026-09-22T24:00:00", "2026-09-22T09:12:40+99:00",
     "2016-12-31T23:59:60", "12/8/2011 21:56 AM", "12/8/2011 0:56 PM", "x", "1/2-2026", "12345678",
     "1758535200", "45000", "٢٠٢٦-09-22", "Foo 30, 2026", "2026-09", "10:15", "2026-09-22T9", "-",
     "2026-09-22 10:15:30 Uhr", "1/2/123", "29 Feb 2025"],
)  # fmt: skip
def test_an_impossible_date_is_refused(text):
    assert one(text, order="dmy") == "DATE_FORMAT"


@pytest.mark.parametrize("blank", [None, "", "  ", "\u00a0\u200b"])
def test_a_blank_cell_is_no_date_and_no_fault(blank):
    nothing = {"value": None, "fault": None, "precision": None, "zone_text": None, "fold": False}
    assert read([blank]) == [nothing]
    assert read([blank, "2026-09-22"])[0] == nothing


def test_a_local_time_with_a_known_zone_is_an_instant():
    row = read(["2026-09-22 10:15:30"], zone="Europe/Berlin")[0]
    assert row["value"] == datetime(2026, 9, 22, 8, 15, 30)
    assert (row["precision"], row["zone_text"]) == ("instant", "Europe/Berlin")


def test_a_day_is_never_moved_by_a_zone_nor_an_instant_moved_twice():
    rows = read(["2026-09-22", "2026-09-22T10:00:00Z"], zone="America/New_York")
    assert rows[0]["value"] == datetime(2026, 9, 22)
    assert (rows[0]["precision"], rows[0]["zone_text"]) == ("date", None)
    assert (rows[1]["value"], rows[1]["zone_text"]) == (datetime(2026, 9, 22, 10), "UTC")


def test_a_local_time_that_never_was_is_refused_and_one_that_was_twice_is_marked():
    texts = ["2026-03-29 02:30:00", "2026-10-25 02:30:00", "2026-10-25 03:30:00"]
    gap, fold, plain = read(texts, zone="Europe/Berlin")
    assert (gap["value"], gap["fault"]) == (None, "DATE_LOCAL_GAP")
    assert (fold["value"], fold["fold"]) == (datetime(2026, 10, 25, 0, 30), True)
    assert (plain["value"], plain["fold"]) == (datetime(2026, 10, 25, 2, 30), False)


@pytest.mark.parametrize(
    ("form", "text", "value"),
    [
        ("%d.%m.%Y", "3.4.2026", datetime(2026, 4, 3)),
        ("%d/%m/%y", "03/04/26", datetime(2026, 4, 3)),
        ("%d/%m/%y", "03/04/95", datetime(1995, 4, 3)),
        ("%m/%d/%Y %H:%M", "3/4/2026 21:05", datetime(2026, 3, 4, 21, 5)),
        ("%m/%d/%Y %I:%M %p", "3/4/2026 9:05 PM", datetime(2026, 3, 4, 21, 5)),
        ("%d-%b-%y", "10-Dez-25", datetime(2025, 12, 10)),
        ("%A, %d %B %Y", "Dienstag, 22 September 2026", datetime(2026, 9, 22)),
        ("%F %T", "2026-09-22 10:15:30", datetime(2026, 9, 22, 10, 15, 30)),
        ("%Y-%m-%dT%H:%M:%S%.f%z", "2026-09-22T10:15:30.0+02:00", datetime(2026, 9, 22, 8, 15, 30)),
        ("epoch", "1758535200", datetime(2025, 9, 22, 10)),
        ("epoch", "1758535200.5", datetime(2025, 9, 22, 10, 0, 0, 500000)),
        ("epoch_ms", "1758535200123", datetime(2025, 9, 22, 10, 0, 0, 123000)),
        ("excel", "45000", datetime(2023, 3, 15)),
        ("excel", "45000.75", datetime(2023, 3, 15, 18)),
    ],
)  # fmt: skip
def test_a_format_of_the_profile_is_followed(form, text, value):
    assert one(text, (form,)) == value


def test_formats_of_a_profile_exclude_all_others():
    assert one("2026-09-22", ("%d.%m.%Y",), "dmy") == "DATE_FORMAT"
    assert one("22/09/2026", ("%d.%m.%Y",), "dmy") == "DATE_FORMAT"


def test_several_formats_are_told_apart_by_shape():
    formats = ("%d.%m.%Y", "%Y-%m-%d", "epoch")
    texts = ["3.4.2026", "2026-04-03", "1775174400", "30.2.2026"]
    assert [row["fault"] or row["value"] for row in read(texts, formats)] == [
        *[datetime(2026, 4, 3)] * 3, "DATE_FORMAT",
    ]  # fmt: skip


@pytest.mark.parametrize("form", ["%Q", "%d.%m", "%d.%d.%Y", "%H:%M", "nonsense"])
def test_a_format_that_cannot_be_understood_is_a_setting_error(form):
    with pytest.raises(SettingError, match="date format"):
        time(pl.col("v"), (form,))


def test_an_unknown_zone_or_language_is_a_setting_error():
    with pytest.raises(SettingError, match="time zone"):
        time(pl.col("v"), zone="Mars/Phobos")
    with pytest.raises(SettingError, match="month names"):
        time(pl.col("v"), months="xx")
    with pytest.raises(SettingError, match="month names"):
        time(pl.col("v"), ("%d %b %Y",), months="xx")


def test_a_month_of_another_language_is_refused_where_the_language_is_named():
    assert one("10-Dez-25", months="en") == "DATE_FORMAT"
    assert one("10-Dec-25", months="en") == datetime(2025, 12, 10)


def test_no_month_name_means_two_months():
    for language in ("en", "de", "fr", "es", "it", "nl"):
        for name, number in month_numbers(language).items():
            assert month_numbers(None)[name] == number


def test_a_constant_date_keeps_its_length():
    frame = pl.DataFrame({"v": ["1", "2"]})
    made = frame.select("v", time(pl.lit("22.9.2026"), (), "dmy").value.alias("d"))
    assert made["d"].to_list() == [datetime(2026, 9, 22)] * 2


# the zones that Polars is built with end in 2099
instants = st.datetimes(datetime(1990, 1, 2), datetime(2099, 12, 30))

SHAPES = {
    "iso": ("%Y-%m-%d %H:%M:%S", "ymd"),
    "iso T": ("%Y-%m-%dT%H:%M:%S.%f", "ymd"),
    "compact": ("%Y%m%dT%H%M%S", "ymd"),
    "european": ("%d.%m.%Y %H:%M:%S", "dmy"),
    "american": ("%m/%d/%Y %I:%M:%S %p", "mdy"),
    "ebay": ("%b-%d-%Y %H:%M:%S", "mdy"),
    "rfc": ("%a, %d %b %Y %H:%M:%S", "dmy"),
    "long": ("%B %d, %Y %H:%M:%S", "dmy"),
}


@settings(max_examples=80, deadline=None)
@given(st.lists(instants, min_size=1, max_size=6), st.sampled_from(sorted(SHAPES)), st.data())
def test_any_time_written_in_any_shape_reads_back(moments, shape, data):
    form, order = SHAPES[shape]
    offset = data.draw(st.sampled_from([None, 0, 120, -420, 330]))
    seconds = [moment if "%f" in form else moment.replace(microsecond=0) for moment in moments]
    texts = [moment.strftime(form) for moment in seconds]
    if offset is not None:
        hours, minutes = divmod(abs(offset), 60)
        texts = [f"{text} {'-' if offset < 0 else '+'}{hours:02}{minutes:02}" for text in texts]
        zone = timezone(timedelta(minutes=offset))
        seconds = [m.replace(tzinfo=zone).astimezone(UTC).replace(tzinfo=None) for m in seconds]
    if shape == "compact" and offset is not None:
        texts = [text.replace(" ", "") for text in texts]
    got = read(texts, order=order)
    assert [(row["fault"], row["value"]) for row in got] == [(None, moment) for moment in seconds]
    assert {row["precision"] for row in got} == {"local" if offset is None else "instant"}


@settings(max_examples=60, deadline=None)
@given(
    st.lists(instants, min_size=1, max_size=6),
    st.sampled_from(["Europe/Berlin", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe"]),
)
def test_local_times_become_the_instants_python_says(moments, zone):
    walls = [moment.replace(microsecond=0) for moment in moments]
    got = read([str(wall) for wall in walls], zone=zone)
    for wall, row in zip(walls, got, strict=True):
        there = wall.replace(tzinfo=ZoneInfo(zone))
        utc = there.astimezone(UTC)
        if utc.astimezone(ZoneInfo(zone)).replace(tzinfo=None) != wall:
            assert row["fault"] == "DATE_LOCAL_GAP"
            continue
        assert row["value"] == utc.replace(tzinfo=None)
        assert row["fold"] == (there.utcoffset() != there.replace(fold=1).utcoffset())


@settings(max_examples=150, deadline=None)
@given(
    st.lists(
        st.one_of(
            st.text(max_size=20),
            st.text(alphabet="0123456789/-.: TZ+APMSepDez,", max_size=24),
            st.from_regex(
                r"[0-9]{1,4}[/.-][0-9]{1,2}[/.-][0-9]{1,4}( [0-9]{1,2}:[0-9]{2})?", fullmatch=True
            ),
        ),
        min_size=1,
        max_size=12,
    ),
    st.sampled_from(["dmy", "mdy", "ymd", "ambiguous", "mixed"]),
    st.sampled_from([(), ("%d.%m.%Y", "epoch_ms", "excel"), ("%b %d %Y %I:%M %p",)]),
    st.sampled_from([None, "Europe/Berlin"]),
)  # fmt: skip
def test_garbage_never_raises_and_is_never_lost(texts, order, formats, zone):
    for text, row in zip(texts, read(texts, formats, order, zone), strict=True):
        assert row["fault"] is None or row["fault"].startswith("DATE_")
        assert (row["value"] is None) == (row["precision"] is None)
        assert row["value"] is None or row["fault"] is None
        if row["value"] is None and row["fault"] is None:
            assert not text.strip() or not any(c.isalnum() for c in text)


def orders_of(texts):
    frame = pl.DataFrame(
        {"_drop": [0] * len(texts), "d": texts}, schema={"_drop": pl.UInt32, "d": pl.String}
    )
    made = date_orders(merge_evidence([date_evidence(frame, ["d"], ["_drop"])]))
    return made["order"].to_list()


def test_the_whole_column_decides_on_day_and_month():
    assert orders_of(["3/4/2026", "22/9/2026"]) == ["dmy"]
    assert orders_of(["3/4/2026", "9/22/2026 10:15"]) == ["mdy"]
    assert orders_of(["3/4/2026", "9/22/2026", "22/9/2026"]) == ["mixed"]
    assert orders_of(["3/4/2026", "5.6.26"]) == ["ambiguous"]
    assert orders_of(["5/5/2026", "6/6/26"]) == ["mdy"]
    assert orders_of(["95/12/31", "96/01/02"]) == ["ymd"]
    assert orders_of(["2026-09-22", "10-Dez-25", None, "", "x", "2026/04/03"]) == []


def test_evidence_of_batches_and_drops_adds_up():
    first = pl.DataFrame({"_drop": [0, 1], "d": ["3/4/2026", "3/4/2026"], "e": ["x", "31.12.26"]})
    second = pl.DataFrame({"_drop": [0, 1], "d": ["22/4/2026", "4/3/2026"], "e": ["x", None]})
    parts = [date_evidence(frame, ["d", "e"], ["_drop"]) for frame in (first, second)]
    orders = date_orders(merge_evidence(parts)).sort("_drop", "column")
    assert orders.rows() == [(0, "d", "dmy"), (1, "d", "ambiguous"), (1, "e", "dmy")]


@settings(max_examples=60, deadline=None)
@given(st.lists(instants, min_size=1, max_size=20), st.sampled_from(["dmy", "mdy"]))
def test_the_survey_never_contradicts_how_a_column_was_written(moments, order):
    form = {"dmy": "%d/%m/%Y", "mdy": "%m/%d/%Y"}[order]
    texts = [moment.strftime(form) for moment in moments]
    decided = orders_of(texts)[0]
    days = [moment.replace(hour=0, minute=0, second=0, microsecond=0) for moment in moments]
    for day, row in zip(days, read(texts, order=decided), strict=True):
        assert row["value"] == day or (decided, row["fault"]) == ("ambiguous", "DATE_AMBIGUOUS")


def styles_of(texts):
    frame = pl.DataFrame({"n": texts}, schema={"n": pl.String})
    return decimal_styles(merge_evidence([decimal_evidence(frame, ["n"], [])]))["style"].to_list()


def test_the_whole_column_decides_on_the_decimal_separator():
    assert styles_of(["1,234", "5,50 €", "7"]) == [","]
    assert styles_of(["1,234", "$5.50"]) == ["."]
    assert styles_of(["1,234", "1.234"]) == ["ambiguous"]
    assert styles_of(["1,5", "1.5"]) == ["ambiguous"]
    assert styles_of(["1", "x", None]) == []
    assert styles_of(["1.234.567,5"]) == [","]
