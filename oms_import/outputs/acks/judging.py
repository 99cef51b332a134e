"""What the syntax of an interchange comes to: each set, group and interchange accepted or not.

Only faults of envelopes and segments count here. An order refused for its content (unknown SKU,
no price) is still a correct message; the 855 or ORDRSP tells that.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import Literal

import polars as pl

from oms_import.model.edi import Envelopes, Fault, Group, Interchange
from oms_import.outputs.acks.values import OUTCOMES, AckPolicy, completed

SYNTAX_CODES = (
    "EDI_HEADER", "EDI_TRUNCATED", "EDI_COUNT", "EDI_CONTROL_REF", "EDI_ENVELOPE", "EDI_SEGMENT",
    "ORDER_NUMBER_MISSING",
)  # fmt: skip
"""Reason codes that say a message itself is broken; without its number (BEG, BGM) it is too."""

ORDER_GROUPS = frozenset({"PO", "PC", "OG", "OW"})
"""GS01 of 850, 860, 875 and 940: tells whose group it is when it holds no set."""

Verdict = Literal["A", "E", "R"]
"""Accepted; accepted, errors noted; rejected."""


@dataclass(frozen=True, slots=True)
class SetVerdict:
    """A transaction set or message; `codes` are syntax codes no fault here stands for."""

    message: int
    type: str
    version: str
    control: str
    supported: bool  # orders and changes are; others we do not read
    faults: tuple[Fault, ...]
    codes: tuple[str, ...]
    verdict: Verdict

    @property
    def flawed(self) -> bool:
        """Whether there is something of its own to tell."""
        return bool(self.faults or self.codes or not self.supported)


@dataclass(frozen=True, slots=True)
class GroupVerdict:
    """A functional group with its sets; refused means whole, whatever its sets are."""

    group: Group
    sets: tuple[SetVerdict, ...]
    faults: tuple[Fault, ...]
    refused: bool
    stated: int  # sets, as the trailer states them

    @property
    def accepted(self) -> int:
        """Sets accepted, with or without errors noted."""
        return 0 if self.refused else sum(one.verdict != "R" for one in self.sets)

    @property
    def ours(self) -> bool:
        """Whether it holds, or would hold, orders."""
        if not self.sets:
            return self.group.functional_id in ORDER_GROUPS
        return any(one.supported for one in self.sets)


@dataclass(frozen=True, slots=True)
class InterchangeVerdict:
    """An interchange with its groups; `seen`: its control number came before and it is held."""

    interchange: Interchange
    groups: tuple[GroupVerdict, ...]
    faults: tuple[Fault, ...]
    refused: bool
    seen: bool


def judge(
    envelopes: Envelopes, interchange: Interchange, outcomes: pl.DataFrame, policy: AckPolicy
) -> InterchangeVerdict:
    """The verdict on one interchange of the drop. `outcomes`: OUTCOMES."""
    mine = [fault for fault in envelopes.faults if fault.interchange == interchange.number]
    own = tuple(fault for fault in mine if fault.message is None and fault.group is None)
    of_group: defaultdict[int, list[Fault]] = defaultdict(list)
    of_message: defaultdict[int, list[Fault]] = defaultdict(list)
    for fault in mine:
        if fault.message is not None:
            of_message[fault.message].append(fault)
        elif fault.group is not None:
            of_group[fault.group].append(fault)
    refused = policy.strict and bool(own)
    rows = _messages(envelopes, interchange, outcomes)
    groups = tuple(
        _group(group, rows.get(group.number, []), of_group[group.number], of_message, policy, own)
        for group in envelopes.groups
        if group.interchange == interchange.number
    )
    seen = any(row["seen"] for group in rows.values() for row in group)
    return InterchangeVerdict(interchange, groups, own, refused, seen)


def _messages(
    envelopes: Envelopes, interchange: Interchange, outcomes: pl.DataFrame
) -> dict[int, list[dict[str, object]]]:
    """Messages by group, in file order, each with the syntax codes it was rejected for."""
    codes = pl.col("codes").fill_null([])
    told = (
        completed(outcomes, OUTCOMES)
        .select(
            "message",
            syntax=pl.when(pl.col("outcome") == "rejected")
            .then(codes.list.set_intersection(pl.lit(list(SYNTAX_CODES))))
            .otherwise([]),
            seen=codes.list.contains("EDI_INTERCHANGE_SEEN"),
        )
        .group_by("message")
        .agg(pl.col("syntax").explode(empty_as_null=False), pl.col("seen").any())
    )
    frame = (
        envelopes.messages.filter(pl.col("interchange") == interchange.number)
        .join(told, on="message", how="left", maintain_order="left")
        .with_columns(pl.col("syntax").fill_null([]), pl.col("seen").fill_null(value=False))
    )
    grouped: defaultdict[int, list[dict[str, object]]] = defaultdict(list)
    for row in frame.iter_rows(named=True):
        grouped[row["group"]].append(row)
    return grouped


def _group(
    group: Group,
    rows: list[dict[str, object]],
    faults: list[Fault],
    of_message: dict[int, list[Fault]],
    policy: AckPolicy,
    above: tuple[Fault, ...],
) -> GroupVerdict:
    told_above = {fault.code for fault in (*faults, *above)}
    sets = tuple(_set(row, of_message, told_above, policy) for row in rows)
    stated = next(
        (
            int(fault.value)
            for fault in faults
            if fault.code == "EDI_COUNT" and fault.value and _is_count(fault.value)
        ),
        len(sets),
    )
    refused = policy.strict and bool(faults or above)
    return GroupVerdict(group, sets, tuple(faults), refused, stated)


def _is_count(value: str) -> bool:
    return value.isascii() and value.isdigit() and len(value) <= 6


def _set(
    row: dict[str, object],
    of_message: dict[int, list[Fault]],
    told_above: set[str],
    policy: AckPolicy,
) -> SetVerdict:
    """One set. Faults are capped, so a code in its outcome may be all that is left of one."""
    number = int(str(row["message"]))
    faults = tuple(of_message.get(number, ()))
    syntax = row["syntax"]
    known = told_above | {fault.code for fault in faults}
    codes = tuple(
        code for code in SYNTAX_CODES if isinstance(syntax, list) and code in syntax
        and code not in known
    )  # fmt: skip
    supported = row["kind"] in {"order", "change"}
    verdict: Verdict = "E" if faults else "A"
    if not supported or codes or (policy.strict and not all(fault.noted for fault in faults)):
        verdict = "R"
    return SetVerdict(
        number,
        str(row["type"] or ""),
        str(row["version"] or ""),
        str(row["control"] or ""),
        supported,
        faults,
        codes,
        verdict,
    )


def readable(verdict: InterchangeVerdict) -> dict[int, tuple[GroupVerdict, SetVerdict]]:
    """The orders a business answer may be given to, by message number: the syntax let them pass."""
    if verdict.refused:
        return {}
    return {
        one.message: (group, one)
        for group in verdict.groups
        if not group.refused
        for one in group.sets
        if one.verdict != "R"
    }
