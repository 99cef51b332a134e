"""Drafts of profiles: names, what amounts mean, rows that are no orders, and the TOML itself."""

from __future__ import annotations

import tomllib
from pathlib import Path
from tempfile import TemporaryDirectory

import polars as pl
import pytest
import xlsxwriter
from hypothesis import given, settings
from hypothesis import strategies as st

from oms_import.drafting.differences import differences
from oms_import.drafting.document import drafted
from oms_import.drafting.draft import Draft, draft
from oms_import.drafting.fields import field_names
from oms_import.drafting.render import profile_text
from oms_import.drafting.sample import Sample, open_sample, sample_of
from oms_import.drafting.toml_text import comment, line, quoted
from oms_import.drafting.words import lexicon, readings, table_of_words
from oms_import.model.errors import DropRejectedError, SettingError
from oms_import.profiles.load import builtin, load_profile
from oms_import.profiles.model import Profile


def sample(text: str) -> Sample:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "orders.csv"
        path.write_text(text, "utf-8")
        return open_sample(path)


def profile_of(made: Draft) -> Profile:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "drafted.toml"
        path.write_text(profile_text(made, "drafted"), "utf-8")
        return load_profile(path)


def column(profile: Profile, field: str) -> tuple[str, ...]:
    table, _, name = field.partition(".")
    return getattr(profile, table)[name].from_


ORDERS = """Order,Date,SKU,Qty,Price,Shipping,Tax,Total
A1,2024-05-01,X,2,10.00,5.00,1.90,26.90
A2,2024-05-02,Y,1,20.00,5.00,1.90,26.90
"""


@pytest.mark.parametrize(
    ("name", "concepts"),
    [
        ("Bestell-Nr.", {"order", "number"}),
        ("n° de commande", {"order", "number"}),
        ("orderNumber", {"order", "number"}),
        ("ORDER_NO", {"order", "number"}),
        ("Lieferanschrift PLZ", {"ship", "address", "postal"}),
        ("Kod pocztowy", {"postal"}),
        ("Recipient", {"ship", "person"}),
        ("Shipping Address1", {"ship", "address", "one"}),
        ("Q.tà", {"qty"}),
        ("Quanitty", {"qty"}),
        ("Art.-Nr.", {"sku"}),
        ("N. ordine", {"order", "number"}),
    ],
)
def test_a_name_reads_the_same_in_every_language_and_spelling(
    name: str, concepts: set[str]
) -> None:
    assert concepts in readings(name)


def test_every_concept_that_a_field_speaks_of_has_words() -> None:
    known = {concept for several in lexicon().words.values() for one in several for concept in one}
    spoken = {
        concept
        for names in field_names()
        for pattern in (*names.names, *names.fallback)
        for concept in pattern.concepts
    }
    assert spoken <= known
    assert all(
        word == word.lower() for words in table_of_words()["words"].values() for word in words
    )


def test_charges_and_taxes_are_those_that_add_up() -> None:
    made = draft(sample(ORDERS))
    amounts = {one.column: one for one in made.reckoning.amounts}
    assert amounts["Shipping"].sure
    assert amounts["Tax"].sure
    assert not amounts["Tax"].included
    assert "add up in 2 of 2 orders" in amounts["Tax"].why
    profile = profile_of(made)
    assert [one.kind for one in profile.charge] == ["shipping"]
    assert profile.defaults.price_basis == "net"


def test_a_tax_that_is_in_the_prices_is_included() -> None:
    made = draft(sample(ORDERS.replace("26.90", "25.00")))
    [tax] = profile_of(made).tax
    assert tax.included
    assert profile_of(made).defaults.price_basis == "gross"


def test_a_price_that_is_the_lines_is_known_by_other_rows() -> None:
    made = draft(
        sample("Order,Date,SKU,Qty,Item price\n1,2024-05-01,X,2,21.98\n2,2024-05-01,X,1,10.99\n")
    )
    assert column(profile_of(made), "line.line_amount") == ("Item price",)


def test_a_total_that_differs_on_the_rows_of_an_order_is_the_lines() -> None:
    rows = "1,2024-05-01,X,2,10,20\n1,2024-05-01,Y,1,5,5\n2,2024-05-01,X,1,10,10\n"
    made = draft(sample(f"Order,Date,SKU,Qty,Price,Total\n{rows}"))
    assert column(profile_of(made), "line.line_amount") == ("Total",)
    assert "order.stated_total" not in made.written


def test_rows_that_are_no_orders_are_left_out() -> None:
    head, *rows = ORDERS.splitlines()
    described = "The order's number.,When it was placed,,,,,,"
    text = "\n".join([head, described, *rows, "2,record(s) downloaded", ""])
    profile = profile_of(draft(sample(text)))
    assert profile.rows.description_rows == 1
    [footer] = profile.rows.footer
    told = pl.Series(["2,record(s) downloaded", "17,record(s) downloaded"])
    assert told.str.contains(footer.matches).all()


def test_decimal_commas_and_the_order_of_days_are_found() -> None:
    text = "Auftrag;Datum;Artikelnummer;Menge;Preis\n1;13.05.2024;X;2;1.234,50 €\n"
    profile = profile_of(draft(sample(text)))
    assert profile.defaults.decimal == ","
    assert profile.defaults.date_order == "dmy"
    assert profile.defaults.currency == "EUR"
    assert profile.format.delimiter == ";"


def test_lines_in_json_cells_are_found_by_their_keys() -> None:
    cell = '"[{""sku"": ""X"", ""qty"": 2, ""price"": ""3.50""}]"'
    profile = profile_of(draft(sample(f"order_id,created_at,items\n1,2024-05-01,{cell}\n")))
    assert (profile.lines.in_, profile.lines.column) == ("json", "items")
    assert column(profile, "line.qty_ordered") == ("qty",)
    assert column(profile, "line.unit_price") == ("price",)


def test_what_a_person_says_goes_before_what_is_found() -> None:
    found = sample(ORDERS)
    made = draft(found, {"line.sku": None, "order.order_number": "SKU"}, {"currency": "SEK"})
    profile = profile_of(made)
    assert column(profile, "order.order_number") == ("SKU",)
    assert "sku" not in profile.line
    assert profile.defaults.currency == "SEK"
    assert "defaults.currency" not in dict(made.missing())


def test_a_header_of_a_built_in_profile_extends_it() -> None:
    text = "Name,Email,Created at,Lineitem name,Lineitem quantity,Lineitem sku,Ext. GTIN\n"
    made = draft(
        sample(f"{text}#1,a@example.com,2024-05-01 10:00:00 -0500,Tea,1,T1,4006381333931\n")
    )
    built_on = drafted("shop", made)
    assert built_on.extension is not None
    table = tomllib.loads(built_on.toml)
    assert table["extends"] == "shopify-csv"
    assert table["line"] == {"gtin": "Ext. GTIN"}
    assert drafted("shop", made, from_scratch=True).extension is None


def test_card_numbers_are_never_kept() -> None:
    text = "Order,Date,SKU,Qty,Credit card number,CVV\n1,2024-05-01,X,2,4111111111111111,123\n"
    assert profile_of(draft(sample(text))).drop_columns == ("Credit card number", "CVV")


def test_rows_that_somebody_else_read_are_drafted_too() -> None:
    rows = pl.DataFrame({"Order/Number": ["1"], "Order/Date": ["2024-05-01"], "Item/SKU": ["X"]})
    made = draft(sample_of("orders.xml", "xml", rows))
    assert made.chosen["order.order_number"].column == "Order/Number"
    assert made.chosen["line.sku"].column == "Item/SKU"


def test_the_sheet_that_looks_like_orders_is_taken(tmp_path: Path) -> None:
    path = tmp_path / "orders.xlsx"
    with xlsxwriter.Workbook(path) as book:
        book.add_worksheet("Info").write_row(0, 0, ["Report of the month"])
        book.add_worksheet("Empty")
        sheet = book.add_worksheet("Orders")
        sheet.write_row(0, 0, ["Orders of May"])
        sheet.write_row(2, 0, ["Auftragsnummer", "Datum", "Artikelnummer", "Menge", "PLZ"])
        sheet.write_row(3, 0, ["A1", "2024-05-13", "X", 2, "01067"])
    profile = profile_of(draft(open_sample(path)))
    assert (profile.format.reader, profile.format.sheet) == ("excel", "Orders")
    assert column(profile, "order.order_number") == ("Auftragsnummer",)
    assert profile.party["ship_to"]["postal_code"].from_ == ("PLZ",)


@pytest.mark.parametrize("text", ["", "Order,Date\n", "\n\n"])
def test_a_sample_without_orders_is_refused(text: str) -> None:
    with pytest.raises((SettingError, DropRejectedError)):
        sample(text)


def test_two_profiles_differ_by_key() -> None:
    changes = differences(builtin("etsy-items"), builtin("etsy-orders"))
    by_path = {one["path"]: one for one in changes}
    assert by_path["line.sku.from"]["b"] is None
    assert "order.order_number.from" not in by_path
    assert differences(builtin("etsy"), builtin("etsy")) == []


TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)


@given(TEXTS)
def test_any_text_survives_quoting(text: str) -> None:
    assert tomllib.loads(f"key = {quoted(text)}") == {"key": text}


@given(TEXTS, TEXTS)
def test_any_comment_is_a_comment(text: str, why: str) -> None:
    lines = [*line("key", text, why), *line("other", text, why, active=False)]
    assert tomllib.loads("\n".join(lines)) == {"key": text}
    assert "\n" not in comment(why)


ODD = st.text(st.sampled_from("ab \"'\\#=[]{}\t\n\r\x00\x1b\x7f\x85\u2028\u202e€,;é"), max_size=12)


@settings(max_examples=40, deadline=None)
@given(ODD)
def test_a_column_of_any_name_is_mapped_and_loads(odd: str) -> None:
    name = f"{odd.strip()} order number".strip()
    rows = pl.DataFrame(
        {name: ["A1", "A2"], "date": ["2024-05-01"] * 2, odd or "-": ["x y", "z w"]}
    )
    made = draft(sample_of("odd.csv", "csv", rows))
    profile = profile_of(made)
    own = made.written.get("order.order_number")
    assert own is None or column(profile, "order.order_number") == (own.column,)
