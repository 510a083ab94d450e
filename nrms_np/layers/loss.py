"""Click predictor and loss: dot products of candidates and user, softmax, negative log-likelihood (chapter 03)."""

from typing import NamedTuple

import numpy as np

from ..ragged import Ragged, sum_rows


class ClickScoresCache(NamedTuple):
    titles: np.ndarray
    users: np.ndarray
    candidates: np.ndarray


def click_scores_forward(
    titles: np.ndarray, users: np.ndarray, candidates: np.ndarray
) -> tuple[np.ndarray, ClickScoresCache]:
    """scores_bc = titles[candidates_bc] . users_b (section 2.3).

    titles [N, M], users [B, M], candidates [B, 1+K] of title numbers -> scores [B, 1+K].
    """
    scores = np.einsum("bcm,bm->bc", titles[candidates], users)  # [B, 1+K]
    return scores, ClickScoresCache(titles, users, candidates)


def click_scores_backward(dscores: np.ndarray, cache: ClickScoresCache) -> tuple[np.ndarray, np.ndarray]:
    """Returns (dtitles [N, M], dusers [B, M]).

    dusers_b = sum_c dscores_bc titles[candidates_bc]; a title gets dscores_bc users_b from every place that shows it.
    """
    titles, users, candidates = cache
    dusers = np.einsum("bc,bcm->bm", dscores, titles[candidates])  # [B, M]
    dshown = (dscores[:, :, None] * users[:, None, :]).reshape(-1, users.shape[1])  # [B * (1+K), M]
    places = Ragged.from_lengths(candidates.ravel(), np.full(len(candidates), candidates.shape[1]))
    return sum_rows(dshown, places.transpose(len(titles))), dusers


def click_loss_forward(scores: np.ndarray) -> tuple[np.floating, np.ndarray]:
    """loss = -mean_b log softmax(scores_b)[0]: the clicked candidate is in column 0 (section 2.4).

    scores [B, 1+K] -> loss (scalar), cache: the probabilities [B, 1+K]. The largest score is subtracted first, so
    that no exponential overflows; the loss is taken from the log-sum-exp, so that no logarithm of zero occurs.
    """
    # .real: the gradient check passes complex numbers through here, which have no order
    shifted = scores - scores[np.arange(len(scores)), scores.real.argmax(axis=1)][:, None]
    exponentials = np.exp(shifted)
    total = exponentials.sum(axis=1, keepdims=True)  # [B, 1]
    loss = (np.log(total[:, 0]) - shifted[:, 0]).mean()
    return loss, exponentials / total


def click_loss_backward(cache: np.ndarray) -> np.ndarray:
    """dscores = (p - y) / B, where y is 1 in column 0 and 0 elsewhere. [B, 1+K]."""
    dscores = cache.copy()
    dscores[:, 0] -= 1
    return dscores / len(dscores)
