"""What a reader is told about a channel's files."""

from __future__ import annotations

from dataclasses import dataclass, field

from oms_import.profiles.model import FormatSpec, Partner, RowRules


@dataclass(frozen=True, slots=True)
class ReadSpec:
    """How to read a channel's files, and which columns to expect in them."""

    format: FormatSpec = field(default_factory=FormatSpec.model_construct)
    rows: RowRules = field(default_factory=RowRules.model_construct)
    known_columns: frozenset[str] = frozenset()  # all names and aliases the mapping mentions
    required_columns: tuple[tuple[str, ...], ...] = ()  # of each group one must be present
    key_columns: tuple[str, ...] = ()  # the order's key, for footers that count orders
    partners: tuple[Partner, ...] = ()  # of EDI; none: everyone's interchanges are taken
    never: tuple[str, ...] = ()  # columns never kept: secrets
