from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oms_import.normalize.codes import (
    card_number,
    country,
    currency,
    flag,
    gtin_valid,
    map_country_default,
    mapped,
    postcode,
)
from oms_import.normalize.countries import country_codes


def read(parser, *texts):
    frame = pl.DataFrame({"v": list(texts)}, schema={"v": pl.String})
    rows = frame.select(parser(pl.col("v")).packed.alias("p"))["p"].to_list()
    return [row["fault"] or row["value"] for row in rows]


def ask(test, *texts):
    frame = pl.DataFrame({"v": list(texts)}, schema={"v": pl.String})
    return frame.select(test(pl.col("v")).alias("r"))["r"].to_list()


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("US", "US"), ("us", "US"), (" usa ", "US"), ("U.S.A.", "US"), ("United  States", "US"),
        ("United States of America", "US"), ("UK", "GB"), ("England", "GB"), ("GBR", "GB"),
        ("Deutschland", "DE"), ("Österreich", "AT"), ("O\u0308sterreich", "AT"), ("España", "ES"),
        ("ESPANA", "ES"), ("Italia", "IT"), ("France", "FR"), ("Nederland", "NL"),
        ("The Netherlands", "NL"), ("Niederlande", "NL"), ("Suisse", "CH"), ("Türkiye", "TR"),
        ("Czech Republic", "CZ"), ("South Korea", "KR"), ("Viet Nam", "VN"),
        ("Côte d\u2019Ivoire", "CI"), ("Russian Federation", "RU"),
    ],
)  # fmt: skip
def test_a_country_is_known_by_code_and_name(text, code):
    assert read(country, text) == [code]


def test_what_is_no_country_is_said_and_blank_is_blank():
    assert read(country, "Xanadu", "XX", "", "  ", None) == ["COUNTRY_UNKNOWN"] * 2 + [None] * 3


def test_a_channel_may_add_spellings():
    assert read(lambda raw: country(raw, {"Merica": "US"}), "merica", "DE") == ["US", "DE"]


def test_a_blank_country_becomes_the_default():
    assert read(lambda raw: map_country_default(raw, "DE"), "", None, "FR") == ["DE", "DE", "FR"]
    assert read(lambda raw: map_country_default(raw, None), "", "FR") == [None, "FR"]


def test_every_country_is_known_by_its_codes():
    codes = country_codes()
    assert len(set(codes.values())) == 250
    assert all(codes[code.lower()] == code for code in set(codes.values()))


def test_currencies():
    assert read(currency, "usd", " EUR ", "€", "£", "R$") == ["USD", "EUR", "EUR", "GBP", "BRL"]
    assert read(currency, "$", "XXX", "US", "Euro", "") == ["CURRENCY_UNKNOWN"] * 4 + [None]


def test_flags():
    assert read(flag, "Yes", "TRUE", "1", "ja", "x") == [True] * 5
    assert read(flag, "no", "N", "0", "Nein", "false") == [False] * 5
    assert read(flag, "maybe", "2", None) == ["CODE_UNKNOWN"] * 2 + [None]


@pytest.mark.parametrize(
    ("other", "rest"),
    [("error", "CODE_UNKNOWN"), ("keep", "Weird"), ("blank", None), ("=pending", "pending")],
)
def test_a_table_ignores_case_and_says_what_becomes_of_the_rest(other, rest):
    table = {"Paid": "paid", " VOIDED ": "cancelled"}
    got = read(lambda raw: mapped(raw, table, other), "PAID", "voided ", " Weird", "", None)
    assert got == ["paid", "cancelled", rest, None, None]


def test_a_postcode_stays_text():
    assert ask(postcode, "'02134", "02134 ", '="00601"', "SW1A 1AA", "") == [
        "02134", "02134", "00601", "SW1A 1AA", None,
    ]  # fmt: skip


def test_check_digits_of_gtins():
    good = ["4006381333931", "036000291452", "96385074", "00012345600012"]
    bad = ["4006381333932", "123", "40063813339310000", "400638133393x", ""]
    assert ask(gtin_valid, *good, *bad, None) == [True] * 4 + [False] * 5 + [None]


CARDS = ["4111111111111111", "5555555555554444", "2223003122003222", "378282246310005",
         "6011111111111117", "3530111333300000", "30569309025904"]  # fmt: skip


@pytest.mark.parametrize("number", CARDS)
def test_a_card_number_is_found_alone_grouped_and_in_text(number):
    four = " ".join(number[at : at + 4] for at in range(0, len(number), 4))
    texts = [number, four, four.replace(" ", "-"), f"Visa {number}, exp 12/28"]
    assert ask(card_number, *texts) == [True] * 4


def test_other_numbers_are_no_cards():
    texts = [
        "4111111111111112", "576461413038785752", "4006381333931", "1234567890123456", "4111",
        "DE89370400440532013000", "2026-09-22 10:15:30 4111", "00340434161094042557", "",
    ]  # fmt: skip
    assert ask(card_number, *texts, None) == [False] * len(texts) + [None]


@settings(max_examples=80, deadline=None)
@given(st.lists(st.one_of(st.none(), st.text(max_size=25)), min_size=1, max_size=15))
def test_garbage_never_raises(texts):
    for parser in (country, currency, flag, lambda raw: mapped(raw, {"a": "b"})):
        assert len(read(parser, *texts)) == len(texts)
    for test in (card_number, gtin_valid, postcode):
        assert len(ask(test, *texts)) == len(texts)


def luhn(digits):
    doubled = [int(d) * (1 + at % 2) for at, d in enumerate(reversed(digits))]
    return sum(d - 9 * (d > 9) for d in doubled) % 10 == 0


cards = st.from_regex(r"(?:4[0-9]{15}|5[1-5][0-9]{14}|3[47][0-9]{13})", fullmatch=True)


@settings(max_examples=80, deadline=None)
@given(st.lists(cards, min_size=1))
def test_a_card_is_what_passes_the_luhn_check(numbers):
    assert ask(card_number, *numbers) == [luhn(number) for number in numbers]
