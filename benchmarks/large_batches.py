"""Does a larger batch learn as well: ``python -m benchmarks.large_batches`` (hours; needs ../shared/mind_more).

Several machines pay only with large batches (see benchmarks/mpi.py). An epoch has fewer steps then, so each must go
further: the learning rate grows with the square root of the batch size, in proportion to it, or not at all. Trains on
20,772 clicks with GloVe 50d, for each batch size, rule and seed, and records the AUC on dev after each epoch. Ranks
change no number, so one process is enough here. What has been run is kept in benchmarks/large_batches.json, and is not
run again. The seconds of a step are measured at the end, on the same data, with all batch sizes taking turns
(``--rounds 0`` leaves them as they are), and the picture is drawn; ``--draw`` does only that.
"""

from __future__ import annotations

import argparse
import os
import time
from dataclasses import replace
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from nrms_np.app import threads
from nrms_np.clicks import Split
from nrms_np.config import Config
from nrms_np.data.mind import prepare
from nrms_np.data.read_folder import read_folder
from nrms_np.data.vectors import make_table, read_vectors
from nrms_np.data.vocabulary import build_vocabulary
from nrms_np.fit import TrainingState, fit, steps_of_epoch, train_step
from nrms_np.model import init_parameters
from nrms_np.rng import generator

from . import records
from .mind_sample import SHARED

EPOCHS, SEEDS, BATCHES = 4, 3, (64, 256, 1024)
RULES = {"root": 0.5, "linear": 1.0}  # the power of (batch size / 64) that multiplies the learning rate


def runs() -> list[tuple[int, str, int]]:
    """Batch size, rule and seed of each run: 64 clicks, for which all rules are one, and larger batches by each rule.

    That a larger batch needs a larger rate shows with one seed: those runs, "same", come last.
    """
    ruled = [(batch, rule, seed) for seed in range(SEEDS) for batch in BATCHES for rule in RULES]
    one = BATCHES[0]
    return [run for run in ruled if run[:2] != (one, "linear")] + [
        (batch, "same", 0) for batch in BATCHES if batch > one
    ]


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.large_batches", description=__doc__.split("\n")[0])
    parser.add_argument("--threads", type=int, default=0)
    parser.add_argument("--rounds", type=int, default=15, help="steps that are timed; 0: leave the times as they are")
    parser.add_argument("--draw", action="store_true", help="draw what is there, run nothing")
    args = parser.parse_args()
    if not args.draw:
        run(args.threads, args.rounds)
    draw(records.read("large_batches"))


def run(thread_count: int, rounds: int) -> None:
    """Train what is not there yet, and time the steps."""
    threads.use(thread_count)
    news, train = read_folder(SHARED / "mind_more" / "train")
    dev_news, dev = read_folder(SHARED / "mind" / "dev")
    counts = news.tokens.counts()
    vectors = read_vectors(SHARED / "glove" / "glove.6B.50d.subset.txt", counts)
    config = Config(word_size=50, epochs=EPOCHS)
    words = build_vocabulary(counts, config.min_count, vectors)
    splits = prepare(news, train, words, config), prepare(dev_news, dev, words, config)
    word_counts = np.bincount(splits[0].news_words.values, minlength=len(words))
    record = records.read("large_batches")
    for batch, rule, seed in runs():
        rate = config.learning_rate * (batch / BATCHES[0]) ** RULES.get(rule, 0)
        changed = replace(config, seed=seed, batch_size=batch, learning_rate=rate)
        name = f"{batch} clicks, {rule}, seed {seed}"
        if name not in record["runs"]:
            table = make_table(words, counts, vectors, config.word_size, seed)
            state = TrainingState.start(init_parameters(table, changed, word_counts))
            fit(state, *splits, changed)
            record["runs"][name] = {
                "steps": steps_of_epoch(splits[0].clicks, changed),
                "learning_rate": rate,
                "auc": [one["auc"] for one in state.records],
                "loss": [one["loss"] for one in state.records],
            }
            records.write("large_batches", record)
        print(f"{name:<30}", *(f"{auc:.4f}" for auc in record["runs"][name]["auc"]), flush=True)
    if rounds:
        table = make_table(words, counts, vectors, config.word_size, 0)
        state = TrainingState.start(init_parameters(table, config, word_counts))
        seconds = step_seconds(state, splits[0], config, rounds)
        record |= {
            "machine": records.machine(thread_count),
            "load_average": os.getloadavg()[0],
            "step_seconds": seconds,
        }
        records.write("large_batches", record)
        print("ms a step:", {batch: round(1e3 * median) for batch, median in seconds.items()})


def step_seconds(state: TrainingState, train: Split, config: Config, rounds: int) -> dict[int, float]:
    """The median step of each batch size, with assembling the batch. They take turns, and the first only compiles."""
    found: dict[int, list[float]] = {batch: [] for batch in BATCHES}
    for i in range(rounds + 1):
        for size, times in found.items():
            rng = generator(0, "benchmark batch", i)
            which = rng.choice(len(train.clicks), size)
            start = time.perf_counter()
            train_step(state.params, state.adam, train.batch(which, config, rng), config, 1, i)
            times.append(time.perf_counter() - start)
    return {size: float(np.median(times[1:])) for size, times in found.items()}


def lines(record: dict[str, Any]) -> dict[tuple[int, str], list[dict[str, Any]]]:
    """The runs of all seeds by batch size and rule, as far as they are there."""
    found: dict[tuple[int, str], list[dict[str, Any]]] = {}
    for batch, rule, seed in runs():
        if (name := f"{batch} clicks, {rule}, seed {seed}") in record["runs"]:
            found.setdefault((batch, rule), []).append(record["runs"][name])
    return dict(sorted(found.items()))


def draw(record: dict[str, Any]) -> None:
    """AUC by epoch and by minute; a band from the lowest to the highest seed."""
    figure = Figure(figsize=(8.4, 3.6), layout="constrained")
    panels = figure.subplots(1, 2, sharey=True)
    colors, styles = dict(zip(BATCHES, ("#555555", "#2f6db5", "#d9822b"))), {"root": "-", "linear": "--", "same": ":"}
    for (batch, rule), seeds in lines(record).items():
        aucs, epochs = np.array([one["auc"] for one in seeds]), np.arange(1, EPOCHS + 1)
        minutes = epochs * seeds[0]["steps"] * record["step_seconds"][str(batch)] / 60
        label = f"{batch:,} clicks" + (f", {rule}" if batch > BATCHES[0] else "")
        for axes, x in zip(panels, (epochs, minutes)):
            axes.plot(x, aucs.mean(axis=0), styles[rule], color=colors[batch], label=label)
            axes.fill_between(x, aucs.min(axis=0), aucs.max(axis=0), color=colors[batch], alpha=0.12, linewidth=0)
    panels[0].set(xlabel="epoch", ylabel="AUC on dev", xticks=range(1, EPOCHS + 1))
    panels[1].set(xlabel="minutes of one machine", xlim=(0, None))
    panels[1].legend(frameon=False, fontsize=8)
    for axes in panels:
        axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(records.ROOT / "images" / "large_batches.png", dpi=130, metadata={"Software": None})


if __name__ == "__main__":
    main()
