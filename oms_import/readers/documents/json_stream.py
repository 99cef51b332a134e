"""JSON text as a stream of values, from a file of any size: one value in memory at a time.

Numbers keep the text they have in the file, so that 10.10 stays 10.10 and long ids lose no digit.
"""

from __future__ import annotations

import codecs
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

from oms_import.model.codes import Code
from oms_import.model.errors import DropRejectedError
from oms_import.model.finding import Finding, Location
from oms_import.readers.documents.tree import Node

BLOCK = 1 << 20
_BLANKS = " \t\r\n"
_WRITTEN_OUT = 30  # digits of a number with an exponent


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object of texts; a key that comes again keeps every value it had."""
    result = dict(pairs)
    if len(result) != len(pairs):
        result = {}
        for key, value in pairs:
            put(result, key, value)
    for key, value in result.items():
        if value is True or value is False or value.__class__ is list:
            result[key] = _plain(value)
    return result


def put(result: dict[str, Any], key: str, value: Any) -> None:
    """A member of an object; a key that comes again keeps every value it had."""
    if key not in result:
        result[key] = value
        return
    known = result[key]
    result[key] = [*(known if isinstance(known, list) else [known]), value]


def number_text(text: str) -> str:
    """A number's own text; exponents, which are no decimals, are written out where they are few."""
    if "e" not in text and "E" not in text:
        return text
    number = Decimal(text)
    return format(number, "f") if abs(number.adjusted()) <= _WRITTEN_OUT else text


_DECODER = json.JSONDecoder(
    parse_float=number_text, parse_int=str, parse_constant=str, object_pairs_hook=_object
)


class JsonStream:
    """A place in a JSON text that only goes forward."""

    def __init__(self, path: Path, encoding: str, limit: int, block: int = 0) -> None:
        """Begin.

        Args:
            path: the file.
            encoding: of its text, without byte order mark.
            limit: characters that one value may take.
            block: bytes to read at once, at least; 0: BLOCK.
        """
        self._block = block or BLOCK
        self._file = path.open("rb")
        self._decoder = codecs.getincrementaldecoder(encoding)("strict")
        self._limit = limit
        self._text = ""
        self._at = 0
        self._ended = False
        self._marked: int | None = None  # a place to go back to
        self._counted = 0  # position up to which lines were counted
        self._line = 1

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    @property
    def line(self) -> int:
        """The line of the place, from 1."""
        self._line += self._text.count("\n", self._counted, self._at)
        self._counted = self._at
        return self._line

    def mark(self) -> None:
        """Remember the place; for a while: a value of many lines lets go of it."""
        self.peek()
        self._marked = self._at

    def back(self) -> bool:
        """Go back to the marked place, if it is still there."""
        if self._marked is None:
            return False
        self._line -= self._text.count("\n", self._marked, self._counted)
        self._at = self._counted = self._marked
        return True

    def peek(self) -> str:
        """The next character that is no blank; empty at the end."""
        while True:
            text, at = self._text, self._at
            while at < len(text) and text[at] in _BLANKS:
                at += 1
            self._at = at
            if at < len(text):
                return text[at]
            if not self._fill():
                return ""

    def take(self, wanted: str) -> None:
        """Go past the next character, which is one of those wanted.

        Raises:
            DropRejectedError: DOC_BROKEN, DOC_TRUNCATED.
        """
        char = self.peek()
        if not char or char not in wanted:
            raise self.broken(f"{' or '.join(wanted)} expected")
        self._at += 1

    def key(self) -> str:
        """An object's key and the colon behind it.

        Raises:
            DropRejectedError: DOC_BROKEN, DOC_TRUNCATED.
        """
        if self.peek() != '"':
            raise self.broken('a key in "quotes" expected')
        while True:
            try:
                name, end = _DECODER.raw_decode(self._text, self._at)
                break
            except json.JSONDecodeError as error:
                if not self._fill():
                    raise self.broken(error.msg) from None
        self._at = end
        self.take(":")
        return str(name)

    def value(self) -> Node:
        """The value that begins here.

        Raises:
            DropRejectedError: DOC_BROKEN, DOC_TRUNCATED, JSON_LIMIT.
        """
        char = self.peek()
        while True:
            try:
                found, end = _DECODER.raw_decode(self._text, self._at)
            except json.JSONDecodeError as error:
                place = error.pos - self._at  # reading on moves the text
                if self._fill():
                    continue
                raise self.broken(error.msg, self._at + place) from None
            except RecursionError:
                raise self._too("deep: its objects stand too far inside each other") from None
            if end == len(self._text) and char not in '{["' and self._fill():
                continue  # a number may go on behind the block
            if end - self._at > self._limit:
                raise self._too_large()
            self._at = end
            return _plain(found)

    def rest(self) -> str:
        """The text from here on, as far as it was read."""
        return self._text[self._at :]

    def skip(self, count: int) -> None:
        """Go past so many characters of it."""
        self._at += count

    def more(self) -> bool:
        """Read on; whether there was more.

        Raises:
            DropRejectedError: ENC_INVALID, JSON_LIMIT.
        """
        return self._fill()

    def skip_line(self) -> str:
        """Go to the next line; gives the rest of this one, or its beginning where it is long."""
        while True:
            end = self._text.find("\n", self._at)
            if end >= 0:
                break
            if not self._fill():
                end = len(self._text)
                break
        rest = self._text[self._at : min(end, self._at + 10_000)]
        self._at = end
        return rest

    def broken(self, said: str, at: int | None = None) -> DropRejectedError:
        """The text is no JSON at this place, or ends within a value."""
        if at is not None:
            self._at = max(self._at, min(at, len(self._text)))
        ended = self._ended and self._at >= len(self._text.rstrip())
        unclosed = "Unterminated" in said
        code = Code.DOC_TRUNCATED if self._ended and (ended or unclosed) else Code.DOC_BROKEN
        line = self.line
        column = self._at - self._text.rfind("\n", 0, self._at)
        where = Location(line=line)
        detail = f"line {line}, column {column}: {said}"
        return DropRejectedError([Finding(code, detail=detail, location=where)])

    def _too_large(self) -> DropRejectedError:
        return self._too(f"large: a value of more than {self._limit / 1e6:g} MB")

    def _too(self, what: str) -> DropRejectedError:
        where = Location(line=self.line)
        return DropRejectedError([Finding(Code.JSON_LIMIT, detail=f"too {what}", location=where)])

    def _fill(self) -> bool:
        """Read on; whether there was more. A value that goes on asks for twice as much each time.

        Raises:
            DropRejectedError: ENC_INVALID, JSON_LIMIT.
        """
        if self._ended:
            return False
        begin = self._at
        if self._marked is not None and begin - self._marked < BLOCK:
            begin = self._marked
        else:
            self._marked = None
        self._line += self._text.count("\n", self._counted, begin)
        kept = self._text[begin:]
        if len(kept) > self._limit:
            raise self._too_large()
        block = self._file.read(max(self._block, len(kept)))
        try:
            more = self._decoder.decode(block, final=not block)
        except UnicodeDecodeError as error:
            where = Location(line=self._line + kept.count("\n"))
            wrong = error.object[error.start : error.start + 4].hex(" ")
            detail = f"{error.encoding} does not know the bytes {wrong}"
            raise DropRejectedError(
                [Finding(Code.ENC_INVALID, detail=detail, location=where)]
            ) from None
        self._ended = not block
        self._text, self._at = kept + more, self._at - begin
        self._counted = max(0, self._counted - begin)
        self._marked = None if self._marked is None else 0
        return bool(block)


def _plain(value: Any) -> Any:
    """Booleans as the texts they are in the file."""
    if value is True or value is False:
        return "true" if value else "false"
    if isinstance(value, list):
        return [_plain(one) for one in value]
    return value
