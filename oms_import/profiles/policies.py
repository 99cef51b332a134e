"""Profiles, part four: what is right, when an order was seen before, what is not ours."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from oms_import.profiles.fields import Columns, Strict

SeverityName = Literal["error", "hold", "warning", "info", "off"]


class Limit(Strict):
    """Bounds of a number; outside them LIMIT_EXCEEDED."""

    min: float | None = Field(default=None, description="The least that is allowed.")
    max: float | None = Field(default=None, description="The most that is allowed.")


class RuleSet(Strict):
    """What an order must fulfil. Fields: `orders` by name, `line.x`, `ship_to.x`, `bill_to.x`."""

    required: Columns = Field(
        default=(), description="Fields that must be filled (FIELD_REQUIRED)."
    )
    optional: Columns = Field(
        default=(),
        description="Fields of the standard rules that may be empty here: line.sku, ship_to …",
    )
    allowed: dict[str, Columns] = Field(
        default_factory=dict, description="Field → allowed values (VALUE_NOT_ALLOWED)."
    )
    limits: dict[str, Limit] = Field(
        default_factory=dict, description="Number field → its bounds (LIMIT_EXCEEDED)."
    )
    severity: dict[str, SeverityName] = Field(
        default_factory=dict, description="Reason code → error, hold, warning, info or off."
    )


class Rules(RuleSet):
    """The channel's rules, and by customer segment what differs."""

    total_tolerance: str = Field(
        default="0.01",
        description="Largest difference of stated and computed total still called tolerance.",
    )
    segment: dict[str, RuleSet] = Field(
        default_factory=dict, description="Segment → what differs for its customers."
    )


class NearDuplicates(Strict):
    """Same buyer, same items, same total, other number, within a window."""

    window_hours: float = Field(
        default=24, description="How far apart two orders may lie to be called near."
    )
    action: Literal["hold", "warn", "off"] = Field(
        default="off", description="hold for a person, warn, or off: not looked for."
    )


class Duplicates(Strict):
    """When an order was seen before, and what to do then."""

    key: Columns = Field(
        default=("order_number_norm",),
        description="Fields of orders that identify one, within channel and account.",
    )
    ignore: Columns = Field(
        default=(),
        description="Parts not compared: status, payment, dates, addresses, prices, shipping.",
    )
    revision: Literal["hold", "replace", "ignore"] = Field(
        default="hold",
        description="A known order with other content: hold for a person, replace it, or ignore.",
    )
    near: NearDuplicates = Field(
        default=NearDuplicates(), description="Orders that look like another one's repetition."
    )


class IgnoreRule(Strict):
    """Orders that are not ours to process."""

    field: str = Field(description="A field of orders.")
    equals: Columns = Field(description="Values, one of which it has.")
    code: Literal["IGNORED_BY_RULE", "ORDER_CANCELLED", "ORDER_CLOSED", "FULFILLED_BY_CHANNEL"] = (
        Field(default="IGNORED_BY_RULE", description="The reason that reports give.")
    )
