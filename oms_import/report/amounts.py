"""Numbers as people read them."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation


def count(number: int, word: str, words: str = "") -> str:
    """`1 order`, `12,000 orders`."""
    return f"{number:,} {word if number == 1 else words or word + 's'}"


def amount(text: object) -> str:
    """`1234.5000` as `1,234.50`: two decimals or more, no zeros after them; other text as it is."""
    try:
        number = Decimal(str(text))
    except InvalidOperation:
        return str(text)
    if not number.is_finite():
        return str(text)
    whole, _, decimals = f"{number:,f}".partition(".")
    return f"{whole}.{decimals.rstrip('0').ljust(2, '0')}"


def value(by_currency: Mapping[str, object], between: str = ", ") -> str:
    """`EUR 20.00, USD 1,234.50`."""
    return between.join(f"{code} {amount(sum_)}" for code, sum_ in sorted(by_currency.items()))


def seconds(number: float) -> str:
    """`0.4`, `75`: short, since it stands in a column."""
    return f"{number:.1f}" if number < 10 else f"{number:,.0f}"


def size(number: int) -> str:
    """`12 KB`, `1.5 GB`."""
    amount_ = float(number)
    for unit in ("bytes", "KB", "MB", "GB"):
        if amount_ < 1000:
            return f"{amount_:.0f} {unit}" if unit == "bytes" else f"{amount_:.1f} {unit}"
        amount_ /= 1000
    return f"{amount_:.1f} TB"


def moment(text: object) -> str:
    """`2026-11-23T03:15:00.123Z` as `2026-11-23 03:15:00 UTC`."""
    plain = str(text)
    stamp = plain.replace("T", " ", 1).removesuffix("Z").partition(".")[0]
    return f"{stamp} UTC" if plain.endswith("Z") else stamp
