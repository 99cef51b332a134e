"""Orders that come in two files: their rows joined, and who waits for whom.

A channel's drops are of two kinds, told apart by their headers: its own (item level), and those of
its companion (order level). Rows of its own get the companion's columns; rows of either that find
no partner are told so (COMPANION_MISSING) and wait in the history for a later run.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import polars as pl

from oms_import.model.codes import Code
from oms_import.model.documents import DOCUMENT
from oms_import.model.errors import DropRejectedError
from oms_import.model.values import Drop
from oms_import.pipeline.channel import Channel, channel, open_drop
from oms_import.pipeline.fitting import document_fits
from oms_import.pipeline.ingest import source_frames
from oms_import.profiles.detect import detect
from oms_import.profiles.load import builtin
from oms_import.profiles.model import Companion, Profile
from oms_import.readers.registry import reader_named, recognise

COMPANION = "COMPANION"
"""The column that says where the companion's values stand; it becomes an attribute."""

_BY = "_by"

Rows = Callable[[Drop, pl.DataFrame], pl.DataFrame]


@dataclass(frozen=True, slots=True)
class Waiting:
    """Orders of earlier runs that wait for their other half."""

    records: Mapping[str, frozenset[int]]  # drop id → records of the orders
    expired: Mapping[str, frozenset[int]]  # those of them that need wait no more

    @classmethod
    def nobody(cls) -> Waiting:
        """Nothing waits."""
        return cls({}, {})


@dataclass(frozen=True, slots=True)
class Pairing:
    """A channel with a companion: what its drops are, and what their rows become."""

    own: Channel
    other: Channel
    others: frozenset[int]  # `_drop` of the companion's drops
    lookup: pl.DataFrame  # _by, the companion's columns by their names here, COMPANION
    keys: pl.Series  # numbers of the orders in the channel's own drops
    waiting: Waiting

    @classmethod
    def of(cls, own: Channel, drops: Sequence[Drop], waiting: Waiting, scratch: Path) -> Pairing:
        """Tell the drops apart and gather what joins them.

        Args:
            own: the channel.
            drops: its drops of this run, and those with orders that wait.
            waiting: which of their orders wait.
            scratch: a folder for the readers.
        """
        other = _other(own)
        own = replace(own, read=replace(own.read, known_columns=_unprefixed(own)))
        kinds = {drop.index: _is_other(own, other, drop, scratch) for drop in drops}
        others = frozenset(index for index, is_other in kinds.items() if is_other)
        rule = own.profile.companion
        lookups = [
            _looked_up(rule, drop, frame)
            for drop in drops
            if drop.index in others
            for frame in _frames(other, drop, scratch)
        ]
        numbers = [
            _mine(waiting, drop, frame).select(_number(frame, rule.by, rule.strip))
            for drop in drops
            if drop.index not in others
            for frame in _frames(own, drop, scratch)
        ]
        lookup = pl.concat(lookups, how="diagonal") if lookups else _nothing(other, rule)
        keys = pl.concat(numbers)[_BY].unique() if numbers else pl.Series(_BY, [], pl.String)
        one_each = lookup.drop_nulls(_BY).unique(_BY, keep="last", maintain_order=True)
        return cls(own, other, others, one_each, keys, waiting)

    def reading(self, drop: Drop) -> Channel:
        """The channel as the drop is to be read: its own way, or its companion's."""
        return self.other if drop.index in self.others else self.own

    def rows(self, drop: Drop, frame: pl.DataFrame) -> pl.DataFrame:
        """A drop's rows as they go on: joined, or told that they wait; see Ingest."""
        if drop.index in self.others:
            return self._left_over(drop, frame)
        return self._joined(drop, frame)

    def _joined(self, drop: Drop, frame: pl.DataFrame) -> pl.DataFrame:
        rule = self.own.profile.companion
        if any(name.startswith(rule.prefix) for name in frame.columns):
            return frame  # a corrected file, which has both halves
        keyed = frame.with_columns(_number(frame, rule.by, rule.strip))
        joined = keyed.join(self.lookup, on=_BY, how="left", maintain_order="left")
        alone = pl.col(COMPANION).is_null()
        if drop.drop_id in self.waiting.records:
            released = pl.col("_record").is_in(_listed(self.waiting.expired, drop))
            joined = joined.filter(~alone | released)
            alone &= ~released
        fresh = (pl.col(_BY) != pl.col(_BY).shift(1)).fill_null(value=True)
        told = alone & fresh & pl.col("_fault").is_null()
        return _ordered(
            joined.with_columns(
                pl.when(told)
                .then(pl.lit(str(Code.COMPANION_MISSING)))
                .otherwise("_fault")
                .alias("_fault"),
                pl.when(told)
                .then(pl.format(f"no file of {rule.profile} has the order {{}}", _BY))
                .otherwise("_fault_value")
                .alias("_fault_value"),
            ).drop(_BY)
        )

    def _left_over(self, drop: Drop, frame: pl.DataFrame) -> pl.DataFrame:
        """The companion's rows whose orders' lines have not come."""
        rule = self.own.profile.companion
        keyed = frame.with_columns(_number(frame, rule.of or rule.by, rule.strip))
        rows = keyed.join(self.keys.to_frame(), on=_BY, how="anti", maintain_order="left")
        if drop.drop_id in self.waiting.records:
            rows = rows.clear()  # they go on waiting
        names = {name: f"{rule.prefix}{name}" for name in _own_columns(frame)}
        named = rows.rename(names).with_columns(pl.col(_BY).alias(rule.by[0]))
        return _ordered(named.drop(_BY))


def _other(own: Channel) -> Channel:
    """The companion's way of reading, under the channel's own profile."""
    rule = own.profile.companion
    theirs = channel(builtin(rule.profile), own.zone, own.limits)
    wanted = {
        name.removeprefix(rule.prefix)
        for name in own.read.known_columns
        if name.startswith(rule.prefix)
    }
    known = theirs.read.known_columns | wanted | set(rule.of or rule.by)
    return replace(own, read=replace(theirs.read, known_columns=known, required_columns=()))


def _unprefixed(own: Channel) -> frozenset[str]:
    prefix = own.profile.companion.prefix
    return frozenset(name for name in own.read.known_columns if not name.startswith(prefix))


def _is_other(own: Channel, other: Channel, drop: Drop, scratch: Path) -> bool:
    """Whether the drop is the companion's; one that is neither's is the channel's own."""
    profiles = _rivals(own.profile)
    try:
        reader = reader_named(recognise(drop.path, drop.name) or own.profile.format.reader)
        if reader.documents:
            fits = document_fits(drop, reader.name, profiles, scratch)
        else:
            fitting = other if reader.name == other.read.format.reader else own
            header = open_drop(fitting, drop, scratch).dialect.columns
            fits = detect(header, drop.name, profiles)
    except DropRejectedError:
        return False
    return bool(fits) and fits[0].name == profiles[1].name


def _rivals(profile: Profile) -> tuple[Profile, Profile]:
    """The channel's profile and its companion's, as detection compares them."""
    other = builtin(profile.companion.profile)
    return profile.model_copy(update={"name": "own", "extends": None}), other


def _frames(reading: Channel, drop: Drop, scratch: Path) -> Iterable[pl.DataFrame]:
    """A drop's rows; none where it cannot be read, which is told when it is imported."""
    try:
        source = open_drop(reading, drop, scratch)
        yield from source_frames(drop, source, reading.limits.batch_rows)
    except DropRejectedError:
        return


def _looked_up(rule: Companion, drop: Drop, frame: pl.DataFrame) -> pl.DataFrame:
    names = _own_columns(frame)
    return frame.select(
        _number(frame, rule.of or rule.by, rule.strip),
        *(pl.col(name).alias(f"{rule.prefix}{name}") for name in names),
        pl.format(f"{_quoted(drop.name)}, record {{}}", "_record").alias(COMPANION),
    )


def _quoted(name: str) -> str:
    return name.replace("{", "(").replace("}", ")")


def _nothing(other: Channel, rule: Companion) -> pl.DataFrame:
    """A lookup without rows, with the columns that the mapping may ask for."""
    names = [f"{rule.prefix}{name}" for name in sorted(other.read.known_columns)]
    return pl.DataFrame(schema=dict.fromkeys([_BY, *names, COMPANION], pl.String))


def _number(frame: pl.DataFrame, columns: Sequence[str], strip: str | None) -> pl.Expr:
    """The order's number as it is compared."""
    present = [pl.col(name) for name in columns if name in frame.columns]
    number = pl.coalesce(present) if present else pl.lit(None, dtype=pl.String)
    trimmed = number.str.strip_chars()
    if strip:
        trimmed = trimmed.str.strip_chars(strip).str.strip_chars()
    return trimmed.alias(_BY)


def _own_columns(frame: pl.DataFrame) -> list[str]:
    return [name for name in frame.columns if not name.startswith("_") and name != DOCUMENT]


def _mine(waiting: Waiting, drop: Drop, frame: pl.DataFrame) -> pl.DataFrame:
    """Of a drop with orders that wait, these orders' rows."""
    if drop.drop_id not in waiting.records:
        return frame
    return frame.filter(pl.col("_record").is_in(_listed(waiting.records, drop)))


def _listed(records: Mapping[str, frozenset[int]], drop: Drop) -> list[int]:
    return sorted(records.get(drop.drop_id, ()))


def _ordered(frame: pl.DataFrame) -> pl.DataFrame:
    """Source columns before the housekeeping."""
    house = [name for name in frame.columns if name.startswith("_")]
    return frame.select(*(name for name in frame.columns if name not in house), *house)
