"""Accepted orders on their way to receivers: what goes together, and what came of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal, Protocol

DeliveryState = Literal["pending", "delivered", "failed", "refused"]
"""failed: tried, and the next run tries again; refused: the receiver does not want it, a person
must look."""


@dataclass(frozen=True, slots=True)
class Piece:
    """Orders of one run for one receiver that go together."""

    run_id: str
    target: str
    part: int  # from 0: of so many accepted orders each, in the order of orders.csv
    orders: int
    first_order: str  # the first order's key, for people

    @property
    def key(self) -> str:
        """The idempotency key, the same on every try."""
        return f"{self.run_id}/{self.target}/{self.part}"


@dataclass(frozen=True, slots=True)
class Sent:
    """What came of trying to deliver a piece."""

    piece: Piece
    state: DeliveryState
    answer: str  # the receiver's, shortened
    at: datetime
    exit_code: int = 0  # of what is told to people: 5 try again, 6 login, 7 our own files
    lost: bool = False  # the receiver as a whole does not answer: no use to go on in this run


class Deliverer(Protocol):
    """An open receiver; `close` it."""

    def send(self, pieces: Sequence[Piece], folder: Path) -> Iterator[Sent]:
        """Hand on pieces of one run, each told as it is done; ends early where one is `lost`.

        A piece that the receiver has taken on an earlier try does no harm: it is told as delivered.

        Args:
            pieces: of one run, in order.
            folder: out/accepted/<run_id>.
        """
        ...

    def close(self) -> None:
        """Let go of all connections."""
        ...
