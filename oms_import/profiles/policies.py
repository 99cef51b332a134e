"""Profiles, part four: what is right, when an order was seen before, what is not ours."""

from __future__ import annotations

from math import isinf
from typing import Literal

from pydantic import Field, model_serializer

from oms_import.profiles.fields import Columns, Strict

SeverityName = Literal["error", "hold", "warning", "info", "off"]


class Limit(Strict):
    """Bounds of a number; outside them LIMIT_EXCEEDED."""

    min: float | None = Field(
        default=None, description="The least that is allowed; -inf lifts an included bound."
    )
    max: float | None = Field(
        default=None, description="The most that is allowed; inf lifts an included bound."
    )

    @model_serializer(mode="plain", when_used="json")
    def _as_json(self) -> dict[str, float]:
        """JSON has no infinity: no bound is what it means."""
        bounds = {"min": self.min, "max": self.max}
        return {key: one for key, one in bounds.items() if one is not None and not isinf(one)}


class RuleSet(Strict):
    """What an order must fulfil. Fields: `orders` by name, `line.x`, `ship_to.x`, `bill_to.x`."""

    include: Columns = Field(
        default=(),
        description="Policies that apply first, in this order: policies/NAME.toml, or built in.",
    )
    required: Columns = Field(
        default=(),
        description='Fields that must be filled (FIELD_REQUIRED); "a | b": one of them.',
    )
    optional: Columns = Field(
        default=(),
        description="Fields of the standard rules that may be empty here: line.sku, ship_to …",
    )
    allowed: dict[str, Columns] = Field(
        default_factory=dict,
        description="Field → allowed values (VALUE_NOT_ALLOWED); an empty list: any.",
    )
    limits: dict[str, Limit] = Field(
        default_factory=dict, description="Number field → its bounds (LIMIT_EXCEEDED)."
    )
    severity: dict[str, SeverityName] = Field(
        default_factory=dict, description="Reason code → error, hold, warning, info or off."
    )


def alternatives(name: str) -> tuple[str, ...]:
    """The fields that a required name stands for: `a | b` asks for one of them."""
    return tuple(part.strip() for part in name.split("|"))


class Rules(RuleSet):
    """The channel's rules, and by customer segment what differs."""

    total_tolerance: str = Field(
        default="0.01",
        description="Largest difference of stated and computed total still called tolerance.",
    )
    segment: dict[str, RuleSet] = Field(
        default_factory=dict, description="Segment → what differs for its customers."
    )


class PolicyFile(Rules):
    """A policy: rules in a file of their own, for profiles and other policies to include."""

    title: str = Field(default="", description="What people call it.")


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
