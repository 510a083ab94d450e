"""Training: epochs of Adam steps, validation after each, early stopping on the dev AUC."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
from tqdm import tqdm

from .adam import AdamState, adam_step
from .config import Config
from .data.batches import Batch
from .data.clicks import draw_candidates
from .data.prepare import Split
from .encoder import Parameters
from .errors import NonFiniteError
from .layers.loss import click_loss_forward
from .metrics import evaluate_scores
from .model import backward, draw_masks, forward
from .rng import generator
from .scoring import score_impressions

Record = dict[str, float]  # a row of history.csv


def train_step(
    params: Parameters, state: AdamState, batch: Batch, config: Config, epoch: int = 1, step: int = 0
) -> float:
    """One Adam step, in place; returns the mean loss of the batch. The dropout masks are keyed by epoch and step.

    Raises NonFiniteError naming epoch and step when the loss or a gradient is not finite; nothing is updated then.
    """
    masks = draw_masks(batch, params, config.dropout, generator(config.seed, "dropout", epoch, step))
    loss, _, cache = forward(params, batch, config, masks)
    try:
        if not np.isfinite(loss):
            raise NonFiniteError("the loss is not finite")
        adam_step(params, backward(cache), state, config.learning_rate, config.clip)
    except NonFiniteError as error:
        raise NonFiniteError(f"epoch {epoch}, step {step}: {error}; try a smaller --learning-rate") from None
    return float(loss)


def train_epoch(params: Parameters, state: AdamState, split: Split, config: Config, epoch: int) -> tuple[float, float]:
    """One pass over the training clicks, in place. Returns the mean loss and the seconds it took."""
    clicks = len(split.clicks)
    order = generator(config.seed, "order", epoch).permutation(clicks)
    positions = draw_candidates(split.clicks, config.negatives, generator(config.seed, "negatives", epoch))
    total, done, start = 0.0, 0, time.perf_counter()
    with tqdm(total=clicks, desc=f"epoch {epoch}", unit=" samples", leave=False) as bar:
        for step, first in enumerate(range(0, clicks, config.batch_size)):
            which = order[first : first + config.batch_size]
            loss = train_step(params, state, split.batch(which, positions[which]), config, epoch, step)
            total, done = total + loss * len(which), done + len(which)
            bar.set_postfix(loss=f"{total / done:.4f}", refresh=False)
            bar.update(len(which))
    return total / done, time.perf_counter() - start


def validate(params: Parameters, split: Split, config: Config) -> Record:
    """Dropout off: validation loss and mean probability of the click (negatives drawn once), and the four metrics."""
    scores = score_impressions(params, split.news_words, split.histories, split.candidates, config)
    positions = draw_candidates(split.clicks, config.negatives, generator(config.seed, "validation negatives"))
    loss, probabilities = click_loss_forward(scores[positions])
    return {
        "val_loss": float(loss),
        "positive_probability": float(probabilities[:, 0].mean()),
        **evaluate_scores(scores, split.candidates, split.labels),
    }


def fit(
    params: Parameters, train: Split, dev: Split, config: Config, on_epoch: Callable[[Record, bool], None]
) -> tuple[list[Record], Record, Parameters]:
    """Train until the dev AUC has not risen for ``config.patience`` epochs, or for ``config.epochs``.

    Calls on_epoch(record, is_best) after each epoch. Returns all records, the best one (the earlier on a tie) and a
    copy of the weights that gave it; ``params`` holds the last weights.
    """
    state, records, best, best_params = AdamState.zeros(params), [], None, params
    for epoch in range(1, config.epochs + 1):
        loss, seconds = train_epoch(params, state, train, config, epoch)
        speed = {"seconds": seconds, "samples_per_second": len(train.clicks) / seconds}
        record = {"epoch": epoch, "loss": loss, **validate(params, dev, config), **speed}
        records.append(record)
        is_best = best is None or record["auc"] > best["auc"]
        if is_best:
            best, best_params = record, {name: one.copy() for name, one in params.items()}
        on_epoch(record, is_best)
        if epoch - best["epoch"] >= config.patience:
            break
    return records, best, best_params
