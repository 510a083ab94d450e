"""Training: epochs of Adam steps, validation after each, early stopping on the dev AUC.

Tutorial: tutorials/08_adam_and_training.md
"""

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
from .progress import Progress, Record
from .rng import generator
from .scoring import score_impressions


def train_step(
    params: Parameters, state: AdamState, batch: Batch, config: Config, epoch: int = 1, step: int = 0
) -> float:
    """One Adam step, in place; returns the mean loss of the batch. The dropout masks are keyed by epoch and step.

    Raises NonFiniteError naming epoch, batch and parameter when the loss or a gradient is not finite; nothing is
    updated then.
    """
    masks = draw_masks(batch, params, config.dropout, generator(config.seed, "dropout", epoch, step))
    loss, _, cache = forward(params, batch, config, masks)
    try:
        if not np.isfinite(loss):
            raise NonFiniteError(f"the loss is not finite, {_cause(params)}")
        adam_step(params, backward(cache), state, config.learning_rate, config.clip)
    except NonFiniteError as error:
        where = f"epoch {epoch}, batch {step} (step {state.step + 1} of Adam)"
        raise NonFiniteError(f"{where}: {error}; try a smaller --learning-rate") from None
    return float(loss)


def _cause(params: Parameters) -> str:
    broken = [name for name, one in params.items() if not np.isfinite(one).all()]
    return f"nor is {broken[0]}" if broken else "though all parameters are: the scores are too large"


def steps_of_epoch(split: Split, config: Config) -> int:
    return -(-len(split.clicks) // config.batch_size)


def train_epoch(progress: Progress, split: Split, config: Config, on_step: Callable[[], None] | None = None) -> float:
    """Go on with the epoch under way to its end, in place. Returns its mean loss; calls on_step() after each step."""
    clicks, size = len(split.clicks), config.batch_size
    order = generator(config.seed, "order", progress.epoch).permutation(clicks)
    bar = tqdm(total=clicks, initial=progress.step * size, desc=f"epoch {progress.epoch}", unit=" samples", leave=False)
    with bar:
        for first in range(progress.step * size, clicks, size):
            start = time.perf_counter()
            which = order[first : first + size]
            rng = generator(config.seed, "negatives", progress.epoch, progress.step)
            batch = split.batch(which, config.negatives, rng)
            loss = train_step(progress.params, progress.adam, batch, config, progress.epoch, progress.step)
            progress.step += 1
            progress.loss_sum += loss * len(which)
            progress.seconds += time.perf_counter() - start
            bar.set_postfix(loss=f"{progress.loss_sum / (first + len(which)):.4f}", refresh=False)
            bar.update(len(which))
            if on_step:
                on_step()
    return progress.loss_sum / clicks


def validate(params: Parameters, split: Split, config: Config) -> Record:
    """Dropout off: validation loss and mean probability of the click (negatives drawn once), and the four metrics."""
    scores = score_impressions(params, split.news_words, split.histories, split.candidates, config)
    rng = generator(config.seed, "validation negatives")
    positions = draw_candidates(split.clicks, np.arange(len(split.clicks)), config.negatives, rng)
    loss, probabilities = click_loss_forward(scores[positions])
    return {
        "val_loss": float(loss),
        "positive_probability": float(probabilities[:, 0].mean()),
        **evaluate_scores(scores, split.candidates, split.labels),
    }


def fit(
    params: Parameters,
    train: Split,
    dev: Split,
    config: Config,
    on_epoch: Callable[[Record, bool], None],
    progress: Progress | None = None,
    on_step: Callable[[], None] | None = None,
) -> tuple[list[Record], Record, Parameters]:
    """Train until the dev AUC has not risen for ``config.patience`` epochs, or for ``config.epochs``.

    Calls on_epoch(record, is_best) after each epoch and on_step() after each step and epoch. Returns all records,
    the best one (the earlier on a tie) and a copy of the weights that gave it; ``params`` holds the last weights. With
    ``progress`` the run goes on from there, with the weights that it holds.
    """
    progress = progress or Progress.start(params)
    while progress.epoch <= config.epochs:
        if progress.best and progress.records[-1]["epoch"] - progress.best["epoch"] >= config.patience:
            break
        loss = train_epoch(progress, train, config, on_step)
        record = {"epoch": progress.epoch, "loss": loss, **validate(progress.params, dev, config)}
        record |= {"seconds": progress.seconds, "samples_per_second": len(train.clicks) / progress.seconds}
        progress.records.append(record)
        is_best = progress.best is record
        if is_best:
            progress.best_params = {name: one.copy() for name, one in progress.params.items()}
        progress.next_epoch()
        on_epoch(record, is_best)
        if on_step:
            on_step()  # Ctrl-C during validation
    return progress.records, progress.best, progress.best_params
