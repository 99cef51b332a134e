"""What partners are told of a run's interchanges: from final verdicts to acknowledgements."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import polars as pl

from oms_import.model.edi import Envelopes, Interchange
from oms_import.model.reasons import reasons
from oms_import.model.values import DropResult
from oms_import.outputs.acks import (
    AckPolicy,
    ControlNumbers,
    answer_encoding,
    contrl,
    functional_ack_997,
    implementation_ack_999,
    interchange_ack_ta1,
    orders_response,
    purchase_order_ack_855,
    ta1_due,
)
from oms_import.outputs.acks.files import Ack
from oms_import.pipeline.spool import Part
from oms_import.pipeline.verdicts import verdicts
from oms_import.profiles.model import Profile

Reserve = Callable[[str, str, int], int]
"""Our id, the partner's, how many → the first of so many control numbers, ours from now on."""

_KINDS = {"x12": ("997", "999", "TA1", "855"), "edifact": ("CONTRL", "ORDRSP")}
_QUALIFIERS = {
    "x12": {"sku": "VN", "gtin": "UP", "buyer_item_id": "BP"},
    "edifact": {"sku": "SA", "gtin": "EN", "buyer_item_id": "IN"},
}


@dataclass(frozen=True, slots=True)
class Answering:
    """What answers are made from, beside the drops."""

    profiles: Mapping[str, Profile]  # by channel
    reserve: Reserve
    at: datetime


def acknowledgements(
    results: Sequence[DropResult], parts: Sequence[Part], decisions: Path, answering: Answering
) -> Iterator[Ack]:
    """Acknowledgements of the run's interchanges, as the channels' profiles ask for them.

    Args:
        results: the run's drops; those without envelopes are passed over.
        parts: the spooled batches.
        decisions: what dedupe decided (Parquet).
        answering: profiles, control numbers, time.
    """
    due = [one for one in results if _asked(one, answering.profiles)]
    if not due:
        return
    told = _told(parts, decisions, [one.drop.index for one in due])
    for result in due:
        mine = told.of(result.drop.index)
        profile = answering.profiles[result.drop.channel]
        for interchange in result.envelopes.interchanges if result.envelopes else ():
            yield from _answers(result, interchange, mine, profile, answering)


def _asked(result: DropResult, profiles: Mapping[str, Profile]) -> bool:
    profile = profiles.get(result.drop.channel)
    wanted = bool(profile and profile.edi.acknowledge)
    return wanted and result.status == "imported" and result.envelopes is not None


@dataclass(frozen=True, slots=True)
class _Told:
    """Outcomes and lines of messages (outputs.acks OUTCOMES, LINES), with `_drop`."""

    outcomes: pl.DataFrame
    lines: pl.DataFrame

    def of(self, drop: int) -> _Told:
        """Those of one drop."""
        mine = pl.col("_drop") == drop
        return _Told(self.outcomes.filter(mine), self.lines.filter(mine))


def _told(parts: Sequence[Part], decisions: Path, drops: list[int]) -> _Told:
    pairs = [_part_told(part, decisions, drops) for part in parts]
    return _Told(
        pl.concat([outcomes for outcomes, _ in pairs]), pl.concat([lines for _, lines in pairs])
    )


def _part_told(part: Part, decisions: Path, drops: list[int]) -> tuple[pl.DataFrame, pl.DataFrame]:
    claims = verdicts(part, decisions).claims.filter(pl.col("_drop").is_in(drops))
    firsts = part.read("records").unique("_order", keep="first", maintain_order=True)
    number = pl.col("pointer").str.extract(r"message (\d+)").cast(pl.UInt32).alias("message")
    claims = claims.join(firsts.select("_order", number), on="_order", how="left")
    claims = claims.filter(pl.col("message").is_not_null())
    orders = part.table("orders").select("_order", pl.col("release_number").alias("release"))
    codes = (
        pl.col("codes")
        .fill_null("")
        .str.split(" ")
        .list.eval(pl.element().filter(pl.element() != ""))
    )
    summaries = {code: one.summary for code, one in reasons().items()}
    outcomes = claims.join(orders, on="_order", how="left").select(
        "_drop",
        "message",
        "outcome",
        codes.alias("codes"),
        codes.list.eval(
            pl.element().replace_strict(summaries, default=pl.element(), return_dtype=pl.String)
        ).alias("reasons"),
        "order_number",
        pl.col("ordered_at").dt.date().alias("order_date"),
        "release",
    )
    lines = part.table("order_lines").join(
        claims.select("_order", "_drop", "message"), on="_order", how="inner", maintain_order="left"
    )
    return outcomes, lines.select(
        "_drop",
        "message",
        pl.coalesce("source_line_id", pl.col("line_no").cast(pl.String)).alias("line"),
        "sku",
        "gtin",
        "buyer_item_id",
        _plain("qty_ordered").alias("quantity"),
        "uom",
        _plain("unit_price").alias("unit_price"),
    )


def _plain(name: str) -> pl.Expr:
    """A decimal as text without needless zeros."""
    text = pl.col(name).cast(pl.String)
    return text.str.strip_chars_end("0").str.strip_chars_end(".")


def _answers(
    result: DropResult,
    interchange: Interchange,
    told: _Told,
    profile: Profile,
    answering: Answering,
) -> Iterator[Ack]:
    envelopes = result.envelopes
    if envelopes is None:
        return
    kinds = [k for k in _KINDS.get(interchange.standard, ()) if k in profile.edi.acknowledge]
    policy = AckPolicy(strict=profile.format.strict, ta1="TA1" in kinds)
    for kind in kinds:
        if kind == "TA1" and not ta1_due(envelopes, interchange, policy):
            continue
        count = _numbers_needed(envelopes, interchange)
        first = answering.reserve(interchange.receiver, interchange.sender, count)
        numbers = ControlNumbers(first, first, first)
        text = _text(kind, envelopes, interchange, told, numbers, answering.at, policy)
        if text is not None:
            encoding = answer_encoding(interchange, policy)
            yield Ack(result.drop, interchange.number, kind, text, encoding)


def _numbers_needed(envelopes: Envelopes, interchange: Interchange) -> int:
    groups = sum(group.interchange == interchange.number for group in envelopes.groups)
    messages = envelopes.messages.filter(pl.col("interchange") == interchange.number).height
    return max(1, groups, messages)


def _text(
    kind: str,
    envelopes: Envelopes,
    interchange: Interchange,
    told: _Told,
    numbers: ControlNumbers,
    at: datetime,
    policy: AckPolicy,
) -> str | None:
    syntactic = {
        "997": functional_ack_997,
        "999": implementation_ack_999,
        "TA1": interchange_ack_ta1,
        "CONTRL": contrl,
    }
    if kind in syntactic:
        return syntactic[kind](envelopes, interchange, told.outcomes, numbers, at, policy)
    business = {"855": purchase_order_ack_855, "ORDRSP": orders_response}[kind]
    lines = told.lines.with_columns(_ids(interchange.standard))
    return business(envelopes, interchange, told.outcomes, lines, numbers, at, policy)


def _ids(standard: str) -> pl.Expr:
    """The line's item numbers with the qualifiers of the standard."""
    pairs = [
        pl.struct(pl.lit(code).alias("qualifier"), pl.col(name).alias("value"))
        for name, code in _QUALIFIERS[standard].items()
    ]
    filled = pl.element().struct.field("value").is_not_null()
    return pl.concat_list(pairs).list.eval(pl.element().filter(filled)).alias("ids")
