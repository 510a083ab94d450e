"""How good a trained model is and for whom: what ``python -m nrms_np.evaluate`` does after its arguments are read.

Tutorial: tutorials/12_real_data.md
"""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from tqdm import tqdm

from ..batch import cut_histories, cut_titles
from ..clicks import Clicks, find_clicks
from ..config import Config
from ..data.mind import Behaviors, texts
from ..data.read_folder import read_folder
from ..data.vocabulary import unknown_share
from ..errors import InputError
from ..fit import validation_loss
from ..inference import score_pieces
from ..metrics import METRICS, impression_metrics, mean_metrics, rank_candidates
from ..rng import generator
from . import mpi
from .checkpoint import Checkpoint, load_checkpoint
from .report import describe_clicks, join_counts
from .submission import check_path, write_prediction

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


@dataclass(frozen=True)
class Report:
    """What evaluation found. ``groups`` begins with all impressions."""

    loss: float  # as training validates; NaN without a click that has a history and a non-click
    clicks: Clicks  # of the loss, and what it leaves out
    skipped: str  # how many impressions have no metrics, and why
    without_history: int  # in the metrics like all others: their candidates have equal scores
    groups: list[Group]


def evaluate_and_report(checkpoint_path: Path, folder: Path, prediction: Path | None, strict: bool) -> None:
    """Evaluate a checkpoint on a MIND folder, print what comes out, and write the prediction file if one is asked for.

    Raises InputError for unreadable files and for unlabelled data without ``prediction``, NonFiniteError when a score
    is not finite.
    """
    if prediction:
        check_path(prediction)  # before the long work, not after it
    checkpoint = load_checkpoint(checkpoint_path)
    news, behaviors = read_folder(folder, strict)
    labelled = behaviors.labels is not None
    if not labelled and not prediction:
        raise InputError(
            f"{folder}/behaviors.tsv has no labels (-0, -1), so there are no metrics; "
            "give --prediction FILE.zip to write the ranks"
        )
    news_words = cut_titles(checkpoint.vocabulary.encode_tokens(news.tokens), checkpoint.config)
    ranks = mpi.ranks()
    mpi.check_equal({**checkpoint.params, "impressions": behaviors.checksum, "titles": news_words.values})
    shown = len(behaviors.candidates.values)
    print(f"{folder}: {len(news):,} news, {len(behaviors):,} impressions, {shown:,} candidates")
    print(f"unknown title words: {unknown_share(news_words):.1%}")

    pieces: Iterable[tuple[int, int, np.ndarray]] = score_pieces(
        checkpoint.params, news_words, behaviors.histories, behaviors.candidates, checkpoint.config, ranks.map
    )
    if labelled:
        pieces = list(pieces)  # all scores are needed at once below: 4 bytes a candidate
        scores = np.concatenate([np.empty(0, np.float32), *(found for _, _, found in pieces)])
        print(_format(evaluate(checkpoint, behaviors, scores)))
    else:
        print("no labels (-0, -1), so no metrics")
    if prediction:
        write_prediction(prediction, behaviors.impression_ids, behaviors.candidates, pieces, ranks)
        print(f"ranks of {len(behaviors):,} impressions are in {prediction}")


def evaluate(checkpoint: Checkpoint, behaviors: Behaviors, scores: np.ndarray) -> Report:
    """Loss and metrics of the ``scores`` [all candidates] of labelled impressions, for all and by group.

    The loss and the metrics are those of ``fit.validate``. Nothing is recommended by popularity here: an
    impression without history has equal scores, and its ranks are decided by the hash that breaks ties.
    """
    config, candidates, labels = checkpoint.config, behaviors.candidates, behaviors.known_labels()
    clicks = find_clicks(behaviors.histories, candidates, labels)
    loss, _ = validation_loss(scores, clicks, config)

    values = impression_metrics(rank_candidates(scores, candidates), labels, candidates.offsets)
    clicks_before = np.concatenate([[0], np.cumsum(labels, dtype=np.int64)])
    shown, clicked = candidates.lengths, np.diff(clicks_before[candidates.offsets])  # [impressions]
    in_training = set(checkpoint.users)
    seen = np.array([user in in_training for user in texts(behaviors.user_ids)], bool)[behaviors.users]
    kept = cut_histories(behaviors.histories, config).lengths
    skipped = join_counts(
        (((clicked == 0) & (shown > 0)).sum(), "where nothing was clicked"),
        (((clicked == shown) & (shown > 0)).sum(), "where all was clicked"),
        ((shown == 0).sum(), "where nothing was shown"),
    )
    members = {"all": np.ones(len(behaviors), bool), "users seen in training": seen, "users not seen": ~seen}
    for low, high in history_ranges(config.history_length):
        members[f"history {low}-{high}" if low < high else f"history {low}"] = (low <= kept) & (kept <= high)
    bar = tqdm(members.items(), "bootstrap", leave=False)
    groups = [_group(name, values[who], config) for name, who in bar]
    return Report(loss, clicks, skipped, int((kept == 0).sum()), groups)


def history_ranges(kept: int) -> list[tuple[int, int]]:
    """No history, a short one, a long one; the last range ends with the ``kept`` clicks, however many there were."""
    return [(0, 0), (1, min(10, kept)), *([(11, kept)] if kept > 10 else [])]


def _group(name: str, values: np.ndarray, config: Config) -> Group:
    counted = values[~np.isnan(values[:, 0])]
    intervals = bootstrap(counted, generator(config.seed, "bootstrap"))
    return Group(name, len(values), len(counted), mean_metrics(values), dict(zip(METRICS, intervals)))


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


def _format(report: Report) -> str:
    total, same = report.groups[0], "not skipped (all their candidates score the same)"
    names = "".join(f" {name:>8}" for name in NAMES.values())
    return "\n".join(
        [
            f"loss {_number(report.loss)} over {describe_clicks(report.clicks)}",
            f"metrics over {total.counted:,} impressions" + (report.skipped and f"; skipped: {report.skipped}"),
            f"without history: {report.without_history:,} impressions, {same}",
            "",
            f"{'metric':8} {'value':>8}   95 % interval",
            *(f"{NAMES[one]:8} {_number(total.metrics[one]):>8}   {_interval(total, one)}" for one in METRICS),
            "",
            f"{'impressions':28} {'number':>9} {'counted':>9}{names}   AUC's 95 % interval",
            *map(_row, report.groups),
        ]
    )


def _row(group: Group) -> str:
    cells = "".join(f" {_number(group.metrics[metric]):>8}" for metric in METRICS)
    return f"{group.name:28} {group.impressions:>9,} {group.counted:>9,}{cells}   {_interval(group, METRICS[0])}"


def _number(value: float) -> str:
    return "-" if np.isnan(value) else f"{value:.4f}"


def _interval(group: Group, metric: str) -> str:
    return " to ".join(_number(end) for end in group.intervals[metric]) if group.counted else "-"
