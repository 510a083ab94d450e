"""Exercises of chapter 05: fill in the stubs, then run ``python tutorials/exercises/05_additive_attention.py``."""

import numpy as np


def tanh_backward(dlogits, query, hidden):
    """hidden = tanh(z), logits = hidden @ query: dlogits [T], query [P], hidden [T, P] -> dz [T, P]."""
    raise NotImplementedError


def pool(x, alpha, offsets):
    """out[s] = sum of alpha[i] * x[i] over offsets[s] <= i < offsets[s + 1]: x [T, M], alpha [T] -> out [S, M]."""
    raise NotImplementedError


def both_places(dout, alpha, dz, weight):
    """The gradient of x, for one set: dout [M], alpha [n], dz [n, P], weight [M, P] -> dx [n, M]."""
    raise NotImplementedError


def mean_query(size):
    """A query [size] with which additive attention is the plain mean of every set."""
    raise NotImplementedError


def layer(x, weight, bias, query):
    logits = np.tanh(x @ weight + bias) @ query
    exponentials = np.exp(logits - logits.max())
    return exponentials / exponentials.sum() @ x


def slope(f, array, place, step=1e-6):
    """The central difference of f by one entry of array."""
    nudge = np.zeros(array.shape)
    nudge[place] = step
    return (f(array + nudge) - f(array - nudge)) / (2 * step)


def check_tanh_backward(answer=tanh_backward):
    rng = np.random.default_rng(0)
    z, query, dlogits = rng.normal(size=(5, 3)), rng.normal(size=3), rng.normal(size=5)
    got = answer(dlogits, query, np.tanh(z))
    assert got.shape == z.shape, f"dz has the shape of hidden, {z.shape}, not {got.shape}"
    for place in np.ndindex(*z.shape):
        right = slope(lambda z: dlogits @ (np.tanh(z) @ query), z, place)
        assert abs(got[place] - right) < 1e-7, f"dz{list(place)} should be {right:.6f}, not {got[place]:.6f}"


def check_pool(answer=pool):
    rng = np.random.default_rng(1)
    x, alpha, offsets = rng.normal(size=(6, 4)), rng.random(6), np.array([0, 2, 2, 5, 6])
    got = answer(x, alpha, offsets)
    assert got.shape == (4, 4), f"there are 4 sets, one of them empty, of rows of 4: not {got.shape}"
    assert (got[1] == 0).all(), f"set 1 is empty: its row should be zero, not {got[1]}"
    for s, (start, end) in enumerate(zip(offsets, offsets[1:])):
        assert np.allclose(got[s], alpha[start:end] @ x[start:end]), f"row {s} is not the weighted sum of set {s}"


def check_both_places(answer=both_places):
    rng = np.random.default_rng(2)
    x, weight, bias = rng.normal(size=(4, 5)), rng.normal(size=(5, 3)), rng.normal(size=3)
    query, dout = rng.normal(size=3), rng.normal(size=5)
    hidden = np.tanh(x @ weight + bias)
    alpha = np.exp(hidden @ query) / np.exp(hidden @ query).sum()
    dalpha = x @ dout
    dz = (alpha * (dalpha - alpha @ dalpha))[:, None] * query * (1 - hidden**2)
    got = answer(dout, alpha, dz, weight)
    assert got.shape == x.shape, f"dx has the shape of x, {x.shape}, not {got.shape}"
    for place in np.ndindex(*x.shape):
        right = slope(lambda x: dout @ layer(x, weight, bias, query), x, place)
        assert abs(got[place] - right) < 1e-6, f"dx{list(place)} should be {right:.6f}, not {got[place]:.6f}"


def check_mean_query(answer=mean_query):
    rng = np.random.default_rng(3)
    query = answer(7)
    assert query.shape == (7,), f"the query should have shape (7,), not {query.shape}"
    for n in (1, 2, 9):
        x, weight, bias = rng.normal(size=(n, 4)), rng.normal(size=(4, 7)), rng.normal(size=7)
        assert np.allclose(layer(x, weight, bias, query), x.mean(axis=0)), f"not the mean of a set of {n}"


if __name__ == "__main__":
    for check in (check_tanh_backward, check_pool, check_both_places, check_mean_query):
        check()
        print(check.__name__.removeprefix("check_"), "is right")
