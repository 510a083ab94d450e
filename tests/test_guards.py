"""Numbers at the edge: logits of 1e4, titles of unknown words only, one candidate, equal scores, a loss of NaN."""

import math

import numpy as np
import pytest

from nrms_np import train
from nrms_np.app import cli
from nrms_np.app.checkpoint import load_checkpoint
from nrms_np.batch import make_batch
from nrms_np.config import Config
from nrms_np.data.mind import prepare
from nrms_np.data.read_folder import read_folder
from nrms_np.data.vocabulary import UNKNOWN, UNKNOWN_WORD, Vocabulary
from nrms_np.encoder import side_weights
from nrms_np.inference import encode_news, score_impressions
from nrms_np.metrics import evaluate_scores, impression_metrics, rank_candidates
from nrms_np.model import forward, init_parameters, loss_and_gradients
from nrms_np.ragged import Ragged
from tests import naive
from tests.helpers import arguments, training, write_data

TITLES, HISTORIES, CANDIDATES = [[1, 2], [3], [4, 1, 5], [0, 0]], [[0, 1], [2]], np.array([[2, 3], [0, 1]])


def small_model(attention="qkv", dtype=np.float32, words=6):
    config = Config(heads=2, head_size=3, query_size=4, word_size=5, attention=attention, dropout=0.0)
    return config, init_parameters(np.random.default_rng(0).normal(size=(words, 5)).astype(dtype), config)


def small_batch():
    return make_batch(Ragged.from_lists(TITLES), Ragged.from_lists(HISTORIES), CANDIDATES, 6)


@pytest.mark.parametrize("attention", ["qkv", "bilinear"])
@pytest.mark.parametrize("name", ["weight_query", "additive_query", "weight_value"])
@pytest.mark.parametrize("side", ["news", "user"])
def test_logits_of_ten_thousand_have_a_finite_loss_and_gradient(attention, side, name):
    """One weight at a time, so that the logits that it makes (or the scores, for the values) are about 1e4 or more."""
    config, params = small_model(attention)
    params[f"{side}.{name}"] *= np.float32(3e4)
    loss, _, _ = forward(params, small_batch(), config)
    expected = naive.loss({n: one.astype(np.float64) for n, one in params.items()}, TITLES, HISTORIES, CANDIDATES, 2)
    assert loss == pytest.approx(expected, rel=1e-3)
    _, gradients = loss_and_gradients(params, small_batch(), config)
    for one in gradients.values():
        assert np.isfinite(one[1] if isinstance(one, tuple) else one).all()


def test_a_title_of_unknown_words_is_the_vector_of_the_unknown_row():
    """Its rows are all equal, so both attentions weigh them equally: the vector is row 0 times the value matrix."""
    config, params = small_model()
    vocabulary = Vocabulary([UNKNOWN_WORD, "a", "b", "c", "d", "e"])
    words = vocabulary.encode(["xyzzy", "Plugh plover xyzzy"])
    assert set(words.values.tolist()) == {UNKNOWN}
    expected = params["embedding"][UNKNOWN] @ params["news.weight_value"]
    np.testing.assert_allclose(encode_news(params, words, config), [expected, expected], rtol=1e-5)
    named = naive.encode(params["embedding"], [[0, 0, 0]], side_weights(params, "news"), 2)
    np.testing.assert_allclose(encode_news(params, words, config)[1:], named, rtol=1e-5)


def test_one_candidate_has_rank_1_no_metrics_and_no_loss():
    config, params = small_model()
    words, one = Ragged.from_lists(TITLES), Ragged.from_lists([[1], [3]])
    scores = score_impressions(params, words, Ragged.from_lists(HISTORIES), one, config)
    ranks = rank_candidates(scores, one)
    np.testing.assert_array_equal(ranks, [1, 1])
    assert np.isnan(impression_metrics(ranks, np.array([1, 0], np.int8), one.offsets)).all()
    assert all(math.isnan(value) for value in evaluate_scores(scores, one, np.array([1, 0], np.int8)).values())
    alone = make_batch(words, Ragged.from_lists(HISTORIES), np.array([[1], [3]]), 6)
    loss, gradients = loss_and_gradients(params, alone, config)
    assert loss == 0
    assert all((one == 0).all() for name, one in gradients.items() if name != "embedding")


def test_equal_scores_have_ranks_that_do_not_depend_on_their_order_in_the_file():
    shown = list(range(100, 120))
    ranks = rank_candidates(np.zeros(20, np.float32), Ragged.from_lists([shown]))
    backwards = rank_candidates(np.zeros(20, np.float32), Ragged.from_lists([shown[::-1]]))
    assert sorted(ranks.tolist()) == list(range(1, 21))
    np.testing.assert_array_equal(ranks, backwards[::-1])
    assert ranks.tolist() != sorted(ranks.tolist())
    many = Ragged.from_lists([shown] * 3000)
    labels = np.tile(np.arange(20) == 0, 3000).astype(np.int8)  # the first of each list is clicked
    metrics = evaluate_scores(np.zeros(60_000, np.float32), many, labels)
    assert metrics["auc"] == pytest.approx(0.5, abs=5 * math.sqrt(1 / 12 / 3000))  # guessing: uniform, variance 1/12


@pytest.mark.slow
def test_a_run_that_diverges_stops_with_one_line_and_keeps_its_best_checkpoint(tmp_path, capfd, monkeypatch):
    data, run, step = write_data(tmp_path / "data"), tmp_path / "run", training.train_step

    def diverging(params, state, batch, config, epoch, number, *rest):
        if (epoch, number) == (2, 1):
            params["news.weight_value"] *= np.float32(1e30)
        return step(params, state, batch, config, epoch, number, *rest)

    monkeypatch.setattr(training, "train_step", diverging)
    assert cli.run_command(train.main, arguments(data, run)) == cli.NON_FINITE
    lines = [line for line in capfd.readouterr().err.replace("\r", "\n").splitlines() if "it/s" not in line]
    lines = [line.strip() for line in lines if line.strip() and "samples" not in line]
    assert len(lines) == 1
    assert lines[0].startswith("error: epoch 2, batch 1 (step 10 of Adam): the loss is not finite")
    best = load_checkpoint(run / "checkpoint.npz")
    assert best.epoch == 1
    news, behaviors = read_folder(data / "dev")
    dev = prepare(news, behaviors, best.vocabulary, best.config)
    assert np.isfinite(training.validate(best.params, dev, best.config)["auc"])
