"""Locators: how a profile names a place in an EDI message, and what the name means.

    BEG03            element 3 of the order's first BEG; BEG03-1 its first component
    REF[DP]          the value of the first REF whose code is DP (REF02); REF[DP].REF03 another
    N1[ST].N301      N301 in the loop that the first N1*ST opens
    PO1[*].PO102     of every line; PO1[*].VN what stands after the code VN in PO1
    NAD[BY].3039     EDIFACT: by data element; NAD[BY].3036-2 its second time
    SAC[*]           all of them, as JSON text

A locator is a chain of steps, each a tag with conditions, then a leaf: what is read there.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import pairwise
from typing import Literal, TypeAlias

from oms_import.readers.edi.layouts import (
    STANDARDS,
    Coded,
    Layout,
    Loop,
    Place,
    layout_of,
    place_of,
)

Fields: TypeAlias = Mapping[str, Sequence[str]]
"""IDoc: the names of a segment's fields, in the order of e01, e02 …"""

_PART = re.compile(r"([A-Z0-9_/-]+)((?:\[[^\[\]]+\])*)")
_LOCATOR = re.compile(rf"{_PART.pattern}(?:\.{_PART.pattern})*")
_TAG = re.compile(r"[A-Z][A-Z0-9]{1,2}")
_ELEMENT = re.compile(r"([A-Z][A-Z0-9]{1,2}?)(\d\d)(?:(\d\d)|-(\d{1,2}))?")
_DATA_ELEMENT = re.compile(r"(\d{4}|[CS]\d{3}(?:\.\d{4})?)(?:-(\d{1,2}))?")
_COMPOSITE = re.compile(r"[CS]\d{3}")
_CODE = re.compile(r"[A-Z0-9]{2}")
_CONDITION = re.compile(r"([A-Z0-9_-]{2,})=(.+)")

_EXPECTED = {
    "x12": "BEG03, REF[DP].REF02, N1[ST].N301, PO1[*].PO102, PO1[*].VN or SAC[*]",
    "edifact": "BGM.1004, DTM[137], NAD[BY].3039, LIN[*].QTY[21], LIN.PIA[SA] or ALC[*]",
    "tradacoms": "ORD01-1, CLO02, OLD[*].OLD05 or DNB[*]",
    "idoc": "E1EDK01.CURCY, E1EDK02[001].BELNR, E1EDP01[*].MENGE or E1EDP05[*]",
}


@dataclass(frozen=True, slots=True)
class Condition:
    """A code that one of these places must hold."""

    places: tuple[Place, ...]
    code: str


@dataclass(frozen=True, slots=True)
class Step:
    """A segment of this tag that meets the conditions, in the loop of the step before it.

    `skips`: how many loops lie between, as in NAD[BY].COM[TE], where COM is in CTA's loop.
    """

    tag: str
    conditions: tuple[Condition, ...] = ()
    skips: int = 0


@dataclass(frozen=True, slots=True)
class Leaf:
    """What is read from the segment found.

    value: the first of `places`, or the one beside the code that matched; date: the same, and
    `beside` holds its format; repeat: all segments of the last step, as JSON.
    """

    kind: Literal["value", "date", "repeat"]
    places: tuple[Place, ...] = ()
    beside: tuple[Place, ...] = ()


@dataclass(frozen=True, slots=True)
class Locator:
    """A locator understood. `line`: its first step is the line's opener."""

    text: str
    line: bool
    steps: tuple[Step, ...]
    leaf: Leaf


@dataclass(frozen=True, slots=True)
class _Part:
    """A name and its brackets, as written."""

    name: str
    brackets: tuple[str, ...]

    @property
    def star(self) -> bool:
        return "*" in self.brackets

    @property
    def codes(self) -> tuple[str, ...]:
        return tuple(text for text in self.brackets if text != "*")


@lru_cache(maxsize=10_000)
def is_locator(text: str, standard: str | None = None) -> bool:
    """Whether `text` is a locator of this standard (of any, if none is given)."""
    for name in STANDARDS if standard is None else (standard,):
        try:
            parse(text, name)
        except ValueError:
            continue
        return True
    return False


def parse(text: str, standard: str, fields: Fields | None = None) -> Locator:
    """Understand a locator.

    Args:
        text: as the profile wrote it.
        standard: x12, edifact, tradacoms, idoc.
        fields: IDoc: the fields of segments; one that a segment does not have reads as empty.

    Raises:
        ValueError: it is none; the message says what was expected.
    """
    return _Parser(text, layout_of(standard), fields).parse() if fields else _known(text, standard)


@lru_cache(maxsize=10_000)
def _known(text: str, standard: str) -> Locator:
    return _Parser(text, layout_of(standard), {}).parse()


def coded_of(tag: str, layout: Layout, fields: Fields | None = None) -> Coded | None:
    """Where a segment's code and usual value stand, as far as its standard has such."""
    if layout.standard == "idoc":
        return _coded_fields(tag, layout, (fields or {}).get(tag, ()))
    written = layout.values.get(tag)
    if written is None:
        return None
    code, value = written
    return Coded(_written_places(tag, code, layout), _written_places(tag, value, layout))


def _coded_fields(tag: str, layout: Layout, names: Sequence[str]) -> Coded:
    held = [name for name in names if name in layout.qualifiers]
    _, value = layout.values.get(tag, ("-", ""))
    codes = (Place(list(names).index(held[0]) + 1),) if held else ()
    return Coded(codes, (Place(list(names).index(value) + 1),) if value in names else ())


def _written_places(tag: str, text: str, layout: Layout) -> tuple[Place, ...]:
    if text == "-":
        return ()
    if layout.places:
        return layout.places[tag][text]
    return (place_of(text),)


class _Parser:
    """One locator on its way to being understood."""

    def __init__(self, text: str, layout: Layout, fields: Fields) -> None:
        self._text = text
        self._layout = layout
        self._fields = fields
        self._idoc = layout.standard == "idoc"

    def parse(self) -> Locator:
        parts = self._parts()
        last = parts[-1]
        leaf_name = "" if last.brackets or self._is_tag(parts, len(parts) - 1) else last.name
        steps = parts[:-1] if leaf_name else parts
        tag, leaf_place = self._leaf_tag(leaf_name, steps)
        if tag is not None and (not steps or steps[-1].name != tag):
            steps = [*steps, _Part(tag, ())]
        line = steps[0].name in self._layout.lines
        chain = self._steps(steps, line)
        coded = self._layout.codes.get(steps[-1].name)
        if coded is not None and _CODE.fullmatch(leaf_place) and tag is None:
            beside = Condition(coded.codes, leaf_place)
            chain = (*chain[:-1], replace(chain[-1], conditions=(*chain[-1].conditions, beside)))
            return Locator(self._text, line, chain, Leaf("value", coded.values))
        return Locator(self._text, line, chain, self._leaf(steps, leaf_place))

    def _parts(self) -> list[_Part]:
        if not _LOCATOR.fullmatch(self._text):
            raise self._wrong("it is not a chain of segments such as A[x].B[y].C01")
        found = [
            _Part(match[1], tuple(re.findall(r"\[([^\]]+)\]", match[2])))
            for match in _PART.finditer(self._text)
        ]
        if len(found) > 1 and self._layout.places and _COMPOSITE.fullmatch(found[-2].name):
            found[-2:] = [_Part(f"{found[-2].name}.{found[-1].name}", found[-1].brackets)]
        return found

    def _is_tag(self, parts: list[_Part], at: int) -> bool:
        """Whether a name without brackets is a segment; `PO1[*].VN` ends in a code instead."""
        name = parts[at].name
        if self._idoc:
            return at == 0
        coded = at > 0 and parts[at - 1].name in self._layout.codes
        return bool(_TAG.fullmatch(name)) and not (coded and _CODE.fullmatch(name))

    def _leaf_tag(self, name: str, steps: list[_Part]) -> tuple[str | None, str]:
        """The tag that an element names itself (BEG03), and the element without it."""
        by_number = self._idoc or (self._layout.places and _DATA_ELEMENT.fullmatch(name))
        match = None if by_number else _ELEMENT.fullmatch(name)
        if match is None:
            if name and not steps:
                raise self._wrong("no segment is named")
            return None, name
        component = match[3] or match[4]
        return match[1], match[2] + (f"-{int(component)}" if component else "")

    def _steps(self, parts: list[_Part], line: bool) -> tuple[Step, ...]:
        for number, part in enumerate(parts[:-1]):
            if part.star and not (line and number == 0):
                raise self._wrong(f"{part.name} is neither a line's opener nor last: no [*] there")
        skips = self._skips([part.name for part in parts], line)
        steps = [
            Step(part.name, self._conditions(part), skipped)
            for part, skipped in zip(parts, skips, strict=True)
        ]
        if line and parts[0].codes:
            opener = parts[0].name
            raise self._wrong(f"{opener} opens a line and takes [*] alone; write {opener}[*]")
        if line and len(parts) > 1 and parts[1].name == parts[0].name:
            steps[:2] = [Step(parts[0].name, steps[1].conditions)]  # LIN[*].LIN[EN]
        return tuple(steps)

    def _skips(self, tags: list[str], line: bool) -> list[int]:
        """For each step, the loops between it and the step before; a line owns everything."""
        skips = [0]
        loop = self._layout.line if line else self._layout.header.owns.get(tags[0], Loop({}))
        for number, (before, tag) in enumerate(pairwise(tags)):
            depth = 0 if line and number == 0 else loop.depth(tag)
            custom = self._idoc and not tag.startswith("E1")
            if depth is None and not custom:
                raise self._wrong(self._not_owned(before, loop, tag))
            skips.append(depth or 0)
            loop = loop.within(tag, depth) if depth is not None else Loop({})
        return skips

    def _not_owned(self, opener: str, loop: Loop, tag: str) -> str:
        if not loop.owns:
            return f"{opener} opens no loop, so no {tag} is in it"
        return f"the loop of {opener} has no {tag}; it has {', '.join(loop.owns)}"

    def _conditions(self, part: _Part) -> tuple[Condition, ...]:
        return tuple(self._condition(part.name, text) for text in part.codes)

    def _condition(self, tag: str, text: str) -> Condition:
        explicit = _CONDITION.fullmatch(text)
        if explicit:
            return Condition(self._places(tag, explicit[1]), explicit[2])
        coded = coded_of(tag, self._layout, self._fields)
        if coded is not None and coded.codes:
            return Condition(coded.codes, text)
        if self._idoc:
            return Condition((), text)
        return Condition((Place(1, 1),), text)

    def _leaf(self, steps: list[_Part], name: str) -> Leaf:
        last = steps[-1]
        if last.star and (name or len(steps) > 1 or last.name not in self._layout.lines):
            return self._starred(steps, name)
        if not name:
            return self._usual(last)
        return Leaf("value", self._places(last.name, name))

    def _starred(self, steps: list[_Part], name: str) -> Leaf:
        """`SAC[*]` is all of them; `PO1[*].PO102` is of each line."""
        if not name:
            return Leaf("repeat")
        if len(steps) == 1 and steps[0].name in self._layout.lines:
            return self._leaf([_Part(steps[0].name, ())], name)
        raise self._wrong("a segment with [*] gives all its elements; leave out what follows it")

    def _usual(self, part: _Part) -> Leaf:
        """The element that is meant when none is named."""
        coded = coded_of(part.name, self._layout, self._fields)
        if coded is None or not coded.values:
            if self._idoc:
                if part.name in self._layout.values:
                    return Leaf("value")
                raise self._wrong(f"say which field of {part.name} is meant")
            raise self._wrong(f"say which element of {part.name} is meant, as in {part.name}01")
        if part.name == "DTM" and self._layout.standard in {"x12", "edifact"}:
            return Leaf("date", coded.values, self._places("DTM", self._date_format()))
        return Leaf("value", coded.values)

    def _date_format(self) -> str:
        """Where a DTM says how its date is written: DTM05, 2379."""
        return "2379" if self._layout.places else "05"

    def _places(self, tag: str, name: str) -> tuple[Place, ...]:
        """The places of an element that is named `03`, `03-1`, `3036-2`, `C082` or `BELNR`."""
        if self._idoc:
            names = list(self._fields.get(tag, ()))
            return (Place(names.index(name) + 1),) if name in names else ()
        if re.fullmatch(r"\d\d(-\d{1,2})?", name):
            return (place_of(name),)
        match = _DATA_ELEMENT.fullmatch(name) if self._layout.places else None
        if match is None:
            raise self._wrong(f"{name!r} names no element of {tag}")
        shape = self._layout.places.get(tag)
        if shape is None:
            raise self._wrong(f"the elements of {tag} are not known by number; write {tag}01-1")
        if match[1] not in shape:
            known = ", ".join(known for known in shape if "." not in known)
            raise self._wrong(f"{tag} has no {match[1]}; it has {known}")
        return self._time(tag, shape[match[1]], match[2])

    def _time(self, tag: str, places: tuple[Place, ...], time: str | None) -> tuple[Place, ...]:
        """All places where a data element stands, or the one that `-2` asks for."""
        if time is None:
            return places
        if not 1 <= int(time) <= len(places):
            raise self._wrong(f"{tag} has it {len(places)} times at most")
        return (places[int(time) - 1],)

    def _wrong(self, why: str) -> ValueError:
        standard = self._layout.standard
        return ValueError(
            f"{self._text!r} is no {standard} locator: {why}. "
            f"Expected something like {_EXPECTED[standard]}."
        )
