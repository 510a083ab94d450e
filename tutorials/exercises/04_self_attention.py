"""Exercises of chapter 04: fill in the stubs, then run ``python tutorials/exercises/04_self_attention.py``."""

import numpy as np


def softmax_backward(alpha, dalpha):
    """alpha = softmax of each line of logits; given alpha and dalpha [n, n], return dlogits [n, n]."""
    raise NotImplementedError


def merge_query_and_key(weight_query, weight_key, heads):
    """Both [D, heads * A], the qkv form -> weight_query [D, heads * D] of the bilinear form with the same logits.

    In all of them head h has every heads-th column from h on: weight[:, h::heads].
    """
    raise NotImplementedError


def shared_key_backward(dlogits, query):
    """logits[h, i, j] = query[i, h] . key[j]: dlogits [H, n, n], query [n, H, D] -> dkey [n, D]."""
    raise NotImplementedError


def lookalikes(words):
    """Rows are one-hot, [words, words]: return a bilinear matrix Q_k, [words, words], with which each position of a
    title of up to 8 words gives 99 % of its weight or more to the positions that hold its own word."""
    raise NotImplementedError


def softmax(logits):
    exponentials = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return exponentials / exponentials.sum(axis=-1, keepdims=True)


def check_softmax_backward(answer=softmax_backward):
    rng = np.random.default_rng(0)
    logits, dalpha, step = rng.normal(size=(4, 4)), rng.normal(size=(4, 4)), 1e-6
    got = answer(softmax(logits), dalpha)
    assert got is not None and got.shape == (4, 4), "dlogits has the shape of alpha, [n, n]"
    for i, j in np.ndindex(4, 4):
        nudge = np.zeros((4, 4))
        nudge[i, j] = step
        slope = (dalpha * (softmax(logits + nudge) - softmax(logits - nudge))).sum() / (2 * step)
        assert abs(got[i, j] - slope) < 1e-7, f"dlogits[{i}, {j}] should be {slope:.6f}, not {got[i, j]:.6f}"


def check_merge_query_and_key(answer=merge_query_and_key):
    rng = np.random.default_rng(1)
    size, heads, head_size = 5, 3, 2
    rows = rng.normal(size=(4, size))
    weight_query, weight_key = rng.normal(size=(2, size, heads * head_size))
    merged = answer(weight_query, weight_key, heads)
    assert merged.shape == (size, heads * size), f"the shape should be (D, heads * D), not {merged.shape}"
    for h in range(heads):
        right = (rows @ weight_query[:, h::heads]) @ (rows @ weight_key[:, h::heads]).T / np.sqrt(head_size)
        got = rows @ merged[:, h::heads] @ rows.T
        assert np.allclose(got, right), f"head {h}: the logits of the bilinear form are not those of the qkv form"


def check_shared_key_backward(answer=shared_key_backward):
    rng = np.random.default_rng(2)
    query, key, dlogits, step = rng.normal(size=(4, 3, 5)), rng.normal(size=(4, 5)), rng.normal(size=(3, 4, 4)), 1e-6
    got = answer(dlogits, query)
    assert got.shape == key.shape, f"dkey has the shape of key, {key.shape}, not {got.shape}"

    def loss(key):
        return sum((dlogits[h] * (query[:, h] @ key.T)).sum() for h in range(3))

    for j, d in np.ndindex(*key.shape):
        nudge = np.zeros(key.shape)
        nudge[j, d] = step
        slope = (loss(key + nudge) - loss(key - nudge)) / (2 * step)
        assert abs(got[j, d] - slope) < 1e-6, f"dkey[{j}, {d}] should be {slope:.6f}, not {got[j, d]:.6f}"


def check_lookalikes(answer=lookalikes):
    matrix = answer(6)
    assert matrix.shape == (6, 6), f"Q_k should have shape (6, 6), not {matrix.shape}"
    for title in ([0, 1, 2, 3, 4, 5], [3, 1, 3, 2], [5, 0, 0, 0, 1, 2, 4, 0]):
        alpha = softmax(matrix[title][:, title])  # with one-hot rows, e_i Q_k e_j' is one entry of Q_k
        assert np.isfinite(alpha).all(), "a weight is not finite"
        for i, word in enumerate(title):
            share = alpha[i, np.array(title) == word].sum()
            assert share >= 0.99, f"in {title} position {i} gives only {share:.3f} of its weight to word {word}"


if __name__ == "__main__":
    for check in (check_softmax_backward, check_merge_query_and_key, check_shared_key_backward, check_lookalikes):
        check()
        print(check.__name__.removeprefix("check_"), "is right")
