"""NRMS by loops, for truths: one set, one head and one position at a time, all of it for complex numbers too.

``sets`` are (values, offsets). Column a * H + h of a query, key, value or output belongs to head h. ``weight_key`` is
None in the form bilinear. Weights of an encoder: (weight_query, weight_key, weight_value, weight, bias, query).
"""

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from judge import gradients


class Weights(NamedTuple):
    """Of an encoder, or their gradients."""

    weight_query: Any
    weight_key: Any
    weight_value: Any
    weight: Any
    bias: Any
    query: Any


def softmax(logits):
    exponentials = np.exp(logits - logits.real.max())
    return exponentials / exponentials.sum()


def sets_of(sets):
    return [sets[0][start:end] for start, end in zip(sets[1][:-1], sets[1][1:])]


def self_attention(rows, sets, weight_query, weight_key, weight_value, heads):
    out = np.zeros((len(sets[0]), weight_value.shape[1]), np.result_type(rows, weight_query, weight_value))
    if weight_key is not None:
        out = out.astype(np.result_type(out, weight_key))
    position = 0
    for members in sets_of(sets):
        e = rows[members]
        for e_i in e:
            for h in range(heads):
                query = e_i @ weight_query[:, h::heads]
                if weight_key is None:
                    logits = e @ query
                else:
                    logits = (e @ weight_key[:, h::heads]) @ query / math.sqrt(len(query))
                out[position, h::heads] = softmax(logits) @ e @ weight_value[:, h::heads]
            position += 1
    return out


def additive_attention(x, offsets, weight, bias, query):
    out = np.zeros((len(offsets) - 1, x.shape[1]), np.result_type(x, weight, bias, query))
    for s, (start, end) in enumerate(zip(offsets[:-1], offsets[1:])):
        if end > start:
            logits = np.array([np.tanh(one @ weight + bias) @ query for one in x[start:end]])
            out[s] = softmax(logits) @ x[start:end]
    return out


def encode(rows, sets, weights, heads):
    return additive_attention(self_attention(rows, sets, *weights[:3], heads), sets[1], *weights[3:])


def scores_of(titles, users, candidates):
    return np.array([[titles[n] @ user for n in shown] for shown, user in zip(candidates, users)])


def loss_of(scores):
    return np.mean([-np.log(softmax(line)[0]) for line in scores])


def model_loss(params, words, titles, histories, candidates, heads):
    title_vectors = encode(params["embedding"][words], titles, params["news"], heads)
    users = encode(title_vectors, histories, params["user"], heads)
    return loss_of(scores_of(title_vectors, users, candidates))


def slopes(forward: Callable, arrays, dout):
    """``gradients`` of those arrays that are there: weight_key is None in the form bilinear."""
    there = [n for n, one in enumerate(arrays) if one is not None]

    def of_those(*shifted):
        full = list(arrays)
        for n, one in zip(there, shifted):
            full[n] = one
        return forward(*full)

    found = dict(zip(there, gradients(of_those, [arrays[n] for n in there], dout)))
    return tuple(found.get(n) for n in range(len(arrays)))
