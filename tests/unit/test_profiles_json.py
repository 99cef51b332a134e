"""What bites in each API, as small documents of our own read by the built-in profiles."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from oms_import.preview import preview


class Shop:
    """Reads a document as `preview` does."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def read(self, document: Any, profile: str | None = None) -> Any:
        path = self.folder / "orders.json"
        text = document if isinstance(document, str) else json.dumps(document)
        path.write_text(text, "utf-8")
        [told] = preview([str(path)], profile, None)["files"]  # type: ignore[misc]
        return told

    def orders(self, document: Any, profile: str) -> Any:
        return self.read(document, profile)["orders"]


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    return Shop(tmp_path)


def party(order: Any, role: str = "ship_to") -> Any:
    return next(one for one in order["parties"] if one["role"] == role)


def attribute(order: Any, name: str) -> list[str]:
    return [one["value"] for one in order["attributes"] if one["name"] == name]


def codes(order: Any) -> list[str]:
    return [finding["code"] for finding in order["findings"]]


def amounts(order: Any, *, counted: bool = True) -> list[tuple[str, str]]:
    return [
        (charge["kind"], charge["amount"])
        for charge in order["charges"]
        if charge["informational"] != counted
    ]


SHOPIFY: dict[str, Any] = {
    "id": 5561234567890123,
    "name": "#2001",
    "created_at": "2026-07-01T23:30:00-04:00",
    "cancelled_at": None,
    "currency": "USD",
    "financial_status": "paid",
    "fulfillment_status": None,
    "taxes_included": False,
    "test": False,
    "token": "secret-of-the-order",
    "subtotal_price": "36.00",
    "total_line_items_price": "40.00",
    "total_discounts": "4.00",
    "total_tax": "2.97",
    "total_price": "43.97",
    "email": "ann@example.com",
    "discount_codes": [{"code": "TEN", "amount": "4.00", "type": "percentage"}],
    "tax_lines": [
        {"title": "State", "price": "2.52", "rate": 0.07},
        {"title": "City", "price": "0.45", "rate": 0.0125},
    ],
    "shipping_lines": [{"title": "Standard", "code": "STD", "price": "5.00"}],
    "payment_gateway_names": ["shopify_payments"],
    "payment_details": {"credit_card_number": "•••• •••• •••• 4242"},
    "shipping_address": {
        "name": "Ann Example",
        "address1": "1 Main St",
        "city": "Boise",
        "province_code": "ID",
        "zip": "83702",
        "country_code": "US",
    },
    "line_items": [
        {
            "id": 14,
            "sku": "TEE-M",
            "name": "Tee - M",
            "variant_id": 18,
            "variant_title": "M",
            "quantity": 2,
            "current_quantity": 2,
            "grams": 180,
            "price": "20.00",
            "price_set": {"presentment_money": {"amount": "27.10", "currency_code": "CAD"}},
            "total_discount": "0.00",
            "discount_allocations": [{"amount": "4.00", "discount_application_index": 0}],
            "tax_lines": [{"title": "State", "price": "2.52", "rate": 0.07}],
            "properties": [{"name": "Initials", "value": "A. E."}],
        }
    ],
    "fulfillments": [{"line_items": [{"id": 14, "sku": "TEE-M", "quantity": 2}]}],
    "refunds": [],
}


def test_shopify_counts_one_discount_and_each_tax_once(shop: Shop) -> None:
    [order] = shop.orders({"orders": [SHOPIFY]}, "shopify-api")
    assert order["outcome"] == "accepted"
    assert order["order_number"] == "#2001"
    assert order["source_order_id"] == "5561234567890123"
    assert order["ordered_at"] == "2026-07-02T03:30:00Z"
    assert (order["total_check"], order["computed_total"]) == ("match", "43.9700")
    assert amounts(order) == [("shipping", "5.0000"), ("discount", "-4.0000")]
    assert amounts(order, counted=False) == [("discount", "-4.0000"), ("discount", "-4.0000")]
    assert [tax["rate"] for tax in order["taxes"]] == ["0.070000", "0.012500"]
    [line] = order["lines"]
    assert (line["sku"], line["qty_ordered"], line["weight_g"]) == ("TEE-M", "2.0000", "180.0000")
    assert attribute(order, "line_items.properties.value") == ["A. E."]
    assert attribute(order, "line_items.price_set.presentment_money.currency_code") == ["CAD"]
    assert not [one for one in order["attributes"] if "secret" in one["value"]]
    assert not [one for one in order["attributes"] if "4242" in one["value"]]


@pytest.mark.parametrize("wrap", [lambda o: o, lambda o: {"order": o}, lambda o: [o]])
def test_shopify_documents_wrap_orders_differently(shop: Shop, wrap: Any) -> None:
    [order] = shop.orders(wrap(SHOPIFY), "shopify-api")
    assert order["order_number"] == "#2001"


def test_shopify_taxes_inside_the_prices_are_not_added(shop: Shop) -> None:
    gross = SHOPIFY | {"taxes_included": True, "total_price": "41.00"}
    [order] = shop.orders(gross, "shopify-api")
    assert (order["price_basis"], order["total_check"]) == ("gross", "match")
    assert all(tax["included"] for tax in order["taxes"])


@pytest.mark.parametrize(
    ("changes", "status", "outcome"),
    [
        ({"cancelled_at": "2026-07-02T10:00:00-04:00"}, "cancelled", "ignored"),
        ({"financial_status": "voided"}, "cancelled", "ignored"),
        ({"financial_status": "refunded"}, "cancelled", "ignored"),
        ({"financial_status": "partially_refunded"}, "open", "accepted"),
        ({"fulfillment_status": "fulfilled"}, "closed", "accepted"),
        ({"fulfillment_status": "partial"}, "open", "accepted"),
        ({"test": True}, "open", "held"),
    ],
)
def test_shopify_orders_that_are_over_or_tests(
    shop: Shop, changes: dict[str, Any], status: str, outcome: str
) -> None:
    [order] = shop.orders(SHOPIFY | changes, "shopify-api")
    assert (order["status"], order["outcome"]) == (status, outcome)


def test_shopify_lines_that_were_removed_are_cancelled(shop: Shop) -> None:
    gone = SHOPIFY["line_items"][0] | {"id": 15, "current_quantity": 0}
    [order] = shop.orders(SHOPIFY | {"line_items": [*SHOPIFY["line_items"], gone]}, "shopify-api")
    assert [line["line_status"] for line in order["lines"]] == ["open", "cancelled"]
    assert order["status"] == "open"


WOO: dict[str, Any] = {
    "id": 727,
    "number": "727",
    "status": "processing",
    "currency": "EUR",
    "date_created": "2026-03-28T23:30:00",
    "date_created_gmt": "2026-03-28T22:30:00",
    "discount_total": "5.00",
    "shipping_total": "4.90",
    "cart_tax": "5.94",
    "total": "43.05",
    "total_tax": "6.87",
    "customer_id": 0,
    "order_key": "wc_order_secret",
    "billing": {"first_name": "Ann", "email": "ann@example.com", "phone": "030 1"},
    "shipping": {
        "first_name": "Ann",
        "last_name": "Beispiel",
        "address_1": "Hauptstr. 1",
        "city": "Berlin",
        "postcode": "10115",
        "country": "DE",
    },
    "line_items": [
        {
            "id": 1,
            "name": "Rope, by the metre",
            "product_id": 93,
            "variation_id": 0,
            "quantity": 1.5,
            "subtotal": "34.99",
            "total": "28.799999999999999",
            "total_tax": "5.47",
            "sku": "",
            "price": 30,
        }
    ],
    "tax_lines": [
        {"label": "VAT", "rate_percent": 19, "tax_total": "5.94", "shipping_tax_total": "0.93"}
    ],
    "shipping_lines": [{"method_title": "DHL", "method_id": "flat_rate", "total": "4.90"}],
    "fee_lines": [{"name": "Gift wrap", "total": "2.48", "total_tax": "0.47"}],
    "coupon_lines": [{"code": "five", "discount": "5"}],
    "refunds": [{"id": 1, "reason": "late", "total": "-3.00"}],
}


def test_woocommerce_counts_line_totals_and_reads_utc(shop: Shop) -> None:
    [order] = shop.orders({"data": [WOO]}, "woocommerce-api")
    assert order["outcome"] == "accepted"
    assert order["ordered_at"] == "2026-03-28T22:30:00Z"
    assert (order["total_check"], order["computed_total"]) == ("match", "43.0500")
    [line] = order["lines"]
    assert (line["sku"], line["channel_item_id"]) == (None, "93")
    assert (line["qty_ordered"], line["line_amount"]) == ("1.5000", "28.8000")
    assert line["unit_price"] == "19.200000"
    assert amounts(order) == [("shipping", "4.9000"), ("fee", "2.4800")]
    assert amounts(order, counted=False) == [("discount", "-5.0000")]
    assert [(tax["kind"], tax["rate"]) for tax in order["taxes"]] == [
        ("tax", "0.190000"),
        ("shipping", "0.190000"),
    ]
    assert attribute(order, "refunds.total") == ["-3.00"]
    assert party(order, "buyer")["external_id"] is None
    assert not attribute(order, "order_key")


@pytest.mark.parametrize(
    ("status", "is_"),
    [("refunded", "cancelled"), ("on-hold", "hold"), ("pending", "pending"), ("my-own", "open")],
)
def test_woocommerce_statuses(shop: Shop, status: str, is_: str) -> None:
    [order] = shop.orders([WOO | {"status": status}], "woocommerce-api")
    assert order["status"] == is_


def walmart_line(number: str, quantity: str = "1", **statuses: str) -> dict[str, Any]:
    charges = [
        {
            "chargeType": "PRODUCT",
            "chargeAmount": {"currency": "USD", "amount": 19.98},
            "tax": {"taxName": "Tax1", "taxAmount": {"currency": "USD", "amount": 1.2}},
        },
        {
            "chargeType": "SHIPPING",
            "chargeAmount": {"currency": "USD", "amount": 4},
            "tax": {"taxName": "Tax2", "taxAmount": {"currency": "USD", "amount": 0.25}},
        },
    ]
    told = [
        {"status": status, "statusQuantity": {"amount": amount}}
        for status, amount in statuses.items()
    ]
    return {
        "lineNumber": number,
        "item": {"sku": f"W-{number}", "productName": "Metronome"},
        "charges": {"charge": charges},
        "orderLineQuantity": {"unitOfMeasurement": "EACH", "amount": quantity},
        "orderLineStatuses": {"orderLineStatus": told},
    }


def walmart(*lines: dict[str, Any], **more: Any) -> dict[str, Any]:
    address = {
        "name": "Ann",
        "address1": "1 Main St",
        "city": "Boise",
        "state": "ID",
        "postalCode": "03702",
        "country": "USA",
        "addressType": "RESIDENTIAL",
    }
    order = {
        "purchaseOrderId": "1796277083099",
        "customerOrderId": "5281956426699",
        "orderType": "REGULAR",
        "orderDate": 1568466571000,
        "shippingInfo": {"estimatedShipDate": 1568700000000, "postalAddress": address},
        "orderLines": {"orderLine": list(lines)},
        **more,
    }
    return {"list": {"meta": {"totalCount": 1}, "elements": {"order": [order]}}}


def test_walmart_amounts_are_of_the_line_and_taxes_are_walmarts(shop: Shop) -> None:
    [order] = shop.orders(walmart(walmart_line("1", "2", Created="2")), "walmart-api")
    assert order["outcome"] == "accepted"
    assert order["ordered_at"] == "2019-09-14T13:09:31Z"
    assert order["ship_by"] == "2019-09-17T06:00:00Z"
    [line] = order["lines"]
    assert (line["qty_ordered"], line["line_amount"]) == ("2.0000", "19.9800")
    assert line["unit_price"] == "9.990000"
    assert amounts(order) == [("shipping", "4.0000")]
    taxes = [(tax["amount"], tax["collected_by"]) for tax in order["taxes"]]
    assert taxes == [("1.2000", "marketplace"), ("0.2500", "marketplace")]
    assert order["computed_total"] == "25.4300"
    assert (party(order)["country"], party(order)["postal_code"]) == ("US", "03702")
    assert party(order)["residential"] is True


@pytest.mark.parametrize(
    ("statuses", "status", "outcome"),
    [
        (({"Cancelled": "1"}, {"Cancelled": "1"}), "cancelled", "ignored"),
        (({"Cancelled": "1"}, {"Created": "1"}), "open", "accepted"),
        (({"Cancelled": "1"}, {"Shipped": "1"}), "closed", "ignored"),
        (({"Shipped": "1", "Acknowledged": "1"},), "open", "accepted"),
    ],
)
def test_walmart_orders_have_the_status_of_their_lines(
    shop: Shop, statuses: tuple[dict[str, str], ...], status: str, outcome: str
) -> None:
    lines = [walmart_line(str(n), **told) for n, told in enumerate(statuses, 1)]
    [order] = shop.orders(walmart(*lines), "walmart-api")
    assert (order["status"], order["outcome"]) == (status, outcome)


def test_walmart_lines_may_be_cancelled_in_part_and_orders_replace_others(shop: Shop) -> None:
    line = walmart_line("1", "3", Cancelled="2", Created="1")
    more = {"orderType": "REPLACEMENT", "originalCustomerOrderID": "123"}
    [order] = shop.orders(walmart(line, **more), "walmart-api")
    assert (order["order_type"], order["related_order_number"]) == ("replacement", "123")
    [line] = order["lines"]
    assert (line["qty_cancelled"], line["line_status"]) == ("2.0000", "open")
    fulfilled = walmart(walmart_line("1", Created="1"), shipNode={"type": "WFSFulfilled"})
    [order] = shop.orders(fulfilled, "walmart-api")
    assert (order["outcome"], codes(order)) == ("ignored", ["FULFILLED_BY_CHANNEL"])


def vendor_item(number: str, **more: Any) -> dict[str, Any]:
    return {
        "itemSequenceNumber": number,
        "amazonProductIdentifier": "B0TEST0001",
        "vendorProductIdentifier": "OUR-1",
        "orderedQuantity": {"amount": 5, "unitOfMeasure": "Cases", "unitSize": 10},
        "netCost": {"amount": "94.97", "currencyCode": "USD"},
        **more,
    }


def test_amazon_vendor_cases_windows_and_parties(shop: Shop) -> None:
    by_weight = {"amount": "2.10", "currencyCode": "USD", "unitOfMeasure": "POUNDS"}
    details = {
        "purchaseOrderDate": "2026-08-20T15:51:00Z",
        "shipWindow": "2026-08-21T07:00:00Z--2026-08-27T07:00:00Z",
        "shipToParty": {"partyId": "FTW1"},
        "buyingParty": {"partyId": "AMZN"},
        "items": [vendor_item("1"), vendor_item("2", netCost=by_weight)],
    }
    po = {"purchaseOrderNumber": "4AB", "purchaseOrderState": "New", "orderDetails": details}
    [order] = shop.orders({"payload": {"orders": [po]}}, "amazon-vendor")
    assert (order["outcome"], codes(order)) == ("accepted", [])
    assert (order["ship_not_before"], order["ship_by"]) == (
        "2026-08-21T07:00:00Z",
        "2026-08-27T07:00:00Z",
    )
    assert order["order_type"] == "b2b_po"
    assert party(order)["external_id"] == "FTW1"
    cases, weighed = order["lines"]
    assert (cases["qty_ordered"], cases["uom"], cases["pack_size"]) == ("5.0000", "CS", "10.0000")
    assert (cases["qty_each"], cases["unit_price"]) == ("50.0000", "94.970000")
    assert weighed["unit_price"] is None
    assert attribute(order, "orderDetails.items.netCost.unitOfMeasure") == ["POUNDS"]


def test_amazon_direct_fulfilment_goes_to_customers(shop: Shop) -> None:
    place = {"name": "Ann", "addressLine1": "1 Main St", "city": "Boise", "countryCode": "US"}
    item = vendor_item("1", netPrice={"amount": "9.99", "currencyCode": "USD"}) | {
        "orderedQuantity": {"amount": 1, "unitOfMeasure": "Each"}
    }
    del item["netCost"]
    details = {
        "customerOrderNumber": "999-1",
        "orderDate": "2026-08-20T15:51:00Z",
        "shipmentDetails": {"shipmentDates": {"requiredShipDate": "2026-08-21T00:00:00Z"}},
        "shipToParty": place | {"postalCode": "83702"},
        "items": [item],
    }
    po = {"purchaseOrderNumber": "DF1", "orderDetails": details}
    [order] = shop.orders({"payload": {"orders": [po]}}, "amazon-vendor")
    assert (order["outcome"], order["customer_order_number"]) == ("accepted", "999-1")
    assert (order["ship_not_before"], order["ship_by"]) == (None, "2026-08-21T00:00:00Z")
    assert (party(order)["line1"], party(order)["postal_code"]) == ("1 Main St", "83702")
    assert order["lines"][0]["unit_price"] == "9.990000"


def spapi(**more: Any) -> dict[str, Any]:
    item = {
        "OrderItemId": "05015851154158",
        "SellerSKU": "PIPE",
        "ASIN": "B00551Q3CS",
        "Title": "Pipe",
        "QuantityOrdered": 3,
        "ItemPrice": {"CurrencyCode": "USD", "Amount": "80.97"},
        "ItemTax": {"CurrencyCode": "USD", "Amount": "5.00"},
        "ShippingPrice": {"CurrencyCode": "USD", "Amount": "4.00"},
        "PromotionDiscount": {"CurrencyCode": "USD", "Amount": "2.00"},
    }
    order = {
        "AmazonOrderId": "902-3159896-1390916",
        "PurchaseDate": "2026-01-05T10:00:00Z",
        "OrderStatus": "Unshipped",
        "FulfillmentChannel": "MFN",
        "OrderTotal": {"CurrencyCode": "USD", "Amount": "87.97"},
        "LatestShipDate": "2026-01-07T07:59:59Z",
        "ShippingAddress": {
            "Name": "Ann",
            "AddressLine1": "1 Main St",
            "City": "Boise",
            "PostalCode": "83702",
            "CountryCode": "US",
        },
        "OrderItems": [item],
        **more,
    }
    return {"payload": {"Orders": [order]}}


def test_amazon_orders_with_their_items(shop: Shop) -> None:
    [order] = shop.orders(spapi(), "amazon-spapi-orders")
    assert (order["outcome"], order["total_check"]) == ("accepted", "match")
    assert order["lines"][0]["unit_price"] == "26.990000"
    assert [tax["collected_by"] for tax in order["taxes"]] == ["marketplace"]


@pytest.mark.parametrize(
    ("changes", "outcome", "code"),
    [
        ({"OrderItems": None}, "rejected", "ORDER_NO_LINES"),
        ({"FulfillmentChannel": "AFN"}, "ignored", "FULFILLED_BY_CHANNEL"),
        ({"OrderStatus": "Canceled"}, "ignored", "ORDER_CANCELLED"),
        ({"OrderStatus": "Pending"}, "ignored", "IGNORED_BY_RULE"),
    ],
)
def test_amazon_orders_that_cannot_be_shipped(
    shop: Shop, changes: dict[str, Any], outcome: str, code: str
) -> None:
    [order] = shop.orders(spapi(**changes), "amazon-spapi-orders")
    assert order["outcome"] == outcome
    assert code in codes(order)


def bol(*methods: str, **more: Any) -> dict[str, Any]:
    items = [
        {
            "orderItemId": str(number),
            "cancellationRequest": False,
            "fulfilment": {"method": method, "latestDeliveryDate": f"2026-04-2{number}"},
            "offer": {"reference": f"OFFER-{number}"},
            "product": {"ean": "8717418510749", "title": "Film"},
            "quantity": 1,
            "quantityCancelled": 0,
            "unitPrice": 32.979999999999997,
        }
        for number, method in enumerate(methods, 1)
    ]
    address = {
        "firstName": "Hans",
        "surname": "de Groot",
        "streetName": "Dorpsstraat",
        "houseNumber": "1",
        "houseNumberExtension": "B",
        "zipCode": "1111ZZ",
        "city": "UTRECHT",
        "countryCode": "NL",
    }
    return {
        "orderId": "A2K8290LP8",
        "orderPlacedDateTime": "2026-04-17T10:55:37+02:00",
        "shipmentDetails": address,
        "billingDetails": address,
        "orderItems": items,
        **more,
    }


def test_bol_streets_are_put_together_and_euros_are_implied(shop: Shop) -> None:
    [order] = shop.orders(bol("FBR"), "bol")
    assert (order["outcome"], order["currency"]) == ("accepted", "EUR")
    assert (party(order)["name"], party(order)["line1"]) == ("Hans de Groot", "Dorpsstraat 1 B")
    [line] = order["lines"]
    assert (line["sku"], line["gtin"]) == ("OFFER-1", "8717418510749")
    assert line["unit_price"] == "32.980000"


@pytest.mark.parametrize(
    ("methods", "by", "outcome", "statuses"),
    [
        (("FBR", "FBR"), "seller", "accepted", ["open", "open"]),
        (("FBB", "FBB"), "channel", "ignored", ["closed", "closed"]),
        (("FBB", "FBR"), "seller", "accepted", ["closed", "open"]),
        (("FBR", "FBB"), "seller", "accepted", ["open", "closed"]),
    ],
)
def test_bol_ships_some_lines_itself(
    shop: Shop, methods: tuple[str, ...], by: str, outcome: str, statuses: list[str]
) -> None:
    [order] = shop.orders(bol(*methods), "bol")
    assert (order["fulfilled_by"], order["outcome"]) == (by, outcome)
    assert [line["line_status"] for line in order["lines"]] == statuses
    assert "ORDER_VALUES_DIFFER" not in codes(order)


def mirakl(mode: str = "TAX_EXCLUDED", **more: Any) -> dict[str, Any]:
    line = {
        "order_line_id": "Order_00012-A-1",
        "offer_sku": "SKU-1",
        "product_sku": "P-1",
        "quantity": 2,
        "price": 20.0,
        "price_unit": 10.0,
        "shipping_price": 5.0,
        "order_line_state": "SHIPPING",
        "taxes": [{"amount": 1.6, "code": "TAXDEFAULT", "rate": 8.0}],
        "shipping_taxes": [{"amount": 0.4, "code": "TAXDEFAULT"}],
    }
    address = {
        "firstname": "Anne",
        "lastname": "Exemple",
        "street_1": "1 rue de la Paix",
        "zip_code": "75002",
        "city": "Paris",
        "country_iso_code": "FRA",
    }
    return {
        "order_id": "Order_00012-A",
        "commercial_id": "Order_00012",
        "created_date": "2026-04-05T09:14:27Z",
        "currency_iso_code": "EUR",
        "order_tax_mode": mode,
        "order_state": "SHIPPING",
        "price": 20.0,
        "shipping_price": 5.0,
        "total_price": 25.0,
        "shipping_deadline": "2026-04-07T09:14:27Z",
        "customer": {"customer_id": "C-1", "shipping_address": address},
        "order_additional_fields": [{"code": "gate", "type": "STRING", "value": "B 7"}],
        "order_lines": [line],
        **more,
    }


def test_mirakl_prices_of_lines_and_additional_fields(shop: Shop) -> None:
    [order] = shop.orders({"orders": [mirakl()], "total_count": 1}, "mirakl")
    assert (order["outcome"], codes(order)) == ("accepted", [])
    assert (order["price_basis"], order["total_check"]) == ("net", "not_stated")
    assert (order["stated_goods"], order["stated_shipping"]) == ("20.0000", "5.0000")
    assert order["computed_total"] == "27.0000"
    [line] = order["lines"]
    assert (line["line_amount"], line["unit_price"]) == ("20.0000", "10.000000")
    assert order["taxes"][0]["rate"] == "0.080000"
    assert party(order)["country"] == "FR"
    assert attribute(order, "order_additional_fields.value") == ["B 7"]


def test_mirakl_taxes_inside_the_prices(shop: Shop) -> None:
    [order] = shop.orders({"orders": [mirakl("TAX_INCLUDED")]}, "mirakl")
    assert (order["price_basis"], order["total_check"]) == ("gross", "match")


@pytest.mark.parametrize(
    ("state", "code"),
    [
        ("WAITING_DEBIT_PAYMENT", "IGNORED_BY_RULE"),
        ("REFUSED", "ORDER_CANCELLED"),
        ("RECEIVED", "ORDER_CLOSED"),
    ],
)
def test_mirakl_orders_that_are_not_to_be_shipped(shop: Shop, state: str, code: str) -> None:
    [order] = shop.orders({"orders": [mirakl(order_state=state)]}, "mirakl")
    assert (order["outcome"], code in codes(order)) == ("ignored", True)


def bigcommerce(**more: Any) -> dict[str, Any]:
    return {
        "id": 218,
        "customer_id": 0,
        "date_created": "Tue, 03 Mar 2026 19:00:45 +0000",
        "date_shipped": "",
        "status_id": 11,
        "status": "Wartet auf Versand",
        "subtotal_ex_tax": "62.6400",
        "shipping_cost_ex_tax": "8.0000",
        "shipping_cost_inc_tax": "8.6600",
        "total_tax": "5.1800",
        "total_inc_tax": "72.8200",
        "discount_amount": "0.0000",
        "coupon_discount": "3.0000",
        "currency_code": "GBP",
        "default_currency_code": "USD",
        "billing_address": {"first_name": "Ann", "email": "ann@example.com"},
        "products": [
            {
                "id": 193,
                "product_id": 192,
                "sku": "OFSUC",
                "name": "Succulent",
                "quantity": 2,
                "total_ex_tax": "62.6400",
                "upc": "",
            }
        ],
        "shipping_addresses": [
            {
                "first_name": "Ann",
                "street_1": "1 Main St",
                "city": "Boise",
                "zip": "83702",
                "country_iso2": "US",
            }
        ],
        **more,
    }


def test_bigcommerce_amounts_without_tax_and_mail_dates(shop: Shop) -> None:
    [order] = shop.orders([bigcommerce()], "bigcommerce")
    assert order["outcome"] == "accepted"
    assert order["ordered_at"] == "2026-03-03T19:00:45Z"
    assert (order["currency"], order["total_check"]) == ("USD", "match")
    assert order["lines"][0]["unit_price"] == "31.320000"
    [cancelled] = shop.orders([bigcommerce(status_id=5)], "bigcommerce")
    assert cancelled["outcome"] == "ignored"


def test_bigcommerce_orders_with_links_instead_of_lines_are_rejected(shop: Shop) -> None:
    link = {"url": "https://api.example.com/v2/orders/218/products", "resource": "/orders/218"}
    linked = bigcommerce(products=link, shipping_addresses=link)
    [order, other] = shop.orders([linked, bigcommerce(id=219)], "bigcommerce")
    assert (order["outcome"], other["outcome"]) == ("rejected", "accepted")
    assert "ORDER_NO_LINES" in codes(order)


def test_bigcommerce_consignments_hold_the_lines(shop: Shop) -> None:
    plain = bigcommerce()
    shipping = plain.pop("shipping_addresses")[0] | {"line_items": plain.pop("products")}
    [order] = shop.orders([plain | {"consignments": {"shipping": [shipping]}}], "bigcommerce")
    assert (order["outcome"], order["total_check"]) == ("accepted", "match")
    assert party(order)["line1"] == "1 Main St"


def money(cents: int, digits: int = 2, currency: str = "EUR") -> dict[str, Any]:
    kind = {"type": "centPrecision", "currencyCode": currency}
    return kind | {"centAmount": cents, "fractionDigits": digits}


def commercetools(digits: int, currency: str, *, included: bool) -> dict[str, Any]:
    def of(cents: int) -> dict[str, Any]:
        return money(cents, digits, currency)

    tax = {"rate": 0.19, "amount": of(1139), "name": "19% MwSt"}
    gross = 7139 if included else 8278
    return {
        "id": "c0f6b2c2-1111-4222-8333-944444444444",
        "orderNumber": "CT-1",
        "createdAt": "2026-05-01T08:00:00.123Z",
        "orderState": "Open",
        "totalPrice": of(7139),
        "taxedPrice": {"totalGross": of(gross), "taxPortions": [tax]},
        "shippingInfo": {"shippingMethodName": "DHL", "price": of(490)},
        "shippingAddress": {
            "firstName": "Ann",
            "streetName": "Hauptstr.",
            "streetNumber": "5",
            "postalCode": "10115",
            "city": "Berlin",
            "country": "DE",
        },
        "lineItems": [
            {
                "id": "l-1",
                "productId": "p-1",
                "name": {"de": "Becher"},
                "variant": {"sku": "CUP"},
                "price": {"value": of(2200)},
                "quantity": 3,
                "totalPrice": of(6000),
                "taxRate": {"amount": 0.19, "includedInPrice": included},
            }
        ],
        "customLineItems": [
            {"id": "c-1", "slug": "engraving", "quantity": 1, "totalPrice": of(649)}
        ],
    }


def test_commercetools_smallest_units_of_each_currency(shop: Shop) -> None:
    told = [
        commercetools(2, "EUR", included=False),
        commercetools(0, "JPY", included=False) | {"orderNumber": "CT-2"},
        commercetools(3, "KWD", included=False) | {"orderNumber": None},
    ]
    euro, yen, dinar = shop.orders({"limit": 3, "results": told}, "commercetools")
    assert [one["outcome"] for one in (euro, yen, dinar)] == ["accepted"] * 3
    assert [one["stated_total"] for one in (euro, yen, dinar)] == [
        "82.7800",
        "8278.0000",
        "8.2780",
    ]
    assert {one["total_check"] for one in (euro, yen, dinar)} == {"match"}
    assert dinar["order_number"].startswith("c0f6b2c2")
    item, service = euro["lines"]
    assert (item["title"], item["unit_price"], item["line_type"]) == (
        "Becher",
        "20.000000",
        "item",
    )
    assert (service["channel_item_id"], service["line_type"]) == ("engraving", "service")
    assert service["line_amount"] == "6.4900"
    assert party(euro)["line1"] == "Hauptstr. 5"


def test_commercetools_taxes_inside_the_prices(shop: Shop) -> None:
    [order] = shop.orders(commercetools(2, "EUR", included=True), "commercetools")
    assert (order["price_basis"], order["total_check"]) == ("gross", "match")


def test_unicommerce_entries_are_units_and_addresses_are_references(shop: Shop) -> None:
    def address(number: str, line: str) -> dict[str, Any]:
        known = {"id": number, "name": "Asha", "addressLine1": line, "city": "Pune"}
        return known | {"pincode": "411001", "country": "IN"}

    items = [
        {
            "code": f"SHIRT-{number}",
            "itemSku": "SHIRT",
            "shippingAddressId": 902,
            "statusCode": status,
            "sellingPrice": 500.0,
            "totalPrice": 540.0,
            "shippingCharges": 40.0,
            "discount": 25.0,
            "facilityCode": "WH-1",
        }
        for number, status in enumerate(("CREATED", "CANCELLED"))
    ]
    dto = {
        "code": "SO1",
        "displayOrderDateTime": 1623695400000,
        "status": "CREATED",
        "currencyCode": "INR",
        "cod": True,
        "billingAddress": address("901", "1 Bill St"),
        "addresses": [address("901", "1 Bill St"), address("902", "2 Ship St")],
        "saleOrderItems": items,
    }
    [order] = shop.orders({"successful": True, "saleOrderDTO": dto}, "unicommerce")
    assert order["outcome"] == "accepted"
    assert order["ordered_at"] == "2021-06-14T18:30:00Z"
    assert (party(order)["line1"], party(order, "bill_to")["line1"]) == ("2 Ship St", "1 Bill St")
    assert [line["qty_ordered"] for line in order["lines"]] == ["1.0000", "1.0000"]
    assert [line["line_status"] for line in order["lines"]] == ["open", "cancelled"]
    assert order["computed_total"] == "1080.0000"
    assert attribute(order, "addresses.addressLine1") == ["1 Bill St"]


def test_etsy_amounts_have_divisors(shop: Shop) -> None:
    def amount(cents: int, divisor: int = 100) -> dict[str, Any]:
        return {"amount": cents, "divisor": divisor, "currency_code": "USD"}

    receipt = {
        "receipt_id": 3001,
        "name": "Ann Example",
        "first_line": "1 Main St",
        "city": "Boise",
        "state": "ID",
        "zip": "83702",
        "country_iso": "US",
        "status": "Paid",
        "is_paid": True,
        "is_gift": True,
        "created_timestamp": 1772530845,
        "grandtotal": amount(2930),
        "total_shipping_cost": amount(500),
        "total_tax_cost": amount(130),
        "discount_amt": amount(200),
        "gift_wrap_price": amount(0),
        "transactions": [
            {
                "transaction_id": 7,
                "title": "Mug",
                "sku": "MUG",
                "listing_id": 11,
                "quantity": 2,
                "price": amount(12500, 1000),
                "variations": [{"formatted_name": "Name", "formatted_value": "Ann"}],
            }
        ],
    }
    [order] = shop.orders({"count": 1, "results": [receipt]}, "etsy-api")
    assert (order["outcome"], order["total_check"]) == ("accepted", "match")
    assert order["lines"][0]["unit_price"] == "12.500000"
    assert (order["gift"], order["ordered_at"]) == (True, "2026-03-03T09:40:45Z")
    assert attribute(order, "transactions.variations.formatted_value") == ["Ann"]


def plain(**more: Any) -> dict[str, Any]:
    item = {"sku": "A", "quantity": 2, "unitPrice": 10.799999999999999}
    return {
        "id": 17,
        "orderNumber": "G-1",
        "createdAt": "2026-01-05T10:00:00Z",
        "currency": "EUR",
        "shippingAddress": {"name": "Ann", "street": "Main 1", "city": "Berlin"},
        "lineItems": [item],
        "shipping": {"cost": 4.9},
        "total": 26.5,
        **more,
    }


def test_any_json_with_telling_names(shop: Shop) -> None:
    [order] = shop.orders([plain()], "json-generic")
    assert (order["order_number"], order["source_order_id"]) == ("G-1", "17")
    assert (order["currency"], order["total_check"]) == ("EUR", "match")
    assert order["lines"][0]["unit_price"] == "10.800000"
    assert party(order)["line1"] == "Main 1"


@pytest.mark.parametrize(
    ("top", "name"),
    [("orders", "items"), ("data", "order_lines"), ("results", "OrderItems"), ("order", "Lines")],
)
def test_any_json_with_lines_and_orders_elsewhere(shop: Shop, top: str, name: str) -> None:
    line = {"Sku": "A", "Qty": "3", "Price": 1.5, "note": "fragile"}
    order = {"OrderId": 18446744073709551616, "OrderDate": "2026-01-05", name: [line, line]}
    [read] = shop.orders({"page": 1, top: [order]}, "json-generic")
    assert read["order_number"] == "18446744073709551616"
    assert [one["qty_ordered"] for one in read["lines"]] == ["3.0000", "3.0000"]
    assert Decimal(read["computed_total"]) == Decimal("9")
    assert attribute(read, f"{name}.note") == ["fragile", "fragile"]


@pytest.mark.parametrize(
    ("profile", "document"),
    [
        ("shopify-api", SHOPIFY),
        ("woocommerce-api", [WOO]),
        ("amazon-spapi-orders", spapi()),
        ("mirakl", {"orders": [mirakl()]}),
        ("bigcommerce", [bigcommerce()]),
        ("commercetools", {"results": [commercetools(2, "EUR", included=True)]}),
        ("json-generic", [plain()]),
    ],
)
def test_each_api_is_known_by_its_marks(shop: Shop, profile: str, document: Any) -> None:
    assert shop.read(document)["profile"] == profile


def test_a_document_of_no_channel_is_not_guessed(shop: Shop) -> None:
    told = shop.read({"weather": {"today": "rain"}})
    assert told["profile"] is None
    assert [finding["code"] for finding in told["findings"]] == ["FORMAT_UNKNOWN"]
