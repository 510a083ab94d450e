"""A training run from data to report: what ``python -m nrms_np.train`` does after its arguments are read."""

from __future__ import annotations

import csv
import io
import json
import signal
import sys
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np

from . import baselines, explain
from .checkpoint import Checkpoint, load_checkpoint, save_checkpoint, write_text
from .config import Config
from .data import vocabulary as words
from .data.cache import read_folder
from .data.demo import Demo, make_demo
from .data.mind import Behaviors, News, last_day
from .data.prepare import Split, prepare
from .encoder import Parameters
from .errors import InputError
from .metrics import METRICS, evaluate_scores
from .model import init_parameters
from .plan import PLAN_FILE, Plan
from .progress import Progress, Record, load_progress, save_progress
from .training import fit

SAVE_SECONDS = 180  # between two saves of a run
PICTURES = 3  # titles shown in attention pictures


@dataclass(frozen=True, eq=False)
class Data:
    """Both sides of the data as read; ``demo`` holds the truth behind the built-in corpus."""

    train_news: News
    train: Behaviors
    dev_news: News
    dev: Behaviors
    demo: Demo | None = None


def start_run(plan: Plan, folder: Path) -> None:
    """Write the plan to a new run folder and carry it out. Raises InputError when the folder already holds a run."""
    if (folder / PLAN_FILE).exists():
        raise InputError(f"{folder} already holds a run; go on with --resume {folder}, or give another --run")
    folder.mkdir(parents=True, exist_ok=True)
    write_text(folder / PLAN_FILE, json.dumps(asdict(plan), indent=1) + "\n")
    try:
        train_and_report(plan, folder)
    except InputError:
        if not (folder / "checkpoint.npz").exists():  # nothing to resume: leave no trace, the next try may be right
            (folder / PLAN_FILE).unlink()
            if not any(folder.iterdir()):
                folder.rmdir()
        raise


def load_data(plan: Plan) -> Data:
    if plan.train is None:
        print("demo corpus (give --train DIR to use MIND data)")
        demo = make_demo()  # always the same corpus: --seed is for training
        return Data(demo.news, demo.train, demo.news, demo.dev, demo)
    news, train = read_folder(Path(plan.train))
    if plan.dev:
        return Data(news, train, *read_folder(Path(plan.dev)))
    held_out = last_day(train)
    print(f"no --dev: the last day of the training data is held out ({held_out.sum():,} impressions)")
    return Data(news, train.select(np.flatnonzero(~held_out)), news, train.select(np.flatnonzero(held_out)))


def train_and_report(plan: Plan, folder: Path) -> None:
    """Read the data, train or go on training, print a row per epoch beside the baselines, and write the run folder.

    Raises InputError when the data cannot train, KeyboardInterrupt after Ctrl-C once the run is saved.
    """
    data = load_data(plan)
    config, embeddings = plan.config, plan.embeddings
    counts = data.train_news.tokens.counts()
    vectors = words.read_vectors(Path(embeddings), counts) if embeddings else {}
    if embeddings:
        if not vectors:
            raise InputError(f"{embeddings}: none of the words of the training news has a vector in it")
        print(words.coverage(counts, vectors))
        config = replace(config, word_size=len(next(iter(vectors.values()))))
    vocabulary = words.build_vocabulary(counts, config.min_count, vectors)
    train, dev = (prepare(news, behaviors, vocabulary, config) for news, behaviors in _sides(data))
    for name, split, news in (("training", train, data.train_news), ("dev", dev, data.dev_news)):
        if not len(split.clicks):
            raise InputError(f"the {name} data holds no click with a history and a title that was not clicked")
        print(f"{name}: {len(news):,} news, {len(split.candidates):,} impressions, {split.clicks.report()}")
    print(f"vocabulary: {len(vocabulary):,} words; unknown in dev titles: {dev.unknown_share():.1%} of words")

    def first_table() -> np.ndarray:
        return words.make_table(vocabulary, counts, vectors, config.word_size, config.seed)

    params = init_parameters(first_table(), config)
    fingerprint = _fingerprint(data, train, vocabulary)
    progress = _resume(folder, params, fingerprint)
    references: dict[str, dict[str, float]] = {}

    def print_references() -> None:  # before the first row of an epoch: on a large dev set they take a while
        references.update(_baselines(data, train, dev, first_table()))
        print("\n" + _HEADER)
        for name, metrics in references.items():
            print(_row(name, metrics))

    if progress.records:
        print_references()
    for record in progress.records:
        print(_row(record["epoch"], record, record == progress.best))

    def save() -> None:
        save_progress(folder / "resume.npz", progress, fingerprint)

    def write_epoch(record: Record, is_best: bool) -> None:
        if not references:
            print_references()
        if is_best:
            users, clicks = sorted(data.train.different_users()), _count_clicks(data.train_news, data.train)
            best_one = Checkpoint(progress.best_params, vocabulary, config, users, clicks)
            save_checkpoint(folder / "checkpoint.npz", best_one)
        report = {"config": asdict(config), "epochs": progress.records, "best": progress.best, "baselines": references}
        write_text(folder / "metrics.json", json.dumps(report, indent=1) + "\n")
        write_text(folder / "history.csv", _csv(progress.records))
        save()
        print(_row(record["epoch"], record, is_best), flush=True)

    with _save_when_due(save, folder) as on_step:
        records, best, best_params = fit(params, train, dev, config, write_epoch, progress, on_step)
    _draw(records, best, best_params, data.dev_news, dev, config, folder)
    print()
    if data.demo:
        print(_truth(data.demo, best_params, dev, vocabulary, config, best["auc"], references["oracle"]["auc"]))
    print(f"best epoch {best['epoch']}: AUC {best['auc']:.4f}. Results are in {folder}")


def _fingerprint(data: Data, train: Split, vocabulary: words.Vocabulary) -> str:
    """Changes when the words, the histories, the candidates or the labels of the training data do."""
    crc = zlib.crc32(" ".join(vocabulary.words).encode(), data.train.checksum)
    crc = zlib.crc32(train.news_words.values, crc)
    return f"{len(train.clicks)} clicks, {crc:08x}"


def _resume(folder: Path, params: Parameters, fingerprint: str) -> Progress:
    """Where the run of this folder stands; a run that was never saved starts from its beginning."""
    if not (folder / "resume.npz").exists():
        return Progress.start(params)
    progress = load_progress(folder / "resume.npz", params, fingerprint)
    if progress.best:
        progress.best_params = load_checkpoint(folder / "checkpoint.npz").params
    return progress


@contextmanager
def _save_when_due(save: Callable[[], None], folder: Path) -> Iterator[Callable[[], None]]:
    """Gives on_step(): it saves every SAVE_SECONDS, and after Ctrl-C saves and raises KeyboardInterrupt.

    Ctrl-C waits for the end of a step, because between two steps the weights and Adam's moments belong together; a
    second one does not wait.
    """
    asked = []

    def ask(*_: object) -> None:
        if asked:
            raise KeyboardInterrupt
        asked.append(True)

    saved = time.monotonic()

    def on_step() -> None:
        nonlocal saved
        if asked or time.monotonic() - saved > SAVE_SECONDS:
            save()
            saved = time.monotonic()
        if asked:
            print(f"\nsaved; go on with: python -m nrms_np.train --resume {folder}", file=sys.stderr)
            raise KeyboardInterrupt

    before = signal.signal(signal.SIGINT, ask)
    try:
        yield on_step
    finally:
        signal.signal(signal.SIGINT, before)


def _count_clicks(news: News, behaviors: Behaviors) -> dict[str, int]:
    """How often each news id was clicked in the impressions (not in the histories); never clicked, not there."""
    counts = np.bincount(behaviors.candidates.values[behaviors.labels == 1], minlength=len(news))
    return {news.ids[n]: int(counts[n]) for n in np.flatnonzero(counts)}


def _sides(data: Data) -> tuple[tuple[News, Behaviors], tuple[News, Behaviors]]:
    return (data.train_news, data.train), (data.dev_news, data.dev)


def _baselines(data: Data, train: Split, dev: Split, table: np.ndarray) -> dict[str, dict[str, float]]:
    in_training = np.array([data.train_news.number.get(one, -1) for one in data.dev_news.ids])
    scores = {
        "random": baselines.random_scores(data.dev),
        "popularity": baselines.popularity_scores(
            data.train, len(data.train_news), in_training[data.dev.candidates.values]
        ),
        "mean_vector": baselines.mean_vector_scores(
            table, dev.news_words, dev.histories.last(dev.history), dev.candidates
        ),
    }
    if data.demo:
        scores["oracle"] = data.demo.dev_probabilities
    return {name: evaluate_scores(one, dev.candidates, dev.labels) for name, one in scores.items()}


_COLUMNS = ("loss", "val_loss", "positive_probability", *METRICS)
_HEADER = f"{'epoch':>11}     loss val_loss  p(click)      AUC      MRR   nDCG@5  nDCG@10  samples/s"


def _row(name: str | int, record: dict[str, float], is_best: bool = False) -> str:
    cells = [f"{record[column]:.4f}" if column in record else "" for column in _COLUMNS]
    speed = f"{record['samples_per_second']:,.0f}" if "samples_per_second" in record else ""
    return f"{name:>11} " + " ".join(f"{cell:>8}" for cell in cells) + f"  {speed:>9}" + (" *" if is_best else "")


def _csv(records: list[Record]) -> str:
    out = io.StringIO()
    writer = csv.DictWriter(out, list(records[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(records)
    return out.getvalue()


def _draw(
    records: list[Record], best: Record, params: Parameters, news: News, dev: Split, config: Config, folder: Path
) -> None:
    """The losses, and attention in the first few clicked dev titles of readable length, all different."""
    from . import plots  # only now: importing matplotlib takes a while

    plots.plot_losses(records, best["epoch"], config.negatives, folder / "val_loss.png")
    clicked = list(dict.fromkeys(dev.candidates.values[dev.clicks.positives].tolist()))
    readable = [n for n in clicked if 7 <= len(dev.news_words[n]) <= 14] or clicked
    shown = np.array(readable[:PICTURES])
    titles = dev.news_words.take(shown)
    self_attention, additive = explain.read_attention(params, titles, config)
    for i, n in enumerate(shown):
        tokens = words.tokenize(news.titles[n])[: config.title]
        weights = additive[titles.offsets[i] : titles.offsets[i + 1]]
        plots.plot_additive_attention(tokens, weights, folder / f"additive_attention_{i + 1}.png")
        plots.plot_attention(tokens, self_attention[i], folder / f"attention_{i + 1}.png")


def _truth(
    demo: Demo, params: Parameters, dev: Split, vocabulary: words.Vocabulary, config: Config, auc: float, oracle: float
) -> str:
    """How close the run came to what is true of the demo corpus."""
    shown = np.unique(dev.candidates.values)
    titles = dev.news_words.take(shown)
    _, additive = explain.read_attention(params, titles, config)
    topical = np.array([word in demo.topical_words for word in vocabulary.words])[titles.values]
    attention = additive[topical].sum() / len(shown)
    return (
        f"AUC {auc:.4f} beside the oracle's {oracle:.4f}: {(auc - 0.5) / (oracle - 0.5):.1%} of its lift over 0.5\n"
        f"additive attention on topical words: {attention:.1%}; their share of words: {topical.mean():.1%}"
    )
