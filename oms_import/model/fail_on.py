"""`--fail-on`: when rejected or held orders make a run end with exit code 3."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

from oms_import.model.errors import SettingError

if TYPE_CHECKING:
    from oms_import.model.report import Totals

_RULE = re.compile(
    r"(?P<measure>rejects|rejected|held|any)\s*"
    r"(?:(?P<operator>>=|>)\s*(?P<number>\d{1,12}(?:\.\d{1,6})?)\s*(?P<percent>%?))?"
)
_FORMS = "any, none, rejects, held, or a bound such as rejects>5%, rejects>=10, held>0, any>2%"


@dataclass(frozen=True, slots=True)
class FailOn:
    """A bound on the rejected orders, the held ones, or both together."""

    rejected: bool
    held: bool
    bound: Fraction
    percent: bool = False  # the bound is a share of the orders read, in percent
    inclusive: bool = False

    def reached(self, totals: Totals) -> bool:
        """Whether these totals are bad enough; a share of nothing is never reached."""
        count = totals.orders_rejected * self.rejected + totals.orders_held * self.held
        if self.percent and totals.orders_read == 0:
            return False
        measured = Fraction(100 * count, totals.orders_read) if self.percent else Fraction(count)
        if count == 0:
            return False
        return measured >= self.bound if self.inclusive else measured > self.bound


def parse(text: str) -> FailOn:
    """`any`, `none`, `rejects>5%`, `rejects>10`, `held>0` as a bound.

    Raises:
        SettingError: the text is none of these.
    """
    plain = text.strip().lower()
    if plain == "none":
        return FailOn(rejected=False, held=False, bound=Fraction(0))
    match = _RULE.fullmatch(plain)
    if match is None:
        raise SettingError(
            f"--fail-on {text!r} is not understood", hint=f"use {_FORMS}", location="--fail-on"
        )
    measure = match["measure"]
    return FailOn(
        rejected=measure != "held",
        held=measure in {"held", "any"},
        bound=Fraction(match["number"] or 0),
        percent=bool(match["percent"]),
        inclusive=match["operator"] == ">=",
    )
