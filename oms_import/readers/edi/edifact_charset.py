"""What an EDIFACT interchange's text is encoded with: as UNB says, or as its bytes show.

UNB S001 0001 names a repertoire (ISO 9735 part 1, annex A; code list 0001). Partners' systems often
name UNOA or UNOC and write UTF-8 or a code page of Windows.
"""

from __future__ import annotations

import codecs
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from oms_import.readers.edi.edifact_codec import Bytes

_LEVELS = {
    "UNOA": "ascii", "UNOB": "ascii", "UNOC": "iso8859-1", "UNOD": "iso8859-2",
    "UNOE": "iso8859-5", "UNOF": "iso8859-7", "UNOG": "iso8859-3", "UNOH": "iso8859-4",
    "UNOI": "iso8859-6", "UNOJ": "iso8859-8", "UNOK": "iso8859-9", "UNOL": "iso8859-15",
    "UNOW": "utf-8", "UNOX": "utf-8", "UNOY": "utf-8", "KECA": "euc_kr",
}  # fmt: skip

_WINDOWS = {
    "ascii": "cp1252", "utf-8": "cp1252", "iso8859-1": "cp1252", "iso8859-2": "cp1250",
    "iso8859-5": "cp1251", "iso8859-7": "cp1253", "iso8859-8": "cp1255", "iso8859-9": "cp1254",
    "iso8859-6": "cp1256", "iso8859-4": "cp1257",
}  # fmt: skip
"""What Windows writes where the standard's set is meant."""

_FAR = frozenset({"iso8859-5", "iso8859-6", "iso8859-7", "iso8859-8", "euc_kr"})
"""Other scripts than Latin: two of their letters may look like one of UTF-8."""


@dataclass(slots=True)
class Repertoire:
    """Which bytes beyond ASCII an interchange uses."""

    utf8: bool = True  # all of it is valid UTF-8
    used: npt.NDArray[np.bool_] = field(default_factory=lambda: np.zeros(256, np.bool_))

    def add(self, data: Bytes) -> None:
        """Look at some cleaned text, of whole segments."""
        raw = data.tobytes()
        if raw.isascii():
            return
        self.used[data[data > 127]] = True
        try:
            self.utf8 = self.utf8 and bool(raw.decode("utf-8"))
        except UnicodeDecodeError:
            self.utf8 = False

    @property
    def plain(self) -> bool:
        """Whether all of it is ASCII."""
        return not self.used.any()

    def fits(self, encoding: str) -> bool:
        """Whether every byte means a printed character in this encoding (of single bytes)."""
        if encoding == "utf-8":
            return self.utf8
        used = np.flatnonzero(self.used).astype(np.uint8).tobytes()
        try:
            text = used.decode(encoding)
        except UnicodeDecodeError:
            return encoding == "euc_kr"
        return not any("\x80" <= character <= "\x9f" for character in text)


def encoding_of(level: str, seen: Repertoire) -> tuple[str, str | None]:
    """The encoding of an interchange and, where it is not what UNB says, a note for people.

    Parameters:
        level: UNB S001 0001, e.g. UNOC.
    """
    stated = _LEVELS.get(level, "iso8859-1")
    if seen.plain:
        return stated, None
    if stated == "utf-8" and seen.utf8:
        return stated, None
    # Latin text that happens to be valid UTF-8 is UTF-8; of other scripts only if nothing else is.
    if seen.utf8 and not (stated in _FAR and seen.fits(stated)):
        return "utf-8", f"the text is UTF-8, not {_named(level, stated)}"
    if seen.fits(stated):
        return stated, None
    for other in (_WINDOWS.get(stated, "cp1252"), "iso8859-1"):
        if seen.fits(other):
            return other, f"the text is {other}, not {_named(level, stated)}"
    return "latin-1", f"bytes that are not {_named(level, stated)} were read as Latin-1"


def _named(level: str, encoding: str) -> str:
    return f"{encoding} as {level} says" if level in _LEVELS else encoding


def is_ascii_based(encoding: str) -> bool:
    """Whether the delimiters can be found before the text is decoded."""
    plain = bytes(range(128))
    try:
        return codecs.decode(plain, encoding) == plain.decode("ascii")
    except (UnicodeError, ValueError):
        return False
