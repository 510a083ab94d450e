"""NRMS: the parameters, the loss, and its gradient (Wu et al., EMNLP 2019; chapter 06).

rows    = dropout(embedding[words])                           [U, D]
titles  = encode(rows,   batch.titles,    news weights)       [N, M]
users   = encode(titles, batch.histories, user weights)       [B, M]
scores  = titles[candidates] . users                          [B, 1+K]
loss    = -mean log softmax(scores)[:, 0]
"""

import math
from typing import NamedTuple

import numpy as np

from .batch import Batch
from .config import Config
from .encoder import EncoderCache, Parameters, encode_backward, encode_forward, name_gradients, side_weights
from .layers.dropout import DropoutCache, draw_mask, dropout_backward, dropout_forward
from .layers.embedding import embedding_backward, embedding_forward
from .layers.loss import (
    ClickScoresCache,
    click_loss_backward,
    click_loss_forward,
    click_scores_backward,
    click_scores_forward,
)
from .layers.mean import MeanCache
from .rng import generator

# by parameter name; that of "embedding" is (words [U], rows [U, D]): zero in every row that is not listed
Gradients = dict[str, np.ndarray | tuple[np.ndarray, np.ndarray]]


def parameter_shapes(config: Config, vocabulary_size: int, word_size: int) -> dict[str, tuple[int, ...]]:
    """The shape of every parameter by name; that of the table is [vocabulary_size, word_size]."""
    size, heads = config.heads * config.head_size, config.heads
    shapes: dict[str, tuple[int, ...]] = {"embedding": (vocabulary_size, word_size)}
    for side, inputs in (("news", word_size), ("user", size)):
        if config.attention == "qkv":
            shapes |= {f"{side}.weight_query": (inputs, size), f"{side}.weight_key": (inputs, size)}
        elif config.attention == "bilinear":
            shapes |= {f"{side}.weight_query": (inputs, heads * inputs)}
        shapes |= {f"{side}.weight_value": (inputs, size)}
        if config.attention != "mean":
            shapes |= {f"{side}.additive_weight": (size, config.query_size)}
            shapes |= {f"{side}.additive_bias": (config.query_size,), f"{side}.additive_query": (config.query_size,)}
    return shapes


def init_parameters(table: np.ndarray, config: Config, word_counts: np.ndarray | None = None) -> Parameters:
    """A flat dict of named arrays, in the dtype of ``table`` [vocabulary, D]; each from its own random stream.

    Glorot uniform with the fans of each named matrix, with three exceptions. Query and key of the news encoder are
    scaled so that attention is born awake (see ``awake``), where ``word_counts`` [vocabulary] says how often each word
    occurs (None: all alike). The value matrix of the news encoder keeps lengths and angles of the word vectors, as far
    as D and M allow: it is semi-orthogonal. That of the user encoder is the identity: a user starts as a mean of the
    clicked title vectors, in their space, so the untrained model ranks by likeness and not by a random bilinear form.
    """
    params, entry = {}, awake(table, config, word_counts)
    for name, shape in parameter_shapes(config, *table.shape).items():
        draw = generator(config.seed, f"init {name}")
        if name == "embedding":
            values = table
        elif name.endswith("additive_bias"):
            values = np.zeros(shape)
        elif name == "user.weight_value":
            values = np.eye(shape[0])
        elif name == "news.weight_value":
            basis, _ = np.linalg.qr(draw.normal(size=(max(shape), min(shape))))
            values = basis if shape[0] >= shape[1] else basis.T
        else:
            fan_in, fan_out = shape if len(shape) == 2 else (*shape, 1)
            limit = math.sqrt(6 / (fan_in + fan_out))
            if name in ("news.weight_query", "news.weight_key"):
                limit = math.sqrt(3) * entry  # of a uniform distribution with this standard deviation
            elif config.attention == "bilinear" and name == "user.weight_query":
                limit = math.sqrt(3) / fan_in  # of D x D, by sqrt(D): the Glorot limit would saturate attention
            values = draw.uniform(-limit, limit, shape)
        params[name] = values.astype(table.dtype, copy=False)
    return params


def awake(table: np.ndarray, config: Config, word_counts: np.ndarray | None) -> float:
    """The standard deviation of the entries of the news encoder's query and key at which attention is born awake.

    With independent entries of that deviation s, the logits e_i' W_q W_k' e_j / sqrt(A) of a line i, over the words j,
    have the standard deviation s^2 |e_i| |e_j - mean e|, and those of the bilinear form, e_i' Q e_j, have s |e_i|
    |e_j - mean e|, both as root mean squares. It shall be ``config.spread``: the gradients of attention that is born
    flat, a mean, hardly tell words apart, and it wakes up late, with few clicks never.
    """
    share = np.ones(len(table)) if word_counts is None else word_counts
    share = share / max(share.sum(), 1)
    power = float(share @ (table.astype(np.float64) ** 2).sum(axis=1))  # mean |e|^2
    around_mean = power - float(((share @ table) ** 2).sum())  # mean |e - mean e|^2
    reach = math.sqrt(power * max(around_mean, 0)) or 1.0  # of a table of zeros nothing can be said
    return math.sqrt(config.spread / reach) if config.attention == "qkv" else config.spread / reach


class Masks(NamedTuple):
    """Dropout masks of one step, True = kept: one row per distinct word, one row per set position."""

    word_mask: np.ndarray  # bool [U, D]
    title_mask: np.ndarray  # bool [all title positions, M]
    history_mask: np.ndarray  # bool [all history positions, M]


def draw_masks(batch: Batch, params: Parameters, rate: float, rng: np.random.Generator) -> Masks | None:
    """Fresh masks for a batch, or None at rate 0. A word's mask is shared by all its occurrences in the batch."""
    if rate == 0:
        return None
    word_size, size = params["news.weight_value"].shape
    shapes = (len(batch.words), word_size), (len(batch.titles.values), size), (len(batch.histories.values), size)
    return Masks(*(draw_mask(rng, shape, rate) for shape in shapes))


class ModelCache(NamedTuple):
    embedding: np.ndarray
    dropout: DropoutCache
    news: EncoderCache | MeanCache
    user: EncoderCache | MeanCache
    scores: ClickScoresCache
    probabilities: np.ndarray


def forward(
    params: Parameters, batch: Batch, config: Config, masks: Masks | None = None
) -> tuple[np.floating, np.ndarray, ModelCache]:
    """Returns the mean loss of the batch, the softmax probabilities [B, 1+K], and the cache for ``backward``."""
    word_mask, title_mask, history_mask = masks or (None, None, None)
    heads, rate = config.heads, config.dropout
    news, user = side_weights(params, "news"), side_weights(params, "user")
    rows, embedding_cache = embedding_forward(params["embedding"], batch.words)  # [U, D]
    rows, dropout_cache = dropout_forward(rows, word_mask, rate)  # [U, D]
    titles, news_cache = encode_forward(rows, batch.titles, news, heads, title_mask, rate)  # [N, M]
    users, user_cache = encode_forward(titles, batch.histories, user, heads, history_mask, rate)  # [B, M]
    scores, scores_cache = click_scores_forward(titles, users, batch.candidates)  # [B, 1+K]
    loss, probabilities = click_loss_forward(scores)
    cache = ModelCache(embedding_cache, dropout_cache, news_cache, user_cache, scores_cache, probabilities)
    return loss, probabilities, cache


def backward(cache: ModelCache) -> Gradients:
    """The gradient of the loss by every parameter."""
    dscores = click_loss_backward(cache.probabilities)  # [B, 1+K]
    dtitles_shown, dusers = click_scores_backward(dscores, cache.scores)  # [N, M], [B, M]
    dtitles_clicked, *duser_weights = encode_backward(dusers, cache.user)  # [N, M]
    # a title stands in histories and among candidates: its gradient is the sum of the two
    dtitles = dtitles_shown + dtitles_clicked
    drows, *dnews_weights = encode_backward(dtitles, cache.news)  # [U, D]
    drows = dropout_backward(drows, cache.dropout)
    return {
        "embedding": embedding_backward(drows, cache.embedding),
        **name_gradients("news", dnews_weights),
        **name_gradients("user", duser_weights),
    }


def loss_and_gradients(
    params: Parameters, batch: Batch, config: Config, masks: Masks | None = None
) -> tuple[np.floating, Gradients]:
    """The mean loss of a batch and its gradient by every parameter."""
    loss, _, cache = forward(params, batch, config, masks)
    return loss, backward(cache)
