"""The whole model: the loss is the definition's, repeats change nothing, it can learn, threads do not matter."""

import numpy as np
import pytest

from nrms_np.adam import AdamState, adam_step
from nrms_np.batch import make_batch
from nrms_np.config import Config
from nrms_np.fit import train_step
from nrms_np.gradcheck import relative_error
from nrms_np.inference import CHUNK, encode_news, read_attention, score_candidates, score_impressions
from nrms_np.model import forward, init_parameters, loss_and_gradients
from nrms_np.parallel import BLOCK, TERMS
from nrms_np.ragged import Ragged
from tests import naive
from tests.helpers import encode_users

SMALL = {"heads": 3, "head_size": 4, "query_size": 5}


def random_problem(attention="qkv", seed=0, users=5, news=9, vocabulary=20, dtype=np.float64, **sizes):
    config = Config(attention=attention, **{**SMALL, **sizes})
    rng = np.random.default_rng(seed)
    titles = [rng.integers(0, vocabulary, n).tolist() for n in rng.integers(1, 8, news)]
    histories = [rng.integers(0, news, n).tolist() for n in rng.integers(0, 6, users)]
    candidates = rng.integers(0, news, (users, 5))
    params = init_parameters(rng.normal(size=(vocabulary, 6)).astype(dtype), config)
    return config, params, titles, histories, candidates


def batch_of(titles, histories, candidates, vocabulary=20):
    return make_batch(Ragged.from_lists(titles), Ragged.from_lists(histories), candidates, vocabulary)


@pytest.mark.parametrize("attention", ["qkv", "bilinear", "mean"])
def test_loss_is_the_definition_sample_by_sample(attention):
    config, params, titles, histories, candidates = random_problem(attention)
    histories[0] = histories[0] or [1]
    loss, probabilities, _ = forward(params, batch_of(titles, histories, candidates), config)
    expected = naive.loss(params, titles, histories, candidates, config.heads)
    assert loss == pytest.approx(expected, rel=1e-12)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1)


def test_the_same_loss_and_gradient_whether_or_not_titles_repeat():
    """Give every slot its own copy of its title: nothing is shared any more, and nothing changes."""
    config, params, titles, histories, candidates = random_problem()
    copies, lists = [], []
    for row in [*histories, *candidates.tolist()]:
        lists.append([len(copies) + i for i in range(len(row))])
        copies += [titles[n] for n in row]
    apart = batch_of(copies, lists[: len(histories)], np.array(lists[len(histories) :]))
    once = batch_of(titles, histories, candidates)
    assert len(apart.titles) > len(once.titles)
    one, gradients = loss_and_gradients(params, once, config)
    other, same = loss_and_gradients(params, apart, config)
    assert one == pytest.approx(other, rel=1e-13)
    for name in params:
        if name != "embedding":
            assert relative_error(gradients[name], same[name]) < 1e-12, name
    by_word = [dict(zip(g["embedding"][0].tolist(), g["embedding"][1])) for g in (gradients, same)]
    assert by_word[0].keys() == by_word[1].keys()
    for word, row in by_word[0].items():
        np.testing.assert_allclose(row, by_word[1][word], atol=1e-13)


def test_an_empty_history_has_loss_ln_5_and_no_gradient():
    config, params, titles, _, candidates = random_problem()
    loss, gradients = loss_and_gradients(params, batch_of(titles, [[]] * 5, candidates), config)
    assert loss == pytest.approx(np.log(5), abs=1e-15)
    assert all((one == 0).all() for name, one in gradients.items() if name != "embedding")
    assert (gradients["embedding"][1] == 0).all()


def test_initial_weights_have_the_documented_ranges():
    table = np.random.default_rng(0).normal(size=(30, 300)).astype(np.float32)
    params = init_parameters(table, Config())
    limits = {"user.weight_query": (256, 256), "news.additive_weight": (256, 200)}
    for name, (fan_in, fan_out) in limits.items():
        limit = np.sqrt(6 / (fan_in + fan_out))
        assert 0.99 * limit < np.abs(params[name]).max() <= limit
        assert params[name].dtype == np.float32
    np.testing.assert_array_equal(params["user.weight_value"], np.eye(256))
    assert not np.array_equal(params["news.weight_query"], params["news.weight_key"])
    bilinear = init_parameters(table, Config(attention="bilinear"))
    limit = np.sqrt(6 / 512) / np.sqrt(256)
    assert 0.99 * limit < np.abs(bilinear["user.weight_query"]).max() <= limit
    assert "news.weight_key" not in bilinear


@pytest.mark.parametrize("word_size", [20, 256, 400])
def test_the_news_value_matrix_keeps_lengths_and_angles(word_size):
    value = init_parameters(np.ones((3, word_size)), Config())["news.weight_value"]  # [D, 256]
    shorter = value @ value.T if word_size <= 256 else value.T @ value
    np.testing.assert_allclose(shorter, np.eye(min(word_size, 256)), atol=1e-12)


@pytest.mark.parametrize("attention", ["qkv", "bilinear"])
@pytest.mark.parametrize(("word_size", "scale", "mean"), [(20, 1.0, 0.0), (50, 0.4, 0.6), (300, 0.1, 0.0)])
def test_attention_is_born_with_the_spread_that_was_asked_for(attention, word_size, scale, mean):
    """The standard deviation of the logits of a line over its n words is (1 - 1/n)^(1/2) of that over all words."""
    rng, n, spread = np.random.default_rng(5), 40, 2.5
    sizes = rng.uniform(0.2, 2, size=(600, 1))  # rare words may be longer vectors than frequent ones
    table = scale * sizes * rng.normal(size=(600, word_size)) + mean * rng.normal(size=word_size)
    counts = rng.integers(1, 50, size=600) * (sizes[:, 0] < 1)
    config = Config(attention=attention, word_size=word_size, heads=8, spread=spread)
    titles = Ragged.from_lists(rng.choice(600, size=(100, n), p=counts / counts.sum()))
    alpha, _ = read_attention(init_parameters(table, config, counts), titles, config)
    measured = np.sqrt(np.mean([np.log(np.maximum(weights, 1e-300)).var(axis=2) for weights in alpha]))
    assert measured == pytest.approx(spread * np.sqrt(1 - 1 / n), rel=0.12)


@pytest.mark.parametrize("attention", ["qkv", "bilinear", "mean"])
def test_it_can_learn_64_samples_by_heart(attention):
    config, params, titles, histories, candidates = random_problem(
        attention, users=64, news=200, vocabulary=100, dtype=np.float32, heads=4, head_size=8, query_size=16
    )
    rng = np.random.default_rng(1)
    histories = [rng.integers(0, 200, 5).tolist() for _ in range(64)]
    candidates = np.array([rng.choice(200, 5, replace=False) for _ in range(64)])
    batch, state = batch_of(titles, histories, candidates, 100), AdamState.zeros(params)
    for _ in range(200):
        loss, gradients = loss_and_gradients(params, batch, config)
        adam_step(params, gradients, state, 0.01)
    assert loss < 0.05


SIZES = {"small": (40, 80, 20), "many blocks": (150, 700, 1500)}  # users, news, words


@pytest.mark.parametrize("attention", ["qkv", "bilinear", "mean"])
@pytest.mark.parametrize("size", SIZES)
def test_one_two_and_three_threads_give_the_same_bytes(attention, size, set_threads):
    users, news, words = SIZES[size]
    sizes = {"users": users, "news": news, "vocabulary": words, "dtype": np.float32}
    results = []
    for threads in (1, 2, 3):
        config, params, titles, histories, candidates = random_problem(attention, learning_rate=0.01, **sizes)
        batch, adam = batch_of(titles, histories, candidates, words), AdamState.zeros(params)
        if size == "many blocks":
            counts = len(batch.words), len(batch.titles), len(batch.titles.values)
            assert min(counts) > BLOCK and len(batch.titles.values) > TERMS
        set_threads(threads)
        losses = [train_step(params, adam, batch, config, step=step) for step in range(5)]
        results.append((losses, {name: param.tobytes() for name, param in params.items()}))
    assert results[0] == results[1] == results[2]


@pytest.mark.parametrize("attention", ["qkv", "bilinear", "mean"])
def test_scoring_agrees_with_the_training_forward_pass(attention):
    config, params, titles, histories, candidates = random_problem(attention)
    batch = batch_of(titles, histories, candidates)
    _, probabilities, _ = forward(params, batch, config)
    shown = Ragged.from_lists(candidates.tolist())
    scores = score_impressions(params, Ragged.from_lists(titles), Ragged.from_lists(histories), shown, config)
    exponentials = np.exp(scores.reshape(candidates.shape))
    np.testing.assert_allclose(exponentials / exponentials.sum(axis=1, keepdims=True), probabilities, rtol=1e-10)


def test_encoding_in_pieces_and_equal_histories_once_changes_nothing():
    config, params, titles, _, _ = random_problem(news=CHUNK + 7)
    words = Ragged.from_lists(titles)
    vectors = encode_news(params, words, config)
    alone = np.concatenate([encode_news(params, words.take(np.array([n])), config) for n in (0, CHUNK, CHUNK + 6)])
    np.testing.assert_allclose(vectors[[0, CHUNK, CHUNK + 6]], alone, atol=1e-13)
    histories = Ragged.from_lists([[1, 2], [], [1, 2], [2, 1], []])
    users = encode_users(params, vectors, histories, config)
    np.testing.assert_array_equal(users[0], users[2])
    np.testing.assert_allclose(users[0], users[3], atol=1e-13)  # a set has no order
    assert (users[[1, 4]] == 0).all()
    one = encode_users(params, vectors, histories.take(np.array([3])), config)
    np.testing.assert_allclose(users[3], one[0], atol=1e-13)
    candidates = Ragged.from_lists([[0, 1], [], [5], [3, 3], [2]])
    expected = [vectors[n] @ users[i] for i in range(5) for n in candidates[i]]
    np.testing.assert_allclose(score_candidates(vectors, users, candidates), expected, atol=1e-13)


@pytest.mark.parametrize("attention", ["qkv", "bilinear", "mean"])
def test_attention_weights_can_be_read(attention):
    config, params, titles, histories, _ = random_problem(attention)
    sets = Ragged.from_lists(titles)
    self_attention, additive = read_attention(params, sets, config)
    assert [one.shape for one in self_attention] == [(3, len(t), len(t)) for t in titles]
    np.testing.assert_allclose(np.add.reduceat(additive, sets.offsets[:-1]), 1)
    vectors = encode_news(params, sets, config)
    _, clicks = read_attention(params, Ragged.from_lists(histories), config, vectors)
    assert len(clicks) == sum(map(len, histories))
