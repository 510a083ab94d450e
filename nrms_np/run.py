"""A training run from data to report: what ``python -m nrms_np.train`` does after its arguments are read."""

from __future__ import annotations

import csv
import io
import json
import shlex
import zlib
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np

from . import baselines, explain
from .checkpoint import Checkpoint, load_checkpoint, save_checkpoint
from .config import Config
from .data import vocabulary as words
from .data.cache import read_folder
from .data.demo import Demo, make_demo
from .data.mind import Behaviors, News, last_day
from .data.prepare import Split, prepare
from .encoder import Parameters
from .errors import InputError, OutputError
from .files import write_text
from .metrics import METRICS, evaluate_scores
from .model import init_parameters
from .plan import PLAN_FILE, Plan, claim
from .progress import Progress, Record, load_progress, save_progress
from .saving import saving
from .training import fit, steps_of_epoch

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
    """Write the plan to a new run folder and carry it out.

    Raises InputError when the folder already holds a run, and what ``carry_out`` raises.
    """
    if (folder / PLAN_FILE).exists():
        raise InputError(f"{folder} already holds a run; go on with --resume {folder}, or give another --run")
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"{folder}: cannot be made ({error.strerror})") from None
    try:
        write_text(folder / PLAN_FILE, json.dumps(asdict(plan), indent=1) + "\n")
        carry_out(plan, folder)
    except (InputError, OutputError):
        if not {"checkpoint.npz", "resume.npz"} & {one.name for one in folder.iterdir()}:
            with suppress(OSError):  # nothing to resume: leave no trace, the next try may be right
                (folder / PLAN_FILE).unlink(missing_ok=True)
                folder.rmdir()  # if it is empty
        raise


def carry_out(plan: Plan, folder: Path) -> None:
    """Begin or go on with the run of this folder, alone. What stops it says how to go on.

    Raises InputError when the data cannot train, OutputError when a file cannot be written, KeyboardInterrupt after
    Ctrl-C.
    """
    go_on = f"go on with: python -m nrms_np.train --resume {shlex.quote(str(folder))}"
    try:
        with claim(folder):
            train_and_report(plan, folder)
    except KeyboardInterrupt:
        raise KeyboardInterrupt(go_on) from None
    except OutputError as error:
        raise OutputError(f"{error}; {go_on}") from None


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
    """Read the data, train or go on training, print a row per epoch beside the baselines, and write the run folder."""
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
    fingerprint = _fingerprint(data, train, dev, vocabulary, params["embedding"])
    progress = _resume(folder, params, config, fingerprint, train)
    references: dict[str, dict[str, float]] = {}

    def print_references() -> None:  # before the first row of an epoch: on a large dev set they take a while
        references.update(_baselines(data, train, dev, first_table(), bool(vectors)))
        print("\n" + _HEADER)
        for name, metrics in references.items():
            print(_row(name, metrics))

    if progress.records:
        print_references()
    for record in progress.records:
        print(_row(record["epoch"], record, record is progress.best))

    def save() -> None:
        save_progress(folder / "resume.npz", progress, config, fingerprint)

    def write_epoch(record: Record, is_best: bool) -> None:
        if not references:
            print_references()
        if is_best:
            users, clicks = sorted(data.train.different_users()), _count_clicks(data.train_news, data.train)
            best_one = Checkpoint(progress.best_params, vocabulary, config, users, clicks, record["epoch"], fingerprint)
            save_checkpoint(folder / "checkpoint.npz", best_one)
        report = {"config": asdict(config), "epochs": progress.records, "best": progress.best, "baselines": references}
        write_text(folder / "metrics.json", json.dumps(report, indent=1) + "\n")
        write_text(folder / "history.csv", _csv(progress.records))
        save()
        print(_row(record["epoch"], record, is_best), flush=True)

    with saving(save, SAVE_SECONDS) as on_step:
        records, best, best_params = fit(params, train, dev, config, write_epoch, progress, on_step)
    _draw(records, best, best_params, data.dev_news, dev, config, folder)
    print()
    if data.demo:
        print(_truth(data.demo, best_params, dev, config, best["auc"], references["oracle"]["auc"]))
    print(f"best epoch {best['epoch']}: AUC {best['auc']:.4f}. Results are in {folder}")


def _fingerprint(data: Data, train: Split, dev: Split, vocabulary: words.Vocabulary, table: np.ndarray) -> str:
    """Changes when the data does: words, ids, word vectors, titles, histories, candidates or labels."""
    names = [*vocabulary.words, *data.train_news.ids, *data.dev_news.ids]
    crc = zlib.crc32("\n".join([f"{data.train.checksum} {data.dev.checksum}", *names]).encode())
    for array in (
        data.train.users,
        data.train.user_ids,
        np.ascontiguousarray(table),
        *(lists for split in (train, dev) for lists in (split.news_words.values, split.news_words.offsets)),
    ):
        crc = zlib.crc32(array, crc)
    return f"{len(train.clicks)} clicks, {crc:08x}"


def _resume(folder: Path, params: Parameters, config: Config, fingerprint: str, train: Split) -> Progress:
    """Where the run of this folder stands; a run that was never saved starts from its beginning."""
    if not (folder / "resume.npz").exists():
        return Progress.start(params)
    progress = load_progress(folder / "resume.npz", params, config, fingerprint, steps_of_epoch(train, config))
    if progress.best:
        best = load_checkpoint(folder / "checkpoint.npz")
        # a run killed between its checkpoint and its next save left the checkpoint of the epoch under way
        epochs = (progress.best["epoch"], progress.epoch)
        if best.config != config or best.data != fingerprint or best.epoch not in epochs:
            raise InputError(f"{folder}/checkpoint.npz is not the one that this run wrote; start a new run")
        progress.best_params = best.params
    return progress


def _count_clicks(news: News, behaviors: Behaviors) -> dict[str, int]:
    """``count_clicks`` by news id; what was never clicked is not there."""
    counts = baselines.count_clicks(behaviors, len(news))
    return {news.ids[n]: int(counts[n]) for n in np.flatnonzero(counts)}


def _sides(data: Data) -> tuple[tuple[News, Behaviors], tuple[News, Behaviors]]:
    return (data.train_news, data.train), (data.dev_news, data.dev)


def _baselines(
    data: Data, train: Split, dev: Split, table: np.ndarray, given_vectors: bool
) -> dict[str, dict[str, float]]:
    """Metrics of the rankings that need no training; without given word vectors also by those of co-occurrence."""
    ranked = dev.news_words, dev.histories.last(dev.history), dev.candidates
    in_training = np.array([data.train_news.number.get(one, -1) for one in data.dev_news.ids])
    scores = {
        "random": baselines.random_scores(data.dev),
        "popularity": baselines.popularity_scores(
            data.train, len(data.train_news), in_training[data.dev.candidates.values]
        ),
        "mean_vector": baselines.mean_vector_scores(table, *ranked),
    }
    if not given_vectors:
        vectors = baselines.cooccurrence_vectors(train.news_words, len(table))
        scores["ppmi_vector"] = baselines.mean_vector_scores(vectors, *ranked)
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
    """The losses, and attention in the clicked dev titles of readable length whose additive weights are least equal."""
    from . import plots  # only now: importing matplotlib takes a while

    plots.plot_losses(records, best["epoch"], config.negatives, folder / "val_loss.png")
    if config.attention == "mean":
        return
    clicked = list(dict.fromkeys(dev.candidates.values[dev.clicks.positives].tolist()))
    readable = np.array([n for n in clicked if 7 <= len(dev.news_words[n]) <= 14] or clicked)
    titles = dev.news_words.take(readable)
    _, additive = explain.read_attention(params, titles, config)
    # n * sum of squared weights: 1 where a title's weights are equal, n where one word has all
    focus = titles.lengths * np.bincount(titles.list_of_position(), additive**2, len(titles))
    shown = readable[np.argsort(-focus, kind="stable")[:PICTURES]]
    titles = dev.news_words.take(shown)
    self_attention, additive = explain.read_attention(params, titles, config)
    for i, n in enumerate(shown):
        tokens = words.tokenize(news.titles[n])[: config.title]
        weights = additive[titles.offsets[i] : titles.offsets[i + 1]]
        plots.plot_additive_attention(tokens, weights, folder / f"additive_attention_{i + 1}.png")
        plots.plot_attention(tokens, self_attention[i], folder / f"attention_{i + 1}.png")


def _truth(demo: Demo, params: Parameters, dev: Split, config: Config, auc: float, oracle: float) -> str:
    """How close the run came to what is true of the demo corpus."""
    shown = np.unique(dev.candidates.values)
    titles = dev.news_words.take(shown)
    decides = demo.deciding.first(config.title).take(shown).values == 1
    self_attention, additive = explain.read_attention(params, titles, config)
    # what each word receives: of additive attention; of self-attention, the mean over heads and queries
    received = {
        "equal weights": np.repeat(1 / titles.lengths, titles.lengths),
        "additive attention": additive,
        "self-attention": np.concatenate([one.mean(axis=(0, 1)) for one in self_attention]),
    }
    shares = ", ".join(f"{name} {one[decides].sum() / len(shown):.1%}" for name, one in received.items())
    return (
        f"AUC {auc:.4f} beside the oracle's {oracle:.4f}: {(auc - 0.5) / (oracle - 0.5):.1%} of its lift over 0.5\n"
        f"on the words that decide fall: {shares}"
    )
