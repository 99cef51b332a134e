"""What partners are told of a run's interchanges: from final verdicts to acknowledgements."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import polars as pl

from oms_import.model.codes import Code
from oms_import.model.edi import Envelopes, Interchange
from oms_import.model.reasons import reasons
from oms_import.model.values import Drop, DropResult, Source
from oms_import.outputs.acks import (
    LINES,
    OUTCOMES,
    AckPolicy,
    ControlNumbers,
    answer_encoding,
    completed,
    contrl,
    functional_ack_997,
    implementation_ack_999,
    interchange_ack_ta1,
    orders_response,
    purchase_order_ack_855,
    ta1_due,
)
from oms_import.outputs.acks.files import Ack
from oms_import.pipeline.as_written import HEADS, WRITTEN, as_written
from oms_import.pipeline.spool import Part
from oms_import.pipeline.verdicts import verdicts
from oms_import.profiles.model import Profile
from oms_import.readers.edi.partners import terms_of
from oms_import.readers.spec import ReadSpec

Reserve = Callable[[str, str, int], int]
"""Our id, the partner's, how many → the first of so many control numbers, ours from now on."""

_KINDS = {"x12": ("997", "999", "TA1", "855"), "edifact": ("CONTRL", "ORDRSP")}
_BUSINESS = frozenset(("855", "ORDRSP"))
_ANSWERED = {"x12": "855", "edifact": "ORDRSP"}
_QUALIFIERS = {
    "x12": {"sku": "VN", "gtin": "UP", "buyer_item_id": "BP"},
    "edifact": {"sku": "SA", "gtin": "EN", "buyer_item_id": "IN"},
}
"""Of our own item numbers, where the order's segments named none."""


@dataclass(frozen=True, slots=True)
class Answering:
    """What answers are made from, beside the drops."""

    profiles: Mapping[str, Profile]  # by channel
    reserve: Reserve
    at: datetime
    opened: Callable[[Drop], Source]  # a drop with its channel's reader
    again: bool = False  # a retry: only what is accepted now is told, the syntax was told before


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
    asked = [one for one in results if _asked(one, answering.profiles)]
    if not asked:
        return
    told = _told(parts, decisions, asked, answering)
    due = [one for result in asked for one in _due(result, answering.profiles)]
    if answering.again:
        told = {drop: _taken(mine) for drop, mine in told.items()}
        due = [one for one in due if one.kind in _BUSINESS and one.result.drop.index in told]
        due = [one for one in due if told[one.result.drop.index].outcomes.height]
    for one, first in zip(due, _reserved(due, answering.reserve), strict=True):
        mine = told.get(one.result.drop.index, _NOTHING_TOLD)
        text = _text(one, mine, ControlNumbers(first, first, first), answering.at)
        if text is not None:
            encoding = answer_encoding(one.interchange, one.policy)
            yield Ack(one.result.drop, one.interchange.number, one.kind, text, encoding)


def _asked(result: DropResult, profiles: Mapping[str, Profile]) -> bool:
    profile = profiles.get(result.drop.channel)
    wanted = bool(profile and profile.edi.acknowledge)
    return wanted and result.status == "imported" and result.envelopes is not None


@dataclass(frozen=True, slots=True)
class _Due:
    """One answer that a profile asks for."""

    result: DropResult
    envelopes: Envelopes
    interchange: Interchange
    kind: str
    policy: AckPolicy
    count: int  # control numbers it may use


def _due(result: DropResult, profiles: Mapping[str, Profile]) -> Iterator[_Due]:
    """The answers to a drop's interchanges, in file order."""
    profile, envelopes = profiles[result.drop.channel], result.envelopes
    interchanges = envelopes.interchanges if envelopes else ()
    terms = terms_of(interchanges, ReadSpec(format=profile.format, partners=profile.partner))
    for one in interchanges:
        mine = terms[one.number]
        kinds = [k for k in _KINDS.get(one.standard, ()) if k in profile.edi.acknowledge]
        if any(code == Code.PARTNER_UNKNOWN for code, _ in mine.kept_back):
            continue  # to somebody else, or from nobody we know: not ours to answer
        policy = AckPolicy(strict=mine.strict, ta1="TA1" in kinds)
        count = _numbers_needed(envelopes, one) if envelopes and kinds else 0
        for kind in kinds:
            if envelopes and (kind != "TA1" or ta1_due(envelopes, one, policy)):
                yield _Due(result, envelopes, one, kind, policy, count)


def _reserved(due: Sequence[_Due], reserve: Reserve) -> list[int]:
    """The first control number of each answer; each pair of partners is asked for once."""
    pairs = [(one.interchange.receiver, one.interchange.sender) for one in due]
    needed: dict[tuple[str, str], int] = {}
    for pair, one in zip(pairs, due, strict=True):
        needed[pair] = needed.get(pair, 0) + one.count
    following = {pair: reserve(*pair, count) for pair, count in needed.items()}
    firsts: list[int] = []
    for pair, one in zip(pairs, due, strict=True):
        firsts.append(following[pair])
        following[pair] += one.count
    return firsts


@dataclass(frozen=True, slots=True)
class _Told:
    """Outcomes and lines of one drop's messages (outputs.acks OUTCOMES, LINES)."""

    outcomes: pl.DataFrame
    lines: pl.DataFrame


def _taken(told: _Told) -> _Told:
    """Of what is told, the orders that were accepted."""
    return _Told(told.outcomes.filter(pl.col("outcome") == "accepted"), told.lines)


_NOTHING_TOLD = _Told(pl.DataFrame(schema=OUTCOMES), pl.DataFrame(schema=LINES))


def _told(
    parts: Sequence[Part], decisions: Path, asked: Sequence[DropResult], answering: Answering
) -> dict[int, _Told]:
    """By drop; put into the form of the answers once, not once an answer."""
    standards = {one.drop.index: _standard(one) for one in asked}
    heads, written = _written(asked, answering)
    pairs = [_part_told(part, decisions, standards) for part in parts]
    pairs = [(_headed(outcomes, heads), _repeated(lines, written)) for outcomes, lines in pairs]
    outcomes = _by_drop([outcomes for outcomes, _ in pairs], OUTCOMES)
    lines = _by_drop([lines for _, lines in pairs], LINES)
    none = _NOTHING_TOLD.lines
    return {drop: _Told(frame, lines.get(drop, none)) for drop, frame in outcomes.items()}


def _written(
    asked: Sequence[DropResult], answering: Answering
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Heads and lines as the partners wrote them, of the drops whose orders are answered."""
    found = [(pl.DataFrame(schema=HEADS), pl.DataFrame(schema=WRITTEN))]
    for standard, kind in _ANSWERED.items():
        drops = [
            one.drop
            for one in asked
            if _standard(one) == standard
            and kind in answering.profiles[one.drop.channel].edi.acknowledge
        ]
        found.append(as_written(drops, standard, answering.opened))
    return pl.concat([heads for heads, _ in found]), pl.concat([lines for _, lines in found])


def _headed(outcomes: pl.DataFrame, heads: pl.DataFrame) -> pl.DataFrame:
    return outcomes.join(heads, on=["_drop", "message"], how="left", maintain_order="left")


def _repeated(lines: pl.DataFrame, written: pl.DataFrame) -> pl.DataFrame:
    """Lines as they were written; what the order's segments did not say, as we have it."""
    both = lines.join(
        written, on=["_drop", "record"], how="left", suffix="_own", maintain_order="left"
    )
    ids = pl.when(pl.col("ids_own").list.len() > 0).then("ids_own").otherwise("ids")
    stated = pl.col("quantity_own").is_not_null()
    return both.with_columns(
        ids.alias("ids"),
        pl.when(stated).then(pl.coalesce("uom_own", "uom")).otherwise("uom").alias("uom"),
        *(pl.coalesce(f"{one}_own", one).alias(one) for one in ("line", "quantity", "unit_price")),
    )


def _by_drop(frames: Sequence[pl.DataFrame], schema: pl.Schema) -> dict[int, pl.DataFrame]:
    whole = pl.concat(frames)
    shaped = completed(whole, schema).with_columns(whole["_drop"])
    split = shaped.partition_by("_drop", as_dict=True, include_key=False, maintain_order=True)
    return {int(key[0]): frame for key, frame in split.items()}


def _standard(result: DropResult) -> str:
    """A drop is of one standard."""
    return result.envelopes.interchanges[0].standard if result.envelopes else ""


def _part_told(
    part: Part, decisions: Path, standards: Mapping[int, str]
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Outcomes and lines of a part's messages, with `_drop`."""
    claims = verdicts(part, decisions).claims.filter(pl.col("_drop").is_in(list(standards)))
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
    record = pl.col("record_no").cast(pl.Int64).alias("record")
    lines = (
        part.table("order_lines")
        .with_columns(record)
        .join(
            claims.select("_order", "_drop", "message"),
            on="_order",
            how="inner",
            maintain_order="left",
        )
    )
    return outcomes, lines.select(
        "_drop",
        "message",
        "record",
        pl.coalesce("source_line_id", pl.col("line_no").cast(pl.String)).alias("line"),
        _ids(standards).alias("ids"),
        _plain("qty_ordered").alias("quantity"),
        "uom",
        _plain("unit_price").alias("unit_price"),
    )


def _plain(name: str) -> pl.Expr:
    """A decimal as text without needless zeros."""
    text = pl.col(name).cast(pl.String)
    return text.str.strip_chars_end("0").str.strip_chars_end(".")


def _numbers_needed(envelopes: Envelopes, interchange: Interchange) -> int:
    groups = sum(group.interchange == interchange.number for group in envelopes.groups)
    messages = envelopes.messages.filter(pl.col("interchange") == interchange.number).height
    return max(1, groups, messages)


def _text(one: _Due, told: _Told, numbers: ControlNumbers, at: datetime) -> str | None:
    syntactic = {
        "997": functional_ack_997,
        "999": implementation_ack_999,
        "TA1": interchange_ack_ta1,
        "CONTRL": contrl,
    }
    to = (one.envelopes, one.interchange, told.outcomes)
    if one.kind in syntactic:
        return syntactic[one.kind](*to, numbers, at, one.policy)
    business = {"855": purchase_order_ack_855, "ORDRSP": orders_response}[one.kind]
    return business(*to, told.lines, numbers, at, one.policy)


def _ids(standards: Mapping[int, str]) -> pl.Expr:
    """The line's item numbers with the qualifiers of its drop's standard."""
    by_standard = {
        standard: [drop for drop, its in standards.items() if its == standard]
        for standard in _QUALIFIERS
    }
    expr = pl.lit(None)
    for standard, drops in by_standard.items():
        expr = pl.when(pl.col("_drop").is_in(drops)).then(_qualified(standard)).otherwise(expr)
    return expr


def _qualified(standard: str) -> pl.Expr:
    pairs = [
        pl.struct(pl.lit(code).alias("qualifier"), pl.col(name).alias("value"))
        for name, code in _QUALIFIERS[standard].items()
    ]
    filled = pl.element().struct.field("value").is_not_null()
    return pl.concat_list(pairs).list.eval(pl.element().filter(filled))
