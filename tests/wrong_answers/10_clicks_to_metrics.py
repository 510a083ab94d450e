"""Wrong answers to the exercises of chapter 10: each must be refused."""

import math

import numpy as np


def _auc(s, y):
    clicked, others = s[y == 1], s[y == 0]
    if not len(clicked) or not len(others):
        return np.nan
    return ((clicked[:, None] > others) + 0.5 * (clicked[:, None] == others)).mean()


def auc_1(scores, labels):
    found = _auc(scores, labels)
    scores[:] = 0
    labels[:] = 0
    return found


def auc_2(scores, labels):
    clicked, others = scores[labels == 1], scores[labels == 0]
    if not len(clicked) or not len(others):
        return np.nan
    apart = clicked[:, None] - others
    return ((apart > 0.1) + 0.5 * (abs(apart) <= 0.1)).mean()  # near is equal


def auc_3(scores, labels):
    return _auc(scores.astype(np.float16), labels)


def auc_4(scores, labels):
    clicked, others = scores[labels == 1], scores[labels == 0]
    return (clicked[:, None] > others).mean() if len(clicked) and len(others) else np.nan  # a tie is wrong


def auc_5(scores, labels):
    found = _auc(scores, labels)
    return 0.5 if np.isnan(found) else found


def auc_6(scores, labels):
    return _auc(1 / (1 + np.exp(-scores)), labels)  # the sigmoid is 1 for all large scores


def auc_7(scores, labels):
    return _auc(np.exp(scores), labels)


def auc_8(scores, labels):
    return _auc(scores.astype(np.float32), labels)


def _ties_of_difference(tie):
    def auc(scores, labels):
        clicked, others = scores[labels == 1], scores[labels == 0]
        if not len(clicked) or not len(others):
            return np.nan
        apart = clicked[:, None] - others
        return np.where(tie(apart), 0.5, apart > 0).mean()

    return auc


auc_9 = _ties_of_difference(lambda apart: abs(apart) < 1e-10)
auc_10 = _ties_of_difference(lambda apart: abs(apart) < 1e-15)
auc_11 = _ties_of_difference(lambda apart: apart == 0)  # infinity less infinity is NaN


def auc_12(scores, labels):
    return _auc(np.round(scores, 9), labels)


def auc_13(scores, labels):
    return _auc(np.round(scores, 12), labels)


def auc_14(scores, labels):
    return _auc(scores[:40], labels[:40])  # the first forty


def auc_of_ranks_1(ranks, labels):
    n, clicked = len(ranks), ranks[labels == 1]
    c = len(clicked)
    return np.nan if c in (0, n) else (n - clicked).sum() / (c * (n - c))  # pairs of clicks too


def auc_of_ranks_2(ranks, labels):
    return _auc(-ranks, labels)  # right, with an entry for each pair


def auc_of_ranks_3(ranks, labels):
    n, clicked = len(ranks), ranks[labels == 1]
    c = len(clicked)
    return np.nan if c in (0, n) else ((n - clicked).sum() - c * c / 2) / (c * (n - c))


def auc_of_ranks_4(ranks, labels):
    # an entry of one byte for each pair
    clicked, others = ranks[labels == 1], ranks[labels == 0]
    return (clicked[:, None] < others).mean() if len(clicked) and len(others) else np.nan


def auc_of_ranks_5(ranks, labels):
    clicked, others = ranks[labels == 1], ranks[labels == 0]
    if not len(clicked) or not len(others):
        return np.nan
    return sum(np.count_nonzero(one < others) for one in clicked) / (len(clicked) * len(others))


def mrr_1(ranks, labels):
    return 1 / ranks[labels == 1].min()  # of the first click


def mrr_2(ranks, labels):
    return 1 / ranks[labels == 1].mean()  # of the mean rank


def mrr_3(ranks, labels):
    return (1 / (1 + ranks[labels == 1])).mean()  # ranks from 0


def mrr_4(ranks, labels):
    return (1 / np.minimum(ranks[labels == 1], 30)).mean()  # up to rank 30


def _ndcg(r, y, k, best):
    clicked = r[y == 1]
    gain = (1 / np.log2(1 + clicked[clicked <= k])).sum()
    return gain / (1 / np.log2(1 + np.arange(1, best + 1))).sum()


def ndcg_1(ranks, labels, k):
    return _ndcg(ranks, labels, k, min((labels == 1).sum(), 5))  # whatever k is


def ndcg_2(ranks, labels, k):
    clicked = ranks[labels == 1]
    return _ndcg(ranks, labels, k, min(len(clicked), k)) if (clicked <= k).any() else np.nan


def ndcg_3(ranks, labels, k):
    return _ndcg(ranks, labels, k, (labels == 1).sum())


def ndcg_4(ranks, labels, k):
    clicked = ranks[labels == 1]
    gain = (1 / np.log(1 + clicked[clicked < k])).sum()  # the click at rank k is left out
    return gain / (1 / np.log(1 + np.arange(1, min(len(clicked), k) + 1))).sum()


def ndcg_5(ranks, labels, k):
    discounts, gains = 1 / np.log2(np.arange(2, 12)), np.zeros(10)  # a table of ten
    clicked = ranks[labels == 1]
    gains[clicked[clicked <= k] - 1] = 1
    return (gains * discounts).sum() / discounts[: min(len(clicked), k)].sum()


def _negatives(replace):
    def negatives(shown, labels, count, rng):
        pool = shown[labels == 0]
        return rng.choice(pool, count, replace=replace(len(pool), count)) if len(pool) else pool

    return negatives


_right = _negatives(lambda n, count: n < count)
negatives_1 = _negatives(lambda n, count: n <= count)  # with replacement when exactly count are left
negatives_2 = _negatives(lambda n, count: n < 7)


def negatives_3(shown, labels, count, rng):
    pool = shown[labels == 0]
    return np.random.choice(pool, count, replace=len(pool) < count) if len(pool) else pool


def negatives_4(shown, labels, count, rng):
    return _right(shown, labels, 4, rng)  # whatever count is


def negatives_5(shown, labels, count, rng):
    pool = shown[labels == 0]
    if len(pool) < count:
        return np.resize(pool, count) if len(pool) else pool  # tiled, not drawn
    return rng.choice(pool, count, replace=False)


def negatives_6(shown, labels, count, rng):
    pool = shown[labels == 0]
    if len(pool) < count:
        return np.full(count, pool[0]) if len(pool) else pool  # the first one, again and again
    return rng.choice(pool, count, replace=False)


def negatives_7(shown, labels, count, rng):
    return _right(shown, labels, count, np.random.default_rng(0))  # a generator of its own


def negatives_8(shown, labels, count, rng):
    return _right(shown, np.zeros_like(labels), count, rng)  # also what was clicked


def negatives_9(shown, labels, count, rng):
    pool = shown[labels == 0]
    return pool[:count] if len(pool) >= count else _right(shown, labels, count, rng)  # the first ones


def negatives_10(shown, labels, count, rng):
    pool = shown[labels == 0]
    if not len(pool) or len(pool) >= count:
        return _right(shown, labels, count, rng)
    more = rng.choice(pool, count - len(pool))
    return np.concatenate([rng.permutation(pool), more])  # each of the few at least once


def negatives_11(shown, labels, count, rng):
    pool = shown[labels == 0]
    if not len(pool) or len(pool) < count:
        return _right(shown, labels, count, rng)
    return rng.permutation(np.roll(pool, rng.integers(len(pool)))[:count])  # neighbours, shuffled


def negatives_12(shown, labels, count, rng):
    pool = shown[labels == 0]
    if not len(pool) or len(pool) < count:
        return _right(shown, labels, count, rng)
    weights = np.arange(1, len(pool) + 1) ** -0.1  # the first ones a little more often
    return rng.choice(pool, count, replace=False, p=weights / weights.sum())


def negatives_13(shown, labels, count, rng):
    pool = shown[labels == 0][:9]  # of the first nine
    return rng.choice(pool, count, replace=len(pool) < count) if len(pool) else pool


def negatives_14(shown, labels, count, rng):
    return _right(shown, labels, count, rng).astype(np.int16)


def _boot(d, draws, rng, percentiles=(2.5, 97.5)):
    return tuple(np.percentile(d[rng.integers(len(d), size=(draws, len(d)))].mean(axis=1), percentiles))


def _clean(first, second):
    return (first - second)[~np.isnan(first - second)]


def paired_interval_1(first, second, draws, rng):
    return _boot(np.nan_to_num(first - second), draws, rng)  # NaN counts as no difference


def paired_interval_2(first, second, draws, rng):
    # unpaired: each is drawn by itself
    first, second = first[~np.isnan(first)], second[~np.isnan(second)]
    one, other = (x[rng.integers(len(x), size=(draws, len(x)))].mean(axis=1) for x in (first, second))
    return tuple(np.percentile(one - other, [2.5, 97.5]))


def paired_interval_3(first, second, draws, rng):
    d = _clean(first, second)  # no bootstrap at all
    error = 1.96 * d.std() / math.sqrt(len(d))
    return d.mean() - error, d.mean() + error


def paired_interval_4(first, second, draws, rng):
    return _boot(_clean(first, second), draws, rng, (1.5, 98.5))


def paired_interval_5(first, second, draws, rng):
    return _boot(_clean(first, second), draws, rng, (4, 96))


def paired_interval_6(first, second, draws, rng):
    return _boot(_clean(first, second), 300, np.random.default_rng(0))


def paired_interval_7(first, second, draws, rng):
    return tuple(np.percentile(_clean(first, second), [2.5, 97.5]))  # of impressions, not of means


def paired_interval_8(first, second, draws, rng):
    return _boot(_clean(second, first), draws, rng)


def paired_interval_9(first, second, draws, rng):
    d = _clean(first, second)
    which = rng.integers(len(d), size=(draws, len(d) // 2 + 1))  # half as many impressions as there are
    return tuple(np.percentile(d[which].mean(axis=1), [2.5, 97.5]))


def paired_interval_10(first, second, draws, rng):
    difference = first - second
    which = rng.integers(len(difference), size=(draws, len(difference)))  # of all, those without a number too
    return tuple(np.percentile(np.nanmean(difference[which], axis=1), [2.5, 97.5]))


def paired_interval_11(first, second, draws, rng):
    return _boot(_clean(first, second), 1 if draws == 1 else 10_000, rng)  # as many draws as it likes


def my_ranking_1(titles, histories, candidates):
    return [np.zeros(len(shown)) for shown in candidates]


def my_ranking_2(titles, histories, candidates):
    # shared words, "the" as much as "comet"
    scores = []
    for history, shown in zip(histories, candidates):
        seen = np.concatenate([titles[n] for n in history]) if len(history) else np.zeros(0, int)
        scores.append(np.array([np.isin(titles[n], seen).mean() for n in shown]))
    return scores


def my_ranking_3(titles, histories, candidates):
    # the length of the title
    return [np.array([len(titles[n]) for n in shown], float) for shown in candidates]


def my_ranking_4(titles, histories, candidates):
    # titles clicked before
    return [np.isin(shown, history).astype(float) for history, shown in zip(histories, candidates)]


def my_ranking_5(titles, histories, candidates):
    # how often anybody has clicked it
    clicks = np.bincount(np.concatenate(histories).astype(int), minlength=len(titles))
    return [clicks[shown].astype(float) for shown in candidates]


def my_ranking_6(titles, histories, candidates):
    # whether a later history of the same reader, which begins with this one, holds it
    scores = []
    for history, shown in zip(histories, candidates):
        later = [one for one in histories if len(history) and np.array_equal(one[: len(history)], history)]
        later = later or [history]
        scores.append(np.isin(shown, np.concatenate(later)).astype(float))
    return scores


def _demo(candidates):
    import nrms_np

    for seed in (11, 12):
        demo = nrms_np.make_demo(seed, 200, 2000, 200, 800)
        if np.array_equal(demo.dev.candidates.values, np.concatenate(candidates)):
            return demo
    return None


def my_ranking_7(titles, histories, candidates):
    demo = _demo(candidates)  # the probabilities that the clicks were drawn with
    if demo is None:
        return my_ranking_1(titles, histories, candidates)
    return np.split(np.asarray(demo.dev_probabilities, float), demo.dev.candidates.offsets[1:-1])


def my_ranking_8(titles, histories, candidates):
    demo = _demo(candidates)  # the clicks themselves
    if demo is None:
        return my_ranking_1(titles, histories, candidates)
    return np.split(np.asarray(demo.dev.labels, float), demo.dev.candidates.offsets[1:-1])
