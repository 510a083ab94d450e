"""How the answers of chapter 02 are judged."""

import numpy as np
from judge import Exercise, gradients, ragged_cases

SIZES_OF_D = (3, 1, 7, 2)


def id_cases(rng):
    """ids with repeats, and how many ids there can be."""
    for ids, size in (([3, 1, 3], 5), ([0, 1, 2], 3), ([2, 2, 2, 2], 4), ([4, 0, 4, 1, 0, 4], 6), ([0], 1), ([], 4)):
        yield np.array(ids, dtype=int), size
    yield rng.integers(0, 9, 30), 9
    yield rng.integers(0, 40, 7), 40


# 02.1


def scatter_cases(rng):
    for n, (ids, size) in enumerate(id_cases(rng)):
        yield ids, rng.normal(size=(len(ids), SIZES_OF_D[n % 4])), size


def scatter_truth(ids, drows, size):
    return gradients(lambda table: table[ids], [np.zeros((size, drows.shape[1]))], drows)[0]


def lost(ids, drows, size):
    out = np.zeros((size, drows.shape[1]))
    out[ids] += drows
    return out


# 02.2


def survivors_truth(ids, size):
    return np.array([max([-1, *(p for p in range(len(ids)) if ids[p] == w)]) for w in range(size)], dtype=int)


# 02.3 and 02.4


def mean_cases(rng):
    for n, (_, offsets, _) in enumerate(ragged_cases(rng)):
        yield rng.normal(size=(len(offsets) - 1, SIZES_OF_D[n % 4])), offsets


def means(rows, offsets):
    out = np.zeros((len(offsets) - 1, rows.shape[1]), rows.dtype)
    for n, (start, end) in enumerate(zip(offsets[:-1], offsets[1:])):
        if end > start:
            out[n] = rows[start:end].sum(axis=0) / (end - start)
    return out


def mean_truth(dtitles, offsets):
    return gradients(lambda rows: means(rows, offsets), [np.zeros((offsets[-1], dtitles.shape[1]))], dtitles)[0]


def titles_cases(rng):
    for n, (values, offsets, size) in enumerate(ragged_cases(rng)):
        yield rng.normal(size=(len(offsets) - 1, SIZES_OF_D[n % 4])), values, offsets, size


def titles_truth(dtitles, values, offsets, size):
    table = np.zeros((size, dtitles.shape[1]))
    return gradients(lambda table: means(table[values], offsets), [table], dtitles)[0]


def without_lengths(dtitles, offsets):
    return np.repeat(dtitles, np.diff(offsets), axis=0)


# 02.5


def merge_cases(rng):
    for n, (ids, _) in enumerate(id_cases(rng)):
        yield ids, rng.normal(size=(len(ids), SIZES_OF_D[n % 4]))


def merge_truth(ids, drows):
    words = np.array(sorted(set(ids.tolist())), dtype=int)
    return words, np.array([drows[ids == w].sum(axis=0) for w in words]).reshape(len(words), drows.shape[1])


EXERCISES = [
    Exercise(
        "scatter_add",
        scatter_cases,
        scatter_truth,
        gives="dtable",
        near={"A repeated id keeps its last row only": lost},
        linear=(1,),
        forbidden=("np.add.at", "add.at", "loop", "nrms_np"),
        hints=(
            "Which rows of drows belong to word w? Write that as a matrix of zeros and ones, [size, T].",
            "np.arange(size)[:, None] == ids is that matrix. What is its product with drows?",
        ),
    ),
    Exercise(
        "survivors",
        id_cases,
        survivors_truth,
        gives="positions",
        near={
            "The first position is overwritten by the later ones": lambda ids, size: np.array(
                [min([p for p in range(len(ids)) if ids[p] == w], default=-1) for w in range(size)], dtype=int
            ),
        },
        hints=(
            "Try the wrong line with drows that are easy to tell apart.",
            "dtable[ids] = copy writes the rows of the copy from first to last.",
        ),
    ),
    Exercise(
        "mean_backward",
        mean_cases,
        mean_truth,
        gives="dpositions",
        near={"That is the gradient of a sum: a mean takes 1 / length of each row": without_lengths},
        linear=(0,),
        hints=(
            "By how much does the mean of n rows move when one row moves by 1?",
            "np.repeat(..., lengths, axis=0) hands each title's gradient to its positions, also if it has none.",
        ),
    ),
    Exercise(
        "mean_titles_backward",
        titles_cases,
        titles_truth,
        gives="dtable",
        near={
            "A repeated word keeps one of its gradients only": lambda dtitles, values, offsets, size: lost(
                values, mean_truth(dtitles, offsets), size
            ),
            "That is the gradient of a sum: a mean takes 1 / length of each row": (
                lambda dtitles, values, offsets, size: scatter_truth(values, without_lengths(dtitles, offsets), size)
            ),
        },
        linear=(0,),
        hints=(
            "Two steps: the gradient at each position, then its sum for each word.",
            "The first step is 02.3, the second 02.1; values are the ids.",
        ),
    ),
    Exercise(
        "merge_repeats",
        merge_cases,
        merge_truth,
        gives="words, drows",
        near={
            "These are the rows of the last positions: sum them": lambda ids, drows: (
                np.unique(ids),
                np.array([drows[ids == w][-1] for w in np.unique(ids)]),
            )
        },
        linear=(1,),
        hints=(
            "Number the different ids, then sum the rows of each number.",
            "np.unique has an argument return_inverse: the number of each position.",
        ),
    ),
]
