from __future__ import annotations

import re
from decimal import ROUND_HALF_UP, Decimal

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oms_import.model.tables import MONEY, PRICE, RATE
from oms_import.normalize.numbers import decimal, integer, percent


def read(values, sign=".", dtype=MONEY, round_to=None, **options):
    frame = pl.DataFrame({"v": values}, schema={"v": pl.String})
    packed = decimal(pl.col("v"), dtype, sign, round_to, **options).packed
    rows = frame.select(packed.alias("p"))["p"].struct.unnest()
    return list(rows.select("value", "fault").iter_rows())


def one(value, sign=".", **options):
    return read([value], sign, **options)[0]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1234.50", "1234.50"),
        ("1,234.50", "1234.50"),
        ("1 234.50", "1234.50"),
        ("1\u00a0234.50", "1234.50"),
        ("1\u202f234.50", "1234.50"),
        ("1'234.50", "1234.50"),
        ("1\u2019234.50", "1234.50"),
        ("1,00,000", "100000"),
        ("12,34,567.8", "1234567.8"),
        ("$22.99", "22.99"),
        ("$1,234.50", "1234.50"),
        ("USD 5", "5"),
        ("usd 5", "5"),
        ("5 EUR", "5"),
        ("R$ 5", "5"),
        ("$22.99 USD", "22.99"),
        ("Rs.500", "500"),
        ("Rs. 1,500.25", "1500.25"),
        ("Fr. 5.50", "5.50"),
        ("-5", "-5"),
        ("+5", "5"),
        ("\u22125.00", "-5"),
        ("- 5.00", "-5"),
        ("5.00-", "-5"),
        ("-$5.00", "-5"),
        ("$-5.00", "-5"),
        ("5.00 €-", "-5"),
        ("(5.00)", "-5"),
        ("($1,005.00)", "-1005"),
        ("$(5.00)", "-5"),
        (".50", "0.5"),
        ("007", "7"),
        ("0" * 40 + "1", "1"),
        ("1.23450000000", "1.2345"),
        (" 5.00\u200b", "5"),
        ("99999999999999.9999", "99999999999999.9999"),
    ],
)
def test_a_number_with_a_decimal_point_is_read_exactly(text, value):
    assert one(text) == (Decimal(value), None)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1234,50", "1234.50"),
        ("1.234,50", "1234.50"),
        ("1.234", "1234"),
        ("1.234.567", "1234567"),
        ("1 234,50", "1234.50"),
        ("116,99 €", "116.99"),
        ("116,99\u00a0€", "116.99"),
        ("kr. 5,00", "5"),
        ("-5,5", "-5.5"),
        ("5", "5"),
    ],
)
def test_a_number_with_a_decimal_comma_is_read_exactly(text, value):
    assert one(text, ",") == (Decimal(value), None)


NO_NUMBERS = (
    "NaN nan inf -inf Infinity 0x10 1e3 1E5 1.23E+11 1_000 \u0661\u0662 \u06f1 \uff11 - + . "
    ", +-5 --5 -5- (-5) -(5) ((5)) (5 5) 5. 5.0.0 1,23 1,2345 12,50 0,123 1,234,56 1.234,50 1,,234 "
    "5PCS $ \u20ac N/A #REF! =5 5% 1/2 \u00bd \u00b2 \u2164 1\u00b2"
)


@pytest.mark.parametrize(
    "text",
    NO_NUMBERS.split(),
)
def test_what_is_no_number_is_refused(text):
    assert one(text) == (None, "NUM_FORMAT")


@pytest.mark.parametrize("text", ["5 5", "1 23", "1,234 567", "5 PCS", "5\n6", "5 5.00", "$ 5 $ 5"])
def test_two_numbers_or_a_unit_are_refused(text):
    assert one(text) == (None, "NUM_FORMAT")


@pytest.mark.parametrize("text", ["22.99", "1.5", "1,234.50", "1,234,567"])
def test_a_decimal_point_is_refused_where_the_comma_is_meant(text):
    assert one(text, ",") == (None, "NUM_FORMAT")


@pytest.mark.parametrize("blank", [None, "", "  ", "\u00a0", "\u200b", "\ufeff \t"])
def test_a_blank_cell_is_no_number_and_no_fault(blank):
    assert one(blank) == (None, None)
    assert read([blank, "1"]) == [(None, None), (Decimal(1), None)]


def test_too_many_integer_digits_are_out_of_range():
    assert one("100000000000000") == (None, "NUM_RANGE")
    assert one("1" + "0" * 309) == (None, "NUM_RANGE")
    assert one("1000000000000", dtype=PRICE) == (None, "NUM_RANGE")
    assert one("1000", dtype=RATE) == (None, "NUM_RANGE")


def test_excess_digits_are_refused_rather_than_rounded_away():
    assert one("10.799999999999999") == (None, "NUM_PRECISION")
    assert one("-3.00005") == (None, "NUM_PRECISION")
    assert one("$1.23456") == (None, "NUM_PRECISION")


def test_rounding_is_half_up_and_only_where_asked_for():
    assert one("10.799999999999999", round_to=2) == (Decimal("10.80"), None)
    assert one("-0.005", round_to=2) == (Decimal("-0.01"), None)
    assert one("0.00499999", round_to=2) == (Decimal("0.00"), None)
    assert one("2.5", round_to=0) == (Decimal(3), None)
    assert one("99999999999999.99999", round_to=4) == (None, "NUM_RANGE")


def test_currency_signs_can_be_refused():
    assert one("$5", currency_signs=False) == (None, "NUM_FORMAT")
    assert one("(1,005.5)", currency_signs=False) == (Decimal("-1005.5"), None)


def test_an_undecided_separator_takes_only_what_reads_one_way():
    texts = ["5", "1,234", "1.234", "1,50", "1.50", "1.234,50", "1,234.50", "x", None, "1.23456"]
    expected = [
        (Decimal(5), None),
        (None, "NUM_FORMAT"),
        (None, "NUM_FORMAT"),
        (Decimal("1.5"), None),
        (Decimal("1.5"), None),
        (Decimal("1234.5"), None),
        (Decimal("1234.5"), None),
        (None, "NUM_FORMAT"),
        (None, None),
        (None, "NUM_PRECISION"),
    ]
    assert read(texts, "ambiguous") == expected


def test_a_constant_keeps_its_length():
    frame = pl.DataFrame({"v": ["1", "2"]})
    assert frame.select("v", decimal(pl.lit("$5"), MONEY).value.alias("c"))["c"].to_list() == [5, 5]


def test_whole_numbers():
    texts = ["3", "3.0", "+3", "-3", " 3 ", "3.5", "3.000", "1" * 19, "x", "", None]
    frame = pl.DataFrame({"v": texts})
    got = frame.select(integer(pl.col("v")).packed.alias("p"))["p"].to_list()
    assert [tuple(row.values()) for row in got] == [
        (3, None), (3, None), (3, None), (-3, None), (3, None), (None, "NUM_PRECISION"),
        (None, "NUM_FORMAT"), (None, "NUM_RANGE"), (None, "NUM_FORMAT"), (None, None), (None, None),
    ]  # fmt: skip


def test_a_percentage_becomes_a_rate():
    texts = ["7.00%", "7 %", "0.07", "19", "100000%", "7.1234567%", "x%", None]
    frame = pl.DataFrame({"v": texts})
    got = frame.select(percent(pl.col("v")).packed.alias("p"))["p"].to_list()
    seven = Decimal("0.07")
    assert [tuple(row.values()) for row in got] == [
        (seven, None), (seven, None), (seven, None), (None, "NUM_RANGE"), (None, "NUM_RANGE"),
        (None, "NUM_PRECISION"), (None, "NUM_FORMAT"), (None, None),
    ]  # fmt: skip
    as_percent = frame.select(percent(pl.col("v"), unsigned="percent").value)["value"].to_list()
    assert as_percent[2:4] == [Decimal("0.0007"), Decimal("0.19")]


amounts = st.decimals(
    min_value=Decimal("-99999999999.9999"), max_value=Decimal("99999999999.9999"), places=4
)


def written(amount, sign, group, frame):
    digits = f"{abs(amount):,.4f}".replace(",", "G").replace(".", sign).replace("G", group)
    minus = "-" if amount < 0 else ""
    return frame.format(minus + digits)


@settings(max_examples=60, deadline=None)
@given(st.lists(amounts, min_size=1, max_size=8), st.sampled_from([".", ","]), st.data())
def test_every_locale_reads_back_what_was_written(values, sign, data):
    others = ["", "," if sign == "." else ".", " ", "\u00a0", "\u202f", "'"]
    group = data.draw(st.sampled_from(others))
    frame = data.draw(st.sampled_from(["{}", "${}", "{} €", "USD {}", "{}\u00a0CHF", " {} "]))
    texts = [written(value, sign, group, frame) for value in values]
    assert read(texts, sign) == [(value, None) for value in values]


@settings(max_examples=300, deadline=None)
@given(
    st.lists(
        st.one_of(
            st.text(alphabet="0123456789.,-+ '()$€eE_%x\u00a0\u0661", max_size=14),
            st.from_regex(r"[-+]?[0-9]{0,16}\.?[0-9]{0,8}", fullmatch=True),
            st.text(max_size=10),
        ),
        min_size=1,
        max_size=20,
    )
)
def test_nothing_is_accepted_with_another_value_than_it_says(texts):
    for sign in (".", ","):
        for text, (value, fault) in zip(texts, read(texts, sign), strict=True):
            assert fault in {None, "NUM_FORMAT", "NUM_RANGE", "NUM_PRECISION"}
            assert value is None or fault is None
            if value is not None:
                # Python's reading: no groups, no currency, the sign wherever it stands.
                digits = re.sub(rf"[^0-9{sign}]", "", text).replace(sign, ".")
                assert digits.count(".") <= 1
                assert abs(value) == Decimal(digits)
                assert (value < 0) <= bool(re.search(r"[-(\u2212]", text))
            elif fault is None:
                assert not re.search(r"\w", text)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.from_regex(r"-?[0-9]{1,9}\.[0-9]{1,20}", fullmatch=True), min_size=1, max_size=10),
    st.integers(0, 4),
)
def test_rounding_agrees_with_decimal(texts, places):
    step = Decimal(1).scaleb(-places)
    expected = [(Decimal(text).quantize(step, ROUND_HALF_UP), None) for text in texts]
    assert read(texts, round_to=places) == expected


def test_an_exponent_beyond_any_order_is_out_of_range():
    assert one("1e309") == (None, "NUM_RANGE")
