"""Exercises of chapter 10: clicks to metrics. Run it: ``python tutorials/exercises/10_clicks_to_metrics.py``."""

import math

import numpy as np


def auc(scores, labels):
    """Return the share of pairs (clicked, not clicked) whose clicked title has the larger score; a tie counts 1/2.

    scores, labels [n] of one impression. NaN when there is no pair.
    """
    clicked, others = scores[labels == 1], scores[labels == 0]
    raise NotImplementedError(f"auc: compare each of {clicked} with each of {others}")


def check_auc(answer=auc):
    cases = (
        ([0.2, 1.4, 0.9, -0.3, 1.1, 0.5, -1.0], [0, 0, 1, 1, 1, 0, 0], 7 / 12, "the tiny example"),
        ([1.0, 2.0, 3.0], [0, 0, 1], 1.0, "perfect order"),
        ([1.0, 2.0, 3.0], [1, 0, 0], 0.0, "the reverse of perfect order"),
        ([5.0, 5.0, 5.0], [1, 0, 0], 0.5, "equal scores"),
        ([5.0, 5.0, 1.0], [0, 1, 0], 0.75, "one tie and one pair in order"),
    )
    for scores, labels, true, name in cases:
        found = answer(np.array(scores), np.array(labels))
        assert abs(found - true) < 1e-12, f"{name}: the AUC is {true:.4f}, not {found}"
    for labels in ([1, 1], [0, 0]):
        found = answer(np.array([1.0, 2.0]), np.array(labels))
        assert np.isnan(found), f"labels {labels}: there is no pair, so NaN and not {found}"


def ndcg(ranks, labels, k):
    """Return nDCG@k of one impression: ranks [n] are 1..n in some order, labels [n] hold at least one 1."""
    clicked = ranks[labels == 1]
    gain = (1 / np.log2(1 + clicked[clicked <= k])).sum()
    return gain  # and now over the largest possible gain


def check_ndcg(answer=ndcg):
    labels = np.array([0, 0, 1, 1, 1, 0, 0])
    ranks = np.array([5, 1, 3, 6, 2, 4, 7])
    best = 1 + 1 / math.log2(3) + 1 / 2
    for k, true in ((5, (1 / math.log2(3) + 1 / 2) / best), (10, (1 / math.log2(3) + 1 / 2 + 1 / math.log2(7)) / best)):
        found = answer(ranks, labels, k)
        assert abs(found - true) < 1e-12, f"the tiny example has nDCG@{k} = {true:.4f}, not {found:.4f}"
    found = answer(np.arange(1, 10), np.array([1] * 8 + [0]), 5)
    assert abs(found - 1) < 1e-12, f"8 clicks at the ranks 1 to 8: the best possible, so nDCG@5 is 1, not {found:.4f}"


def negatives(shown, labels, count, rng):
    """Return ``count`` news numbers drawn from those shown [n] and not clicked (labels [n] are 0).

    Without replacement; with it when there are fewer than count; an empty array when there are none.
    """
    return rng.choice(shown, count)


def check_negatives(answer=negatives):
    rng = np.random.default_rng(10)
    shown, labels = np.arange(50, 60), np.array([1, 0, 0, 1, 0, 0, 0, 0, 1, 0])
    draws = [np.asarray(answer(shown, labels, 4, rng)) for _ in range(200)]
    for one in draws:
        assert one.shape == (4,), f"4 negatives were asked for, the answer has shape {one.shape}"
        assert not set(one.tolist()) & {50, 53, 58}, f"{one} holds a title that was clicked"
        assert len(set(one.tolist())) == 4, f"{one}: 7 titles were not clicked, so none may be drawn twice"
    assert len({tuple(one.tolist()) for one in draws}) > 20, "the negatives are not drawn anew"
    seen = set(np.concatenate(draws).tolist())
    assert len(seen) == 7, f"7 titles were not clicked, but only {sorted(seen)} are ever drawn"
    few = np.asarray(answer(np.array([3, 4, 5]), np.array([0, 1, 0]), 4, rng))
    assert few.shape == (4,), f"2 titles are not clicked and 4 are asked for: draw with replacement (shape {few.shape})"
    assert set(few.tolist()) <= {3, 5}, f"{few} holds a title that was clicked"
    none = np.asarray(answer(np.array([3, 4]), np.array([1, 1]), 4, rng))
    assert none.shape == (0,), f"nothing can be drawn where all was clicked, yet the answer is {none}"


def paired_interval(first, second, draws, rng):
    """Return (low, high), the 95 % bootstrap interval of mean(first - second) over impressions where both are numbers.

    first, second [n]: a metric of two rankings of the same impressions; NaN where an impression has one class.
    """
    raise NotImplementedError("paired_interval: one difference an impression, drawn with replacement, 2.5 and 97.5 %")


def check_paired_interval(answer=paired_interval):
    rng = np.random.default_rng(11)
    hard = rng.random(300)
    second = hard + rng.normal(0, 0.01, 300)
    first = second + 0.02 + rng.normal(0, 0.05, 300)
    true_error = (first - second).std(ddof=1) / math.sqrt(300)
    first[[5, 80]] = second[[5, 80]] = np.nan
    low, high = answer(first, second, 2000, np.random.default_rng(12))
    assert np.isfinite([low, high]).all(), "impressions that are NaN must be left out"
    middle, half = np.nanmean(first - second), 1.96 * true_error
    assert low < middle < high, f"the mean difference {middle:.4f} is not between {low:.4f} and {high:.4f}"
    width = (high - low) / (2 * half)
    assert width > 0.85, f"the interval is {width:.2f} times as wide as 2 * 1.96 standard errors: too narrow"
    assert width < 1.15, f"the interval is {width:.2f} times as wide as 2 * 1.96 standard errors: not paired?"


if __name__ == "__main__":
    for check in (check_auc, check_ndcg, check_negatives, check_paired_interval):
        check()
        print(f"{check.__name__.removeprefix('check_')}: right")
