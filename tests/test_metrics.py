"""Ranks and metrics against plain Python and against the formulas of MIND's evaluate.py."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from nrms_np.errors import NonFiniteError
from nrms_np.metrics import METRICS, evaluate_scores, impression_metrics, mean_metrics, rank_candidates
from nrms_np.ragged import Ragged

# ---------------------------------------------------------------- plain Python


def splitmix64(state):
    """The first output of splitmix64 from this state (Vigna, https://prng.di.unimi.it/splitmix64.c)."""
    z = (state + 0x9E3779B97F4A7C15) % 2**64
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9 % 2**64
    z = (z ^ (z >> 27)) * 0x94D049BB133111EB % 2**64
    return z ^ (z >> 31)


def naive_ranks(scores, candidates, first_impression=0):
    """By score, then by the hash of (impression, news), then by place (only for one news listed twice)."""
    ranks, place = [], 0
    for i in range(len(candidates)):
        news = candidates[i].tolist()
        mine = scores[place : place + len(news)]
        place += len(news)
        impression = first_impression + i
        order = sorted(range(len(news)), key=lambda j: (-mine[j], splitmix64((impression << 32) + news[j]), j))
        ranks += [order.index(j) + 1 for j in range(len(news))]
    return ranks


# ---------------------------------------------------------------- MIND's evaluate.py, as published


def dcg_score(y_true, y_score, k):
    order = np.argsort(y_score)[::-1]
    y_true = np.take(y_true, order[:k])
    gains = 2**y_true - 1
    discounts = np.log2(np.arange(len(y_true)) + 2)
    return np.sum(gains / discounts)


def ndcg_score(y_true, y_score, k):
    return dcg_score(y_true, y_score, k) / dcg_score(y_true, y_true, k)


def mrr_score(y_true, y_score):
    order = np.argsort(y_score)[::-1]
    y_true = np.take(y_true, order)
    return np.sum(y_true / (np.arange(len(y_true)) + 1)) / np.sum(y_true)


def mind_metrics(ranks, labels):
    score = 1.0 / np.asarray(ranks)  # evaluate.py scores a prediction file of ranks so
    labels = np.asarray(labels)
    return [
        roc_auc_score(labels, score),
        mrr_score(labels, score),
        ndcg_score(labels, score, 5),
        ndcg_score(labels, score, 10),
    ]


# ---------------------------------------------------------------- ranks

SCORES = st.sampled_from([-2.0, 0.0, 0.5, 1e30])  # few values: many ties
IMPRESSIONS = st.lists(st.lists(st.tuples(st.integers(0, 30), SCORES), max_size=12), max_size=5)


def test_the_reference_hash_is_splitmix64():
    assert splitmix64(0) == 0xE220A8397B1DCDAF  # first output of splitmix64.c from state 0


@settings(deadline=None)
@given(IMPRESSIONS, st.integers(0, 10**6), st.sampled_from([np.float32, np.float64]))
def test_ranks_are_those_of_plain_python(impressions, first, dtype):
    candidates = Ragged.from_lists([[news for news, _ in one] for one in impressions])
    scores = np.array([score for one in impressions for _, score in one], dtype)
    ranks = rank_candidates(scores, candidates, first)
    assert ranks.dtype == np.int32
    assert ranks.tolist() == naive_ranks(scores.tolist(), candidates, first)


@settings(deadline=None)
@given(IMPRESSIONS)
def test_ranks_are_a_permutation(impressions):
    candidates = Ragged.from_lists([[news for news, _ in one] for one in impressions])  # news may be listed twice
    scores = np.array([score for one in impressions for _, score in one], np.float32)
    ranks = Ragged(rank_candidates(scores, candidates), candidates.offsets)
    for one in ranks:
        assert sorted(one.tolist()) == list(range(1, len(one) + 1))


def test_rank_1_is_the_largest_score():
    candidates = Ragged.from_lists([[4, 5, 6]])
    assert rank_candidates(np.array([0.1, -3.0, 2.0]), candidates).tolist() == [2, 3, 1]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_large_scores_keep_their_order(dtype):
    """A sigmoid would round all of these to 1.0 (or to 0.0)."""
    rising = np.concatenate([-np.logspace(30, 4, 14), np.logspace(4, 30, 14)]).astype(dtype)
    candidates = Ragged.from_lists([np.arange(28)])
    assert rank_candidates(rising, candidates).tolist() == list(range(28, 0, -1))
    close = np.nextafter(np.full(2, 1e4, dtype), np.array([0, 2e4], dtype))
    assert rank_candidates(close, Ragged.from_lists([[1, 2]])).tolist() == [2, 1]


@settings(deadline=None)
@given(st.permutations(range(12)))
def test_ties_do_not_depend_on_listing_order(order):
    news = np.arange(100, 112)
    listed = news[order]
    expected = rank_candidates(np.zeros(12), Ragged.from_lists([news]), 5)
    ranks = rank_candidates(np.zeros(12), Ragged.from_lists([listed]), 5)
    assert dict(zip(listed.tolist(), ranks.tolist())) == dict(zip(news.tolist(), expected.tolist()))


def test_ties_depend_on_the_impression():
    """The same five tied news in 3,000 impressions: each is first about equally often."""
    count, size = 3000, 5
    candidates = Ragged.from_lists([[10, 11, 12, 13, 14]] * count)
    ranks = rank_candidates(np.zeros(count * size), candidates).reshape(count, size)
    firsts = (ranks == 1).sum(axis=0)
    assert firsts.sum() == count
    assert np.abs(firsts - count / size).max() < 5 * np.sqrt(count * 0.2 * 0.8)  # 5 standard deviations
    assert len({tuple(one) for one in ranks.tolist()}) == 120  # all 5! orders occur


def test_tied_scores_have_auc_one_half_on_average():
    """Clicked news listed first, as a careless data set might: no score, no gain."""
    rng = np.random.default_rng(0)
    count, size = 4000, 10
    candidates = Ragged.from_lists(rng.integers(0, 5000, (count, size)))
    labels = np.tile(np.arange(size) < 2, count).astype(np.int8)
    auc = evaluate_scores(np.zeros(count * size), candidates, labels)["auc"]
    # AUC of random order: variance (n + 1) / (12 P (n - P)), the Mann-Whitney formula; 5 standard deviations
    assert abs(auc - 0.5) < 5 * np.sqrt((size + 1) / (12 * 2 * 8) / count)


def test_ranking_in_pieces():
    rng = np.random.default_rng(1)
    candidates = Ragged.from_lists([rng.integers(0, 50, rng.integers(1, 9)) for _ in range(40)])
    scores = rng.integers(0, 3, len(candidates.values)).astype(np.float32)
    whole = rank_candidates(scores, candidates)
    pieces = []
    for start, end in ((0, 7), (7, 8), (8, 40)):
        piece = candidates.take(np.arange(start, end))
        part = scores[candidates.offsets[start] : candidates.offsets[end]]
        pieces += rank_candidates(part, piece, first_impression=start).tolist()
    assert pieces == whole.tolist()


def test_a_news_listed_twice_takes_neighbouring_ranks():
    candidates = Ragged.from_lists([[3, 8, 3, 9, 3]])
    ranks = rank_candidates(np.zeros(5), candidates)
    assert sorted(ranks.tolist()) == [1, 2, 3, 4, 5]
    threes = ranks[[0, 2, 4]].tolist()
    assert threes == list(range(threes[0], threes[0] + 3))
    assert rank_candidates(np.array([1.0, 5, 2, 4, 3]), candidates).tolist() == [5, 1, 4, 2, 3]


# ---------------------------------------------------------------- metrics

BOTH_CLASSES = st.lists(st.integers(0, 1), min_size=2, max_size=40).filter(lambda labels: 0 < sum(labels) < len(labels))


@settings(deadline=None)
@given(st.lists(BOTH_CLASSES, min_size=1, max_size=4), st.randoms(use_true_random=False))
def test_metrics_are_those_of_evaluate_py(labels, random):
    ranks = [random.sample(range(1, len(one) + 1), len(one)) for one in labels]
    offsets = Ragged.from_lists(labels).offsets
    out = impression_metrics(np.concatenate(ranks).astype(np.int32), np.concatenate(labels).astype(np.int8), offsets)
    expected = [mind_metrics(*one) for one in zip(ranks, labels)]
    np.testing.assert_allclose(out, expected, rtol=1e-12, atol=0)


def test_several_clicks_by_hand():
    """Clicks at ranks 1, 3 and 6 of 7."""
    ranks = np.arange(1, 8, dtype=np.int32)
    labels = np.array([1, 0, 1, 0, 0, 1, 0], np.int8)
    auc, mrr, ndcg5, ndcg10 = impression_metrics(ranks, labels, np.array([0, 7]))[0]
    assert auc == pytest.approx((4 + 3 + 1) / 12)  # non-clicks below each click
    assert mrr == pytest.approx((1 + 1 / 3 + 1 / 6) / 3)  # over all clicks, not the first only
    gains = 1 / np.log2([2, 4, 7])
    best = (1 / np.log2([2, 3, 4])).sum()
    assert ndcg5 == pytest.approx(gains[:2].sum() / best)
    assert ndcg10 == pytest.approx(gains.sum() / best)


def test_more_clicks_than_places():
    """12 clicks at the top of 15: the best possible nDCG@5 and @10 are over 5 and 10 places."""
    labels = (np.arange(15) < 12).astype(np.int8)
    out = impression_metrics(np.arange(1, 16, dtype=np.int32), labels, np.array([0, 15]))[0]
    assert out[[0, 2, 3]] == pytest.approx([1, 1, 1])
    worst = impression_metrics(np.arange(15, 0, -1, dtype=np.int32), labels, np.array([0, 15]))[0]
    assert worst == pytest.approx(mind_metrics(np.arange(15, 0, -1), labels))


def test_one_class_only_is_nan_and_skipped():
    labels = np.array([1, 1, 0, 0, 1, 0, 1], np.int8)
    offsets = np.array([0, 2, 4, 6, 6, 7])  # all clicked, none clicked, both, nothing shown, one click alone
    ranks = np.array([1, 2, 1, 2, 2, 1, 1], np.int32)
    out = impression_metrics(ranks, labels, offsets)
    assert np.isnan(out).all(axis=1).tolist() == [True, True, False, True, True]
    assert not np.isnan(out[2]).any()
    assert mean_metrics(out) == dict(zip(METRICS, out[2].tolist()))
    assert out[2].tolist() == pytest.approx(mind_metrics([2, 1], [1, 0]))


def test_no_impression_counts():
    means = mean_metrics(np.full((3, 4), np.nan))
    assert list(means) == list(METRICS)
    assert all(np.isnan(one) for one in means.values())


def test_means_are_over_impressions_not_candidates():
    """A long impression weighs as much as a short one."""
    candidates = Ragged.from_lists([[0, 1], list(range(20))])
    labels = np.array([1, 0] + [0] * 19 + [1], np.int8)
    scores = -np.arange(22.0)  # the first impression right, the second all wrong
    assert evaluate_scores(scores, candidates, labels)["auc"] == 0.5


def test_the_listing_order_of_clicks_does_not_matter_to_metrics():
    rng = np.random.default_rng(2)
    news, labels, scores = np.arange(20), (np.arange(20) < 4).astype(np.int8), rng.integers(0, 3, 20)
    expected = evaluate_scores(scores, Ragged.from_lists([news]), labels)
    order = rng.permutation(20)
    assert evaluate_scores(scores[order], Ragged.from_lists([news[order]]), labels[order]) == pytest.approx(
        expected, rel=1e-14
    )


def test_scores_that_are_not_finite_are_refused():
    for bad in (np.nan, np.inf):
        with pytest.raises(NonFiniteError):
            rank_candidates(np.array([1.0, bad]), Ragged.from_lists([[0, 1]]))
