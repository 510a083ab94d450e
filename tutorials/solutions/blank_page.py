"""A solution of the blank page: NRMS in plain NumPy, forward and backward, and Adam."""

import math

import numpy as np

# 03


def click_scores(titles, users, candidates):
    return np.einsum("bkm,bm->bk", titles[candidates], users)


def click_scores_backward(dscores, titles, users, candidates):
    dtitles = np.zeros_like(titles)
    np.add.at(dtitles, candidates, dscores[:, :, None] * users[:, None])  # a title may be shown many times
    return dtitles, np.einsum("bk,bkm->bm", dscores, titles[candidates])


def click_loss(scores):
    shifted = scores - scores.max(axis=1, keepdims=True)
    logarithms = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    dscores = np.exp(logarithms)
    dscores[:, 0] -= 1
    return -logarithms[:, 0].mean(), dscores / len(scores)


# 04


def by_head(columns, heads):
    """[R, A * H], column a * H + h of head h -> [H, R, A]."""
    return columns.reshape(len(columns), columns.shape[1] // heads, heads).transpose(2, 0, 1)


def by_column(array):
    """The inverse: [H, R, A] -> [R, A * H]."""
    heads, rows, size = array.shape
    return array.transpose(1, 2, 0).reshape(rows, size * heads)


def softmax(logits):
    exponentials = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return exponentials / exponentials.sum(axis=-1, keepdims=True)


def self_attention_forward(rows, sets, weight_query, weight_key, weight_value, heads):
    values, offsets = sets
    query, value = by_head(rows @ weight_query, heads), by_head(rows @ weight_value, heads)
    key = rows[None] if weight_key is None else by_head(rows @ weight_key, heads)
    scale = 1.0 if weight_key is None else 1 / math.sqrt(weight_query.shape[1] // heads)
    out = np.zeros((len(values), weight_value.shape[1]))
    alphas = []
    for start, end in zip(offsets[:-1], offsets[1:]):
        at = values[start:end]
        logits = scale * query[:, at] @ key[:, at].transpose(0, 2, 1)  # [H, n, n]
        alphas.append(softmax(logits) if len(at) else logits)
        out[start:end] = by_column(alphas[-1] @ value[:, at])
    return out, (rows, sets, weight_query, weight_key, weight_value, heads, query, key, value, scale, alphas)


def self_attention_backward(dout, cache):
    rows, (values, offsets), weight_query, weight_key, weight_value, heads, query, key, value, scale, alphas = cache
    dquery, dkey, dvalue = np.zeros(query.shape), np.zeros(key.shape), np.zeros(value.shape)
    for start, end, alpha in zip(offsets[:-1], offsets[1:], alphas):
        at = values[start:end]
        dout_heads = by_head(dout[start:end], heads)  # [H, n, A]
        dalpha = dout_heads @ value[:, at].transpose(0, 2, 1)
        dlogits = scale * alpha * (dalpha - (alpha * dalpha).sum(axis=-1, keepdims=True))
        dkey_at = dlogits.transpose(0, 2, 1) @ query[:, at]
        if weight_key is None:
            dkey_at = dkey_at.sum(axis=0, keepdims=True)  # all heads share the key
        # a row may stand twice in a set: what arrives at its positions is added up
        for total, part in (
            (dquery, dlogits @ key[:, at]),
            (dkey, dkey_at),
            (dvalue, alpha.transpose(0, 2, 1) @ dout_heads),
        ):
            np.add.at(total, (slice(None), at), part)
    dquery, dvalue = by_column(dquery), by_column(dvalue)
    drows = dquery @ weight_query.T + dvalue @ weight_value.T
    if weight_key is None:
        return drows + dkey[0], rows.T @ dquery, None, rows.T @ dvalue
    dkey = by_column(dkey)
    return drows + dkey @ weight_key.T, rows.T @ dquery, rows.T @ dkey, rows.T @ dvalue


# 05


def additive_attention_forward(x, offsets, weight, bias, query):
    hidden = np.tanh(x @ weight + bias)  # [T, P]
    logits = hidden @ query
    alpha, out = np.zeros(len(x)), np.zeros((len(offsets) - 1, x.shape[1]))
    for s, (start, end) in enumerate(zip(offsets[:-1], offsets[1:])):
        if end > start:
            alpha[start:end] = softmax(logits[start:end])
            out[s] = alpha[start:end] @ x[start:end]
    return out, (x, offsets, weight, query, hidden, alpha)


def additive_attention_backward(dout, cache):
    x, offsets, weight, query, hidden, alpha = cache
    sets = np.repeat(np.arange(len(dout)), np.diff(offsets))  # of each position
    dalpha = (dout[sets] * x).sum(axis=1)
    means = np.bincount(sets, alpha * dalpha, len(dout))
    dlogits = alpha * (dalpha - means[sets])
    dinside = dlogits[:, None] * query * (1 - hidden**2)  # [T, P]
    dx = alpha[:, None] * dout[sets] + dinside @ weight.T
    return dx, x.T @ dinside, dinside.sum(axis=0), dlogits @ hidden


# 06


def encode_forward(rows, sets, weights, heads):
    attended, attention_cache = self_attention_forward(rows, sets, *weights[:3], heads)
    out, additive_cache = additive_attention_forward(attended, sets[1], *weights[3:])
    return out, (attention_cache, additive_cache)


def encode_backward(dout, cache):
    attention_cache, additive_cache = cache
    dattended, *dpooling = additive_attention_backward(dout, additive_cache)
    drows, *dattention = self_attention_backward(dattended, attention_cache)
    return drows, *dattention, *dpooling


def loss_and_gradients(params, words, titles, histories, candidates, heads):
    rows = params["embedding"][words]
    title_vectors, news_cache = encode_forward(rows, titles, params["news"], heads)
    users, user_cache = encode_forward(title_vectors, histories, params["user"], heads)
    scores = click_scores(title_vectors, users, candidates)
    loss, dscores = click_loss(scores)
    dtitles_shown, dusers = click_scores_backward(dscores, title_vectors, users, candidates)
    dtitles_read, *duser = encode_backward(dusers, user_cache)
    drows, *dnews = encode_backward(dtitles_shown + dtitles_read, news_cache)  # a title stands in two places
    return loss, {"embedding": drows, "news": dnews, "user": duser}


# 08


def adam_step(param, gradient, first, second, step, learning_rate):
    first += 0.1 * (gradient - first)
    second += 0.001 * (gradient**2 - second)
    mean, square = first / (1 - 0.9**step), second / (1 - 0.999**step)
    param -= learning_rate * mean / (np.sqrt(square) + 1e-8)


def adam_step_of_rows(table, words, rows, first, second, step, learning_rate):
    parts = table[words], first[words], second[words]  # copies
    adam_step(parts[0], rows, parts[1], parts[2], step, learning_rate)
    table[words], first[words], second[words] = parts
