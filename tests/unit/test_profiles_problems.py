from __future__ import annotations

import pytest
from pydantic import ValidationError

from oms_import.profiles.model import Profile
from oms_import.profiles.problems import describe, key_path, line_of, nearest

TEXT = """\
title = "A"

[order]
"order_number" = "Nr"
po_number = {
  from = "PO",
}
status.from = "S"

[[charge]]
kind = "shipping"
amount = "P"

[[charge]]
kind = "discount"
[charge.amount]
from = "D"

[party.ship_to]
name = "N"

[[tax]]
amount = "T"
"""


@pytest.mark.parametrize(
    ("path", "line"),
    [
        (("title",), 1),
        (("order",), 3),
        (("order", "order_number"), 4),
        (("order", "po_number", "extract"), 5),
        (("order", "status", "from"), 8),
        (("charge", 0), 10),
        (("charge", 0, "kind"), 11),
        (("charge", 1, "kind"), 15),
        (("charge", 1, "sign"), 14),
        (("charge", 1, "amount", "from"), 17),
        (("party", "ship_to", "city"), 19),
        (("tax", 0, "amount"), 23),
        (("rules", "required"), None),
    ],
)
def test_a_key_is_found_on_its_line_or_that_of_its_table(
    path: tuple[str | int, ...], line: int | None
) -> None:
    assert line_of(TEXT, path) == line


def test_key_paths_count_from_one_and_quote_what_needs_it() -> None:
    assert key_path(("charge", 1, "kind")) == "charge[2].kind"
    assert key_path(("rules", "allowed", "line.uom")) == 'rules.allowed."line.uom"'
    assert key_path(()) == ""


@pytest.mark.parametrize(
    ("word", "told"),
    [
        ("quantity_ordered", "; did you mean qty_ordered?"),
        ("SKU", "; did you mean sku?"),
        ("zzz", ""),
    ],
)
def test_the_nearest_word_is_named_only_if_it_is_near(word: str, told: str) -> None:
    assert nearest(word, ["sku", "qty_ordered", "title"]) == told


def wrong(table: dict[str, object], text: str = "") -> list[str]:
    with pytest.raises(ValidationError) as caught:
        Profile.model_validate(table)
    return describe(caught.value, text, "p.toml", Profile)


@pytest.mark.parametrize(
    ("table", "told"),
    [
        ({"verson": 1}, "p.toml: verson: is no key here; did you mean version?"),
        ({"version": "one"}, "p.toml: version: must be a whole number (it says 'one')"),
        ({"enabled": "perhaps"}, "p.toml: enabled: must be true or false (it says 'perhaps')"),
        ({"charge": {}}, "p.toml: charge: must be a list of tables, [[charge]]"),
        ({"defaults": "EUR"}, "p.toml: defaults: must be a table (it says 'EUR')"),
        ({"tax": [{}]}, "p.toml: tax[1].amount: is missing"),
        ({"tax": [{"amount": {"frm": "A"}}]}, "p.toml: tax[1].amount.frm: is no key here"),
        ({"duplicates": {"revision": "held"}}, "; did you mean hold?"),
        ({"rows": {"description_rows": -1}}, "must be greater than or equal to 0"),
        ({"rows": {"summary": {}}}, "say matches, equals or blank"),
        ({"line": {"skuu": "A"}}, "p.toml: line.skuu: is no field"),
        ({"order": {"order_number": 7}}, "p.toml: order.order_number: must be"),
        ({"rules": {"segment": {"b2b": {"requird": []}}}}, "rules.segment.b2b.requird: is no key"),
    ],
)
def test_problems_are_told_in_plain_words(table: dict[str, object], told: str) -> None:
    [only] = wrong(table)
    assert told in only
    assert "pydantic" not in only
    assert "Input" not in only
