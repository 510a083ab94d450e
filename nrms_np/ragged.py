"""Ragged: a list of lists of integers in two flat arrays. It replaces padding, and with it every mask.

Tutorial: tutorials/01_news_as_numbers.md
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numba import njit


@dataclass(frozen=True, eq=False)
class Ragged:
    """List i is ``values[offsets[i]:offsets[i + 1]]``.

    ``values`` holds indices into the level below (a title holds word numbers, a history holds title numbers).
    Lists may be empty and may repeat an index.
    """

    values: np.ndarray  # int32 [total]
    offsets: np.ndarray  # int64 [lists + 1], offsets[0] = 0

    @classmethod
    def from_lists(cls, lists: Iterable[Sequence[int]]) -> Ragged:
        lists = list(lists)
        lengths = np.array([len(one) for one in lists], dtype=np.int64)
        values = [np.asarray(one, dtype=np.int32) for one in lists if len(one)]
        return cls.from_lengths(np.concatenate(values) if values else np.empty(0, np.int32), lengths)

    @classmethod
    def from_lengths(cls, values: np.ndarray, lengths: np.ndarray) -> Ragged:
        offsets = np.zeros(len(lengths) + 1, dtype=np.int64)
        np.cumsum(lengths, out=offsets[1:])
        return cls(values, offsets)

    @classmethod
    def concatenate(cls, parts: Sequence[Ragged]) -> Ragged:
        """The lists of all parts, one part after the other."""
        lengths = np.concatenate([one.lengths for one in parts])
        return cls.from_lengths(np.concatenate([one.values for one in parts]), lengths)

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def __getitem__(self, i: int) -> np.ndarray:
        return self.values[self.offsets[i] : self.offsets[i + 1]]

    def __repr__(self) -> str:
        shown = ", ".join(str(self[i].tolist()) for i in range(min(3, len(self))))
        more = ", ..." if len(self) > 3 else ""
        return f"Ragged({len(self)} lists, {len(self.values)} values: [{shown}{more}])"

    @property
    def lengths(self) -> np.ndarray:
        return np.diff(self.offsets)

    def list_of_position(self) -> np.ndarray:
        """For each position of ``values``, the number of the list that it belongs to. int64 [total]."""
        return np.repeat(np.arange(len(self)), self.lengths)

    def take(self, which: np.ndarray) -> Ragged:
        """The lists numbered ``which``, in that order."""
        which = np.asarray(which)
        starts = self.offsets[which]
        return self._slices(starts, self.offsets[which + 1] - starts)

    def first(self, n: int) -> Ragged:
        """At most the first ``n`` values of each list (titles are cut at their end)."""
        return self._slices(self.offsets[:-1], np.minimum(self.lengths, n))

    def last(self, n: int) -> Ragged:
        """At most the last ``n`` values of each list (histories are in time order: keep the most recent)."""
        lengths = np.minimum(self.lengths, n)
        return self._slices(self.offsets[1:] - lengths, lengths)

    def _slices(self, starts: np.ndarray, lengths: np.ndarray) -> Ragged:
        out = Ragged.from_lengths(np.empty(lengths.sum(), self.values.dtype), lengths)
        _copy_slices(self.values, starts, out.values, out.offsets)
        return out

    def pieces(self, positions: int) -> list[slice]:
        """Consecutive lists, in pieces of about so many positions: ``offsets[piece]`` are the offsets of a piece.

        A piece holds the lists that begin among its ``positions`` positions, so one long list may be a piece by itself.
        Empty lists at the end are in no piece.
        """
        total = len(self.values)
        cuts = np.unique(np.searchsorted(self.offsets, [*range(0, total, positions), total]))
        return [slice(start, end + 1) for start, end in zip(cuts[:-1], cuts[1:])]

    def transpose(self, size: int) -> Ragged:
        """For each index 0..size-1 of the level below, the positions of ``values`` that hold it, in ascending order.

        A gradient that arrives at positions is summed per index along these lists: each index owns its sum,
        so nothing races and the order of the additions never depends on the number of threads.
        """
        return Ragged(*_transpose(self.values, size))


@njit(cache=True)
def _copy_slices(values, starts, out, offsets):
    for i in range(len(starts)):
        for k in range(offsets[i + 1] - offsets[i]):  # a slice assignment would take seconds to compile
            out[offsets[i] + k] = values[starts[i] + k]


@njit(cache=True)
def _transpose(values, size):  # a counting sort
    offsets = np.zeros(size + 1, dtype=np.int64)
    for value in values:
        offsets[value + 1] += 1
    for i in range(size):
        offsets[i + 1] += offsets[i]
    free = offsets[:-1].copy()
    positions = np.empty(len(values), dtype=np.int32)
    for position, value in enumerate(values):
        positions[free[value]] = position
        free[value] += 1
    return positions, offsets


def number_by_first_use(values: np.ndarray, size: int) -> tuple[np.ndarray, np.ndarray]:
    """Renumber ``values`` (each in 0..size-1) by order of first appearance.

    Returns the different values [n], int32, and for each position its new number [len(values)], int32:
    ``different[numbers] == values``. This is how a batch holds every thing once; it needs no sort.
    """
    return _number_by_first_use(values, size)


@njit(cache=True)
def _number_by_first_use(values, size):
    number_of = np.full(size, -1, dtype=np.int32)
    different = np.empty(min(size, len(values)), dtype=np.int32)
    numbers = np.empty(len(values), dtype=np.int32)
    count = 0
    for position, value in enumerate(values):
        if number_of[value] < 0:
            number_of[value] = count
            different[count] = value
            count += 1
        numbers[position] = number_of[value]
    return different[:count].copy(), numbers


def number_equal_lists(lists: Ragged, most: int) -> tuple[np.ndarray, np.ndarray]:
    """Number lists by order of first appearance, equal ones alike; of each list the last ``most`` values count.

    Returns for each number the first list that has it, int32 [n], and the number of each list, int32 [lists].
    """
    slots = np.full(1 << (2 * len(lists)).bit_length(), -1, dtype=np.int32)
    return _number_equal_lists(lists.values, lists.offsets, most, slots)


@njit(cache=True)
def _number_equal_lists(values, offsets, most, slots):  # an open hash table of numbers; hash: FNV-1a, 32 bits
    first = np.empty(len(offsets) - 1, dtype=np.int32)
    numbers = np.empty(len(offsets) - 1, dtype=np.int32)
    count = 0
    for i in range(len(offsets) - 1):
        end = offsets[i + 1]
        start = max(offsets[i], end - most)
        key = 2166136261
        for p in range(start, end):
            key = ((key ^ int(values[p])) * 16777619) & 0xFFFFFFFF
        slot = key & (len(slots) - 1)
        while slots[slot] >= 0:
            other_end = offsets[first[slots[slot]] + 1]
            other_start = max(offsets[first[slots[slot]]], other_end - most)
            equal = end - start == other_end - other_start
            p = 0
            while equal and p < end - start:
                equal = values[start + p] == values[other_start + p]
                p += 1
            if equal:
                break
            slot = (slot + 1) & (len(slots) - 1)
        if slots[slot] < 0:
            slots[slot] = count
            first[count] = i
            count += 1
        numbers[i] = slots[slot]
    return first[:count].copy(), numbers
