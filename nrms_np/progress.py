"""Where a training run stands: with its configuration, all that a stopped run needs to go on bit for bit.

Random draws are keyed by (seed, purpose, epoch, step), so there is no generator to save.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from .adam import AdamState
from .config import Config
from .encoder import Parameters
from .errors import InputError
from .files import Arrays, check_arrays, load_arrays, save_arrays
from .metrics import METRICS

KIND = "resume"
Record = dict[str, float]  # the numbers of one epoch, a row of history.csv
COLUMNS = ("epoch", "loss", "val_loss", "positive_probability", *METRICS, "seconds", "samples_per_second")


@dataclass(eq=False)
class Progress:
    """The weights and what Adam remembers, the place in the epoch under way, and the epochs that are done."""

    params: Parameters
    adam: AdamState
    best_params: Parameters  # of the best epoch so far; not in the file, because checkpoint.npz holds them
    epoch: int = 1  # the one under way
    step: int = 0  # steps done in it
    loss_sum: float = 0.0  # over the clicks of those steps
    seconds: float = 0.0  # that they took
    records: list[Record] = field(default_factory=list)

    @classmethod
    def start(cls, params: Parameters) -> Progress:
        return cls(params, AdamState.zeros(params), params)

    @property
    def best(self) -> Record | None:
        """The epoch with the largest dev AUC, the earlier on a tie."""
        return max(self.records, key=lambda record: record["auc"], default=None)

    def next_epoch(self) -> None:
        self.epoch, self.step, self.loss_sum, self.seconds = self.epoch + 1, 0, 0.0, 0.0


COUNTERS = ("epoch", "step", "loss_sum", "seconds", "records")


def save_progress(path: Path, progress: Progress, config: Config, data: str) -> None:
    """Write resume.npz. ``config`` and ``data``, which names the training data, tie it to its run."""
    header = {"config": asdict(config), "data": data, "adam_step": progress.adam.step}
    header |= {name: getattr(progress, name) for name in COUNTERS}
    save_arrays(path, KIND, header, _join(progress.params, progress.adam.first, progress.adam.second))


def load_progress(path: Path, params: Parameters, config: Config, data: str, steps: int) -> Progress:
    """Read resume.npz of a run with parameters like ``params`` and ``steps`` in an epoch.

    Raises InputError when the file is damaged, of another format, or of a run with other settings or data.
    """

    def parse(header: dict[str, Any], arrays: Arrays) -> Progress:
        if header["config"] != asdict(config) or header["data"] != data:
            raise InputError(f"{path}: this run was started with other data or settings")
        shapes = {name: one.shape for name, one in _join(params, params, params).items()}
        check_arrays(arrays, shapes, params["embedding"].dtype)
        saved, first, second = ({name: arrays[f"{group}.{name}"] for name in params} for group in GROUPS)
        progress = Progress(saved, AdamState(header["adam_step"], first, second), saved)
        for name in COUNTERS:
            setattr(progress, name, header[name])
        _check(progress, steps)
        return progress

    try:
        return load_arrays(path, KIND, parse)
    except InputError as error:
        raise InputError(f"{error}; remove it to start the run from its beginning") from None


GROUPS = ("param", "first", "second")


def _join(*groups: Parameters) -> Arrays:
    return {f"{group}.{name}": one for group, named in zip(GROUPS, groups) for name, one in named.items()}


def _check(progress: Progress, steps: int) -> None:
    """Raises ValueError when the numbers contradict each other."""
    done = [record["epoch"] for record in progress.records]
    fits = (
        all(type(one) is int for one in (progress.epoch, progress.step, progress.adam.step, *done))
        and done == list(range(1, progress.epoch))
        and 0 <= progress.step <= steps
        and progress.adam.step == (progress.epoch - 1) * steps + progress.step
        and math.isfinite(progress.loss_sum)
        and (progress.seconds > 0 if progress.step else progress.seconds == 0)
        and all(sorted(record) == sorted(COLUMNS) for record in progress.records)
        and all(type(value) in (int, float) for record in progress.records for value in record.values())
        and all((one >= 0).all() for one in progress.adam.second.values())
    )
    if not fits:
        raise ValueError("its numbers contradict each other")
