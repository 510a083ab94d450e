"""How good a trained model is and for whom (chapter 12): metrics with intervals, and the file of the leaderboard."""

from collections.abc import Iterable
from pathlib import Path
from typing import BinaryIO
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

import numpy as np
from tqdm import tqdm

from ..batch import cut_histories
from ..clicks import Clicks, find_clicks
from ..data.files import write_file
from ..data.mind import Behaviors, texts
from ..errors import InputError
from ..fit import validation_loss
from ..metrics import impression_metrics, mean_metrics, rank_candidates
from ..ragged import Ragged
from ..rng import generator
from .checkpoint import Checkpoint
from .mpi import ALONE, Ranks

NAMES = ("AUC", "MRR", "nDCG@5", "nDCG@10")  # of metrics.METRICS
Piece = tuple[int, int, np.ndarray]  # first, end, and the scores of the candidates of impressions first..end-1


def describe_clicks(clicks: Clicks) -> str:
    """How many clicks there are, and what was left out and why."""
    return f"{len(clicks):,} clicks{_join_counts('; impressions left out: ', clicks.left_out)}"


def _join_counts(title: str, counts: dict[str, int]) -> str:
    """("skipped: ", {"without history": 2, "empty": 0}) is "skipped: 2 without history"; without counts it is ""."""
    told = ", ".join(f"{count:,} {reason}" for reason, count in counts.items() if count)
    return told and title + told


def report(checkpoint: Checkpoint, behaviors: Behaviors, scores: np.ndarray) -> str:
    """Loss and metrics of the ``scores`` [all candidates] of labelled impressions, of all and by group, as text.

    The loss and the metrics are those of ``fit.validate``. Nothing is recommended by popularity here: an
    impression without history has equal scores, and its ranks are decided by the hash that breaks ties.
    """
    candidates, labels = behaviors.candidates, behaviors.known_labels()
    clicks = find_clicks(behaviors.histories, candidates, labels)
    loss, _ = validation_loss(scores, clicks, checkpoint.config)
    clicks_before = np.concatenate([[0], np.cumsum(labels, dtype=np.int64)])
    shown, clicked = candidates.lengths, np.diff(clicks_before[candidates.offsets])  # [impressions]
    skipped = {
        "where nothing was clicked": ((clicked == 0) & (shown > 0)).sum(),
        "where all was clicked": ((clicked == shown) & (shown > 0)).sum(),
        "where nothing was shown": (shown == 0).sum(),
    }
    values = impression_metrics(rank_candidates(scores, candidates), labels, candidates.offsets)
    counts = ~np.isnan(values[:, 0])  # not skipped
    without_history = (behaviors.histories.lengths == 0).sum()
    lines = [
        f"loss {_text(loss)} over {describe_clicks(clicks)}",
        f"metrics over {counts.sum():,} impressions{_join_counts('; skipped: ', skipped)}",
        f"without history: {without_history:,} impressions, not skipped (all their candidates score the same)",
        f"\n{'metric':8} {'value':>8}   95 % interval",
    ]
    groups = [
        "\nimpressions                     number   counted      AUC      MRR   nDCG@5  nDCG@10   AUC's 95 % interval"
    ]
    for name, who in tqdm(find_groups(checkpoint, behaviors).items(), "bootstrap", leave=False):
        counted = values[who & counts]
        means = [f"{_text(mean):>8}" for mean in mean_metrics(counted).values()]
        intervals = [_text(*ends) for ends in bootstrap(counted, generator(checkpoint.config.seed, "bootstrap"))]
        if name == "all":
            lines += [f"{metric:8} {mean}   {ends}" for metric, mean, ends in zip(NAMES, means, intervals)]
        groups.append(f"{name:28} {who.sum():>9,} {len(counted):>9,} {' '.join(means)}   {intervals[0]}")
    return "\n".join(lines + groups)


def _text(*values: float) -> str:
    """A number, or the ends of an interval."""
    return "-" if np.isnan(values[0]) else " to ".join(f"{value:.4f}" for value in values)


def find_groups(checkpoint: Checkpoint, behaviors: Behaviors) -> dict[str, np.ndarray]:
    """Which impressions are in which group, by user and by history. bool [impressions] of each."""
    in_training, most = set(checkpoint.users), checkpoint.config.history_length
    seen = np.array([user in in_training for user in texts(behaviors.user_ids)], bool)[behaviors.users]
    groups = {"all": np.ones(len(behaviors), bool), "users seen in training": seen, "users not seen": ~seen}
    kept = cut_histories(behaviors.histories, checkpoint.config).lengths
    for low, high in [(0, 0), (1, min(10, most)), (11, most)]:  # no history, a short one, a long one
        if low <= high:
            groups[f"history {low}-{high}" if low < high else f"history {low}"] = (low <= kept) & (kept <= high)
    return groups


def bootstrap(values: np.ndarray, rng: np.random.Generator) -> list[tuple[float, float]]:
    """The 95 % percentile interval of the mean of each column of ``values`` [impressions, columns].

    Impressions are resampled with replacement, 1,000 times. They are taken as independent; those of one user are
    not quite, so the true intervals are a little wider.
    """
    count = len(values)
    if not count:
        return [(np.nan, np.nan)] * values.shape[1]
    # how often each impression was drawn, times what it scored
    draws = (np.bincount(rng.integers(count, size=count), minlength=count) for _ in range(1000))
    low, high = np.quantile([drawn @ values / count for drawn in draws], (0.025, 0.975), axis=0)
    return list(zip(low.tolist(), high.tolist()))


def write_prediction(
    path: Path, impression_ids: np.ndarray, candidates: Ragged, scored: Iterable[Piece], mpi_ranks: Ranks = ALONE
) -> None:
    """Write ``id [r1,r2,...]`` for each impression, in file order: the rank of each candidate, in candidate order.

    Ranks are unique, from 1 for the best (``metrics.rank_candidates``). ``scored`` is what ``inference.score_pieces``
    yields; each piece is written as it comes. ``path`` appears when the file is complete. Raises InputError for an
    impression id that the format cannot hold. Of several MPI ranks rank 0 writes.
    """

    def lines(piece: Piece) -> bytes:
        first, last, scores = piece
        shown = candidates.take(np.arange(first, last))
        ranks, offsets, written = rank_candidates(scores, shown, first), shown.offsets.tolist(), []
        form = [str(rank) for rank in range(ranks.max(initial=0) + 1)]  # a few hundred: cheaper than str of each
        formatted = [form[rank] for rank in ranks.tolist()]
        for impression_id, start, end in zip(texts(impression_ids[first:last]), offsets, offsets[1:]):
            if impression_id.split() != [impression_id]:
                raise InputError(f"impression id {impression_id!r}: the prediction file needs one, and without spaces")
            written.append(f"{impression_id} [{','.join(formatted[start:end])}]\n")
        return "".join(written).encode()

    def write(file: BinaryIO) -> None:
        member = ZipInfo("prediction.txt", (1980, 1, 1, 0, 0, 0))  # a fixed date: the same ranks give the same bytes
        member.compress_type = ZIP_DEFLATED
        member.create_system = 3  # Unix, on every system
        member.external_attr = 0o644 << 16
        with ZipFile(file, "w") as archive, archive.open(member, "w", force_zip64=True) as text:
            text.writelines(pieces)

    pieces = mpi_ranks.map(lines, scored)
    if mpi_ranks.rank == 0:
        return write_file(path, write)
    for _ in pieces:  # makes its part of them
        pass
