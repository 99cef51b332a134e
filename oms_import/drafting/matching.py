"""Which column fills which field: by name and by values, each with how sure that is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from oms_import.drafting.fields import FieldNames, field_names
from oms_import.drafting.shapes import Shape

SURE = 70  # percent from which nobody needs to look
TAKEN = 50  # from which a column is taken at all
_SEEN = 36  # from which it is told as a candidate
_SHARED = "party.ship_to."
_ADDRESS = ("line1", "line2", "line3", "house_number", "city", "region", "postal_code", "country")
_NUMBERS = ("po_number", "customer_order_number", "source_order_id")
_BY_VALUES = {
    "order.currency": 76,
    "line.gtin": 72,
    "party.buyer.email": 66,
    "order.ordered_at": 58,
    "party.ship_to.country": 58,
}
"""Fields whose values alone may tell the column, where no name does."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A column for a field; `points` 0 to 99."""

    field: str
    column: str
    points: int
    why: str


@dataclass(frozen=True, slots=True)
class Matches:
    """Field → its column; `others`: further candidates of each field, the best first."""

    chosen: dict[str, Candidate]
    others: dict[str, tuple[Candidate, ...]] = field(default_factory=dict)
    amounts: tuple[Candidate, ...] = ()  # columns of charges and taxes, several of a kind

    def column(self, name: str) -> str | None:
        """The column of a field; None: it has none."""
        found = self.chosen.get(name)
        return found.column if found else None


def match(
    shapes: Mapping[str, Shape],
    fields: Iterable[FieldNames] | None = None,
    told: Mapping[str, str | None] | None = None,
    bonus: Mapping[tuple[str, str], tuple[int, str]] | None = None,
    spoken: Mapping[str, tuple[str, ...]] | None = None,
) -> Matches:
    """Give columns to fields, the surest first; each column fills one field.

    Args:
        shapes: column → what its values look like.
        fields: those to fill; default: all.
        told: field → column (None: none) as a person said.
        bonus: field and column → points more or less, and why.
        spoken: column → what its name says; default: the name itself.
    """
    wanted = tuple(fields or field_names())
    said = dict(told or {})
    found = [
        one for names in wanted for one in _candidates(names, shapes, bonus or {}, spoken or {})
    ]
    amounts = tuple(one for one in found if one.field.startswith("amount."))
    found = [one for one in found if not one.field.startswith("amount.")]
    chosen = {
        name: Candidate(name, column, 99, "as you said")
        for name, column in said.items()
        if column is not None
    }
    order = {names.field: place for place, names in enumerate(wanted)}
    ranked = sorted(found, key=lambda one: (-one.points, order[one.field]))
    taken = {one.column for one in chosen.values()}
    for one in ranked:
        free = one.field not in chosen and one.field not in said and one.column not in taken
        if free and one.points >= TAKEN:
            chosen[one.field] = one
            taken.add(one.column)
    chosen |= _by_values(shapes, chosen, said, wanted)
    chosen |= _fallbacks(wanted, shapes, chosen, said)
    chosen = _one_name(_last_names(chosen, shapes))
    chosen = _order_number(chosen, said, ranked)
    return Matches(chosen, _others(ranked, chosen), _unused(amounts, chosen))


def _candidates(
    names: FieldNames,
    shapes: Mapping[str, Shape],
    bonus: Mapping[tuple[str, str], tuple[int, str]],
    spoken: Mapping[str, tuple[str, ...]],
) -> list[Candidate]:
    found: list[Candidate] = []
    for column, shape in shapes.items():
        more, why = bonus.get((names.field, column), (0, ""))
        points = max(map(names.points, spoken.get(column, (column,)))) + more
        if points >= _SEEN:
            points, looks = _weighed(points, names.shape, shape)
            reasons = ", ".join(filter(None, (f'named "{column}"', looks, why)))
            found.append(Candidate(names.field, column, min(99, points), reasons))
    return [one for one in found if one.points >= _SEEN]


def _weighed(points: int, kind: str, shape: Shape) -> tuple[int, str]:
    """Points by the values, and what they look like."""
    if not shape.filled:
        return round(points * 0.85), "blank in the sample"
    fits = shape.fits(kind)
    if fits >= 0.85:
        return points, _LOOKS.get(kind, "")
    share = f"{fits:.0%} of the values look like it" if kind != "text" else "numbers only"
    if fits >= 0.5:
        return round(points * 0.88), share
    doubtful = kind in {"text", "postal", "phone"} and (kind != "text" or fits >= 0.3)
    return round(points * (0.8 if doubtful else 0.4)), share


_LOOKS = {
    "date": "dates",
    "money": "amounts",
    "number": "numbers",
    "currency": "currency codes",
    "country": "countries",
    "gtin": "GTINs",
    "email": "e-mail addresses",
}


def _by_values(
    shapes: Mapping[str, Shape],
    chosen: Mapping[str, Candidate],
    said: Mapping[str, str | None],
    wanted: Sequence[FieldNames],
) -> dict[str, Candidate]:
    """Fields that only the values tell: one column, and no other, looks like it."""
    taken = {one.column for one in chosen.values()}
    found: dict[str, Candidate] = {}
    for names in wanted:
        points = _BY_VALUES.get(names.field)
        if points is None or names.field in chosen or names.field in said:
            continue
        fitting = [
            name
            for name, shape in shapes.items()
            if shape.filled and shape.share(names.shape) > 0.95 and not shape.share("flag")
        ]
        if len(fitting) == 1 and fitting[0] not in taken:
            why = f"the only column with {_LOOKS[names.shape]}"
            found[names.field] = Candidate(names.field, fitting[0], points, why)
            taken.add(fitting[0])
    return found


def _fallbacks(
    wanted: Sequence[FieldNames],
    shapes: Mapping[str, Shape],
    chosen: Mapping[str, Candidate],
    said: Mapping[str, str | None],
) -> dict[str, Candidate]:
    """Where the goods go, told by the buyer's columns: names, and an address if there is none."""
    addressed = any(f"{_SHARED}{part}" in chosen for part in ("line1", "city", "postal_code"))
    found: dict[str, Candidate] = {}
    for names in wanted:
        missing = names.field not in chosen and names.field not in said
        part = names.field.removeprefix(_SHARED)
        if not names.fallback or not missing or (addressed and part in _ADDRESS):
            continue
        best = max(
            (
                (_weighed(names.points(one, names.fallback), names.shape, shape)[0], one)
                for one, shape in shapes.items()
            ),
            default=(0, ""),
        )
        if best[0] >= 40:
            why = f'named "{best[1]}", and nothing says where it is shipped to'
            found[names.field] = Candidate(names.field, best[1], best[0], why)
    return found


def _last_names(chosen: dict[str, Candidate], shapes: Mapping[str, Shape]) -> dict[str, Candidate]:
    """Beside a first name, a "name" of one word is the last name: Nom, Prénom."""
    kept = dict(chosen)
    for role in ("party.ship_to.", "party.bill_to."):
        whole, last = f"{role}name", f"{role}last_name"
        single = whole in kept and shapes[kept[whole].column].share("spaced") < 0.3
        if single and f"{role}first_name" in kept and last not in kept:
            one = kept.pop(whole)
            kept[last] = Candidate(last, one.column, one.points, f"{one.why}, beside a first name")
    return kept


def _order_number(
    chosen: dict[str, Candidate], said: Mapping[str, str | None], ranked: Sequence[Candidate]
) -> dict[str, Candidate]:
    """Where nothing better is there: the buyer's number, or the likeliest column that is free."""
    name = "order.order_number"
    if name in chosen or name in said:
        return chosen
    buyers = [chosen[f"order.{one}"] for one in _NUMBERS if f"order.{one}" in chosen]
    if buyers:
        best = max(buyers, key=lambda one: one.points)
        kept = {field: one for field, one in chosen.items() if one != best}
        points = min(72, best.points)
    else:
        taken = {one.column for one in chosen.values()}
        free = (one for one in ranked if one.field == name and one.column not in taken)
        best, kept = next(free, None), chosen
        if best is None:
            return chosen
        points = TAKEN
    why = f"{best.why}, the only number of the order"
    return {**kept, name: Candidate(name, best.column, points, why)}


def _one_name(chosen: dict[str, Candidate]) -> dict[str, Candidate]:
    """A party's name is in one column or in two, never both; half a name is none."""
    kept = dict(chosen)
    for role in ("party.ship_to.", "party.bill_to."):
        whole, parts = f"{role}name", (f"{role}first_name", f"{role}last_name")
        pair = [kept[part] for part in parts if part in kept]
        best = min((one.points for one in pair), default=0)
        if whole in kept and (len(pair) < 2 or best <= kept[whole].points):
            drop: tuple[str, ...] = parts
        elif len(pair) == 2:
            drop = (whole,)
        else:
            drop = ()
        for name in drop:
            kept.pop(name, None)
    return kept


def _others(
    ranked: Sequence[Candidate], chosen: Mapping[str, Candidate]
) -> dict[str, tuple[Candidate, ...]]:
    others: dict[str, list[Candidate]] = {}
    for one in ranked:
        if chosen.get(one.field) != one:
            others.setdefault(one.field, []).append(one)
    return {name: tuple(several[:4]) for name, several in others.items()}


def _unused(
    amounts: tuple[Candidate, ...], chosen: Mapping[str, Candidate]
) -> tuple[Candidate, ...]:
    """Amounts of charges and taxes in columns that nothing else fills; of each the best kind."""
    taken = {one.column for one in chosen.values()}
    best: dict[str, Candidate] = {}
    for one in amounts:
        if one.column not in taken and (
            one.column not in best or one.points > best[one.column].points
        ):
            best[one.column] = one
    return tuple(best.values())
