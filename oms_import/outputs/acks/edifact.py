"""CONTRL, EDIFACT's acknowledgement of syntax (ISO 9735 part 4; message CONTRL D.3 and 4.1).

UCI speaks of the interchange, UCF of a group, UCM of a message, UCS and UCD of a segment and an
element. Codes are those of 0083 (action) and 0085 (syntax error).
"""

from __future__ import annotations

from datetime import datetime

import polars as pl

from oms_import.model.edi import Envelopes, Fault, Interchange
from oms_import.outputs.acks.answers import EdifactAnswer
from oms_import.outputs.acks.judging import GroupVerdict, InterchangeVerdict, SetVerdict, judge
from oms_import.outputs.acks.values import AckPolicy, ControlNumbers
from oms_import.outputs.acks.writing import Element

REJECTED, ACKNOWLEDGED, RECEIVED = "4", "7", "8"
"""0083: this level and all below rejected; acknowledged, and below if not rejected; received."""

_ERRORS = {"EDI_TRUNCATED": "13", "EDI_CONTROL_REF": "28", "EDI_COUNT": "29", "EDI_ENVELOPE": "15"}
"""0085: missing, references do not match, count does not match, not supported here; 18 is any."""

_WITHIN = {
    "missing segment": "13", "repeated": "35", "missing": "13", "too long": "39", "number": "37",
    "date": "12", "components": "16",
}  # fmt: skip
"""0085 of faults within messages: missing, too many repetitions, missing, too long, invalid type
of characters, invalid value, too many constituents."""

_POSITIONS = {"EDI_COUNT": 1, "EDI_CONTROL_REF": 2}
"""The trailers' elements at fault where the fault does not name one: the count, the reference."""

_SERVICE = {"UNB": "UNZ", "UNG": "UNE", "UNH": "UNT"}
"""Headers and the trailers that belong to them."""

_MOST = 99
_MOST_SEGMENTS = 999


def contrl(
    envelopes: Envelopes,
    interchange: Interchange,
    outcomes: pl.DataFrame,
    numbers: ControlNumbers,
    at: datetime,
    policy: AckPolicy | None = None,
) -> str | None:
    """An interchange with one CONTRL; None where nothing is to be said.

    `outcomes`: a frame of OUTCOMES. CONTRL itself is never answered, an interchange without
    orders only under policy.refuse_others. An interchange held because its control reference came
    before is received (action 8), its messages neither acknowledged nor rejected.
    """
    policy = policy or AckPolicy()
    verdict = judge(envelopes, interchange, outcomes, policy)
    sets = [one for group in verdict.groups for one in group.sets]
    if sets and not _answerable(sets, policy):
        return None
    answer = EdifactAnswer(interchange, numbers, at)
    answer.message("CONTRL", *(("4", "1") if answer.newer else ("D", "3")), "UN")
    _interchange(answer, verdict)
    if verdict.refused or not verdict.seen:
        for group in verdict.groups:
            _group(answer, verdict, group)
    return answer.finished()


def _answerable(sets: list[SetVerdict], policy: AckPolicy) -> bool:
    if any(one.supported for one in sets):
        return True
    return policy.refuse_others and any(one.type != "CONTRL" for one in sets)


def _interchange(answer: EdifactAnswer, verdict: InterchangeVerdict) -> None:
    theirs = verdict.interchange
    action, error = ACKNOWLEDGED, ()
    if verdict.refused:
        action, error = REJECTED, _service_error(verdict.faults, "UNB")
    elif verdict.seen:
        action = RECEIVED
    sender = (theirs.sender, theirs.sender_qualifier)
    receiver = (theirs.receiver, theirs.receiver_qualifier)
    answer.add("UCI", theirs.control, sender, receiver, action, *error)


def _group(answer: EdifactAnswer, verdict: InterchangeVerdict, group: GroupVerdict) -> None:
    """UCF where there are groups, then UCM for each message; of a refused whole only those with
    faults of their own.
    """
    refused = verdict.refused or group.refused
    theirs = group.group
    if theirs.control:
        error = _service_error(group.faults, "UNG") if refused and group.faults else ()
        action = REJECTED if refused else ACKNOWLEDGED
        answer.add("UCF", theirs.control, (theirs.sender,), (theirs.receiver,), action, *error)
    for one in group.sets:
        if one.type != "CONTRL" and (one.flawed or not refused):
            _message(answer, one, refused=refused)


def _message(answer: EdifactAnswer, verdict: SetVerdict, *, refused: bool) -> None:
    identifier = (verdict.type, *verdict.version.split(":"))
    if verdict.verdict != "R" and not refused:
        answer.add("UCM", verdict.control, identifier, ACKNOWLEDGED)
        return
    if not verdict.supported:
        # 14: value not supported in this position, of the message type in UNH S009.
        answer.add("UCM", verdict.control, identifier, REJECTED, "14", "UNH", ("3", "1"))
        return
    service = [fault for fault in verdict.faults if _of_envelope(fault)]
    error: tuple[Element, ...] = ()
    if service:
        error = _service_error(tuple(service), "UNH")
    elif verdict.codes and not verdict.faults:
        error = (_ERRORS.get(verdict.codes[0], "18"),)
    answer.add("UCM", verdict.control, identifier, REJECTED, *error)
    _segments(answer, [fault for fault in verdict.faults if not _of_envelope(fault)])


def _of_envelope(fault: Fault) -> bool:
    return fault.tag in {"UNH", "UNT"} or fault.segment is None


def _service_error(faults: tuple[Fault, ...], header: str) -> tuple[Element, ...]:
    """0085, 0013 and S011 of the first fault; 0098 counts the tag as position 1."""
    fault = faults[0]
    tag = fault.tag
    if tag not in {header, _SERVICE[header]}:
        tag = _SERVICE[header] if fault.code in {"EDI_TRUNCATED", *_POSITIONS} else header
    if fault.code == "EDI_TRUNCATED":
        return _ERRORS[fault.code], tag
    element = fault.element
    if element is None and tag != header:
        element = _POSITIONS.get(fault.code)
    if element is None:
        return _ERRORS.get(fault.code, "18"), tag
    error = "26" if fault.error == "not unique" else _ERRORS.get(fault.code, "12")
    return error, tag, _place(element, fault.component)


def _segments(answer: EdifactAnswer, faults: list[Fault]) -> None:
    """UCS and UCD for each segment at fault, in the order of the message."""
    by_segment: dict[int, list[Fault]] = {}
    for fault in faults:
        by_segment.setdefault(fault.segment or 0, []).append(fault)
    for place, found in sorted(by_segment.items())[:_MOST_SEGMENTS]:
        elements = [fault for fault in found if fault.element is not None]
        answer.add("UCS", str(place), None if elements else _segment_error(found[0]))
        for fault in elements[:_MOST]:
            answer.add("UCD", _element_error(fault), _place(fault.element or 0, fault.component))


def _segment_error(fault: Fault) -> str:
    """0085 of a whole segment; 18 is any."""
    return _WITHIN.get(fault.error or "", _ERRORS.get(fault.code, "18"))


def _element_error(fault: Fault) -> str:
    """0085: as the fault says, else missing, an invalid character, an invalid value."""
    if fault.error in _WITHIN:
        return _WITHIN[fault.error]
    value = fault.value
    if not value:
        return "13"
    return "12" if value.isprintable() else "21"


def _place(element: int, component: int | None) -> tuple[str | None, ...]:
    """S011: the element's position, the segment's tag being 1, and the component's."""
    return str(element + 1), None if component is None else str(component)
