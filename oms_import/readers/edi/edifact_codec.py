"""The characters an interchange is written with, as tables that read and clean its bytes.

Delimiters become control characters that no text holds, whatever the interchange uses; delimiters
that are released are kept apart from those that are not.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from oms_import.model.edi import COMPONENT, REPETITION, Delimiters

Bytes = npt.NDArray[np.uint8]

TERMINATED, PARTED, JOINED = 0x1C, 0x1D, ord(COMPONENT)
"""What ends a segment, stands between its elements and between their components, once cleaned."""

_REPEATED = ord(REPETITION)
LF, CR, _TAB, _BLANK = 10, 13, 9, 32


@dataclass(frozen=True, slots=True)
class Codec:
    """How one interchange is written, as byte tables of 256 entries."""

    delimiters: Delimiters
    terminator: int
    release: int | None
    tag_end: int | None  # TRADACOMS: "=" ends the tag
    solid: bytes  # control characters that mean nothing become blanks
    controls: tuple[int, ...]  # control characters that mean something
    protected: Bytes  # delimiters → codes for those that are released, and so text
    inward: bytes  # as written, or protected → cleaned
    dropped: bytes  # what is not part of the text: line ends, release characters
    between: npt.NDArray[np.bool_]  # line ends
    gap: npt.NDArray[np.bool_]  # what may stand before a tag: line ends and blanks
    drop: int  # the code of a release character that has done its work


@lru_cache(maxsize=256)
def codec(delimiters: Delimiters, tag_end: str | None = None) -> Codec:
    """The tables of these delimiters, all of them ASCII."""
    written = {
        ord(mark): code
        for mark, code in (
            (delimiters.component, JOINED),
            (delimiters.repetition, _REPEATED),
            (delimiters.release, _BLANK),
            (delimiters.element, PARTED),
            (delimiters.terminator, TERMINATED),
        )
        if mark is not None
    }
    line_ends = [code for code in (LF, CR) if code not in written]
    controls = [*line_ends, _TAB, *(code for code in written if code < _BLANK and code != _TAB)]
    spare = [code for code in range(1, _BLANK) if code not in controls]
    drop, spare = spare[0], spare[1:]
    inward, protected = bytearray(range(256)), np.arange(256, dtype=np.uint8)
    for (mark, code), private in zip(written.items(), spare, strict=False):
        protected[mark], inward[private], inward[mark] = private, mark, code
    blanks = (code for code in (_TAB, _BLANK) if code not in written)
    return Codec(
        delimiters=delimiters,
        terminator=ord(delimiters.terminator),
        release=ord(delimiters.release) if delimiters.release else None,
        tag_end=ord(tag_end) if tag_end else None,
        solid=bytes(_BLANK if c < _BLANK and c not in controls else c for c in range(256)),
        controls=tuple(controls),
        protected=protected,
        inward=bytes(inward),
        dropped=bytes((drop, *line_ends)),
        between=table(bytes(line_ends)),
        gap=table(bytes((*line_ends, *blanks))),
        drop=drop,
    )


def table(characters: bytes) -> npt.NDArray[np.bool_]:
    """Which of the 256 bytes are these."""
    found = np.zeros(256, np.bool_)
    found[list(characters)] = True
    return found
