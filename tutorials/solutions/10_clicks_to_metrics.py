"""Solutions of chapter 10."""

import numpy as np


def auc(scores, labels):
    clicked, others = scores[labels == 1], scores[labels == 0]
    if len(clicked) == 0 or len(others) == 0:
        return np.nan  # no pair: 0 / 0
    clicked = clicked[:, None]  # one entry for each pair; no difference, which is NaN where both are infinite
    return ((clicked > others) + 0.5 * (clicked == others)).mean()


def auc_of_ranks(ranks, labels):
    n, clicked = len(ranks), ranks[labels == 1]
    c = len(clicked)
    if c in (0, n):
        return np.nan
    # n - rank candidates stand below a click; pairs of two clicks were counted once each
    return ((n - clicked).sum() - c * (c - 1) / 2) / (c * (n - c))


def mrr(ranks, labels):
    return (1 / ranks[labels == 1]).mean()


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


def my_ranking(titles, histories, candidates):
    # count shared words, a rare one (small share of the titles that hold it) much more than a common one
    vocabulary = max(int(words.max()) for words in titles if len(words)) + 1
    holds = np.bincount(np.concatenate([np.unique(words) for words in titles]), minlength=vocabulary)
    worth = np.log(len(titles) / np.maximum(holds, 1)) ** 3
    scores = []
    for history, shown in zip(histories, candidates):
        seen = np.zeros(vocabulary)
        for n in history:
            np.add.at(seen, titles[n], 1)
        scores.append(np.array([(seen[titles[n]] * worth[titles[n]]).sum() for n in shown]))
    return scores
