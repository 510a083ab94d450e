"""Ragged: a list of lists of integers in two flat arrays. It replaces padding, and with it every mask (chapter 01)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np

from .parallel import in_parallel, kernel, row_blocks


@dataclass(frozen=True, eq=False)
class Ragged:
    """List i is ``values[offsets[i]:offsets[i + 1]]``.

    ``values`` holds indices into the level below (a title holds word numbers, a history holds title numbers).
    Lists may be empty and may repeat an index.
    """

    values: np.ndarray  # int32 [total]
    offsets: np.ndarray  # int64 [lists + 1], offsets[0] = 0

    @classmethod
    def from_lists(cls, lists: Iterable[Sequence[int] | np.ndarray]) -> Self:
        parts = [np.empty(0, np.int32), *(np.asarray(values, np.int32) for values in lists)]
        return cls.from_lengths(np.concatenate(parts), np.array([len(part) for part in parts[1:]], np.int64))

    @classmethod
    def from_lengths(cls, values: np.ndarray, lengths: np.ndarray) -> Self:
        offsets = np.zeros(len(lengths) + 1, dtype=np.int64)
        np.cumsum(lengths, out=offsets[1:])
        return cls(values, offsets)

    @classmethod
    def concatenate(cls, parts: Sequence[Self]) -> Self:
        """The lists of all parts, one part after the other."""
        lengths = np.concatenate([part.lengths for part in parts])
        return cls.from_lengths(np.concatenate([part.values for part in parts]), lengths)

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

    def take(self, which: np.ndarray) -> Self:
        """The lists numbered ``which``, in that order."""
        starts = self.offsets[which]
        return self._slices(starts, self.offsets[which + 1] - starts)

    def first(self, n: int) -> Self:
        """At most the first ``n`` values of each list (titles are cut at their end)."""
        return self._slices(self.offsets[:-1], np.minimum(self.lengths, n))

    def last(self, n: int) -> Self:
        """At most the last ``n`` values of each list (histories are in time order: keep the most recent)."""
        lengths = np.minimum(self.lengths, n)
        return self._slices(self.offsets[1:] - lengths, lengths)

    def _slices(self, starts: np.ndarray, lengths: np.ndarray) -> Self:
        out = self.from_lengths(np.empty(lengths.sum(), self.values.dtype), lengths)
        _copy_slices(self.values, starts, out.values, out.offsets)
        return out

    def pieces(self, positions: int) -> list[slice]:
        """Consecutive lists, in pieces of about so many positions: ``offsets[piece]`` are the offsets of a piece.

        One long list may be a piece by itself, and empty lists at the end are in no piece.
        """
        total = len(self.values)
        cuts = np.unique(np.searchsorted(self.offsets, [*range(0, total, positions), total]))
        return [slice(start, end + 1) for start, end in zip(cuts[:-1], cuts[1:])]

    def transpose(self, size: int) -> Self:
        """For each index 0..size-1 of the level below, the positions of ``values`` that hold it, in ascending order.

        A gradient that arrives at positions is summed per index along these lists: each index owns its sum,
        so nothing races and the order of the additions never depends on the number of threads.
        [[0, 1], [1]] with size 2 -> [[0], [1, 2]].
        """
        out = self.from_lengths(np.empty(len(self.values), np.int32), np.bincount(self.values, minlength=size))
        _list_positions(self.values, out.offsets[:-1].copy(), out.values)
        return out


@kernel
def _copy_slices(values, starts, out, offsets):
    for i in range(len(starts)):
        for k in range(offsets[i + 1] - offsets[i]):  # a slice assignment would take seconds to compile
            out[offsets[i] + k] = values[starts[i] + k]


@kernel
def _list_positions(values, free, positions):  # a counting sort; free: where the next position of an index goes
    for position, value in enumerate(values):
        positions[free[value]] = position
        free[value] += 1


@kernel
def number_by_first_use(values: np.ndarray, size: int) -> tuple[np.ndarray, np.ndarray]:
    """Renumber ``values`` (each in 0..size-1) by order of first appearance.

    Returns the distinct values [n], int32, and for each position its new number [len(values)], int32:
    ``distinct[numbers] == values``. [7, 3, 7] -> [7, 3], [0, 1, 0]. This is how a batch holds every thing once.
    """
    number_of = np.full(size, -1, dtype=np.int32)
    distinct = np.empty(min(size, len(values)), dtype=np.int32)
    numbers = np.empty(len(values), dtype=np.int32)
    count = 0
    for position, value in enumerate(values):
        if number_of[value] < 0:
            number_of[value] = count
            distinct[count] = value
            count += 1
        numbers[position] = number_of[value]
    return distinct[:count].copy(), numbers


def sum_rows(rows: np.ndarray | list[np.ndarray], groups: Ragged) -> np.ndarray:
    """out[g] = sum of rows[p] over the positions p in groups[g]. [positions, columns] -> [groups, columns].

    The sums of several arrays stand side by side. An empty group gives zeros.
    """
    parts = rows if isinstance(rows, list) else [rows]
    ends = np.cumsum([part.shape[1] for part in parts])
    out = np.empty((len(groups), ends[-1]), parts[0].dtype)

    def sum_block(block: slice) -> None:
        for part, end in zip(parts, ends):
            _sum_rows(part, groups.values, groups.offsets, out, end - part.shape[1], block)

    in_parallel(sum_block, row_blocks(len(out)))
    return out


@kernel
def _sum_rows(rows, positions, offsets, out, first, block):
    for g in range(block.start, block.stop):
        total = out[g, first : first + rows.shape[1]]  # views: an index of two dimensions would be worked out each time
        total[:] = 0
        for p in range(offsets[g], offsets[g + 1]):
            row = rows[positions[p]]
            for c in range(len(row)):
                total[c] += row[c]
