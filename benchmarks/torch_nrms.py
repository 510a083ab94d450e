"""NRMS in PyTorch, three times, with the weights, batch and loss of ours: padded as public code does it, tuned by hand,
and in our layout: lists without padding, every word projected once.

Used by the benchmark and by tests/test_torch_parity.py; the project itself never imports it.
"""

from __future__ import annotations

import math

import numpy as np
import torch
import torch.nn.functional as F

from nrms_np.batch import Batch
from nrms_np.config import Config
from nrms_np.model import Masks
from nrms_np.ragged import Ragged


def parameters(params: dict[str, np.ndarray], heads: int) -> dict[str, torch.Tensor]:
    """Copies of our weights, ready for autograd, in the order of columns that suits PyTorch."""
    return {name: torch.tensor(param, requires_grad=True) for name, param in heads_first(params, heads).items()}


def by_head(columns: int, heads: int) -> np.ndarray:
    """Which of our columns stands where when the columns of a head stand together. int64 [columns].

    Column a * H + h of ours belongs to head h; public code, and so this file, has it as column h * A + a.
    """
    return np.arange(columns).reshape(-1, heads).T.ravel()


def heads_first(arrays: dict[str, np.ndarray], heads: int) -> dict[str, np.ndarray]:
    """Parameters, or their gradients, with everything that has a column or row for each head in PyTorch's order."""
    out = dict(arrays)
    size = len(arrays["user.weight_value"])
    for side in ("news", "user"):
        for name in (f"{side}.weight_query", f"{side}.weight_key", f"{side}.weight_value"):
            if name in out:
                out[name] = out[name][:, by_head(out[name].shape[1], heads)]
                if side == "user":  # its rows are columns of title vectors
                    out[name] = out[name][by_head(size, heads)]
        if f"{side}.additive_weight" in out:
            out[f"{side}.additive_weight"] = out[f"{side}.additive_weight"][by_head(size, heads)]
    if (
        "user.weight_query" in out and "user.weight_key" not in out
    ):  # form "bilinear": a query's columns are those of a title vector, for each head
        query = out["user.weight_query"].reshape(size, heads, size)
        out["user.weight_query"] = query[:, :, by_head(size, heads)].reshape(size, -1)
    return out


def pad(sets: Ragged, length: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Indices [sets, length] filled up with 0, and True where there is something: bool [sets, length]."""
    index = np.zeros((len(sets), length), np.int64)
    there = np.arange(length) < sets.lengths[:, None]
    index[there] = sets.values
    return torch.from_numpy(index), torch.from_numpy(there)


def pad_rows(rows: np.ndarray, sets: Ragged, length: int) -> torch.Tensor:
    """One row per position of ``sets`` as [sets, length, columns]; used for injected dropout masks."""
    out = np.zeros((len(sets), length, rows.shape[1]), rows.dtype)
    out[np.arange(length) < sets.lengths[:, None]] = rows
    return torch.from_numpy(out)


def drop(x: torch.Tensor, mask: torch.Tensor | None, rate: float, training: bool) -> torch.Tensor:
    """The given mask when there is one, else PyTorch's own dropout."""
    return F.dropout(x, rate, training) if mask is None else x * mask / (1 - rate)


def encode(
    x: torch.Tensor,
    there: torch.Tensor,
    weights: dict[str, torch.Tensor],
    side: str,
    config: Config,
    mask: torch.Tensor | None,
    training: bool,
    fused: bool,
) -> torch.Tensor:
    """x [S, L, D], there [S, L] -> [S, M]: self-attention, dropout, additive attention, padding masked out."""
    sets, length, _ = x.shape
    value = x @ weights[f"{side}.weight_value"]
    if config.attention == "mean":
        out = drop(value, mask, config.dropout, training) * there[:, :, None]
        return out.sum(dim=1) / there.sum(dim=1, keepdim=True)
    query = x @ weights[f"{side}.weight_query"]
    bilinear = f"{side}.weight_key" not in weights
    key = x[:, :, None].expand(-1, -1, config.heads, -1) if bilinear else x @ weights[f"{side}.weight_key"]
    query, key, value = (t.reshape(sets, length, config.heads, -1).transpose(1, 2) for t in (query, key, value))
    scale = 1.0 if bilinear else 1 / math.sqrt(config.head_size)
    if fused:
        out = F.scaled_dot_product_attention(query, key, value, attn_mask=there[:, None, None, :], scale=scale)
    else:
        logits = query @ key.transpose(2, 3) * scale  # [S, H, L, L]
        out = logits.masked_fill(~there[:, None, None, :], -1e9).softmax(dim=-1) @ value
    out = drop(out.transpose(1, 2).reshape(sets, length, -1), mask, config.dropout, training)  # [S, L, M]
    hidden = torch.tanh(out @ weights[f"{side}.additive_weight"] + weights[f"{side}.additive_bias"])
    logits = (hidden @ weights[f"{side}.additive_query"]).masked_fill(~there, -1e9)
    return (logits.softmax(dim=-1)[:, :, None] * out).sum(dim=1)


def click_loss(titles: torch.Tensor, users: torch.Tensor) -> torch.Tensor:
    """Candidates [B, 1+K, M], users [B, M] -> the mean NLL of column 0."""
    scores = (titles * users[:, None]).sum(dim=-1)
    return F.cross_entropy(scores, torch.zeros(len(scores), dtype=torch.long))


class PaddedBatch:
    """Every title slot of every user at full size: [B, history + 1+K, title] word ids of the embedding table."""

    def __init__(self, batch: Batch, config: Config) -> None:
        slots = Ragged.from_lists([[*batch.histories[b], *batch.candidates[b]] for b in range(len(batch.histories))])
        titles, words_there = pad(batch.titles.take(slots.values), config.title_length)
        users, shown = batch.candidates.shape
        self.words = torch.zeros(users, config.history_length + shown, config.title_length, dtype=torch.long)
        self.words_there = torch.zeros(self.words.shape, dtype=torch.bool)
        # a padded title holds one pad word: no row is all masked
        self.words_there[:, : config.history_length, 0] = True
        clicks = np.arange(config.history_length) < batch.histories.lengths[:, None]
        place = torch.from_numpy(np.concatenate([clicks, np.ones((users, shown), bool)], axis=1))
        self.words[place] = torch.from_numpy(batch.words.astype(np.int64))[titles]
        self.words_there[place] = words_there
        self.clicks_there = torch.from_numpy(clicks)


def padded_loss(
    weights: dict[str, torch.Tensor], batch: PaddedBatch, config: Config, training: bool, fused: bool = False
) -> torch.Tensor:
    """As public code does it: every slot is embedded, projected and encoded, repeated or empty."""
    users, slots, length = batch.words.shape
    rows = F.embedding(batch.words.reshape(-1, length), weights["embedding"])  # [B * slots, L, D]
    rows = F.dropout(rows, config.dropout, training)
    there = batch.words_there.reshape(-1, length)
    titles = encode(rows, there, weights, "news", config, None, training, fused).reshape(users, slots, -1)
    clicked, shown = titles[:, : config.history_length], titles[:, config.history_length :]
    return click_loss(shown, encode(clicked, batch.clicks_there, weights, "user", config, None, training, fused))


class TunedBatch:
    """Different titles once, padding trimmed to the longest of the batch; optional injected dropout masks."""

    def __init__(self, batch: Batch, config: Config, masks: Masks | None = None) -> None:
        title, history = int(batch.titles.lengths.max()), int(batch.histories.lengths.max())
        self.words = torch.from_numpy(batch.words.astype(np.int64))
        self.titles, self.words_there = pad(batch.titles, title)
        self.histories, self.clicks_there = pad(batch.histories, history)
        self.candidates = torch.from_numpy(batch.candidates.astype(np.int64))
        self.word_mask = self.title_mask = self.history_mask = None
        if masks is not None:
            columns = by_head(config.heads * config.head_size, config.heads)
            self.word_mask = torch.from_numpy(masks.word_mask)
            self.title_mask = pad_rows(masks.title_mask[:, columns], batch.titles, title)
            self.history_mask = pad_rows(masks.history_mask[:, columns], batch.histories, history)


def tuned_loss(
    weights: dict[str, torch.Tensor], batch: TunedBatch, config: Config, training: bool, fused: bool = True
) -> torch.Tensor:
    """Repeated titles removed, padding trimmed, a sparse gradient for the embedding."""
    rows = F.embedding(batch.words, weights["embedding"], sparse=True)  # [U, D]
    if batch.word_mask is not None:
        rows = drop(rows, batch.word_mask, config.dropout, training)
    x = F.embedding(batch.titles, rows)  # [N, L, D]
    if batch.word_mask is None:
        x = F.dropout(x, config.dropout, training)
    titles = encode(x, batch.words_there, weights, "news", config, batch.title_mask, training, fused)  # [N, M]
    users = encode(
        titles[batch.histories], batch.clicks_there, weights, "user", config, batch.history_mask, training, fused
    )
    return click_loss(titles[batch.candidates], users)


class RaggedSets:
    """A ragged list of sets for PyTorch: the sets of each length together, so that none is padded."""

    def __init__(self, sets: Ragged) -> None:
        self.values = torch.from_numpy(sets.values.astype(np.int64))  # [T]
        self.owner = torch.from_numpy(np.repeat(np.arange(len(sets)), sets.lengths))  # the set of each position
        self.count = len(sets)
        positions = [sets.offsets[:-1][sets.lengths == n][:, None] + np.arange(n) for n in np.unique(sets.lengths) if n]
        self.by_length = [self.values[torch.from_numpy(index)] for index in positions]  # [sets of length n, n]
        self.place = torch.from_numpy(np.argsort(np.concatenate([index.ravel() for index in positions])))


class RaggedBatch:
    """Our batch as it is, in PyTorch's tensors."""

    def __init__(self, batch: Batch, config: Config) -> None:
        self.words = torch.from_numpy(batch.words.astype(np.int64))
        self.titles, self.histories = RaggedSets(batch.titles), RaggedSets(batch.histories)
        self.candidates = torch.from_numpy(batch.candidates.astype(np.int64))


def encode_ragged(
    rows: torch.Tensor, sets: RaggedSets, weights: dict[str, torch.Tensor], side: str, config: Config, training: bool
) -> torch.Tensor:
    """Rows [R, D] and sets of them -> [sets, M]: each row projected once, the attention by length, sums by set."""
    projected = [rows @ weights[f"{side}.weight_{name}"] for name in ("query", "key", "value")]  # [R, M] each
    attended = []
    for index in sets.by_length:
        query, key, value = (
            F.embedding(index, x).reshape(*index.shape, config.heads, -1).transpose(1, 2) for x in projected
        )
        out = F.scaled_dot_product_attention(query, key, value)  # its scale is 1 / sqrt(A)
        attended.append(out.transpose(1, 2).reshape(index.numel(), -1))
    out = F.dropout(F.embedding(sets.place, torch.cat(attended)), config.dropout, training)  # [T, M]
    hidden = torch.tanh(out @ weights[f"{side}.additive_weight"] + weights[f"{side}.additive_bias"])
    logits = hidden @ weights[f"{side}.additive_query"]  # [T]
    least = logits.new_full((sets.count,), -torch.inf)
    largest = least.scatter_reduce(0, sets.owner, logits.detach(), "amax")
    exponentials = torch.exp(logits - largest[sets.owner])
    total = logits.new_zeros(sets.count).index_add(0, sets.owner, exponentials)
    alpha = exponentials / total[sets.owner]
    return out.new_zeros(sets.count, out.shape[1]).index_add(0, sets.owner, alpha[:, None] * out)


def ragged_loss(weights: dict[str, torch.Tensor], batch: RaggedBatch, config: Config, training: bool) -> torch.Tensor:
    """What our layout gives without our kernels: every word and every title once, nothing padded."""
    rows = F.dropout(F.embedding(batch.words, weights["embedding"], sparse=True), config.dropout, training)
    titles = encode_ragged(rows, batch.titles, weights, "news", config, training)  # [N, M]
    users = encode_ragged(titles, batch.histories, weights, "user", config, training)
    return click_loss(F.embedding(batch.candidates, titles), users)


class TunedAdam:
    """Adam for the small weights, SparseAdam for the embedding.

    SparseAdam adds epsilon before the bias correction of the second moment: its epsilon is rescaled each step so that
    both follow Kingma and Ba's algorithm 1.
    """

    def __init__(self, weights: dict[str, torch.Tensor], learning_rate: float) -> None:
        dense = [weight for name, weight in weights.items() if name != "embedding"]
        self.dense = torch.optim.Adam(dense, lr=learning_rate)
        self.sparse = torch.optim.SparseAdam([weights["embedding"]], lr=learning_rate)
        self.steps = 0

    def step(self) -> None:
        self.steps += 1
        self.sparse.param_groups[0]["eps"] = 1e-8 * math.sqrt(1 - 0.999**self.steps)
        for optimizer in (self.dense, self.sparse):
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)
