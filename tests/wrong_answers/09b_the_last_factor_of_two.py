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


def _lost_updates(additions):
    if additions == 1:
        return "ABAB"
    return "A" + "BB" * (additions - 1) + "A" + "B" + "AA" * (additions - 1) + "B"


def lost_updates_6(additions):
    return {n: _lost_updates(n) for n in (1, 2, 3, 5, 20)}[additions]  # a table


def lost_updates_7(additions):
    return _lost_updates(additions) if additions % 2 or additions == 2 else "AB" * 2 * additions  # odd numbers only


def lost_updates_8(additions):
    return _lost_updates(min(additions, 20)) + "AABB" * max(additions - 20, 0)


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


def races_4(reads, writes):
    # a thread that reads what it writes is thought safe
    rows = [(set(one), set(other)) for one, other in zip(reads, writes)]
    return [
        (a, b)
        for a in range(len(rows))
        for b in range(a + 1, len(rows))
        if (rows[a][1] & (rows[b][0] | rows[b][1]) or rows[b][1] & rows[a][0]) and not rows[a][1] == rows[a][0]
    ]


def races_5(reads, writes):
    # for up to 30 rows
    touched, written = np.zeros((len(reads), 30), bool), np.zeros((len(reads), 30), bool)
    for a in range(len(reads)):
        written[a, writes[a]] = touched[a, writes[a] + reads[a]] = True
    found = written @ touched.T
    return list(zip(*map(np.ndarray.tolist, np.nonzero(np.triu(found | found.T, 1)))))


def races_6(reads, writes):
    rows = [(set(one), set(other)) for one, other in zip(reads, writes)]  # up to seven threads
    return [
        (a, b)
        for a in range(len(rows))
        for b in range(a + 1, min(len(rows), 7))
        if rows[a][1] & (rows[b][0] | rows[b][1]) or rows[b][1] & rows[a][0]
    ]


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


def _sum(g, rows, positions, offsets):
    return rows[positions[offsets[g] : offsets[g + 1]]].sum(axis=0)


def sum_of_owner_14(g, rows, positions, offsets, out):
    # reads and writes everybody's rows: what others write in between is lost
    out[:] = np.where((np.arange(len(out)) == g)[:, None], _sum(g, rows, positions, offsets), out)


def sum_of_owner_15(g, rows, positions, offsets, out):
    new = out.copy()
    new[g] = _sum(g, rows, positions, offsets)
    out[...] = new


def sum_of_owner_16(g, rows, positions, offsets, out):
    out[g : g + 2] = [_sum(g, rows, positions, offsets), *out[g + 1 : g + 2]]  # and the neighbour, as it was


def sum_of_owner_17(g, rows, positions, offsets, out):
    out[g, :5] = _sum(g, rows, positions, offsets)[:5]  # five columns only


def sum_of_owner_18(g, rows, positions, offsets, out):
    out[:] = out  # writes all rows, with what they hold
    out[g] = _sum(g, rows, positions, offsets)


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


def sums_over_i_6(weight, x, heads):
    n = len(x)
    weight, by_head = _by_head(weight, x, heads)
    return np.einsum("ijh,iah->jah", weight[: min(n, 5)], by_head[: min(n, 5)]).reshape(x.shape)  # up to five positions


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


def floor_of_6(operations, moved, peak, bandwidth):
    bound = operations / moved > peak / bandwidth  # nothing moved: 0 in the denominator
    return (operations / peak, "arithmetic") if bound else (moved / bandwidth, "memory")


def floor_of_7(operations, moved, peak, bandwidth):
    arithmetic, memory = operations / peak, moved / bandwidth
    if np.isclose(arithmetic, memory):  # near is equal
        return memory, "memory"
    return max(arithmetic, memory), "arithmetic" if arithmetic > memory else "memory"


def floor_of_8(operations, moved, peak, bandwidth):
    arithmetic, memory = operations / peak, moved / bandwidth
    return (arithmetic, "arithmetic") if arithmetic > memory + 1e-6 else (memory, "memory")
