"""Training: epochs of Adam steps, validation after each, early stopping on the dev AUC (chapter 08)."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np
from tqdm import tqdm

from .adam import AdamState, adam_step
from .batch import Batch
from .clicks import Clicks, Split, draw_candidates
from .config import Config
from .encoder import Parameters
from .errors import NonFiniteError
from .inference import score_impressions
from .layers.loss import click_loss_forward
from .metrics import evaluate_scores
from .model import draw_masks, loss_and_gradients
from .rng import generator

# The numbers of one epoch, a row of history.csv: "epoch", "loss" (the mean over the epoch, dropout on), those of
# ``validate``, "seconds" (of the training steps), "samples_per_second".
Record = dict[str, Any]


@dataclass(eq=False)
class TrainingState:
    """All that a training needs to go on bit for bit: random draws are keyed, so there is no generator to keep."""

    params: Parameters
    adam: AdamState
    best_params: Parameters  # of the best epoch so far
    epoch: int = 1  # the one under way
    step: int = 0  # steps done in it
    loss_sum: float = 0.0  # over the clicks of those steps
    seconds: float = 0.0  # that they took
    records: list[Record] = field(default_factory=list)

    @classmethod
    def start(cls, params: Parameters) -> Self:
        return cls(params, AdamState.zeros(params), params)

    @property
    def best(self) -> Record | None:
        """The epoch with the largest dev AUC, the earlier on a tie; None before the end of the first."""
        return max(self.records, key=lambda record: record["auc"], default=None)

    def finish_epoch(self, record: Record) -> None:
        self.records.append(record)
        if self.best is record:
            self.best_params = {name: param.copy() for name, param in self.params.items()}
        self.epoch, self.step, self.loss_sum, self.seconds = self.epoch + 1, 0, 0.0, 0.0


def train_step(
    params: Parameters,
    adam: AdamState,
    batch: Batch,
    config: Config,
    epoch: int = 1,
    step: int = 0,
    learning_rate: float | None = None,
    gradients_of: Callable = loss_and_gradients,
) -> float:
    """One Adam step, in place; returns the mean loss of the batch. The dropout masks are keyed by epoch and step.

    ``learning_rate`` stands in for that of ``config``, ``gradients_of`` for the function that computes loss and
    gradients, where several processes share the work. Raises NonFiniteError naming epoch, batch and parameter when the
    loss or a gradient is not finite; nothing is updated then.
    """
    rate = config.learning_rate if learning_rate is None else learning_rate
    masks = draw_masks(batch, params, config.dropout, generator(config.seed, "dropout", epoch, step))
    loss, gradients = gradients_of(params, batch, config, masks)
    try:
        if not np.isfinite(loss):
            raise NonFiniteError(f"the loss is not finite, {_cause(params)}")
        adam_step(params, gradients, adam, rate, config.clip)
    except NonFiniteError as error:
        where = f"epoch {epoch}, batch {step} (step {adam.step + 1} of Adam)"
        raise NonFiniteError(f"{where}: {error}; try a smaller --learning-rate") from None
    return float(loss)


def _cause(params: Parameters) -> str:
    broken = [name for name, param in params.items() if not np.isfinite(param).all()]
    return f"nor is {broken[0]}" if broken else "though all parameters are: the scores are too large"


def steps_of_epoch(clicks: Clicks, config: Config) -> int:
    return -(-len(clicks) // config.batch_size)


def falling_rate(config: Config, done: int, steps: int) -> float:
    """The learning rate after ``done`` steps: it falls on a line from ``config.learning_rate``, with ``steps`` in each
    of ``config.epochs`` epochs, so that the last steps settle what the first ones found."""
    return config.learning_rate * (1 - done / (steps * config.epochs))


def train_epoch(
    state: TrainingState, train: Split, config: Config, on_step: Callable[[], None], gradients_of: Callable
) -> float:
    """Go on with the epoch under way to its end, in place. Returns its mean loss; calls on_step() after each step."""
    clicks, size = len(train.clicks), config.batch_size
    order = generator(config.seed, "order", state.epoch).permutation(clicks)
    bar = tqdm(total=clicks, initial=state.step * size, desc=f"epoch {state.epoch}", unit=" samples", leave=False)
    with bar:
        for first in range(state.step * size, clicks, size):
            start = time.perf_counter()
            which = order[first : first + size]
            batch = train.batch(which, config, generator(config.seed, "negatives", state.epoch, state.step))
            rate = falling_rate(config, state.adam.step, steps_of_epoch(train.clicks, config))
            loss = train_step(state.params, state.adam, batch, config, state.epoch, state.step, rate, gradients_of)
            state.step += 1
            state.loss_sum += loss * len(which)
            state.seconds += time.perf_counter() - start
            bar.set_postfix(loss=f"{state.loss_sum / (first + len(which)):.4f}", refresh=False)
            bar.update(len(which))
            on_step()
    return state.loss_sum / clicks


def validation_loss(scores: np.ndarray, clicks: Clicks, config: Config) -> tuple[float, float]:
    """The loss of the scores [all candidates], and the mean probability of the click. NaN without clicks.

    The negatives are drawn once: the same for every epoch and for ``evaluate``.
    """
    if not len(clicks):
        return np.nan, np.nan
    rng = generator(config.seed, "validation negatives")
    shown = draw_candidates(clicks, np.arange(len(clicks)), config.negatives, rng)
    loss, probabilities = click_loss_forward(scores[shown])
    return float(loss), float(probabilities[:, 0].mean())


def validate(params: Parameters, dev: Split, config: Config, each: Callable = map) -> dict[str, float]:
    """Dropout off: validation loss, mean probability of the click, and the four metrics."""
    scores = score_impressions(params, dev.news_words, dev.histories, dev.candidates, config, each)
    loss, probability = validation_loss(scores, dev.clicks, config)
    metrics = evaluate_scores(scores, dev.candidates, dev.labels)
    return {"val_loss": loss, "positive_probability": probability, **metrics}


def fit(
    state: TrainingState,
    train: Split,
    dev: Split,
    config: Config,
    on_epoch: Callable[[Record], None] = lambda record: None,
    on_step: Callable[[], None] = lambda: None,
    gradients_of: Callable = loss_and_gradients,
    each: Callable = map,
) -> None:
    """Go on until the dev AUC has not risen for ``config.patience`` epochs, or for ``config.epochs``, in place.

    Calls on_epoch(record) after each epoch, when ``state`` is that of the next one, and on_step() after each step and
    epoch. ``state.params`` are the last weights, ``state.best_params`` a copy of the best. Where several processes
    share the work, ``gradients_of`` stands in for ``loss_and_gradients``, and ``each`` for map() in validation.
    """
    while state.epoch <= config.epochs:
        if state.best and state.records[-1]["epoch"] - state.best["epoch"] >= config.patience:
            break
        loss = train_epoch(state, train, config, on_step, gradients_of)
        record = {"epoch": state.epoch, "loss": loss, **validate(state.params, dev, config, each)}
        record |= {"seconds": state.seconds, "samples_per_second": len(train.clicks) / state.seconds}
        state.finish_epoch(record)
        on_epoch(record)
        on_step()  # Ctrl-C during validation
