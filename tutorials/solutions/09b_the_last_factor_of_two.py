"""Solutions of chapter 09b."""

import numpy as np


def sums_over_i(weight, x, heads):
    n = len(x)
    out = np.zeros_like(x)
    for i in range(n):
        for j in range(n):
            for h in range(heads):
                out[j, h::heads] += weight[i * n + j, h] * x[i, h::heads]
    return out


def lost_updates(additions):
    if additions == 1:
        return "ABAB"
    # A reads 0 and falls asleep; B does all its additions but one; A writes 1 over them. Now B reads this 1 and falls
    # asleep; A does all the rest; B writes 2 over it. Only B's last read and write are left of all the work.
    return "A" + "BB" * (additions - 1) + "A" + "B" + "AA" * (additions - 1) + "B"


def races(reads, writes):
    found = []
    for b in range(len(reads)):
        for a in range(b):
            touched = set(writes[a]) & set(writes[b]) | set(writes[a]) & set(reads[b]) | set(reads[a]) & set(writes[b])
            if touched:
                found.append((a, b))
    return sorted(found)


def sum_of_owner(g, rows, positions, offsets, out):
    # zero first: out is whatever memory held before; an empty group keeps the zero
    out[g] = 0
    for p in positions[offsets[g] : offsets[g + 1]]:
        out[g] += rows[p]


def floor_of(operations, moved, peak, bandwidth):
    # arithmetic and memory work at the same time, so the slower of the two decides
    arithmetic, memory = operations / peak, moved / bandwidth
    return max(arithmetic, memory), "arithmetic" if arithmetic > memory else "memory"
