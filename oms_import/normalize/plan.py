"""A profile compiled for the columns that a drop really has: fields ready to compute."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from oms_import.model import tables
from oms_import.normalize.columns import Columns
from oms_import.normalize.fields import Context, Field, field, survey_columns
from oms_import.normalize.lines import line_columns
from oms_import.profiles.model import (
    ChargeRule,
    FieldRule,
    PaymentRule,
    Profile,
    TaxRule,
)

_CHARGE_FIELDS = ("name", "code", "tax_amount")
_TAX_FIELDS = ("jurisdiction", "rate", "taxable")


@dataclass(frozen=True, slots=True)
class Charge:
    """A charge or tax rule whose amount the drop has."""

    number: int
    rule: ChargeRule | TaxRule
    amount: Field
    others: tuple[Field, ...]

    @property
    def fields(self) -> tuple[Field, ...]:
        """Amount first, then what describes it."""
        return (self.amount, *self.others)


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
    rules += [(c.amount, tables.MONEY) for c in (*profile.charge, *profile.tax)]
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
    keys = _line_keys(profile, columns) if in_cells else ()
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
    once = [*order, *(f for _, fs in parties for f in fs), *(f for p in payments for f in p)]
    per_order = [f for c in (*charges, *taxes) if c.rule.scope == "order" for f in c.fields]
    order_columns = _of([*once, *per_order])
    per_line = [f for c in (*charges, *taxes) if c.rule.scope == "line" for f in c.fields]
    line_read = set(_of([*line, *per_line]))
    used = (name for one in (*once, *per_order, *line, *per_line) for name in one.used)
    mapped = {*used, *in_cells, *_key_columns(profile, columns)}
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
        order_columns=order_columns,
        agreed_columns=tuple(c for c in _of(once) if c not in line_read),
        unmapped=tuple(c for c in columns.names if c not in mapped and c not in dropped),
        line_keys=keys,
    )


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
    rules: tuple[ChargeRule, ...] | tuple[TaxRule, ...],
    schema: pl.Schema,
    described: tuple[str, ...],
    order: Context,
    line: Context,
) -> tuple[Charge, ...]:
    found: list[Charge] = []
    for number, rule in enumerate(rules):
        context = order if rule.scope == "order" else line
        amount = field("amount", rule.amount, tables.MONEY, context)
        if amount is None:
            continue
        others = {name: getattr(rule, name) for name in described if getattr(rule, name)}
        found.append(Charge(number, rule, amount, _fields(others, schema, context)))
    return tuple(found)


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


def _line_keys(profile: Profile, columns: Columns) -> tuple[str, ...]:
    rules = [*profile.line.values()]
    rules += [c.amount for c in (*profile.charge, *profile.tax) if c.scope == "line"]
    names = (name for rule in rules for name in (*rule.from_, *rule.concat))
    return tuple(dict.fromkeys(name for name in names if columns.find(name) is None))


def _key_columns(profile: Profile, columns: Columns) -> tuple[str, ...]:
    return columns.present(profile.group.by)


def _of(fields: list[Field]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(column for one in fields for column in one.columns))
