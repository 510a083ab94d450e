"""How the answers of chapter 10 are judged."""

import math
from functools import lru_cache

import numpy as np
from judge import Exercise, Note, fastest, most_memory

# 10.1


def score_cases(rng):
    yield np.array([0.2, 1.4, 0.9, -0.3, 1.1, 0.5, -1.0]), np.array([0, 0, 1, 1, 1, 0, 0])
    yield np.array([5.0, 5.0, 1.0]), np.array([0, 1, 0])
    yield np.zeros(4), np.array([1, 0, 0, 1])
    yield np.array([1.0, 2.0]), np.array([1, 1])
    yield np.array([1.0, 2.0, 3.0]), np.array([0, 0, 0])
    yield np.zeros(0), np.zeros(0, int)
    labels = np.array([1, 0, 1, 0, 0])
    for large in (41.0, 801.0, -801.0):  # equal after a sigmoid, or after exp
        yield large + np.array([1.0, 2.0, 0.0, 3.0, -1.0]), labels
    yield 1 + 1e-9 * np.array([1.0, 2.0, 0.0, 3.0, -1.0]), labels  # equal in float32
    yield 1 + 2.0**-51 * np.array([1.0, 2.0, 0.0, 3.0, -1.0]), labels  # the last digits of float64
    yield np.array([np.inf, np.inf, 0.0]), np.array([1, 0, 0])
    for n in (2, 5, 12, 90):
        labels = rng.integers(0, 2, n)
        yield rng.normal(size=n), labels
        yield rng.integers(0, 4, n) / 2, labels  # ties
        yield 1 + 1e-9 * rng.permutation(n), labels  # close is not equal


def auc_truth(scores, labels):
    pairs, right = 0, 0.0
    for a in range(len(scores)):
        for b in range(len(scores)):
            if labels[a] == 1 and labels[b] == 0:
                pairs += 1
                right += 1.0 if scores[a] > scores[b] else 0.5 if scores[a] == scores[b] else 0.0
    return right / pairs if pairs else math.nan


# 10.2 to 10.4


def rank_cases(rng, least=0):
    yield np.array([5, 1, 3, 6, 2, 4, 7]), np.array([0, 0, 1, 1, 1, 0, 0])
    for n in (2, 5, 12, 60):
        for clicks in (least, 1, n // 2, n - 1, n):
            yield rng.permutation(n) + 1, rng.permutation(np.arange(n) < clicks).astype(int)


def auc_of_ranks_trial(call, rng):
    def large(n):
        return rng.permutation(n) + 1, rng.permutation(np.arange(n) < n // 2).astype(int)

    args = large(10_000)  # 25 million pairs, of one byte at least; what is needed is a thousandth of that
    if most_memory(call, args) > 10e6:
        return "it makes an array with an entry for each pair: look for a formula without pairs"
    ranks, labels = large(100_000)
    taken = fastest(call, (ranks, labels), 3)  # a thousandth of a second by a formula, .04 s by a loop over candidates
    if taken > 0.25:
        return f"100,000 candidates take {taken:.2f} s: look for a formula without pairs"
    clicked = np.cumsum(labels[np.argsort(ranks)])  # from the best rank to the worst
    right = clicked[labels[np.argsort(ranks)] == 0].sum() / 50_000**2
    return None if abs(call(ranks, labels) - right) < 1e-12 else f"with 100,000 candidates it is not {right}"


def mrr_truth(ranks, labels):
    found = [1 / int(rank) for rank, label in zip(ranks, labels) if label == 1]
    return math.fsum(found) / len(found)


def gain_cases(rng):
    for ranks, labels in rank_cases(rng, least=1):
        for k in (1, 3, 5, 10, 25):
            yield ranks, labels, k
    yield np.array([1, 2, 3, 4, 5, 6]), np.array([0, 0, 0, 0, 0, 1]), 5  # none among the first 5
    yield np.arange(1, 10), np.array([1] * 8 + [0]), 5


def gain_truth(ranks, labels, k):
    gain = sum(1 / math.log2(1 + int(rank)) for rank, label in zip(ranks, labels) if label == 1 and rank <= k)
    best = sum(1 / math.log2(1 + rank) for rank in range(1, int(sum(labels)) + 1) if rank <= k)
    return gain / best


# 10.5


def negative_cases(rng):
    sizes = ((10, 3, 4), (5, 1, 4), (4, 1, 4), (3, 1, 4), (2, 2, 4), (12, 2, 7), (6, 0, 1), (1, 1, 2))
    for shown, clicked, count in sizes:
        labels = rng.permutation(np.arange(shown) < clicked).astype(int)
        yield rng.choice(100_000, shown, replace=False), labels, count, np.random.default_rng(rng.integers(1000))


def negatives_check(args, got):
    shown, labels, count, _ = args
    pool = shown[labels == 0]
    if not isinstance(got, np.ndarray) or got.dtype.kind not in "iu":
        return "an array of news numbers is asked for"
    if len(pool) == 0:
        return None if got.shape == (0,) else "where all was clicked nothing can be drawn: an empty array"
    if got.shape != (count,):
        return f"{count} negatives are asked for, the answer has the shape {got.shape}"
    if not set(got.tolist()) <= set(pool.tolist()):
        return f"{got.tolist()} holds a title that was clicked, or that was not shown"
    if len(pool) >= count and len(set(got.tolist())) < count:
        return f"{len(pool)} titles were not clicked, enough for {count}: {got.tolist()} has one twice"
    return None


def negatives_trial(call, rng):
    def draw(size, count, seed):
        return call(np.arange(size + 1) + 50, np.eye(size + 1, dtype=int)[0], count, np.random.default_rng(seed))

    if any((draw(9, 4, seed) != draw(9, 4, seed)).any() for seed in range(3)):
        return "the same generator gives other negatives: draw with rng, and with nothing else"
    for size, count, calls in ((9, 4, 400), (5, 5, 400), (3, 4, 400), (2, 4, 400), (20, 4, 1500)):
        draws = np.array([draw(size, count, seed) for seed in range(calls)]) - 51
        share = np.bincount(draws.ravel(), minlength=size) / draws.size
        spread = 5 * math.sqrt(1 / size / draws.size)
        if size != count and np.abs(share - 1 / size).max() > spread:
            most = f"one title makes up {share.max():.1%} of the draws, not {1 / size:.1%}"
            return f"of {size} titles, {count} drawn, {most}"
        if abs(draws.mean() - (size - 1) / 2) > 5 * math.sqrt((size**2 - 1) / 12 / draws.size):
            return f"of {size} titles, {count} drawn, those at one end of the list come more often"
        if size < count:  # with replacement: how often the first occurs varies as a coin's heads do
            times = (draws == 0).sum(axis=1)
            variance = count / size * (1 - 1 / size)
            if not 0.75 < times.var() / variance < 1.3:
                return f"with {size} titles and {count} to draw, each draw should not know of the others"
        elif size > count:
            sets = len({frozenset(one) for one in draws.tolist()})  # of 126 sets of 4 of 9 about 121
            if sets < 100:
                return f"{calls} generators give only {sets} sets of {count} of {size}: are they drawn again each time?"
    return None


# 10.6


def interval_cases(rng):
    for n, missing in ((120, 0.0), (60, 0.4), (50, 0.2), (2, 0.0), (6, 4 / 6)):
        hard = rng.random(n)
        second = hard + rng.normal(0, 0.01, n)
        first = second + 0.02 + rng.exponential(0.05, n) ** 2  # skewed: the interval is not symmetrical
        away = np.arange(n) < missing * n
        first[away] = second[away] = np.nan
        yield first, second, 50_000 if n < 60 else 40_000, np.random.default_rng(rng.integers(1000))


@lru_cache(maxsize=64)
def interval_truth(difference):
    """Of many draws: the chance in it is a tenth of what is allowed."""
    difference = np.frombuffer(difference)
    draw = np.random.default_rng(7)
    means = [difference[draw.integers(len(difference), size=(20_000, len(difference)))].mean(axis=1) for _ in range(10)]
    return np.percentile(np.concatenate(means), [2.5, 97.5])


def interval_check(args, got):
    first, second, draws, _ = args
    low, high = (float(one) for one in got)
    if not (math.isfinite(low) and math.isfinite(high)):
        return "impressions that are NaN are left out"
    right = interval_truth(np.array([a - b for a, b in zip(first, second) if a == a and b == b]).tobytes())
    if max(abs(low - right[0]), abs(high - right[1])) > 0.035 * (right[1] - right[0]):
        return f"({low:.4f}, {high:.4f}) is not near ({right[0]:.4f}, {right[1]:.4f})"
    return None


def interval_trial(call, rng):
    first, second = rng.normal(size=(2, 50))
    (low, high), other = (call(first, second, 1, np.random.default_rng(seed)) for seed in (1, 2))
    if low != high:
        return "with draws = 1 there is one mean, and both ends are it"
    widths = [high - low for low, high in (call(first, second, 2, np.random.default_rng(seed)) for seed in range(20))]
    if np.mean(widths) > 2.5 * (first - second).std() / math.sqrt(50):  # two means are about one standard error apart
        return "with draws = 2 the interval is nearly as wide as with many draws: draw as often as is asked for"
    return "another generator gives the same draw: draw with rng" if tuple(other) == (low, high) else None


# 10.7


@lru_cache(maxsize=4)
def corpus(seed):
    import nrms_np
    from nrms_np.app.baselines import mean_vector_scores

    demo = nrms_np.make_demo(seed, 200, 2000, 200, 800)
    counts = demo.news.tokens.counts()
    vocabulary = nrms_np.build_vocabulary(counts, 1)
    dev = nrms_np.prepare(demo.news, demo.dev, vocabulary, nrms_np.Config())
    before = [np.argmax(demo.dev.users == user) for user in demo.dev.users]  # a reader's first impression of the day:
    histories = dev.histories.take(np.array(before)).last(50)  # later histories tell what was clicked
    table = nrms_np.make_table(vocabulary, counts, {}, 300, 0)
    baseline = mean_vector_scores(table, dev.news_words, histories, dev.candidates)
    lists = [[np.array(one) for one in sets] for sets in (dev.news_words, histories, dev.candidates)]
    return dev, lists, nrms_np.evaluate_scores(baseline, dev.candidates, dev.labels)["auc"]


def ranking_cases(rng):
    titles = [rng.integers(0, 20, n) for n in (3, 5, 1, 4, 2, 6)]
    lists = [rng.integers(0, 6, n) for n in (3, 0, 5)], [rng.integers(0, 6, n) for n in (2, 4, 1)]
    yield titles, *lists


def ranking_check(args, got):
    candidates = args[2]
    if len(got) != len(candidates):
        return f"{len(got)} arrays for {len(candidates)} impressions"
    for shown, scores in zip(candidates, got):
        if np.shape(scores) != (len(shown),) or not np.isfinite(np.asarray(scores, float)).all():
            return f"an impression of {len(shown)} candidates has the scores {scores}"
    return None


def ranking_trial(call, rng):
    import nrms_np

    lines, gains = [], []
    for seed in (11, 12, int(rng.integers(100, 10_000))):  # the last one nobody can have seen
        dev, lists, baseline = corpus(seed)
        got = call(*lists)
        said = ranking_check(lists, got)
        if said:
            return said
        scores = np.concatenate([np.asarray(one, float) for one in got])
        reached = nrms_np.evaluate_scores(scores, dev.candidates, dev.labels)["auc"]
        gains.append(reached - baseline)
        lines.append(f"AUC {reached:.3f}, the mean of word vectors {baseline:.3f}")
    said = "; ".join(lines)
    return Note(said) if np.mean(gains) >= 0.03 else f"not .03 better than the baseline yet: {said}"


EXERCISES = [
    Exercise(
        "auc",
        score_cases,
        auc_truth,
        gives="the AUC",
        near={
            "That counts a tie as wrong": lambda s, y: float(
                (s[y == 1][:, None] > s[y == 0]).sum() / (y.sum() * (1 - y).sum())
            )
        },
        hints=(
            "One entry for each pair: clicked[:, None] > others[None, :].",
            "(clicked[:, None] > others) + 0.5 * (clicked[:, None] == others)",
        ),
    ),
    Exercise(
        "auc_of_ranks",
        rank_cases,
        lambda ranks, labels: auc_truth(-ranks, labels),
        trial=auc_of_ranks_trial,
        gives="the AUC",
        near={
            "You still count the pairs of two clicks": lambda r, y: float(
                (len(r) - r[y == 1]).sum() / (y.sum() * (len(r) - y.sum()))
            ),
        },
        hints=(
            "Below a click at rank r stand n - r candidates; some of them are clicks.",
            "Of c clicks, c (c - 1) / 2 pairs were counted that are none.",
        ),
    ),
    Exercise(
        "mrr",
        lambda rng: rank_cases(rng, least=1),
        mrr_truth,
        gives="the MRR",
        near={"That is the first click only; MIND takes all": lambda r, y: float(1 / r[y == 1].min())},
        hints=("Which ranks belong to clicks?", "(1 / ranks[labels == 1]).mean()"),
    ),
    Exercise(
        "ndcg",
        gain_cases,
        gain_truth,
        gives="nDCG@k",
        near={
            "That is the gain, not yet over the largest possible gain": lambda r, y, k: float(
                (1 / np.log2(1 + r[(y == 1) & (r <= k)])).sum()
            ),
            "The largest possible gain has min(clicks, k) places": lambda r, y, k: float(
                (1 / np.log2(1 + r[(y == 1) & (r <= k)])).sum() / (1 / np.log2(1 + np.arange(1, y.sum() + 1))).sum()
            ),
        },
        hints=("Where would the clicks stand in the best of all orders?", "At the ranks 1 to min(clicks, k)."),
    ),
    Exercise(
        "negatives",
        negative_cases,
        check=negatives_check,
        trial=negatives_trial,
        gives="the negatives",
        hints=("rng.choice can do all three, but for none.", "replace=len(pool) < count"),
    ),
    Exercise(
        "paired_interval",
        interval_cases,
        check=interval_check,
        trial=interval_trial,
        gives="the interval",
        hints=(
            "One difference an impression first; then draw impressions, not differences of means.",
            "rng.integers(n, size=(draws, n)), the means of the rows, np.percentile of them.",
        ),
    ),
    Exercise(
        "my_ranking",
        ranking_cases,
        check=ranking_check,
        trial=ranking_trial,
        gives="the scores",
        forbidden=("nrms_np",),
        seconds=120.0,
        hints=(
            "Count the words that a candidate shares with the history. Then ask which of them say something.",
            "Weigh a word by log(titles / titles that hold it), perhaps to a power.",
        ),
    ),
]
