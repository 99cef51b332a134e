"""Accepted orders by HTTP POST, as JSON, with an idempotency key that is the same on every try.

Header `Idempotency-Key`: draft-ietf-httpapi-idempotency-key-header. A receiver that honours it
takes a piece once, also when its answer to an earlier try was lost on the way.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from time import sleep

import httpx2

from oms_import.connectors.patience import backoff, wait_for
from oms_import.connectors.secrets import resolved
from oms_import.connectors.tls import trusted
from oms_import.model.delivery import DeliveryState, Piece, Sent
from oms_import.model.errors import AuthenticationError, SettingError, SourceUnreachableError
from oms_import.targets import HttpTarget, is_reference

Documents = Callable[[Path, int, int], list[str]]
"""Folder of a run, place of the first order, how many → their JSON texts."""

_ORDERS = 2_000  # read from the run's files at once
_ANSWER = 200  # letters of it that are kept
_LONGEST_WAIT = 30.0  # seconds; a receiver that asks for more is asked again by the next run
_AGAIN = frozenset((408, 409, 425, 429))  # 409: an earlier try of the same key is being worked on
_CONTROLS = re.compile(r"[\x00-\x1f\x7f]+")


@dataclass(frozen=True, slots=True)
class HttpDeliverer:
    """See model.delivery.Deliverer."""

    spec: HttpTarget
    client: httpx2.Client
    documents: Documents

    def send(self, pieces: Sequence[Piece], folder: Path) -> Iterator[Sent]:
        """Post pieces, several at the same time; stop where the receiver is down or refuses us."""
        with ThreadPoolExecutor(self.spec.connections) as workers:
            for some in _blocks(pieces, max(1, _ORDERS // self.spec.batch)):
                bodies = self._bodies(some, folder)
                sent = list(workers.map(self._posted, some, bodies))
                yield from sent
                if any(one.lost for one in sent):
                    return

    def close(self) -> None:
        """Close the connections."""
        self.client.close()

    def _bodies(self, pieces: Sequence[Piece], folder: Path) -> list[bytes]:
        """One order as an object, several as an array; neighbours are read together."""
        size, first = self.spec.batch, pieces[0].part
        count = (pieces[-1].part - first + 1) * size
        texts = self.documents(folder, first * size, count)
        bodies: list[bytes] = []
        for piece in pieces:
            begin = (piece.part - first) * size
            mine = texts[begin : begin + size]
            bodies.append((mine[0] if size == 1 else f"[{','.join(mine)}]").encode())
        return bodies

    def _posted(self, piece: Piece, body: bytes) -> Sent:
        """One piece, tried again while that may help."""
        for attempt in range(1, self.spec.tries + 1):
            sent, wait = self._tried(piece, body, attempt)
            if wait is None or attempt == self.spec.tries or wait > _LONGEST_WAIT:
                return sent
            sleep(wait)
        raise AssertionError("there is at least one try")

    def _tried(self, piece: Piece, body: bytes, attempt: int) -> tuple[Sent, float | None]:
        """What came of one try, and how long to wait before another; None: no other."""
        headers = {"Idempotency-Key": piece.key, "Content-Type": "application/json"}
        try:
            answer = self.client.post(self.spec.url, content=body, headers=headers)
        except httpx2.HTTPError as error:
            said = f"no answer ({type(error).__name__})"
            now = datetime.now(UTC)
            code = SourceUnreachableError.exit_code
            return Sent(piece, "failed", said, now, code, lost=True), backoff(attempt)
        again = answer.status_code >= 500 or answer.status_code in _AGAIN
        return _judged(piece, answer), wait_for(answer.headers, attempt) if again else None


def _judged(piece: Piece, answer: httpx2.Response) -> Sent:
    """The state of a piece by the answer's status code (RFC 9110, section 15)."""
    status, now = answer.status_code, datetime.now(UTC)
    said = f"HTTP {status} {_shortened(answer)}".strip()
    state: DeliveryState = "refused"
    code, lost = 0, False
    if answer.is_success:
        state = "delivered"
    elif status in {401, 403}:
        state, code, lost = "failed", AuthenticationError.exit_code, True
    elif status >= 500 or status in _AGAIN:
        state, code, lost = "failed", SourceUnreachableError.exit_code, status in {429, 503}
    elif answer.is_redirect:
        said += "; it points elsewhere, and orders do not follow: correct http.url"
        state, code, lost = "failed", SettingError.exit_code, True
    return Sent(piece, state, said, now, code, lost)


def _shortened(answer: httpx2.Response) -> str:
    """The beginning of an answer in text; of a page, nothing."""
    if "html" in answer.headers.get("Content-Type", ""):
        return "(a page)"
    return _CONTROLS.sub(" ", answer.text[: _ANSWER * 2]).strip()[:_ANSWER]


def _blocks(pieces: Sequence[Piece], size: int) -> Iterator[Sequence[Piece]]:
    """Pieces whose orders are read together: not more than `size`, and not too far apart."""
    begin = 0
    for place in range(1, len(pieces) + 1):
        full = place == len(pieces) or pieces[place].part - pieces[begin].part >= size
        if full:
            yield pieces[begin:place]
            begin = place


def open_http_deliverer(
    spec: HttpTarget, name: str, root: Path, documents: Documents
) -> HttpDeliverer:
    """A client with its secrets resolved; they go to the receiver and nowhere else.

    Raises:
        SettingError: a reference names nothing, or the certificates cannot be read.
    """
    headers = {
        key: resolved(value, f"deliver {name}: http.headers.{key}", root)
        if is_reference(value)
        else value
        for key, value in spec.headers.items()
    }
    if spec.token:
        token = resolved(spec.token, f"deliver {name}: http.token", root)
        headers["Authorization"] = f"Bearer {token}"
    context = trusted(spec.ca_file, root, f"deliver {name}: http.ca_file")
    limits = httpx2.Limits(max_connections=spec.connections)
    client = httpx2.Client(
        headers=headers, timeout=spec.timeout_seconds, limits=limits, verify=context
    )
    return HttpDeliverer(spec, client, documents)
