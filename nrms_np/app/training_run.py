"""A training run from data to results: what ``python -m nrms_np.train`` does after its arguments are read."""

import json
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from functools import cache, partial
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from ..batch import cut_titles
from ..data.demo import Demo, write_demo
from ..data.files import write_text
from ..errors import OutputError
from ..fit import Record, TrainingState, fit, steps_of_epoch
from ..inference import read_attention
from ..metrics import METRICS
from ..model import init_parameters
from . import baselines, cli, mpi, run_folder
from .checkpoint import Checkpoint, save_checkpoint
from .console import Stopped, on_stop, stop
from .run_data import Prepared, prepare_data
from .run_folder import CHECKPOINT_FILE, RESUME_FILE, RunSettings, save_state

SAVE_SECONDS = 180  # between two saves of a run


def train_in(folder: Path, settings: RunSettings) -> None:
    """Read the data, train or go on training, print a row per epoch beside the baselines, and write the run folder.

    Raises InputError when the data cannot train or are not those of the run, OutputError when a file cannot be written,
    Stopped after Ctrl-C, SIGTERM or SIGHUP.
    """
    ranks = mpi.ranks()
    prepared = prepare_data(settings)
    config, fingerprint = prepared.config, prepared.fingerprint
    mpi.check_equal({**asdict(config), "data": fingerprint})
    word_counts = np.bincount(prepared.train.news_words.values, minlength=len(prepared.table))
    # a copy: training changes its table in place, and the rankings that need no training are those of the first one
    start = init_parameters(prepared.table.copy(), config, word_counts)
    state = mpi.first(lambda: run_folder.load_run(folder, start, config, fingerprint))
    mpi.first(lambda: run_folder.keep_settings(folder, settings))
    save = partial(save_state, folder / RESUME_FILE, state, config, fingerprint)

    # evaluated and printed when first asked for: on a large dev set they take a while
    references = cache(partial(print_references, prepared))

    def show(record: Record) -> None:
        references()  # above the first row
        print_row(str(record["epoch"]), record, record is state.best)

    for record in [] if ranks.rank else state.records:
        show(record)
    if state.epoch > config.epochs:
        print(f"nothing was left to train after epoch {state.epoch - 1}: give a larger --epochs")

    def finish_epoch(record: Record) -> None:
        weights = {f"{name} after epoch {record['epoch']}": param for name, param in state.params.items()}
        mpi.check_equal(weights, "use machines of one kind: another processor rounds differently")
        if ranks.rank == 0:
            write_epoch(folder, state, prepared, references())
            save()
            show(record)

    with saving(save, lambda: state.step == steps_of_epoch(prepared.train.clicks, config)) as on_step:
        fit(state, prepared.train, prepared.dev, config, finish_epoch, on_step, ranks.gradients_of, ranks.map)
    if ranks.rank == 0:
        show_results(folder, state, prepared, references())


@contextmanager
def saving(save: Callable[[], None], steps_are_done: Callable[[], bool]) -> Iterator[Callable[[], None]]:
    """Gives on_step(): it saves every SAVE_SECONDS, and after Ctrl-C, SIGTERM or SIGHUP saves and raises Stopped.

    The signal waits for the end of a step, because between two steps the weights and Adam's moments belong together; a
    second one does not wait. When the steps of an epoch are done, they are saved, so that during validation and while
    files are written no signal has to wait. A signal to one rank stops all of them after the same step; rank 0 saves.
    """
    asked: list[int] = []
    time_saved, all_saved = time.monotonic(), False

    def ask(number: int) -> None:
        if all_saved or asked:
            stop(number)
        asked.append(number)

    def on_step() -> None:
        nonlocal time_saved, all_saved
        late = time.monotonic() - time_saved > SAVE_SECONDS
        number, late = map(max, zip(*mpi.ranks().gather((asked[0] if asked else 0, late))))
        complete = number > 0 or steps_are_done()
        if complete or late:
            mpi.first(save)
            time_saved = time.monotonic()
        all_saved = complete
        if number:
            stop(number)

    try:
        with on_stop(ask):
            yield on_step
    except Stopped as stopped:
        if all_saved:
            stopped.add_note("all steps are saved")
        raise


def write_epoch(folder: Path, state: TrainingState, prepared: Prepared, references: dict[str, dict]) -> None:
    """The files of the run after an epoch: the checkpoint if it is the best, all numbers so far."""
    config, behaviors = prepared.config, prepared.train_behaviors
    if state.best is state.records[-1]:
        model = state.best_params, prepared.vocabulary, config
        users, clicks = sorted(behaviors.distinct_users()), baselines.clicks_by_id(behaviors, prepared.train_news)
        best = Checkpoint(*model, users, clicks, state.best["epoch"], prepared.fingerprint)
        save_checkpoint(folder / CHECKPOINT_FILE, best)
    numbers = {"config": asdict(config), "epochs": state.records, "best": state.best, "baselines": references}
    write_text(folder / "metrics.json", json.dumps(numbers, indent=1) + "\n")
    lines = [",".join(state.records[0]), *(",".join(map(str, record.values())) for record in state.records)]
    write_text(folder / "history.csv", "\n".join(lines) + "\n")


def print_references(prepared: Prepared) -> dict[str, dict[str, float]]:
    """The beginning of the table: rankings that need no training. Returns their metrics."""
    references = baselines.evaluate_all(prepared)
    print(f"\n{'epoch':>11}     loss val_loss  p(click)      AUC      MRR   nDCG@5  nDCG@10  samples/s")
    for name, metrics in references.items():
        print_row(name, metrics)
    return references


def print_row(name: str, record: Record, is_best: bool = False) -> None:
    columns = ("loss", "val_loss", "positive_probability", *METRICS)
    cells = [f"{record[column]:.4f}" if column in record else "" for column in columns]
    speed = f"{record['samples_per_second']:,.0f}" if "samples_per_second" in record else ""
    star = " *" if is_best else ""
    print(f"{name:>11} " + " ".join(f"{cell:>8}" for cell in cells) + f"  {speed:>9}{star}", flush=True)


def show_results(folder: Path, state: TrainingState, prepared: Prepared, references: dict[str, dict]) -> None:
    """Draw the pictures; print how good the best epoch was and what to do with its model: evaluate it on the dev data,
    recommend for a reader of them, and explain what is recommended."""
    from . import pictures  # only now: importing matplotlib takes a while

    assert state.best  # there is an epoch at least
    if state.epoch <= prepared.config.epochs:
        print(f"stopped early: no better dev AUC since epoch {state.best['epoch']} (--patience)")
    pictures.draw(folder, state, prepared)
    print()
    demo, settings, auc = prepared.demo, prepared.settings, state.best["auc"]
    data = Path(settings.dev or (settings.train or [""])[-1])  # the dev data, or what they are a day of
    if demo:
        data, oracle = folder / "corpus" / "dev", references["oracle"]["auc"]
        write_corpus(data.parent, demo)
        lift = (auc - 0.5) / (oracle - 0.5)
        print(f"AUC {auc:.4f} beside the oracle's {oracle:.4f}: {lift:.1%} of its lift over 0.5")
        print(f"on the words that decide fall: {shares_of_deciding(demo, prepared, state)}")
    print(f"best epoch {state.best['epoch']}: AUC {auc:.4f}. Results are in {folder}")
    print("next, ready to paste:")
    checkpoint = folder / CHECKPOINT_FILE
    if demo or settings.dev:
        print(" ", cli.command("evaluate", "--checkpoint", checkpoint, "--data", cli.nearest(data)))
    clicks, histories = 5, prepared.dev.histories  # of the reader: a short history is easy to read
    reader = int(np.where(histories.lengths > 0, np.abs(histories.lengths - clicks), np.inf).argmin())
    history = " ".join(prepared.dev_news.ids[n] for n in histories[reader][-clicks:])
    for_reader = "--checkpoint", checkpoint, "--news", cli.nearest(data / "news.tsv"), "--history", history
    print(" ", cli.command("recommend", *for_reader))
    print(" ", cli.command("explain", *for_reader, "--html", checkpoint.with_name("why.html")))


def write_corpus(path: Path, demo: Demo) -> None:
    """Write the demo corpus in MIND's form, for the other commands; nobody finds half of it."""
    if path.exists():
        return
    try:
        with TemporaryDirectory(prefix="part-", dir=path.parent) as part:
            write_demo(Path(part) / path.name, demo)
            os.rename(Path(part) / path.name, path)
    except OSError as error:
        raise OutputError(f"{path}: cannot be written ({error.strerror})") from None


def shares_of_deciding(demo: Demo, prepared: Prepared, state: TrainingState) -> str:
    """How much falls on the words that decide what a dev title of the demo is about."""
    shown = np.unique(demo.dev.candidates.values)
    titles = prepared.dev.news_words.take(shown)
    decides = cut_titles(demo.deciding, prepared.config).take(shown).values == 1
    self_attention, additive = read_attention(state.best_params, titles, prepared.config)
    # what each word receives: of additive attention; of self-attention, the mean over heads and queries
    received = {
        "equal weights": np.repeat(1 / titles.lengths, titles.lengths),
        "additive attention": additive,
        "self-attention": np.concatenate([alpha.mean(axis=(0, 1)) for alpha in self_attention]),
    }
    return ", ".join(f"{name} {weights[decides].sum() / len(shown):.1%}" for name, weights in received.items())
