"""Ragged and number_by_first_use against plain Python lists."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from nrms_np.inference import number_by_equality
from nrms_np.ragged import Ragged, number_by_first_use
from tests.helpers import list_of_position

SIZE = 9  # values are 0..8
LISTS = st.lists(st.lists(st.integers(0, SIZE - 1), max_size=7), max_size=8)


def to_lists(ragged):
    return [ragged[i].tolist() for i in range(len(ragged))]


@settings(deadline=None)
@given(LISTS)
def test_from_lists_gives_the_lists_back(lists):
    ragged = Ragged.from_lists(lists)
    assert to_lists(ragged) == lists
    assert ragged.values.dtype == np.int32
    assert ragged.offsets.dtype == np.int64
    assert ragged.offsets[0] == 0
    assert ragged.lengths.tolist() == [len(one) for one in lists]


@settings(deadline=None)
@given(LISTS)
def test_from_lengths_is_from_lists(lists):
    flat = np.array([value for one in lists for value in one], dtype=np.int32)
    assert to_lists(Ragged.from_lengths(flat, np.array([len(one) for one in lists], dtype=np.int64))) == lists


@settings(deadline=None)
@given(LISTS, st.data())
def test_take_in_any_order_and_with_repeats(lists, data):
    numbers = st.lists(st.integers(0, len(lists) - 1), max_size=10) if lists else st.just([])
    which = data.draw(numbers)
    taken = Ragged.from_lists(lists).take(np.array(which, dtype=np.int64))
    assert to_lists(taken) == [lists[i] for i in which]
    assert taken.values.dtype == np.int32


@settings(deadline=None)
@given(LISTS, st.integers(1, 8))
def test_first_and_last_cut_each_list(lists, n):
    ragged = Ragged.from_lists(lists)
    assert to_lists(ragged.first(n)) == [one[:n] for one in lists]
    assert to_lists(ragged.last(n)) == [one[-n:] for one in lists]
    assert to_lists(ragged) == lists  # the original is untouched


def test_last_keeps_the_most_recent():
    assert to_lists(Ragged.from_lists([[1, 2, 3, 4], [], [5]]).last(2)) == [[3, 4], [], [5]]


@settings(deadline=None)
@given(LISTS, st.integers(1, 20))
def test_pieces_hold_every_value_once_and_in_order(lists, positions):
    ragged = Ragged.from_lists(lists)
    flat = []
    for piece in ragged.pieces(positions):
        offsets = ragged.offsets[piece]
        assert offsets[-1] > offsets[0]
        assert offsets[-2] - offsets[0] < positions  # all but its last list fit
        flat += ragged.values[offsets[0] : offsets[-1]].tolist()
    assert flat == ragged.values.tolist()


@settings(deadline=None)
@given(LISTS, st.integers(0, 4))
def test_transpose_lists_the_positions_of_each_index(lists, unused):
    flat = [value for one in lists for value in one]
    size = SIZE + unused
    transposed = Ragged.from_lists(lists).transpose(size)
    assert to_lists(transposed) == [[p for p, value in enumerate(flat) if value == i] for i in range(size)]


@settings(deadline=None)
@given(LISTS)
def test_transpose_twice_sorts_by_position(lists):
    """The transpose of the transpose says, for each position, which index it holds: the values again."""
    ragged = Ragged.from_lists(lists)
    twice = list_of_position(ragged.transpose(SIZE))
    restored = np.empty(len(ragged.values), np.int64)
    restored[ragged.transpose(SIZE).values] = twice
    assert restored.tolist() == ragged.values.tolist()


def test_empty_lists_first_last_and_between():
    lists = [[], [], [4, 4], [], [2], []]
    ragged = Ragged.from_lists(lists)
    assert to_lists(ragged) == lists
    assert to_lists(ragged.take(np.array([5, 2, 0]))) == [[], [4, 4], []]


def test_no_lists_at_all():
    ragged = Ragged.from_lists([])
    assert len(ragged) == 0
    assert ragged.values.dtype == np.int32
    assert to_lists(ragged.first(3)) == to_lists(ragged.last(3)) == []
    assert to_lists(ragged.transpose(2)) == [[], []]


def test_iteration_ends_after_the_last_list():
    assert [one.tolist() for one in Ragged.from_lists([[1], [], [2, 3]])] == [[1], [], [2, 3]]


def test_repr_is_short_and_true():
    text = repr(Ragged.from_lists([[1, 2], [], [3], [4], [5]]))
    assert text == "Ragged(5 lists, 5 values: [[1, 2], [], [3], ...])"
    assert repr(Ragged.from_lists([[7]])) == "Ragged(1 lists, 1 values: [[7]])"


@settings(deadline=None)
@given(st.lists(st.integers(0, SIZE - 1), max_size=40))
def test_number_by_first_use(values):
    different, numbers = number_by_first_use(np.array(values, dtype=np.int32), SIZE)
    expected = list(dict.fromkeys(values))  # a dict keeps the order of first use
    assert different.tolist() == expected
    assert numbers.tolist() == [expected.index(value) for value in values]
    assert different.dtype == numbers.dtype == np.int32


@settings(deadline=None)
@given(st.lists(st.lists(st.integers(0, 2), max_size=4), max_size=30), st.integers(1, 4))
def test_equal_lists_have_one_number(lists, most):
    first, numbers = number_by_equality(Ragged.from_lists(lists).last(most))
    kept = [tuple(one[-most:]) for one in lists]
    different = list(dict.fromkeys(kept))
    assert numbers.tolist() == [different.index(one) for one in kept]
    assert first.tolist() == [kept.index(one) for one in different]


@settings(deadline=None)
@given(st.lists(LISTS.map(Ragged.from_lists), min_size=1, max_size=4))
def test_concatenate(parts):
    assert to_lists(Ragged.concatenate(parts)) == [one for part in parts for one in to_lists(part)]
