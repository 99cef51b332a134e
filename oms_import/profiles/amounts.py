"""Profiles, part three: charges, taxes, payments and splits of an order or its lines."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from oms_import.profiles.fields import Columns, Rule, Strict


class AmountRule(Strict):
    """What rules of charges and of taxes have in common: an amount, and where it stands."""

    amount: Rule = Field(description="The amount; blank and zero count as none.")
    scope: Literal["order", "line"] = Field(
        default="order", description="Whether the amount is the order's or its line's."
    )
    per_order: Literal["first", "sum", "max"] = Field(
        default="first",
        description="Where it stands on several rows: the first, their sum, or the largest.",
    )
    each: str | None = Field(
        default=None,
        description="Column of a JSON list, as SAC[*]: the rule is applied to each of its objects.",
    )
    when: dict[str, Columns] = Field(
        default_factory=dict,
        description="Only where these columns (of the list's objects) have one of these values.",
    )
    where: dict[str, Columns] = Field(
        default_factory=dict,
        description="As `when`, of the columns of the row itself, also beside `each`.",
    )


class ChargeRule(AmountRule):
    """One charge (or discount) of an order or a line."""

    kind: Literal[
        "shipping",
        "handling",
        "discount",
        "gift_wrap",
        "fee",
        "cod",
        "eco",
        "surcharge",
        "rounding",
    ] = Field(description="What it is for.")
    kind_from: Rule | None = Field(
        default=None, description="Its kind by a code, where that says it; else `kind`."
    )
    sign: Literal["as_is", "negative"] = Field(
        default="as_is", description="negative: the source shows a positive discount."
    )
    name: Rule | None = Field(default=None, description="Its name, as people read it.")
    code: Rule | None = Field(default=None, description="Its code: a coupon, a method.")
    tax_amount: Rule | None = Field(
        default=None, description="The tax on it; shown here, counted only where `tax` names it."
    )
    informational: bool = Field(
        default=False, description="Already inside another amount: shown, never added."
    )


class TaxRule(AmountRule):
    """One tax of an order or a line."""

    kind: str = Field(default="tax", description="What kind of tax: sales, vat, shipping.")
    jurisdiction: Rule | None = Field(default=None, description="Whose tax it is.")
    rate: Rule | None = Field(default=None, description="The rate: 0.19 and 19 % are the same.")
    taxable: Rule | None = Field(default=None, description="The amount that it was taken of.")
    included: bool = Field(
        default=False, description="Already inside the prices: shown, never added."
    )
    collected_by: Literal["seller", "marketplace"] | None = Field(
        default=None, description="Who remits it; default: defaults.tax_collected_by."
    )


class PaymentRule(Strict):
    """A payment of the order: fields of the payments table."""

    method: Rule = Field(description="How it is paid: card, invoice. Never a card number.")
    gateway: Rule | None = Field(default=None, description="Who processes it.")
    reference: Rule | None = Field(default=None, description="Its reference there.")
    amount: Rule | None = Field(default=None, description="How much.")
    status: Rule | None = Field(default=None, description="What became of it, as the source says.")
    paid_at: Rule | None = Field(default=None, description="When it was paid.")
    terms: Rule | None = Field(default=None, description="Terms: net 30.")
    due_date: Rule | None = Field(default=None, description="When it is due.")


class AllocationRule(Strict):
    """How a line is split by store or by date: rows of line_allocations."""

    each: str = Field(description="Column of a JSON list of the line's splits, as PO1[*].SDQ[*].")
    quantity: Rule = Field(description="How many of the line; not added to its quantity.")
    party: Rule | None = Field(default=None, description="The store or place they go to.")
    uom: Rule | None = Field(default=None, description="Unit of measure of the quantity.")
    requested_ship_date: Rule | None = Field(default=None, description="When they are wanted.")
