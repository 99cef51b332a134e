from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from oms_import.profiles.check import coverage
from oms_import.profiles.detect import detect, known_columns, nearest, required_groups
from oms_import.profiles.load import builtin, builtin_names
from oms_import.profiles.model import Profile
from oms_import.readers.registry import reader_named

BUILTIN = [builtin(name) for name in builtin_names()]
TABULAR = [one for one in BUILTIN if reader_named(one.format.reader).tables]
HEADER = ("Order", "Date", "SKU", "Qty", "Price")


def profile(name: str = "shop", **more: Any) -> Profile:
    table: dict[str, Any] = {
        "name": name,
        "order": {"order_number": ["Order", "Nr"], "ordered_at": "Date"},
        "line": {"sku": "SKU", "qty_ordered": "Qty"},
        **more,
    }
    return Profile.model_validate(table)


def names(columns: tuple[str, ...], *profiles: Profile, file: str = "a.csv") -> list[str]:
    return [one.name for one in detect(columns, file, profiles)]


def test_all_marks_must_be_there_whatever_their_case_and_spaces() -> None:
    marked = profile(detect={"columns": ["Order", "Unit  price"]})
    assert names(("ORDER ", "unit price"), marked) == ["shop"]
    assert names(("Order", "Price"), marked) == []


def test_one_of_the_alternative_marks_must_be_there() -> None:
    marked = profile(detect={"any": ["Record", "Protokoll"]})
    assert names(("Order", "protokoll"), marked) == ["shop"]
    assert names(("Order", "SKU"), marked) == []


def test_marks_count_more_than_knowing_many_columns() -> None:
    marked = profile("marked", line={}, detect={"columns": ["Date"]})
    assert names(HEADER, profile("plain"), marked) == ["marked", "plain"]


def test_two_that_fit_alike_are_a_tie() -> None:
    first, second = detect(HEADER, "a.csv", [profile("b"), profile("a")])
    assert (first.name, second.name) == ("a", "b")
    assert first.score == second.score


def test_the_name_of_the_file_decides_a_tie() -> None:
    named = profile("b", detect={"names": ["till-*.csv"]})
    assert names(HEADER, profile("a"), named, file="Till-7.CSV") == ["b", "a"]


def test_a_profile_goes_before_what_it_extends() -> None:
    ours = builtin("shopify-csv").model_copy(update={"name": "web", "extends": "shopify-csv"})
    header = ("Name", "Created at", "Lineitem name", "Currency")
    assert names(header, *BUILTIN, ours) == ["web"]
    assert names(header, *BUILTIN) == ["shopify-csv"]


def test_what_it_extends_stays_where_the_profile_itself_does_not_fit() -> None:
    ours = profile("ours", extends="base", detect={"columns": ["Till"]})
    assert names(HEADER, profile("base"), ours) == ["base"]


def test_the_evidence_says_which_columns_are_known() -> None:
    [found] = detect(HEADER, "a.csv", [profile()])
    assert found.matched == ("Order", "Date", "SKU", "Qty")
    assert found.unknown == ("Price",)
    assert found.missing == ()


def test_the_evidence_names_the_columns_that_the_header_lacks() -> None:
    [found] = detect(("Nr", "SKU"), "a.csv", [profile()])
    assert found.missing == ("Date", "Qty")
    assert found.as_json()["missing"] == ["Date", "Qty"]


def test_where_none_fits_the_nearest_are_those_that_know_most() -> None:
    header = ("Date", "SKU", "Qty", "Price")
    assert names(header, profile()) == []
    far = profile("far", order={"order_number": "Number"}, line={"sku": "Article"})
    assert [one.name for one in nearest(header, "a.csv", [far, profile()])] == ["shop"]


def test_columns_that_hold_lines_are_known() -> None:
    [found] = detect(("Order", "item_1", "item_2"), "a.csv", [in_columns()])
    assert found.unknown == ()


def test_without_the_order_number_or_a_required_column_nothing_fits() -> None:
    assert names(("Date", "SKU"), profile()) == []
    strict = profile(format={"required_columns": ["SKU", "Shop"]})
    assert required_groups(strict) == (("SKU",), ("Shop",))
    assert names(HEADER, strict) == []
    assert required_groups(profile()) == (("Order", "Nr"),)


def test_known_columns_are_all_that_a_profile_names() -> None:
    rich = profile(
        group={"by": "Key"},
        lines={"in": "json", "column": "Cell"},
        rows={"skip": [{"column": "Kind", "blank": True}]},
        drop_columns=["Card"],
        detect={"columns": ["Mark"], "any": ["One"]},
        charge=[{"kind": "fee", "amount": "Fee", "name": {"concat": ["A", "B"]}}],
    )
    wanted = {"Key", "Cell", "Kind", "Card", "Mark", "One", "Fee", "A", "B", "Order", "Nr", "SKU"}
    assert wanted <= known_columns(rich)


@given(st.lists(st.sampled_from(sorted(known_columns(builtin("csv-generic")))), max_size=6))
def test_no_marketplace_is_guessed_from_generic_names(columns: list[str]) -> None:
    assert set(names(tuple(columns), *TABULAR)) <= {"csv-generic"}


def in_columns() -> Profile:
    return profile(
        line={"sku": "sku", "qty_ordered": "quantity"},
        lines={"in": "columns", "columns": "item_*"},
    )


def test_coverage_says_what_is_filled_empty_and_left_over() -> None:
    rich = profile(
        party={"ship_to": {"name": "Name", "country": {"const": "DE"}}},
        charge=[{"kind": "fee", "amount": "Fee"}, {"kind": "cod", "amount": "COD"}],
        drop_columns=["Card"],
    )
    found = coverage(rich, ("nr", "ORDER", "SKU", "COD", "Card", "Other"))
    assert found.filled == {
        "order.order_number": ("ORDER", "nr"),
        "line.sku": ("SKU",),
        "party.ship_to.country": (),
        "charge[2].amount": ("COD",),
    }
    assert found.empty == (
        "order.ordered_at",
        "line.qty_ordered",
        "party.ship_to.name",
        "charge[1].amount",
    )
    assert found.attributes == ("Other",)
    assert found.dropped == ("Card",)
    assert found.lacking == ()


def test_coverage_names_the_columns_whose_lack_refuses_a_file() -> None:
    assert coverage(profile(), ("SKU",)).lacking == (("Order", "Nr"),)


def test_lines_in_columns_are_filled_from_these() -> None:
    found = coverage(in_columns(), ("Order", "item_1", "Item_2", "x"))
    assert found.filled["line.sku"] == ("item_1", "Item_2")
    assert found.attributes == ("x",)


@given(st.sampled_from(BUILTIN), st.lists(st.text(max_size=8), max_size=8, unique=True))
def test_every_column_is_read_dropped_or_left_over(one: Profile, more: list[str]) -> None:
    columns = tuple(dict.fromkeys([*sorted(known_columns(one))[:10], *more]))
    found = coverage(one, columns)
    read = {name for names in found.filled.values() for name in names} | set(one.group.by)
    folded = {" ".join(name.split()).casefold() for name in read | set(found.dropped)}
    for column in columns:
        same = " ".join(column.split()).casefold() in folded
        assert same or column in found.attributes
