"""A profile compiled for the columns that a drop really has: fields ready to compute."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import polars as pl

from oms_import.model import tables
from oms_import.normalize.columns import Columns
from oms_import.normalize.fields import Context, Field, field, survey_columns
from oms_import.normalize.lines import line_columns
from oms_import.profiles.model import (
    AllocationRule,
    ChargeRule,
    FieldRule,
    PaymentRule,
    Profile,
    TaxRule,
)

_CHARGE_FIELDS = ("kind_from", "name", "code", "tax_amount")
_TAX_FIELDS = ("jurisdiction", "rate", "taxable")
_CONTROL = pl.Schema(dict.fromkeys(("lines", "quantity", "goods"), tables.MONEY))


@dataclass(frozen=True, slots=True)
class Charge:
    """A charge or tax rule whose amount the drop has."""

    number: int
    rule: ChargeRule | TaxRule
    amount: Field
    others: tuple[Field, ...]
    listed: Listed | None = None  # the objects that it reads; None: it reads columns
    when: tuple[tuple[str, tuple[str, ...]], ...] = ()  # columns or keys → values to look for
    where: tuple[tuple[str, tuple[str, ...]], ...] = ()  # likewise, columns of the row itself

    @property
    def fields(self) -> tuple[Field, ...]:
        """Amount first, then what describes it."""
        return (self.amount, *self.others)

    @property
    def columns(self) -> tuple[str, ...]:
        """The source columns it reads."""
        own = tuple(name for name, _ in self.where)
        if self.listed is not None:
            return (self.listed.column, *own)
        return (*_of(list(self.fields)), *(name for name, _ in self.when), *own)


@dataclass(frozen=True, slots=True)
class Listed:
    """Objects of the JSON lists in a column, and the keys that are read of them."""

    column: str
    keys: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Split:
    """An allocation rule whose list the drop has."""

    listed: Listed
    fields: tuple[Field, ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything normalize needs of a profile, for one set of columns."""

    profile: Profile
    columns: Columns
    order: tuple[Field, ...]
    line: tuple[Field, ...]
    parties: tuple[tuple[str, tuple[Field, ...]], ...]
    charges: tuple[Charge, ...]
    taxes: tuple[Charge, ...]
    payments: tuple[tuple[Field, ...], ...]
    allocations: tuple[Split, ...]
    line_parties: tuple[tuple[str, tuple[Field, ...]], ...]
    control: tuple[Field, ...]
    order_columns: tuple[str, ...]  # read once an order
    agreed_columns: tuple[str, ...]  # of those, the ones that should not differ between its rows
    unmapped: tuple[str, ...]
    line_keys: tuple[str, ...]  # keys looked for in lines that stand in cells

    @property
    def has_lines(self) -> bool:
        """Whether the drop has anything a line could be made of."""
        ids = {"sku", "gtin", "channel_item_id", "buyer_item_id", "title", "qty_ordered"}
        return any(f.name in ids and f.columns for f in self.line)


def surveyed(profile: Profile, names: tuple[str, ...]) -> tuple[list[str], list[str]]:
    """Columns whose day/month order and whose decimal separator are decided on the whole column."""
    rules = [(rule, tables.ORDERS[name]) for name, rule in profile.order.items()]
    rules += [(rule, tables.ORDER_LINES[name]) for name, rule in profile.line.items()]
    rules += [(c.amount, tables.MONEY) for c in (*profile.charge, *profile.tax) if not c.each]
    for payment in profile.payment:
        rules += [(rule, dtype) for _, rule, dtype in _parts(payment, tables.PAYMENTS)]
    return survey_columns(rules, profile.defaults, Columns.of(names))


def compile_plan(
    profile: Profile,
    names: tuple[str, ...],
    zone: str | None,
    date_orders: Mapping[str, str],
    decimals: Mapping[str, str],
) -> Plan:
    """Compile a profile against source column names."""
    columns = Columns.of(names)
    in_cells = line_columns(profile.lines, columns)
    keys = _line_keys(profile) if in_cells else ()
    defaults = profile.defaults
    here = Context(columns, defaults, zone, dict(date_orders), dict(decimals))
    with_keys = Context(
        Columns.of((*keys, *columns.names)), defaults, zone, dict(date_orders), dict(decimals)
    )
    order = _fields(profile.order, tables.ORDERS, here)
    line = _fields(profile.line, tables.ORDER_LINES, with_keys)
    parties = tuple(
        (role, _fields(_named(rules), tables.PARTIES, here))
        for role, rules in profile.party.items()
    )
    charges = _charges(profile.charge, tables.ORDER_CHARGES, _CHARGE_FIELDS, here, with_keys)
    taxes = _charges(profile.tax, tables.ORDER_TAXES, _TAX_FIELDS, here, with_keys)
    payments = tuple(_payment(rule, here) for rule in profile.payment)
    allocations = _splits(profile.allocation, here)
    line_parties = tuple(
        (role, _fields(_named(rules), tables.PARTIES, with_keys))
        for role, rules in profile.line_party.items()
    )
    control = _fields(profile.control, _CONTROL, here)
    once = [
        *order,
        *(f for _, fs in parties for f in fs),
        *(f for p in payments for f in p),
        *control,
    ]
    amounts = (*charges, *taxes)
    per_order = [name for c in amounts if c.rule.scope == "order" for name in c.columns]
    per_line = [name for c in amounts if c.rule.scope == "line" for name in c.columns]
    per_line += [one.listed.column for one in allocations]
    of_lines = [*line, *(f for _, fs in line_parties for f in fs)]
    order_columns = tuple(dict.fromkeys((*_of(once), *per_order)))
    line_read = {*_of(of_lines), *per_line}
    used = {name for one in once if not _sorts(one, profile) for name in one.used}
    used |= {name for one in of_lines for name in one.used if name not in keys}
    mapped = {*used, *_amounts_used(amounts, keys), *in_cells, *_key_columns(profile, columns)}
    dropped = set(columns.present(profile.drop_columns))
    return Plan(
        profile=profile,
        columns=columns,
        order=order,
        line=line,
        parties=parties,
        charges=charges,
        taxes=taxes,
        payments=payments,
        allocations=allocations,
        line_parties=line_parties,
        control=control,
        order_columns=order_columns,
        agreed_columns=tuple(c for c in _of(once) if c not in line_read),
        unmapped=tuple(c for c in columns.names if c not in mapped and c not in dropped),
        line_keys=keys,
    )


def _sorts(one: Field, profile: Profile) -> bool:
    """Whether it makes segments of a channel's own words, which billing and service still need."""
    rule = profile.order.get("segment")
    return one.name == "segment" and rule is not None and rule.map is not None


def _fields(
    rules: Mapping[str, FieldRule], schema: pl.Schema, context: Context
) -> tuple[Field, ...]:
    made = (
        field(name, rule, schema.get(name, pl.String()), context) for name, rule in rules.items()
    )
    return tuple(one for one in made if one is not None)


def _named(rules: Mapping[str, FieldRule]) -> dict[str, FieldRule]:
    """first_name and last_name make the name, where no rule gives the name itself."""
    both = [rules[part] for part in ("first_name", "last_name") if part in rules]
    rest = {name: rule for name, rule in rules.items() if name not in {"first_name", "last_name"}}
    if both and "name" not in rest:
        columns = tuple(column for rule in both for column in rule.from_)
        rest["name"] = FieldRule.model_validate({"concat": columns})
    return rest


def _charges(
    rules: Sequence[ChargeRule | TaxRule],
    schema: pl.Schema,
    described: tuple[str, ...],
    order: Context,
    line: Context,
) -> tuple[Charge, ...]:
    found: list[Charge] = []
    for number, rule in enumerate(rules):
        context = order if rule.scope == "order" else line
        others = {name: getattr(rule, name) for name in described if getattr(rule, name)}
        listed, row = None, context
        if rule.each is not None:
            listed = _listed(rule.each, [rule.amount, *others.values()], rule.when, context)
            if listed is None:
                continue
            context = replace(context, columns=Columns.of(listed.keys))
        amount = field("amount", rule.amount, tables.MONEY, context)
        when, where = _tests(rule.when, context), _tests(rule.where, row)
        if amount is None or len(when) + len(where) < len(rule.when) + len(rule.where):
            continue
        fields = _fields(others, schema, context)
        found.append(Charge(number, rule, amount, fields, listed, when, where))
    return tuple(found)


def _tests(
    wanted: Mapping[str, tuple[str, ...]], context: Context
) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Columns that are there, with the values to look for in them."""
    found = ((context.columns.find(name), values) for name, values in wanted.items())
    return tuple((name, values) for name, values in found if name is not None)


def _listed(
    column: str, rules: list[FieldRule], when: Mapping[str, object], context: Context
) -> Listed | None:
    """A column of lists and the keys that rules read of its objects; None: it is not there."""
    name = context.columns.find(column)
    keys = dict.fromkeys(key for rule in rules for key in rule.columns)
    return None if name is None else Listed(name, (*keys, *(k for k in when if k not in keys)))


def _splits(rules: tuple[AllocationRule, ...], context: Context) -> tuple[Split, ...]:
    found: list[Split] = []
    for rule in rules:
        parts = {
            name: part
            for name in AllocationRule.model_fields
            if isinstance(part := getattr(rule, name), FieldRule)
        }
        listed = _listed(rule.each, list(parts.values()), {}, context)
        if listed is not None:
            inner = replace(context, columns=Columns.of(listed.keys))
            found.append(Split(listed, _fields(parts, tables.LINE_ALLOCATIONS, inner)))
    return tuple(found)


def _amounts_used(amounts: tuple[Charge, ...], keys: tuple[str, ...]) -> list[str]:
    """Columns of which nothing is left; of a list's objects the rules read only some keys.

    A line's key (`keys`) says nothing of the row's column of its name.
    """
    plain = [one for one in amounts if one.listed is None]
    used = [
        name
        for one in plain
        for f in one.fields
        for name in f.used
        if one.rule.scope == "order" or name not in keys
    ]
    used += [name for one in plain for name, _ in one.when]
    return [*used, *(name for one in amounts for name, _ in one.where)]


def _payment(rule: PaymentRule, context: Context) -> tuple[Field, ...]:
    made = (
        field(name, part, dtype, context) for name, part, dtype in _parts(rule, tables.PAYMENTS)
    )
    return tuple(one for one in made if one is not None)


def _parts(rule: PaymentRule, schema: pl.Schema) -> list[tuple[str, FieldRule, pl.DataType]]:
    return [
        (name, part, schema[name])
        for name in PaymentRule.model_fields
        if (part := getattr(rule, name)) is not None
    ]


def _line_keys(profile: Profile) -> tuple[str, ...]:
    """What rules of lines read: looked for in the cell of a line first, then in its row."""
    rules = [*profile.line.values()]
    rules += [rule for rules_ in profile.line_party.values() for rule in rules_.values()]
    for charge in (*profile.charge, *profile.tax):
        if charge.scope == "line" and charge.each is None:
            named = (
                getattr(charge, name, None) for name in ("amount", *_CHARGE_FIELDS, *_TAX_FIELDS)
            )
            rules += [rule for rule in named if isinstance(rule, FieldRule)]
    names = (name for rule in rules for name in rule.columns)
    return tuple(dict.fromkeys(names))


def _key_columns(profile: Profile, columns: Columns) -> tuple[str, ...]:
    return columns.present(profile.group.by)


def _of(fields: list[Field]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(column for one in fields for column in one.columns))
