"""Wrong answers to the exercises of chapter 04: each must be rejected."""

import math

import numpy as np


def softmax_backward_1(alpha, dalpha):
    return alpha * (1 - alpha) * dalpha  # only the diagonal of the Jacobian: the sigmoid's rule


def softmax_backward_2(alpha, dalpha):
    return alpha * (dalpha - (alpha * dalpha).sum(axis=0, keepdims=True))  # the mean of a column, not of a line


def merge_query_and_key_1(weight_query, weight_key, heads):
    merged = np.empty((len(weight_query), heads * len(weight_query)))
    for h in range(heads):
        merged[:, h::heads] = weight_query[:, h::heads] @ weight_key[:, h::heads].T  # the scale is missing
    return merged


def merge_query_and_key_2(weight_query, weight_key, heads):
    size = weight_query.shape[1] // heads
    merged = [weight_query[:, h::heads] @ weight_key[:, h::heads].T / math.sqrt(size) for h in range(heads)]
    return np.concatenate(merged, axis=1)  # the right matrices, in blocks of columns


def shared_key_backward_1(dlogits, query):
    return np.einsum("hij,ihd->jd", dlogits, query) / len(dlogits)  # the mean over heads, not the sum


def shared_key_backward_2(dlogits, query):
    return np.einsum("hij,jhd->id", dlogits, query)  # sums over the answering position: dlogits not transposed


def lookalikes_1(words):
    return np.eye(words)  # the right idea, far too weak: e^1 against e^0


def lookalikes_2(words):
    return np.full((words, words), 10.0)  # large logits, but all alike: equal weights
