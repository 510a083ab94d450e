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


def dvalue_of_1(dout, alpha):
    return alpha @ dout  # what i takes, not what is taken from j


def dvalue_of_2(dout, alpha):
    return alpha.T @ dout / len(dout)  # a mean


def dvalue_of_3(dout, alpha):
    return alpha.sum(axis=0)[:, None] * dout  # each value hears from its own output alone


def dvalue_of_4(dout, alpha):
    return (alpha.T @ dout).astype(np.float32)


def dalpha_of_1(dout, value):
    return value @ dout.T  # transposed


def dalpha_of_2(dout, value):
    return dout.T @ value  # sums over positions, right in shape only if A = n


def dalpha_of_3(dout, value):
    return dout @ value.T - (dout @ value.T).mean(axis=1, keepdims=True)  # half a step too far


def dalpha_of_4(dout, value):
    return dout @ value.T / np.sqrt(value.shape[1])  # the scale belongs to the logits


def dquery_and_dkey_1(dlogits, query, key, scale):
    return dlogits @ key, dlogits.T @ query  # forgets the scale


def dquery_and_dkey_2(dlogits, query, key, scale):
    return scale * dlogits @ key, scale * dlogits @ query  # dlogits not transposed


def dquery_and_dkey_3(dlogits, query, key, scale):
    return scale * dlogits.T @ query, scale * dlogits @ key  # exchanged


def dquery_and_dkey_4(dlogits, query, key, scale):
    return dlogits @ key / np.sqrt(query.shape[1]), dlogits.T @ query / np.sqrt(query.shape[1])  # its own scale


def dquery_and_dkey_5(dlogits, query, key, scale):
    return scale * dlogits @ query, scale * dlogits.T @ key  # by its own side


def dquery_and_dkey_6(dlogits, query, key, scale):
    return scale * dlogits @ key  # one of two


def _projections(rows, weight_query, weight_key, weight_value, dquery, dkey, dvalue, keys=True):
    drows = dquery @ weight_query.T + dvalue @ weight_value.T
    if keys:
        drows = drows + (dkey if weight_key is None else dkey @ weight_key.T)
    return drows, rows.T @ dquery, None if weight_key is None else rows.T @ dkey, rows.T @ dvalue


def projections_backward_1(*args):
    return _projections(*args, keys=False)  # forgets one of three parts


def projections_backward_2(rows, weight_query, weight_key, weight_value, dquery, dkey, dvalue):
    key = rows if weight_key is None else weight_key  # the row in the place of a weight
    return _projections(rows, weight_query, key, weight_value, dquery, dkey, dvalue)


def projections_backward_3(rows, weight_query, weight_key, weight_value, dquery, dkey, dvalue):
    if weight_key is None:  # the key has no weight, so its gradient is dropped
        return *_projections(rows, weight_query, None, weight_value, dquery, 0 * dkey, dvalue)[:3], rows.T @ dvalue
    return _projections(rows, weight_query, weight_key, weight_value, dquery, dkey, dvalue)


def projections_backward_4(rows, weight_query, weight_key, weight_value, dquery, dkey, dvalue):
    found = _projections(rows, weight_query, weight_key, weight_value, dquery, dkey, dvalue)
    return *found[:2], rows.T @ dkey, found[3]  # a gradient for a weight that is not there


def projections_backward_5(rows, weight_query, weight_key, weight_value, dquery, dkey, dvalue):
    found = _projections(rows, weight_query, weight_key, weight_value, dquery, dkey, dvalue)
    return found[0], dquery.T @ rows, *found[2:]  # transposed


def projections_backward_6(rows, weight_query, weight_key, weight_value, dquery, dkey, dvalue):
    if weight_key is not None:
        dkey += 0  # writes to what it was given
    return _projections(rows, weight_query, weight_key, weight_value, dquery, dkey, dvalue)


_FROM = {"dvalue": {"weight_value"}, "dquery": {"weight_query"}, "dkey": {"weight_key"}}
_BOTH = {"dalpha": {"weight_query", "weight_key"}, "dlogits": {"weight_query", "weight_key"}}


def suspects_1(wrong):
    return {name for name, spoiled in {**_FROM, **_BOTH}.items() if spoiled == wrong}  # rows are spoiled by all


def suspects_2(wrong):
    return {name for name, spoiled in {**_FROM, **_BOTH}.items() if spoiled | {"rows"} >= wrong and wrong}  # any part


def suspects_3(wrong):
    both = {**_BOTH, "dalpha": {"weight_query", "weight_key", "weight_value"}}  # dvalue does not come from dalpha
    return {name for name, spoiled in {**_FROM, **both}.items() if spoiled | {"rows"} == wrong}


def suspects_4(wrong):
    both = {"dlogits": _BOTH["dlogits"]}  # dalpha cannot be told from dlogits
    return {name for name, spoiled in {**_FROM, **both}.items() if spoiled | {"rows"} == wrong}


def suspects_5(wrong):
    return sorted(name for name, spoiled in {**_FROM, **_BOTH}.items() if spoiled | {"rows"} == wrong)  # a list


def merge_query_and_key_7(weight_query, weight_key, heads):
    size = weight_query.shape[1] // heads
    return _merge(weight_query, weight_key, heads, math.sqrt(size) / 2)  # right for A = 2 alone


def merge_query_and_key_8(weight_query, weight_key, heads):
    size = weight_query.shape[1] // heads
    return _merge(weight_key, weight_query, heads, 1 / math.sqrt(size))  # transposed: who asks whom?


def softmax_backward_6(alpha, dalpha):
    return alpha * (dalpha - dalpha.mean(axis=1, keepdims=True))  # the plain mean


def softmax_backward_7(alpha, dalpha):
    return alpha * (dalpha - (alpha * dalpha).sum())  # one mean for all lines


def softmax_backward_8(alpha, dalpha):  # a difference quotient
    def weighted(logits):
        return (np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True) * dalpha).sum()

    out = np.zeros(alpha.shape)
    for i in np.ndindex(alpha.shape):
        step = np.zeros(alpha.shape)
        step[i] = 1e-5
        out[i] = (weighted(np.log(alpha) + step) - weighted(np.log(alpha) - step)) / 2e-5
    return out


def softmax_backward_9(alpha, dalpha):  # five positions and no more
    right = alpha * (dalpha - (alpha * dalpha).sum(axis=1, keepdims=True))
    right[5:] = 0
    return right


def dvalue_of_5(dout, alpha):  # five positions and no more
    return alpha[:5].T @ dout[:5]
