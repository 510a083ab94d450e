"""Training clicks, their negatives, and batches."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nrms_np.app.evaluation import describe_clicks
from nrms_np.batch import make_batch
from nrms_np.clicks import draw_candidates, find_clicks
from nrms_np.data.mind import Behaviors
from nrms_np.errors import InputError
from nrms_np.ragged import Ragged
from nrms_np.rng import generator
from tests.helpers import list_of_position


def behaviors(*rows):
    """Each row: a history, and the shown news as {news: label} or a list of (news, label)."""
    shown = [list(one.items()) if isinstance(one, dict) else one for _, one in rows]
    names = [str(i) for i in range(len(rows))]
    return Behaviors.from_lists(
        names,
        names,
        names,
        Ragged.from_lists([history for history, _ in rows]),
        Ragged.from_lists([[news for news, _ in one] for one in shown]),
        np.array([label for one in shown for _, label in one], np.int8),
    )


def clicks_of(made):
    return find_clicks(made.histories, made.candidates, made.known_labels())


def draw_all(clicks, negatives, rng):
    return draw_candidates(clicks, np.arange(len(clicks)), negatives, rng)


def test_find_clicks_counts_what_it_leaves_out():
    made = behaviors(
        ([1], {5: 0, 6: 1, 7: 0, 8: 1}),  # two clicks
        ([], {5: 0, 6: 1}),  # no history
        ([], {5: 1}),  # no history, and all clicked: counted once
        ([2], {5: 1, 6: 1}),  # all clicked
        ([2], {5: 0, 6: 0}),  # nothing clicked
        ([2], {}),  # nothing shown
        ([2, 2], {9: 1, 4: 0}),
    )
    clicks = clicks_of(made)
    assert len(clicks) == 3
    assert clicks.impressions.tolist() == [0, 0, 6]
    assert made.candidates.values[clicks.positives].tolist() == [6, 8, 9]
    drawn = draw_all(clicks, 2, generator(0, "n"))
    assert [sorted(one) for one in made.candidates.values[drawn[:2, 1:]].tolist()] == [[5, 7], [5, 7]]
    assert list(clicks.left_out.values()) == [2, 1, 2]
    for part in ("3 clicks", "2 without history", "1 where all was clicked", "2 where nothing was clicked"):
        assert part in describe_clicks(clicks)


def test_report_does_not_mention_what_did_not_happen():
    assert describe_clicks(clicks_of(behaviors(([1], {5: 0, 6: 1})))) == "1 clicks"


def test_unlabelled_data_has_no_clicks():
    empty = Ragged.from_lists([[1]])
    with pytest.raises(InputError, match="no labels"):
        clicks_of(Behaviors.from_lists(["1"], ["U"], ["t"], empty, empty, None))


ROWS = st.lists(
    st.tuples(
        st.lists(st.integers(0, 9), max_size=3),
        st.lists(st.tuples(st.integers(0, 9), st.integers(0, 1)), max_size=12),
    ),
    min_size=1,
    max_size=6,
)


@settings(deadline=None)
@given(ROWS, st.integers(1, 6), st.integers(0, 100))
def test_draws_are_what_they_claim(rows, negatives, seed):
    made = behaviors(*rows)
    clicks = clicks_of(made)
    positions = draw_all(clicks, negatives, generator(seed, "negatives"))
    assert positions.shape == (len(clicks), 1 + negatives)
    impression_of = list_of_position(made.candidates)
    # the clicks, by the definition
    expected = [
        position
        for position, label in enumerate(made.labels.tolist())
        if label
        and len(made.histories[impression_of[position]])
        and (made.labels[impression_of == impression_of[position]] == 0).any()
    ]
    assert positions[:, 0].tolist() == expected
    for impression, row in zip(clicks.impressions, positions):
        pool = np.flatnonzero((impression_of == impression) & (made.labels == 0))
        drawn = row[1:].tolist()
        assert set(drawn) <= set(pool.tolist())  # of the same impression, and not clicked
        if len(pool) >= negatives:
            assert len(set(drawn)) == negatives  # without replacement


def test_fewer_negatives_than_asked_for_repeat():
    made = behaviors(*[([1], {0: 1, 1: 0, 2: 0})] * 2000)
    negatives = made.candidates.values[draw_all(clicks_of(made), 4, generator(0, "n"))][:, 1:]
    pairs = {tuple(row) for row in negatives.tolist()}
    assert len(pairs) == 16  # every one of 2^4 rows occurs: the draws are independent
    ones = (negatives == 1).sum()
    assert abs(ones - 4000) < 5 * np.sqrt(8000 / 4)  # 5 standard deviations of a fair coin


def chi_square(counts):
    expected = counts.sum() / counts.size
    return ((counts - expected) ** 2 / expected).sum()


def test_every_negative_is_equally_likely():
    shown = {0: 0, 1: 0, 2: 1, 3: 0, 4: 0, 5: 0, 6: 0, 7: 0}  # seven negatives
    made = behaviors(*[([1], shown)] * 8400)
    positions = draw_all(clicks_of(made), 4, generator(0, "negatives", 1))
    drawn = made.candidates.values[positions][:, 1:]
    # 99.99 % of chi-square: 27.9 with 6 degrees of freedom, 83.7 with 41 (scipy.stats.chi2.ppf)
    for column in drawn.T:
        assert chi_square(np.bincount(column, minlength=8)[[0, 1, 3, 4, 5, 6, 7]]) < 27.9
    for first in range(3):
        pairs = np.bincount(drawn[:, first] * 8 + drawn[:, first + 1], minlength=64)
        assert np.count_nonzero(pairs) == 42  # ordered pairs of different negatives
        assert chi_square(pairs[pairs > 0]) < 83.7


def test_as_many_negatives_as_asked_for_are_all_drawn():
    made = behaviors(*[([1], {0: 0, 1: 0, 2: 1, 3: 0})] * 600)
    drawn = made.candidates.values[draw_all(clicks_of(made), 3, generator(0, "n"))][:, 1:]
    assert {tuple(sorted(row)) for row in drawn.tolist()} == {(0, 1, 3)}
    assert len({tuple(row) for row in drawn.tolist()}) == 6  # in every order


def test_draws_are_decided_by_the_key():
    made = behaviors(*[([1], {news: int(news == 3) for news in range(20)})] * 30)
    clicks = clicks_of(made)
    one, same, next_epoch = (draw_all(clicks, 4, generator(5, "negatives", epoch)) for epoch in (1, 1, 2))
    assert np.array_equal(one, same)
    assert np.array_equal(one[:, 0], next_epoch[:, 0])
    assert not np.array_equal(one, next_epoch)


def test_clicks_are_drawn_for_in_the_order_asked():
    made = behaviors(*[([1], {10 * i: 0, 10 * i + 1: 1, 10 * i + 2: 0, 10 * i + 3: 1}) for i in range(9)])
    drawn = made.candidates.values[draw_candidates(clicks_of(made), np.array([17, 2, 2]), 2, generator(0, "n"))]
    assert drawn[:, 0].tolist() == [83, 11, 11]
    assert [sorted(one) for one in drawn[:, 1:].tolist()] == [[80, 82], [10, 12], [10, 12]]


def test_no_clicks_no_draws():
    clicks = clicks_of(behaviors(([1], {2: 0})))
    assert draw_all(clicks, 4, generator(0, "n")).shape == (0, 5)


# ---------------------------------------------------------------- batches

VOCABULARY, CATALOGUE = 12, 8


@st.composite
def batches(draw):
    title = st.lists(st.integers(0, VOCABULARY - 1), max_size=6)
    news = st.integers(0, CATALOGUE - 1)
    titles = draw(st.lists(title, min_size=CATALOGUE, max_size=CATALOGUE))
    users = draw(st.integers(1, 5))
    negatives = draw(st.integers(1, 4))
    histories = draw(st.lists(st.lists(news, max_size=5), min_size=users, max_size=users))
    row = st.lists(news, min_size=1 + negatives, max_size=1 + negatives)
    candidates = draw(st.lists(row, min_size=users, max_size=users))
    return titles, histories, candidates


@settings(deadline=None)
@given(batches(), st.sampled_from([np.int32, np.int64]))
def test_a_batch_decodes_to_what_it_was_made_from(made, dtype):
    titles, histories, candidates = made
    batch = make_batch(
        Ragged.from_lists(titles), Ragged.from_lists(histories), np.array(candidates, dtype=dtype), VOCABULARY
    )
    decoded = [batch.words[one].tolist() for one in batch.titles]
    # each level, replaced by what it points to; repeated words and titles stay where they were
    assert [[decoded[t] for t in one] for one in batch.histories] == [[titles[n] for n in one] for one in histories]
    assert [[decoded[t] for t in row] for row in batch.candidates] == [[titles[n] for n in row] for row in candidates]
    # every thing once: as many titles as news mentioned, as many words as are in them, and none unused
    mentioned = {n for one in histories + candidates for n in one}
    assert len(batch.titles) == len(mentioned)
    assert sorted(batch.words.tolist()) == sorted({word for n in mentioned for word in titles[n]})
    used = np.concatenate([batch.histories.values, batch.candidates.ravel()])
    assert sorted(set(used.tolist())) == list(range(len(batch.titles)))
    for one in (batch.words, batch.titles.values, batch.histories.values, batch.candidates):
        assert one.dtype == np.int32


def test_repeats_stay_in_place_and_an_empty_history_is_empty():
    news_words = Ragged.from_lists([[3, 3, 7], [7], [], [9]])
    batch = make_batch(news_words, Ragged.from_lists([[0, 1, 0], []]), np.array([[0, 3], [1, 2]]), 10)
    assert batch.words.tolist() == [3, 7, 9]
    assert [one.tolist() for one in batch.titles] == [[0, 0, 1], [1], [2], []]
    assert [one.tolist() for one in batch.histories] == [[0, 1, 0], []]
    assert batch.candidates.tolist() == [[0, 2], [1, 3]]
