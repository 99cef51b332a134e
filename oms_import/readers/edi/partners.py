"""Whose interchange it is, and on which terms its orders are taken."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from oms_import.model.codes import Code
from oms_import.model.edi import Interchange
from oms_import.profiles.model import Partner
from oms_import.readers.spec import ReadSpec

PARTNER_TAG = "PARTNER"
"""A row of this tag says whose the message is: e01 account, e02 customer segment."""

ACCOUNT, SEGMENT = "PARTNER01", "PARTNER02"
"""Columns that profiles may map, beside the locators."""


@dataclass(frozen=True, slots=True)
class Terms:
    """How one interchange is taken."""

    strict: bool
    kept_back: tuple[tuple[str, str], ...]  # reason codes with what to say
    account: str | None = None
    segment: str | None = None


def terms_of(interchanges: Sequence[Interchange], spec: ReadSpec) -> dict[int, Terms]:
    """Interchange number → its terms: the partner's, else the channel's."""
    return {one.number: _terms(one, spec) for one in interchanges}


def _terms(interchange: Interchange, spec: ReadSpec) -> Terms:
    form = spec.format
    partner = next((one for one in spec.partners if _matches(one, interchange)), None)
    kept: list[tuple[str, str]] = []
    where = f"interchange {interchange.number}"
    if spec.partners and partner is None:
        said = f"{where}: from {_id(interchange.sender_qualifier, interchange.sender)}"
        said += f" to {_id(interchange.receiver_qualifier, interchange.receiver)}"
        kept.append((str(Code.PARTNER_UNKNOWN), said))
    test = (partner.test if partner else None) or form.test
    if interchange.test and test == "hold":
        kept.append((str(Code.EDI_TEST), f"{where}: marked as a test"))
    if partner is None:
        return Terms(form.strict, tuple(kept))
    strict = form.strict if partner.strict is None else partner.strict
    return Terms(strict, tuple(kept), partner.account, partner.segment)


def _matches(partner: Partner, interchange: Interchange) -> bool:
    given = (
        (partner.sender, interchange.sender_qualifier, interchange.sender),
        (partner.receiver, interchange.receiver_qualifier, interchange.receiver),
    )
    return all(
        wanted is None or wanted.strip() in {identity.strip(), _id(qualifier, identity)}
        for wanted, qualifier, identity in given
    )


def _id(qualifier: str | None, identity: str) -> str:
    """ZZ:ACME, or ACME where there is no qualifier."""
    return f"{qualifier.strip()}:{identity.strip()}" if qualifier else identity.strip()
