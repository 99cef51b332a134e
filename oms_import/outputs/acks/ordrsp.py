"""ORDRSP order response (UN/EDIFACT, D.96A and D.01B alike), from the orders' outcomes."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

import polars as pl

from oms_import.model.edi import Envelopes, Interchange
from oms_import.outputs.acks.answers import EdifactAnswer
from oms_import.outputs.acks.orders import Order, answered_orders, item_ids
from oms_import.outputs.acks.values import AckPolicy, ControlNumbers, paired
from oms_import.outputs.acks.writing import chunks, numeric

_FUNCTIONS = {"accepted": "29", "rejected": "27", "held": "12", "duplicate": "7"}
"""1225: accepted without amendment, not accepted, not (yet) processed, duplicate."""

_ACTIONS = {"accepted": "5", "rejected": "7", "duplicate": "5"}
"""1229: accepted without amendment, not accepted; a line that waits has none."""

_EANCOM = {"96A": "EAN005", "01B": "EAN009"}
"""0057 of ORDRSP in EANCOM 1997 and 2002."""

_ITEM_NUMBERS = ("SRV", "EN", "UP")
"""7143 that may stand in LIN, best first: GTIN, its old code, UPC."""

_TEXT = 70  # 4440 in D.96A
_TEXTS = 5  # of them in C108
_PIA = 5  # C212 in PIA


def orders_response(
    envelopes: Envelopes,
    interchange: Interchange,
    outcomes: pl.DataFrame,
    lines: pl.DataFrame,
    numbers: ControlNumbers,
    at: datetime,
    policy: AckPolicy | None = None,
) -> str | None:
    """One interchange of ORDRSPs, one for each ORDERS and ORDCHG; None where none is to be sent.

    `outcomes`, `lines`: frames of OUTCOMES and LINES. Orders that CONTRL rejects, ignored ones,
    those without a number and, unless policy.answer_duplicates, duplicates have none. The
    response's own number (1004) is the interchange's and the message's: 17-1.
    """
    policy = policy or AckPolicy()
    types = ("ORDERS", "ORDCHG")
    orders = answered_orders(envelopes, interchange, outcomes, lines, policy, types)
    if not orders:
        return None
    answer = EdifactAnswer(interchange, numbers, at)
    for order in orders:
        reference = answer.message("ORDRSP", *_directory(order.message.version))
        _order(answer, order, interchange, at, f"{numbers.interchange}-{reference}")
    return answer.finished()


def _directory(version: str) -> tuple[str, ...]:
    """S009 after the type, of the order's own directory: D, 96A, UN and, in EANCOM, 0057."""
    parts = version.split(":")
    if len(parts) < 3 or not re.fullmatch(r"\d\d[AB]", parts[1], re.ASCII):
        return "D", "96A", "UN"
    eancom = len(parts) > 3 and parts[3].startswith("EAN") and parts[1] in _EANCOM
    return (parts[0], parts[1], parts[2], *((_EANCOM[parts[1]],) if eancom else ()))


def _order(
    answer: EdifactAnswer, order: Order, interchange: Interchange, at: datetime, number: str
) -> None:
    """BGM to CNT of one ORDRSP."""
    told = order.outcome
    function = "4" if order.mixed else _FUNCTIONS[order.state]
    # 4343 AJ, pending, says that an answer will follow.
    answer.add("BGM", "231", number, function, "AJ" if order.state == "held" else None)
    answer.add("DTM", ("137", f"{at:%Y%m%d%H%M}", "203"))
    _reasons(answer, told)
    answer.add("RFF", ("ON", told["order_number"]))
    if told["order_date"] is not None:
        answer.add("DTM", ("171", f"{told['order_date']:%Y%m%d}", "102"))
    _party(answer, "BY", told, "buyer", (interchange.sender, interchange.sender_qualifier))
    _party(answer, "SU", told, "supplier", (interchange.receiver, interchange.receiver_qualifier))
    if told["ship_to"]:
        _party(answer, "DP", told, "ship_to", ("", None))
    if told["currency"]:
        answer.add("CUX", (told["currency_usage"] or "2", told["currency"], "9"))
    for line in order.lines:
        _line(answer, order, line)
    answer.add("UNS", "S")
    answer.add("CNT", ("2", str(len(order.lines))))


def _party(
    answer: EdifactAnswer, role: str, told: dict[str, Any], name: str, spare: tuple[str, str | None]
) -> None:
    """NAD as the order wrote it; else of the interchange, whose qualifier 14 is GS1's (3055 9).

    An id of thirteen digits of which nobody said whose it is, is a GLN.
    """
    party = told[name] or spare[0]
    gln = bool(re.fullmatch(r"\d{13}", party, re.ASCII)) or (not told[name] and spare[1] == "14")
    agency = told[f"{name}_qualifier"] if told[name] else None
    answer.add("NAD", role, (party, None, agency or ("9" if gln else None)))


def _reasons(answer: EdifactAnswer, told: dict[str, Any]) -> None:
    """FTX+ACB, additional information: `CODE: text` in as many as it takes."""
    for code, text in paired(told["codes"], told["reasons"]):
        full = text if not code or text == code else f"{code}: {text}"
        pieces = chunks(answer.prose(full), _TEXT)
        for start in range(0, len(pieces), _TEXTS):
            answer.add("FTX", "ACB", None, None, tuple(pieces[start : start + _TEXTS]))


def _line(answer: EdifactAnswer, order: Order, line: dict[str, Any]) -> None:
    """LIN, PIA, QTY, FTX and PRI of one line, in the order of segment group 26."""
    ids = item_ids(line)
    main = next((one for want in _ITEM_NUMBERS for one in ids if one[0] == want), None)
    number = None if main is None else (main[1], main[0])
    answer.add("LIN", line["line"], _ACTIONS.get(order.line_state(line)), number)
    others = [(value, qualifier or "ZZZ") for qualifier, value in ids if (qualifier, value) != main]
    for start in range(0, len(others), _PIA):
        answer.add("PIA", "1", *others[start : start + _PIA])
    quantity = numeric(line["quantity"])
    if quantity is not None:
        answer.add("QTY", ("21", quantity, line["uom"]))
    price, terms = numeric(line["unit_price"]), line["price_terms"]
    if price is not None and terms:  # as the order wrote it; one that we worked out is not told
        answer.add("PRI", (terms[0] or "AAA", price, *terms[1:]))
    _reasons(answer, line)
