"""Wrong answers to the exercises of chapter 09: each must be rejected."""

import numpy as np


def lost_updates_1():
    return "AB" * 6  # every addition of A is lost, but B still adds three times: 3


def lost_updates_2():
    return "ABBBBBBAAAAA"  # A overwrites all of B and then goes on adding: 3


def sum_of_owner_1(g, rows, positions, offsets, out):
    for p in positions[offsets[g] : offsets[g + 1]]:
        out[g] += rows[p]  # on top of what np.empty left there


def sum_of_owner_2(g, rows, positions, offsets, out):
    out[:] = 0  # clears the rows of the other groups too
    out[g] = rows[positions[offsets[g] : offsets[g + 1]]].sum(axis=0)


def equal_lengths_1(lengths, limit):
    return [np.flatnonzero(lengths == n) for n in np.unique(lengths)]  # no limit, and the empty sets are a group


def equal_lengths_2(lengths, limit):
    groups = []
    for s in np.flatnonzero(lengths):  # a new group whenever the length changes: too many, the sets are not sorted
        if groups and lengths[groups[-1][0]] == lengths[s] and (len(groups[-1]) + 1) * lengths[s] <= limit:
            groups[-1].append(s)
        else:
            groups.append([s])
    return groups


def floor_of_1(operations, moved, peak, bandwidth):
    return operations / peak + moved / bandwidth  # as if memory waited for arithmetic


def floor_of_2(operations, moved, peak, bandwidth):
    return min(operations / peak, moved / bandwidth)  # the faster of the two decides nothing
