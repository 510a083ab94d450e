"""Training samples: each click of an impression, and K negatives drawn from what was shown but not clicked.

Tutorial: tutorials/10_clicks_to_metrics.md
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit

from ..errors import InputError
from .mind import Behaviors

CHUNK = 1 << 16  # clicks whose random numbers are held at a time


@dataclass(frozen=True, eq=False)
class Clicks:
    """The clicks that can train. Positions point into ``behaviors.candidates.values``."""

    impressions: np.ndarray  # int32 [clicks], the impression of each click, ascending
    positives: np.ndarray  # int32 [clicks], the position of the clicked candidate
    labels: np.ndarray  # int8 [all candidates], those of the behaviors
    offsets: np.ndarray  # int64 [impressions + 1], where the candidates of each impression begin
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
    labels, offsets = behaviors.labels, behaviors.candidates.offsets
    clicked = np.count_nonzero(labels)
    impressions, positives = np.empty(clicked, np.int32), np.empty(clicked, np.int32)
    count, *left_out = _find(labels, offsets, behaviors.histories.offsets, impressions, positives)
    return Clicks(impressions[:count].copy(), positives[:count].copy(), labels, offsets, *left_out)


@njit(cache=True)
def _find(labels, offsets, history_offsets, impressions, positives):
    count = without_history = without_negative = without_click = 0
    for i in range(len(offsets) - 1):
        start, end = offsets[i], offsets[i + 1]
        clicks = 0
        for p in range(start, end):
            clicks += labels[p]
        if history_offsets[i] == history_offsets[i + 1]:
            without_history += 1
        elif clicks == 0:
            without_click += 1
        elif clicks == end - start:
            without_negative += 1
        else:
            for p in range(start, end):
                if labels[p]:
                    impressions[count] = i
                    positives[count] = p
                    count += 1
    return count, without_history, without_negative, without_click


def draw_candidates(clicks: Clicks, negatives: int, rng: np.random.Generator) -> np.ndarray:
    """For each click its own position and then those of K negatives of the same impression. int32 [clicks, 1+K].

    Negatives are drawn without replacement; where an impression has fewer than K, with replacement.
    """
    out = np.empty((len(clicks), 1 + negatives), np.int32)
    out[:, 0] = clicks.positives
    pool = np.empty(np.diff(clicks.offsets).max(initial=0), np.int32)
    for first in range(0, len(clicks), CHUNK):
        some = slice(first, first + CHUNK)
        impressions = clicks.impressions[some]
        uniform = rng.random((len(impressions), negatives))
        _draw(uniform, impressions, clicks.labels, clicks.offsets, pool, out[some])
    return out


@njit(cache=True)
def _draw(uniform, impressions, labels, offsets, pool, out):
    count = uniform.shape[1]
    drawn = np.empty(count, np.int64)  # ascending
    pooled = -1
    size = 0
    for s in range(len(impressions)):
        if impressions[s] != pooled:  # the pool: what was shown in this impression and not clicked
            pooled = impressions[s]
            size = 0
            for p in range(offsets[pooled], offsets[pooled + 1]):
                if not labels[p]:
                    pool[size] = p
                    size += 1
        for k in range(count):
            if size < count:
                out[s, 1 + k] = pool[int(uniform[s, k] * size)]
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
            out[s, 1 + k] = pool[pick]
