"""Solutions to the exercises of chapter 09."""

import numpy as np


def lost_updates():
    # A reads 0 and falls asleep; B adds twice; A writes 1 over it. Now B reads this 1 and falls asleep; A adds twice
    # more (3) and is done; B writes 2 over it. Only B's last read and write are left of all the work.
    return "A" + "BBBB" + "A" + "B" + "AAAA" + "B"


def sum_of_owner(g, rows, positions, offsets, out):
    # zero first: out is whatever memory held before; an empty group keeps the zero
    out[g] = 0
    for p in positions[offsets[g] : offsets[g + 1]]:
        out[g] += rows[p]


def equal_lengths(lengths, limit):
    groups = []
    for n in np.unique(lengths[lengths > 0]):
        sets = np.flatnonzero(lengths == n)
        size = max(1, limit // n)  # sets that fit into the limit, but one at least
        groups += [sets[first : first + size] for first in range(0, len(sets), size)]
    return groups


def floor_of(operations, moved, peak, bandwidth):
    # arithmetic and memory work at the same time, so the slower of the two decides
    return max(operations / peak, moved / bandwidth)
