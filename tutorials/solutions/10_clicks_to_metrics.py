"""Solutions of chapter 10."""

import numpy as np


def auc(scores, labels):
    clicked, others = scores[labels == 1], scores[labels == 0]
    if len(clicked) == 0 or len(others) == 0:
        return np.nan  # no pair: 0 / 0
    above = clicked[:, None] - others[None, :]  # one entry for each pair
    return ((above > 0) + 0.5 * (above == 0)).mean()


def ndcg(ranks, labels, k):
    clicked = ranks[labels == 1]
    gain = (1 / np.log2(1 + clicked[clicked <= k])).sum()
    best = np.arange(1, min(len(clicked), k) + 1)  # as many places as there are clicks, but no more than k
    return gain / (1 / np.log2(1 + best)).sum()


def negatives(shown, labels, count, rng):
    pool = shown[labels == 0]
    if len(pool) == 0:
        return pool
    return rng.choice(pool, count, replace=len(pool) < count)


def paired_interval(first, second, draws, rng):
    difference = first - second  # per impression: what makes an impression hard for both cancels here
    difference = difference[~np.isnan(difference)]
    which = rng.integers(len(difference), size=(draws, len(difference)))
    return tuple(np.percentile(difference[which].mean(axis=1), [2.5, 97.5]))
