"""From findings to outcomes: ignored, rejected, held, accepted, in that order."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import polars as pl
from validate_batches import Row, batch, order

from oms_import.model.finding import FINDINGS
from oms_import.profiles.model import IgnoreRule, Profile
from oms_import.validate.outcomes import Settled, settle

IGNORE = Profile.model_validate({"name": "shop"}).ignore


def _finding(number: int | None, code: str, severity: str) -> Row:
    return {
        "_drop": 0,
        "_order": number,
        "record": number,
        "line": 9,
        "code": code,
        "severity": severity,
    }


def _settled(orders: list[Row], findings: list[Row], ignore: Any = IGNORE) -> Settled:
    frame = pl.DataFrame(findings, schema=FINDINGS, orient="row")
    return settle(batch(orders), frame, ignore)


def test_the_worst_finding_decides() -> None:
    findings = [
        _finding(1, "TOTAL_MISMATCH", "warning"),
        _finding(2, "LIMIT_EXCEEDED", "hold"),
        _finding(3, "LIMIT_EXCEEDED", "hold"),
        _finding(3, "SKU_MISSING", "error"),
        _finding(4, "CURRENCY_DEFAULTED", "info"),
        _finding(None, "FILE_TRUNCATED", "error"),
    ]
    settled = _settled([order()] * 5, findings)
    assert settled.outcomes.rows() == [
        (1, "accepted", None),
        (2, "held", "LIMIT_EXCEEDED"),
        (3, "rejected", "SKU_MISSING LIMIT_EXCEEDED"),
        (4, "accepted", None),
        (5, "accepted", None),
    ]


def test_codes_are_told_once_each_errors_first_then_by_name() -> None:
    codes = [("SKU_MISSING", "error"), ("PURPOSE_NOT_NEW", "hold"), ("SKU_MISSING", "error")]
    codes += [("CURRENCY_MISSING", "error"), ("LIMIT_EXCEEDED", "hold"), ("NUM_FORMAT", "error")]
    for turn in range(len(codes)):
        findings = [_finding(1, *one) for one in codes[turn:] + codes[:turn]]
        told = _settled([order()], findings).outcomes["codes"].item()
        assert told == "CURRENCY_MISSING NUM_FORMAT SKU_MISSING LIMIT_EXCEEDED PURPOSE_NOT_NEW"


def test_a_cancelled_order_is_ignored_whatever_else_is_wrong_with_it() -> None:
    findings = [_finding(1, "SKU_MISSING", "error"), _finding(2, "SKU_MISSING", "error")]
    settled = _settled([order(status="cancelled"), order()], findings)
    assert settled.outcomes["outcome"].to_list() == ["ignored", "rejected"]
    assert settled.outcomes["codes"].to_list() == ["ORDER_CANCELLED", "SKU_MISSING"]
    added = settled.findings.filter(code="ORDER_CANCELLED")
    assert added.drop("detail").rows() == [
        (0, 1, 1, 2, "ORDER_CANCELLED", "info", "status", "cancelled")
    ]


def test_the_first_matching_ignore_rule_counts() -> None:
    settled = _settled([order(status="cancelled", fulfilled_by="channel")], [])
    assert settled.outcomes["codes"].to_list() == ["ORDER_CANCELLED"]
    assert settled.findings.height == 1


def test_a_broken_row_is_rejected_even_where_it_seems_cancelled() -> None:
    findings = [_finding(1, "ROW_SHORT", "error")]
    settled = _settled([order(status="cancelled")], findings)
    assert settled.outcomes.rows() == [(1, "rejected", "ROW_SHORT")]
    assert settled.findings["code"].to_list() == ["ROW_SHORT"]


def test_ignore_rules_compare_numbers_and_flags_by_value() -> None:
    rules = (
        IgnoreRule(field="stated_total", equals=("0", "20.00")),
        IgnoreRule(field="gift", equals=("True",)),
    )
    orders = [order(), order(stated_total=Decimal(21), gift=True), order(stated_total=None)]
    settled = _settled(orders, [], rules)
    assert settled.outcomes["outcome"].to_list() == ["ignored", "ignored", "accepted"]
    assert settled.findings["value"].to_list() == ["20", "true"]


def test_no_orders_no_outcomes() -> None:
    settled = _settled([], [])
    assert settled.outcomes.is_empty()
    assert settled.findings.schema == FINDINGS
