"""Profiles, part nine: webhooks, by which a shop sends each order as it comes."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from oms_import.profiles.fields import Columns, Strict


class WebhookSpec(Strict):
    """Events that `oms-import listen` takes for this channel. Secrets stand here by reference."""

    path: str = Field(default="", description="Path of the URL; default /hooks/<channel>.")
    verify: Literal["shopify", "woocommerce", "generic", "none"] = Field(
        default="generic", description="Whose way of signing it is; none: whoever can reach us."
    )
    secrets: Columns = Field(
        default=(), description="References to the secret; several while one is being replaced."
    )
    header: str = Field(default="X-Signature", description="generic: header of the signature.")
    algorithm: Literal["sha256", "sha512", "sha1"] = Field(
        default="sha256", description="generic: the hash of the HMAC."
    )
    encoding: Literal["hex", "base64"] = Field(
        default="hex", description="generic: how the signature is written."
    )
    prefix: str = Field(default="", description="generic: what stands before it: sha256=.")
    timestamp_header: str = Field(
        default="", description="generic: header with seconds since 1970; signed as TIME.BODY."
    )
    replay_seconds: float = Field(
        default=300, gt=0, description="A timestamp further from now than this is refused."
    )
    event_header: str = Field(
        default="", description="Header with the event's id, by which a repeated one is known."
    )
    topic_header: str = Field(default="", description="Header with the event's topic.")
    topics: Columns = Field(default=(), description="Topics to take; default: all.")
    max_bytes: int = Field(default=2_000_000, ge=1, description="A larger event is refused.")

    def secret_files(self) -> list[tuple[str, str]]:
        """Files that others may not read: the key of the table that names each, and its path."""
        return [("secrets", one) for one in self.secrets if one.startswith("file:")]
