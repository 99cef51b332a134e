"""The orders a business answer is given to, with their lines, in file order."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import Any, Literal

import polars as pl

from oms_import.model.edi import Envelopes, Interchange
from oms_import.outputs.acks.judging import GroupVerdict, SetVerdict, judge, readable
from oms_import.outputs.acks.values import LINES, OUTCOMES, AckPolicy, completed

State = Literal["accepted", "rejected", "held", "duplicate"]


@dataclass(frozen=True, slots=True)
class Order:
    """One row of OUTCOMES that is answered, with where it came from."""

    group: GroupVerdict
    message: SetVerdict
    outcome: dict[str, Any]  # a row of OUTCOMES
    lines: list[dict[str, Any]]  # rows of LINES

    @property
    def state(self) -> State:
        """What became of the order."""
        return self.outcome["outcome"]

    @property
    def mixed(self) -> bool:
        """Whether the order was accepted without some of its lines."""
        return self.state == "accepted" and any(line["status"] == "rejected" for line in self.lines)

    def line_state(self, line: dict[str, Any]) -> State:
        """What became of the line: nothing of a rejected or held order is accepted."""
        refused = self.state == "accepted" and line["status"] == "rejected"
        return "rejected" if refused else self.state


def answered_orders(
    envelopes: Envelopes,
    interchange: Interchange,
    outcomes: pl.DataFrame,
    lines: pl.DataFrame,
    policy: AckPolicy,
    types: tuple[str, ...],
) -> list[Order]:
    """Orders of these message types with a number, whose syntax let them pass.

    Ignored ones are left out, and duplicates unless policy.answer_duplicates: they were answered.
    """
    verdict = judge(envelopes, interchange, outcomes, policy)
    allowed = readable(verdict)
    wanted = ["accepted", "rejected", "held"] + ["duplicate"] * policy.answer_duplicates
    mine = [number for number, (_, one) in allowed.items() if one.type in types]
    rows = completed(outcomes, OUTCOMES).filter(
        pl.col("message").is_in(mine),
        pl.col("outcome").is_in(wanted),
        pl.col("order_number").str.strip_chars().str.len_chars() > 0,
    )
    of_message: defaultdict[int, list[dict[str, Any]]] = defaultdict(list)
    kept = completed(lines, LINES).filter(pl.col("message").is_in(rows["message"].implode()))
    for line in kept.iter_rows(named=True):
        of_message[line["message"]].append(line)
    return [
        Order(*allowed[row["message"]], row, of_message[row["message"]])
        for row in rows.sort("message", maintain_order=True).iter_rows(named=True)
    ]


def item_ids(line: dict[str, Any]) -> list[tuple[str | None, str]]:
    """(qualifier, value) of each item id that has a value."""
    return [(one["qualifier"], one["value"]) for one in line["ids"] or [] if one and one["value"]]
