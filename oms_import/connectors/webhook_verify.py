"""Is an event really of its sender? HMAC signatures of shops, compared in constant time."""

from __future__ import annotations

import base64
import binascii
import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from oms_import.profiles.webhook_sources import WebhookSpec

Refusal = Literal["signature", "timestamp"]

_KNOWN = {
    "shopify": {
        "header": "X-Shopify-Hmac-Sha256", "algorithm": "sha256", "encoding": "base64",
        "event_header": "X-Shopify-Webhook-Id", "topic_header": "X-Shopify-Topic",
    },
    "woocommerce": {
        "header": "X-WC-Webhook-Signature", "algorithm": "sha256", "encoding": "base64",
        "event_header": "X-WC-Webhook-Delivery-ID", "topic_header": "X-WC-Webhook-Topic",
    },
}  # fmt: skip
"""How shops sign, by their own documentation."""


def completed(spec: WebhookSpec) -> WebhookSpec:
    """The spec with what a known shop does; what the profile says itself goes before it."""
    known = _KNOWN.get(spec.verify, {})
    return spec.model_copy(
        update={key: value for key, value in known.items() if key not in spec.model_fields_set}
    )


@dataclass(frozen=True, slots=True)
class Verifier:
    """The rules of one channel and its secrets."""

    spec: WebhookSpec
    secrets: Sequence[bytes]

    def refusal(self, body: bytes, headers: Mapping[str, str], now: float) -> Refusal | None:
        """Why an event is not taken; None: it is its sender's.

        Args:
            body: as it came.
            headers: with names in small letters.
            now: seconds since 1970.
        """
        spec = self.spec
        if spec.verify == "none":
            return None
        signed = body
        if spec.timestamp_header:
            stamp = headers.get(spec.timestamp_header.lower(), "")
            if not stamp.isdigit() or abs(now - int(stamp)) > spec.replay_seconds:
                return "timestamp"
            signed = stamp.encode() + b"." + body
        given = _bytes(headers.get(spec.header.lower(), ""), spec)
        digests = (hmac.digest(secret, signed, spec.algorithm) for secret in self.secrets)
        found = [given is not None and hmac.compare_digest(one, given) for one in digests]
        return None if any(found) else "signature"


def _bytes(text: str, spec: WebhookSpec) -> bytes | None:
    if not text.startswith(spec.prefix):
        return None
    plain = text.removeprefix(spec.prefix).strip()
    try:
        if spec.encoding == "hex":
            return bytes.fromhex(plain)
        return base64.b64decode(plain, validate=True)
    except (ValueError, binascii.Error):
        return None
