"""How many bytes of a kind stand before places, without a list of where these are."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

_WORD = 64


def ranks(mask: npt.NDArray[np.bool_], places: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """How many of `mask` are set before each place; its end is a place too."""
    bits = np.packbits(mask, bitorder="little")
    words = np.zeros(len(mask) // _WORD + 1, "<u8")
    words.view(np.uint8)[: len(bits)] = bits
    counts = np.bitwise_count(words)
    before = np.cumsum(counts, dtype=np.int64) - counts
    word = places // _WORD
    lower = (np.uint64(1) << (places % _WORD).astype(np.uint64)) - np.uint64(1)
    return before[word] + np.bitwise_count(words[word] & lower)
