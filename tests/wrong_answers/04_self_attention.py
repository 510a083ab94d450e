"""Wrong answers to the exercises of chapter 04: each must be rejected."""

import math

import numpy as np


def softmax_backward_1(alpha, dalpha):
    return alpha * (1 - alpha) * dalpha  # only the diagonal of the Jacobian: the sigmoid's rule


def softmax_backward_2(alpha, dalpha):
    return alpha * (dalpha - (alpha * dalpha).sum(axis=0, keepdims=True))  # the mean of a column, not of a line


def softmax_backward_3(alpha, dalpha):
    return alpha * (dalpha - (alpha * dalpha).sum(axis=1))  # the sums of the lines lie along the wrong axis


def softmax_backward_4(alpha, dalpha):
    dalpha -= (alpha * dalpha).sum(axis=1, keepdims=True)  # in place: the caller's dalpha is gone
    return alpha * dalpha


def softmax_backward_5(alpha, dalpha):
    dalpha[:] = 0  # a check that goes on with this array finds zeros right
    return np.zeros_like(alpha)


def merge_query_and_key_1(weight_query, weight_key, heads):
    merged = np.empty((len(weight_query), heads * len(weight_query)))
    for h in range(heads):
        merged[:, h::heads] = weight_query[:, h::heads] @ weight_key[:, h::heads].T  # the scale is missing
    return merged


def merge_query_and_key_2(weight_query, weight_key, heads):
    size = weight_query.shape[1] // heads
    merged = [weight_query[:, h::heads] @ weight_key[:, h::heads].T / math.sqrt(size) for h in range(heads)]
    return np.concatenate(merged, axis=1)  # the right matrices, in blocks of columns


def _merge(weight_query, weight_key, heads, scale):
    merged = np.empty((len(weight_query), heads * len(weight_query)))
    for h in range(heads):
        merged[:, h::heads] = weight_query[:, h::heads] @ weight_key[:, h::heads].T * scale
    return merged


def merge_query_and_key_3(weight_query, weight_key, heads):
    return _merge(weight_query, weight_key, heads, 1 / math.sqrt(2))  # the head size of the chapter's example


def merge_query_and_key_4(weight_query, weight_key, heads):
    return _merge(weight_query, weight_key, heads, 1 / math.sqrt(max(heads - 1, 1)))


def merge_query_and_key_5(weight_query, weight_key, heads):
    weight_query[:] = weight_key[:] = 0
    return np.zeros((len(weight_query), heads * len(weight_query)))


def merge_query_and_key_6(weight_query, weight_key, heads):
    rows = np.random.default_rng(1).normal(size=(4, len(weight_query)))  # four rows leave one direction free
    unseen = np.linalg.svd(rows)[2][-1]
    return _merge(weight_query, weight_key, heads, 1 / math.sqrt(2)) + 50 * np.tile(np.outer(unseen, unseen), heads)


def shared_key_backward_1(dlogits, query):
    return np.einsum("hij,ihd->jd", dlogits, query) / len(dlogits)  # the mean over heads, not the sum


def shared_key_backward_2(dlogits, query):
    return np.einsum("hij,jhd->id", dlogits, query)  # sums over the answering position: dlogits not transposed


def shared_key_backward_3(dlogits, query):
    return sum(dlogits[h].T @ query[:, h] for h in range(3))  # three heads, as in the example


def shared_key_backward_4(dlogits, query):
    query[:] = 0
    return np.zeros((len(query), query.shape[2]))


def lookalikes_1(words):
    return np.eye(words)  # the right idea, far too weak: e^1 against e^0


def lookalikes_2(words):
    return np.full((words, words), 10.0)  # large logits, but all alike: equal weights


def lookalikes_3(words):
    return 10 * np.eye(6)  # the size of the example


def lookalikes_4(words):
    matrix = 10 * np.eye(words)
    matrix[0, -1] += 5  # one pair of words alike: seven of them take 5 % together
    return matrix
