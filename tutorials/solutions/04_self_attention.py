"""Solutions of chapter 04."""

import math

import numpy as np


def softmax_backward(alpha, dalpha):
    # step 4: a logit moves its own weight up and every weight of its line down, in proportion to alpha
    return alpha * (dalpha - (alpha * dalpha).sum(axis=1, keepdims=True))


def merge_query_and_key(weight_query, weight_key, heads):
    # Q = W_query W_key' / sqrt(A), head by head: a head's query never meets another head's key
    size = weight_query.shape[1] // heads
    merged = np.empty((len(weight_query), heads * len(weight_query)))
    for h in range(heads):
        merged[:, h::heads] = weight_query[:, h::heads] @ weight_key[:, h::heads].T / math.sqrt(size)
    return merged


def shared_key_backward(dlogits, query):
    # key_j stands in the logits of every head h and every asking position i: both are summed
    return np.einsum("hij,ihd->jd", dlogits, query)


def lookalikes(words):
    # the own word's logit is 10, all others are 0: one against seven others still has e^10 / (e^10 + 7) > 0.999
    return 10 * np.eye(words)


def dvalue_of(dout, alpha):
    # step 5: a value hears from everybody who took from it, so the sum runs over the first index of alpha
    return alpha.T @ dout


def dalpha_of(dout, value):
    # step 5: alpha_ij stands in every entry of out_i, each time beside that entry of value_j
    return dout @ value.T


def dquery_and_dkey(dlogits, query, key, scale):
    # step 3: a query stands in its line of the logits, a key in its column
    return scale * (dlogits @ key), scale * (dlogits.T @ query)


def projections_backward(rows, weight_query, weight_key, weight_value, dquery, dkey, dvalue):
    # step 1: a row feeds query, key and value, so it gets three parts
    drows = dquery @ weight_query.T + dvalue @ weight_value.T
    if weight_key is None:
        return drows + dkey, rows.T @ dquery, None, rows.T @ dvalue
    return drows + dkey @ weight_key.T, rows.T @ dquery, rows.T @ dkey, rows.T @ dvalue


def suspects(wrong):
    # follow each of them forward: rows sum all three parts; query and key come from dlogits, that from dalpha
    spoils = {
        "dvalue": {"rows", "weight_value"},
        "dalpha": {"rows", "weight_query", "weight_key"},
        "dlogits": {"rows", "weight_query", "weight_key"},
        "dquery": {"rows", "weight_query"},
        "dkey": {"rows", "weight_key"},
    }
    return {name for name, spoiled in spoils.items() if spoiled == set(wrong)}
