"""Answers to partners: 997, 999, TA1, CONTRL, 855 and ORDRSP, as pure functions of plain values.

No clock, disk, network or history: the time and the control numbers are arguments, text comes out.
"""

from __future__ import annotations

from oms_import.outputs.acks.edifact import contrl
from oms_import.outputs.acks.ordrsp import orders_response
from oms_import.outputs.acks.po_ack import purchase_order_ack_855
from oms_import.outputs.acks.values import (
    LINES,
    OUTCOMES,
    AckPolicy,
    ControlNumbers,
    LineOutcome,
    MessageOutcome,
    answer_encoding,
    completed,
    lines_frame,
    outcomes_frame,
)
from oms_import.outputs.acks.x12 import (
    functional_ack_997,
    implementation_ack_999,
    interchange_ack_ta1,
    ta1_due,
)

__all__ = [
    "LINES",
    "OUTCOMES",
    "AckPolicy",
    "ControlNumbers",
    "LineOutcome",
    "MessageOutcome",
    "answer_encoding",
    "completed",
    "contrl",
    "functional_ack_997",
    "implementation_ack_999",
    "interchange_ack_ta1",
    "lines_frame",
    "orders_response",
    "outcomes_frame",
    "purchase_order_ack_855",
    "ta1_due",
]
