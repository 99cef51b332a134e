"""Amounts of a report as text."""

from __future__ import annotations

from decimal import Decimal

import pytest

from oms_import.model.report import ReasonCount, Totals


@pytest.mark.parametrize(
    ("amount", "text"),
    [("0", "0.0000"), ("1E+3", "1000.0000"), ("-0.1", "-0.1000"), ("21.4550", "21.4550")],
)
def test_an_amount_always_has_four_decimals(amount: str, text: str) -> None:
    value = {"EUR": Decimal(amount)}
    assert Totals(value_accepted=value).as_json()["value_accepted"] == {"EUR": text}
    row = ReasonCount("QTY_MISSING", "error", "channel", 1, value, "")
    assert row.as_json()["value"] == {"EUR": text}
