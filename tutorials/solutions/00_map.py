"""Solutions of chapter 00."""

import numpy as np


def shapes(U, T, N, B, K, D, H, A):
    M = H * A
    return {
        "rows": (U, D),  # one row for each different word
        "attended": (T, M),  # self-attention mixes words inside a title, so here every position has its own row
        "title_vectors": (N, M),  # one row for each different title
        "users": (B, M),
        "shown": (B, 1 + K, M),  # an array of indices [B, 1+K] picks rows of size M
        "scores": (B, 1 + K),  # the dot product sums over M
        "dscores": (B, 1 + K),  # a gradient has the shape of its array
    }


def count_weights(vocabulary, D, H, A, P):
    # The news encoder reads word vectors of size D, the user encoder title vectors of size M.
    M = H * A
    additive = M * P + P + P  # weight, bias, query
    return vocabulary * D + (3 * D * M + additive) + (3 * M * M + additive)


def wrong_gradient(loss, params, gradients):
    # A random direction: with ones, or along one entry, an error can hide.
    rng, step = np.random.default_rng(0), 1e-5
    error = {}
    for name, one in params.items():
        direction = rng.normal(size=one.shape)
        up, down = (loss({**params, name: one + h * direction}) for h in (step, -step))
        error[name] = abs((up - down) / (2 * step) - (gradients[name] * direction).sum())
    return max(error, key=error.get)
