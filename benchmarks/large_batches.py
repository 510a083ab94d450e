"""Does a larger batch learn as well: ``python -m benchmarks.large_batches`` (hours; needs ../shared/mind_more).

Several machines pay only with large batches (see benchmarks/mpi.py). An epoch has fewer steps then, so each must go
further: the learning rate grows with the square root of the batch size, in proportion to it, or not at all. Trains on
20,772 clicks with GloVe 50d, for each batch size, rule and seed, and records the AUC and the seconds after each epoch.
A run with ranks gives the same numbers, so one process is enough here. ``--batches 64 256 --seeds 1 --epochs 3`` is a
short form; what has been run is kept in benchmarks/large_batches.json, and what is there is not run again.
"""

from __future__ import annotations

import argparse
from dataclasses import replace

import numpy as np

from nrms_np.app import threads
from nrms_np.clicks import Split
from nrms_np.config import Config
from nrms_np.data.prepare import prepare
from nrms_np.data.read_folder import read_folder
from nrms_np.data.vectors import make_table, read_vectors
from nrms_np.data.vocabulary import build_vocabulary
from nrms_np.fit import TrainingState, fit
from nrms_np.model import init_parameters

from . import records
from .mind_sample import SHARED

RULES = {"same": 0.0, "root": 0.5, "linear": 1.0}  # the power of (batch size / 64) that multiplies the learning rate


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.large_batches", description=__doc__.split("\n")[0])
    parser.add_argument("--batches", type=int, nargs="+", default=[64, 256, 1024])
    parser.add_argument("--rules", nargs="+", choices=RULES, default=list(RULES))
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--epochs", type=int, default=Config.epochs)
    parser.add_argument("--threads", type=int, default=0)
    args = parser.parse_args()
    threads.use(args.threads)
    news, train = read_folder(SHARED / "mind_more" / "train")
    dev_news, dev = read_folder(SHARED / "mind" / "dev")
    counts = news.tokens.counts()
    vectors = read_vectors(SHARED / "glove" / "glove.6B.50d.subset.txt", counts)
    config = Config(word_size=50, epochs=args.epochs)
    words = build_vocabulary(counts, config.min_count, vectors)
    splits = prepare(news, train, words, config), prepare(dev_news, dev, words, config)
    word_counts = np.bincount(splits[0].news_words.values, minlength=len(words))
    found = records.read("large_batches")["runs"] if (records.HERE / "large_batches.json").exists() else {}
    for seed in range(args.seeds):
        table = make_table(words, counts, vectors, config.word_size, seed)
        for batch in args.batches:
            for rule in args.rules if batch != 64 else ["same"]:
                rate = config.learning_rate * (batch / 64) ** RULES[rule]
                changed = replace(config, seed=seed, batch_size=batch, learning_rate=rate)
                name = f"{batch} clicks, {rule}, {args.epochs} epochs, seed {seed}"
                if name not in found:
                    found[name] = run(splits, init_parameters(table.copy(), changed, word_counts), changed)
                    records.write("large_batches", {"machine": records.machine(args.threads), "runs": found})
                show(name, found[name])


def run(splits: tuple[Split, Split], params: dict[str, np.ndarray], config: Config) -> list[dict[str, float]]:
    """AUC and the seconds of the training steps so far, by epoch."""
    state, rows, seconds = TrainingState.start(params), [], 0.0
    fit(state, *splits, config)
    for record in state.records:
        seconds += record["seconds"]
        rows.append({"auc": record["auc"], "loss": record["loss"], "seconds": seconds})
    return rows


def show(name: str, rows: list[dict[str, float]]) -> None:
    best = max(rows, key=lambda row: row["auc"])
    aucs = " ".join(f"{row['auc']:.3f}" for row in rows)
    print(f"{name:<40} {aucs}   best {best['auc']:.4f} after {best['seconds']:,.0f} s", flush=True)


if __name__ == "__main__":
    main()
