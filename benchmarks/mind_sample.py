"""Quality on the real MIND sample: ``python -m benchmarks.mind_sample`` (about ten minutes; needs ../shared).

Trains with several seeds at the default settings, and compares each with the ranking by mean word vectors, impression
by impression. ``--share`` trains on a part of the clicks (the learning curve), ``--dropout-by-position`` gives every
occurrence of a word a dropout mask of its own, as framework code does.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path

from nrms_np import machine

SHARED = Path(__file__).resolve().parents[2] / "shared"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.mind_sample", description=__doc__.split("\n")[0])
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--attention", default="qkv", choices=["qkv", "bilinear", "mean"])
    parser.add_argument("--share", type=float, default=1.0, help="share of the training impressions that is used")
    parser.add_argument("--held-out", action="store_true", help="train without, and test on, the last training day")
    parser.add_argument("--dropout-by-position", action="store_true")
    parser.add_argument("--learning-rate", type=float)
    parser.add_argument("--dropout", type=float)
    parser.add_argument("--threads", type=int, default=0)
    args = parser.parse_args()
    machine.prepare(args.threads)

    import numpy as np

    from nrms_np import baselines, training
    from nrms_np.config import Config
    from nrms_np.data import vocabulary as words
    from nrms_np.data.cache import read_folder
    from nrms_np.data.mind import last_day
    from nrms_np.data.prepare import prepare
    from nrms_np.metrics import impression_metrics, mean_metrics, rank_candidates
    from nrms_np.model import init_parameters
    from nrms_np.rng import generator
    from nrms_np.scoring import score_impressions

    news, train = read_folder(SHARED / "mind" / "train")
    dev_news, dev = read_folder(SHARED / "mind" / "dev")
    if args.held_out:
        held_out = last_day(train)
        dev_news, dev = news, train.select(np.flatnonzero(held_out))
        train = train.select(np.flatnonzero(~held_out))
    if args.share < 1:
        kept = generator(0, "share").permutation(len(train))[: round(args.share * len(train))]
        train = train.select(np.sort(kept))
    counts = words.count_words(news.titles)
    vectors = words.read_vectors(SHARED / "glove" / "glove.6B.50d.subset.txt", counts)
    changes = {name: getattr(args, name) for name in ("learning_rate", "dropout") if getattr(args, name) is not None}
    config = Config(word_size=50, attention=args.attention, **changes)
    vocabulary = words.build_vocabulary(counts, config.min_count, vectors)
    train_split = prepare(news, train, vocabulary, config)
    dev_split = prepare(dev_news, dev, vocabulary, config)
    if args.dropout_by_position:
        training.forward, training.backward = by_position(training.forward, training.backward)

    def metrics(scores: np.ndarray) -> np.ndarray:
        ranks = rank_candidates(scores, dev_split.candidates)
        return impression_metrics(ranks, dev_split.labels, dev_split.candidates.offsets)

    def row(name: str, values: np.ndarray, more: str = "") -> None:
        print(f"{name:<12} " + " ".join(f"{one:.4f}" for one in mean_metrics(values).values()) + more, flush=True)

    print(f"{len(train_split.clicks):,} training clicks; {'':<12} AUC, MRR, nDCG@5, nDCG@10")
    found = []
    for seed in range(args.seeds):
        seeded = replace(config, seed=seed)
        table = words.make_table(vocabulary, counts, vectors, config.word_size, seed)
        if seed == 0:
            by_vector = baselines.mean_vector_scores(
                table, dev_split.news_words, dev_split.histories.last(config.history), dev_split.candidates
            )
            base = metrics(by_vector)
            row("mean_vector", base)
        params = init_parameters(table, seeded)
        _, best, params = training.fit(params, train_split, dev_split, seeded, lambda record, is_best: None)
        inputs = dev_split.news_words, dev_split.histories, dev_split.candidates
        found.append(metrics(score_impressions(params, *inputs, seeded)))
        row(f"seed {seed}", found[-1], f"  best epoch {best['epoch']}")
    mean = np.mean(found, axis=0)
    row("mean", mean)
    aucs = [np.nanmean(one[:, 0]) for one in found]
    print(f"spread of the AUC over seeds: {min(aucs):.4f} to {max(aucs):.4f}")
    gain = (mean - base)[:, 0]
    gain = gain[~np.isnan(gain)]
    draws = generator(0, "bootstrap").integers(0, len(gain), (10000, len(gain)))
    low, high = np.percentile(gain[draws].mean(axis=1), [2.5, 97.5])
    print(f"AUC over mean_vector, paired by impression: {gain.mean():+.4f}, 95 % interval {low:+.4f} to {high:+.4f}")


def by_position(forward, backward):
    """The same model on a batch in which each occurrence of a word is a word of its own, so that its mask is too."""
    import numpy as np

    from nrms_np.data.batches import Batch
    from nrms_np.layers.kernels import sum_rows
    from nrms_np.model import Masks
    from nrms_np.ragged import Ragged

    def apart(batch, masks, config):
        positions = np.arange(len(batch.titles.values), dtype=np.int32)
        occurrences = Batch(
            batch.words[batch.titles.values], Ragged(positions, batch.titles.offsets), batch.histories, batch.candidates
        )
        rng = np.random.default_rng(int(masks.titles[:64].sum()) + len(positions))  # any draw that changes by step
        words = rng.random((len(positions), config.word_size)) >= config.dropout
        return occurrences, Masks(words, masks.titles, masks.histories)

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
