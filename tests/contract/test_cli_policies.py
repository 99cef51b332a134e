"""Policies from outside: one channel, two customer segments, each with rules of its own."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from cli_process import Answer, Command, run

PROFILE = """\
extends = "csv-generic"

[defaults]
currency = "EUR"

[order]
segment = { from = "Customer type", map = { Wholesale = "b2b", Dealer = "b2b", Private = "b2c" } }

[rules]
include = ["house"]
required = ["line.title"]

[rules.segment.b2b]
include = ["b2b-strict"]
optional = ["line.title", "ship_to.line1"]
limits = { stated_total = { max = 50000 } }

[rules.segment.b2c]
include = ["b2c-strict"]
allowed = { "ship_to.country" = ["DE"] }
severity = { POSTCODE_FORMAT = "error" }
"""
POLICY = """\
title = "House rules"

[limits]
stated_total = { max = 500 }

[severity]
LIMIT_EXCEEDED = "error"

[segment.b2b.severity]
LIMIT_EXCEEDED = "hold"
"""
HEADER = (
    "Order Number,Order Date,Customer type,Customer No,PO Number,SKU,Title,Qty,Unit Price,Total,"
    "Ship To Name,Address,City,Zip Code,Country,Email,Cost centre,Loyalty card\n"
)
BUSINESS = {"type": "Wholesale", "customer": "C-7", "po": "PO-1", "title": "", "centre": "KST-9"}
CONSUMER = {"type": "Private", "title": "Mug", "mail": "ann@example.com", "card": "L-1"}


def row(number: str, kind: dict[str, str], **changes: str) -> str:
    told = {"price": "10", "total": "20", "street": "1 St", "zip": "01067", "land": "DE"}
    told |= kind | changes
    columns = (
        *("type", "customer", "po", "-", "title", "-", "price", "total", "-", "street", "-"),
        *("zip", "land", "mail", "centre", "card"),
    )
    fixed = {3: "X", 5: "2", 8: "Ann", 10: "Dresden"}
    cells = [fixed.get(at, told.get(name, "")) for at, name in enumerate(columns)]
    return ",".join([number, "2026-11-20", *cells]) + "\n"


ORDERS = {
    row("B1", BUSINESS, price="1000", total="2000"): "accepted",
    row("B2", BUSINESS, po=""): "FIELD_REQUIRED error po_number",
    row("B3", BUSINESS, customer=""): "FIELD_REQUIRED error bill_to | sold_to | buyer",
    row("B4", BUSINESS, total="21"): "TOTAL_MISMATCH hold stated_total",
    row("B5", BUSINESS, price="30000", total="60000"): "LIMIT_EXCEEDED hold stated_total",
    row("B6", BUSINESS, type="Dealer", street="", land="AT", zip="1010"): "accepted",
    row("B7", BUSINESS, zip="0106"): "accepted",
    row("C1", CONSUMER): "accepted",
    row("C2", CONSUMER, mail=""): (
        "FIELD_REQUIRED error ship_to.email | ship_to.phone | buyer.email | buyer.phone"
        " | bill_to.email | bill_to.phone"
    ),
    row("C3", CONSUMER, title=""): "FIELD_REQUIRED error line.title",
    row("C4", CONSUMER, land="AT", zip="1010"): "VALUE_NOT_ALLOWED error ship_to.country",
    row("C5", CONSUMER, zip="0106"): "POSTCODE_FORMAT error ship_to.postal_code",
    row("C6", CONSUMER, price="1000", total="2000"): "LIMIT_EXCEEDED error stated_total",
    row("C7", CONSUMER, street=""): "ADDRESS_INCOMPLETE error ship_to.line1",
}


def table(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(path.read_text("utf-8").splitlines()))


def shop(root: Path) -> Path:
    """A workspace with one channel of both segments, and a policy of the house."""
    assert run("init", str(root)).code == 0
    (root / "profiles" / "shop.toml").write_text(PROFILE)
    (root / "policies" / "house.toml").write_text(POLICY)
    (root / "drops" / "shop").mkdir()
    return root


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Answer]:
    """One file with orders of both segments, imported once; only to look at."""
    root = shop(tmp_path_factory.mktemp("both") / "space")
    (root / "drops" / "shop" / "mixed.csv").write_text(HEADER + "".join(ORDERS))
    return root, run("run", "--json", "-w", str(root))


def test_each_order_of_a_mixed_file_is_held_to_the_rules_of_its_segment(
    both: tuple[Path, Answer],
) -> None:
    root, answer = both
    out = root / "out"
    run_id = answer.json["run_id"]
    found = {
        one["order_number"]: "accepted" for one in table(out / "accepted" / run_id / "orders.csv")
    }
    for one in table(out / "rejected" / run_id / "exceptions.csv"):
        if one["severity"] in {"error", "hold"}:
            assert one["order_number"] not in found, "one fault each"
            found[one["order_number"]] = f"{one['code']} {one['severity']} {one['field']}"
    assert found == {text.partition(",")[0]: outcome for text, outcome in ORDERS.items()}


def test_what_is_particular_to_a_segment_is_kept_for_billing_and_service(
    both: tuple[Path, Answer],
) -> None:
    root, answer = both
    rows = table(root / "out/accepted" / answer.json["run_id"] / "order_attributes.csv")
    kept = {
        (one["order_key"].rpartition("/")[2].upper(), one["name"]): one["value"] for one in rows
    }
    assert kept["B1", "Cost centre"] == "KST-9"
    assert kept["C1", "Loyalty card"] == "L-1"
    # Both are b2b to the rules, but a dealer's rebate is not a wholesaler's.
    assert (kept["B1", "Customer type"], kept["B6", "Customer type"]) == ("Wholesale", "Dealer")


def test_show_tells_the_merged_rules(both: tuple[Path, Answer]) -> None:
    rules = run("profiles", "show", "shop", "--json", "-w", str(both[0])).json["profile"]["rules"]
    assert rules["limits"] == {"stated_total": {"max": 500.0}}
    assert rules["segment"]["b2b"]["severity"]["LIMIT_EXCEEDED"] == "hold"
    assert "po_number" in rules["segment"]["b2b"]["required"]
    assert rules["segment"]["b2c"]["severity"]["POSTCODE_FORMAT"] == "error"


def test_the_policies_are_listed_with_who_uses_them(both: tuple[Path, Answer]) -> None:
    listed = run("profiles", "policies", "--json", "-w", str(both[0])).json["policies"]
    by_name = {one["name"]: one for one in listed}
    assert by_name["house"] == {
        "name": "house", "from": "workspace", "title": "House rules", "include": [],
        "used_by": ["shop"], "problems": [],
    }  # fmt: skip
    assert (by_name["b2b-strict"]["from"], by_name["b2b-strict"]["used_by"]) == (
        "built-in",
        ["shop"],
    )
    assert by_name["marketplace-lenient"]["used_by"] == []


def test_one_policy_is_shown_with_or_without_a_workspace(command: Command) -> None:
    shown = command("profiles", "policies", "b2c-strict", "--json").json["policy"]
    assert (shown["name"], shown["severity"]["POSTCODE_FORMAT"]) == ("b2c-strict", "hold")
    wrong = command("profiles", "policies", "b2c-strikt", "--json")
    assert (wrong.code, "b2c-strict" in wrong.json["error"]["message"]) == (2, True)
    assert "POSTCODE_FORMAT" in command("profiles", "policies", "b2c-strict").out


def test_a_wrong_policy_is_told_by_check_list_and_run(command: Command, tmp_path: Path) -> None:
    root = shop(tmp_path / "space")
    (root / "policies" / "house.toml").write_text('required = ["po_nmber"]\n')
    told = "policies/house.toml, line 1: required: no field 'po_nmber'; did you mean po_number?"
    checked = command("profiles", "check", "--json", cwd=root)
    assert checked.code == 2
    verdicts = {Path(one["name"]).name: one for one in checked.json["profiles"]}
    assert not verdicts["shop.toml"]["ok"]
    assert told in verdicts["house.toml"]["problems"][0]
    listed = command("profiles", "policies", "--json", cwd=root).json["policies"]
    assert told in listed[0]["problems"][0]
    assert told.partition(": ")[2] in " ".join(
        command("profiles", "policies", cwd=root).out.split()
    )
    refused = command("run", "--json", cwd=root)
    assert refused.code == 2
    assert told in refused.json["error"]["message"]


def test_a_changed_policy_changes_what_replay_makes_of_an_order(
    command: Command, tmp_path: Path
) -> None:
    root = shop(tmp_path / "space")
    (root / "drops" / "shop" / "a.csv").write_text(HEADER + row("C1", CONSUMER))
    assert command("run", cwd=root).code == 0
    (root / "policies" / "house.toml").write_text('required = ["line.gtin"]\n')
    difference = command("replay", "--json", cwd=root)
    assert "FIELD_REQUIRED" in difference.out


def test_init_makes_a_folder_with_an_example_once(command: Command, tmp_path: Path) -> None:
    made = command("init", "space", "--json").json["made"]
    assert {"policies", "policies/house.toml"} <= set(made)
    (tmp_path / "space/policies/house.toml").unlink()
    assert command("init", "space", "--json").json["made"] == []
