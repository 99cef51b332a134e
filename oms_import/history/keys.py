"""How keys become 128-bit hashes: the one SQL text that commit, decide and verify share."""

from __future__ import annotations


def key_hash(channel: str = "channel", account: str = "account", key: str = "key") -> str:
    """SQL of an idempotency key's hash as UUID; null where the order has no key.

    The arguments are SQL expressions, not values. Parts are separated by chr(0), which no cell
    holds, so that no two keys read the same.
    """
    return f"md5({_text(channel, account, key)})::UUID"


def key_part(channel: str = "channel", account: str = "account", key: str = "key") -> str:
    """SQL of 32 bits of the same md5, to find what may be known in a quarter of the bytes.

    Null where the order has no key. A hit says nothing until hash and text agree. Beside
    `key_hash` in one SELECT DuckDB works the md5 out once.
    """
    return f"('0x' || left(md5({_text(channel, account, key)}), 8))::UINTEGER"


def hex_hash(column: str) -> str:
    """SQL of an md5 written as 32 hex digits as UUID."""
    return f"{column}::UUID"


def _text(channel: str, account: str, key: str) -> str:
    return f"{channel} || chr(0) || {account} || chr(0) || {key}"
