"""Wrong answers of chapter 02: typical mistakes that the checks must reject."""

import numpy as np


def scatter_add_1(ids, drows, size):  # the bug of the chapter: the last position of a word wins
    dtable = np.zeros((size, drows.shape[1]))
    dtable[ids] += drows
    return dtable


def scatter_add_2(ids, drows, size):  # the mean over the positions of a word instead of the sum
    one_hot = np.arange(size)[:, None] == ids
    return one_hot @ drows / np.maximum(one_hot.sum(axis=1, keepdims=True), 1)


def merge_repeats_1(ids, rows):  # keeps the first row of each word and drops the others
    words, first = np.unique(ids, return_index=True)
    return words, rows[first]


def merge_repeats_2(ids, rows):  # sorts, but leaves the repeats in
    order = np.argsort(ids, kind="stable")
    return ids[order], rows[order]


def mean_titles_backward_1(dtitles, values, offsets, size):  # forgets the 1 / length of the mean
    dtable = np.zeros((size, dtitles.shape[1]))
    np.add.at(dtable, values, np.repeat(dtitles, np.diff(offsets), axis=0))
    return dtable


def mean_titles_backward_2(dtitles, values, offsets, size):  # loses the repeats
    lengths = np.diff(offsets)
    dtable = np.zeros((size, dtitles.shape[1]))
    dtable[values] += np.repeat(dtitles / lengths[:, None], lengths, axis=0)
    return dtable
