"""Training samples: each click of an impression, and K negatives drawn from what was shown, not clicked (chapter 10).

``Split`` is all that training and validation read: arrays, made from files by ``data.mind.prepare``.
"""

from dataclasses import dataclass

import numpy as np

from .batch import Batch, cut_histories, make_batch
from .config import Config
from .parallel import kernel
from .ragged import Ragged


@dataclass(frozen=True, eq=False)
class Clicks:
    """The clicks that can train. Positions point into ``candidates.values``."""

    impressions: np.ndarray  # int32 [clicks], the impression of each click, ascending
    positives: np.ndarray  # int32 [clicks], the position of the clicked candidate
    offsets: np.ndarray  # int64 [impressions + 1], where the candidates of each impression begin
    labels: np.ndarray  # int8 [all candidates], 1 = clicked
    left_out: dict[str, int]  # how many impressions, by the reason

    def __len__(self) -> int:
        return len(self.impressions)


def find_clicks(histories: Ragged, candidates: Ragged, labels: np.ndarray) -> Clicks:
    """List the clicks that can train.

    histories, candidates [impressions] of news numbers; labels int8 [all candidates], 1 = clicked. An impression
    without history has loss ln(1 + K) and zero gradient whatever the weights; one without a non-click has no negative
    to draw.
    """
    positives = np.flatnonzero(labels).astype(np.int32)
    impressions = (np.searchsorted(candidates.offsets, positives, "right") - 1).astype(np.int32)
    clicks = np.bincount(impressions, minlength=len(candidates))
    has_history, has_click, has_negative = histories.lengths > 0, clicks > 0, clicks < candidates.lengths
    left_out = {
        "without history": ~has_history,
        "where all was clicked": has_history & has_click & ~has_negative,
        "where nothing was clicked": has_history & ~has_click,
    }
    counts = {reason: int(which.sum()) for reason, which in left_out.items()}
    trains = (has_history & has_click & has_negative)[impressions]
    return Clicks(impressions[trains], positives[trains], candidates.offsets, labels, counts)


def draw_candidates(clicks: Clicks, which: np.ndarray, negatives: int, rng: np.random.Generator) -> np.ndarray:
    """For each click numbered ``which`` its own position, then those of K negatives of its impression. int32 [., 1+K].

    Negatives are drawn without replacement; where an impression has fewer than K, with replacement.
    """
    out = np.empty((len(which), 1 + negatives), np.int32)
    out[:, 0] = clicks.positives[which]
    uniform = rng.random((len(which), negatives))
    _draw_negatives(uniform, clicks.impressions[which], clicks.offsets, clicks.labels, out)
    return out


@kernel
def _draw_negatives(uniform, impressions, offsets, labels, out):
    for u, i in enumerate(impressions):
        left = [p for p in range(offsets[i], offsets[i + 1]) if labels[p] == 0]
        enough = len(left) >= uniform.shape[1]
        for k in range(uniform.shape[1]):
            pick = int(uniform[u, k] * len(left))
            out[u, 1 + k] = left.pop(pick) if enough else left[pick]


@dataclass(frozen=True, eq=False)
class Split:
    """Training or evaluation data as integers. Histories are cut where they are read: all at once would double them."""

    news_words: Ragged  # [news] of vocabulary ids, cut to what the model reads
    histories: Ragged  # [impressions] of news numbers, whole
    candidates: Ragged  # [impressions] of news numbers
    labels: np.ndarray  # int8 [all candidates], 1 = clicked
    clicks: Clicks
    vocabulary_size: int

    def batch(self, which: np.ndarray, config: Config, rng: np.random.Generator) -> Batch:
        """The clicks numbered ``which`` [B], each with K fresh negatives (see ``draw_candidates``)."""
        positions = draw_candidates(self.clicks, which, config.negatives, rng)
        histories = cut_histories(self.histories.take(self.clicks.impressions[which]), config)
        return make_batch(self.news_words, histories, self.candidates.values[positions], self.vocabulary_size)
