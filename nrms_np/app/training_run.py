"""A training run from data to pictures: what ``python -m nrms_np.train`` does after its arguments are read."""

import json
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import asdict
from functools import cache, partial
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from ..data.demo import Demo, write_demo
from ..data.files import write_text
from ..data.vocabulary import tokenize
from ..errors import InputError, OutputError
from ..fit import Record, TrainingState, fit, steps_of_epoch
from ..inference import read_attention
from ..model import init_parameters
from . import baselines, cli, mpi, report, run_folder
from .checkpoint import Checkpoint, save_checkpoint
from .console import Stopped, on_stop, stop
from .run_data import Prepared, load_data, prepare_data
from .run_folder import CHECKPOINT_FILE, RESUME_FILE, SETTINGS_FILE, RunSettings, save_state

CORPUS = "corpus"  # the demo corpus, in the folder of its run
SAVE_SECONDS = 180  # between two saves of a run
PICTURES = 3  # titles shown in attention pictures


def make_folder(settings: RunSettings, folder: Path | None) -> Path:
    """Make a folder for a new run: ``folder`` or, for None, the first of runs/<name>, runs/<name>-2, ...

    Raises InputError when it holds a run already or is no folder, OutputError when it cannot be made.
    """
    try:
        if not folder:
            return new_folder(Path("runs") / (Path(settings.train[0]).name if settings.train else "demo"))
        folder.mkdir(parents=True, exist_ok=True)
    except FileExistsError as error:
        raise InputError(f"--run {error.filename}: is there and is no folder; give another name") from None
    except OSError as error:
        raise OutputError(f"{error.filename}: cannot be made ({error.strerror})") from None
    if (folder / SETTINGS_FILE).exists():
        go_on = cli.command("train", "--resume", folder)
        raise InputError(f"{folder} already holds a run; go on with: {go_on}, or give another --run")
    return folder


def new_folder(base: Path) -> Path:
    """Make ``base``, or the first of base-2, base-3, ... that is not there. Runs that start at once each make one."""
    for n in count(1):
        folder = base.with_name(f"{base.name}-{n}") if n > 1 else base
        with suppress(FileExistsError):
            folder.mkdir(parents=True)
            break
    return folder


def train_in(folder: Path, settings: RunSettings) -> None:
    """Begin or go on with the run of a folder, which is held meanwhile; what stops it notes how to go on.

    Raises InputError when the data cannot train or are not those of the run, OutputError when a file cannot be written,
    Stopped after Ctrl-C, SIGTERM or SIGHUP.
    """
    try:
        with nullcontext() if mpi.ranks().rank else run_folder.claim(folder):
            train_and_report(folder, settings)
    except (Stopped, OSError) as stopped:
        if (folder / SETTINGS_FILE).exists():
            stopped.add_note(f"go on with: {cli.command('train', '--resume', folder)}")
        raise


def train_and_report(folder: Path, settings: RunSettings) -> None:
    """Read the data, train or go on training, print a row per epoch beside the baselines, and write the run folder."""
    ranks = mpi.ranks()
    prepared = prepare_data(load_data(settings), settings)
    config, fingerprint = prepared.config, prepared.fingerprint
    mpi.check_equal({**asdict(config), "data": fingerprint})
    # a copy: training changes its table in place, and the rankings that need no training are those of the first one
    start = init_parameters(prepared.table.copy(), config, prepared.word_counts)
    state = mpi.first(lambda: run_folder.load_run(folder, start, config, fingerprint))
    mpi.first(lambda: run_folder.keep_settings(folder, settings))
    done, steps = state.adam.step, steps_of_epoch(prepared.train.clicks, config)
    save = partial(save_state, folder / RESUME_FILE, state, config, fingerprint)
    # evaluated and printed when first asked for: on a large dev set they take a while
    references = cache(lambda: report.print_references(baselines.evaluate_all(prepared.data, prepared)))

    def show(record: Record) -> None:
        references()  # above the first row
        report.print_row(str(record["epoch"]), record, record is state.best)

    for record in [] if ranks.rank else state.records:
        show(record)

    def finish_epoch(record: Record) -> None:
        mpi.check_equal(
            {f"{name} after epoch {record['epoch']}": param for name, param in state.params.items()},
            "use machines of one kind: another processor rounds differently",
        )
        if ranks.rank == 0:
            write_epoch(folder, state, prepared, references())
            save()
            show(record)

    with saving(save, lambda: state.step == steps) as on_step:
        fit(state, prepared.train, prepared.dev, config, finish_epoch, on_step, ranks.gradients_of, ranks.map)
    if ranks.rank:
        return
    assert state.best  # there is an epoch at least
    if state.epoch <= config.epochs:
        print(f"stopped early: no better dev AUC since epoch {state.best['epoch']} (--patience)")
    elif state.adam.step == done:
        print(f"nothing was left to train after epoch {state.epoch - 1}: give a larger --epochs")
    show_results(folder, settings, state, prepared, references())


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
        all_saved = False
        late = time.monotonic() - time_saved > SAVE_SECONDS
        number, late = map(max, zip(*mpi.ranks().gather((asked[0] if asked else 0, late))))
        if number or late or steps_are_done():
            mpi.first(save)
            time_saved = time.monotonic()
        all_saved = number > 0 or steps_are_done()
        if number:
            stop(number)

    try:
        with on_stop(ask):
            yield on_step
    except Stopped as stopped:
        if all_saved:
            stopped.add_note("all steps are saved")
        raise


def show_results(
    folder: Path, settings: RunSettings, state: TrainingState, prepared: Prepared, references: dict[str, dict]
) -> None:
    """Draw the pictures of a run that has ended, print what it reached, and what to do next."""
    assert state.best
    draw(folder, state, prepared)
    print()
    data, auc = prepared.data, state.best["auc"]
    train, dev = Path(settings.train[-1] if settings.train else ""), Path(settings.dev) if settings.dev else None
    if data.demo:
        write_corpus(folder / CORPUS, data.demo)
        dev = folder / CORPUS / "dev"
        oracle, titles = references["oracle"]["auc"], prepared.dev.news_words
        print(report.compare_with_truth(data.demo, state.best_params, titles, prepared.config, auc, oracle))
    print(f"best epoch {state.best['epoch']}: AUC {auc:.4f}. Results are in {folder}")
    print(report.next_commands(folder / CHECKPOINT_FILE, dev, train, data.dev_news, data.dev))


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


def write_epoch(folder: Path, state: TrainingState, prepared: Prepared, references: dict[str, dict]) -> None:
    """The files of the run after an epoch: the checkpoint if it is the best, all numbers so far."""
    data, config = prepared.data, prepared.config
    if state.best is state.records[-1]:
        users, clicks = sorted(data.train.distinct_users()), baselines.clicks_by_id(data.train, data.train_news)
        model = state.best_params, prepared.vocabulary, config
        best = Checkpoint(*model, users, clicks, state.best["epoch"], prepared.fingerprint)
        save_checkpoint(folder / CHECKPOINT_FILE, best)
    numbers = {"config": asdict(config), "epochs": state.records, "best": state.best, "baselines": references}
    write_text(folder / "metrics.json", json.dumps(numbers, indent=1) + "\n")
    lines = [",".join(state.records[0]), *(",".join(map(str, record.values())) for record in state.records)]
    write_text(folder / "history.csv", "\n".join(lines) + "\n")


def draw(folder: Path, state: TrainingState, prepared: Prepared) -> None:
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
        tokens = tokenize(prepared.data.dev_news.titles[readable[i]])[: len(titles[i])]
        pictures.plot_additive_attention(tokens, weights[i], folder / f"additive_attention_{place}.png")
        pictures.plot_attention(tokens, self_attention[i], folder / f"attention_{place}.png")
