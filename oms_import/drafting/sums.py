"""What amounts mean, by whether they add up: price of a piece or of a line, charges, taxes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
import polars as pl

from oms_import.drafting.matching import SURE, Candidate, Matches
from oms_import.drafting.words import readings
from oms_import.model.tables import PRICE
from oms_import.normalize.numbers import decimal as parsed

_MOST = 7  # amounts tried together
_FITS = 0.8  # share of orders that must add up
_NEAR = 0.011  # of the currency's unit
_KINDS = ("shipping", "gift_wrap", "fee", "discount", "tax")


@dataclass(frozen=True, slots=True)
class Amount:
    """A charge or tax rule; `sure` ones are written, others only told."""

    kind: str
    column: str
    per_order: str  # first, sum
    scope: str
    negative: bool  # a discount that the source shows as a positive number
    included: bool  # a tax that is in the prices already
    points: int
    why: str
    sure: bool


@dataclass(frozen=True, slots=True)
class Reckoning:
    """What the sums say."""

    price_is_line: bool | None = None  # None: they say nothing
    price_why: str = ""
    amounts: tuple[Amount, ...] = ()
    price_basis: str | None = None
    basis_why: str = ""


@dataclass(frozen=True, slots=True)
class _Try:
    share: float
    weight: float
    line: bool
    mode: str
    used: frozenset[int]


def reckon(frame: pl.DataFrame, matches: Matches, style: str) -> Reckoning:
    """Try what adds up to the orders' totals; without totals only names count.

    Args:
        frame: the sample's rows, one a line.
        matches: columns of order number, quantity, price, total and amounts.
        style: decimal separator: ".", "," or "auto".
    """
    candidates = sorted(
        (one for one in matches.amounts if one.points >= 50), key=lambda one: -one.points
    )[:_MOST]
    names = {
        name: matches.column(f"line.{name}")
        for name in ("qty_ordered", "unit_price", "line_amount")
    }
    total = matches.column("order.stated_total")
    columns = [name for name in (*names.values(), total, *(c.column for c in candidates)) if name]
    if not columns:
        return Reckoning()
    rows = _numbers(frame, matches.column("order.order_number"), columns, style)
    amounts = [one for one in candidates if not _is_rate(rows, one)]
    price_is_line, why = _price_meaning(rows, names, frame.columns)
    tried = _tried(rows, names, total, amounts, price_is_line) if total else None
    if tried is not None and tried.share < _FITS:
        told = tuple(
            _untold(rows, one, sure=False, why="the totals do not add up with it")
            for one in amounts
        )
        return Reckoning(price_is_line, why, told)
    if tried is None:
        known = tuple(_untold(rows, one, sure=one.points >= 75) for one in _best_of_kind(amounts))
        return Reckoning(price_is_line, why, known)
    orders = rows["_key"].n_unique()
    added = f"the totals add up in {round(tried.share * orders)} of {orders} orders"
    if price_is_line is None and _told_apart(rows, names):
        price_is_line, why = tried.line, added
    return Reckoning(price_is_line, why, *_rules(rows, amounts, tried, added))


def _numbers(
    frame: pl.DataFrame, key: str | None, columns: Sequence[str], style: str
) -> pl.DataFrame:
    """The amounts as decimals, and `_key`: the order's number filled down."""
    own = "ambiguous" if style == "auto" else style
    number = pl.int_range(pl.len()).cast(pl.String)
    order = pl.coalesce(pl.col(key).forward_fill(), number) if key else number
    cells = (
        parsed(pl.col(name), PRICE, own, 6).value.alias(name) for name in dict.fromkeys(columns)
    )
    return frame.select(order.alias("_key"), *cells)


def _is_rate(rows: pl.DataFrame, one: Candidate) -> bool:
    """A discount of 0.2 on everything is a rate, not an amount."""
    if one.field != "amount.discount":
        return False
    some = rows[one.column].drop_nulls().cast(pl.Float64)
    above = some.filter(some > 0)
    return len(above) > 0 and bool((above < 1).all())


def _price_meaning(
    rows: pl.DataFrame, names: Mapping[str, str | None], header: Sequence[str]
) -> tuple[bool | None, str]:
    """Whether "price" is the line's amount; None: nothing tells."""
    qty, price, amount = names["qty_ordered"], names["unit_price"], names["line_amount"]
    if not qty or not price:
        return None, ""
    if price == "item-price" and {"order-item-id", "asin"} & set(header):
        return True, "in Amazon's flat files it is the line's"
    several = rows.filter(pl.col(qty) > 1, pl.col(price) > 0)
    if amount:
        return _by_product(several, qty, price, amount)
    return (None, "") if _says_unit(price) else _by_recurrence(rows, several, qty, price)


def _by_product(
    several: pl.DataFrame, qty: str, price: str, amount: str
) -> tuple[bool | None, str]:
    """Quantity times price is the line's amount."""
    whole = pl.col(qty).cast(pl.Float64) * pl.col(price).cast(pl.Float64)
    near = (whole - pl.col(amount).cast(pl.Float64)).abs() <= _NEAR
    share = several.select(near.mean()).item() or 0
    return (False, f'times the quantity it is "{amount}"') if share >= _FITS else (None, "")


def _by_recurrence(
    rows: pl.DataFrame, several: pl.DataFrame, qty: str, price: str
) -> tuple[bool | None, str]:
    """A price that rows of one piece have too: as it is, or divided by the quantity."""
    single = rows.filter(pl.col(qty) == 1, pl.col(price) > 0)[price].cast(pl.Float64)
    each = several.select(
        per=(pl.col(price).cast(pl.Float64) / pl.col(qty).cast(pl.Float64)).round(4),
        whole=pl.col(price).cast(pl.Float64).round(4),
    )
    # Round prices are each other's halves and doubles by chance: 10 and 5.
    each = each.filter((pl.col("per") * 100).round() % 50 != 0)
    if not each.height:
        return None, ""
    seen = single.round(4).unique().implode()
    shares = each.select(pl.col("per").is_in(seen).mean(), pl.col("whole").is_in(seen).mean())
    per, whole = shares.row(0)
    if per >= 0.5 and whole < per / 2:
        return True, "divided by the quantity it is a price that other rows have"
    if whole >= 0.5 and per < whole / 2:
        return False, "the same prices stand beside other quantities"
    return None, ""


def _says_unit(name: str) -> bool:
    """Whether a name says itself that it is the price of a piece."""
    return any(reading & {"unit", "piece", "case"} for reading in readings(name))


def _told_apart(rows: pl.DataFrame, names: Mapping[str, str | None]) -> bool:
    """Whether a quantity above 1 lets sums tell the price of a piece from that of a line."""
    qty = names["qty_ordered"]
    return (
        bool(qty) and bool((rows[qty].drop_nulls().cast(pl.Float64) != 1).any()) if qty else False
    )


def _tried(
    rows: pl.DataFrame,
    names: Mapping[str, str | None],
    total: str,
    amounts: Sequence[Candidate],
    price_is_line: bool | None,
) -> _Try | None:
    """The sum that fits most orders; of equal ones that with the surest names."""
    goods = _goods(rows, names, price_is_line)
    if not goods:
        return None
    wanted = _by_order(rows, total, "first")
    stated = np.isfinite(wanted)
    if not stated.any():
        return None
    parts = {mode: [_signed(rows, one, mode) for one in amounts] for mode in ("first", "sum")}
    live = [i for i in range(len(amounts)) if np.any(parts["sum"][i] != 0)]
    best: _Try | None = None
    for (line, base), mode, chosen in product(
        goods.items(), parts, product((True, False), repeat=len(live))
    ):
        used = frozenset(i for i, take in zip(live, chosen, strict=True) if take)
        found = base + sum((parts[mode][i] for i in used), np.zeros_like(base))
        sound = stated & np.isfinite(found)
        if not sound.any():
            continue
        near = np.abs(found - wanted)[sound] <= _NEAR
        weight = sum(amounts[i].points - 45 for i in used) + (5 if mode == "first" else 0)
        one = _Try(float(near.mean()), weight, line, mode, used)
        if best is None or (round(one.share, 3), one.weight) > (round(best.share, 3), best.weight):
            best = one
    return best


def _goods(
    rows: pl.DataFrame, names: Mapping[str, str | None], price_is_line: bool | None
) -> dict[bool, np.ndarray]:
    """Goods of each order, by whether the price is the line's (True) or a piece's (False)."""
    qty, price, amount = names["qty_ordered"], names["unit_price"], names["line_amount"]
    found: dict[bool, pl.Expr] = {}
    if price and qty and price_is_line is not True:
        found[False] = pl.col(price).cast(pl.Float64) * pl.col(qty).cast(pl.Float64)
    if price and price_is_line is not False:
        found[True] = pl.col(price).cast(pl.Float64)
    if amount and False not in found:
        found = {True: pl.col(amount).cast(pl.Float64)}
    grouped = rows.group_by("_key", maintain_order=True)
    return {line: grouped.agg(_whole(each, qty))["v"].to_numpy() for line, each in found.items()}


def _whole(each: pl.Expr, qty: str | None) -> pl.Expr:
    """The sum of an order's lines; NaN where a line lacks its quantity or its price."""
    broken = (each.is_null() != pl.col(qty).is_null()).any() if qty else pl.lit(value=False)
    return pl.when(broken).then(float("nan")).otherwise(each.sum()).alias("v")


def _by_order(rows: pl.DataFrame, column: str, mode: str) -> np.ndarray:
    cell = pl.col(column).cast(pl.Float64)
    value = cell.drop_nulls().first() if mode == "first" else cell.sum()
    grouped = rows.group_by("_key", maintain_order=True).agg(value.alias("v"))
    return grouped["v"].fill_null(float("nan")).to_numpy()


def _signed(rows: pl.DataFrame, one: Candidate, mode: str) -> np.ndarray:
    values = np.nan_to_num(_by_order(rows, one.column, mode))
    return -np.abs(values) if one.field == "amount.discount" else values


def _rules(
    rows: pl.DataFrame, amounts: Sequence[Candidate], tried: _Try, added: str
) -> tuple[tuple[Amount, ...], str | None, str]:
    found: list[Amount] = []
    taxes = [i for i in tried.used if amounts[i].field == "amount.tax"]
    basis: str | None = "net" if taxes else None
    for i, one in enumerate(amounts):
        zero = not (rows[one.column].fill_null(0) != 0).any()
        if i in tried.used:
            found.append(_amount(rows, one, 96, f"{one.why}; {added}", mode=tried.mode))
        elif zero and one.points < SURE:
            continue  # one of many columns that a platform has for rare cases
        elif zero:
            found.append(_untold(rows, one, sure=False, why="zero in the sample"))
        elif one.field == "amount.tax" and not taxes:
            basis = "gross"
            why = f"{one.why}; {added} without it, so it is in the prices"
            found.append(_amount(rows, one, 90, why, included=True))
        else:
            found.append(_untold(rows, one, sure=False, why="the totals add up without it"))
    return tuple(found), basis, added


def _best_of_kind(amounts: Sequence[Candidate]) -> list[Candidate]:
    """One column of a kind: with several, nothing says which of them count."""
    best: dict[str, Candidate] = {}
    for one in amounts:
        best.setdefault(one.field, one)
    return list(best.values())


def _untold(
    rows: pl.DataFrame, one: Candidate, *, sure: bool, why: str = "no total to compare"
) -> Amount:
    return _amount(rows, one, max(40, one.points - 20), f"{one.why}; {why}", sure=sure)


def _amount(
    rows: pl.DataFrame,
    one: Candidate,
    points: int,
    why: str,
    *,
    sure: bool = True,
    included: bool = False,
    mode: str | None = None,
) -> Amount:
    kind = one.field.removeprefix("amount.")
    filled = rows.filter(pl.col(one.column).is_not_null()).group_by("_key")
    several = filled.agg(pl.col(one.column).n_unique().alias("u"))["u"]
    varies = bool((several > 1).any())
    per = mode if mode == "sum" and _repeats(rows, one.column) else "sum" if varies else "first"
    values = rows[one.column].drop_nulls()
    positive = not bool((values < 0).any())
    of_item = any("item" in reading for reading in readings(one.column))
    scope = "line" if per == "sum" or of_item else "order"
    return Amount(
        kind, one.column, per, scope, kind == "discount" and positive, included, points, why,
        sure and points >= min(SURE, 55),
    )  # fmt: skip


def _repeats(rows: pl.DataFrame, column: str) -> bool:
    """Whether it is filled on several rows of one order."""
    counts = rows.group_by("_key").agg(pl.col(column).count().alias("n"))["n"]
    return bool((counts > 1).any())
