"""What bites in each channel, as small files of our own read by the built-in profiles."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from oms_import.preview import preview
from oms_import.profiles.load import builtin, builtin_names, builtin_text

ROOT = Path(__file__).parents[2]


class Shop:
    """Reads a file's text as `preview` does, without naming a profile."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def read(self, text: str, name: str = "orders.csv", profile: str | None = None) -> Any:
        path = self.folder / name
        path.write_text(text, "utf-8")
        [document] = preview([str(path)], profile, None)["files"]  # type: ignore[misc]
        return document

    def orders(self, text: str, name: str = "orders.csv", profile: str | None = None) -> Any:
        return self.read(text, name, profile)["orders"]


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    return Shop(tmp_path)


def table(header: str, *rows: dict[str, str], delimiter: str = "\t") -> str:
    """A file with this header; each row names only the cells that it fills."""
    names = header.split(delimiter)
    assert all(set(row) <= set(names) for row in rows)
    lines = [delimiter.join(row.get(name, "") for name in names) for row in rows]
    return "\n".join([header, *lines, ""])


def outcomes(orders: Any) -> dict[str, str]:
    return {
        order["order_number"]: " ".join(
            [order["outcome"], *(f["code"] for f in order["findings"])][:2]
        )
        for order in orders
    }


def party(order: Any, role: str) -> Any:
    return next(one for one in order["parties"] if one["role"] == role)


def test_every_built_in_profile_says_what_it_is_and_is_mirrored() -> None:
    for name in builtin_names():
        text = builtin_text(name)
        assert text.startswith("# ")
        assert builtin(name).title
        assert builtin(name).order["order_number"].from_
        assert (ROOT / "profiles" / f"{name}.toml").read_text("utf-8") == text


AMAZON = (
    "amazon-order-id\tpurchase-date\torder-status\tfulfillment-channel\tship-service-level\t"
    "product-name\tsku\tasin\titem-status\tquantity\tcurrency\titem-price\titem-tax\t"
    "shipping-price\tshipping-tax\titem-promotion-discount\tship-postal-code\tship-country\t"
    "ship-city\tis-business-order"
)


def amazon(number: str, status: str = "Unshipped", **more: str) -> dict[str, str]:
    known = {
        "amazon-order-id": number,
        "purchase-date": "2026-01-05T10:00:00+00:00",
        "order-status": status,
        "fulfillment-channel": "Merchant",
        "product-name": '5" pipe',
        "sku": "PIPE",
        "quantity": "3",
        "currency": "EUR",
        "item-price": "80.97",
        "ship-postal-code": "10115",
        "ship-city": "Berlin",
        "ship-country": "DE",
    }
    return known | {name.replace("_", "-"): value for name, value in more.items()}


def test_amazon_prices_are_of_the_line_and_quotes_are_text(shop: Shop) -> None:
    [order] = shop.orders(
        table(
            AMAZON,
            amazon("1", item_tax="6.96", shipping_price="5.99", item_promotion_discount="4.00"),
        )
    )
    [line] = order["lines"]
    assert (line["title"], line["line_amount"], line["unit_price"]) == (
        '5" pipe',
        "80.9700",
        "26.990000",
    )
    assert order["computed_total"] == "89.9200"
    assert [tax["collected_by"] for tax in order["taxes"]] == ["marketplace"]
    assert [charge["amount"] for charge in order["charges"]] == ["5.9900", "-4.0000"]


def test_amazon_orders_that_are_not_ours_to_ship_are_ignored(shop: Shop) -> None:
    orders = shop.orders(
        table(
            AMAZON,
            amazon("open", is_business_order="true"),
            amazon("part", "PartiallyShipped"),
            amazon("shipped", "Shipped"),
            amazon("delivered", "Shipped - Delivered to Buyer"),
            amazon("pending", "Pending", **{"item-price": ""}),
            amazon("cancelled", "Cancelled", **{"item-price": "", "quantity": "1"}),
            amazon("theirs", "Unshipped", **{"fulfillment-channel": "Amazon"}),
        )
    )
    assert outcomes(orders) == {
        "open": "accepted",
        "part": "accepted",
        "shipped": "ignored ORDER_CLOSED",
        "delivered": "ignored ORDER_CLOSED",
        "pending": "ignored IGNORED_BY_RULE",
        "cancelled": "ignored ORDER_CANCELLED",
        "theirs": "ignored FULFILLED_BY_CHANNEL",
    }
    assert orders[0]["segment"] == "business"


def test_amazon_unshipped_orders_may_lack_prices_and_ship_what_is_left(shop: Shop) -> None:
    header = (
        "order-id\torder-item-id\tpurchase-date\tpromise-date\tsku\tproduct-name\t"
        "quantity-purchased\tquantity-shipped\tquantity-to-ship\trecipient-name\tship-address-1\t"
        "ship-city\tship-postal-code\tship-country"
    )
    row = {
        "order-id": "1",
        "purchase-date": "2026-01-05T10:00:00+00:00",
        "promise-date": "2026-01-07T06:59:59+00:00",
        "sku": "A",
        "quantity-purchased": "3",
        "quantity-shipped": "1",
        "quantity-to-ship": "2",
        "ship-address-1": "1 Main St",
        "ship-city": "Tempe",
        "ship-postal-code": "85281",
        "ship-country": "US",
    }
    [order] = shop.orders(table(header, row), "unshipped.txt")
    assert order["outcome"] == "accepted"
    assert order["lines"][0]["qty_ordered"] == "2.0000"
    assert order["ship_by"].startswith("2026-01-07")
    assert order["currency"] == "USD"


EBAY_DE = """\
;;;;;;;;;;;;;;;;;;
Verkaufsprotokollnummer;Bestellnummer;Nutzername des Käufers;Name des Käufers;\
Name des Empfängers;Adresse 1 des Empfängers;Versand nach - Ort;Versand nach - PLZ;\
Versand nach - Land;Artikelnummer;Angebotstitel;Bestandseinheit;Anzahl;Verkauft für;\
Verpackung und Versand;Gesamtbetrag;Zahlungsmethode;Verkauft am;Zahlungsdatum
;;;;;;;;;;;;;;;;;;
101;11-1;kai;Kai Ost;Kai Ost;Weg 1;Köln;50667;Deutschland;;;;;;4,99 €;1.054,97 €;PayPal;\
03-Mrz-26;03-Mrz-26
101;11-1;kai;;;;;;;333;Lampe;LA-1;2;25,00 €;;;;;
101;11-1;kai;;;;;;;334;Tisch;TI-1;1;999,98 €;;;;;
102;;eva;Eva Süd;Eva Süd;Weg 2;Bonn;53111;Deutschland;335;Stuhl;ST-1;1;20,00 €;0,00 €;\
20,00 €;PayPal;10-Dez-25;10-Dez-25
"""


def test_ebay_in_german_with_a_summary_row_and_a_missing_order_number(shop: Shop) -> None:
    document = shop.read(EBAY_DE)
    first, second = document["orders"]
    assert document["profile"] == "ebay-orders"
    assert (first["order_number"], second["order_number"]) == ("11-1", "102")
    assert (first["ordered_at"], second["ordered_at"]) == ("2026-03-03", "2025-12-10")
    assert [line["sku"] for line in first["lines"]] == ["LA-1", "TI-1"]
    assert first["stated_total"] == first["computed_total"] == "1054.9700"
    assert {order["currency"] for order in (first, second)} == {"EUR"}
    assert party(first, "ship_to")["postal_code"] == "50667"


@pytest.mark.parametrize(
    ("total", "currency"),
    [
        ("$24.60", "USD"),
        ("US $24.60", "USD"),
        ("AU $24.60", "AUD"),
        ("C $24.60", "CAD"),
        ("£24.60", "GBP"),
        ("24.60", "USD"),
    ],
)
def test_the_sign_of_an_ebay_total_is_its_currency(shop: Shop, total: str, currency: str) -> None:
    [order] = shop.orders(
        "Sales Record Number,Order Number,Post To Name,Post To Address 1,Post To City,"
        "Post To Postal Code,Post To Country,Item Number,Custom Label,Quantity,Sold For,"
        "Total Price,Sale Date,Postage Service\n"
        f"7,1-2,Jo,1 High St,Perth,6000,Australia,1,SKU,1,{total},{total},13-Jan-26,Express\n"
    )
    assert (order["currency"], order["stated_total"]) == (currency, "24.6000")
    assert order["service_level"] == "Express"
    assert party(order, "ship_to")["country"] == "AU"


SHOPIFY = (
    "Name,Email,Financial Status,Currency,Subtotal,Shipping,Taxes,Duties,Total,Discount Code,"
    "Discount Amount,Created at,Lineitem quantity,Lineitem name,Lineitem price,Lineitem sku,"
    "Lineitem discount,Shipping Name,Shipping Address1,Shipping City,Shipping Zip,"
    "Shipping Country,Cancelled at"
)
ORDER = {
    "Name": "#1001",
    "Email": "a@example.com",
    "Financial Status": "paid",
    "Currency": "USD",
    "Shipping": "4.00",
    "Taxes": "2.00",
    "Duties": "1.50",
    "Total": "27.50",
    "Discount Code": "TEN",
    "Discount Amount": "5.00",
    "Created at": "2026-07-01 10:00:00 -0400",
    "Lineitem quantity": "2",
    "Lineitem name": "Mug",
    "Lineitem price": "10.00",
    "Lineitem sku": "M",
    "Lineitem discount": "5.00",
    "Shipping Name": "Al",
    "Shipping Address1": "1 St",
    "Shipping City": "Phoenix",
    "Shipping Zip": "'85003",
    "Shipping Country": "US",
}


def test_a_shopify_discount_counts_once_and_a_blank_name_continues(shop: Shop) -> None:
    more = {"Lineitem quantity": "1", "Lineitem price": "5.00", "Lineitem sku": "N"}
    [order] = shop.orders(table(SHOPIFY, ORDER, more, delimiter=","))
    assert [line["sku"] for line in order["lines"]] == ["M", "N"]
    assert order["total_check"] == "match"
    assert party(order, "ship_to")["postal_code"] == "85003"
    assert order["ordered_at"] == "2026-07-01T14:00:00Z"
    assert [charge["informational"] for charge in order["charges"]] == [False, False, True]


@pytest.mark.parametrize(
    "change",
    [{"Financial Status": "voided"}, {"Cancelled at": "2026-07-02 09:00:00 -0400"}],
)
def test_voided_and_cancelled_shopify_orders_are_ignored(
    shop: Shop, change: dict[str, str]
) -> None:
    [order] = shop.orders(table(SHOPIFY, ORDER | {"Total": "22.50"} | change, delimiter=","))
    assert outcomes([order]) == {"#1001": "ignored ORDER_CANCELLED"}


def test_etsy_shipping_counts_once_whether_repeated_or_not(shop: Shop) -> None:
    header = (
        "Sale Date,Item Name,Quantity,Price,Discount Amount,Order Shipping,Order Sales Tax,"
        "Currency,Transaction ID,Listing ID,Ship Name,Ship Address1,Ship City,Ship Zipcode,"
        "Ship Country,Order ID,Variations,SKU"
    )
    row = {
        "Sale Date": "01/13/26",
        "Item Name": "Tee",
        "Quantity": "2",
        "Price": "$5.00",
        "Discount Amount": "$1.00",
        "Order Shipping": "$4.50",
        "Order Sales Tax": "$0.62",
        "Currency": "USD",
        "Ship Address1": "1 St",
        "Ship City": "Tempe",
        "Ship Zipcode": "85281",
        "Ship Country": "United States",
        "Order ID": "#30",
        "Variations": "Size:M Personalization: To: Ann",
        "SKU": "T",
    }
    for shipping in ("$4.50", "$0.00"):
        second = row | {"SKU": "U", "Order Shipping": shipping}
        [order] = shop.orders(table(header, row, second, delimiter=","))
        assert order["order_number"] == "30"
        assert order["computed_total"] == "23.1200"
        assert order["lines"][0]["personalization"] == "To: Ann"
        assert order["taxes"][0]["collected_by"] == "marketplace"


def test_orders_without_any_lines_wait_for_their_companion(shop: Shop) -> None:
    [order] = shop.orders(
        "Sale Date,Order ID,Number of Items,Full Name,Street 1,Ship City,Ship Zipcode,"
        "Ship Country,Currency,Order Value,Order Total\n"
        "01/13/26,30,2,Ann,1 St,Tempe,85281,US,USD,10.00,12.00\n"
    )
    assert outcomes([order]) == {"30": "held COMPANION_MISSING"}


def test_a_woocommerce_discount_in_three_columns_is_not_added(shop: Shop) -> None:
    [order] = shop.orders(
        "order_id,order_date,status,shipping_total,tax_total,cart_discount,order_discount,"
        "discount_total,order_total,order_currency,billing_first_name,shipping_first_name,"
        "shipping_last_name,shipping_address_1,shipping_postcode,shipping_city,"
        "shipping_country,line_item_1,line_item_2\n"
        "9,05-02-2026 07:32:06,on-hold,2,1,10,10,10,33.7999999999999,EUR,Al,Al,Bo,1 St,10115,"
        "Berlin,DE,name:A: B|product_id:7|sku:S1|quantity:1.5|total:20,"
        "name:C|sku:S2|quantity:1|total:10.799999999999999\n"
    )
    assert (order["status"], order["ordered_at"]) == ("hold", "2026-02-05T07:32:06")
    assert [line["title"] for line in order["lines"]] == ["A: B", "C"]
    assert order["lines"][0]["qty_ordered"] == "1.5000"
    assert order["total_check"] == "match"
    assert party(order, "ship_to")["name"] == "Al Bo"


def test_tiktok_and_walmart_leave_out_what_is_finished(shop: Shop) -> None:
    tiktok = shop.orders(
        "Order ID,Order Status,SKU ID,Seller SKU,Quantity,SKU Subtotal Before Discount,"
        "SKU Seller Discount,Order Amount,Created Time,Recipient,Zipcode,Country,City,"
        "Detail Address\n"
        "Platform unique order ID.,Order status,,,,,,,,,,,,\n"
        "576912345678901001,To ship,1,A,2,$20.00,$1.00,$19.00,01/13/2026 1:15:30 PM,J,85251,"
        "United States,Tempe,1 St\n"
        "576912345678901002,Delivered,1,A,2,$20.00,$1.00,$19.00,01/13/2026 1:15:30 PM,J,85251,"
        "United States,Tempe,1 St\n"
        "576912345678901003,Unpaid,1,A,2,$20.00,$1.00,$19.00,01/13/2026 1:15:30 PM,J,,,,\n"
    )
    assert outcomes(tiktok) == {
        "576912345678901001": "accepted",
        "576912345678901002": "ignored ORDER_CLOSED",
        "576912345678901003": "ignored IGNORED_BY_RULE",
    }
    assert tiktok[0]["total_check"] == "match"
    assert tiktok[0]["ordered_at"] == "2026-01-13T13:15:30"
    header = (
        "PO#,Order#,FLIDS,Order Date,Customer Name,Ship to Address 1,City,Zip,Line#,UPC,"
        "Status,Qty,SKU,Item Cost,Replacement Order"
    )
    row = "479{},200,,2026-01-13,L,1 St,Glendale,08530,1,000123456784,{},2,A,47.98,{}\n"
    walmart = shop.orders(
        header + "\n" + row.format(1, "Acknowledged", "Y") + row.format(2, "Delivered", "N")
    )
    assert outcomes(walmart) == {"4791": "accepted", "4792": "ignored ORDER_CLOSED"}
    assert walmart[0]["order_type"] == "replacement"
    assert walmart[0]["lines"][0]["unit_price"] == "23.990000"
    assert walmart[0]["lines"][0]["gtin"] == "000123456784"
    assert party(walmart[0], "ship_to")["country"] == "US"


def test_faire_sells_at_the_wholesale_price(shop: Shop) -> None:
    [order] = shop.orders(
        "Order Number,Order Date,Retailer Name,Product Name,SKU,Quantity,Wholesale Price,"
        "Retail Price,Status\nFA1,2026-01-13,Shop,Mug,M,6,19.00,38.00,Shipped\n"
    )
    assert (order["computed_total"], order["status"]) == ("114.0000", "closed")
    assert (order["outcome"], order["order_type"]) == ("accepted", "b2b_po")
    assert ("Retail Price", "38.00") in [(a["name"], a["value"]) for a in order["attributes"]]


GENERIC = {
    "en": "Order Number,Order Date,Item Number,Qty,Unit Price,Customer Name,Address,City,"
    "Zip Code,Country\nO1,2026-01-13,X,2,12.50,Ann,1 St,Dresden,01067,Germany\n",
    "snake": "order_no,created_at,product_sku,quantity,price,ship_to_name,ship_to_address_1,"
    "ship_to_city,ship_to_zip,ship_to_country\nO1,2026-01-13,X,2,12.50,Ann,1 St,Dresden,01067,"
    "DE\n",
    "de": "Bestell-Nr.;Bestelldatum;Artikelnummer;Menge;Einzelpreis;Empfänger;Straße;Ort;PLZ;"
    "Land\nO1;13.01.2026;X;2;12,50;Ann;Weg 1;Dresden;01067;Deutschland\n",
    "fr": "N° de commande;Date de commande;Référence;Quantité;Prix unitaire;Destinataire;"
    "Adresse;Ville;Code postal;Pays\nO1;13/01/2026;X;2;12,50;Ann;1 rue;Dresden;01067;"
    "Allemagne\n",
}


@pytest.mark.parametrize("language", GENERIC)
def test_a_generic_table_is_read_in_three_languages(shop: Shop, language: str) -> None:
    document = shop.read(GENERIC[language])
    assert document["profile"] == "csv-generic"
    [order] = document["orders"]
    assert (order["order_number"], order["ordered_at"]) == ("O1", "2026-01-13")
    assert (order["outcome"], order["computed_total"]) == ("accepted", "25.0000")
    assert order["lines"][0]["sku"] == "X"
    ship_to = party(order, "ship_to")
    assert [ship_to[key] for key in ("name", "postal_code", "country")] == ["Ann", "01067", "DE"]


def test_a_generic_discount_is_kept_but_not_guessed_at(shop: Shop) -> None:
    [order] = shop.orders(
        "order_id,date,sku,qty,price,discount,region,state\nO1,2026-01-13,X,2,10,0.2,West,AZ\n"
    )
    assert order["computed_total"] == "20.0000"
    kept = [(a["name"], a["value"]) for a in order["attributes"]]
    assert kept == [("discount", "0.2"), ("region", "West")]  # state is the region


def test_no_order_number_column_means_no_order_is_guessed(shop: Shop) -> None:
    orders = shop.orders(
        'customer_email,shipping_method,product\na@example.com,flat,"{""sku"":""W"",""qty"":""1""}"\n'
    )
    assert orders[0]["outcome"] == "rejected"
    assert orders[0]["lines"][0]["sku"] == "W"
