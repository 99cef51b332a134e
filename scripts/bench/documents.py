"""cXML, UBL and NDJSON: reading and the whole import beside a plain loop, in MB/s of CPU.

    python scripts/bench/documents.py [--mb 200] [--only cxml,ubl,ndjson]

The plain loop is what a script would do: lxml's iterparse with find, or json.loads of each line,
taking the same fields into lists. It keeps nothing of what it does not look for, tells no places
and holds no limits. Each runs in a process of its own, its start and imports included.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

from measure import HOUSE, OURS, Cost, measured

CUSTOMERS, ARTICLES = 5_000, 2_000


def lines_of(number: int) -> Iterator[tuple[int, str, int, str]]:
    """One to five lines: their number, article, quantity and price."""
    for line in range(1, number % 5 + 2):
        article = (number * 7 + line) % ARTICLES
        yield line, f"SKU-{article:05}", line % 4 + 1, f"{article % 90 + 1}.{article % 100:02}"


def cxml_order(number: int) -> str:
    """One OrderRequest."""
    who = number % CUSTOMERS
    items = "".join(
        f'<ItemOut lineNumber="{line}" quantity="{quantity}"><ItemID><SupplierPartID>{sku}'
        f"</SupplierPartID></ItemID><ItemDetail><UnitPrice><Money currency="
        f'"USD">{price}</Money></UnitPrice><Description xml:lang="en">Article {sku}, boxed'
        "</Description><UnitOfMeasure>EA</UnitOfMeasure><Classification domain="
        '"UNSPSC">44121500</Classification></ItemDetail></ItemOut>\n'
        for line, sku, quantity, price in lines_of(number)
    )
    return (
        f'<OrderRequest><OrderRequestHeader orderID="PO{number:09}" '
        f'orderDate="2026-11-{number % 28 + 1:02}T08:{number % 60:02}:00+00:00" type="new">'
        f'<ShipTo><Address isoCountryCode="US" addressID="{who}"><Name xml:lang="en">'
        f"Customer {who}</Name><PostalAddress><DeliverTo>Dock {who % 9}</DeliverTo><Street>"
        f"{who} Main Street</Street><City>Dallas</City><State>TX</State><PostalCode>75001"
        '</PostalCode><Country isoCountryCode="US">United States</Country></PostalAddress>'
        f'<Email name="default">buyer{who}@example.com</Email></Address></ShipTo>'
        f'<Comments xml:lang="en">Ring twice</Comments></OrderRequestHeader>\n{items}'
        "</OrderRequest>\n"
    )


def cxml(count: int) -> Iterator[str]:
    """One cXML document of many order requests."""
    yield '<?xml version="1.0" encoding="UTF-8"?>\n<cXML payloadID="1@bench" timestamp='
    yield '"2026-11-20T00:00:00+00:00"><Header><From><Credential domain="NetworkID"><Identity>'
    yield "BUYER</Identity></Credential></From></Header><Request>\n"
    yield from map(cxml_order, range(count))
    yield "</Request></cXML>\n"


_UBL = "urn:oasis:names:specification:ubl:schema:xsd:"


def ubl_order(number: int) -> str:
    """One UBL 2.1 Order; its prefixes are declared by the document."""
    who = number % CUSTOMERS
    items = "".join(
        f'<cac:OrderLine><cac:LineItem><cbc:ID>{line}</cbc:ID><cbc:Quantity unitCode="EA">'
        f"{quantity}</cbc:Quantity><cac:Price><cbc:PriceAmount currencyID="
        f'"EUR">{price}</cbc:PriceAmount></cac:Price><cac:Item><cbc:Name>Article {sku}'
        f"</cbc:Name><cac:SellersItemIdentification><cbc:ID>{sku}</cbc:ID>"
        "</cac:SellersItemIdentification></cac:Item></cac:LineItem></cac:OrderLine>\n"
        for line, sku, quantity, price in lines_of(number)
    )
    return (
        f"<o:Order><cbc:ID>UBL{number:09}</cbc:ID><cbc:IssueDate>2026-11-{number % 28 + 1:02}"
        "</cbc:IssueDate><cbc:DocumentCurrencyCode>EUR</cbc:DocumentCurrencyCode>"
        f"<cac:BuyerCustomerParty><cac:Party><cac:PartyName><cbc:Name>Customer {who}</cbc:Name>"
        "</cac:PartyName></cac:Party></cac:BuyerCustomerParty><cac:Delivery>"
        f"<cac:DeliveryLocation><cac:Address><cbc:StreetName>Weg {who}</cbc:StreetName>"
        "<cbc:CityName>Berlin</cbc:CityName><cbc:PostalZone>10115</cbc:PostalZone><cac:Country>"
        "<cbc:IdentificationCode>DE</cbc:IdentificationCode></cac:Country></cac:Address>"
        f"</cac:DeliveryLocation></cac:Delivery>\n{items}</o:Order>\n"
    )


def ubl(count: int) -> Iterator[str]:
    """Many orders in one business document."""
    yield '<?xml version="1.0" encoding="UTF-8"?>\n<StandardBusinessDocument '
    yield f'xmlns:o="{_UBL}Order-2" xmlns:cac="{_UBL}CommonAggregateComponents-2" '
    yield f'xmlns:cbc="{_UBL}CommonBasicComponents-2">\n'
    yield from map(ubl_order, range(count))
    yield "</StandardBusinessDocument>\n"


def ndjson_order(number: int) -> str:
    """One order as the Shopify Admin API tells it."""
    who = number % CUSTOMERS
    address = {
        "name": f"Customer {who}", "address1": f"{who} Main Street", "city": "Dallas",
        "province_code": "TX", "zip": "75001", "country_code": "US",
    }  # fmt: skip
    lines = list(lines_of(number))
    total = f"{sum(quantity * float(price) for _, _, quantity, price in lines):.2f}"
    items = [
        {"id": number * 10 + line, "sku": sku, "name": f"Article {sku}", "quantity": quantity,
         "price": price, "grams": 250, "requires_shipping": True, "taxable": True}
        for line, sku, quantity, price in lines
    ]  # fmt: skip
    order: dict[str, Any] = {
        "id": 5_000_000_000_000 + number, "name": f"#{number + 1001}", "currency": "USD",
        "created_at": f"2026-11-{number % 28 + 1:02}T08:{number % 60:02}:00-05:00",
        "financial_status": "paid", "fulfillment_status": None, "taxes_included": False,
        "email": f"buyer{who}@example.com", "note": None, "tags": "bench, generated",
        "total_line_items_price": total, "subtotal_price": total, "total_discounts": "0.00",
        "total_tax": "0.00", "total_price": total, "source_name": "web",
        "customer": {"id": who, "first_name": "Ann", "last_name": f"No {who}"},
        "shipping_address": address, "billing_address": address, "line_items": items,
    }  # fmt: skip
    return json.dumps(order) + "\n"


def ndjson(count: int) -> Iterator[str]:
    """An order a line."""
    return map(ndjson_order, range(count))


def plain_xml(path: Path, tag: str, head: dict[str, str], item: str, line: dict[str, str]) -> int:
    """The loop for XML: fields by find; `a/@b` an attribute. Returns the rows taken."""
    from lxml import etree

    def value(node: Any, place: str) -> str | None:
        element, _, name = place.partition("@")
        at = node.find(element.rstrip("/")) if element else node
        if at is None:
            return None
        return at.get(name) if name else at.text

    taken: list[tuple[str | None, ...]] = []
    for _, order in etree.iterparse(str(path), tag=tag, resolve_entities=False):
        own = tuple(value(order, place) for place in head.values())
        taken += [
            own + tuple(value(one, place) for place in line.values())
            for one in order.iterfind(item)
        ]
        order.clear()
        while order.getprevious() is not None:
            del order.getparent()[0]
        if len(taken) > 100_000:
            taken.clear()  # a script would write them now
    return len(taken)


_AT = "OrderRequestHeader/ShipTo/Address"
CXML_HEAD = {
    "order_number": "OrderRequestHeader/@orderID", "ordered_at": "OrderRequestHeader/@orderDate",
    "type": "OrderRequestHeader/@type", "name": f"{_AT}/Name",
    "line1": f"{_AT}/PostalAddress/Street", "line2": f"{_AT}/PostalAddress/DeliverTo",
    "city": f"{_AT}/PostalAddress/City", "region": f"{_AT}/PostalAddress/State",
    "zip": f"{_AT}/PostalAddress/PostalCode", "email": f"{_AT}/Email",
    "country": f"{_AT}/PostalAddress/Country/@isoCountryCode", "id": f"{_AT}/@addressID",
    "note": "OrderRequestHeader/Comments",
}  # fmt: skip
CXML_LINE = {
    "line": "@lineNumber", "qty": "@quantity", "sku": "ItemID/SupplierPartID",
    "price": "ItemDetail/UnitPrice/Money", "currency": "ItemDetail/UnitPrice/Money/@currency",
    "title": "ItemDetail/Description", "uom": "ItemDetail/UnitOfMeasure",
    "class": "ItemDetail/Classification",
}  # fmt: skip


def ubl_path(path: str) -> str:
    """The path with the namespaces of its parts: aggregates, and at its end a basic component."""
    *above, last = path.split("/")
    element, at, name = last.partition("@")
    parts = [f"{{{_UBL}CommonAggregateComponents-2}}{one}" for one in above]
    basic = [f"{{{_UBL}CommonBasicComponents-2}}{element}"]
    return "/".join(parts + basic) + (f"/@{name}" if at else "")


_PLACE = "Delivery/DeliveryLocation/Address"
UBL_HEAD = {
    one: ubl_path(one)
    for one in (
        "ID", "IssueDate", "DocumentCurrencyCode", "BuyerCustomerParty/Party/PartyName/Name",
        f"{_PLACE}/StreetName", f"{_PLACE}/CityName", f"{_PLACE}/PostalZone",
        f"{_PLACE}/Country/IdentificationCode",
    )
}  # fmt: skip
UBL_LINE = {
    one: ubl_path(f"LineItem/{one}")
    for one in (
        "ID", "Quantity", "Quantity@unitCode", "Price/PriceAmount", "Price/PriceAmount@currencyID",
        "Item/Name", "Item/SellersItemIdentification/ID",
    )
}  # fmt: skip

JSON_HEAD = (
    "id", "name", "currency", "created_at", "financial_status", "fulfillment_status",
    "taxes_included", "email", "note", "tags", "subtotal_price", "total_discounts", "total_tax",
    "total_price", "source_name",
)  # fmt: skip
JSON_ADDRESS = ("name", "address1", "city", "province_code", "zip", "country_code")
JSON_LINE = (
    "id", "sku", "name", "quantity", "price", "grams", "requires_shipping", "taxable",
)  # fmt: skip


def plain_json(path: Path) -> int:
    """The loop for NDJSON. Returns the rows taken."""
    taken: list[tuple[object, ...]] = []
    with path.open("rb") as file:
        for text in file:
            order = json.loads(text)
            own = [order.get(name) for name in JSON_HEAD]
            for part in ("shipping_address", "billing_address"):
                own += [order[part].get(name) for name in JSON_ADDRESS]
            own += [order["customer"].get(name) for name in ("id", "first_name", "last_name")]
            taken += [(*own, *(one.get(name) for name in JSON_LINE)) for one in order["line_items"]]
            if len(taken) > 100_000:
                taken.clear()
    return len(taken)


@dataclass(frozen=True)
class Format:
    """A format: who reads it, how a file of it is made, and the plain loop for it."""

    profile: str
    file: str
    texts: Callable[[int], Iterator[str]]
    order: Callable[[int], str]
    loop: Callable[[Path], int]


FORMATS = {
    "cxml": Format(
        "cxml-orderrequest", "orders.xml", cxml, cxml_order,
        lambda path: plain_xml(path, "OrderRequest", CXML_HEAD, "ItemOut", CXML_LINE),
    ),
    "ubl": Format(
        "ubl-order", "orders.xml", ubl, ubl_order,
        lambda path: plain_xml(
            path, f"{{{_UBL}Order-2}}Order", UBL_HEAD,
            f"{{{_UBL}CommonAggregateComponents-2}}OrderLine", UBL_LINE,
        ),
    ),
    "ndjson": Format("shopify-api", "orders.ndjson", ndjson, ndjson_order, plain_json),
}  # fmt: skip


def reading(path: Path, profile: str) -> int:
    """Our reader alone: all rows in frames of text. Returns how many."""
    from oms_import.model.values import Limits
    from oms_import.pipeline.channel import channel
    from oms_import.profiles.load import builtin
    from oms_import.readers.registry import reader_named

    ready = channel(builtin(profile), None, Limits())
    scratch = Path(mkdtemp(dir=path.parent))
    source = reader_named(ready.read.format.reader).open(path, ready.read, scratch, Limits())
    return sum(frame.height for frame in source.batches(100_000))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--mb", type=int, default=200)
    parser.add_argument("--only", default=",".join(FORMATS), help="formats, between commas")
    parser.add_argument("--do", nargs=3, help=argparse.SUPPRESS)  # in a process of its own
    asked = parser.parse_args()
    if asked.do:
        what, name, path = asked.do
        one = FORMATS[name]
        rows = reading(Path(path), one.profile) if what == "read" else one.loop(Path(path))
        sys.exit(0 if rows else 1)
    for name in asked.only.split(","):
        compare(name, asked.mb * 1_000_000)


def compare(name: str, size: int) -> None:
    """Print what a file of about `size` bytes costs the plain loop, our reader and the import."""
    one, folder = FORMATS[name], Path(mkdtemp(prefix="oms-import-bench-"))
    try:
        path = folder / one.file
        each = sum(len(one.order(n)) for n in range(100)) / 100
        with path.open("w", newline="") as file:
            file.writelines(one.texts(int(size / each)))
        mb = path.stat().st_size / 1e6
        own = [sys.executable, __file__, "--do"]
        plain = measured([*own, "loop", name, str(path)])
        read = measured([*own, "read", name, str(path)])
        whole = imported(path, one.profile, folder)
        print(f"{name}: {mb:.0f} MB, {int(size / each):,} orders")
        for title, cost in (("plain loop", plain), ("reading", read), ("import", whole)):
            times = f"{plain.cpu / cost.cpu:5.2f} times the loop's speed"
            rate = f"{mb / cost.cpu:6.1f} MB/s of CPU"
            print(f"  {title:10} {rate}, peak {cost.peak_mb:5.0f} MB, exit {cost.code}; {times}")
    finally:
        shutil.rmtree(folder)


def imported(path: Path, profile: str, folder: Path) -> Cost:
    """The whole import of the file, outputs in CSV and Parquet included."""
    root = folder / "space"
    (root / "profiles").mkdir(parents=True)
    (root / "oms-import.toml").write_text("")
    (root / "profiles/bench.toml").write_text(f'extends = "{profile}"\n')
    return measured([*OURS, "-w", str(root), "import", "bench", str(path), "-q"])


if __name__ == "__main__":
    sys.path.insert(0, str(HOUSE))
    main()
