"""Training samples: each click of an impression, and K negatives drawn from what was shown but not clicked.

Tutorial: tutorials/10_clicks_to_metrics.md
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit

from ..errors import InputError
from ..ragged import Ragged
from .mind import Behaviors


@dataclass(frozen=True, eq=False)
class Clicks:
    """The clicks that can train. Positions point into ``behaviors.candidates.values``."""

    impressions: np.ndarray  # int64 [clicks], the impression of each click
    positives: np.ndarray  # int64 [clicks], the position of the clicked candidate
    negatives: Ragged  # [impressions], the positions of the candidates that were not clicked
    without_history: int  # impressions left out, and why
    without_negative: int
    without_click: int

    def __len__(self) -> int:
        return len(self.impressions)

    def report(self) -> str:
        reasons = (
            (self.without_history, "without history"),
            (self.without_negative, "where all was clicked"),
            (self.without_click, "where nothing was clicked"),
        )
        left_out = [f"{count:,} {reason}" for count, reason in reasons if count]
        return f"{len(self):,} clicks" + (f"; impressions left out: {', '.join(left_out)}" if left_out else "")


def find_clicks(behaviors: Behaviors) -> Clicks:
    """List the clicks that can train.

    An impression without history has loss ln(1 + K) and zero gradient whatever the weights; one without a non-click has
    no negative to draw. Both are left out and counted. Raises InputError for unlabelled data.
    """
    if behaviors.labels is None:
        raise InputError("behaviors.tsv has no labels (-0, -1), so there are no clicks to learn from or to validate on")
    impression = behaviors.candidates.list_of_position()
    clicked = behaviors.labels == 1
    positives = np.bincount(impression[clicked], minlength=len(behaviors))
    negatives = behaviors.candidates.lengths - positives
    has_history = behaviors.histories.lengths > 0
    kept = np.flatnonzero(clicked & (has_history & (negatives > 0))[impression])
    return Clicks(
        impression[kept],
        kept,
        Ragged.from_lengths(np.flatnonzero(~clicked), negatives),
        without_history=int((~has_history).sum()),
        without_negative=int((has_history & (positives > 0) & (negatives == 0)).sum()),
        without_click=int((has_history & (positives == 0)).sum()),
    )


def draw_candidates(clicks: Clicks, negatives: int, rng: np.random.Generator) -> np.ndarray:
    """For each click its own position and then those of K negatives of the same impression. int64 [clicks, 1+K].

    Negatives are drawn without replacement; where an impression has fewer than K, with replacement.
    """
    uniform = rng.random((len(clicks), negatives))
    out = np.empty((len(clicks), 1 + negatives), np.int64)
    out[:, 0] = clicks.positives
    _draw(uniform, clicks.impressions, clicks.negatives.values, clicks.negatives.offsets, out)
    return out


@njit(cache=True)
def _draw(uniform, impressions, pool, offsets, out):
    count = uniform.shape[1]
    drawn = np.empty(count, np.int64)  # ascending
    for s in range(len(impressions)):
        start = offsets[impressions[s]]
        size = offsets[impressions[s] + 1] - start
        for k in range(count):
            if size < count:
                out[s, 1 + k] = pool[start + int(uniform[s, k] * size)]
                continue
            # a number among the size - k that are left: step over those already drawn, in ascending order
            pick = int(uniform[s, k] * (size - k))
            place = 0
            while place < k and drawn[place] <= pick:
                pick += 1
                place += 1
            for later in range(k, place, -1):
                drawn[later] = drawn[later - 1]
            drawn[place] = pick
            out[s, 1 + k] = pool[start + pick]
