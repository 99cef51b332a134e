"""States of orders and who ships them, by the words that channels use for them."""

from __future__ import annotations

from oms_import.drafting.draft import Draft
from oms_import.drafting.toml_text import Value, line

_STATES = {
    "cancelled": "cancelled canceled cancel voided void storniert abgebrochen annulé annulée "
    "annulee annule cancelado cancelada anulado annullato annullata geannuleerd avbruten makulerad "
    "anulowane anulowano anulowany failed declined",
    "pending": "pending unpaid unbezahlt awaiting-payment pendiente pago_pendente betalning-väntar",
    "hold": "on-hold hold onhold angehalten",
}
_CHANNEL = ("afn", "fba", "amazon", "by tiktok", "fbt", "wfs", "by walmart", "lvb", "zfs", "by bol")
_SELLER = ("seller", "merchant", "mfn", "fbm", "self")
_MOST = 40  # different values of a status


def status_rule(draft: Draft) -> list[str]:
    """What a status means to us: cancelled orders are not ours to ship; all else is open."""
    one = draft.written.get("order.source_status")
    shape = draft.shapes.get(one.column) if one else None
    if one is None or shape is None or shape.unique > _MOST:
        return []
    words = {word: state for state, text in _STATES.items() for word in text.split()}
    seen = [str(value) for value in draft.frame[one.column].drop_nulls().unique().sort()]
    known = {text: words[_word(text)] for text in seen if _word(text) in words}
    usual = {"cancelled": "cancelled", "canceled": "cancelled"}
    folded = {text.casefold() for text in known}
    table: dict[str, Value] = {**known, **{k: v for k, v in usual.items() if k not in folded}}
    others = [text for text in seen if text not in known]
    told = f"also in the sample: {', '.join(others[:8])}" if others else "all that the sample has"
    return [
        *line("from", one.column),
        *line("map", table, told),
        *line("other", "=open"),
    ]


def fulfilled_rule(draft: Draft) -> list[str]:
    """Who ships: what the channel ships itself is ignored."""
    one = draft.chosen.get("order.fulfilled_by")
    if one is None or one.points < 60:
        return []
    seen = [str(value) for value in draft.frame[one.column].drop_nulls().unique().sort()]
    theirs = [text for text in seen if any(word in text.casefold() for word in _CHANNEL)]
    ours = [text for text in seen if any(word in text.casefold() for word in _SELLER)]
    if not theirs and not ours:
        return []
    table: dict[str, Value] = dict.fromkeys((*theirs, "AFN", "FBA"), "channel")
    told = f"also in the sample: {', '.join(ours[:4])}" if ours else ""
    return [
        *line("from", one.column, f"{one.points} %: {one.why}"),
        *line("map", table, told),
        *line("other", "=seller"),
    ]


def _word(text: str) -> str:
    return "-".join(text.casefold().split())
