"""Quality on the real MIND sample: ``python -m benchmarks.mind_sample`` (about ten minutes; needs ../shared).

Trains with several seeds at the default settings, and compares each with the ranking by mean word vectors, impression
by impression. ``--share`` trains on a part of the clicks, ``--dropout-by-position`` gives every occurrence of a word a
dropout mask of its own, as framework code does. Each set of flags is an entry of benchmarks/mind_sample.json;
``python -m benchmarks.curves`` makes the entries of whole curves. (The entry "torch" comes from a program that is not
part of the repository.)
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np

from nrms_np.app import baselines, threads
from nrms_np.batch import Batch, cut_histories
from nrms_np.config import Config
from nrms_np.data.mind import last_day, prepare
from nrms_np.data.read_folder import read_folder
from nrms_np.data.vectors import make_table, read_vectors
from nrms_np.data.vocabulary import build_vocabulary
from nrms_np.fit import TrainingState, fit
from nrms_np.inference import score_impressions
from nrms_np.metrics import METRICS, impression_metrics, mean_metrics, rank_candidates
from nrms_np.model import Masks, init_parameters
from nrms_np.ragged import Ragged, sum_rows
from nrms_np.rng import generator

from . import records

SHARED = Path(__file__).resolve().parents[2] / "shared"


def main(argv: list[str] | None = None) -> None:
    argv = sys.argv[1:] if argv is None else argv
    parser = argparse.ArgumentParser(prog="python -m benchmarks.mind_sample", description=__doc__.split("\n")[0])
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--attention", default="qkv", choices=["qkv", "bilinear", "mean"])
    parser.add_argument("--share", type=float, default=1.0, help="share of the training impressions that is used")
    parser.add_argument("--more", action="store_true", help="train on the folder with more clicks, mind_more")
    parser.add_argument(
        "--held-out", action="store_true", help="test on the last training day; with --more on some readers"
    )
    parser.add_argument("--dropout-by-position", action="store_true")
    parser.add_argument("--learning-rate", type=float)
    parser.add_argument("--batch-size", type=int)
    parser.add_argument("--dropout", type=float)
    parser.add_argument("--spread", type=float)
    parser.add_argument("--epochs", type=int)
    parser.add_argument("--threads", type=int, default=0)
    args = parser.parse_args(argv)
    threads.use(args.threads)

    news, train = read_folder(SHARED / ("mind_more" if args.more else "mind") / "train")
    dev_news, dev = read_folder(SHARED / "mind" / "dev")
    if args.held_out:
        readers = generator(0, "held-out readers").random(len(train.user_ids)) < 0.2
        held_out = readers[train.users] if args.more else last_day(train)  # there, almost all is of the last day
        dev_news, dev = news, train.select(np.flatnonzero(held_out))
        train = train.select(np.flatnonzero(~held_out))
    if args.share < 1:
        kept = generator(0, "share").permutation(len(train))[: round(args.share * len(train))]
        train = train.select(np.sort(kept))
    counts = news.tokens.counts()
    vectors = read_vectors(SHARED / "glove" / "glove.6B.50d.subset.txt", counts)
    names = ("learning_rate", "batch_size", "dropout", "spread", "epochs")
    changes = {name: getattr(args, name) for name in names if getattr(args, name) is not None}
    config = Config(word_size=50, attention=args.attention, **changes)
    vocabulary = build_vocabulary(counts, config.min_count, vectors)
    train_split = prepare(news, train, vocabulary, config)
    dev_split = prepare(dev_news, dev, vocabulary, config)
    if args.dropout_by_position:
        module = sys.modules["nrms_np.model"]
        module.forward, module.backward = by_position(module.forward, module.backward)

    def measure(scores: np.ndarray) -> np.ndarray:
        ranks = rank_candidates(scores, dev_split.candidates)
        return impression_metrics(ranks, dev_split.labels, dev_split.candidates.offsets)

    def row(name: str, values: np.ndarray, more: str = "") -> dict[str, float]:
        means = {metric: float(value) for metric, value in mean_metrics(values).items()}
        print(f"{name:<12} " + " ".join(f"{value:.4f}" for value in means.values()) + more, flush=True)
        return means

    print(f"{len(train_split.clicks):,} training clicks; {'':<12} AUC, MRR, nDCG@5, nDCG@10")
    popularity = baselines.popularity_scores(train, news, dev_news, dev.candidates.values)
    table = make_table(vocabulary, counts, vectors, config.word_size, 0)
    histories = cut_histories(dev_split.histories, config)
    by_vector = measure(baselines.mean_vector_scores(table, dev_split.news_words, histories, dev_split.candidates))
    record = {"clicks": len(train_split.clicks), "impressions": len(train), "dev_impressions": len(dev)}
    record["popularity"] = row("popularity", measure(popularity))
    record["mean_vector"] = row("mean_vector", by_vector)
    found, seeds = [], []
    for seed in range(args.seeds):
        seeded = replace(config, seed=seed)
        table = make_table(vocabulary, counts, vectors, config.word_size, seed)
        word_counts = np.bincount(train_split.news_words.values, minlength=len(vocabulary))
        state = TrainingState.start(init_parameters(table, seeded, word_counts))
        fit(state, train_split, dev_split, seeded)
        inputs = dev_split.news_words, dev_split.histories, dev_split.candidates
        found.append(measure(score_impressions(state.best_params, *inputs, seeded)))
        epoch = state.best["epoch"]
        seeds.append({"seed": seed, "epoch": epoch, **row(f"seed {seed}", found[-1], f"  best epoch {epoch}")})
    mean = np.mean(found, axis=0)
    record |= {"seeds": seeds, "mean": row("mean", mean)}
    aucs = [seed["auc"] for seed in seeds]
    print(f"spread of the AUC over seeds: {min(aucs):.4f} to {max(aucs):.4f}")
    gain = (mean - by_vector)[:, METRICS.index("auc")]
    gain = gain[~np.isnan(gain)]
    draws = generator(0, "bootstrap").integers(0, len(gain), (10000, len(gain)))
    low, high = np.percentile(gain[draws].mean(axis=1), [2.5, 97.5])
    record["gain"] = {"auc": float(gain.mean()), "low": float(low), "high": float(high)}
    auc = mean[:, METRICS.index("auc")]
    record["standard_error"] = float(np.nanstd(auc) / np.sqrt(np.sum(~np.isnan(auc))))
    print(f"AUC over mean_vector, paired by impression: {gain.mean():+.4f}, 95 % interval {low:+.4f} to {high:+.4f}")
    flags = re.sub(r" ?--threads \d+", "", " ".join(argv))  # no thread changes a bit
    runs = {**records.read("mind_sample"), "machine": records.machine(args.threads)}
    runs["runs"] = {**runs["runs"], flags: record}
    records.write("mind_sample", runs)


def by_position(forward: Callable, backward: Callable) -> tuple[Callable, Callable]:
    """The same model on a batch in which each occurrence of a word is a word of its own, so that its mask is too."""

    def apart(batch, masks, config):
        positions = np.arange(len(batch.titles.values), dtype=np.int32)
        occurrences = Batch(
            batch.words[batch.titles.values], Ragged(positions, batch.titles.offsets), batch.histories, batch.candidates
        )
        rng = np.random.default_rng(int(masks.title_mask[:64].sum()) + len(positions))  # any that changes by step
        word_mask = rng.random((len(positions), config.word_size)) >= config.dropout
        return occurrences, Masks(word_mask, masks.title_mask, masks.history_mask)

    def forward_apart(params, batch, config, masks):
        occurrences, own_masks = apart(batch, masks, config)
        loss, probabilities, cache = forward(params, occurrences, config, own_masks)
        return loss, probabilities, (cache, batch)

    def backward_together(cache):
        inner, batch = cache
        gradients = backward(inner)
        _, rows = gradients["embedding"]
        gradients["embedding"] = (batch.words, sum_rows(rows, batch.titles.transpose(len(batch.words))))
        return gradients

    return forward_apart, backward_together


if __name__ == "__main__":
    main()
