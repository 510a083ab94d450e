"""Forward passes against the naive references, and what must hold of every layer: dtypes, empty sets, big logits."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nrms_np.gradcheck import small_problem
from nrms_np.layers import attention_pairs
from nrms_np.layers.additive_attention import additive_attention_backward, additive_attention_forward
from nrms_np.layers.dropout import draw_mask, dropout_backward, dropout_forward
from nrms_np.layers.embedding import embedding_backward, embedding_forward
from nrms_np.layers.loss import click_loss_backward, click_loss_forward, click_scores_forward
from nrms_np.layers.self_attention import self_attention_backward, self_attention_forward
from nrms_np.model import forward, loss_and_gradients
from nrms_np.ragged import Ragged, sum_rows
from tests import naive

SETS = [[0, 1, 1], [2], [], [3, 0, 2, 4, 0]]  # a repeat, a single, an empty one
SIZES = [(1, 1), (2, 3), (3, 5), (9, 2), (2, 27)]  # heads (9: one more than a register), their size (27: in blocks)


def attention_weights(rng, attention, heads, size, inputs):
    query = rng.normal(size=(inputs, heads * (size if attention == "qkv" else inputs))) / 2
    key = rng.normal(size=(inputs, heads * size)) / 2 if attention == "qkv" else None
    return query, key, rng.normal(size=(inputs, heads * size))


@pytest.mark.parametrize("attention", ["qkv", "bilinear"])
@pytest.mark.parametrize(("heads", "size"), SIZES)
def test_self_attention_matches_naive(attention, heads, size):
    rng = np.random.default_rng(0)
    rows, weights = rng.normal(size=(5, 4)), attention_weights(rng, attention, heads, size, 4)
    out, cache = self_attention_forward(rows, Ragged.from_lists(SETS), *weights, heads)
    np.testing.assert_allclose(out, naive.self_attention(rows, SETS, *weights, heads), rtol=0, atol=1e-12)
    for s, members in enumerate(SETS):
        alpha = cache.of_set(s)
        assert alpha.shape == (heads, len(members), len(members))
        np.testing.assert_allclose(alpha.sum(axis=2), 1, atol=1e-12)


@pytest.mark.parametrize("attention", ["qkv", "bilinear"])
def test_self_attention_in_several_pieces_is_that_in_one(monkeypatch, attention):
    rng, sets = np.random.default_rng(8), Ragged.from_lists(SETS)
    rows, dout, weights = rng.normal(size=(5, 4)), rng.normal(size=(9, 6)), attention_weights(rng, attention, 2, 3, 4)

    def both_ways():
        out, cache = self_attention_forward(rows, sets, *weights, 2)
        return [out, *(one for one in self_attention_backward(dout, cache) if one is not None)]

    one_piece = both_ways()
    monkeypatch.setattr("nrms_np.layers.self_attention.PIECE", 2)
    assert len(sets.pieces(2)) > 2
    for found, expected in zip(both_ways(), one_piece, strict=True):
        np.testing.assert_allclose(found, expected, rtol=0, atol=1e-14)


@given(st.lists(st.lists(st.integers(0, 4), max_size=6), max_size=5), st.sampled_from(SIZES))
@settings(max_examples=40, deadline=None)
def test_self_attention_matches_naive_on_any_sets(sets, sizes):
    heads, size = sizes
    rng = np.random.default_rng(1)
    rows, weights = rng.normal(size=(5, 3)), attention_weights(rng, "qkv", heads, size, 3)
    out, _ = self_attention_forward(rows, Ragged.from_lists(sets), *weights, heads)
    np.testing.assert_allclose(out, naive.self_attention(rows, sets, *weights, heads), rtol=0, atol=1e-12)


@pytest.mark.parametrize("size", [24, 25, 29, 32, 64])
def test_large_heads_are_taken_in_blocks(size):
    """All three kernels, for one set of five positions and one of none."""
    rng, heads, n = np.random.default_rng(6), 3, 5
    x, y = rng.normal(size=(2, n, size * heads))
    by_head = [rows.reshape(n, size, heads) for rows in (x, y)]  # column a * H + h
    rows, where = rng.permutation(n).astype(np.int32), (np.array([0, n, n]), np.arange(n + 1) * n)
    weight, out = rng.normal(size=(n * n, heads)), np.empty((n, size * heads))
    found = np.empty((n * n, heads))
    attention_pairs.products(heads, size)(x, rows, y, rows, *where, found)
    expected = np.einsum("iah,jah->ijh", by_head[0][rows], by_head[1][rows])
    np.testing.assert_allclose(found.reshape(n, n, heads), expected, atol=1e-12)
    for make, indices in (
        (attention_pairs.weighted_sums, "ijh,jah"),
        (attention_pairs.weighted_sums_transposed, "jih,jah"),
    ):
        make(heads, size)(weight, y, rows, *where, out)
        expected = np.einsum(f"{indices}->iah", weight.reshape(n, n, heads), by_head[1][rows])
        np.testing.assert_allclose(out.reshape(n, size, heads), expected, atol=1e-12)


def test_bilinear_with_factored_matrix_is_qkv():
    """Q_k = W_q W_k' / sqrt(A): the query-key-value form is the bilinear one with a matrix of rank A."""
    rng = np.random.default_rng(2)
    rows, (query, key, value) = rng.normal(size=(5, 4)), attention_weights(rng, "qkv", 2, 3, 4)
    full = np.stack([query[:, h::2] @ key[:, h::2].T for h in range(2)], axis=2).reshape(4, -1)  # column d * H + h
    sets = Ragged.from_lists(SETS)
    one, _ = self_attention_forward(rows, sets, query, key, value, 2)
    other, _ = self_attention_forward(rows, sets, full / math.sqrt(3), None, value, 2)
    np.testing.assert_allclose(one, other, atol=1e-12)


def test_self_attention_is_permutation_equivariant():
    rng = np.random.default_rng(3)
    rows, weights = rng.normal(size=(5, 4)), attention_weights(rng, "qkv", 2, 3, 4)
    order = [3, 0, 4, 1, 2]
    one, _ = self_attention_forward(rows, Ragged.from_lists([range(5)]), *weights, 2)
    other, _ = self_attention_forward(rows, Ragged.from_lists([order]), *weights, 2)
    np.testing.assert_allclose(other, one[order], atol=1e-12)


def test_additive_attention_matches_naive():
    rng = np.random.default_rng(4)
    lengths = np.array([3, 0, 1, 5])
    x, weight, bias, query = (rng.normal(size=s) for s in ((9, 4), (4, 3), (3,), (3,)))
    sets = Ragged.from_lengths(np.zeros(9, np.int32), lengths)
    out, cache = additive_attention_forward(x, sets, weight, bias, query)
    np.testing.assert_allclose(out, naive.additive_attention(x, lengths, weight, bias, query), atol=1e-12)
    assert (out[1] == 0).all()  # an empty set
    np.testing.assert_allclose(np.add.reduceat(cache.alpha, [0, 3, 4]), 1, atol=1e-12)


def test_sum_rows_matches_naive_and_empty_groups_are_zero():
    rng = np.random.default_rng(5)
    rows, groups = rng.normal(size=(6, 3)), [[0, 5, 0], [], [2], []]
    np.testing.assert_allclose(sum_rows(rows, Ragged.from_lists(groups)), naive.sum_rows(rows, groups), atol=1e-14)


def test_softmax_loss_of_equal_scores_is_ln_5_and_large_scores_do_not_overflow():
    loss, probabilities = click_loss_forward(np.zeros((3, 5)))
    assert loss == pytest.approx(math.log(5), abs=1e-15)
    np.testing.assert_allclose(probabilities, 0.2)
    with np.errstate(all="raise", under="ignore"):
        loss, cache = click_loss_forward(np.array([[1e4, -1e4, 0], [-1e4, 1e4, 0]], np.float32))
        assert loss == pytest.approx(1e4)  # the mean of 0 and 2e4
        assert np.isfinite(click_loss_backward(cache)).all()


@pytest.mark.parametrize("size", [1e4, 1e18])
def test_large_logits_do_not_overflow(size):
    rows = np.array([[1.0, 0], [0, 1], [-1, 1]], np.float32)
    sets = Ragged.from_lists([[0, 1, 2]])
    weight = np.eye(2, dtype=np.float32)
    out, cache = self_attention_forward(rows, sets, weight * np.float32(size), weight, weight, 1)
    np.testing.assert_allclose(out[0], [1, 0], atol=1e-6)  # row 0 attends to itself alone
    assert all(np.isfinite(one).all() for one in self_attention_backward(np.ones_like(out), cache))
    pooled, _ = additive_attention_forward(out, sets, weight, weight[0], weight[0] * np.float32(size))
    assert np.isfinite(pooled).all()


@pytest.mark.parametrize("place", range(3))
def test_the_largest_logit_is_found_wherever_it_is(place):
    logits = np.full((1, 3), -1e4)
    logits[0, place] = 1e4
    x, one, expected = logits.T / 1e4, np.ones((1, 1)), np.eye(3)[place]
    rows = np.stack([np.ones(3), logits[0]], axis=1)  # every query is 1, the key is the logit
    query, key = np.eye(2)[:, :1], np.eye(2)[:, 1:]
    _, cache = self_attention_forward(rows, Ragged.from_lists([[0, 1, 2]]), query, key, key, 1)
    np.testing.assert_array_equal(cache.of_set(0), [[expected] * 3])
    _, cache = additive_attention_forward(x, Ragged.from_lists([[0, 1, 2]]), one, np.zeros(1), np.array([1e4]))
    np.testing.assert_array_equal(cache.alpha, expected)


def test_dropout_drops_what_lies_below_the_rate_of_65536_levels():
    class Fixed:  # in place of a generator: 0.9 * 65536 = 58982.4
        bit_generator = None

        def random_raw(self, size):
            return np.array([0, 58981, 58982, 65535] * size, np.uint16).view(np.uint64)

    rng = Fixed()
    rng.bit_generator = rng
    np.testing.assert_array_equal(draw_mask(rng, (4,), 0.9), [False, False, True, True])
    assert draw_mask(rng, (2, 3), 0).all()
    with pytest.raises(ValueError, match="rate"):
        draw_mask(rng, (1,), -0.1)


def test_dropout_zeroes_where_the_mask_is_false():
    x, mask = np.array([[1.0, -2.0], [3.0, 4.0]]), np.array([[True, False], [False, True]])
    out, cache = dropout_forward(x, mask, 0.5)
    np.testing.assert_array_equal(out, [[2, 0], [0, 8]])
    np.testing.assert_array_equal(dropout_backward(x, cache), [[2, 0], [0, 8]])


def test_dropout_keeps_the_mean_and_the_right_share():
    rng = np.random.Generator(np.random.SFC64(0))
    mask = draw_mask(rng, (400, 501), 0.2)
    share = mask.mean()
    assert abs(share - 0.8) < 5 * math.sqrt(0.16 / mask.size)
    out, cache = dropout_forward(np.ones(mask.shape), mask, 0.2)
    assert set(np.unique(out)) == {0.0, 1.25}
    np.testing.assert_array_equal(dropout_backward(np.ones(mask.shape), cache), out)
    x = np.ones((2, 3))
    assert dropout_forward(x, None, 0.2)[0] is x  # evaluation
    with pytest.raises(ValueError, match="rate"):
        draw_mask(rng, (1,), 1.0)


def test_dropout_masks_of_other_entries_are_independent():
    mask = draw_mask(np.random.Generator(np.random.SFC64(1)), (40000, 4), 0.5).astype(float)
    correlation = np.corrcoef(mask.T) - np.eye(4)
    assert np.abs(correlation).max() < 5 / math.sqrt(40000)


def test_embedding_gradient_lists_rows():
    table = np.arange(12.0).reshape(4, 3)
    rows, cache = embedding_forward(table, np.array([2, 0]))
    np.testing.assert_array_equal(rows, table[[2, 0]])
    words, values = embedding_backward(np.ones((2, 3)), cache)
    np.testing.assert_array_equal(words, [2, 0])
    np.testing.assert_array_equal(values, np.ones((2, 3)))


def test_click_scores_match_the_definition():
    rng = np.random.default_rng(6)
    titles, users, candidates = rng.normal(size=(4, 3)), rng.normal(size=(2, 3)), np.array([[0, 1, 2], [3, 3, 0]])
    scores, _ = click_scores_forward(titles, users, candidates)
    for b in range(2):
        for c in range(3):
            assert scores[b, c] == pytest.approx(titles[candidates[b, c]] @ users[b])


def _arrays(value):
    if isinstance(value, np.ndarray):
        yield value
    elif isinstance(value, np.generic):
        yield np.asarray(value)
    elif isinstance(value, (tuple, list)):
        for one in value:
            yield from _arrays(one)


@pytest.mark.parametrize("attention", ["qkv", "bilinear", "mean"])
def test_float32_stays_float32(attention):
    """Every output, cache entry and gradient; one float64 constant somewhere would double the memory traffic."""
    config, params, batch, masks = small_problem(attention)
    params = {name: one.astype(np.float32) for name, one in params.items()}
    loss, probabilities, cache = forward(params, batch, config, masks)
    found = list(_arrays((loss, probabilities, cache)))
    found += [
        one for gradient in loss_and_gradients(params, batch, config, masks)[1].values() for one in _arrays(gradient)
    ]
    floats = [one.dtype for one in found if one.dtype.kind == "f"]
    assert len(floats) > (10 if attention == "mean" else 30)
    assert set(floats) == {np.dtype(np.float32)}


def test_an_empty_set_has_zero_gradient():
    rng = np.random.default_rng(7)
    x, weight, bias, query = (rng.normal(size=s) for s in ((0, 4), (4, 3), (3,), (3,)))
    out, cache = additive_attention_forward(x, Ragged.from_lists([[], []]), weight, bias, query)
    gradients = additive_attention_backward(np.ones_like(out), cache)
    assert all((one == 0).all() for one in (out, *gradients))
