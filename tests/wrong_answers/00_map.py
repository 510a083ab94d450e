"""Wrong answers of chapter 00: typical mistakes that the checks must reject."""

import math


def shapes_1(U, T, N, B, K, D, H, A):  # forgets that the clicked title is a candidate too
    M = H * A
    shown, scores = (B, K, M), (B, K)
    return {
        "rows": (U, D),
        "attended": (T, M),
        "titles": (N, M),
        "users": (B, M),
        "shown": shown,
        "scores": scores,
        "dscores": scores,
    }


def shapes_2(U, T, N, B, K, D, H, A):  # takes self-attention for one row per different word
    M = H * A
    return {
        "rows": (U, D),
        "attended": (U, M),
        "titles": (N, M),
        "users": (B, M),
        "shown": (B, 1 + K, M),
        "scores": (B, 1 + K),
        "dscores": (B, 1 + K),
    }


def count_weights_1(vocabulary, D, H, A, P):  # the user encoder reads rows of size M, not D
    M = H * A
    return vocabulary * D + 2 * (3 * D * M + M * P + 2 * P)


def count_weights_2(vocabulary, D, H, A, P):  # forgets the additive query
    M = H * A
    return vocabulary * D + 3 * D * M + 3 * M * M + 2 * (M * P + P)


def paper_query_1(weight_query, weight_key, heads, k):  # forgets the scale
    return weight_query[:, k::heads] @ weight_key[:, k::heads].T


def paper_query_2(weight_query, weight_key, heads, k):  # a block of columns instead of every heads-th
    size = weight_query.shape[1] // heads
    columns = slice(k * size, (k + 1) * size)
    return weight_query[:, columns] @ weight_key[:, columns].T / math.sqrt(size)
