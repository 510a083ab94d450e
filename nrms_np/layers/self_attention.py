"""Multi-head self-attention inside each set of a ragged list of sets (section 2.1, equations 1 and 2).

Legend: T positions of all sets together, R rows (the level below), H heads, A size of a head's value, Q size of a
head's query and key (A in form "qkv", the row size D in form "bilinear"), M = H * A; S sets that all have n positions.

Tutorial: tutorials/04_self_attention.md
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from ..parallel import in_parallel
from ..ragged import Ragged
from .kernels import softmax_rows, softmax_rows_backward, sum_rows

GROUP = 512  # positions computed together: enough for a few dozen titles, few enough for a core's own memory


class Group(NamedTuple):
    """Sets of equal length, and what attention remembers of them."""

    sets: np.ndarray  # [S] numbers of the sets
    positions: np.ndarray  # [S, n] of 0..T-1
    alpha: np.ndarray  # [S, H, n, n]


def self_attention_forward(
    rows: np.ndarray,
    sets: Ragged,
    weight_query: np.ndarray,
    weight_key: np.ndarray | None,
    weight_value: np.ndarray,
    heads: int,
) -> tuple[np.ndarray, tuple]:
    """out_i = sum_j alpha_ij value_j with alpha_ij = softmax_j(scale * query_i . key_j), per head, j in the set of i.

    rows [R, D]; weight_query [D, H*Q], weight_key [D, H*Q] or None, weight_value [D, M] -> out [T, M], a row for each
    position of ``sets``. Without weight_key the form is "bilinear", the paper's e_i' Q_k e_j: the query is e_i' Q_k,
    the key is the row itself, shared by all heads, and scale = 1. With it the form is "qkv": scale = 1 / sqrt(A).
    """
    # 1. project every row once, however many positions hold it
    query, key, value, scale = project(rows, weight_query, weight_key, weight_value, heads)
    # 2. attend inside each set
    out, groups = attend(query, key, value, scale, sets)  # [T, M]
    return out, (rows, sets, weight_query, weight_key, weight_value, query, key, value, scale, groups)


def self_attention_backward(
    dout: np.ndarray, cache: tuple
) -> tuple[np.ndarray, np.ndarray, np.ndarray | None, np.ndarray]:
    """Returns (drows [R, D], dweight_query, dweight_key or None, dweight_value)."""
    rows, sets, weight_query, weight_key, weight_value, query, key, value, scale, groups = cache
    # 2. out = attend(query, key, value): the gradient at each position, then its sum over the positions of each row
    at_positions = attend_backward(dout, query, key, value, scale, sets, groups)
    positions_of_row = sets.transpose(len(rows))
    dquery, dkey, dvalue = [sum_rows(_flat(x), positions_of_row) for x in at_positions]  # [R, H*Q], [R, M]
    # 1. query = rows @ weight_query, key = rows @ weight_key (or the rows themselves), value = rows @ weight_value
    drows = dquery @ weight_query.T  # [R, D]
    drows += dkey if weight_key is None else dkey @ weight_key.T
    drows += dvalue @ weight_value.T
    return drows, rows.T @ dquery, None if weight_key is None else rows.T @ dkey, rows.T @ dvalue


def project(
    rows: np.ndarray, weight_query: np.ndarray, weight_key: np.ndarray | None, weight_value: np.ndarray, heads: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.generic]:
    """query [R, H, Q], key [R, H, Q] (or the rows themselves, [R, 1, D]), value [R, H, A]; the scale of the logits."""

    def split(x: np.ndarray, heads: int) -> np.ndarray:
        return x.reshape(len(x), heads, x.shape[1] // heads)

    query = split(rows @ weight_query, heads)
    key = split(rows, 1) if weight_key is None else split(rows @ weight_key, heads)
    value = split(rows @ weight_value, heads)
    scale = rows.dtype.type(1 if weight_key is None else 1 / math.sqrt(query.shape[2]))
    return query, key, value, scale


def attend(
    query: np.ndarray, key: np.ndarray, value: np.ndarray, scale: np.generic, sets: Ragged
) -> tuple[np.ndarray, list[Group]]:
    """Step 2 by itself, for rows projected earlier. Returns out [T, M] and the attention weights, by group.

    The sets of one length are computed together, so each line is a product of many small matrices and nothing is
    padded. Groups own their positions of ``out`` and are computed on all cores.
    """
    out = np.empty((len(sets.values), *value.shape[1:]), value.dtype)  # [T, H, A]

    def attend_group(group: tuple[np.ndarray, np.ndarray]) -> Group:
        which, positions = group
        members = sets.values[positions]  # [S, n]
        q, k, v = (_by_head(x[members]) for x in (query, key, value))  # [S, H or 1, n, Q or A]
        alpha = (q * scale) @ _transpose(k)  # logits [S, H, n, n]
        softmax_rows(alpha)
        out[positions] = _by_head(alpha @ v)
        return Group(which, positions, alpha)

    groups = in_parallel(attend_group, sets.by_length(GROUP), small=len(out) <= GROUP)
    return _flat(out), groups


def attend_backward(
    dout: np.ndarray,
    query: np.ndarray,
    key: np.ndarray,
    value: np.ndarray,
    scale: np.generic,
    sets: Ragged,
    groups: list[Group],
) -> list[np.ndarray]:
    """dquery [T, H, Q], dkey [T, H or 1, Q] and dvalue [T, H, A]: the gradient at each position."""
    dquery, dkey, dvalue = [np.empty((len(dout), *x.shape[1:]), x.dtype) for x in (query, key, value)]
    dout = dout.reshape(dvalue.shape)  # [T, H, A]

    def backward_group(group: Group) -> None:
        _, positions, alpha = group
        members = sets.values[positions]  # [S, n]
        q, k, v = (_by_head(x[members]) for x in (query, key, value))  # [S, H or 1, n, Q or A]
        d = _by_head(dout[positions])  # [S, H, n, A]
        # out = alpha @ v
        dvalue[positions] = _by_head(_transpose(alpha) @ d)
        dlogits = d @ _transpose(v)  # dalpha [S, H, n, n], turned into dlogits in place
        # alpha = softmax of each row of the logits
        softmax_rows_backward(dlogits, alpha)
        # logits = scale * q @ k'
        dlogits *= scale
        dquery[positions] = _by_head(dlogits @ k)
        dk = _transpose(dlogits) @ q  # [S, H, n, Q]
        dkey[positions] = _by_head(dk if key.shape[1] > 1 else dk.sum(axis=1, keepdims=True))  # a shared key: all heads

    in_parallel(backward_group, groups, small=len(dout) <= GROUP)
    return [dquery, dkey, dvalue]


def attention_of_sets(groups: list[Group], sets: Ragged, heads: int) -> list[np.ndarray]:
    """The attention weights of each set, [H, n, n]; entry [h, i, j] is how much position i takes from position j."""
    alphas = [np.empty((heads, 0, 0))] * len(sets)  # what no group fills is an empty set
    for which, _, alpha in groups:
        for s, one in zip(which, alpha):
            alphas[s] = one
    return alphas


def _by_head(x: np.ndarray) -> np.ndarray:
    """[S, n, H, A] as [S, H, n, A], and back."""
    return x.transpose(0, 2, 1, 3)


def _transpose(x: np.ndarray) -> np.ndarray:
    return x.transpose(0, 1, 3, 2)


def _flat(x: np.ndarray) -> np.ndarray:
    """[., H, A] as [., H * A]."""
    return x.reshape(len(x), x.shape[1] * x.shape[2])
