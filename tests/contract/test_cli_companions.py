"""Orders that come in two files: joined where both are there, waiting where one is not."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import pytest
from cli_process import Command, make

ITEMS = (
    "Sale Date,Item Name,Buyer,Quantity,Price,Order Shipping,Order Sales Tax,Currency,"
    "Transaction ID,Listing ID,Ship Name,Ship Address1,Ship City,Ship State,Ship Zipcode,"
    "Ship Country,Order ID,Variations,SKU\n"
)
ORDERS = (
    "Sale Date,Order ID,Buyer User ID,Full Name,Number of Items,Currency,Order Value,Shipping,"
    "Sales Tax,Order Total,Status,Buyer Receipt Message\n"
)


def item(order: int, sku: str) -> str:
    return (
        f"08/14/25,Card {sku},cool,1,5.00,0.00,0.00,USD,{sku}{order},9,Jane Doe,1 Main St,Austin,"
        f"TX,78701,United States,#{order},,{sku}\n"
    )


def order(number: int, lines: int) -> str:
    total = f"{5 * lines}.00"
    return f"08/14/25,{number},77,Jane Doe,{lines},USD,{total},0.00,0.00,{total},Paid,Thank you\n"


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    root = make(tmp_path / "shop")
    (root / "profiles/shop-a.toml").unlink(missing_ok=True)
    (root / "profiles/etsy.toml").write_text('extends = "etsy"\n')
    (root / "drops/etsy").mkdir(parents=True)
    return root


def ran(command: Command, root: Path, code: int = 0, **files: str) -> dict[str, Any]:
    for name, text in files.items():
        (root / f"drops/etsy/{name}.csv").write_text(text)
    answer = command("run", "--json", "-w", str(root))
    assert answer.code == code, answer.out + answer.err
    return answer.json


def accepted(root: Path, report: dict[str, Any], table: str = "orders") -> list[dict[str, str]]:
    with (root / f"out/accepted/{report['run_id']}/{table}.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def counts(report: dict[str, Any]) -> tuple[int, int]:
    totals = report["totals"]
    return totals["orders_accepted"], totals["orders_held"]


def test_both_files_in_one_run_make_whole_orders(command: Command, shop: Path) -> None:
    items = ITEMS + item(1, "A") + item(1, "B") + item(2, "A")
    report = ran(command, shop, a=items, b=ORDERS + order(1, 2) + order(2, 1))
    assert counts(report) == (2, 0)
    first, second = accepted(shop, report)
    assert (first["order_number"], first["stated_total"], first["line_count"]) == (
        "1",
        "10.0000",
        "2",
    )
    assert second["buyer_note"] == "Thank you"
    told = [one for one in accepted(shop, report, "order_attributes") if one["name"] == "COMPANION"]
    assert [one["value"] for one in told] == ["b.csv, record 1", "b.csv, record 2"]


@pytest.mark.parametrize("first", ["items", "orders"])
def test_half_an_order_waits_and_is_taken_up_by_itself(
    command: Command, shop: Path, first: str
) -> None:
    halves = {"items": ITEMS + item(1, "A") + item(2, "A"), "orders": ORDERS + order(1, 1)}
    [second] = set(halves) - {first}
    alone = ran(command, shop, 3, **{first: halves[first]})
    assert counts(alone) == (0, 2 if first == "items" else 1)
    assert {one["code"] for one in alone["reasons"]} == {"COMPANION_MISSING"}
    assert ran(command, shop)["status"] == "noop"
    both = ran(command, shop, 0 if first == "items" else 3, **{second: halves[second]})
    assert counts(both) == (1, 0 if first == "items" else 1)
    [order_] = accepted(shop, both)
    assert (order_["order_number"], order_["stated_total"]) == ("1", "5.0000")
    waiting = command("exceptions", "list", "--json", "-w", str(shop)).json["exceptions"]
    assert [one["order_number"] for one in waiting] == ["2"]
    last = ran(command, shop, last=ORDERS + order(2, 1))
    assert counts(last) == (1, 0)
    assert command("exceptions", "list", "--json", "-w", str(shop)).json["exceptions"] == []


def test_what_waits_is_not_held_anew_by_files_of_other_orders(command: Command, shop: Path) -> None:
    ran(command, shop, 3, a=ITEMS + item(1, "A"))
    report = ran(command, shop, b=ITEMS + item(2, "A"), c=ORDERS + order(2, 1))
    assert counts(report) == (1, 0)
    assert [one["name"] for one in report["drops"] if one["status"] == "imported"] == [
        "b.csv",
        "c.csv",
    ]


def test_after_the_wait_orders_are_released_where_the_profile_says_so(
    command: Command, shop: Path
) -> None:
    ran(command, shop, 3, a=ITEMS + item(1, "A"))
    with (shop / "profiles/etsy.toml").open("a") as file:
        file.write('[companion]\nwait_hours = 0\nthen = "release"\n')
    report = ran(command, shop)
    assert counts(report) == (1, 0)
    assert accepted(shop, report)[0]["stated_total"] == ""


def test_after_the_wait_orders_stay_with_a_person_by_default(command: Command, shop: Path) -> None:
    ran(command, shop, 3, a=ITEMS + item(1, "A"))
    with (shop / "profiles/etsy.toml").open("a") as file:
        file.write("[companion]\nwait_hours = 0\n")
    report = ran(command, shop, 3, b=ORDERS + order(1, 1))
    assert counts(report) == (0, 1)


def test_a_known_order_is_not_accepted_again_with_a_later_pair(
    command: Command, shop: Path
) -> None:
    ran(command, shop, a=ITEMS + item(1, "A"), b=ORDERS + order(1, 1))
    more = ITEMS + item(1, "A") + item(2, "A")
    report = ran(command, shop, c=more, d=ORDERS + order(1, 1) + order(2, 1))
    assert report["totals"]["orders_duplicate"] == 1
    assert counts(report) == (1, 0)


def test_a_profile_cannot_name_a_companion_that_there_is_not(command: Command, shop: Path) -> None:
    (shop / "profiles/etsy.toml").write_text(
        'extends = "etsy-items"\n[companion]\nprofile = "etsy-oders"\nby = "Order ID"\n'
    )
    answer = command("profiles", "check", "-w", str(shop))
    assert answer.code == 2
    assert "companion.profile" in answer.out
    assert "etsy-orders" in answer.out
