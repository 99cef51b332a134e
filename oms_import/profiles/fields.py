"""Profiles, part one: where one canonical field comes from, and how its text becomes a value."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field


class Strict(BaseModel):
    """A table whose keys are all known; a typing mistake is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def _as_list(value: object) -> object:
    return [value] if isinstance(value, str) else value


Columns = Annotated[tuple[str, ...], BeforeValidator(_as_list)]
Transform = Literal[
    "text", "code", "number", "money", "integer", "date", "flag", "country", "currency", "json"
]


class FieldRule(Strict):
    """Where one canonical field comes from. The steps run in the order in which they stand here."""

    from_: Columns = Field(
        default=(),
        alias="from",
        description="Source columns; the first that is present and not blank wins.",
    )
    concat: Columns = Field(
        default=(),
        description="Source columns joined by `separator`, blanks left out (instead of from).",
    )
    separator: str = Field(default=" ", description="What stands between the joined columns.")
    const: str | None = Field(default=None, description="A constant, whatever the source says.")
    strip: str | None = Field(
        default=None, description="Characters taken off both ends (beside white space)."
    )
    extract: str | None = Field(
        default=None, description="Regular expression; its first group becomes the value."
    )
    split: str | None = Field(
        default=None, description="Delimiter to split at; `index` says which piece."
    )
    index: int = Field(default=0, description="Which piece; 0 is the first, -1 the last.")
    map: dict[str, str] | None = Field(
        default=None, description="Table of source value → our value; case is ignored."
    )
    other: str = Field(
        default="error",
        description='What a value outside the map becomes: error, keep, blank, or "=value".',
    )
    default: str | None = Field(default=None, description="Value when the source is blank.")
    as_: Transform | None = Field(
        default=None,
        alias="as",
        description="How the text becomes a value; default: by the field's type.",
    )
    formats: Columns = Field(
        default=(),
        description="Date formats (strptime); default: the common shapes, N/N/N by date_order.",
    )
    months: str | None = Field(
        default=None, description="Language of month names in dates: en, de, fr, es, it, nl."
    )
    zone: str | None = Field(
        default=None, description="IANA zone of times without an offset, for this field."
    )
    decimal: Literal[".", ",", "auto", "either", "plain"] | None = Field(
        default=None, description="Decimal separator, where it is not that of defaults."
    )
    round: int | None = Field(
        default=None,
        ge=0,
        le=6,
        description="Round half up to so many decimals; else excess digits are refused.",
    )
    scale: int = Field(
        default=0,
        ge=0,
        le=6,
        description="Implied decimals of a number: with 2, the source's 2000 is 20.00, and a rate "
        "of 25 is 25 %.",
    )
    scale_from: str | None = Field(
        default=None,
        description="Column that holds the number of implied decimals (fractionDigits: 2).",
    )
    divisor_from: str | None = Field(
        default=None,
        description="Column that holds what to divide by, a power of ten (divisor: 100).",
    )

    per_from: str | None = Field(
        default=None,
        description="Column that holds how many units the price is for: 100, or a code of `per`.",
    )
    per: dict[str, int] = Field(
        default_factory=dict, description="Code of `per_from` → units the price is for: HP = 100."
    )

    @property
    def columns(self) -> tuple[str, ...]:
        """Every source column that the rule names."""
        scales = (self.scale_from, self.divisor_from, self.per_from)
        return (*self.from_, *self.concat, *(name for name in scales if name is not None))


def _as_rule(value: object) -> object:
    return {"from": value} if isinstance(value, str | list | tuple) else value


Rule = Annotated[FieldRule, BeforeValidator(_as_rule)]
FieldMap = dict[str, Rule]
