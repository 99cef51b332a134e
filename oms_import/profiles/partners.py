"""Profiles, part five: the trading partners of an EDI channel."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from oms_import.profiles.fields import Columns, Strict


class Partner(Strict):
    """A trading partner of an EDI channel, known by the ids of its interchanges."""

    sender: str = Field(description="Sender id, or qualifier:id (ISA05:ISA06, 0007:0004).")
    receiver: str | None = Field(default=None, description="Receiver id; default: any.")
    account: str | None = Field(
        default=None, description="Account of its orders; default: the channel's."
    )
    segment: str | None = Field(default=None, description="Customer segment of its orders.")
    strict: bool | None = Field(default=None, description="As format.strict, for this partner.")
    test: Literal["hold", "release"] | None = Field(
        default=None, description="As format.test, for this partner."
    )


class EdiPolicy(Strict):
    """What goes for a whole interchange of an EDI channel."""

    seen_hours: float = Field(
        default=24,
        ge=0,
        description="A partner's control number again within so many hours holds the orders; "
        "0: not looked for.",
    )
    acknowledge: Columns = Field(
        default=(),
        description="Acknowledgements to write: 997, 999, TA1, CONTRL, 855, ORDRSP.",
    )
