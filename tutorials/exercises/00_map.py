"""Exercises of chapter 00: fill in a stub, then run ``python tutorials/exercises/00_map.py``."""

import numpy as np


def shapes(U, T, N, B, K, D, H, A):
    """Give the shape of each array of the forward pass as a tuple, for example "rows": (U, D).

    "attended" is the output of the news encoder's self-attention: a row for each word position.
    """
    return {
        "rows": (U, D),
        "attended": None,
        "titles": None,
        "users": None,
        "shown": None,  # titles[candidates]
        "scores": None,
        "dscores": None,
    }


def check_shapes(answer=shapes):
    U, T, N, B, K, D, H, A = 11, 29, 7, 3, 4, 5, 2, 6
    want = {
        "rows": (11, 5),
        "attended": (29, 12),
        "titles": (7, 12),
        "users": (3, 12),
        "shown": (3, 5, 12),
        "scores": (3, 5),
        "dscores": (3, 5),
    }
    got = answer(U, T, N, B, K, D, H, A)
    assert isinstance(got, dict), "return a dict of tuples"
    for name, shape in want.items():
        assert got.get(name) == shape, (
            f"{name}: {got.get(name)} is not its shape for U={U} T={T} N={N} B={B} K={K} D={D} H={H} A={A}"
        )


def count_weights(vocabulary, D, H, A, P):
    """Return how many trainable numbers NRMS has in the form "qkv", with its word vectors [vocabulary, D]."""
    raise NotImplementedError("count_weights: one table, six arrays of the news encoder, six of the user encoder")


def check_count_weights(answer=count_weights):
    from nrms_np import Config, init_parameters

    for vocabulary, D, H, A, P in ((9, 5, 2, 3, 4), (20, 3, 4, 2, 7), (50, 8, 2, 4, 1)):
        config = Config(word_size=D, heads=H, head_size=A, query_size=P)
        params = init_parameters(np.zeros((vocabulary, D)), config)
        want = sum(one.size for one in params.values())
        got = answer(vocabulary, D, H, A, P)
        assert got == want, f"{got} for vocabulary={vocabulary} D={D} H={H} A={A} P={P}: the library has {want} numbers"


def paper_query(weight_query, weight_key, heads, k):
    """Return the paper's Q_k [D, D] for head k of the form "qkv", from weight_query and weight_key, both [D, M]."""
    raise NotImplementedError("paper_query: see the table of the paper's symbols, and the sentence under it")


def check_paper_query(answer=paper_query):
    from nrms_np.layers.self_attention import project

    heads, rng = 3, np.random.default_rng(0)
    rows = rng.normal(size=(4, 5))
    weight_query, weight_key = rng.normal(size=(5, 6)), rng.normal(size=(5, 6))
    projected = project(rows, weight_query, weight_key, weight_query, heads)
    query, key = (one.reshape(4, 2, heads) for one in (projected.query, projected.key))  # [R, A, H]
    for k in range(heads):
        got = np.asarray(answer(weight_query, weight_key, heads, k))
        assert got.shape == (5, 5), f"the shape is {got.shape}: Q_k is [D, D] = (5, 5)"
        want = query[:, :, k] @ key[:, :, k].T / np.sqrt(2)  # what the library computes for every pair of rows
        logits = rows @ got @ rows.T  # e_i' Q_k e_j
        assert np.allclose(logits, want), f"head {k}: e_i' Q_k e_j is not scale * query_i . key_j of the library"


if __name__ == "__main__":
    for number, check in enumerate((check_shapes, check_count_weights, check_paper_query), 1):
        check()
        print(f"{number}. {check.__name__.removeprefix('check_')}: right")
