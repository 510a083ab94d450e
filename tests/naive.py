"""Every kernel again, in the plainest NumPy: one set, one head, one position at a time. Slow, and easy to believe."""

from __future__ import annotations

import math

import numpy as np


def softmax(logits):
    exponentials = np.exp(logits - max(x.real for x in logits))
    return exponentials / exponentials.sum()


def self_attention(rows, sets, weight_query, weight_key, weight_value, heads):
    """One row per position; sets is a list of lists of row numbers."""
    out = []
    for members in sets:
        e = [rows[r] for r in members]
        for e_i in e:
            by_head = []
            for h in range(heads):
                q = weight_query.shape[1] // heads
                W_q, W_v = weight_query[:, h::heads], weight_value[:, h::heads]  # column a * H + h is of head h
                if weight_key is None:  # e_i' Q_k e_j, the paper's equation 1
                    logits = np.array([e_i @ W_q @ e_j for e_j in e])
                else:
                    W_k = weight_key[:, h::heads]
                    logits = np.array([(e_i @ W_q) @ (e_j @ W_k) / math.sqrt(q) for e_j in e])
                alpha = softmax(logits)
                by_head.append(sum(alpha[j] * e_j for j, e_j in enumerate(e)) @ W_v)  # equation 2: V_k of the mixture
            out.append(np.stack(by_head, axis=1).ravel())  # [A, H], row by row
    return np.array(out).reshape(-1, weight_value.shape[1])


def additive_attention(x, lengths, weight, bias, query):
    out, start = [], 0
    for n in lengths:
        h = x[start : start + n]
        start += n
        if n == 0:
            out.append(np.zeros(x.shape[1], x.dtype))
            continue
        alpha = softmax(np.array([query @ np.tanh(h_i @ weight + bias) for h_i in h]))
        out.append(sum(a * h_i for a, h_i in zip(alpha, h)))
    return np.array(out)


def sum_rows(rows, groups):
    return np.array([sum((rows[p] for p in group), np.zeros(rows.shape[1])) for group in groups])


def encode(rows, sets, weights, heads):
    if weights[0] is None:  # form "mean"
        zero = np.zeros(weights[2].shape[1])
        return np.array([sum((rows[r] @ weights[2] for r in members), zero) / max(len(members), 1) for members in sets])
    attended = self_attention(rows, sets, *weights[:3], heads)
    return additive_attention(attended, [len(members) for members in sets], *weights[3:])


def loss(params, titles, histories, candidates, heads):
    """The loss of a batch without dropout, each sample by itself: nothing is shared and nothing is encoded once.

    titles: the word ids of every title; histories, candidates: title numbers, the clicked one first.
    """
    names = ("weight_query", "weight_key", "weight_value", "additive_weight", "additive_bias", "additive_query")
    news, user = ([params.get(f"{side}.{name}") for name in names] for side in ("news", "user"))
    total = 0.0
    for history, shown in zip(histories, candidates):
        vectors = encode(params["embedding"], [titles[n] for n in [*history, *shown]], news, heads)
        clicked, offered = vectors[: len(history)], vectors[len(history) :]
        user_vector = encode(clicked, [range(len(history))], user, heads)[0]
        scores = offered @ user_vector
        total += scores.max() + np.log(np.exp(scores - scores.max()).sum()) - scores[0]  # -log softmax, never log 0
    return total / len(histories)


def adam(param, gradients, learning_rate, beta1=0.9, beta2=0.999, epsilon=1e-8):
    """Algorithm 1 of Kingma and Ba (2015) over a list of gradients."""
    m = v = np.zeros_like(param)
    for t, g in enumerate(gradients, 1):
        m = beta1 * m + (1 - beta1) * g
        v = beta2 * v + (1 - beta2) * g**2
        param = param - learning_rate * (m / (1 - beta1**t)) / (np.sqrt(v / (1 - beta2**t)) + epsilon)
    return param
