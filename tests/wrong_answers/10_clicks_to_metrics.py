"""Plausible wrong answers to the exercises of chapter 10."""

import numpy as np


def auc_1(scores, labels):
    clicked, others = scores[labels == 1], scores[labels == 0]
    if len(clicked) == 0 or len(others) == 0:
        return np.nan
    return (clicked[:, None] > others[None, :]).mean()  # a tie counts as a loss


def auc_2(scores, labels):
    clicked, others = scores[labels == 1], scores[labels == 0]
    above = clicked[:, None] - others[None, :]
    return ((above > 0) + 0.5 * (above == 0)).sum() / max(above.size, 1)  # 0 where there is no pair


def ndcg_1(ranks, labels, k):
    clicked = ranks[labels == 1]
    gain = (1 / np.log2(1 + clicked[clicked <= k])).sum()
    return gain / (1 / np.log2(1 + np.arange(1, k + 1))).sum()  # as if there were k clicks


def ndcg_2(ranks, labels, k):
    clicked = ranks[labels == 1]
    gain = (1 / np.log2(1 + clicked[clicked <= k])).sum()
    return gain / (1 / np.log2(1 + np.arange(1, len(clicked) + 1))).sum()  # more clicks than places: never 1


def negatives_1(shown, labels, count, rng):
    pool = shown[labels == 0]
    return rng.choice(pool, count) if len(pool) else pool  # with replacement always


def negatives_2(shown, labels, count, rng):
    pool = shown[labels == 0]
    return rng.permutation(pool)[:count]  # too few where the pool is small


def paired_interval_1(first, second, draws, rng):
    kept = ~np.isnan(first - second)
    first, second = first[kept], second[kept]
    size = (draws, len(first))  # each ranking gets its own impressions: not paired
    means = first[rng.integers(len(first), size=size)].mean(axis=1)
    means = means - second[rng.integers(len(second), size=size)].mean(axis=1)
    return tuple(np.percentile(means, [2.5, 97.5]))


def paired_interval_2(first, second, draws, rng):
    difference = first - second
    difference = difference[~np.isnan(difference)]
    which = rng.integers(len(difference), size=(draws, len(difference)))
    return tuple(np.percentile(difference[which], [2.5, 97.5]))  # the spread of impressions, not of their mean
