"""Where a training run stands: with its configuration, all that a stopped run needs to go on bit for bit.

Random draws are keyed by (seed, purpose, epoch, step), so there is no generator to save.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from .adam import AdamState
from .checkpoint import BROKEN_FILE, text_of, to_bytes, write_file
from .encoder import Parameters
from .errors import InputError

FORMAT = 1
Record = dict[str, float]  # the numbers of one epoch, a row of history.csv


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
    best: Record | None = None

    @classmethod
    def start(cls, params: Parameters) -> Progress:
        return cls(params, AdamState.zeros(params), params)

    def next_epoch(self) -> None:
        self.epoch, self.step, self.loss_sum, self.seconds = self.epoch + 1, 0, 0.0, 0.0


COUNTERS = ("epoch", "step", "loss_sum", "seconds", "records", "best")


def save_progress(path: Path, progress: Progress, data: str) -> None:
    """Write resume.npz. ``data`` names the training data, so that a run does not go on with another one."""
    header = {"format": FORMAT, "data": data, "adam_step": progress.adam.step}
    header |= {name: getattr(progress, name) for name in COUNTERS}
    groups = {"param": progress.params, "first": progress.adam.first, "second": progress.adam.second}
    arrays = {f"{group}.{name}": one for group, named in groups.items() for name, one in named.items()}
    write_file(Path(path), lambda file: np.savez(file, header=to_bytes(json.dumps(header)), **arrays))


def load_progress(path: Path, params: Parameters, data: str) -> Progress:
    """Read resume.npz for a model with arrays like ``params``.

    Raises InputError when the file is damaged, of another format, or of another model or data.
    """
    try:
        with np.load(path, allow_pickle=False) as file:
            header = json.loads(text_of(file["header"]))
            groups = [{name: file[f"{group}.{name}"] for name in params} for group in ("param", "first", "second")]
        fits = all(one[n].shape == p.shape and one[n].dtype == p.dtype for one in groups for n, p in params.items())
        if header["format"] != FORMAT or header["data"] != data or not fits:
            raise InputError(f"{path}: this run was started with other data or by another version; start a new run")
        saved, first, second = groups
        counters = {name: header[name] for name in COUNTERS}
        return Progress(saved, AdamState(header["adam_step"], first, second), saved, **counters)
    except InputError:
        raise
    except BROKEN_FILE as error:
        raise InputError(f"{path}: damaged ({error}); remove it to start the run from its beginning") from None
