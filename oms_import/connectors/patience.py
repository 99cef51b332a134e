"""How long to wait before a server over HTTP is asked again."""

from __future__ import annotations

import re
from collections.abc import Mapping
from random import uniform

_LONGEST = 30.0  # seconds of ours; a server may ask for more


def backoff(attempt: int) -> float:
    """Seconds after the attempt-th try: growing, with jitter."""
    return min(2.0**attempt, _LONGEST) * uniform(0.25, 0.5)  # noqa: S311


def wait_for(headers: Mapping[str, str], attempt: int) -> float:
    """Seconds the answer asks for (RFC 9110, section 10.2.3, Retry-After), else our own."""
    asked = headers.get("Retry-After", "")
    return float(asked) if re.fullmatch(r"\d{1,6}", asked, re.ASCII) else backoff(attempt)
