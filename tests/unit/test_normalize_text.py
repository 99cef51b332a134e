from __future__ import annotations

import unicodedata

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oms_import.normalize.text import (
    clean,
    confusable,
    key,
    order_number_norm,
    without_apostrophe,
)


def apply(function, *texts):
    frame = pl.DataFrame({"v": list(texts)}, schema={"v": pl.String})
    return frame.select(function(pl.col("v")).alias("r"))["r"].to_list()


def test_white_space_and_invisible_marks_go_from_the_ends():
    texts = ["a", " a ", "\u00a0a\u2009", "\ufeffa\u200b", "a  b", "\t\n", "\u200b", "", None]
    assert apply(clean, *texts) == ["a", "a", "a", "a", "a  b", None, None, None, None]


def test_text_is_composed():
    assert apply(clean, "Mu\u0308ller") == ["Müller"]


def test_a_key_has_no_invisible_mark_at_all():
    assert apply(key, "A\u200b-1\u202e", "\u200f7 ", "\u00ad") == ["A-1", "7", None]


def test_an_order_number_is_compared_without_hash_space_and_case():
    texts = ["#3001", "3001", " # 30 01", "ab-1", "0042", "\u200b#3001\u00a0", "#", None]
    expected = ["3001", "3001", "3001", "AB-1", "0042", "3001", None, None]
    assert apply(order_number_norm, *texts) == expected


def test_look_alikes_are_found():
    mixed = ["p\u0430ypal", "\u0391BC", "A\u200b1", "1\u202e2", "\ufeffA"]
    mixed += ["\u041e1", "\u0410\u0412\u0421-12", "12\u0435", "\u0391\u03924", "\u0421\u039f7"]
    fine = ["paypal", "\u041c\u043e\u0441\u043a\u0432\u0430 12", "Müller", "東京 7", "", "12 m²"]
    fine += ["\u0416-12", "\u0410\u0411\u0412", "\u03a91", "12 \u20ac"]
    assert apply(confusable, *mixed) == [True] * len(mixed)
    assert apply(confusable, *fine) == [False] * len(fine)
    assert apply(confusable, None) == [None]


def test_the_apostrophe_of_spreadsheets_is_taken_off_digits_only():
    texts = ["'85003", '="007"', "'+49 30", "'tis", "O'Brien", "85003", None]
    expected = ["85003", "007", "+49 30", "'tis", "O'Brien", "85003", None]
    assert apply(without_apostrophe, *texts) == expected


@pytest.mark.parametrize("function", [clean, key, order_number_norm])
def test_a_constant_keeps_its_length(function):
    frame = pl.DataFrame({"v": ["1", "2"]})
    assert frame.select("v", function(pl.lit(" é ")).alias("c"))["c"].null_count() == 0


@settings(max_examples=150, deadline=None)
@given(st.lists(st.one_of(st.none(), st.text(max_size=8)), min_size=1, max_size=20))
def test_cleaning_twice_changes_nothing_and_columns_do_not_mix(texts):
    for function in (clean, key, order_number_norm):
        once = apply(function, *texts)
        assert apply(function, *once) == once
        assert once == [apply(function, text)[0] for text in texts]
    for text, cleaned in zip(texts, apply(clean, *texts), strict=True):
        if cleaned is not None:
            assert cleaned in unicodedata.normalize("NFC", text or "")
