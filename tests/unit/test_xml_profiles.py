"""What bites in each kind of XML orders, as small documents of our own."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from oms_import.preview import preview


class Desk:
    """Reads a document's text as `preview` does."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def read(self, text: str, profile: str | None = None, name: str = "orders.xml") -> Any:
        path = self.folder / name
        path.write_text(text, "utf-8")
        [document] = preview([str(path)], profile, None)["files"]  # type: ignore[misc]
        return document

    def orders(self, text: str, profile: str) -> Any:
        document = self.read(text, profile)
        told = {finding["code"] for finding in document["findings"]}
        assert told <= {"CURRENCY_DEFAULTED"}
        return document["orders"]

    def order(self, text: str, profile: str) -> Any:
        [order] = self.orders(text, profile)
        return order


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def party(order: Any, role: str) -> Any:
    return next((one for one in order["parties"] if one["role"] == role), {})


def codes(order: Any) -> set[str]:
    return {finding["code"] for finding in order["findings"]}


def attributes(order: Any) -> dict[tuple[int | None, str], str]:
    return {(one["line_no"], one["name"]): one["value"] for one in order["attributes"]}


def charges(order: Any) -> list[tuple[str, str, str, bool]]:
    return [
        (one["scope"], one["kind"], one["amount"], one["informational"]) for one in order["charges"]
    ]


CXML = """\
<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE cXML SYSTEM "http://xml.cxml.org/schemas/cXML/1.2.050/cXML.dtd">
<cXML payloadID="17@example" timestamp="2026-03-01T23:30:00-08:00">
 <Header>
  <From><Credential domain="NetworkId"><Identity>AN01</Identity></Credential></From>
  <To><Credential domain="DUNS"><Identity>123456789</Identity></Credential></To>
  <Sender><Credential domain="NetworkId"><Identity>AN01</Identity>
   <SharedSecret>hush-hush</SharedSecret></Credential><UserAgent>Buyer 1.0</UserAgent></Sender>
 </Header>
 <Request deploymentMode="{mode}"><OrderRequest>
  <OrderRequestHeader orderID="PO-7" orderDate="2026-03-01T23:30:00-08:00" {type} orderVersion="2"
    shipComplete="yes">
   <Total><Money currency="USD">34.00</Money></Total>
   <ShipTo><Address addressID="DOCK" isoCountryCode="US"><Name xml:lang="en">Northfield</Name>
    <PostalAddress><DeliverTo>Ann Lee</DeliverTo><DeliverTo>Room 4</DeliverTo>
     <Street>1 Main St</Street><Street>Gate B</Street><City>Tempe</City>
     <State isoStateCode="US-AZ">Arizona</State><PostalCode>85281</PostalCode>
     <Country isoCountryCode="US">United States</Country></PostalAddress>
    <Phone><TelephoneNumber><CountryCode isoCountryCode="US">1</CountryCode>
     <AreaOrCityCode>480</AreaOrCityCode><Number>5550100</Number></TelephoneNumber></Phone>
   </Address></ShipTo>
   <Shipping><Money currency="USD">5.00</Money><Description>Ground</Description></Shipping>
   <Tax><Money currency="USD">2.72</Money><Description>AZ</Description></Tax>
   <Payment><PCard number="4111111111111111" expiration="2027-01-31" name="Ann Lee"/></Payment>
   <Extrinsic name="costCenter">CC-9</Extrinsic><Extrinsic name="legacy_po"/>
  </OrderRequestHeader>
  <ItemOut quantity="2" lineNumber="1" requestedDeliveryDate="2026-03-09">
   <ItemID><SupplierPartID>A-1</SupplierPartID><BuyerPartID>B-1</BuyerPartID></ItemID>
   <ItemDetail><UnitPrice><Money currency="USD">10.00</Money></UnitPrice>
    <Description xml:lang="en">Mug<ShortName>M</ShortName></Description>
    <UnitOfMeasure>EA</UnitOfMeasure><Classification domain="UNSPSC">52152102</Classification>
   </ItemDetail>
   <Distribution><Accounting name="x"><AccountingSegment id="4711"/></Accounting>
    <Charge><Money currency="USD">20.00</Money></Charge></Distribution>
  </ItemOut>
  <ItemOut quantity="200" lineNumber="2">
   <ItemID><SupplierPartID>S-9</SupplierPartID></ItemID>
   <ItemDetail><UnitPrice><Money currency="USD">7.00</Money></UnitPrice>
    <Description>Screws</Description><UnitOfMeasure>EA</UnitOfMeasure>
    <PriceBasisQuantity quantity="100" conversionFactor="1"/></ItemDetail>
   <ShipTo><Address addressID="LAB"><Name>Lab</Name><PostalAddress><Street>2 Side St</Street>
    <City>Mesa</City><State>AZ</State><PostalCode>85201</PostalCode>
    <Country isoCountryCode="US">US</Country></PostalAddress></Address></ShipTo>
  </ItemOut>
 </OrderRequest></Request>
</cXML>
"""


def cxml(kind: str = 'type="new"', mode: str = "production") -> str:
    return CXML.replace("{mode}", mode).replace("{type}", kind)


def test_cxml_is_read_with_its_parties_prices_and_extrinsics(desk: Desk) -> None:
    order = desk.order(cxml(), "cxml-orderrequest")
    assert order["outcome"] == "accepted"
    assert (order["order_number"], order["purpose"]) == ("PO-7", "new")
    assert order["ordered_at_raw"] == "2026-03-01T23:30:00-08:00"
    assert (order["ordered_at"], order["source_tz"]) == ("2026-03-02T07:30:00Z", "-08:00")
    assert (order["currency"], order["stated_goods"]) == ("USD", "34.0000")
    assert (order["stated_total"], order["partial_allowed"]) == (None, False)
    ship_to = party(order, "ship_to")
    assert (ship_to["name"], ship_to["line1"], ship_to["line2"]) == (
        "Northfield", "1 Main St", "Gate B",
    )  # fmt: skip
    assert (ship_to["line3"], ship_to["phone"]) == ("Ann Lee, Room 4", "1 480 5550100")
    assert (ship_to["region"], ship_to["country"]) == ("US-AZ", "US")
    assert party(order, "buyer")["external_id"] == "AN01"
    mug, screws = order["lines"]
    assert (mug["sku"], mug["buyer_item_id"], mug["title"]) == ("A-1", "B-1", "Mug")
    assert (mug["unit_price"], mug["line_amount"]) == ("10.000000", "20.0000")
    assert (screws["qty_ordered"], screws["unit_price"]) == ("200.0000", None)  # 7.00 is for 100
    assert charges(order)[0] == ("order", "shipping", "5.0000", False)
    assert [tax["amount"] for tax in order["taxes"]] == ["2.7200"]
    told = attributes(order)
    assert told[None, "OrderRequestHeader/Extrinsic"] == "CC-9"
    assert told[1, "ItemOut/Distribution/Accounting/AccountingSegment/@id"] == "4711"
    assert "7.00" in {value for (line, _), value in told.items() if line == 2}


def test_cxml_items_have_ship_tos_of_their_own(desk: Desk) -> None:
    order = desk.order(cxml(), "cxml-orderrequest")
    [lab] = [one for one in order["parties"] if one["external_id"] == "LAB"]
    assert order["lines"][1]["ship_to_party_no"] == lab["party_no"]


def test_cxml_secrets_and_cards_are_never_kept(desk: Desk) -> None:
    told = json.dumps(desk.read(cxml()))
    assert not any(secret in told for secret in ("hush-hush", "4111111111111111", "2027-01-31"))


@pytest.mark.parametrize(
    ("kind", "purpose"),
    [('type="update"', "replace"), ('type="delete"', "cancel"), ('type="odd"', "change")],
)
def test_cxml_updates_and_deletions_wait_for_a_person(desk: Desk, kind: str, purpose: str) -> None:
    order = desk.order(cxml(kind), "cxml-orderrequest")
    assert (order["purpose"], order["outcome"]) == (purpose, "held")
    assert "PURPOSE_NOT_NEW" in codes(order)


def test_cxml_tests_are_held_and_a_missing_type_is_a_new_order(desk: Desk) -> None:
    order = desk.order(cxml("", "test"), "cxml-orderrequest")
    assert (order["purpose"], order["outcome"]) == ("new", "held")
    assert codes(order) == {"TEST_ORDER", "EDI_TOTALS"}  # a price for 100 is in the total only


UBL = """\
<?xml version="1.0" encoding="UTF-8"?>
<o:{root} xmlns:o="urn:oasis:names:specification:ubl:schema:xsd:{root}-2"
 xmlns:a="urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2"
 xmlns:b="urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2">
 <b:ID>O-1</b:ID><b:IssueDate>2026-05-04{zone}</b:IssueDate>{time}
 {more}
 <a:BuyerCustomerParty><b:SupplierAssignedAccountID>C-55</b:SupplierAssignedAccountID>
  <a:Party><b:EndpointID schemeID="0088">7300010000001</b:EndpointID>
  <a:PartyName><b:Name>Clinic</b:Name></a:PartyName></a:Party></a:BuyerCustomerParty>
 <a:Delivery><a:DeliveryLocation><a:Address><b:CityName>Oslo</b:CityName>
  <b:PostalZone>0150</b:PostalZone><a:AddressLine><b:Line>Quay 3</b:Line></a:AddressLine>
  <a:Country><b:IdentificationCode>NO</b:IdentificationCode></a:Country></a:Address>
 </a:DeliveryLocation><a:DeliveryParty><a:PartyName><b:Name>Ward 2</b:Name></a:PartyName>
 </a:DeliveryParty></a:Delivery>
 <a:AllowanceCharge><b:ChargeIndicator>true</b:ChargeIndicator>
  <b:AllowanceChargeReasonCode>FC</b:AllowanceChargeReasonCode>
  <b:Amount currencyID="NOK">40</b:Amount></a:AllowanceCharge>
 <a:TaxTotal><b:TaxAmount currencyID="NOK">72.5</b:TaxAmount></a:TaxTotal>
 <a:AnticipatedMonetaryTotal><b:LineExtensionAmount currencyID="NOK">250</b:LineExtensionAmount>
  <b:TaxInclusiveAmount currencyID="NOK">362.5</b:TaxInclusiveAmount>
  <b:PrepaidAmount currencyID="NOK">62.5</b:PrepaidAmount>
  <b:PayableAmount currencyID="NOK">300</b:PayableAmount></a:AnticipatedMonetaryTotal>
 <a:OrderLine><a:LineItem><b:ID>1</b:ID><b:Quantity unitCode="C62">5</b:Quantity>
  <b:LineExtensionAmount currencyID="NOK">90</b:LineExtensionAmount>
  <a:AllowanceCharge><b:ChargeIndicator>false</b:ChargeIndicator>
   <b:Amount currencyID="NOK">10</b:Amount></a:AllowanceCharge>
  <a:Price><b:PriceAmount currencyID="NOK">20</b:PriceAmount></a:Price>
  <a:Item><b:Name>Gauze</b:Name>
   <a:StandardItemIdentification><b:ID schemeID="0160">07300010000001</b:ID>
   </a:StandardItemIdentification>
   <a:ClassifiedTaxCategory><b:Percent>25</b:Percent></a:ClassifiedTaxCategory></a:Item>
 </a:LineItem></a:OrderLine>
 <a:OrderLine><a:LineItem><b:ID>2</b:ID><b:Quantity unitCode="KGM">200</b:Quantity>
  <b:LineExtensionAmount currencyID="NOK">160</b:LineExtensionAmount>
  <a:Price><b:PriceAmount currencyID="NOK">80</b:PriceAmount>
   <b:BaseQuantity unitCode="KGM">100</b:BaseQuantity></a:Price>
  <a:Item><b:Name>Salt</b:Name></a:Item></a:LineItem></a:OrderLine>
</o:{root}>
"""


def ubl(root: str = "Order", more: str = "", zone: str = "", time: str = "") -> str:
    text = UBL.replace("{root}", root).replace("{more}", more).replace("{zone}", zone)
    return text.replace("{time}", time)


def test_ubl_with_other_prefixes_prices_for_a_hundred_and_allowances(desk: Desk) -> None:
    order = desk.order(ubl(), "ubl-order")
    assert order["outcome"] == "accepted", order["findings"]
    assert (order["currency"], order["ordered_at"]) == ("NOK", "2026-05-04")
    gauze, salt = order["lines"]
    assert (gauze["sku"], gauze["gtin"], gauze["uom"]) == ("07300010000001", "07300010000001", "EA")
    assert (gauze["unit_price"], gauze["line_amount"]) == ("20.000000", "90.0000")
    assert gauze["tax_rate"] == "0.250000"
    assert (salt["sku"], salt["title"], salt["uom"]) == (None, "Salt", "KGM")
    assert (salt["unit_price"], salt["unit_price_origin"]) == ("0.800000", "derived")
    assert charges(order) == [
        ("order", "shipping", "40.0000", False),
        ("line", "discount", "-10.0000", True),
    ]
    assert order["stated_total"] == order["computed_total"] == "362.5000"
    ship_to = party(order, "ship_to")
    assert (ship_to["name"], ship_to["line1"], ship_to["postal_code"]) == (
        "Ward 2", "Quay 3", "0150",
    )  # fmt: skip
    buyer = party(order, "buyer")
    assert (buyer["external_id"], buyer["gln"]) == ("C-55", "7300010000001")


@pytest.mark.parametrize(
    ("root", "more", "purpose"),
    [
        ("OrderChange", "<a:OrderReference><b:ID>O-0</b:ID></a:OrderReference>", "change"),
        (
            "OrderCancellation",
            "<b:CancellationNote/><a:OrderReference><b:ID>O-0</b:ID></a:OrderReference>",
            "cancel",
        ),
    ],
)
def test_ubl_changes_name_the_order_they_change_and_wait(
    desk: Desk, root: str, more: str, purpose: str
) -> None:
    order = desk.order(ubl(root, more), "ubl-order")
    assert (order["purpose"], order["outcome"]) == (purpose, "held")
    assert order["related_order_number"] == "O-0"


@pytest.mark.parametrize(
    ("zone", "time", "at"),
    [
        ("", "<b:IssueTime>10:00:00Z</b:IssueTime>", "2026-05-04T10:00:00Z"),
        ("", "<b:IssueTime>10:00:00.0+02:00</b:IssueTime>", "2026-05-04T08:00:00Z"),
        ("+02:00", "", "2026-05-04"),
        ("Z", "<b:IssueTime>10:00:00</b:IssueTime>", "2026-05-04"),
    ],
)
def test_ubl_dates_may_carry_zones(desk: Desk, zone: str, time: str, at: str) -> None:
    assert desk.order(ubl(zone=zone, time=time), "ubl-order")["ordered_at"] == at


def test_ubl_in_a_peppol_envelope(desk: Desk) -> None:
    inner = ubl().split("?>", 1)[1]
    text = f'<s:StandardBusinessDocument xmlns:s="urn:sbdh">{inner}</s:StandardBusinessDocument>'
    assert desk.order(text, "ubl-order")["order_number"] == "O-1"


def test_a_ubl_invoice_is_no_order(desk: Desk) -> None:
    text = ubl("Invoice")
    document = desk.read(text, "ubl-order")
    assert [one["code"] for one in document["findings"]] == ["DOC_NO_ORDERS"]


OPENTRANS_1 = """\
<ORDER version="1.0" type="standard" xmlns="http://www.opentrans.org/XMLSchema/1.0">
 <ORDER_HEADER><ORDER_INFO><ORDER_ID>4711</ORDER_ID>
  <ORDER_DATE>2026-02-03T09:00:00+01:00</ORDER_DATE>
  <ORDER_PARTIES>
   <BUYER_PARTY><PARTY><PARTY_ID type="buyer_specific">us</PARTY_ID>
    <PARTY_ID type="supplier_specific">K-100</PARTY_ID>
    <ADDRESS><NAME>Süd GmbH</NAME></ADDRESS></PARTY></BUYER_PARTY>
   <SHIPMENT_PARTIES><DELIVERY_PARTY><PARTY><PARTY_ID>L-1</PARTY_ID>
    <ADDRESS><NAME>Lager</NAME><STREET>Weg 1</STREET><ZIP>01067</ZIP><CITY>Dresden</CITY>
     <COUNTRY>Deutschland</COUNTRY></ADDRESS></PARTY></DELIVERY_PARTY></SHIPMENT_PARTIES>
  </ORDER_PARTIES><PRICE_CURRENCY>EUR</PRICE_CURRENCY></ORDER_INFO></ORDER_HEADER>
 <ORDER_ITEM_LIST><ORDER_ITEM><LINE_ITEM_ID>1</LINE_ITEM_ID>
  <ARTICLE_ID><SUPPLIER_AID>A-1</SUPPLIER_AID><INTERNATIONAL_AID>4006381333931</INTERNATIONAL_AID>
   <BUYER_AID>B-1</BUYER_AID><DESCRIPTION_SHORT>Stift</DESCRIPTION_SHORT></ARTICLE_ID>
  <QUANTITY>300</QUANTITY><ORDER_UNIT>C62</ORDER_UNIT>
  <ARTICLE_PRICE type="net_list"><PRICE_AMOUNT>50.00</PRICE_AMOUNT>
   <PRICE_LINE_AMOUNT>150.00</PRICE_LINE_AMOUNT><TAX>0.19</TAX>
   <PRICE_QUANTITY>100</PRICE_QUANTITY></ARTICLE_PRICE></ORDER_ITEM></ORDER_ITEM_LIST>
 <ORDER_SUMMARY><TOTAL_ITEM_NUM>1</TOTAL_ITEM_NUM><TOTAL_AMOUNT>150.00</TOTAL_AMOUNT>
 </ORDER_SUMMARY>
</ORDER>
"""


def test_opentrans_1_with_a_price_for_a_hundred(desk: Desk) -> None:
    order = desk.order(OPENTRANS_1, "opentrans-order")
    assert order["outcome"] == "accepted", order["findings"]
    assert (order["order_number"], order["currency"]) == ("4711", "EUR")
    [line] = order["lines"]
    assert (line["sku"], line["gtin"], line["buyer_item_id"]) == ("A-1", "4006381333931", "B-1")
    assert (line["unit_price"], line["line_amount"]) == ("0.500000", "150.0000")
    assert line["tax_rate"] == "0.190000"
    assert party(order, "buyer")["external_id"] == "K-100"
    ship_to = party(order, "ship_to")
    assert (ship_to["name"], ship_to["postal_code"], ship_to["country"]) == ("Lager", "01067", "DE")
    assert codes(order) == set()


OPENTRANS_2 = """\
<ORDER xmlns="http://www.opentrans.org/XMLSchema/2.1" xmlns:b="http://www.bmecat.org/bmecat/2005fd"
 version="2.1" type="express">
 <ORDER_HEADER><ORDER_INFO><ORDER_ID>X-1</ORDER_ID><ORDER_DATE>2026-02-03</ORDER_DATE>
  <PARTIES>
   <PARTY><b:PARTY_ID type="iln">4000000000006</b:PARTY_ID>
    <ADDRESS><b:NAME>Dock</b:NAME><b:STREET>Kai 2</b:STREET><b:ZIP>20457</b:ZIP>
     <b:CITY>Hamburg</b:CITY><b:COUNTRY_CODED>DE</b:COUNTRY_CODED></ADDRESS></PARTY>
   <PARTY><b:PARTY_ID type="supplier_specific">K-7</b:PARTY_ID><PARTY_ROLE>buyer</PARTY_ROLE>
    <PARTY_ROLE>invoice_recipient</PARTY_ROLE><ADDRESS><b:NAME>Nord AG</b:NAME></ADDRESS></PARTY>
  </PARTIES>
  <CUSTOMER_ORDER_REFERENCE><ORDER_ID>END-9</ORDER_ID></CUSTOMER_ORDER_REFERENCE>
  <ORDER_PARTIES_REFERENCE><SHIPMENT_PARTIES_REFERENCE>
   <DELIVERY_IDREF type="iln">4000000000006</DELIVERY_IDREF></SHIPMENT_PARTIES_REFERENCE>
  </ORDER_PARTIES_REFERENCE><b:CURRENCY>EUR</b:CURRENCY></ORDER_INFO></ORDER_HEADER>
 <ORDER_ITEM_LIST><ORDER_ITEM><LINE_ITEM_ID>1</LINE_ITEM_ID>
  <PRODUCT_ID><b:SUPPLIER_PID><![CDATA[P&1]]></b:SUPPLIER_PID></PRODUCT_ID><QUANTITY>2</QUANTITY>
  <b:ORDER_UNIT>C62</b:ORDER_UNIT><PRODUCT_PRICE_FIX><b:PRICE_AMOUNT>3.50</b:PRICE_AMOUNT>
  </PRODUCT_PRICE_FIX><PRICE_LINE_AMOUNT>7.00</PRICE_LINE_AMOUNT>
  <ITEM_UDX><UDX.SHOP.COLOUR>red</UDX.SHOP.COLOUR></ITEM_UDX></ORDER_ITEM></ORDER_ITEM_LIST>
 <ORDER_SUMMARY><TOTAL_ITEM_NUM>2</TOTAL_ITEM_NUM></ORDER_SUMMARY>
</ORDER>
"""


def test_opentrans_2_points_at_parties_and_counts_its_items(desk: Desk) -> None:
    order = desk.order(OPENTRANS_2, "opentrans-order")
    assert (order["order_number"], order["customer_order_number"]) == ("X-1", "END-9")
    ship_to = party(order, "ship_to")
    assert (ship_to["name"], ship_to["city"]) == ("Dock", "Hamburg")
    assert ship_to["external_id"] == "4000000000006"
    assert party(order, "buyer")["external_id"] == "K-7"
    assert party(order, "bill_to")["name"] == "Nord AG"
    assert order["lines"][0]["sku"] == "P&1"
    assert attributes(order)[1, "ORDER_ITEM_LIST/ORDER_ITEM/ITEM_UDX/UDX.SHOP.COLOUR"] == "red"
    assert codes(order) == {"EDI_TOTALS"}  # two items are told, one is there


GS1_3 = """\
<order:orderMessage xmlns:order="urn:gs1:ecom:order:xsd:3" xmlns:sh="urn:sbdh">
 <sh:StandardBusinessDocumentHeader><sh:DocumentIdentification>
  <sh:InstanceIdentifier>999</sh:InstanceIdentifier></sh:DocumentIdentification>
 </sh:StandardBusinessDocumentHeader>
 {orders}
</order:orderMessage>
"""

GS1_ORDER = """\
<order><creationDateTime>2026-01-05T23:00:00-05:00</creationDateTime>
 <documentStatusCode>ORIGINAL</documentStatusCode>{action}
 <orderIdentification><entityIdentification>{number}</entityIdentification></orderIdentification>
 <orderInstructionCode>PARTIAL_DELIVERY_ALLOWED</orderInstructionCode>
 <totalMonetaryAmountExcludingTaxes currencyCode="EUR">240.00</totalMonetaryAmountExcludingTaxes>
 <totalTaxAmount currencyCode="EUR">48.00</totalTaxAmount>
 <buyer><gln>5412345000013</gln></buyer><seller><gln>4098765000010</gln></seller>
 <orderLogisticalInformation><shipTo><gln>5412345000037</gln><address><city>Gent</city>
  <countryCode>BE</countryCode><name>DC</name><postalCode>9000</postalCode>
  <streetAddressOne>Kaai 1</streetAddressOne></address></shipTo>
  <orderLogisticalDateInformation><requestedDeliveryDateTime><date>2026-01-09</date>
  </requestedDeliveryDateTime></orderLogisticalDateInformation></orderLogisticalInformation>
 <orderLineItem><lineItemNumber>1</lineItemNumber>
  <requestedQuantity measurementUnitCode="EA">48</requestedQuantity>
  <netAmount currencyCode="EUR">240.00</netAmount><netPrice currencyCode="EUR">5.00</netPrice>
  <transactionalTradeItem><gtin>05412345000044</gtin>
   <additionalTradeItemIdentification additionalTradeItemIdentificationTypeCode="BUYER_ASSIGNED"
    >B-9</additionalTradeItemIdentification>
   <additionalTradeItemIdentification additionalTradeItemIdentificationTypeCode="SUPPLIER_ASSIGNED"
    >S-9</additionalTradeItemIdentification></transactionalTradeItem>
  <orderLineItemDetail><requestedQuantity measurementUnitCode="EA">24</requestedQuantity>
   <orderLogisticalInformation><shipTo><gln>5412345000051</gln></shipTo>
   </orderLogisticalInformation></orderLineItemDetail>
  <orderLineItemDetail><requestedQuantity measurementUnitCode="EA">24</requestedQuantity>
   <orderLogisticalInformation><shipTo><gln>5412345000068</gln></shipTo>
   </orderLogisticalInformation></orderLineItemDetail>
 </orderLineItem></order>
"""


def gs1(*orders: tuple[str, str]) -> str:
    made = (
        GS1_ORDER.replace("{number}", number).replace(
            "{action}", f"<documentActionCode>{action}</documentActionCode>" if action else ""
        )
        for number, action in orders
    )
    return GS1_3.replace("{orders}", "".join(made))


def test_gs1_splits_are_no_further_quantity(desk: Desk) -> None:
    order = desk.order(gs1(("PO-1", "ADD")), "gs1-order")
    assert order["outcome"] == "accepted", order["findings"]
    assert order["ordered_at"] == "2026-01-06T04:00:00Z"
    assert (order["currency"], order["partial_allowed"]) == ("EUR", True)
    assert order["deliver_by"][:10] == "2026-01-09"
    [line] = order["lines"]
    assert (line["qty_ordered"], line["sku"], line["buyer_item_id"]) == ("48.0000", "S-9", "B-9")
    ship_to = party(order, "ship_to")
    assert (ship_to["gln"], ship_to["city"]) == ("5412345000037", "Gent")
    assert party(order, "buyer")["gln"] == "5412345000013"
    assert order["computed_total"] == "288.0000"


def test_gs1_messages_hold_several_orders_and_say_what_to_do(desk: Desk) -> None:
    told = (("1", ""), ("2", "ADD"), ("3", "DELETE"), ("4", "CHANGE_BY_REFRESH"), ("5", "HM"))
    orders = desk.orders(gs1(*told), "gs1-order")
    purposes = [order["purpose"] for order in orders]
    assert purposes == ["new", "new", "cancel", "replace", "change"]
    outcomes = [order["outcome"] for order in orders]
    assert outcomes == ["accepted", "accepted", "held", "held", "held"]


GS1_2 = """\
<sh:StandardBusinessDocument xmlns:sh="urn:sbdh" xmlns:eanucc="urn:ean.ucc:2"
 xmlns:order="urn:ean.ucc:order:2">
 <eanucc:message><entityIdentification/><eanucc:transaction><command><eanucc:documentCommand>
 <documentCommandHeader type="ADD"/><documentCommandOperand>
 <order:order creationDateTime="2026-01-05T11:00:00" documentStatus="ORIGINAL">
  <orderIdentification><uniqueCreatorIdentification>PO-02</uniqueCreatorIdentification>
  </orderIdentification>
  <orderPartyInformation><seller><gln>4098765000010</gln></seller>
   <buyer><gln>5412345000013</gln></buyer></orderPartyInformation>
  <orderLogisticalInformation><shipToLogistics><shipTo><gln>5412345000037</gln></shipTo>
  </shipToLogistics></orderLogisticalInformation>
  <orderLineItem number="1"><requestedQuantity><value>48.00</value></requestedQuantity>
   <netPrice><amount><currencyCode><currencyISOCode>EUR</currencyISOCode></currencyCode>
    <monetaryAmount>2.50</monetaryAmount></amount></netPrice>
   <tradeItemIdentification><gtin>05412345000044</gtin></tradeItemIdentification></orderLineItem>
 </order:order></documentCommandOperand></eanucc:documentCommand></command></eanucc:transaction>
 </eanucc:message></sh:StandardBusinessDocument>
"""


def test_gs1_2_wraps_the_order_in_a_command(desk: Desk) -> None:
    order = desk.order(GS1_2, "gs1-order")
    assert (order["order_number"], order["purpose"]) == ("PO-02", "new")
    [line] = order["lines"]
    assert (line["gtin"], line["qty_ordered"], line["unit_price"]) == (
        "05412345000044", "48.0000", "2.500000",
    )  # fmt: skip
    assert order["currency"] == "EUR"
    assert party(order, "ship_to")["gln"] == "5412345000037"


OAGIS = """\
<us:{root} xmlns:us="urn:own" xmlns="http://www.openapplications.org/oagis/9" releaseID="9.4">
 <us:ApplicationArea><CreationDateTime>2026-04-01T08:00:00Z</CreationDateTime>
  <BODID>1</BODID></us:ApplicationArea>
 <us:DataArea>{verb}<us:PurchaseOrder>
  <us:PurchaseOrderHeader><DocumentID><ID>PO-77</ID></DocumentID>
   <DocumentDateTime>2026-04-01T07:30:00-05:00</DocumentDateTime>
   <ExtendedAmount currencyID="USD">55.00</ExtendedAmount>
   <CustomerParty><PartyIDs><ID>C-12</ID></PartyIDs><Name>Buyer Inc</Name></CustomerParty>
   <ShipToParty><PartyIDs><ID>S-1</ID></PartyIDs><Name>Dock 4</Name><Location><Address>
     <LineOne>9 Elm St</LineOne><CityName>Reno</CityName>
     <CountrySubDivisionCode>NV</CountrySubDivisionCode><CountryCode>US</CountryCode>
     <PostalCode>89501</PostalCode></Address></Location></ShipToParty>
   <BillToParty><Name>Accounts</Name><Location><Address>
     <AddressLine sequence="2">Suite 5</AddressLine><AddressLine sequence="1">1 Oak</AddressLine>
    </Address></Location></BillToParty>
  </us:PurchaseOrderHeader>
  <us:PurchaseOrderLine><LineNumber>10</LineNumber>
   <Item><SupplierItemIdentification><ItemID><ID>V-1</ID></ItemID></SupplierItemIdentification>
    <CustomerItemIdentification><ItemID><ID>B-1</ID></ItemID></CustomerItemIdentification>
    <Description>Bolt</Description></Item>
   <Quantity unitCode="EA">5</Quantity>
   <UnitPrice><Amount currencyID="USD">11.00</Amount><PerQuantity unitCode="EA">1</PerQuantity>
   </UnitPrice></us:PurchaseOrderLine>
 </us:PurchaseOrder></us:DataArea>
</us:{root}>
"""
VERB = (
    '<Process><ActionCriteria><ActionExpression actionCode="{code}" expressionLanguage="XPath"/>'
    "</ActionCriteria></Process>"
)


@pytest.mark.parametrize(
    ("root", "verb", "purpose"),
    [
        ("ProcessPurchaseOrder", "<Process/>", "new"),
        ("ProcessPurchaseOrder", VERB.replace("{code}", "Add"), "new"),
        ("ProcessPurchaseOrder", VERB.replace("{code}", "Change"), "change"),
        ("ProcessPurchaseOrder", VERB.replace("{code}", "Cancel"), "cancel"),
        ("ChangePurchaseOrder", "<Change/>", "change"),
        ("CancelPurchaseOrder", "<Cancel/>", "cancel"),
    ],
)
def test_oagis_says_by_name_and_action_what_to_do(
    desk: Desk, root: str, verb: str, purpose: str
) -> None:
    text = OAGIS.replace("{root}", root).replace("{verb}", verb)
    order = desk.order(text, "oagis-po")
    assert order["purpose"] == purpose
    assert order["outcome"] == ("accepted" if purpose == "new" else "held")
    assert (order["order_number"], order["currency"]) == ("PO-77", "USD")
    assert order["ordered_at_raw"] == "2026-04-01T07:30:00-05:00"
    [line] = order["lines"]
    assert (line["sku"], line["buyer_item_id"], line["unit_price"]) == ("V-1", "B-1", "11.000000")
    ship_to, bill_to = party(order, "ship_to"), party(order, "bill_to")
    assert (ship_to["external_id"], ship_to["line1"], ship_to["postal_code"]) == (
        "S-1", "9 Elm St", "89501",
    )  # fmt: skip
    assert (bill_to["line1"], bill_to["line2"]) == ("1 Oak", "Suite 5")
    assert party(order, "buyer")["external_id"] == "C-12"


SHIPSTATION = """\
<?xml version="1.0" encoding="utf-8"?>
<Orders pages="1"><Order>
 <OrderID>1</OrderID><OrderNumber>S-1</OrderNumber><OrderDate>{date}</OrderDate>
 <OrderStatus>{status}</OrderStatus><ShippingMethod>Ground</ShippingMethod>
 <OrderTotal>27.00</OrderTotal><TaxAmount>2.00</TaxAmount><ShippingAmount>5.00</ShippingAmount>
 <Customer><CustomerCode>c@example.com</CustomerCode>
  <BillTo><Name>Ann</Name><Email>c@example.com</Email></BillTo>
  <ShipTo><Name>Bob</Name><Address1>1 Elm</Address1><City>Reno</City><State>NV</State>
   <PostalCode>89501</PostalCode><Country>US</Country></ShipTo></Customer>
 <Items>
  <Item><SKU>A</SKU><Name><![CDATA[Tea & more]]></Name><Quantity>3</Quantity>
   <UnitPrice>10.00</UnitPrice><Options><Option><Name>Size</Name><Value>L</Value></Option>
   </Options><Adjustment>false</Adjustment></Item>
  <Item><SKU/><Name>LOYAL</Name><Quantity>1</Quantity><UnitPrice>-10.00</UnitPrice>
   <Adjustment>true</Adjustment></Item></Items>
</Order></Orders>
"""


def shipstation(date: str = "12/8/2011 21:56 PM", status: str = "paid") -> str:
    return SHIPSTATION.replace("{date}", date).replace("{status}", status)


def test_shipstation_adjustments_are_discounts_and_no_lines(desk: Desk) -> None:
    order = desk.order(shipstation(), "shipstation-xml")
    assert order["outcome"] == "accepted"
    assert order["ordered_at"] == "2011-12-08T21:56:00"
    [line] = order["lines"]
    assert (line["sku"], line["title"], line["options"]) == ("A", "Tea & more", "L")
    assert charges(order) == [
        ("order", "discount", "-10.0000", False),
        ("order", "shipping", "5.0000", False),
    ]
    assert order["stated_total"] == order["computed_total"] == "27.0000"
    assert party(order, "ship_to")["postal_code"] == "89501"


@pytest.mark.parametrize(
    ("date", "at"),
    [
        ("12/8/2011 12:56 AM", "2011-12-08T00:56:00"),
        ("10/18/2026 9:05 PM", "2026-10-18T21:05:00"),
        ("10/18/2026 21:05", "2026-10-18T21:05:00"),
    ],
)
def test_shipstation_dates_are_month_first(desk: Desk, date: str, at: str) -> None:
    assert desk.order(shipstation(date), "shipstation-xml")["ordered_at"] == at


def test_shipstation_cancelled_orders_are_ignored(desk: Desk) -> None:
    order = desk.order(shipstation(status="cancelled"), "shipstation-xml")
    assert (order["status"], order["outcome"]) == ("cancelled", "ignored")


HUB = """\
<OrderMessageBatch batchNumber="1"><partnerID roleType="merchant">shop</partnerID>
<hubOrder transactionID="9"><participatingParty name="Shop" roleType="merchant"
 participationCode="From:">shop</participatingParty>
 <orderId>9</orderId><poNumber>0007</poNumber><orderDate>20260301</orderDate>
 <paymentMethod>VISA</paymentMethod><merchandise>40.00</merchandise><tax>3.00</tax>
 <credits>5.00</credits><shipping>6.00</shipping><total>44.00</total>
 <shipTo personPlaceID="P2"/><billTo personPlaceID="P1"/><customer personPlaceID="P1"/>
 <custOrderNumber>0815</custOrderNumber>
 <lineItem><lineItemId>1</lineItemId><qtyOrdered>2</qtyOrdered><unitOfMeasure>EA</unitOfMeasure>
  <merchantSKU>M-1</merchantSKU><vendorSKU>0042</vendorSKU><unitPrice>20.0000</unitPrice>
  <unitCost>9.0000</unitCost><lineShipping>6.00</lineShipping><lineTax>3.00</lineTax>
  <lineCredits>5.00</lineCredits><expectedShipDate>20260303</expectedShipDate></lineItem>
 <personPlace personPlaceID="P1"><name1>Ann</name1><address1>1 A St</address1><city>Ada</city>
  <state>OK</state><country>US</country><postalCode>74820</postalCode></personPlace>
 <personPlace personPlaceID="P2"><name1>Bob</name1><address1>2 B St</address1><city>Bly</city>
  <state>OR</state><country>USA</country><postalCode>97622</postalCode></personPlace>
</hubOrder>
<hubOrder><orderId>10</orderId><poNumber>0008</poNumber><orderDate>20260301</orderDate>
 <shipTo personPlaceID="P9"/><lineItem><qtyOrdered>1</qtyOrdered><vendorSKU>7</vendorSKU>
 <unitCost>1.00</unitCost></lineItem></hubOrder>
</OrderMessageBatch>
"""


def test_commercehub_addresses_are_references_and_header_sums_count_once(desk: Desk) -> None:
    order, bare = desk.orders(HUB, "commercehub-xml")
    assert (order["order_number"], order["source_order_id"]) == ("0007", "9")
    assert (order["customer_order_number"], order["ordered_at"]) == ("0815", "2026-03-01")
    ship_to, buyer = party(order, "ship_to"), party(order, "buyer")
    assert (ship_to["name"], ship_to["postal_code"], ship_to["country"]) == ("Bob", "97622", "US")
    assert (buyer["name"], buyer["postal_code"]) == ("Ann", "74820")
    assert party(order, "sold_to")["external_id"] == "shop"
    [line] = order["lines"]
    assert (line["sku"], line["buyer_item_id"], line["unit_price"]) == ("0042", "M-1", "20.000000")
    assert [one for one in charges(order) if not one[3]] == [
        ("order", "shipping", "6.0000", False),
        ("order", "discount", "-5.0000", False),
    ]
    assert order["stated_total"] == order["computed_total"] == "44.0000"
    assert party(bare, "ship_to") == {}  # nobody has the id


ADVISOR = """\
<soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/"
 xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><soap:Body>
<GetOrderListResponse xmlns="http://api.channeladvisor.com/webservices/"><GetOrderListResult>
<Status>Success</Status><ResultData>
<OrderResponseItem xmlns:q="urn:orders" xsi:type="q:OrderResponseDetailComplete">
 <q:NumberOfMatches>1</q:NumberOfMatches><q:OrderTimeGMT>2026-06-07T16:00:47</q:OrderTimeGMT>
 <q:LastUpdateDate>1900-01-01T00:00:00</q:LastUpdateDate>
 <q:TotalOrderAmount>43.0000</q:TotalOrderAmount><q:OrderState>{state}</q:OrderState>
 <q:DateCancelledGMT xsi:nil="true"/><q:OrderID>88</q:OrderID>
 <q:ClientOrderIdentifier>203-1</q:ClientOrderIdentifier><q:SellerOrderID/>
 <q:OrderStatus><q:PaymentStatus>Cleared</q:PaymentStatus>
  <q:PaymentDateGMT>1900-01-01T00:00:00</q:PaymentDateGMT>
  <q:ShippingStatus>Unshipped</q:ShippingStatus></q:OrderStatus>
 <q:BuyerEmailAddress>b@example.com</q:BuyerEmailAddress>
 <q:PaymentInfo><q:PaymentType>Amazon</q:PaymentType></q:PaymentInfo>
 <q:ShippingInfo><q:AddressLine1>1 Kay St</q:AddressLine1><q:City>Leeds</q:City>
  <q:PostalCode>LS1 1AA</q:PostalCode><q:CountryCode>GB</q:CountryCode>
  <q:FirstName>Jo</q:FirstName><q:LastName>Day</q:LastName>
  <q:EstimatedShipDate xsi:nil="true">x</q:EstimatedShipDate>
  <q:DeliveryDate>1900-01-01T00:00:00</q:DeliveryDate></q:ShippingInfo>
 <q:ShoppingCart><q:CartID>5</q:CartID><q:VATTaxCalculationOption>{vat}</q:VATTaxCalculationOption>
  <q:LineItemSKUList><q:OrderLineItemItem xsi:type="q:OrderLineItemItemResponse">
   <q:UnitPrice>20.0000</q:UnitPrice><q:LineItemID>1</q:LineItemID><q:Quantity>2</q:Quantity>
   <q:SKU>W-1</q:SKU><q:Title>Watch</q:Title><q:VATRate>0.2000</q:VATRate>
   <q:TaxCost>7.0000</q:TaxCost><q:ShippingCost>4.0000</q:ShippingCost>
   <q:IsFBA>false</q:IsFBA></q:OrderLineItemItem></q:LineItemSKUList>
  <q:LineItemInvoiceList>
   <q:OrderLineItemInvoice><q:LineItemType>SalesTax</q:LineItemType>
    <q:UnitPrice>7.0000</q:UnitPrice></q:OrderLineItemInvoice>
   <q:OrderLineItemInvoice><q:LineItemType>Shipping</q:LineItemType>
    <q:UnitPrice>4.0000</q:UnitPrice></q:OrderLineItemInvoice></q:LineItemInvoiceList>
  <q:LineItemPromoList><q:OrderLineItemPromo><q:LineItemType>Promotion</q:LineItemType>
   <q:UnitPrice>-1.0000</q:UnitPrice><q:PromoCode>HI</q:PromoCode></q:OrderLineItemPromo>
  </q:LineItemPromoList></q:ShoppingCart>
</OrderResponseItem></ResultData></GetOrderListResult></GetOrderListResponse>
</soap:Body></soap:Envelope>
"""


def advisor(state: str = "Active", vat: str = "VAT_INCLUSIVE") -> str:
    return ADVISOR.replace("{state}", state).replace("{vat}", vat)


def test_channeladvisor_dates_of_1900_and_nil_are_none(desk: Desk) -> None:
    order = desk.order(advisor(), "channeladvisor-xml")
    assert order["outcome"] == "accepted", order["findings"]
    assert (order["order_number"], order["customer_order_number"]) == ("88", "203-1")
    assert order["ordered_at"] == "2026-06-07T16:00:47Z"
    assert (order["ship_by"], order["deliver_by"]) == (None, None)
    assert order["payments"][0]["paid_at"] is None
    assert party(order, "ship_to")["name"] == "Jo Day"
    assert [one for one in charges(order) if not one[3]] == [
        ("order", "shipping", "4.0000", False),
        ("order", "discount", "-1.0000", False),
    ]
    assert (order["price_basis"], order["taxes"][0]["included"]) == ("gross", True)
    assert order["stated_total"] == order["computed_total"] == "43.0000"


def test_channeladvisor_tax_outside_the_prices_is_added(desk: Desk) -> None:
    order = desk.order(advisor(vat="Unspecified"), "channeladvisor-xml")
    assert (order["price_basis"], order["computed_total"]) == ("net", "50.0000")


def test_channeladvisor_cancelled_orders_are_ignored(desk: Desk) -> None:
    order = desk.order(advisor("Cancelled"), "channeladvisor-xml")
    assert (order["status"], order["outcome"]) == ("cancelled", "ignored")


MWS_ORDERS = """\
<?xml version="1.0"?>
<ListOrdersResponse xmlns="https://mws.amazonservices.com/Orders/2013-09-01"><ListOrdersResult>
<NextToken>abc</NextToken><Orders>
<Order><LatestShipDate>2026-02-05T07:59:59Z</LatestShipDate><AmazonOrderId>111-1</AmazonOrderId>
 <PurchaseDate>2026-02-03T01:02:03Z</PurchaseDate><OrderStatus>Unshipped</OrderStatus>
 <FulfillmentChannel>MFN</FulfillmentChannel><ShipServiceLevel>Std</ShipServiceLevel>
 <ShippingAddress><Name>Ann</Name><AddressLine1>1 Elm</AddressLine1><City>Reno</City>
  <StateOrRegion>NV</StateOrRegion><PostalCode>89501</PostalCode><CountryCode>US</CountryCode>
 </ShippingAddress><OrderTotal><CurrencyCode>USD</CurrencyCode><Amount>26.50</Amount></OrderTotal>
 <BuyerEmail>b@marketplace.example</BuyerEmail></Order>
<Order><AmazonOrderId>111-2</AmazonOrderId><PurchaseDate>2026-02-03T01:02:03Z</PurchaseDate>
 <OrderStatus>Canceled</OrderStatus><FulfillmentChannel>AFN</FulfillmentChannel></Order>
</Orders></ListOrdersResult></ListOrdersResponse>
"""
MWS_ITEMS = """\
<?xml version="1.0"?>
<ListOrderItemsResponse xmlns="https://mws.amazonservices.com/Orders/2013-09-01">
<ListOrderItemsResult><AmazonOrderId>111-1</AmazonOrderId><OrderItems><OrderItem>
 <ASIN>B000</ASIN><SellerSKU>A-1</SellerSKU><OrderItemId>77</OrderItemId><Title>Tea</Title>
 <QuantityOrdered>2</QuantityOrdered><ItemPrice><CurrencyCode>USD</CurrencyCode>
 <Amount>20.00</Amount></ItemPrice><ShippingPrice><CurrencyCode>USD</CurrencyCode>
 <Amount>5.00</Amount></ShippingPrice><ItemTax><CurrencyCode>USD</CurrencyCode>
 <Amount>1.50</Amount></ItemTax></OrderItem></OrderItems></ListOrderItemsResult>
</ListOrderItemsResponse>
"""


def test_mws_orders_alone_have_no_lines(desk: Desk) -> None:
    first, second = desk.orders(MWS_ORDERS, "amazon-mws-orders")
    assert (first["order_number"], first["line_count"]) == ("111-1", 0)
    assert first["outcome"] != "accepted"
    assert party(first, "ship_to")["postal_code"] == "89501"
    assert (second["status"], second["outcome"]) == ("cancelled", "ignored")


def test_mws_items_have_line_prices_and_no_date(desk: Desk) -> None:
    order = desk.order(MWS_ITEMS, "amazon-mws-items")
    assert (order["order_number"], order["currency"]) == ("111-1", "USD")
    [line] = order["lines"]
    assert (line["sku"], line["line_amount"], line["unit_price"]) == (
        "A-1", "20.0000", "10.000000",
    )  # fmt: skip
    assert order["computed_total"] == "26.5000"
    assert "ORDER_DATE_MISSING" in codes(order)


PRESTASHOP = """\
<?xml version="1.0" encoding="UTF-8"?>
<prestashop xmlns:xlink="http://www.w3.org/1999/xlink">
<order><id><![CDATA[5]]></id>
 <id_address_delivery xlink:href="http://shop/api/addresses/4"><![CDATA[4]]></id_address_delivery>
 <id_address_invoice xlink:href="http://shop/api/addresses/3"><![CDATA[3]]></id_address_invoice>
 <id_currency xlink:href="http://shop/api/currencies/1"><![CDATA[1]]></id_currency>
 <id_customer xlink:href="http://shop/api/customers/9"><![CDATA[9]]></id_customer>
 <current_state xlink:href="http://shop/api/order_states/2"><![CDATA[2]]></current_state>
 <module><![CDATA[ps_wirepayment]]></module><delivery_date><![CDATA[0000-00-00 00:00:00]]>
 </delivery_date><date_add><![CDATA[2026-05-01 10:00:00]]></date_add>
 <payment><![CDATA[Wire]]></payment><total_discounts_tax_incl><![CDATA[2.000000]]>
 </total_discounts_tax_incl><total_paid_tax_incl><![CDATA[29.280000]]></total_paid_tax_incl>
 <total_paid_real><![CDATA[0.000000]]></total_paid_real>
 <total_shipping_tax_incl><![CDATA[7.320000]]></total_shipping_tax_incl>
 <reference><![CDATA[XKBKNABJK]]></reference>
 <associations><order_rows nodeType="order_row" virtualEntity="true">
  <order_row><id>8</id><product_id xlink:href="http://shop/api/products/2">2</product_id>
   <product_attribute_id>13</product_attribute_id><product_quantity>2</product_quantity>
   <product_name>Mug</product_name><product_reference>demo_3</product_reference>
   <product_ean13/><product_price>9.816667</product_price>
   <unit_price_tax_incl>11.980000</unit_price_tax_incl>
   <unit_price_tax_excl>9.816667</unit_price_tax_excl></order_row>
 </order_rows></associations></order></prestashop>
"""


def test_prestashop_prices_have_the_tax_inside_and_addresses_are_ids(desk: Desk) -> None:
    order = desk.order(PRESTASHOP, "prestashop-xml")
    assert (order["order_number"], order["source_order_id"]) == ("XKBKNABJK", "5")
    assert order["ordered_at"] == "2026-05-01T10:00:00"
    [line] = order["lines"]
    assert (line["sku"], line["channel_item_id"], line["qty_ordered"]) == (
        "demo_3", "2-13", "2.0000",
    )  # fmt: skip
    assert party(order, "ship_to")["external_id"] == "4"
    assert party(order, "buyer")["external_id"] == "9"
    assert (order["stated_total"], order["computed_total"]) == ("29.2800", "29.2800")
    assert order["outcome"] == "accepted", order["findings"]


@pytest.mark.parametrize(
    "text",
    [
        """<Orders><Order><OrderNumber>7</OrderNumber><OrderDate>2026-01-02</OrderDate>
        <Currency>EUR</Currency><ShipTo><Name>Ann</Name><Street>Weg 1</Street><City>Bonn</City>
        <Zip>53111</Zip><Country>Germany</Country></ShipTo><Lines><Line><SKU>A</SKU>
        <Quantity>2</Quantity><UnitPrice>1.50</UnitPrice></Line></Lines></Order></Orders>""",
        """<order number="7" orderDate="2026-01-02" currency="EUR"><shipTo><name>Ann</name>
        <street>Weg 1</street><city>Bonn</city><zip>53111</zip><country>DE</country></shipTo>
        <items><item sku="A" quantity="2" price="1.50"/></items></order>""",
        """<PurchaseOrder><Header><PurchaseOrderNumber>7</PurchaseOrderNumber>
        <OrderDate>2026-01-02</OrderDate><Currency>EUR</Currency></Header>
        <Address Type="Billing"><Name>Bob</Name><Zip>1</Zip></Address>
        <Address Type="Shipping"><Name>Ann</Name><Street>Weg 1</Street><City>Bonn</City>
        <Zip>53111</Zip><Country>DE</Country></Address>
        <LineItem><ItemNumber>A</ItemNumber><Qty>2</Qty><Price>1.50</Price></LineItem>
        </PurchaseOrder>""",
    ],
)
def test_any_xml_with_telling_names_is_read(desk: Desk, text: str) -> None:
    order = desk.order(text, "xml-generic")
    assert order["outcome"] == "accepted", order["findings"]
    assert (order["order_number"], order["ordered_at"], order["currency"]) == (
        "7", "2026-01-02", "EUR",
    )  # fmt: skip
    ship_to = party(order, "ship_to")
    assert (ship_to["name"], ship_to["postal_code"], ship_to["country"]) == ("Ann", "53111", "DE")
    [line] = order["lines"]
    assert (line["sku"], line["qty_ordered"], line["unit_price"]) == ("A", "2.0000", "1.500000")


def test_an_element_named_us_price_is_in_dollars(desk: Desk) -> None:
    text = """<?xml version="1.0"?><purchaseOrder orderDate="1999-10-20"><shipTo country="US">
    <name>Alice</name><street>123 Maple</street><city>Mill Valley</city><state>CA</state>
    <zip>90952</zip></shipTo><items><item partNum="872-AA"><productName>Mower</productName>
    <quantity>1</quantity><USPrice>148.95</USPrice></item></items></purchaseOrder>"""
    order = desk.order(text, "xml-usprice")
    assert order["currency"] == "USD"
    [line] = order["lines"]
    assert (line["sku"], line["unit_price"], line["title"]) == ("872-AA", "148.950000", "Mower")
    assert party(order, "ship_to")["country"] == "US"
    assert "ORDER_NUMBER_MISSING" in codes(order)


@pytest.mark.parametrize(
    ("profile", "text"),
    [
        ("cxml-orderrequest", cxml()),
        ("ubl-order", ubl()),
        ("ubl-order", ubl("OrderCancellation")),
        ("opentrans-order", OPENTRANS_1),
        ("opentrans-order", OPENTRANS_2),
        ("gs1-order", gs1(("PO-1", "ADD"))),
        ("gs1-order", GS1_2),
        ("oagis-po", OAGIS.replace("{root}", "ProcessPurchaseOrder").replace("{verb}", "")),
        ("shipstation-xml", shipstation()),
        ("commercehub-xml", HUB),
        ("channeladvisor-xml", advisor()),
        ("amazon-mws-orders", MWS_ORDERS),
        ("amazon-mws-items", MWS_ITEMS),
        ("prestashop-xml", PRESTASHOP),
        ("xml-generic", "<Orders><Order><OrderNumber>7</OrderNumber></Order></Orders>"),
    ],
)
def test_a_document_s_profile_is_found_by_itself(desk: Desk, profile: str, text: str) -> None:
    document = desk.read(text)
    assert document["profile"] == profile, document["findings"]
