"""How the answers of chapter 01 are judged."""

import numpy as np
from judge import Exercise, ragged_cases


def lists_of(values, offsets):
    return [values[start:end].tolist() for start, end in zip(offsets[:-1], offsets[1:])]


def flat(lists):
    offsets = np.cumsum([0, *(len(one) for one in lists)])
    return np.array([value for one in lists for value in one], dtype=int), offsets


# 01.1


def means_cases(rng):
    for values, offsets, _ in ragged_cases(rng):
        yield rng.normal(size=len(values)), offsets


def means_truth(x, offsets):
    return np.array([sum(one) / len(one) if one else 0.0 for one in lists_of(x, offsets)], dtype=float)


# 01.2


def drop_cases(rng):
    for values, offsets, size in ragged_cases(rng, (3, 2, 5)):
        yield values, offsets
        yield values - size // 2, offsets  # negative values are not 0


def drop_truth(values, offsets):
    return flat([[value for value in one if value != 0] for one in lists_of(values, offsets)])


# 01.3


def masked_cases(rng):
    for rows, width in ((5, 4), (1, 1), (3, 7), (2, 1), (0, 3)):
        logits, mask = rng.normal(size=(rows, width)), rng.random((rows, width)) < 0.6  # with holes
        yield logits, mask
        yield logits, np.sort(mask)[:, ::-1].copy()  # pads at the end
        yield logits, np.zeros_like(mask)
        yield logits, np.ones_like(mask)
    ends = np.arange(4) < np.array([[2], [3], [1], [0]])
    yield np.array([[-1000.0, -999, 5, 7], [1000, 999, 998, 5000], [-1000, 1000, 0, 0], [1, 2, 3, 4]]), ends
    yield np.array([[0.0, -2000, 3, 0], [0, 2000, 0, 0], [-3000, -3001, -3002, 0]]), np.ones((3, 4), bool)


def masked_truth(logits, mask):
    out = np.zeros(logits.shape)
    for row, (numbers, real) in enumerate(zip(logits, mask)):
        if real.any():
            exponentials = np.exp(numbers[real] - numbers[real].max())
            out[row, real] = exponentials / exponentials.sum()
    return out


# 01.4


def first_use_cases(rng):
    for values in ([7, 5, 7, 2], [2, 3, 1], [3, 3, 3], [9, 1, 5, 1, 9, 0, 5], [4], [], [3, -1, 3, -7]):
        yield (np.array(values, dtype=int),)
    for size in (8, 20):
        yield (rng.integers(-4, 9, size),)


def first_use_truth(values):
    number_of = {}
    numbers = [number_of.setdefault(int(value), len(number_of)) for value in values]
    return np.array(list(number_of), dtype=int), np.array(numbers, dtype=int)


# 01.5


def transpose_cases(rng):
    yield np.array([2, 1, 1, 1, 3]), 4
    for values, _, size in ragged_cases(rng):
        yield values, size
    yield np.array([4, 4, 4]), 9  # nothing before, nothing after
    yield np.zeros(0, int), 0


def transpose_truth(values, size):
    return flat([[p for p in range(len(values)) if values[p] == number] for number in range(size)])


EXERCISES = [
    Exercise(
        "list_means",
        means_cases,
        means_truth,
        gives="the means",
        forbidden=("loop", "nrms_np"),
        float32=False,
        hints=(
            "np.repeat can say for each position which list it belongs to; which NumPy function adds up by number?",
            "np.bincount(owner, weights=x, minlength=...): without minlength, empty lists at the end are lost.",
        ),
    ),
    Exercise(
        "drop_unknown",
        drop_cases,
        drop_truth,
        gives="values, offsets",
        forbidden=("loop", "nrms_np"),
        near={"The offsets are still the old ones": lambda values, offsets: (values[values != 0], offsets)},
        hints=(
            "A new offset says how many values are kept before the place where its list began.",
            "np.cumsum of what is kept, with a 0 in front, is that count for every place. Read it at the old offsets.",
        ),
    ),
    Exercise(
        "masked_softmax",
        masked_cases,
        masked_truth,
        gives="the weights",
        near={
            "A pad counts as the logit 0": lambda logits, mask: (
                np.exp(np.where(mask, logits, 0)) * mask / np.exp(np.where(mask, logits, 0)).sum(-1, keepdims=True)
            ),
            "That is the softmax without the mask": lambda logits, mask: (
                np.exp(logits - logits.max(-1, keepdims=True))
                / np.exp(logits - logits.max(-1, keepdims=True)).sum(-1, keepdims=True)
            ),
        },
        hints=(
            "Subtract the largest logit of each row, but which entries may be the largest? And if there is none?",
            "Three places need the mask: the maximum, the exponential and the sum, which may be 0.",
        ),
    ),
    Exercise(
        "first_use",
        first_use_cases,
        first_use_truth,
        gives="different, numbers",
        forbidden=("loop", "nrms_np", "dict"),
        near={
            "These are sorted by value, not by first appearance": lambda values: np.unique(values, return_inverse=True),
        },
        hints=(
            "np.unique can return three things. It sorts by value; sort its answer again, by first appearance.",
            "argsort(first) says which value comes k-th. You need the opposite: as which one a value comes.",
        ),
    ),
    Exercise(
        "transpose",
        transpose_cases,
        transpose_truth,
        gives="positions, offsets",
        forbidden=("np.argsort", "np.lexsort", "np.sort", "np.argpartition", "sorted", "nrms_np"),
        hints=(
            "How many positions hold each number? Where does the room of a number begin, if all rooms are in one row?",
            "Keep, for each number, the next free place of its room, and walk through the positions once.",
        ),
    ),
]
