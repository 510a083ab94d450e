"""A training run from data to pictures: what ``python -m nrms_np.train`` does after its arguments are read."""

from __future__ import annotations

import json
import shlex
from contextlib import nullcontext, suppress
from dataclasses import asdict
from pathlib import Path

import numpy as np

from ..data.mind import News
from ..data.vocabulary import tokenize
from ..encoder import Parameters
from ..errors import InputError, OutputError
from ..fit import Record, TrainingState, fit, steps_of_epoch
from ..inference import read_attention
from ..model import init_parameters
from . import baselines, mpi, report
from .checkpoint import Checkpoint, load_checkpoint, save_checkpoint
from .files import write_text
from .run_data import Data, Prepared, load_data, prepare_data
from .run_folder import LOCK_FILE, SETTINGS_FILE, RunSettings, claim, load_state, save_state, saving

SAVE_SECONDS = 180  # between two saves of a run
PICTURES = 3  # titles shown in attention pictures


def start_run(settings: RunSettings, folder: Path) -> None:
    """Write the settings to a new run folder and carry them out.

    Raises InputError when the folder already holds a run, and what ``carry_out`` raises.
    """
    if mpi.ranks().rank:
        return carry_out(settings, folder)  # rank 0 alone writes
    if (folder / SETTINGS_FILE).exists():
        raise InputError(f"{folder} already holds a run; go on with --resume {folder}, or give another --run")
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"{folder}: cannot be made ({error.strerror})") from None
    try:
        write_text(folder / SETTINGS_FILE, json.dumps(asdict(settings), indent=1) + "\n")
        carry_out(settings, folder)
    except (InputError, OutputError):
        if not {"checkpoint.npz", "resume.npz"} & {path.name for path in folder.iterdir()}:
            with suppress(OSError):  # nothing to resume: leave no trace, the next try may be right
                for name in (SETTINGS_FILE, LOCK_FILE):
                    (folder / name).unlink(missing_ok=True)
                folder.rmdir()  # if it is empty
        raise


def carry_out(settings: RunSettings, folder: Path) -> None:
    """Begin or go on with the run of this folder, alone. What stops it says how to go on.

    Raises InputError when the data cannot train, OutputError when a file cannot be written, KeyboardInterrupt after
    Ctrl-C.
    """
    go_on = f"go on with: python -m nrms_np.train --resume {shlex.quote(str(folder))}"
    try:
        with nullcontext() if mpi.ranks().rank else claim(folder):
            train_and_report(settings, folder)
    except KeyboardInterrupt:
        raise KeyboardInterrupt(go_on) from None
    except OutputError as error:
        raise OutputError(f"{error}; {go_on}") from None


def train_and_report(settings: RunSettings, folder: Path) -> None:
    """Read the data, train or go on training, print a row per epoch beside the baselines, and write the run folder."""
    ranks = mpi.ranks()
    data = load_data(settings)
    prepared = prepare_data(data, settings)
    ranks.check_equal({**asdict(prepared.config), "data": prepared.fingerprint})
    table = prepared.table.copy()  # training changes its own in place, and the baselines need the first one
    state = ranks.first(lambda: resume(folder, init_parameters(table, prepared.config, prepared.word_counts), prepared))
    rows = report.TrainingTable(lambda: baselines.evaluate_all(data, prepared))
    for record in state.records if ranks.rank == 0 else []:
        rows.show(record, record is state.best)

    def save() -> None:
        save_state(folder / "resume.npz", state, prepared.config, prepared.fingerprint)

    def finish_epoch(record: Record) -> None:
        ranks.check_equal(
            {f"{name} after epoch {record['epoch']}": param for name, param in state.params.items()},
            "use machines of one kind: another processor rounds differently",
        )
        if ranks.rank == 0:
            write_epoch(folder, state, data, prepared, rows.references)
            save()
            rows.show(record, record is state.best)

    with saving(save, SAVE_SECONDS, ranks) as on_step:
        fit(state, prepared.train, prepared.dev, prepared.config, finish_epoch, on_step, ranks)
    if ranks.rank:
        return
    assert state.best  # there is an epoch at least
    draw(folder, state, data.dev_news, prepared)
    print()
    if data.demo:
        auc, oracle, titles = state.best["auc"], rows.references["oracle"]["auc"], prepared.dev.news_words
        print(report.compare_with_truth(data.demo, state.best_params, titles, prepared.config, auc, oracle))
    print(f"best epoch {state.best['epoch']}: AUC {state.best['auc']:.4f}. Results are in {folder}")


def resume(folder: Path, params: Parameters, prepared: Prepared) -> TrainingState:
    """Where the run of this folder stands; a run that was never saved starts from its beginning, with ``params``."""
    if not (folder / "resume.npz").exists():
        return TrainingState.start(params)
    config, fingerprint = prepared.config, prepared.fingerprint
    steps = steps_of_epoch(prepared.train.clicks, config)
    state = load_state(folder / "resume.npz", params, config, fingerprint, steps)
    if state.best:
        best = load_checkpoint(folder / "checkpoint.npz")
        # a run killed between its checkpoint and its next save left the checkpoint of the epoch under way
        epochs = (state.best["epoch"], state.epoch)
        if best.config != config or best.fingerprint != fingerprint or best.epoch not in epochs:
            raise InputError(f"{folder}/checkpoint.npz is not the one that this run wrote; start a new run")
        state.best_params = best.params
    return state


def write_epoch(
    folder: Path, state: TrainingState, data: Data, prepared: Prepared, references: dict[str, dict[str, float]]
) -> None:
    """The files of the run after an epoch: the checkpoint if it is the best, all numbers so far."""
    if state.best is state.records[-1]:
        users, clicks = sorted(data.train.distinct_users()), baselines.clicks_by_id(data.train, data.train_news)
        best = Checkpoint(
            state.best_params,
            prepared.vocabulary,
            prepared.config,
            users,
            clicks,
            state.best["epoch"],
            prepared.fingerprint,
        )
        save_checkpoint(folder / "checkpoint.npz", best)
    numbers = {"epochs": state.records, "best": state.best, "baselines": references}
    write_text(folder / "metrics.json", json.dumps({"config": asdict(prepared.config), **numbers}, indent=1) + "\n")
    write_text(folder / "history.csv", report.to_csv(state.records))


def draw(folder: Path, state: TrainingState, news: News, prepared: Prepared) -> None:
    """The losses, and attention in the clicked dev titles of readable length whose additive weights are least equal."""
    from . import pictures  # only now: importing matplotlib takes a while

    config, dev = prepared.config, prepared.dev
    assert state.best
    pictures.plot_losses(state.records, state.best["epoch"], config.negatives, folder / "val_loss.png")
    if config.attention == "mean":
        return
    clicked = list(dict.fromkeys(dev.candidates.values[dev.clicks.positives].tolist()))
    readable = np.array([n for n in clicked if 7 <= len(dev.news_words[n]) <= 14] or clicked)
    titles = dev.news_words.take(readable)
    self_attention, additive = read_attention(state.best_params, titles, config)
    weights = [additive[start:end] for start, end in zip(titles.offsets[:-1], titles.offsets[1:])]
    # n * sum of squared weights: 1 where a title's weights are equal, n where one word has all
    focus = np.array([len(of_title) * (of_title**2).sum() for of_title in weights])
    for place, i in enumerate(np.argsort(-focus, kind="stable")[:PICTURES], 1):
        tokens = tokenize(news.titles[readable[i]])[: len(titles[i])]
        pictures.plot_additive_attention(tokens, weights[i], folder / f"additive_attention_{place}.png")
        pictures.plot_attention(tokens, self_attention[i], folder / f"attention_{place}.png")
