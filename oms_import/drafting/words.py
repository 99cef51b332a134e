"""What a column's name says: its words as concepts, in the languages of words.toml.

`Bestell-Nr.`, `order_no` and `n° de commande` all read {order, number}.
"""

from __future__ import annotations

import re
import tomllib
import unicodedata
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from importlib.resources import files
from itertools import product
from typing import Any

Reading = frozenset[str]
"""The concepts of a name, and its unknown words with "?" before them."""

_MOST_READINGS = 12
_SHORTEST_PART = 3  # letters of a part of a compound
_SHORTEST_TYPO = 6
_TYPO = 0.87
_LETTERS = str.maketrans({"ß": "ss", "ø": "o", "ł": "l", "æ": "ae", "œ": "oe", "đ": "d"})
_HUMP = re.compile(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_BETWEEN = re.compile(r"(?<=[^\W\d])(?=\d)")
_WORD = re.compile(r"[^\W_]+")
_LINKS = ("", "s", "n", "es", "en", "e")


@dataclass(frozen=True, slots=True)
class Lexicon:
    """Words of column names: each with its readings."""

    phrases: tuple[tuple[re.Pattern[str], str], ...]
    words: dict[str, tuple[Reading, ...]]
    stop: frozenset[str]


@cache
def lexicon() -> Lexicon:
    """The words of words.toml."""
    table = table_of_words()
    words: dict[str, tuple[Reading, ...]] = {}
    for concept, spelled in table["words"].items():
        for word in spelled:
            words[word] = (*words.get(word, ()), frozenset((concept,)))
    for word, concepts in table["joined"].items():
        words[word] = (frozenset(concepts.split()),)
    phrases = sorted(
        table["phrases"].items(), key=lambda one: (one[0].isalnum() or " " in one[0], -len(one[0]))
    )
    patterns = tuple((_phrase(phrase), to) for phrase, to in phrases)
    return Lexicon(patterns, words, frozenset(table["stop"]["words"]))


@cache
def table_of_words() -> dict[str, Any]:
    """words.toml as it stands."""
    return tomllib.loads(files("oms_import.drafting").joinpath("words.toml").read_text("utf-8"))


def _phrase(phrase: str) -> re.Pattern[str]:
    if not phrase[0].isalnum() or not phrase[-1].isalnum():
        return re.compile(re.escape(phrase))
    return re.compile(rf"\b{re.escape(phrase)}\b")


def plain(name: str) -> str:
    """A name in small letters without accents, its words apart: `order no`."""
    text = _BETWEEN.sub(" ", _HUMP.sub(" ", name))
    text = re.sub(r"\bn\s?[°º]|\bn\.(?=\s)", " number ", text.lower()).translate(_LETTERS)
    text = unicodedata.normalize("NFKD", text)
    text = "".join(char for char in text if not unicodedata.combining(char))
    text = re.sub(r"[_\-./:()\[\],;|\\'\u2019\"]+", " ", text)
    return " ".join(text.split())


@cache
def readings(name: str) -> tuple[Reading, ...]:
    """Every way to read a name: one set of concepts each; none: it has no word."""
    known = lexicon()
    text = plain(name)
    for pattern, to in known.phrases:
        text = pattern.sub(to, text)
    words = [word for word in _WORD.findall(text) if word not in known.stop]
    if not words:
        words = _WORD.findall(text)
    meanings = [_meanings(word) for word in words]
    found = (frozenset[str]().union(*choice) for choice in product(*meanings))
    return tuple(dict.fromkeys(found))[:_MOST_READINGS] if words else ()


def known_share(name: str) -> float:
    """The share of a name's words that the lexicon knows, 0 to 1."""
    return max(
        (
            sum(not one.startswith("?") for one in reading) / len(reading)
            for reading in readings(name)
        ),
        default=0.0,
    )


@cache
def _meanings(word: str) -> tuple[Reading, ...]:
    """The concepts of a word: known, made up of known ones, a plural or misspelt; else itself."""
    known = lexicon()
    if word in known.words:
        return known.words[word]
    parts = _compound(word, known)
    if parts is not None:
        choices = product(*(known.words[part] for part in parts))
        return tuple(frozenset[str]().union(*choice) for choice in choices)
    if word.endswith("s") and word[:-1] in known.words:
        return known.words[word[:-1]]
    if len(word) >= _SHORTEST_TYPO:
        near = get_close_matches(word, known.words, 1, _TYPO)
        if near:
            return known.words[near[0]]
    return (frozenset((f"?{word}",)),)


def _compound(word: str, known: Lexicon) -> tuple[str, ...] | None:
    """The fewest known words that make up a compound; None: they do not."""
    best: dict[int, tuple[str, ...]] = {0: ()}
    for end in range(_SHORTEST_PART - 1, len(word) + 1):
        for begin, parts in list(best.items()):
            piece = word[begin:end]
            short = end == len(word) and piece in {"nr", "no", "id"}
            if len(piece) < _SHORTEST_PART and not short:
                continue
            for link in _LINKS:
                bare = piece.removesuffix(link) if link and end < len(word) else piece
                if bare in known.words and (not link or end < len(word)):
                    longer = (*parts, bare)
                    if end not in best or len(longer) < len(best[end]):
                        best[end] = longer
    return best.get(len(word)) if len(word) > _SHORTEST_PART else None
