"""Acknowledgements of syntax in X12: 997 and 999 by set, TA1 by interchange.

997 and 999 answer what X12.6 calls functional groups, never those of other acknowledgements (FA).
The codes are data elements 715-718, 720, 723 and, in TA1, I17 and I18.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

import polars as pl

from oms_import.model.edi import Envelopes, Fault, Group, Interchange
from oms_import.outputs.acks.answers import X12Answer, envelope_of, group_version
from oms_import.outputs.acks.judging import GroupVerdict, InterchangeVerdict, SetVerdict, judge
from oms_import.outputs.acks.values import AckPolicy, ControlNumbers

_SET_CODES = {"EDI_TRUNCATED": "2", "EDI_CONTROL_REF": "3", "EDI_COUNT": "4"}
"""Element 718, of faults of SE; 5 is one or more segments in error."""

_GROUP_CODES = {"EDI_TRUNCATED": "3", "EDI_CONTROL_REF": "4", "EDI_COUNT": "5"}
"""Element 716, of faults of GE."""

_NOTES = {
    "EDI_CONTROL_REF": "001", "EDI_COUNT": "021", "EDI_TRUNCATED": "023", "EDI_SEGMENT": "024",
}  # fmt: skip
"""Element I18, of faults of IEA; 022 is an invalid control structure."""

_ISA_NOTES = {
    1: "010", 2: "011", 3: "012", 4: "013", 5: "005", 6: "006", 7: "007", 8: "008", 9: "014",
    10: "015", 11: "016", 12: "017", 13: "018", 14: "019", 15: "020", 16: "027",
}  # fmt: skip
"""Element I18, of the element of ISA that is at fault."""

_SEGMENT_ERRORS = {"missing segment": "3", "repeated": "5"}
"""Element 720: mandatory segment missing, segment exceeds maximum use."""

_ELEMENT_ERRORS = {"missing": "1", "too long": "5", "number": "6", "date": "8", "components": "3"}
"""Element 723: mandatory element missing, too long, invalid character, invalid date, too many
data elements (997 has no code of its own for components)."""

_MOST_CODES = 5
_BAD_VALUE = 99  # element 724
_MOST_SEGMENTS = 255  # a person needs the first faults of a set, not thousands


@dataclass(frozen=True, slots=True)
class _Form:
    """What a 999 names otherwise than a 997."""

    kind: str
    segment: str
    element: str
    trailer: str
    guide: str | None = None


def functional_ack_997(
    envelopes: Envelopes,
    interchange: Interchange,
    outcomes: pl.DataFrame,
    numbers: ControlNumbers,
    at: datetime,
    policy: AckPolicy | None = None,
) -> str | None:
    """One interchange of 997s, a set for each group (X12.20); None where nothing is to be said.

    `outcomes`: a frame of OUTCOMES. Nothing is said about FA groups, about groups without orders
    (unless policy.refuse_others), and about a refused interchange whose sender takes TA1.
    """
    form = _Form("997", "AK3", "AK4", "AK5")
    return _acknowledgement(form, envelopes, interchange, outcomes, numbers, at, policy)


def implementation_ack_999(
    envelopes: Envelopes,
    interchange: Interchange,
    outcomes: pl.DataFrame,
    numbers: ControlNumbers,
    at: datetime,
    policy: AckPolicy | None = None,
) -> str | None:
    """As functional_ack_997, as a 999 of guide 005010X231 (IK3, IK4, IK5)."""
    guide = (policy or AckPolicy()).guide_999
    form = _Form("999", "IK3", "IK4", "IK5", guide)
    return _acknowledgement(form, envelopes, interchange, outcomes, numbers, at, policy)


def ta1_due(
    envelopes: Envelopes, interchange: Interchange, policy: AckPolicy | None = None
) -> bool:
    """Whether a TA1 is owed: asked for by ISA14, or there are faults to tell, and they take it."""
    faulty = any(
        fault.interchange == interchange.number and fault.group is None and fault.message is None
        for fault in envelopes.faults
    )
    return (policy or AckPolicy()).ta1 and (interchange.ack_requested or faulty)


def interchange_ack_ta1(
    envelopes: Envelopes,
    interchange: Interchange,
    outcomes: pl.DataFrame,
    numbers: ControlNumbers,
    at: datetime,
    policy: AckPolicy | None = None,
) -> str:
    """An interchange with one TA1 (X12.5 appendix); `ta1_due` says whether to send it.

    TA104 is A, E (taken with faults, or held as its control number came before) or R; TA105 tells
    the first fault.
    """
    policy = policy or AckPolicy()
    verdict = judge(envelopes, interchange, outcomes, policy)
    code, note = _interchange_note(verdict)
    day, _, time = (interchange.prepared or f"{at:%y%m%d} {at:%H%M}").partition(" ")
    answer = X12Answer(interchange, numbers, at, policy)
    answer.add("TA1", interchange.control.strip().zfill(9), day, time, code, note)
    return answer.finished()


def _interchange_note(verdict: InterchangeVerdict) -> tuple[str, str]:
    if verdict.faults:
        return "R" if verdict.refused else "E", _note(verdict.faults[0])
    return ("E", "025") if verdict.seen else ("A", "000")


def _note(fault: Fault) -> str:
    if fault.tag == "ISA" and fault.element is not None:
        return _ISA_NOTES.get(fault.element, "022")
    return _NOTES.get(fault.code, "022")


def _acknowledgement(
    form: _Form,
    envelopes: Envelopes,
    interchange: Interchange,
    outcomes: pl.DataFrame,
    numbers: ControlNumbers,
    at: datetime,
    policy: AckPolicy | None,
) -> str | None:
    policy = policy or AckPolicy()
    verdict = judge(envelopes, interchange, outcomes, policy)
    answered = [
        group
        for group in verdict.groups
        if group.group.functional_id != "FA" and (group.ours or policy.refuse_others)
    ]
    if not answered or (verdict.refused and policy.ta1):
        return None
    answer = X12Answer(interchange, numbers, at, policy)
    for envelope, alike in groupby(sorted(answered, key=_envelope), key=_envelope):
        groups = list(alike)
        answer.group("FA", groups[0].group, form.guide or envelope[0])
        for group in groups:
            _group(answer, form, group)
    return answer.finished()


def _envelope(verdict: GroupVerdict) -> tuple[str, str, str]:
    return envelope_of(verdict.group)


def _group(answer: X12Answer, form: _Form, verdict: GroupVerdict) -> None:
    """One set: AK1, what there is to say about each set, AK9."""
    group = verdict.group
    answer.transaction_set(form.kind, form.guide)
    newer = form.guide is not None or group_version(group) >= "005010"
    answer.add("AK1", group.functional_id, group.control, group.version if newer else None)
    for one in verdict.sets:
        # A group refused whole is told so by AK9; the sets named are those with faults themselves.
        if one.flawed or not verdict.refused:
            _set(answer, form, group, one)
    received = str(len(verdict.sets))
    codes = _unique(_group_code(fault) for fault in verdict.faults)
    stated, accepted = str(verdict.stated), str(verdict.accepted)
    answer.add("AK9", _group_verdict(verdict), stated, received, accepted, *codes)


def _group_verdict(verdict: GroupVerdict) -> str:
    verdicts = {one.verdict for one in verdict.sets}
    if verdict.refused or verdicts == {"R"}:
        return "R"
    if "R" in verdicts:
        return "P"
    return "E" if verdict.faults or "E" in verdicts else "A"


def _group_code(fault: Fault) -> str | None:
    if fault.tag == "GS":
        return {6: "6", 8: "2"}.get(fault.element or 0)
    return _GROUP_CODES.get(fault.code)


def _set(answer: X12Answer, form: _Form, group: Group, verdict: SetVerdict) -> None:
    guide = group.version if "X" in group.version and group.version >= "005010" else None
    answer.add("AK2", verdict.type, verdict.control, guide)
    if verdict.supported:
        _segments(answer, form, [fault for fault in verdict.faults if not _of_envelope(fault)])
    answer.add(form.trailer, verdict.verdict, *_unique(_set_codes(verdict)))


def _of_envelope(fault: Fault) -> bool:
    return fault.tag in {"ST", "SE"} or fault.segment is None


def _set_codes(verdict: SetVerdict) -> list[str]:
    """Element 718, for all that is known to be wrong."""
    if not verdict.supported:
        return ["1"]
    own = [_set_code(fault) for fault in verdict.faults]
    return own + [_SET_CODES.get(code, "5") for code in verdict.codes]


def _set_code(fault: Fault) -> str:
    if not _of_envelope(fault):
        return "5"
    if fault.tag == "ST":
        if fault.error == "not unique":
            return "23"  # not unique within the group
        return "6" if fault.element == 1 else "7"
    return _SET_CODES.get(fault.code, "5")


def _segments(answer: X12Answer, form: _Form, faults: list[Fault]) -> None:
    """AK3 and AK4 for each segment at fault, in the order of the set."""
    by_segment: dict[tuple[int, str], list[Fault]] = {}
    for fault in faults:
        by_segment.setdefault((fault.segment or 0, fault.tag or ""), []).append(fault)
    for (place, tag), found in sorted(by_segment.items())[:_MOST_SEGMENTS]:
        elements = [fault for fault in found if fault.element is not None]
        code = "8" if elements else _segment_code(found[0])
        answer.add(form.segment, tag[:3], str(place), None, code)
        for fault in elements[:_MOST_SEGMENTS]:
            _element(answer, form, fault)


def _segment_code(fault: Fault) -> str:
    """Element 720: missing, too often; unrecognised; or known, but not to be expected here."""
    if fault.error is not None:
        return _SEGMENT_ERRORS.get(fault.error, "8")
    return "1" if fault.code == "EDI_SEGMENT" else "2"


def _element(answer: X12Answer, form: _Form, fault: Fault) -> None:
    place = str(fault.element)
    component = None if fault.component is None else str(fault.component)
    value = answer.fitted(fault.value or "")[:_BAD_VALUE].rstrip()
    answer.add(form.element, (place, component), None, _element_code(fault), value)


def _element_code(fault: Fault) -> str:
    """Element 723: as the fault says, else missing, an invalid character, an invalid value."""
    if fault.error in _ELEMENT_ERRORS:
        return _ELEMENT_ERRORS[fault.error]
    value = fault.value
    if not value:
        return "1"
    return "7" if value.isprintable() else "6"


def _unique(codes: Iterable[str | None]) -> list[str]:
    """At most five codes, each once, as many as AK5 and AK9 hold."""
    found = [code for code in codes if code]
    return list(dict.fromkeys(found))[:_MOST_CODES]
