"""All mistakes of a profile are told in one round, none because of another."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oms_import.model.errors import SettingError
from oms_import.profiles.load import parse_profile
from oms_import.profiles.sound import Remains

MISTAKES = (
    'titel = "A"',
    "version = 0",
    'extends = "shopify-cvs"',
    'source.api_token = "x"',
    'defaults.currency = "euro"',
    'defaults.timezone = "Europe/Berln"',
    'format = "csv"',
    'lines = { in = "columns" }',
    'order.order_nmber = "Nr"',
    'order.status = { from = "S", map = { a = "opn" }, index = "x" }',
    'order.ordered_at = { from = 3, months = "pl" }',
    'party.shipto = { name = "N" }',
    'rows.skip = [{ column = "A" }, { column = "B", matches = "[" }]',
    (
        'charge = [{ kind = "fees", amount = "A" }, { amount = "B" }, '
        '{ kind = "fee", amount = { from = "C", extract = "x" } }]'
    ),
    'rules.include = ["b2b-strct"]',
    'rules.required = ["po_nmber"]',
    'rules.allowed.status = ["shipped"]',
    'rules.allowed."line.qty_ordered" = ["some"]',
    "rules.limits.stated_total = { min = nan, max = inf }",
    'rules.severity = { QTY_MISSING = "fatal", QTY_MISING = "hold" }',
    'rules.segment.b2b = { include = ["b2c"], requird = [] }',
    'duplicates.key = ["order_nmber"]',
    'ignore = [{ field = "colour" , equals = "x" }, { field = "line_count", equals = "none" }]',
)


def told(*lines: str) -> list[str]:
    """What is said of these lines, without where they stand."""
    with pytest.raises(SettingError) as caught:
        parse_profile("\n".join(lines), "shop.toml", "shop")
    return [re.sub(r", line \d+", "", line) for line in caught.value.message.splitlines()]


@cache
def alone(line: str) -> tuple[str, ...]:
    return tuple(told(line))


@given(st.sets(st.sampled_from(MISTAKES), min_size=1))
def test_any_mistakes_together_are_told_as_each_alone(lines: set[str]) -> None:
    assert sorted(told(*lines)) == sorted(one for line in lines for one in alone(line))


def test_every_entry_of_a_list_is_looked_at_and_counted_as_it_is_written() -> None:
    [charges] = [line for line in MISTAKES if line.startswith("charge")]
    assert [one.partition(":")[2].split(":")[0] for one in alone(charges)] == [
        " charge[1].kind",
        " charge[2].kind",
        " charge[3].amount.extract",
    ]


def test_what_a_base_that_is_not_there_may_have_had_is_not_missed() -> None:
    lines = ('extends = "nothing-like-it"', 'order.status.map = { a = "open" }', "version = 0")
    assert len(told(*lines)) == 2


@pytest.mark.parametrize(
    ("paths", "left"),
    [
        ([("a",)], {"b": [{"c": 1}, {"d": 2}]}),
        ([("b", 0)], {"a": 1, "b": [{"d": 2}]}),
        ([("b", 0, "c")], {"a": 1, "b": [{}, {"d": 2}]}),
        ([("b", 1, "c")], {"a": 1, "b": [{"c": 1}]}),
        ([("b", 0, "c"), ("b", 0), ("b", 1)], {"a": 1, "b": []}),
        ([("x",)], {}),
        ([("a", "x")], {"b": [{"c": 1}, {"d": 2}]}),
    ],
)
def test_what_is_wrong_is_taken_out_and_what_lacks_something_too(
    paths: Any, left: dict[str, Any]
) -> None:
    remains = Remains({"a": 1, "b": [{"c": 1}, {"d": 2}]})
    remains.take_out(paths)
    assert remains.table == left


def test_entries_are_known_by_where_they_stood() -> None:
    remains = Remains({"a": [0, 1, 2, 3]})
    remains.take_out([("a", 1)])
    remains.take_out([("a", 1)])
    assert remains.table == {"a": [0, 3]}
    assert remains.original(("a", 1)) == ("a", 3)
    assert remains.gone == [("a", 1), ("a", 2)]
    assert remains.caused(("a", 2, "x"))
    assert not remains.caused(("a", 3))
