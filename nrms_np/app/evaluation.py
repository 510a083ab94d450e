"""How good a trained model is and for whom: metrics with intervals, of all impressions and of groups (chapter 12)."""

from dataclasses import dataclass

import numpy as np
from tqdm import tqdm

from ..batch import cut_histories
from ..clicks import find_clicks
from ..data.mind import Behaviors, texts
from ..fit import validation_loss
from ..metrics import METRICS, impression_metrics, mean_metrics, rank_candidates
from ..rng import generator
from .checkpoint import Checkpoint
from .report import describe_clicks, join_counts

RESAMPLES = 1000  # of the bootstrap
NAMES = dict(zip(METRICS, ("AUC", "MRR", "nDCG@5", "nDCG@10")))


@dataclass(frozen=True)
class Group:
    """The metrics of some of the impressions."""

    name: str
    impressions: int
    counted: int  # those with clicks and non-clicks: the others have no metrics
    metrics: dict[str, float]  # the means over the counted ones; NaN when there is none
    intervals: dict[str, tuple[float, float]]  # 95 %, see ``bootstrap``


def report(checkpoint: Checkpoint, behaviors: Behaviors, scores: np.ndarray) -> str:
    """Loss and metrics of the ``scores`` [all candidates] of labelled impressions, as text.

    The loss and the metrics are those of ``fit.validate``. Nothing is recommended by popularity here: an
    impression without history has equal scores, and its ranks are decided by the hash that breaks ties.
    """
    candidates, labels = behaviors.candidates, behaviors.known_labels()
    clicks = find_clicks(behaviors.histories, candidates, labels)
    loss, _ = validation_loss(scores, clicks, checkpoint.config)
    clicks_before = np.concatenate([[0], np.cumsum(labels, dtype=np.int64)])
    shown, clicked = candidates.lengths, np.diff(clicks_before[candidates.offsets])  # [impressions]
    skipped = join_counts(
        (((clicked == 0) & (shown > 0)).sum(), "where nothing was clicked"),
        (((clicked == shown) & (shown > 0)).sum(), "where all was clicked"),
        ((shown == 0).sum(), "where nothing was shown"),
    )
    without_history = (behaviors.histories.lengths == 0).sum()
    groups = evaluate(checkpoint, behaviors, scores)
    total = groups[0]
    lines = [
        f"loss {_text(loss)} over {describe_clicks(clicks)}",
        f"metrics over {total.counted:,} impressions" + (skipped and f"; skipped: {skipped}"),
        f"without history: {without_history:,} impressions, not skipped (all their candidates score the same)",
        f"\n{'metric':8} {'value':>8}   95 % interval",
    ]
    for metric, name in NAMES.items():
        lines.append(f"{name:8} {_text(total.metrics[metric]):>8}   {_text(*total.intervals[metric])}")
    names = "".join(f" {name:>8}" for name in NAMES.values())
    lines.append(f"\n{'impressions':28} {'number':>9} {'counted':>9}{names}   AUC's 95 % interval")
    for group in groups:
        means = "".join(f" {_text(mean):>8}" for mean in group.metrics.values())
        auc = _text(*group.intervals["auc"])
        lines.append(f"{group.name:28} {group.impressions:>9,} {group.counted:>9,}{means}   {auc}")
    return "\n".join(lines)


def _text(*values: float) -> str:
    """A number, or the ends of an interval."""
    return "-" if np.isnan(values[0]) else " to ".join(f"{value:.4f}" for value in values)


def evaluate(checkpoint: Checkpoint, behaviors: Behaviors, scores: np.ndarray) -> list[Group]:
    """The metrics of the ``scores`` [all candidates] of all impressions, then of groups by user and by history."""
    ranks = rank_candidates(scores, behaviors.candidates)
    values = impression_metrics(ranks, behaviors.known_labels(), behaviors.candidates.offsets)
    in_training, most = set(checkpoint.users), checkpoint.config.history_length
    seen = np.array([user in in_training for user in texts(behaviors.user_ids)], bool)[behaviors.users]
    members = {"all": np.ones(len(behaviors), bool), "users seen in training": seen, "users not seen": ~seen}
    kept = cut_histories(behaviors.histories, checkpoint.config).lengths
    for low, high in [(0, 0), (1, min(10, most)), (11, most)]:  # no history, a short one, a long one
        if low <= high:
            members[f"history {low}-{high}" if low < high else f"history {low}"] = (low <= kept) & (kept <= high)
    groups = []
    for name, who in tqdm(members.items(), "bootstrap", leave=False):
        counted = values[who & ~np.isnan(values[:, 0])]
        intervals = dict(zip(METRICS, bootstrap(counted, generator(checkpoint.config.seed, "bootstrap"))))
        groups.append(Group(name, int(who.sum()), len(counted), mean_metrics(counted), intervals))
    return groups


def bootstrap(values: np.ndarray, rng: np.random.Generator) -> list[tuple[float, float]]:
    """The 95 % percentile interval of the mean of each column of ``values`` [impressions, columns].

    Impressions are resampled with replacement, RESAMPLES times. They are taken as independent; those of one user are
    not quite, so the true intervals are a little wider.
    """
    if not len(values):
        return [(np.nan, np.nan)] * values.shape[1]
    means = np.empty((RESAMPLES, values.shape[1]))
    for r in range(RESAMPLES):
        drawn = np.bincount(rng.integers(len(values), size=len(values)), minlength=len(values))
        means[r] = drawn @ values / len(values)  # how often each was drawn, times what it scored
    low, high = np.quantile(means, (0.025, 0.975), axis=0)
    return list(zip(low.tolist(), high.tolist()))
