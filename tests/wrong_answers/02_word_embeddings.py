"""Wrong answers of chapter 02, each of which must be refused."""

import numpy as np


def scatter_add_1(ids, drows, size):  # a repeated id keeps its last row
    dtable = np.zeros((size, drows.shape[1]))
    dtable[ids] += drows
    return dtable


def scatter_add_2(ids, drows, size):  # a table with a row for each position
    return np.zeros_like(drows) + drows


def scatter_add_3(ids, drows, size):  # np.add.at
    dtable = np.zeros((size, drows.shape[1]))
    np.add.at(dtable, ids, drows)
    return dtable


def scatter_add_4(ids, drows, size):  # two columns
    return np.stack([np.bincount(ids, drows[:, 0], size), np.bincount(ids, drows[:, -1], size)], axis=1)


def scatter_add_5(ids, drows, size):  # float32
    return ((np.arange(size)[:, None] == ids) @ drows).astype(np.float32)


def scatter_add_6(ids, drows, size):  # destroys its argument
    dtable = (np.arange(size)[:, None] == ids) @ drows
    drows[:] = 0
    return dtable


def scatter_add_7(ids, drows, size):  # fails where nothing comes in
    order = np.argsort(ids, kind="stable")
    starts = np.flatnonzero(np.diff(ids[order], prepend=-1))
    dtable = np.zeros((size, drows.shape[1]))
    dtable[ids[order][starts]] = np.add.reduceat(drows[order], starts)
    if len(ids) == 0:
        raise IndexError
    return dtable


def scatter_add_8(ids, drows, size):  # the mean, not the sum
    one_hot = np.arange(size)[:, None] == ids
    return one_hot @ drows / np.maximum(one_hot.sum(axis=1, keepdims=True), 1)


def scatter_add_9(ids, drows, size):  # bincount without minlength: later words are lost
    return np.eye(max(ids.max(initial=0) + 1, 1))[:, ids] @ drows


def survivors_1(ids, size):  # the first
    first = np.full(size, -1)
    first[ids[::-1]] = np.arange(len(ids))[::-1]
    return first


def survivors_2(ids, size):  # counts
    return np.bincount(ids, minlength=size) - 1


def survivors_3(ids, size):  # 0 for unused ids
    last = np.zeros(size, int)
    last[ids] = np.arange(len(ids))
    return last


def survivors_4(ids, size):  # True for each position that survives
    last = np.full(size, -1)
    last[ids] = np.arange(len(ids))
    return np.isin(np.arange(len(ids)), last)


def mean_backward_1(dtitles, offsets):  # a sum
    return np.repeat(dtitles, np.diff(offsets), axis=0)


def mean_backward_2(dtitles, offsets):  # all titles by the same length
    return np.repeat(dtitles, np.diff(offsets), axis=0) / max(np.diff(offsets).mean(), 1) if len(dtitles) else dtitles


def mean_backward_3(dtitles, offsets):  # an empty title shifts all later ones
    starts = np.isin(np.arange(offsets[-1]), offsets[1:])
    title = np.cumsum(starts)
    return dtitles[title] / np.diff(offsets)[title][:, None]


def mean_backward_4(dtitles, offsets):  # divides the argument in place
    dtitles /= np.maximum(np.diff(offsets), 1)[:, None]
    return np.repeat(dtitles, np.diff(offsets), axis=0)


def mean_backward_5(dtitles, offsets):  # multiplies
    lengths = np.diff(offsets)
    return np.repeat(dtitles * lengths[:, None], lengths, axis=0)


def mean_titles_backward_1(dtitles, values, offsets, size):  # forgets 1 / length
    dtable = np.zeros((size, dtitles.shape[1]))
    np.add.at(dtable, values, np.repeat(dtitles, np.diff(offsets), axis=0))
    return dtable


def mean_titles_backward_2(dtitles, values, offsets, size):  # loses repeats
    lengths = np.diff(offsets)
    dtable = np.zeros((size, dtitles.shape[1]))
    dtable[values] += np.repeat(dtitles / np.maximum(lengths, 1)[:, None], lengths, axis=0)
    return dtable


def mean_titles_backward_3(dtitles, values, offsets, size):  # an empty title shifts all later ones
    title = np.cumsum(np.isin(np.arange(len(values)), offsets[1:]))
    dtable = np.zeros((size, dtitles.shape[1]))
    np.add.at(dtable, values, dtitles[title] / np.diff(offsets)[title][:, None])
    return dtable


def mean_titles_backward_4(dtitles, values, offsets, size):  # divides the argument in place
    dtitles /= np.maximum(np.diff(offsets), 1)[:, None]
    dtable = np.zeros((size, dtitles.shape[1]))
    np.add.at(dtable, values, np.repeat(dtitles, np.diff(offsets), axis=0))
    return dtable


def mean_titles_backward_5(dtitles, values, offsets, size):  # sizes by heart
    lengths = np.diff(offsets)
    dtable = np.zeros((5, 2))
    np.add.at(dtable, values, np.repeat(dtitles / np.maximum(lengths, 1)[:, None], lengths, axis=0))
    return dtable


def mean_titles_backward_6(dtitles, values, offsets, size):  # counts a word once in a title that holds it twice
    dtable = np.zeros((size, dtitles.shape[1]))
    for n in range(len(dtitles)):
        title = values[offsets[n] : offsets[n + 1]]
        for w in set(title.tolist()):
            dtable[w] += dtitles[n] / len(title)
    return dtable


def merge_repeats_1(ids, drows):  # the row of one position
    words, first = np.unique(ids, return_index=True)
    return words, drows[first]


def merge_repeats_2(ids, drows):  # the means
    words, numbers, counts = np.unique(ids, return_inverse=True, return_counts=True)
    merged = np.zeros((len(words), drows.shape[1]))
    np.add.at(merged, numbers, drows)
    return words, merged / counts[:, None]


def merge_repeats_3(ids, drows):  # words that cannot index
    words, numbers = np.unique(ids, return_inverse=True)
    merged = np.zeros((len(words), drows.shape[1]))
    np.add.at(merged, numbers, drows)
    return words.astype(float), merged


def merge_repeats_4(ids, drows):  # in the order of appearance
    words = np.array(list(dict.fromkeys(ids.tolist())), int)
    return words, np.array([drows[ids == w].sum(axis=0) for w in words]).reshape(len(words), drows.shape[1])


def merge_repeats_5(ids, drows):  # three columns, in lists
    words = np.unique(ids)
    return list(words), [[drows[ids == w, d].sum() for d in range(3)] for w in words]


def merge_repeats_6(ids, drows):  # reduceat at index 0 of nothing
    order = np.argsort(ids, kind="stable")
    starts = np.flatnonzero(np.r_[True, np.diff(ids[order]) != 0])
    return ids[order][starts], np.add.reduceat(drows[order], starts)


def mean_backward_6(dtitles, offsets):  # a small constant in place of a rule for empty titles
    lengths = np.diff(offsets)
    return np.repeat(dtitles / (lengths + 1e-12)[:, None], lengths, axis=0)


def mean_backward_7(dtitles, offsets):  # five titles and no more
    lengths = np.diff(offsets)
    first = np.where(np.arange(len(lengths)) < 5, 1, 0)
    return np.repeat(dtitles * first[:, None] / np.maximum(lengths, 1)[:, None], lengths, axis=0)
