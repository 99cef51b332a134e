"""855 purchase order acknowledgment (X12.9), from the orders' outcomes."""

from __future__ import annotations

from datetime import date, datetime
from itertools import groupby
from typing import Any

import polars as pl

from oms_import.model.edi import Envelopes, Interchange
from oms_import.outputs.acks.answers import X12Answer, envelope_of, x12_date
from oms_import.outputs.acks.orders import Order, answered_orders, item_ids
from oms_import.outputs.acks.values import AckPolicy, ControlNumbers, paired
from oms_import.outputs.acks.writing import Element, chunks, numeric

_MOST_IDS = 10  # pairs PO106 … PO125
_REFERENCE = 30  # element 127
_TEXT = 264  # element 933, MSG01

_STATES = {"accepted": ("AD", "AK"), "rejected": ("RD", "RJ"), "held": ("AH", "AH")}
"""BAK02 (element 587) with lines and without: acknowledged with detail, no change, or no detail or
change; rejected with detail, or no detail; on hold."""

_PARTIES = {"BY": "buyer", "SE": "supplier", "ST": "ship_to"}
"""N101 (element 98)."""

_LINE_STATES = {"accepted": "IA", "rejected": "IR", "held": "IH", "duplicate": "IA"}
"""ACK01 (element 668): item accepted, rejected, on hold."""


def purchase_order_ack_855(
    envelopes: Envelopes,
    interchange: Interchange,
    outcomes: pl.DataFrame,
    lines: pl.DataFrame,
    numbers: ControlNumbers,
    at: datetime,
    policy: AckPolicy | None = None,
) -> str | None:
    """One interchange of 855s, a set for each 850; None where no order is to be answered.

    `outcomes`, `lines`: frames of OUTCOMES and LINES. Orders the 997 rejects, ignored ones, those
    without a number (BAK03 must be there) and, unless policy.answer_duplicates, duplicates have
    none. Quantities are answered as ordered: nothing is ever changed.
    """
    policy = policy or AckPolicy()
    orders = answered_orders(envelopes, interchange, outcomes, lines, policy, ("850",))
    if not orders:
        return None
    answer = X12Answer(interchange, numbers, at, policy)
    for envelope, alike in groupby(sorted(orders, key=_envelope), key=_envelope):
        within = list(alike)
        answer.group("PR", within[0].group.group, envelope[0])
        for order in within:
            _order(answer, order, interchange, at, envelope[0])
    return answer.finished()


def _envelope(order: Order) -> tuple[str, str, str]:
    return envelope_of(order.group.group)


def _order(
    answer: X12Answer, order: Order, interchange: Interchange, at: datetime, version: str
) -> None:
    """One 855: BAK, currency, reasons, parties, the lines, CTT."""
    told = order.outcome
    answer.transaction_set("855")
    purpose, kind = _purpose(order)
    ordered_on = _order_date(told["order_date"], interchange, at)
    today = x12_date(at, version)
    dated = x12_date(ordered_on, version)
    number = told["order_number"]
    answer.add("BAK", purpose, kind, number, dated, told["release"], None, None, None, today)
    if told["currency"]:
        answer.add("CUR", told["currency_usage"] or "BY", told["currency"])
    _reasons(answer, told)
    for code, party in _PARTIES.items():
        if told[party]:
            answer.add("N1", code, None, told[f"{party}_qualifier"] or "92", told[party])
    for line in order.lines:
        _line(answer, order, line)
    answer.add("CTT", str(len(order.lines)))


def _purpose(order: Order) -> tuple[str, str]:
    """BAK01 (00 original, 07 duplicate) and BAK02."""
    if order.state == "duplicate":
        return "07", "AD" if order.lines else "AK"
    if order.mixed:
        return "00", "AC"
    detailed, bare = _STATES[order.state]
    return "00", detailed if order.lines else bare


def _order_date(ordered_on: date | None, interchange: Interchange, at: datetime) -> datetime:
    """BAK04 must be there: where the order had no date that can be read, its interchange's."""
    if ordered_on is not None:
        return datetime(ordered_on.year, ordered_on.month, ordered_on.day)  # noqa: DTZ001
    try:
        return datetime.strptime((interchange.prepared or "")[:6], "%y%m%d")  # noqa: DTZ007
    except ValueError:
        return at


def _reasons(answer: X12Answer, told: dict[str, Any]) -> None:
    """N9 loops: the code as a reference of letters or notes (L1), its text in MSG."""
    for code, text in paired(told["codes"], told["reasons"]):
        answer.add("N9", "L1", answer.fitted(code)[:_REFERENCE].strip() or "REASON")
        for piece in chunks(answer.fitted(text), _TEXT):
            answer.add("MSG", piece)


def _line(answer: X12Answer, order: Order, line: dict[str, Any]) -> None:
    quantity, price = numeric(line["quantity"]), numeric(line["unit_price"])
    uom = line["uom"] if quantity is not None else None
    basis = next(iter(line["price_terms"] or ()), None) if price is not None else None
    ids: list[Element] = []
    for qualifier, value in item_ids(line)[:_MOST_IDS]:
        ids += [qualifier or "ZZ", value]
    answer.add("PO1", line["line"], quantity, uom, price, basis, *ids)
    answer.add("ACK", _LINE_STATES[order.line_state(line)], quantity if uom else None, uom)
    _reasons(answer, line)
