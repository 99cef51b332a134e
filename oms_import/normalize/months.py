"""Month names of the languages that channels export in."""

from __future__ import annotations

from functools import cache

from oms_import.model.errors import SettingError

_NAMES = {
    "en": "january jan|february feb|march mar|april apr|may|june jun|july jul|august aug"
    "|september sep sept|october oct|november nov|december dec",
    "de": "januar jänner jan jän|februar feb feber|märz mär mrz maerz|april apr|mai|juni jun"
    "|juli jul|august aug|september sep sept|oktober okt|november nov|dezember dez",
    "fr": "janvier janv jan|février févr fév fevrier fevr fev|mars mar|avril avr|mai|juin"
    "|juillet juil|août aout aoû|septembre sept sep|octobre oct|novembre nov"
    "|décembre déc decembre dec",
    "es": "enero ene|febrero feb|marzo mar|abril abr|mayo may|junio jun|julio jul|agosto ago"
    "|septiembre setiembre sept sep set|octubre oct|noviembre nov|diciembre dic",
    "it": "gennaio gen|febbraio feb|marzo mar|aprile apr|maggio mag|giugno giu|luglio lug"
    "|agosto ago|settembre set sett|ottobre ott|novembre nov|dicembre dic",
    "nl": "januari jan|februari feb|maart mrt maa|april apr|mei|juni jun|juli jul|augustus aug"
    "|september sep sept|oktober okt|november nov|december dec",
}

LANGUAGES = tuple(_NAMES)
"""Languages a profile may name in `months`."""


@cache
def month_numbers(language: str | None) -> dict[str, int]:
    """Lower-case month names, short and long → 1..12; all languages together for None.

    No name means two different months, so all languages together are safe.
    """
    tables = [_NAMES[language]] if language in _NAMES else list(_NAMES.values())
    return {
        name: number
        for table in tables
        for number, names in enumerate(table.split("|"), start=1)
        for name in names.split()
    }


def language(months: str | None) -> str | None:
    """The language, if we know it; raises SettingError else. None: all of them."""
    if months is not None and months not in LANGUAGES:
        hint = f"months is one of {', '.join(LANGUAGES)}"
        raise SettingError(f'there are no month names in "{months}"', hint=hint)
    return months
