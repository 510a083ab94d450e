"""Exercises of chapter 06: fill in the stubs, then run ``python tutorials/exercises/06_two_encoders.py``."""

import math

import numpy as np


def dropout_backward(dout, mask, rate):
    """out = x * mask / (1 - rate), mask bool: dout, mask of the shape of x -> dx."""
    raise NotImplementedError


def title_gradient(dclicked, dscores, users, candidates):
    """dclicked [N, M] from the histories, dscores [B, 1+K], users [B, M], candidates [B, 1+K] -> dtitles [N, M]."""
    raise NotImplementedError


def masks_by_position(word_masks, titles):
    """word_masks [U, D], titles a list of lists of word numbers 0..U-1 -> bool [T, D]: the mask of each position."""
    raise NotImplementedError


def loss_without_history(negatives):
    """The loss -log softmax(scores)[0] of a user with an empty history and this many negatives."""
    raise NotImplementedError


def check_dropout_backward(answer=dropout_backward):
    rng = np.random.default_rng(0)
    for rate in (0.2, 0.5):
        x, dout, mask, step = rng.normal(size=(4, 5)), rng.normal(size=(4, 5)), rng.random((4, 5)) >= rate, 1e-6
        got = answer(dout, mask, rate)
        for place in np.ndindex(*x.shape):
            nudge = np.zeros(x.shape)
            nudge[place] = step
            change = (x + nudge) * mask / (1 - rate) - (x - nudge) * mask / (1 - rate)
            right = (dout * change).sum() / (2 * step)
            assert abs(got[place] - right) < 1e-7, f"rate {rate}: dx{list(place)} should be {right:.6f}"


def check_title_gradient(answer=title_gradient):
    rng = np.random.default_rng(1)
    titles, users, dscores = rng.normal(size=(5, 4)), rng.normal(size=(3, 4)), rng.normal(size=(3, 3))
    candidates, direction, step = np.array([[0, 1, 2], [3, 1, 0], [4, 1, 1]]), rng.normal(size=(5, 4)), 1e-6
    before = direction.copy()
    got = answer(direction, dscores, users, candidates)
    assert (direction == before).all(), "dclicked was changed: add to a copy"
    assert got is not None and got.shape == titles.shape, "dtitles has the shape of titles, [N, M]"

    def loss(titles):  # the histories are stood in for by sum(dclicked * titles), whose gradient is dclicked
        scores = (titles[candidates] * users[:, None, :]).sum(axis=2)
        return (direction * titles).sum() + (dscores * scores).sum()

    for n, m in np.ndindex(*titles.shape):
        nudge = np.zeros(titles.shape)
        nudge[n, m] = step
        right = (loss(titles + nudge) - loss(titles - nudge)) / (2 * step)
        times = (candidates == n).sum()
        assert abs(got[n, m] - right) < 1e-6, (
            f"dtitles[{n}, {m}] should be {right:.4f}, not {got[n, m]:.4f} (title {n} is shown {times} times)"
        )


def check_masks_by_position(answer=masks_by_position):
    rng = np.random.default_rng(2)
    rows, word_masks, titles = rng.normal(size=(5, 6)), rng.random((5, 6)) >= 0.4, [[0, 1, 0], [2], [], [4, 3, 1]]
    got = answer(word_masks, titles)
    assert got.shape == (7, 6), f"the titles have 7 positions: the shape should be (7, 6), not {got.shape}"
    position = 0
    for title in titles:
        for word in title:
            same = rows[word] * got[position] == rows[word] * word_masks[word]
            assert same.all(), f"position {position} holds word {word} and should lose the entries that the word loses"
            position += 1


def check_loss_without_history(answer=loss_without_history):
    rng = np.random.default_rng(3)
    for negatives in (1, 4, 9):
        scores = rng.normal(size=(1 + negatives, 8)) @ np.zeros(8)  # the vector of an empty history is zero
        right = -math.log(np.exp(scores[0]) / np.exp(scores).sum())
        got = answer(negatives)
        assert abs(got - right) < 1e-12, f"with {negatives} negatives the loss is {right:.4f}, not {got:.4f}"


if __name__ == "__main__":
    for check in (check_dropout_backward, check_title_gradient, check_masks_by_position, check_loss_without_history):
        check()
        print(check.__name__.removeprefix("check_"), "is right")
