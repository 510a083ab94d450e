"""How the answers of chapter 09b are judged."""

import numpy as np
from judge import Exercise, ragged_cases

# 09b.1


def updates_check(args, order):
    (additions,) = args
    if not isinstance(order, str):
        return f"a string of A and B is asked for, not a {type(order).__name__}"
    if sorted(order) != ["A"] * (2 * additions) + ["B"] * (2 * additions):
        return f"each thread has {2 * additions} actions; {order!r} has {order.count('A')} A and {order.count('B')} B"
    counter, seen, reads_next = 0, {}, {"A": True, "B": True}
    for thread in order:
        if reads_next[thread]:
            seen[thread] = counter
        else:
            counter = seen[thread] + 1
        reads_next[thread] = not reads_next[thread]
    return None if counter <= min(additions, 2) else f"after {order!r} the counter is {counter}; it can be smaller"


# 09b.2


def race_cases(rng):
    yield [[0, 1], [2]], [[0], [1]]
    yield [[], [5], [3]], [[5], [], [3]]
    yield [[1], [1], [1]], [[], [], []]  # all read, nobody writes
    yield [[]], [[2]]
    yield [], []
    for threads, rows in ((4, 8), (6, 12), (7, 30)):
        draws = [[rng.integers(0, rows, rng.integers(0, 4)).tolist() for _ in range(threads)] for _ in range(2)]
        yield tuple(draws)


def race_truth(reads, writes):
    found = []
    for a in range(len(reads)):
        for b in range(a + 1, len(reads)):
            wrote = [row for row in writes[a] if row in reads[b] + writes[b]]
            if wrote or any(row in reads[a] for row in writes[b]):
                found.append((a, b))
    return found


# 09b.3


def owner_cases(rng):
    for positions, offsets, size in ragged_cases(rng):
        for g in range(len(offsets) - 1):
            yield (
                g,
                rng.normal(size=(size, 3 + g % 3)),
                positions,
                offsets,
                rng.normal(size=(len(offsets) - 1, 3 + g % 3)),
            )


def owner_truth(g, rows, positions, offsets, out):
    total = np.zeros(rows.shape[1])
    for place, p in enumerate(positions):
        if offsets[g] <= place < offsets[g + 1]:
            total = total + rows[p]
    return np.concatenate([out[:g], total[None], out[g + 1 :]])


# 09b.4


def product_cases(rng):
    for n, heads, size in ((3, 2, 4), (2, 5, 3), (1, 4, 2), (5, 1, 3), (4, 3, 1), (0, 2, 3)):
        yield rng.normal(size=(n, heads * size)), rng.normal(size=(n, heads * size)), heads


def product_truth(x, y, heads):
    n = len(x)
    out = np.zeros((n * n, heads))
    for i, j, c in np.ndindex(n, n, x.shape[1]):
        out[i * n + j, c % heads] += x[i, c] * y[j, c]
    return out


def heads_first(x, y, heads):
    n = len(x)
    return np.einsum("iha,jha->ijh", x.reshape(n, heads, -1), y.reshape(n, heads, -1)).reshape(n * n, heads)


# 09b.5


def floor_cases(rng):
    yield 8e9, 1e9, 2e9, 1e9
    yield 0.0, 3e9, 2e9, 1e9  # a copy
    for _ in range(12):
        yield tuple((10 ** rng.uniform(6, 12, 4)).tolist())


def floor_truth(operations, moved, peak, bandwidth):
    if operations * bandwidth > moved * peak:
        return operations / peak, "arithmetic"
    return moved / bandwidth, "memory"


EXERCISES = [
    Exercise(
        "lost_updates",
        lambda rng: [(3,), (1,), (2,), (5,), (20,)],
        check=updates_check,
        gives="the order",
        hints=(
            "What was read long ago can be written at the very end. What must be in memory when it is read?",
            "The last write of all should be 2: so its thread must have read 1, which somebody wrote who had read 0.",
        ),
    ),
    Exercise(
        "races",
        race_cases,
        race_truth,
        gives="the pairs",
        hints=(
            "Two threads that only read never race. What if one writes?",
            "A pair races if one writes a row that the other reads or writes.",
        ),
    ),
    Exercise(
        "sum_of_owner",
        owner_cases,
        owner_truth,
        gives="out",
        changes=(4,),
        hints=(
            "What does an empty group have to write?",
            "out[g] = 0, then add rows[p] for p in positions[offsets[g]:offsets[g + 1]].",
        ),
    ),
    Exercise(
        "dot_products",
        product_cases,
        product_truth,
        gives="the products",
        near={
            "You take the heads one after the other; here they stand last, column a * heads + h": heads_first,
            "x and y are exchanged: row i * n + j is x_i . y_j": lambda x, y, heads: product_truth(y, x, heads),
            "That is one dot product, not one for each head": lambda x, y, heads: np.repeat(
                (x @ y.T).reshape(-1, 1), heads, axis=1
            ),
        },
        linear=(0, 1),
        float32=True,
        hints=(
            "Which columns belong to head h? x[i, h::heads].",
            "A loop over i, j and h, with a dot product of x[i, h::heads] and y[j, h::heads], is a right answer.",
        ),
    ),
    Exercise(
        "floor_of",
        floor_cases,
        floor_truth,
        gives="the seconds, what it waits for",
        near={
            "Arithmetic and memory work at the same time: not the sum": lambda o, m, p, b: (
                o / p + m / b,
                floor_truth(o, m, p, b)[1],
            ),
        },
        hints=("Two times; which of them counts?", "The larger of operations / peak and moved / bandwidth."),
    ),
]
