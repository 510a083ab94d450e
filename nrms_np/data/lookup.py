"""From ids in a text to their numbers, compiled: MIND-large names 150 million of them, too many for a Python loop.

Tutorial: tutorials/12_real_data.md
"""

from __future__ import annotations

import numpy as np
from numba import njit

from ..ragged import Ragged

SPACE, NEWLINE = ord(" "), ord("\n")
FREE = -1


class Lookup:
    """Finds the number of an id: an open hash table over the UTF-8 bytes of all ids.

    slots  int32 [a power of two, at least twice as many as ids]    the number of an id, or FREE
    text   uint8    all ids one after the other; id n is text[starts[n]:starts[n + 1]]
    """

    def __init__(self, ids: list[str]):
        encoded = [one.encode() for one in ids]
        self.text = np.frombuffer(b"".join(encoded), np.uint8)
        self.starts = np.zeros(len(ids) + 1, np.int64)
        np.cumsum([len(one) for one in encoded], out=self.starts[1:])
        self.slots = np.full(1 << (2 * len(ids)).bit_length(), FREE, np.int32)
        _fill(self.slots, self.text, self.starts)

    def find(self, lines: list[str]) -> Ragged | int:
        """The numbers of the ids of each line, which are separated by spaces. With an unknown id: the first such line.

        ``lines`` hold no newline.
        """
        text = np.frombuffer("".join([f"{line}\n" for line in lines]).encode(), np.uint8)
        numbers = np.empty(len(text) // 2, np.int32)
        lengths = np.zeros(len(lines) + 1, np.int64)
        count, bad_line = _find(text, self.slots, self.text, self.starts, numbers, lengths)
        return int(bad_line) if bad_line >= 0 else Ragged.from_lengths(numbers[:count].copy(), lengths[:-1])


# Hash: FNV-1a, 32 bits. int() because NumPy's small integers would overflow with the JIT off.


@njit(cache=True)
def _hash(text, start, end):
    key = 2166136261
    for p in range(start, end):
        key = ((key ^ int(text[p])) * 16777619) & 0xFFFFFFFF
    return key


@njit(cache=True)
def _fill(slots, ids, starts):
    for n in range(len(starts) - 1):
        slot = _hash(ids, starts[n], starts[n + 1]) & (len(slots) - 1)
        while slots[slot] != FREE:
            slot = (slot + 1) & (len(slots) - 1)
        slots[slot] = n


@njit(cache=True)
def _same(text, start, end, ids, id_start, id_end):
    if end - start != id_end - id_start:
        return False
    for i in range(end - start):
        if text[start + i] != ids[id_start + i]:
            return False
    return True


@njit(cache=True)
def _find(text, slots, ids, starts, numbers, lengths):
    count = line = place = 0
    while place < len(text):
        if text[place] == SPACE or text[place] == NEWLINE:
            line += text[place] == NEWLINE
            place += 1
            continue
        start = place
        while text[place] != SPACE and text[place] != NEWLINE:  # every line has its end
            place += 1
        slot = _hash(text, start, place) & (len(slots) - 1)
        while True:
            n = slots[slot]
            if n == FREE:
                return count, line
            if _same(text, start, place, ids, starts[n], starts[n + 1]):
                break
            slot = (slot + 1) & (len(slots) - 1)
        numbers[count] = n
        count += 1
        lengths[line] += 1
    return count, -1
