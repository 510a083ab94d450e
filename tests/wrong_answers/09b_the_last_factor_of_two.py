"""Wrong answers to the exercises of chapter 09b: each must be refused."""

import numpy as np


def lost_updates_1(additions):
    return "A" * 2 * additions + "B" * 2 * additions  # loses nothing


def lost_updates_2(additions):
    return list("A" + "BB" * (additions - 1) + "A" + "B" + "AA" * (additions - 1) + "B")  # a list


def lost_updates_3(additions):
    return "ABAB" * additions  # one of two is lost, each time


def lost_updates_4(additions):
    return "ABBBBABAAAAB"  # for three additions only


def lost_updates_5(additions):
    return "A" + "BB" * additions + "A" * (2 * additions - 1)  # all of B is lost, and nothing of A


def races_1(reads, writes):
    # only where both write
    threads = range(len(reads))
    return [(a, b) for a in threads for b in threads if a < b and set(writes[a]) & set(writes[b])]


def races_2(reads, writes):
    # also where both only read
    both = [set(one) | set(other) for one, other in zip(reads, writes)]
    return [(a, b) for a in range(len(both)) for b in range(a + 1, len(both)) if both[a] & both[b]]


def races_3(reads, writes):
    # the first writes, the second reads; not the other way round
    threads = range(len(reads))
    return [(a, b) for a in threads for b in threads if a < b and set(writes[a]) & (set(reads[b]) | set(writes[b]))]


def sum_of_owner_1(g, rows, positions, offsets, out):
    for p in positions[offsets[g] : offsets[g + 1]]:
        out[g] += rows[p]  # on top of what was there


def sum_of_owner_2(g, rows, positions, offsets, out):
    rows[:] = 0
    out[g] = 0


def sum_of_owner_3(g, rows, positions, offsets, out):
    for c in range(3):  # three columns only
        out[g, c] = sum(rows[p, c] for p in positions[offsets[g] : offsets[g + 1]])


def sum_of_owner_4(g, rows, positions, offsets, out):
    length = (2, 0, 1, 3)[g % 4]
    out[g] = rows[positions[offsets[g] : offsets[g] + length]].sum(axis=0)


def sum_of_owner_5(g, rows, positions, offsets, out):
    out[g] = rows[positions[offsets[g] : offsets[g + 1]]].astype(np.float32).sum(axis=0)


def sum_of_owner_6(g, rows, positions, offsets, out):
    out[:] = 0  # clears what others own
    for p in positions[offsets[g] : offsets[g + 1]]:
        out[g] += rows[p]


def sum_of_owner_7(g, rows, positions, offsets, out):
    out[g] = rows[np.unique(positions[offsets[g] : offsets[g + 1]])].sum(axis=0)  # a repeat counts once


def _add(g, rows, positions, offsets, out):
    for p in positions[offsets[g] : offsets[g + 1]]:
        out[g] += rows[p]


def sum_of_owner_8(g, rows, positions, offsets, out):
    out[g] *= 0  # NaN stays NaN
    _add(g, rows, positions, offsets, out)


def sum_of_owner_9(g, rows, positions, offsets, out):
    out[g] -= out[g]
    _add(g, rows, positions, offsets, out)


def sum_of_owner_10(g, rows, positions, offsets, out):
    out[g] = out[g] * 0.0 + rows[positions[offsets[g] : offsets[g + 1]]].sum(axis=0)


def sum_of_owner_11(g, rows, positions, offsets, out):
    out += 0  # writes all rows
    out[g] = rows[positions[offsets[g] : offsets[g + 1]]].sum(axis=0)


def sum_of_owner_12(g, rows, positions, offsets, out):
    others = out.copy()
    out[:] = 0
    _add(g, rows, positions, offsets, out)
    for group in range(len(out)):  # puts back what others may have changed in the meantime
        if group != g:
            out[group] = others[group]


def sum_of_owner_13(g, rows, positions, offsets, out):
    out[g] = np.nan_to_num(out[g], posinf=0, neginf=0) * 0
    out *= 1
    _add(g, rows, positions, offsets, out)


def _by_head(weight, x, heads):
    n = len(x)
    return weight.reshape(n, n, heads), x.reshape(n, x.shape[1] // heads, heads)


def sums_over_i_1(weight, x, heads):
    weight, by_head = _by_head(weight, x, heads)
    return np.einsum("ijh,jah->iah", weight, by_head).reshape(x.shape)  # over j


def sums_over_i_2(weight, x, heads):
    n = len(x)
    weight, blocks = weight.reshape(n, n, heads), x.reshape(n, heads, x.shape[1] // heads)
    return np.einsum("ijh,iha->jha", weight, blocks).reshape(x.shape)  # heads first


def sums_over_i_3(weight, x, heads):
    weight, by_head = _by_head(weight, x, heads)
    return np.einsum("ijh,iah->jah", weight, by_head).reshape(x.shape).astype(np.float64)  # float64 of float32


def sums_over_i_4(weight, x, heads):
    weight, by_head = _by_head(weight, x, heads)
    return np.einsum("ij,iah->jah", weight.mean(axis=2), by_head).reshape(x.shape)  # one weight for all heads


def sums_over_i_5(weight, x, heads):
    n = len(x)
    weight = weight.reshape(heads, n, n)  # pairs and heads exchanged
    return np.einsum("hij,iah->jah", weight, _by_head(weight, x, heads)[1]).reshape(x.shape)


def floor_of_1(operations, moved, peak, bandwidth):
    arithmetic, memory = operations / 2e9, moved / 1e9  # another machine
    return max(arithmetic, memory), "arithmetic" if arithmetic > memory else "memory"


def floor_of_2(operations, moved, peak, bandwidth):
    arithmetic, memory = operations / (2 * bandwidth), moved / (peak / 2)
    return max(arithmetic, memory), "arithmetic" if arithmetic > memory else "memory"


def floor_of_3(operations, moved, peak, bandwidth):
    arithmetic, memory = operations / peak, moved / bandwidth
    return arithmetic + memory, "arithmetic" if arithmetic > memory else "memory"


def floor_of_4(operations, moved, peak, bandwidth):
    # by the larger number of pieces, not by the larger time
    return max(operations / peak, moved / bandwidth), "arithmetic" if operations > moved else "memory"


def floor_of_5(operations, moved, peak, bandwidth):
    arithmetic, memory = operations / peak, moved / bandwidth
    return max(arithmetic, memory), "arithmetic" if arithmetic >= memory else "memory"  # at a tie
