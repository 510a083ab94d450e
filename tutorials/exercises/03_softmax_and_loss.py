"""Exercises of chapter 03: fill in a stub, then run ``python tutorials/exercises/03_softmax_and_loss.py``."""

import numpy as np


def stable_softmax(scores):
    """Return the softmax of each row of scores [B, 1+K]; scores may be of any size, and differ much between rows."""
    exponentials = np.exp(scores)  # overflows
    return exponentials / exponentials.sum()  # and sums over what?


def check_stable_softmax(answer=stable_softmax):
    small = np.array([[3.0, 1.0, 1.0], [2.0, 2.0, 2.0]])
    want = np.array([[0.78698604, 0.10650698, 0.10650698], [1 / 3, 1 / 3, 1 / 3]])
    cases = {
        "small scores": (small, want),
        "large scores": (small + 2000, want),
        "very negative scores": (small - 2000, want),
        "one row large, one row very negative": (small + np.array([[3000.0], [-3000.0]]), want),
    }
    for kind, (scores, want) in cases.items():
        with np.errstate(all="ignore"):
            got = np.asarray(answer(scores.copy()))
        assert got.shape == scores.shape, f"{kind}: the shape is {got.shape}, not {scores.shape}"
        assert np.isfinite(got).all(), f"{kind}: not every number is finite: {got}"
        assert np.allclose(got.sum(axis=1), 1), f"{kind}: the rows sum to {got.sum(axis=1)}, not to 1"
        assert np.allclose(got, want), f"{kind}: {got.round(4)} instead of {want.round(4)}"


def loss_gradient(probabilities, clicked):
    """Return dscores [B, 1+K] of the mean loss; probabilities [B, 1+K]; clicked int [B]: a column for each row."""
    raise NotImplementedError("loss_gradient: probability minus truth, and the mean over the batch")


def check_loss_gradient(answer=loss_gradient):
    rng = np.random.default_rng(0)
    scores, clicked = rng.normal(size=(4, 3)), np.array([2, 0, 1, 2])

    def loss(scores):
        p = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
        return -np.log(p[np.arange(4), clicked]).mean()

    probabilities = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    got = np.asarray(answer(probabilities.copy(), clicked.copy()))
    assert got.shape == scores.shape, f"the shape is {got.shape}, not {scores.shape}"
    for b, c in np.ndindex(scores.shape):
        h = np.zeros_like(scores)
        h[b, c] = 1e-5
        measured = (loss(scores + h) - loss(scores - h)) / 2e-5
        assert abs(got[b, c] - measured) < 1e-8, (
            f"dscores[{b}, {c}] is {got[b, c]:.4f}, the central difference says {measured:.4f}; "
            f"in row {b} column {clicked[b]} was clicked"
        )


def lead_of(p, negatives):
    """Return the score lead of the clicked title over each of K = negatives equal rivals when its probability is p."""
    raise NotImplementedError("lead_of: solve p = e^lead / (e^lead + K) for the lead")


def check_lead_of(answer=lead_of):
    for negatives in (1, 4, 20):
        for lead in (-1.0, 0.0, 0.9, 3.0):
            p = 1 / (1 + negatives * np.exp(-lead))
            got = answer(p, negatives)
            assert abs(got - lead) < 1e-9, f"p = {p:.4f}, K = {negatives}: {got:.4f}, but a lead of {lead} gives this p"


def titles_gradient(dscores, users, candidates, size):
    """Return dtitles [size, M]; dscores and candidates [B, 1+K], users [B, M]; a title may be shown at many places."""
    raise NotImplementedError("titles_gradient: every place (b, c) sends dscores[b, c] * users[b] to its title")


def check_titles_gradient(answer=titles_gradient):
    rng = np.random.default_rng(1)
    for candidates in ([[0, 1, 2]], [[2, 0, 1], [1, 2, 3]], [[0, 3, 3], [1, 2, 0]]):
        candidates = np.array(candidates)
        dscores, users = rng.normal(size=candidates.shape), rng.normal(size=(len(candidates), 4))
        want = np.zeros((5, 4))
        for b, c in np.ndindex(candidates.shape):
            want[candidates[b, c]] += dscores[b, c] * users[b]
        got = np.asarray(answer(dscores.copy(), users.copy(), candidates.copy(), 5))
        assert got.shape == want.shape, f"the shape is {got.shape}, not {want.shape}"
        for n in range(5):
            places = int((candidates == n).sum())
            message = f"candidates {candidates.tolist()}: title {n}, shown at {places} places, is wrong"
            assert np.allclose(got[n], want[n]), message


if __name__ == "__main__":
    for number, check in enumerate(
        (check_stable_softmax, check_loss_gradient, check_lead_of, check_titles_gradient), 1
    ):
        check()
        print(f"{number}. {check.__name__.removeprefix('check_')}: right")
