"""Exercises of chapter 11: fill in the stubs, then run ``python tutorials/exercises/11_reading_the_model.py``."""

import numpy as np

from nrms_np.layers.additive_attention import additive_attention_forward
from nrms_np.layers.self_attention import self_attention_forward
from nrms_np.ragged import Ragged


def drop_each(words):
    """For each position of the list words: the list without that position (and with all others)."""
    raise NotImplementedError


def mean_without(weights, numbers, j):
    """The weighted mean of numbers [n] without entry j; weights [n] sum to 1 and keep their proportions."""
    raise NotImplementedError


def share_of_words(additive, alpha):
    """additive [n], alpha [H, n, n] (position i takes alpha[h, i, j] from j) -> share [H, n] of each word j."""
    raise NotImplementedError


def same_user(history):
    """A longer history (a list of title numbers) for which NRMS has the same user vector."""
    return history + history[-1:]  # the last click again: this one is drawn towards its last title


def check_drop_each(answer=drop_each):
    for words in ([4, 7, 9], [5, 5, 2], [3]):
        right = {3: [words[1:], [words[0], words[-1]], words[:2]], 1: [[]]}[len(words)]
        got = [list(one) for one in answer(list(words))]
        assert got == right, f"from {words} you should make {right}, not {got}"


def check_mean_without(answer=mean_without):
    weights, numbers = np.array([3, 2, 1]) / 6, np.array([0.0, 2.0, 1.0])
    for j, right in enumerate((5 / 3, 1 / 4, 4 / 5)):
        got = answer(weights, numbers, j)
        assert abs(got - right) < 1e-12, f"without entry {j} the tiny example has {right:.4f}, not {got:.4f}"


def check_share_of_words(answer=share_of_words):
    rng = np.random.default_rng(0)
    additive, alpha = rng.dirichlet(np.ones(4)), rng.dirichlet(np.ones(4), size=(2, 4))
    value = rng.normal(size=(4, 2, 3))  # [n, H, A]
    got = answer(additive, alpha)
    assert got.shape == (2, 4), f"share has shape [H, n] = (2, 4), not {got.shape}"
    assert np.allclose(got.sum(axis=1), 1), f"the shares of a head sum to 1, not to {got.sum(axis=1)}"
    vector = sum(additive[i] * alpha[h, i, j] * value[j, h] for h in (0,) for i in range(4) for j in range(4))
    assert np.allclose(got[0] @ value[:, 0], vector), "share @ value is not the title vector of head 0"


def check_same_user(answer=same_user):
    rng = np.random.default_rng(1)
    rows, query = rng.normal(size=(10, 6)), rng.normal(size=4)
    matrices, weight, bias = rng.normal(size=(3, 6, 6)), rng.normal(size=(6, 4)), rng.normal(size=4)

    def user(history):
        sets = Ragged.from_lists([history])
        attended, _ = self_attention_forward(rows, sets, *matrices, 2)
        return additive_attention_forward(attended, sets, weight, bias, query)[0][0]

    for history in ([3, 8, 5], [7, 7, 1, 4]):
        got = list(answer(list(history)))
        assert len(got) > len(history), f"{got} is not longer than {history}"
        assert np.allclose(user(got), user(history)), f"{got} is another user than {history}"


if __name__ == "__main__":
    for check in (check_drop_each, check_mean_without, check_share_of_words, check_same_user):
        check()
        print(check.__name__.removeprefix("check_"), "is right")
