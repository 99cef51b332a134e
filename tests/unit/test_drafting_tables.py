"""Profiles drafted from tables in many languages: what `preview` makes of the first order."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from oms_import.drafting.draft import draft
from oms_import.drafting.render import profile_text
from oms_import.drafting.sample import open_sample
from oms_import.preview import preview

TABLES = Path(__file__).parent / "drafting"
# file: order number, date, SKU, quantity, price, name, postcode, country; None: it has none
WANTED: dict[str, tuple[str | None, ...]] = {
    "shopware_de": ("SW10001", "2024-04-03", "A-100", "2", "12.5", "Anna Müller", "80331", "DE"),
    "presta_fr": ("CMD-0001", "2024-04-12", "REF01", "3", "45", "Jean Dupont", "75002", "FR"),
    "es": ("1001", "2024-03-15", "CAM-01", "2", "19.95", "Ana García", "28013", "ES"),
    "it": ("2024/15", "2024-05-20", "ABC1", "2", "50", "Mario Rossi", "00100", "IT"),
    "nl": ("B-77", "2024-02-13", "ART-9", "2", "15.95", "Hans de Groot", "1234 AB", "NL"),
    "sv": ("5001", "2024-01-05", "A1", "4", "199", "Sven Svensson", "111 22", "SE"),
    "pl": ("ZAM/1", "2024-03-02", "SYM1", "3", "19.9", "Jan Kowalski", "00-950", "PL"),
    "pt": ("E100", "2024-06-01", "S1", "6", "8.5", "Rui Costa", "1000-001", "PT"),
    "mirakl": ("00123_A", "2024-05-01", "OFF-1", "2", "20", "John Doe", "10115", "DE"),
    "bigcommerce": ("100", "2024-05-13", "MUG-1", "2", "20", "Jane Doe", "78701", "US"),
    "sap": ("4500001", "2024-05-01", "MAT-1", "100", "0.5", "ACME Ltd", "SW1A 1AA", "GB"),
    "kaufland": ("MABC123", "2024-05-01", "OF-1", "1", None, "Max Muster", "50667", "DE"),
    "allegro": ("a1-b2", "2024-05-01", "S-1", "2", "10", "Jan K", "00-950", "PL"),
    "ebay_uk": ("11-11111-11111", "2024-06-01", "HAT-1", "2", "10", "Bob B", "LS1 1AA", "GB"),
    "preamble": ("SO-1", "2024-05-03", "X1", "2", "5", "Al Bo", "89501", "US"),
    "squarespace": ("00012", "2024-02-03", "SQ1", "2", "10", "A A", "89501", "US"),
    "temu": ("PO-1", "2024-05-13", "CS-1", "1", "70.48", "Jan Kow", "00-950", "PL"),
    "woo_basic": ("5566", "2024-04-01", "W-1", "2", "10", "Kim Lee", "78701", "US"),
    "wayfair": ("CS100", "2024-05-13", "IT-1", "2", "1045", "Lee K", "78701", None),
    "camel": ("X-9", "2024-05-13", "K-1", "2", "10", "Lee K", "78701", "US"),
    "otto_de": ("b7-1", "2024-04-03", "4711", "1", "499", "Anna Müller", "80331", "DE"),
    "jtl": ("AU2024-1", "2024-05-03", "JT-1", "5", "3.25", "Jörg Käfer", "50667", "DE"),
    "cdiscount": ("24051310ABC", "2024-05-13", "CD-1", "2", "15", "Luc Dupont", "31000", "FR"),
    "walmart_ca": ("111", "2024-05-01", "W1", "2", "11.99", "Lee K", "78701", None),
    "amz_de": ("303-1", "2024-05-01", "AZ-1", "2", "10", None, "10115", "DE"),
    "netsuite": ("SO10012", "2024-05-13", "WID-1", "10", "4.5", "Acme Inc", "89501", "US"),
    "shopee": ("240513ABC", "2024-05-13", "SH-1", "2", "10", "Ana L", "1000", "PH"),
    "lazada": ("998877", "2024-05-13", "LZ-1", None, "20", "Ali B", "50000", "MY"),
    "etsy_orders_items": ("E1", "2024-06-01", None, "3", "4", "Ann Lee", "LS1 1AA", "GB"),
    "lines_only_ean": ("PO900", "2024-05-13", None, "12", "3.5", "Winkel 1", "3011AA", None),
    "danish_no": ("7001", "2024-05-13", "V-1", "2", "50", "Lars H", "8000", "DK"),
    "brazil": ("2000001", "2024-05-13", "ML-1", "2", "50", "João Silva", "01310-100", "BR"),
    "terse": ("A1", "2024-05-13", "I-1", "2", "3.5", "Lee", "78701", "US"),
    "b2b_portal": ("4500123", "2024-05-13", "V-1", "24", "2", "DC 5", "75201", "US"),
    "mixed_sep": ("N-1", "2024-05-13", "P1", "2", "12", "Ida K", "10115", "DE"),
    "zalando": ("Z100", "2024-05-13", "AR-1", None, "49.95", "Ida Kern", "10115", "DE"),
    "shopify_matrixify": ("#1001", "2024-05-13", "S1", "2", "10", "Al B", "89501", "US"),
    "odoo": ("S00012", "2024-05-13", "FURN-1", "2", "100", "Azure", "94538", "US"),
    "magento_lines": ("000000101", "2024-05-13", "M-1", "2", "10", "Eva Lund", "89073", "DE"),
    "dynamics": ("SO-101", "2024-05-13", "1896-S", "4", "649.4", "Contoso DC", "SW1A 1AA", "GB"),
    "plenty": ("900", "2024-05-13", "V-1", "2", "10", None, "89073", "DE"),
    "tesco_csv": ("T-1", "2024-05-13", "P-1", "4", "12", "Store 5", "LS1 1AA", None),
    "fnac": ("F1", "2024-05-13", "FN-1", "2", "12.5", "Léa Blanc", "69001", "FR"),
    "noisy": ("X1", "2024-05-13", "A-1", "2", "10", "Al B", "LS1 1AA", "GB"),
}


def first_order(name: str, folder: Path) -> dict[str, Any]:
    path = TABLES / f"{name}.csv"
    profile = folder / f"{name}.toml"
    profile.write_text(profile_text(draft(open_sample(path)), name), "utf-8")
    [document] = preview([str(path)], str(profile), None)["files"]  # type: ignore[misc]
    return document["orders"][0]


def same(ours: str | None, wanted: str | None) -> bool:
    return wanted is None or (ours is not None and Decimal(ours) == Decimal(wanted))


@pytest.mark.parametrize("name", WANTED)
def test_a_table_is_read_as_a_person_reads_it(name: str, tmp_path: Path) -> None:
    number, date, sku, quantity, price, person, postcode, country = WANTED[name]
    order = first_order(name, tmp_path)
    line = order["lines"][0]
    ship_to = next((party for party in order["parties"] if party["role"] == "ship_to"), {})
    assert order["order_number"] == number
    assert (order["ordered_at"] or "")[:10] == date
    assert sku is None or line["sku"] == sku
    assert same(line["qty_ordered"], quantity)
    assert same(line["unit_price"], price)
    assert person is None or ship_to["name"] == person
    assert postcode is None or ship_to["postal_code"] == postcode
    assert country is None or ship_to["country"] == country
