"""Solutions of chapter 00."""

import math


def shapes(U, T, N, B, K, D, H, A):
    M = H * A
    return {
        "rows": (U, D),  # one row for each different word
        "attended": (T, M),  # self-attention mixes words inside a title, so here every position has its own row
        "titles": (N, M),  # pooled: one row for each different title
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


def paper_query(weight_query, weight_key, heads, k):
    # The columns of the heads take turns, so a head has every heads-th; the scale 1 / sqrt(A) belongs to Q_k.
    size = weight_query.shape[1] // heads
    return weight_query[:, k::heads] @ weight_key[:, k::heads].T / math.sqrt(size)
