"""What counts as the same order: texts, hashes, keys and claims."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from oms_import.dedupe.claims import build_claims
from oms_import.dedupe.content import content_texts, fingerprint_texts
from oms_import.dedupe.hashing import md5
from oms_import.dedupe.keys import key_text
from oms_import.model.tables import CLAIMS, TABLES
from oms_import.profiles.model import Duplicates

Order = Mapping[str, Any]
DAY = datetime(2026, 3, 1)  # noqa: DTZ001 as the tables hold it

LINE = {"sku": "A", "sku_raw": "A", "qty_ordered": Decimal(2), "uom": "EA", "title": "Thing"}
SHIP = {"role": "ship_to", "name": "Ann Lee", "line1": "1 Main Street", "city": "Bern"}
ORDER: dict[str, Any] = {
    "currency": "EUR",
    "purpose": "new",
    "stated_total": Decimal("20.00"),
    "order_number": "#1",
    "order_number_norm": "1",
    "order_key": "shop/main/1",
    "channel": "shop",
    "channel_account": "main",
    "order_lines": [LINE],
    "parties": [SHIP],
    "order_charges": [{"kind": "shipping", "amount": Decimal(5), "informational": False}],
}


def tables(*orders: Order) -> dict[str, pl.DataFrame]:
    rows: dict[str, list[dict[str, Any]]] = {name: [] for name in TABLES}
    for number, order in enumerate(orders):
        own = {name: value for name, value in order.items() if name not in TABLES}
        rows["orders"].append({"_order": number, **own})
        for name in TABLES:
            rows[name] += [{"_order": number, **row} for row in order.get(name, [])]
    return {
        name: pl.DataFrame(rows[name], schema={"_order": pl.Int64, **schema})
        for name, schema in TABLES.items()
    }


def contents(*orders: Order, ignore: tuple[str, ...] = ()) -> list[str]:
    return content_texts(tables(*orders), frozenset(ignore))["content_text"].to_list()


def alike(one: Order, two: Order, *ignore: str) -> bool:
    first, second = contents(one, two, ignore=ignore)
    apart = contents(two, ignore=ignore)
    assert apart == [second], "a text must not depend on the orders beside it"
    return first == second


def with_line(**changes: Any) -> Order:
    return {**ORDER, "order_lines": [{**LINE, **changes}]}


def with_address(**changes: Any) -> Order:
    return {**ORDER, "parties": [{**SHIP, **changes}]}


@pytest.mark.parametrize(
    "changed",
    [
        {**ORDER, "currency": "USD"},
        {**ORDER, "purpose": "replace"},
        {**ORDER, "po_number": "7"},
        {**ORDER, "customer_order_number": "7"},
        {**ORDER, "stated_total": Decimal("20.01")},
        {**ORDER, "stated_total": None},
        {**ORDER, "service_level": "express"},
        {**ORDER, "gift_message": "Happy birthday"},
        {**ORDER, "buyer_note": "Ring twice"},
        {**ORDER, "cancel_after": DAY},
        {**ORDER, "order_charges": []},
        {**ORDER, "order_lines": [LINE, LINE]},
        {**ORDER, "order_lines": []},
        {**ORDER, "parties": []},
        with_line(sku="B"),
        with_line(sku_raw="a-1"),
        with_line(qty_ordered=Decimal(3)),
        with_line(uom="CS"),
        with_line(unit_price=Decimal(10)),
        with_line(personalization="For Bo"),
        with_line(options="Size: L"),
        with_line(requested_ship_date=DAY),
        with_address(line1="2 Main Street"),
        with_address(external_id="store 7"),
    ],
)
def test_what_matters_to_the_order_makes_it_another(changed: Order) -> None:
    assert not alike(ORDER, changed)


@pytest.mark.parametrize(
    "changed",
    [
        {**ORDER, "status": "closed", "source_status": "done", "payment_status": "paid"},
        {**ORDER, "ordered_at": DAY, "ordered_at_raw": "1.3.2026"},
        {**ORDER, "stated_total": Decimal("20.0000")},
        {**ORDER, "payments": [{"method": "card", "amount": Decimal(20)}]},
        with_line(title="A thing reworded"),
        with_address(line1="1  MAIN street ", city="BERN"),
        with_address(phone="123", email="ann@example.com"),
        {**ORDER, "parties": [SHIP, {"role": "bill_to", "name": "Bo"}]},
        {
            **ORDER,
            "order_charges": [
                *ORDER["order_charges"],
                {"kind": "discount", "amount": Decimal(-1), "informational": True},
            ],
        },
    ],
)
def test_what_does_not_matter_leaves_it_the_same(changed: Order) -> None:
    assert alike(ORDER, changed)


def test_line_order_matters_to_the_content_but_not_to_the_fingerprint() -> None:
    other = {**LINE, "sku": "B", "sku_raw": "B"}
    one = {**ORDER, "order_lines": [LINE, other]}
    two = {**ORDER, "order_lines": [other, LINE]}
    assert not alike(one, two)
    first, second = fingerprint_texts(tables(one, two))["fingerprint_text"]
    assert first == second


def test_the_title_counts_only_where_nothing_else_names_the_item() -> None:
    unnamed = {"sku": None, "sku_raw": None}
    assert not alike(with_line(**unnamed), with_line(**unnamed, title="Other"))
    assert alike(with_line(**unnamed, gtin="1"), with_line(**unnamed, gtin="1", title="Other"))


@pytest.mark.parametrize(
    ("part", "changed"),
    [
        ("prices", {**with_line(unit_price=Decimal(9)), "stated_total": None}),
        ("prices", {**ORDER, "order_charges": []}),
        ("shipping", {**ORDER, "service_level": "express", "order_charges": []}),
        ("addresses", with_address(line1="elsewhere")),
        ("dates", {**ORDER, "ship_by": DAY}),
    ],
)
def test_a_profile_may_leave_a_part_out(part: str, changed: Order) -> None:
    assert not alike(ORDER, changed)
    assert alike(ORDER, changed, part)
    assert not alike(changed, {**changed, "currency": "USD"}, part)


TRICKY = st.text(st.sampled_from("ab\x1a\x1b\x1c\x1d\x1e\x1f0123 "), min_size=1, max_size=4)
MAYBE = st.none() | TRICKY
FEW = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@FEW
@given(
    st.lists(
        st.fixed_dictionaries(
            {
                "po_number": MAYBE,
                "buyer_note": MAYBE,
                "order_lines": st.lists(
                    st.fixed_dictionaries({"gtin": MAYBE, "uom": MAYBE, "options": MAYBE}),
                    max_size=3,
                ),
            }
        ),
        min_size=2,
        max_size=12,
    )
)
def test_two_orders_that_differ_never_read_the_same(orders: list[Order]) -> None:
    texts = contents(*orders)
    for order, text in zip(orders, texts, strict=True):
        assert [other == order for other in orders] == [other == text for other in texts]
        assert contents(order) == [text]


def prints(*orders: Order) -> list[str | None]:
    return fingerprint_texts(tables(*orders))["fingerprint_text"].to_list()


def bought(*parties: Order, **changes: Any) -> Order:
    return {**ORDER, "parties": parties, **changes}


def test_the_same_buyer_items_and_total_have_one_fingerprint_whatever_the_number() -> None:
    one = bought({**SHIP, "email": "Ann@Example.com"})
    two = bought({"role": "ship_to", "name": "A. Lee", "email": "ann@example.com "}, po_number="9")
    first, second = prints(one, two)
    assert first == second
    for other in (
        bought({"role": "ship_to", "email": "bo@example.com"}),
        {**one, "stated_total": Decimal(21)},
        {**one, "currency": "USD"},
        {**one, "order_lines": [LINE, LINE]},
    ):
        assert prints(other) != [first]


def test_a_buyer_is_known_by_mail_then_number_then_name_and_postcode() -> None:
    place = {"name": "Ann", "postal_code": "3000"}
    mail = bought({"role": "ship_to", **place}, {"role": "bill_to", "email": "a@b.c"})
    number = bought({"role": "ship_to", **place}, {"role": "buyer", "external_id": "77"})
    home = bought({"role": "ship_to", **place})
    texts = prints(mail, number, home)
    assert len(set(texts)) == 3
    assert None not in texts


def test_without_buyer_or_items_there_is_no_fingerprint() -> None:
    nobody = bought({"role": "ship_to", "name": "Ann"})
    empty = bought({"role": "ship_to", "email": "a@b.c"}, order_lines=[])
    assert prints(nobody, empty, bought()) == [None, None, None]
    assert fingerprint_texts(tables()).is_empty()


def test_a_key_of_several_fields_is_null_when_all_are_missing_and_never_ambiguous() -> None:
    frame = pl.DataFrame(
        {"a": ["x", "x\x1f", "x", None, "x", None], "b": ["y", "y", "\x1fy", "y", None, None]}
    )
    keys = frame.select(key_text(("a", "b"))).to_series().to_list()
    assert keys[5] is None
    assert len(set(keys)) == 6
    assert frame.select(key_text(("a",))).to_series().to_list() == frame["a"].to_list()


def test_md5_is_the_usual_one_keeps_nulls_and_row_order() -> None:
    texts = ["", "ä", None, *map(str, range(5000))]
    found = md5(pl.DataFrame({"n": range(len(texts)), "text": texts}), "text")
    expected = [None if t is None else hashlib.md5(t.encode()).hexdigest() for t in texts]
    assert found["text"].to_list() == expected
    assert found["n"].to_list() == list(range(len(texts)))


def claimed(rule: Duplicates, *orders: Order) -> pl.DataFrame:
    made = tables(*orders)
    number = made["orders"].select("_order")
    firsts = number.with_columns(
        pl.lit(0, dtype=pl.UInt32).alias("_drop"),
        (pl.col("_order") + 1).alias("record"),
        (pl.col("_order") + 2).alias("line"),
        pl.lit(None, dtype=pl.String).alias("interchange"),
    )
    outcomes = number.with_columns(pl.lit("accepted").alias("outcome"), pl.lit("").alias("codes"))
    return build_claims(made, rule, firsts, outcomes)


def test_claims_have_their_columns_and_a_fingerprint_only_when_asked_for() -> None:
    order = {**bought({"role": "ship_to", "email": "a@b.c"}), "stated_total": None}
    order |= {"computed_total": Decimal("9.5"), "line_count": 1}
    plain = claimed(Duplicates.model_validate({}), order, ORDER)
    assert plain.schema == CLAIMS
    first = plain.row(0, named=True)
    assert (first["key"], first["value"], first["lines"]) == ("1", Decimal("9.5000"), 1)
    assert (first["account"], first["record"], first["line"]) == ("main", 1, 2)
    assert first["fingerprint"] is None
    asked = claimed(Duplicates.model_validate({"near": {"action": "warn"}}), order)
    assert len(asked["fingerprint"][0]) == 32
    assert asked["content"].to_list() == plain["content"].to_list()[:1]


def test_no_orders_make_no_claims() -> None:
    assert claimed(Duplicates.model_validate({"near": {"action": "hold"}})).schema == CLAIMS
