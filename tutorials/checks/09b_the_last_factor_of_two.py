"""How the answers of chapter 09b are judged."""

import sys

import numpy as np
from judge import Call, Exercise, ragged, ragged_cases

# 09b.1


def weight_cases(rng):
    for n, heads, size in ((3, 2, 4), (2, 5, 3), (1, 4, 2), (5, 1, 3), (4, 3, 1), (0, 2, 3), (9, 2, 2)):
        yield rng.normal(size=(n * n, heads)), rng.normal(size=(n, heads * size)), heads


def sums_truth(weight, x, heads, transposed=True, first=False):
    n, columns = x.shape
    out = np.zeros((n, columns))
    for i, j, c in np.ndindex(n, n, columns):
        h = c // (columns // heads) if first else c % heads
        out[j if transposed else i, c] += weight[i * n + j, h] * x[i if transposed else j, c]
    return out


# 09b.2


def addition_cases(rng):
    some = int(rng.integers(6, 20))  # a search through all states takes seconds from 25 on
    return [(3,), (1,), (2,), (5,), (21,), (some,), (some + 1,)]


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


# 09b.3


def race_cases(rng):
    yield [[0, 1], [2]], [[0], [1]]
    yield [[], [5], [3]], [[5], [], [3]]
    yield [[1], [1], [1]], [[], [], []]  # all read, nobody writes
    yield [[0], [0]], [[0], [0]]  # two that do the same
    yield [[100], *[[]] * 8], [*[[]] * 8, [100]]
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


# 09b.4


def owner_cases(rng):
    for n, (positions, offsets, size) in enumerate(ragged_cases(rng)):
        for g in range(len(offsets) - 1):
            columns = rng.integers(2, 13)
            rows = rng.normal(size=(size, columns))
            out = rng.normal(size=(len(offsets) - 1, columns))
            out.flat[::2] = (0.5, np.nan, np.inf, -np.inf)[(n + g) % 4]  # as np.empty leaves it
            out[g] = (np.nan, 0.5, np.nan, np.inf)[(n + g) % 4]
            yield g, rows, positions, offsets, out


def owner_truth(g, rows, positions, offsets, out):
    total = np.zeros(rows.shape[1])
    for place, p in enumerate(positions):
        if offsets[g] <= place < offsets[g + 1]:
            total = total + rows[p]
    return np.concatenate([out[:g], total[None], out[g + 1 :]])


class InTwoSteps(np.ndarray):
    """What is written is read first, and others may write in between."""

    def __setitem__(self, key, value):
        value = np.array(value)
        super().__setitem__(key, value)


def owner_trial(call, rng):
    """What others own is not touched: they write to it between any two steps of the answer, and find it at the next."""
    positions, offsets = ragged(rng, 6, (3, 2, 0, 4))
    touched = set()

    def watched(g, rows, positions, offsets, out):
        others, bits = np.arange(len(out)) != g, out.view(np.uint64)
        written = 0x7FF0000000000001  # a signalling NaN: any arithmetic makes a quiet one of it
        bits[others] = written

        def look(frame, event, argument):
            nonlocal written
            frame.f_trace_opcodes = True
            if (bits[others] != written).any():
                touched.add(g)
            written += 1
            bits[others] = written
            return look

        sys.settrace(look)  # of this thread, which ends with the call
        try:
            call.answer(g, rows, positions, offsets, out.view(InTwoSteps))
        finally:
            sys.settrace(None)
        look(sys._getframe(), "", None)

    for g in range(4):
        Call(watched, (4,))(g, rng.normal(size=(6, 5)), positions, offsets, np.full((4, 5), np.nan))
    return f"it writes to rows of out other than out[{min(touched)}]: other threads own them" if touched else None


# 09b.5


def floor_cases(rng):
    yield 8e9, 1e9, 2e9, 1e9
    yield 0.0, 3e9, 2e9, 1e9  # a copy
    yield 8e9, 4e9, 2e9, 1e9  # a tie
    yield 2e9 * (1 + 1e-12), 1e9, 2e9, 1e9  # almost a tie
    yield 3e9, 0.0, 2e9, 1e9  # nothing moved
    yield 3e9, 2e9, 4e9, 1e9  # more operations, less time
    for _ in range(12):
        yield tuple((10 ** rng.uniform(6, 12, 4)).tolist())


def floor_truth(operations, moved, peak, bandwidth):
    if operations * bandwidth > moved * peak:
        return operations / peak, "arithmetic"
    return moved / bandwidth, "memory"


EXERCISES = [
    Exercise(
        "sums_over_i",
        weight_cases,
        sums_truth,
        gives="out",
        near={
            "That is the sum over j, the kernel weighted_sums": lambda weight, x, heads: sums_truth(
                weight, x, heads, transposed=False
            ),
            "You take the heads one after the other; here they stand last, column a * heads + h": (
                lambda weight, x, heads: sums_truth(weight, x, heads, first=True)
            ),
        },
        linear=(0, 1),
        float32=True,
        hints=(
            "Which columns belong to head h? x[:, h::heads]. Which row of weight is the pair (i, j)?",
            "out[j, h::heads] += weight[i * n + j, h] * x[i, h::heads], for all i, j and h.",
        ),
    ),
    Exercise(
        "lost_updates",
        addition_cases,
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
        trial=owner_trial,
        gives="out",
        changes=(4,),
        hints=(
            "What does an empty group have to write?",
            "out[g] = 0, then add rows[p] for p in positions[offsets[g]:offsets[g + 1]].",
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
