"""Wrong answers of chapter 01: typical mistakes that the checks must reject."""

import numpy as np


def list_means_1(x, offsets):  # reduceat gives an empty list the entry at its start
    starts = np.minimum(offsets[:-1], max(len(x) - 1, 0))
    sums = np.add.reduceat(x, starts) if len(x) else np.zeros(len(starts))
    return sums / np.maximum(np.diff(offsets), 1)


def list_means_2(x, offsets):  # divides by the longest length, as a padded mean does
    lengths = np.diff(offsets)
    owner = np.repeat(np.arange(len(lengths)), lengths)
    return np.bincount(owner, weights=x, minlength=len(lengths)) / max(lengths.max(), 1)


def first_use_1(values):  # numbers by value, not by first appearance
    return np.unique(values, return_inverse=True)


def first_use_2(values):  # the position of the first appearance instead of a number without gaps
    different, first, numbers = np.unique(values, return_index=True, return_inverse=True)
    return different[np.argsort(first)], first[numbers]


def drop_unknown_1(values, offsets):  # forgets that the lists got shorter
    return values[values != 0], offsets


def drop_unknown_2(values, offsets):  # loses the lists that became empty
    kept = values != 0
    owner = np.repeat(np.arange(len(offsets) - 1), np.diff(offsets))[kept]
    _, lengths = np.unique(owner, return_counts=True)
    return values[kept], np.concatenate([[0], np.cumsum(lengths)])


def masked_softmax_1(logits, mask):  # -1e9 for the pads: uniform where all are pads
    logits = np.where(mask, logits, -1e9)
    exponentials = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return exponentials / exponentials.sum(axis=-1, keepdims=True)


def masked_softmax_2(logits, mask):  # masks after the softmax: the weights no longer sum to one
    exponentials = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return exponentials / exponentials.sum(axis=-1, keepdims=True) * mask
