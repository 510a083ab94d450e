"""AUC, MRR, nDCG@5 and nDCG@10 of each impression, as MIND's evaluate.py defines them, from ranks (chapter 10)."""

import math

import numpy as np

from .errors import NonFiniteError
from .parallel import in_parallel, row_blocks
from .ragged import Ragged

METRICS = ("auc", "mrr", "ndcg5", "ndcg10")
DISCOUNTS = np.array([0, *(1 / math.log2(1 + rank) for rank in range(1, 11))])  # of a click by its rank


def rank_candidates(scores: np.ndarray, candidates: Ragged, first_impression: int = 0) -> np.ndarray:
    """The rank of each candidate within its impression, 1 for the largest score. int32 [all candidates].

    scores [all candidates], raw, never through a sigmoid (which rounds large scores to the same 1.0). Equal scores are
    ordered by a hash of (impression number, news number): never by listing order, which would leak what a data set
    lists first. ``first_impression`` is the number of the first impression, where a file is ranked in pieces.
    Raises NonFiniteError when a score is NaN or infinite: no comparison with NaN is true, so it would rank first.
    """
    if not np.isfinite(scores).all():
        raise NonFiniteError("the scores are not finite")
    ranks = np.empty(len(scores), np.int32)

    def rank_block(block: slice) -> None:
        offsets = candidates.offsets[block.start : block.stop + 1]
        here, lengths = slice(offsets[0], offsets[-1]), np.diff(offsets)
        impression = np.repeat(np.arange(block.start, block.stop) + first_impression, lengths)
        # by impression, then by score, then by hash; the same news listed twice stay in their order
        order = np.lexsort((_hash(impression, candidates.values[here]), -scores[here], impression))
        ranks[here][order] = np.arange(len(order)) - np.repeat(offsets[:-1] - offsets[0], lengths) + 1

    in_parallel(rank_block, row_blocks(len(candidates)))
    return ranks


def _hash(impression: np.ndarray, news: np.ndarray) -> np.ndarray:
    """The finalizer of splitmix64 (Steele et al., 2014)."""
    x = (impression.astype(np.uint64) << np.uint64(32)) + news.astype(np.uint64) + np.uint64(0x9E3779B97F4A7C15)
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))


def impression_metrics(ranks: np.ndarray, labels: np.ndarray, offsets: np.ndarray) -> np.ndarray:
    """AUC, MRR, nDCG@5, nDCG@10 of each impression. float64 [impressions, 4].

    ranks, labels [all candidates]; NaN where an impression has clicks only or non-clicks only: skipped in the mean.

    AUC    = (sum over clicks of (n - rank) - P (P - 1) / 2) / (P (n - P))
    MRR    = mean over all P clicks of 1 / rank
    nDCG@k = sum over clicks with rank <= k of 1 / log2(1 + rank), over its largest possible value
    """
    positions = np.flatnonzero(labels == 1)  # of the clicks
    rank, impression = ranks[positions], np.searchsorted(offsets, positions, "right") - 1
    shown = np.diff(offsets)
    clicks = np.bincount(impression, minlength=len(shown))

    def total(values: np.ndarray) -> np.ndarray:
        """The sum over the clicks of each impression."""
        return np.bincount(impression, values, len(shown))

    out = np.empty((len(shown), len(METRICS)))
    with np.errstate(invalid="ignore"):
        out[:, 0] = (total(shown[impression] - rank) - clicks * (clicks - 1) / 2) / (clicks * (shown - clicks))
        out[:, 1] = total(1 / rank) / clicks
        for column, k in ((2, 5), (3, 10)):
            gains = np.where(rank <= k, DISCOUNTS[np.minimum(rank, k)], 0)
            out[:, column] = total(gains) / np.cumsum(DISCOUNTS[: k + 1])[np.minimum(clicks, k)]
    out[(clicks == 0) | (clicks == shown)] = np.nan
    return out


def mean_metrics(per_impression: np.ndarray) -> dict[str, float]:
    """The mean of each metric over the impressions that have one, by name; NaN when there is none."""
    counted = per_impression[~np.isnan(per_impression[:, 0])]
    means = counted.mean(axis=0) if len(counted) else np.full(len(METRICS), np.nan)
    return dict(zip(METRICS, means.tolist()))


def evaluate_scores(scores: np.ndarray, candidates: Ragged, labels: np.ndarray) -> dict[str, float]:
    """Scores of all candidates -> the four mean metrics, by name."""
    return mean_metrics(impression_metrics(rank_candidates(scores, candidates), labels, candidates.offsets))
