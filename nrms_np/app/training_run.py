"""A training run from data to pictures: what ``python -m nrms_np.train`` does after its arguments are read."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import asdict
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from ..data.demo import Demo, write_demo
from ..data.mind import News
from ..data.vocabulary import tokenize
from ..encoder import Parameters
from ..errors import InputError, OutputError
from ..fit import Record, TrainingState, fit, steps_of_epoch
from ..inference import read_attention
from ..model import init_parameters
from . import baselines, cli, mpi, report
from .checkpoint import Checkpoint, load_checkpoint, save_checkpoint
from .files import write_text
from .run_data import Data, Prepared, load_data, prepare_data
from .run_folder import (
    SETTINGS_FILE,
    RunSettings,
    claim,
    load_state,
    read_settings,
    same_run,
    save_state,
    saving,
    write_settings,
)
from .signals import Stopped

CORPUS = "corpus"  # the demo corpus, in the folder of its run
SAVE_SECONDS = 180  # between two saves of a run
PICTURES = 3  # titles shown in attention pictures


def start_run(settings: RunSettings, folder: Path | None) -> None:
    """Carry out the settings in a new run folder: ``folder`` or, for None, the first of runs/<name>, runs/<name>-2, ...

    Raises InputError when the folder already holds a run or the data cannot train, OutputError when a file cannot be
    written, Stopped after Ctrl-C, SIGTERM or SIGHUP.
    """
    folder = mpi.first(lambda: make_folder(settings, folder))
    with working_in(folder):
        if mpi.ranks().rank:
            return train_and_report(settings, folder)
        if (folder / SETTINGS_FILE).exists():
            go_on = cli.command("train", "--resume", folder)
            raise InputError(f"{folder} already holds a run; go on with: {go_on}, or give another --run")
        write_settings(folder, settings)  # first: a run that is killed while it reads its data can be resumed
        try:
            train_and_report(settings, folder)
        except (InputError, OutputError):
            if not {"checkpoint.npz", "resume.npz"} & {path.name for path in folder.iterdir()}:
                with suppress(OSError):
                    (folder / SETTINGS_FILE).unlink()  # nothing to resume, and the next try may be right
            raise


def make_folder(settings: RunSettings, folder: Path | None) -> Path:
    """Make the folder of ``start_run``. Raises OutputError when it cannot be made."""
    try:
        if not folder:
            return new_folder(Path("runs") / (Path(settings.train[0]).name if settings.train else "demo"))
        folder.mkdir(parents=True, exist_ok=True)
        return folder
    except FileExistsError as error:
        raise InputError(f"--run {error.filename}: is there and is no folder; give another name") from None
    except OSError as error:
        raise OutputError(f"{error.filename}: cannot be made ({error.strerror})") from None


def new_folder(base: Path) -> Path:
    """Make ``base``, or the first of base-2, base-3, ... that is not there. Runs that start at once each make one."""
    folder = base
    for n in count(2):
        try:
            folder.mkdir(parents=True)
            return folder
        except FileExistsError:
            folder = base.with_name(f"{base.name}-{n}")
    raise AssertionError


def resume_run(folder: Path, given: dict[str, Any]) -> None:
    """Go on with the run of a folder, with what is ``given`` in place of its own settings. Raises as ``start_run``."""
    settings = mpi.first(lambda: read_settings(folder).changed(given))
    settings.check_paths()
    with working_in(folder):
        train_and_report(settings, folder)


@contextmanager
def working_in(folder: Path) -> Iterator[None]:
    """Hold the folder, on rank 0; what stops the work in it says how to go on."""
    go_on = f"go on with: {cli.command('train', '--resume', folder)}"
    try:
        with nullcontext() if mpi.ranks().rank else claim(folder):
            yield
    except Stopped as stopped:
        raise Stopped(*stopped.args, go_on) from None
    except OutputError as error:
        raise OutputError(f"{error}; {go_on}" if (folder / SETTINGS_FILE).exists() else str(error)) from None


def train_and_report(settings: RunSettings, folder: Path) -> None:
    """Read the data, train or go on training, print a row per epoch beside the baselines, and write the run folder."""
    ranks = mpi.ranks()
    data = load_data(settings)
    prepared = prepare_data(data, settings)
    mpi.check_equal({**asdict(prepared.config), "data": prepared.fingerprint})
    table = prepared.table.copy()  # training changes its own in place, and the baselines need the first one
    start = init_parameters(table, prepared.config, prepared.word_counts)
    state = mpi.first(lambda: resume(folder, start, prepared, settings))
    rows = report.TrainingTable(lambda: baselines.evaluate_all(data, prepared))
    for record in [] if ranks.rank else state.records:
        rows.show(record, record is state.best)

    def save() -> None:
        save_state(folder / "resume.npz", state, prepared.config, prepared.fingerprint)

    def finish_epoch(record: Record) -> None:
        mpi.check_equal(
            {f"{name} after epoch {record['epoch']}": param for name, param in state.params.items()},
            "use machines of one kind: another processor rounds differently",
        )
        if ranks.rank == 0:
            write_epoch(folder, state, data, prepared, rows.references)
            save()
            rows.show(record, record is state.best)

    steps, done = steps_of_epoch(prepared.train.clicks, prepared.config), state.adam.step
    with saving(save, SAVE_SECONDS, lambda: state.step == steps) as on_step:
        fit(state, prepared.train, prepared.dev, prepared.config, finish_epoch, on_step, ranks)
    assert state.best  # there is an epoch at least
    if ranks.rank:
        return
    if state.epoch <= prepared.config.epochs:
        print(f"stopped early: no better dev AUC since epoch {state.best['epoch']} (--patience)")
    elif state.adam.step == done:
        print(f"nothing was left to train after epoch {state.epoch - 1}: give a larger --epochs")
    show_results(settings, folder, state, data, prepared, rows.references)


def show_results(
    settings: RunSettings,
    folder: Path,
    state: TrainingState,
    data: Data,
    prepared: Prepared,
    references: dict[str, dict[str, float]],
) -> None:
    """Draw the pictures of a run that has ended, print what it reached, and what to do next."""
    assert state.best
    draw(folder, state, data.dev_news, prepared)
    print()
    if data.demo:
        write_corpus(folder, data.demo)
        auc, oracle, titles = state.best["auc"], references["oracle"]["auc"], prepared.dev.news_words
        print(report.compare_with_truth(data.demo, state.best_params, titles, prepared.config, auc, oracle))
    print(f"best epoch {state.best['epoch']}: AUC {state.best['auc']:.4f}. Results are in {folder}")
    dev = folder / CORPUS / "dev" if data.demo else Path(settings.dev) if settings.dev else None
    train = Path(settings.train[-1] if settings.train else "")
    print(report.next_commands(folder / "checkpoint.npz", dev, train, data.dev_news, data.dev))


def write_corpus(folder: Path, demo: Demo) -> None:
    """Write the demo corpus in MIND's form, for the other commands."""
    if (folder / CORPUS).exists():
        return
    try:
        with TemporaryDirectory(prefix="part-", dir=folder) as part:  # so that nobody finds half of it
            write_demo(Path(part) / CORPUS, demo)
            os.rename(Path(part) / CORPUS, folder / CORPUS)
    except OSError as error:
        raise OutputError(f"{folder / CORPUS}: cannot be written ({error.strerror})") from None


def resume(folder: Path, params: Parameters, prepared: Prepared, settings: RunSettings) -> TrainingState:
    """Where the run of this folder stands; a run that was never saved starts from its beginning, with ``params``.

    From now on the folder holds these ``settings``.
    """
    state = load_run(folder, params, prepared)
    before = read_settings(folder)
    if before != settings:
        write_settings(folder, settings)
        if (folder / "resume.npz").exists():
            what = "paths" if before.config == settings.config else "settings"
            print(f"the {what} of the run have changed, its data are the same")
    return state


def load_run(folder: Path, params: Parameters, prepared: Prepared) -> TrainingState:
    """``resume`` without its writing. Raises InputError when what was saved is damaged or of another run."""
    if not (folder / "resume.npz").exists():
        return TrainingState.start(params)
    config, fingerprint = prepared.config, prepared.fingerprint
    steps = steps_of_epoch(prepared.train.clicks, config)
    state = load_state(folder / "resume.npz", params, config, fingerprint, steps)
    if state.best:
        try:
            best = load_checkpoint(folder / "checkpoint.npz")
        except InputError as error:
            raise InputError(f"{error}; remove {folder}/resume.npz to start the run from its beginning") from None
        # a run killed between its checkpoint and its next save left the checkpoint of the epoch under way
        epochs = (state.best["epoch"], state.epoch)
        if not same_run(best.config, config) or best.fingerprint != fingerprint or best.epoch not in epochs:
            raise InputError(f"{folder}/checkpoint.npz is not the one that this run wrote; start a new run")
        state.best_params = best.params
    return state


def write_epoch(
    folder: Path, state: TrainingState, data: Data, prepared: Prepared, references: dict[str, dict[str, float]]
) -> None:
    """The files of the run after an epoch: the checkpoint if it is the best, all numbers so far."""
    if state.best is state.records[-1]:
        users, clicks = sorted(data.train.distinct_users()), baselines.clicks_by_id(data.train, data.train_news)
        model = state.best_params, prepared.vocabulary, prepared.config
        best = Checkpoint(*model, users, clicks, state.best["epoch"], prepared.fingerprint)
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
    clicked = dict.fromkeys(dev.candidates.values[dev.clicks.positives].tolist())
    with_words = [n for n in clicked if len(dev.news_words[n])]
    readable = np.array([n for n in with_words if 7 <= len(dev.news_words[n]) <= 14] or with_words, np.int64)
    titles = dev.news_words.take(readable)
    self_attention, additive = read_attention(state.best_params, titles, config)
    weights = [additive[start:end] for start, end in zip(titles.offsets[:-1], titles.offsets[1:])]
    # n * sum of squared weights: 1 where a title's weights are equal, n where one word has all
    focus = np.array([len(of_title) * (of_title**2).sum() for of_title in weights])
    for place, i in enumerate(np.argsort(-focus, kind="stable")[:PICTURES], 1):
        tokens = tokenize(news.titles[readable[i]])[: len(titles[i])]
        pictures.plot_additive_attention(tokens, weights[i], folder / f"additive_attention_{place}.png")
        pictures.plot_attention(tokens, self_attention[i], folder / f"attention_{place}.png")
