"""Orders and lines of a document are found by what stands in them, and its paths by their names."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from oms_import.drafting.draft import draft
from oms_import.drafting.render import profile_text
from oms_import.drafting.sample import open_sample
from oms_import.drafting.spoken import spoken
from oms_import.model.errors import SettingError
from oms_import.preview import preview

ADDRESS = {"name": "Ann", "street": "Weg 1", "zip": "10115", "city": "Berlin", "country": "DE"}


def order(number: str, *skus: str) -> dict[str, Any]:
    lines = [{"id": at, "sku": sku, "qty": 2, "price": "9.50"} for at, sku in enumerate(skus, 1)]
    billing = {**ADDRESS, "city": "Bonn"}
    head = {"order_no": number, "placed_at": "2026-11-20T10:00:00Z", "currency": "EUR"}
    return {**head, "billing": billing, "delivery": ADDRESS, "positions": lines}


def xml(one: dict[str, Any]) -> str:
    address = "".join(f"<{name}>{text}</{name}>" for name, text in ADDRESS.items())
    lines = "".join(
        f'<Line number="{line["id"]}"><Sku>{line["sku"]}</Sku><Qty>{line["qty"]}</Qty>'
        f'<Price currency="EUR">{line["price"]}</Price></Line>'
        for line in one["positions"]
    )
    return (
        f"<Order><Head><OrderNumber>{one['order_no']}</OrderNumber><OrderDate>2026-11-20"
        f"</OrderDate></Head><ShipTo><Address>{address}</Address></ShipTo><Lines>{lines}</Lines>"
        "</Order>"
    )


TWO = [order("A1", "X1", "X2"), order("A2", "X1")]
FILES = {
    "array.json": (json.dumps(TWO), ".", "positions"),
    "lines.ndjson": ("".join(json.dumps(one) + "\n" for one in TWO), ".", "positions"),
    "held.json": (json.dumps({"page": 1, "data": {"orders": TWO}}), "data.orders", "positions"),
    "one.json": (json.dumps(order("A1", "X1", "X2")), ".", "positions"),
    "many.xml": (
        f"<Export><N>2</N>{''.join(map(xml, TWO))}</Export>",
        "/Export/Order",
        "Lines/Line",
    ),
    "one.xml": (xml(TWO[0]), "/Order", "Lines/Line"),
}


@pytest.mark.parametrize("name", FILES)
def test_a_draft_reads_the_orders_of_its_sample(tmp_path: Path, name: str) -> None:
    text, orders, lines = FILES[name]
    path, profile = tmp_path / name, tmp_path / "drafted.toml"
    path.write_text(text, "utf-8")
    made = draft(open_sample(path))
    assert (made.sample.orders, made.sample.lines) == (orders, lines)
    profile.write_text(profile_text(made, "drafted"), "utf-8")
    [document] = preview([str(path)], str(profile), None)["files"]  # type: ignore[misc]
    first = document["orders"][0]
    assert (first["order_number"], first["currency"]) == ("A1", "EUR")
    assert first["ordered_at"].startswith("2026-11-20")
    told = [(line["sku"], line["qty_ordered"], line["unit_price"]) for line in first["lines"]]
    assert told == [("X1", "2.0000", "9.500000"), ("X2", "2.0000", "9.500000")]
    [ship_to] = [one for one in first["parties"] if one["role"] == "ship_to"]
    assert (ship_to["name"], ship_to["line1"], ship_to["city"]) == ("Ann", "Weg 1", "Berlin")
    assert (ship_to["postal_code"], ship_to["country"]) == ("10115", "DE")


def test_rows_without_lines_of_their_own_are_lines_of_orders(tmp_path: Path) -> None:
    path = tmp_path / "flat.json"
    row = {"order_no": "A1", "date": "2026-11-20", "sku": "X", "qty": 1, "price": "2.50"}
    path.write_text(json.dumps([row, {**row, "sku": "Y"}]), "utf-8")
    made = draft(open_sample(path))
    assert (made.sample.orders, made.sample.lines) == (".", None)
    assert "[group]" not in profile_text(made, "flat")


def test_a_path_says_whose_it_is_and_what_it_ends_with() -> None:
    assert spoken(("ShipTo", "Address", "PostalAddress", "City"))[0] == "ShipTo City"
    assert spoken(("line", "sku"))[0] == "sku"


def test_what_holds_no_values_is_no_sample(tmp_path: Path) -> None:
    path = tmp_path / "empty.xml"
    path.write_text("<Orders><Order/></Orders>", "utf-8")
    with pytest.raises(SettingError):
        open_sample(path)
