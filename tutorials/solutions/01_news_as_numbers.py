"""Solutions of chapter 01."""

import numpy as np


def list_means(x, offsets):
    # bincount adds up weights per list; a list without a position simply gets nothing.
    lengths = np.diff(offsets)
    owner = np.repeat(np.arange(len(lengths)), lengths)
    sums = np.bincount(owner, weights=x, minlength=len(lengths))
    return sums / np.maximum(lengths, 1)  # an empty list: 0 / 1


def drop_unknown(values, offsets):
    # Before each old offset, count what is kept: that is the new offset. It works for empty lists too.
    kept = values != 0
    kept_before = np.concatenate([[0], np.cumsum(kept)])
    return values[kept], kept_before[offsets]


def masked_softmax(logits, mask):
    # Mask before the maximum (a pad may be the largest), mask the exponentials, and never divide by zero.
    largest = np.where(mask, logits, -np.inf).max(axis=-1, keepdims=True, initial=-np.inf)
    largest = np.where(np.isfinite(largest), largest, 0)
    exponentials = np.where(mask, np.exp(np.where(mask, logits - largest, 0)), 0)
    total = exponentials.sum(axis=-1, keepdims=True)
    return exponentials / np.where(total > 0, total, 1)


def first_use(values):
    # unique numbers by value; rank turns that number into the number by first appearance.
    different, first, numbers = np.unique(values, return_index=True, return_inverse=True)
    order = np.argsort(first)
    rank = np.empty(len(order), int)
    rank[order] = np.arange(len(order))
    return different[order], rank[numbers]


def transpose(values, size):
    # Count, add up, place: a counting sort. What is free moves on with each position that is placed.
    counts = np.bincount(values, minlength=size)
    offsets = np.concatenate([[0], np.cumsum(counts)])
    free, positions = offsets[:-1].copy(), np.empty(len(values), int)
    for position, value in enumerate(values):
        positions[free[value]] = position
        free[value] += 1
    return positions, offsets
