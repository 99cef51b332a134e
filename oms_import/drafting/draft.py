"""A draft: what one sample tells of a profile, with how sure each line is and what is missing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import polars as pl

from oms_import.drafting.fields import field_names
from oms_import.drafting.holders import Holder, holder
from oms_import.drafting.matching import SURE, TAKEN, Candidate, Matches, match
from oms_import.drafting.noise import Noise, without_noise
from oms_import.drafting.sample import Sample
from oms_import.drafting.shapes import Shape, shapes
from oms_import.drafting.spoken import by_place
from oms_import.drafting.sums import Amount, Reckoning, reckon
from oms_import.drafting.words import readings
from oms_import.drafting.written import (
    Setting,
    currency_setting,
    date_formats,
    date_setting,
    decimal_setting,
)

KEY_FIELDS = (
    "order.order_number", "order.ordered_at", "order.currency", "line.sku", "line.gtin",
    "line.channel_item_id", "line.title", "line.qty_ordered", "line.unit_price",
    "line.line_amount", "party.ship_to.name", "party.ship_to.first_name",
    "party.ship_to.last_name", "party.ship_to.company", "party.ship_to.line1",
    "party.ship_to.line2", "party.ship_to.city", "party.ship_to.region",
    "party.ship_to.postal_code", "party.ship_to.country", "party.ship_to.phone",
    "order.stated_total",
)  # fmt: skip
"""What an order cannot do without: written also where it is not sure. The rest must be sure."""

_DATES = ("order.ordered_at", "order.ship_by", "order.deliver_by", "payment.paid_at")
_MONEY = ("line.unit_price", "line.line_amount", "order.stated_total", "order.stated_goods")
_IN_CELLS = {
    ("line.title", "name"): 45, ("line.line_amount", "total"): 22, ("line.sku", "id"): 20,
    ("line.channel_item_id", "id"): 12, ("line.title", "product"): 10,
}  # fmt: skip
_VARIES = 0.2  # share of orders of several rows from which a column speaks of lines
_OF_LINES = 32  # points off for a field of the order in such a column


@dataclass(frozen=True, slots=True)
class Draft:
    """All that is known before it is written as TOML."""

    sample: Sample
    frame: pl.DataFrame  # rows of orders
    shapes: dict[str, Shape]
    noise: Noise
    matches: Matches  # the order's fields, and the lines' where they stand one a row
    lines: Matches | None = None  # fields of lines that stand in columns or cells
    holder: Holder | None = None
    settings: tuple[Setting, ...] = ()
    reckoning: Reckoning = field(default_factory=Reckoning)
    formats: dict[str, tuple[str, ...]] = field(default_factory=dict)
    summary: str | None = None  # column that is blank in rows of order values above their lines
    secrets: tuple[str, ...] = ()

    @property
    def chosen(self) -> dict[str, Candidate]:
        """Field → its column or key, those of lines included."""
        return self.matches.chosen | (self.lines.chosen if self.lines else {})

    @property
    def written(self) -> dict[str, Candidate]:
        """Those that are written as lines of the profile, not as comments."""
        return {name: one for name, one in self.chosen.items() if is_written(one)}

    def missing(self) -> tuple[tuple[str, str], ...]:
        """Fields an order needs and nothing fills, and what to decide."""
        return tuple(_missing(self))

    def left_over(self) -> tuple[str, ...]:
        """Columns that no written line reads: they are kept as attributes."""
        used = {one.column for one in self.written.values()}
        used |= {one.column for one in self.reckoning.amounts if one.sure}
        used |= set(self.holder.columns) if self.holder else set()
        used |= set(self.secrets)
        return tuple(name for name in self.sample.columns if name not in used)

    def unsure(self) -> tuple[str, ...]:
        """Fields whose column somebody should choose: not sure, or with a rival as good."""
        names = (*self.chosen, *(one for one in KEY_FIELDS if one not in self.chosen))
        return tuple(name for name in names if name in KEY_FIELDS and self._doubtful(name))

    def candidates(self, name: str) -> tuple[Candidate, ...]:
        """The columns that may fill a field, the best first."""
        source = self.lines if self.lines and name.startswith("line.") else self.matches
        own = self.chosen.get(name)
        return (*((own,) if own else ()), *source.others.get(name, ()))

    def _doubtful(self, name: str) -> bool:
        several = self.candidates(name)
        if not several:
            return False
        own = self.chosen.get(name)
        free = [
            one for one in several if one.column not in {c.column for c in self.chosen.values()}
        ]
        if own is None:
            return bool(free) and name in {
                "order.order_number",
                "order.ordered_at",
                "line.qty_ordered",
            }
        return own.points < SURE or any(own.points - rival.points < 8 for rival in free)


def is_written(one: Candidate) -> bool:
    """Whether a match becomes a line of the profile."""
    return one.points >= SURE or (one.field in KEY_FIELDS and one.points >= 40)


def draft(
    sample: Sample,
    told: Mapping[str, str | None] | None = None,
    defaults: Mapping[str, str] | None = None,
) -> Draft:
    """Draft a profile from a sample.

    Args:
        sample: columns and rows; see sample.open_sample, or sample.sample_of for rows of others.
        told: field → column (None: none), as a person said.
        defaults: likewise keys of `defaults` → value.
    """
    frame, noise = without_noise(sample)
    looks = shapes(frame, sample.columns)
    found = None if sample.orders else holder(frame, sample.columns, looks)
    said = dict(told or {})
    matches, lines = _matched(sample, frame, looks, found, said)
    known = Draft(sample, frame, looks, noise, matches, lines, found, secrets=_secrets(sample))
    ready = _settled(known, said)
    own = tuple(
        Setting(f"defaults.{name}", text, 99, "as you said")
        for name, text in (defaults or {}).items()
    )
    keys = {one.key for one in own}
    rest = tuple(one for one in ready.settings if one.key not in keys)
    return replace(ready, settings=(*rest, *own))


def _matched(
    sample: Sample,
    frame: pl.DataFrame,
    looks: Mapping[str, Shape],
    found: Holder | None,
    said: Mapping[str, str | None],
) -> tuple[Matches, Matches | None]:
    secret = set(_secrets(sample))
    open_ = {name: shape for name, shape in looks.items() if name not in secret}
    bonus = _structure(frame, open_)
    if sample.orders:
        placed, says = by_place(sample, open_)
        return _with_sku(match(open_, None, said, bonus | placed, says), said), None
    if found is None:
        first = match(open_, None, said, bonus)
        varied = _varying(frame, first.column("order.order_number"))
        again = match(open_, None, said, _with_varying(bonus, varied)) if varied else first
        return _with_sku(again, said), None
    own = {name: shape for name, shape in open_.items() if name not in found.columns}
    order_fields = [one for one in field_names() if not one.field.startswith("line.")]
    line_fields = [one for one in field_names() if one.field.startswith("line.")]
    keys = shapes(found.keys, found.keys.columns)
    more = {
        (name, key): (points, "")
        for (name, word), points in _IN_CELLS.items()
        for key in keys
        if key.casefold() == word
    }
    of_order = {name: one for name, one in said.items() if not name.startswith("line.")}
    of_lines = {name: one for name, one in said.items() if name.startswith("line.")}
    lines = _with_sku(match(keys, line_fields, of_lines, more), of_lines)
    return match(own, order_fields, of_order, bonus), lines


def _structure(
    frame: pl.DataFrame, looks: Mapping[str, Shape]
) -> dict[tuple[str, str], tuple[int, str]]:
    """Points for order numbers by how their values stand: in runs, marked with #, all the same."""
    found: dict[tuple[str, str], tuple[int, str]] = {}
    codes = [name for name, shape in looks.items() if shape.filled and shape.fits("code") > 0.7]
    if not codes or not frame.height:
        return found
    filled = frame.select(pl.col(codes).forward_fill())
    runs = filled.select(pl.all().rle_id().max() + 1).row(0, named=True)
    unique = filled.select(pl.all().n_unique()).row(0, named=True)
    for name in codes:
        points, why = 0, ""
        in_runs = runs[name] == unique[name]
        if unique[name] == 1 and frame.height > 3:
            points, why = -40, "the same on every row"
        elif in_runs and 1 < unique[name] < frame.height:
            points, why = 3, "repeats on neighbouring rows"
        elif unique[name] == frame.height > 1:
            why = "another one on every row"
        if name == frame.columns[0] and _is_po(name) and looks[name].filled == looks[name].rows:
            points, why = points + 42, ", ".join(filter(None, ("the first column", why)))
        if looks[name].share("hash") > 0.8:
            points, why = points + 32, ", ".join(filter(None, ("values like #1001", why)))
        found["order.order_number", name] = (points, why)
    return found


def _varying(frame: pl.DataFrame, key: str | None) -> tuple[str, ...]:
    """Columns with different values on the rows of one order: they speak of lines."""
    if key is None:
        return ()
    others = [name for name in frame.columns if name != key and not name.startswith("_")]
    rows = frame.select(pl.col(key).forward_fill(), *others).filter(pl.col(key).is_not_null())
    orders = rows.group_by(key).agg(
        pl.len().alias("_rows"), *(pl.col(name).drop_nulls().n_unique() for name in others)
    )
    several = orders.filter(pl.col("_rows") > 1)
    if not several.height:
        return ()
    shares = several.select((pl.col(name) > 1).mean() for name in others).row(0, named=True)
    return tuple(name for name, share in shares.items() if share > _VARIES)


def _with_varying(
    bonus: Mapping[tuple[str, str], tuple[int, str]], varied: Sequence[str]
) -> dict[tuple[str, str], tuple[int, str]]:
    """Fewer points for fields of the order in columns that differ on its rows."""
    found = dict(bonus)
    for names in field_names():
        if names.field.startswith(("order.", "party.", "payment.")):
            for column in varied:
                points, why = found.get((names.field, column), (0, ""))
                told = ", ".join(filter(None, (why, "differs on the rows of an order")))
                found[names.field, column] = (points - _OF_LINES, told)
        elif names.field in _MONEY:
            found |= {(names.field, column): (4, "") for column in varied}
    return found


def _is_po(name: str) -> bool:
    """Whether a name speaks of a purchase order: a retailer's number of what it orders of us."""
    return any("po" in reading for reading in readings(name))


def _with_sku(matches: Matches, said: Mapping[str, str | None]) -> Matches:
    """The only item number of a file is its SKU, whatever else it may be called."""
    item = matches.chosen.get("line.channel_item_id")
    if item is None or "line.sku" in matches.chosen or "line.sku" in said:
        return matches
    if any({"asin"} <= reading for reading in readings(item.column)):
        return matches
    chosen = {k: v for k, v in matches.chosen.items() if k != "line.channel_item_id"}
    why = f"{item.why}, the only number of the item"
    chosen["line.sku"] = replace(item, field="line.sku", points=min(item.points, 76), why=why)
    return replace(matches, chosen=chosen)


def _settled(known: Draft, said: Mapping[str, str | None]) -> Draft:
    """Decimal sign, date order, currency, what prices mean, charges."""
    chosen = known.matches.chosen
    money = [chosen[name].column for name in _MONEY if name in chosen]
    numbers = [*money, *(one.column for one in known.matches.amounts if one.points >= TAKEN)]
    decimal = decimal_setting(known.frame, list(dict.fromkeys(numbers)))
    style = decimal.value if decimal else "."
    dates = [chosen[name].column for name in _DATES if name in chosen]
    order = date_setting(known.frame, dates, known.shapes, style)
    currency = None if "order.currency" in chosen else currency_setting(known.frame, money)
    lines_here = known.holder is None
    reckoning = reckon(known.frame, known.matches, style) if lines_here else _named_only(known)
    basis = reckoning.price_basis
    price = Setting("defaults.price_basis", basis or "", 84, reckoning.basis_why)
    settings = (decimal, order, currency, price if basis else None)
    formats = {
        name: found
        for name in _DATES
        if name in chosen
        for found in [
            date_formats(known.frame, chosen[name].column, known.shapes[chosen[name].column])
        ]
        if found
    }
    ready = replace(
        known,
        settings=tuple(one for one in settings if one),
        reckoning=reckoning,
        formats=formats,
        summary=_summary(known) if lines_here else None,
    )
    meant = reckoning.price_is_line and "line.unit_price" not in said
    return _repriced(ready) if meant else ready


def _named_only(known: Draft) -> Reckoning:
    """Charges of orders whose lines stand in cells: by their names alone."""
    matches = replace(
        known.matches,
        chosen={
            name: one for name, one in known.matches.chosen.items() if name != "order.stated_total"
        },
    )
    return reckon(known.frame, matches, "auto")


def _repriced(known: Draft) -> Draft:
    """The price turned out to be that of the line."""
    chosen = dict(known.matches.chosen)
    price = chosen.pop("line.unit_price", None)
    if price is None or "line.line_amount" in chosen:
        return known
    why = f"{price.why}; {known.reckoning.price_why}"
    chosen["line.line_amount"] = replace(price, field="line.line_amount", why=why)
    return replace(known, matches=replace(known.matches, chosen=chosen))


def _summary(known: Draft) -> str | None:
    """The column that is blank where a row holds an order's values above the rows of its lines."""
    key = known.matches.column("order.order_number")
    total = known.matches.column("order.stated_total")
    for name in ("line.sku", "line.title", "line.channel_item_id"):
        item = known.matches.column(name)
        if not key or not total or not item:
            continue
        first = pl.int_range(pl.len()).over(key) == 0
        several = pl.len().over(key) > 1
        blank = pl.col(item).is_null()
        above = first & blank & pl.col(total).is_not_null() & (~blank).any().over(key) & several
        rows = known.frame.filter(pl.col(key).is_not_null()).with_columns(above.alias("_above"))
        if rows["_above"].any():
            return item
    return None


def _secrets(sample: Sample) -> tuple[str, ...]:
    """Columns never kept: card data, account numbers, passwords."""
    return tuple(
        name
        for name in sample.columns
        if any(
            "secret" in reading or ("card" in reading and reading & {"number", "code"})
            for reading in readings(name)
        )
    )


_NEEDED = (
    (("order.order_number",), "which column holds the order's number?"),
    (("order.ordered_at",), "which column holds the date of the order?"),
    (("order.currency", "defaults.currency"), 'the file names no currency: say it, e.g. "EUR"'),
    (("line.sku", "line.gtin", "line.channel_item_id"), "which column holds the item's number?"),
    (("line.qty_ordered",), "which column holds the quantity?"),
    (("line.unit_price", "line.line_amount"), "which column holds the price?"),
    (
        ("party.ship_to.name", "party.ship_to.last_name", "party.ship_to.company"),
        "who is it shipped to?",
    ),
    (("party.ship_to.line1",), "where is it shipped to: which column holds the street?"),
    (("party.ship_to.city",), "where is it shipped to: which column holds the city?"),
    (("party.ship_to.postal_code",), "where is it shipped to: which column holds the postcode?"),
    (("party.ship_to.country", "defaults.country"), 'the file names no country: say it, e.g. "DE"'),
)


def _missing(known: Draft) -> Sequence[tuple[str, str]]:
    has = {*known.written, *(setting.key for setting in known.settings)}
    lacking = ((names, told) for names, told in _NEEDED if not has & set(names))
    return [
        (names[-1] if names[-1].startswith("defaults") else names[0], t) for names, t in lacking
    ]


def name_of(path: Path) -> str:
    """A channel's name made from a file's: letters, digits and hyphens."""
    kept = "".join(char if char.isascii() and char.isalnum() else "-" for char in path.stem)
    parts = [part for part in kept.lower().split("-") if part and not part.isdigit()]
    return "-".join(parts)[:40].strip("-") or "channel"


__all__ = ["Amount", "Draft", "draft", "is_written", "name_of"]
