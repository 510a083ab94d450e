"""Training: early stopping, the best epoch, determinism, a loss that is not finite."""

import numpy as np
import pytest

from nrms_np.adam import AdamState
from nrms_np.config import Config
from nrms_np.data.demo import make_demo
from nrms_np.data.mind import Split, prepare
from nrms_np.data.vectors import make_table
from nrms_np.data.vocabulary import build_vocabulary
from nrms_np.errors import NonFiniteError
from nrms_np.fit import TrainingState
from nrms_np.model import init_parameters
from tests.helpers import count_words, training

SMALL = {"heads": 2, "head_size": 4, "query_size": 8, "word_size": 12, "epochs": 2, "learning_rate": 0.003}


@pytest.fixture(scope="module")
def corpus():
    return make_demo(seed=1, users=60, news=600, train_impressions=150, dev_impressions=60)


def start(corpus, **changes):
    config = Config(**{**SMALL, **changes})
    counts = count_words(corpus.news.titles)
    vocabulary = build_vocabulary(counts, config.min_count)
    train, dev = (prepare(corpus.news, one, vocabulary, config) for one in (corpus.train, corpus.dev))
    params = init_parameters(make_table(vocabulary, counts, {}, config.word_size, config.seed), config)
    return config, train, dev, params


def test_the_same_seed_gives_the_same_bytes_and_another_seed_does_not(corpus):
    runs = []
    for seed in (0, 0, 1):
        config, train, dev, params = start(corpus, seed=seed)
        state = TrainingState.start(params)
        assert training.fit(state, train, dev, config) is None
        for record in state.records:
            del record["seconds"], record["samples_per_second"]
        runs.append((state.records, {name: param.tobytes() for name, param in state.params.items()}))
    assert runs[0] == runs[1]
    assert runs[0][1] != runs[2][1]


def test_training_lowers_the_loss_and_records_every_column(corpus):
    config, train, dev, params = start(corpus, epochs=6)
    state, told, steps = TrainingState.start(params), [], []
    training.fit(state, train, dev, config, told.append, lambda: steps.append((state.epoch, state.step)))
    records, best = state.records, state.best
    assert records[-1]["loss"] < records[0]["loss"]
    assert best in records and all(one is other for one, other in zip(told, records, strict=True))
    count = training.steps_of_epoch(train.clicks, config)
    # after each step, and after each epoch, when the state is that of the next
    for epoch in range(1, len(records) + 1):
        called, steps = steps[: count + 1], steps[count + 1 :]
        assert called == [*((epoch, step) for step in range(1, count + 1)), (epoch + 1, 0)]
    assert not steps
    columns = ["epoch", "loss", "val_loss", "positive_probability", "auc", "mrr", "ndcg5", "ndcg10"]
    assert list(best) == [*columns, "seconds", "samples_per_second"]
    assert 0 < best["positive_probability"] < 1


def fake_validation(monkeypatch, aucs):
    values = iter(aucs)
    monkeypatch.setattr(training, "validate", lambda *_: {"auc": next(values)})

    def train_epoch(state, *rest):
        state.params["w"] += 1
        state.seconds = 1.0
        return 0.0

    monkeypatch.setattr(training, "train_epoch", train_epoch)


@pytest.mark.parametrize(
    ("aucs", "patience", "epochs_run", "best_epoch"),
    [
        ([0.5, 0.6, 0.6, 0.6, 0.9], 2, 4, 2),  # a tie keeps the earlier epoch; then patience ends it
        ([0.7, 0.6, 0.8, 0.5, 0.5, 0.9], 3, 6, 6),
        ([0.5, 0.4, 0.3], 5, 3, 1),  # out of epochs before patience
    ],
)
def test_early_stopping_keeps_the_best_weights(monkeypatch, corpus, aucs, patience, epochs_run, best_epoch):
    config, train, dev, _ = start(corpus, epochs=len(aucs), patience=patience)
    fake_validation(monkeypatch, aucs)
    seen = []
    state = TrainingState.start({"w": np.zeros(1)})
    training.fit(state, train, dev, config, seen.append)
    assert len(state.records) == len(seen) == epochs_run
    assert state.best["epoch"] == best_epoch
    assert state.best_params["w"][0] == best_epoch  # each fake epoch adds one
    assert state.params["w"][0] == epochs_run


def test_validation_does_not_depend_on_the_epoch(corpus):
    config, train, dev, params = start(corpus)
    assert training.validate(params, dev, config) == training.validate(params, dev, config)


def test_negatives_are_drawn_anew_in_every_step(monkeypatch, corpus):
    config, train, _, params = start(corpus)
    monkeypatch.setattr(training, "train_step", lambda *_: 0.0)
    monkeypatch.setattr(Split, "batch", lambda self, which, config, rng: drawn.append(rng.random()))
    epochs = []
    for epoch in (1, 1, 2):
        drawn = []
        state = TrainingState.start(params)
        state.epoch = epoch
        training.train_epoch(state, train, config, lambda: None, training.loss_and_gradients)
        epochs.append(drawn)
    assert epochs[0] == epochs[1]
    assert len(set(epochs[0] + epochs[2])) == 2 * training.steps_of_epoch(train.clicks, config)


def first_batch(train, config):
    return train.batch(np.arange(4), config, training.generator(0, "x"))


def test_a_loss_that_is_not_finite_names_step_batch_and_parameter_and_changes_nothing(corpus):
    config, train, _, params = start(corpus)
    params["user.weight_value"][:] = np.nan
    before, state = {name: one.copy() for name, one in params.items()}, AdamState.zeros(params)
    state.step = 99
    message = r"epoch 3, batch 7 \(step 100 of Adam\): the loss is not finite, nor is user.weight_value; try a smaller"
    with pytest.raises(NonFiniteError, match=message):
        training.train_step(params, state, first_batch(train, config), config, epoch=3, step=7)
    for name, one in params.items():
        np.testing.assert_array_equal(one, before[name])


def test_scores_that_overflow_are_named(corpus):
    config, train, _, params = start(corpus, dropout=0.0)
    params["news.weight_value"] *= np.float32(1e30)
    with pytest.raises(NonFiniteError, match="batch 0 .*the loss is not finite, though all parameters are"):
        training.train_step(params, AdamState.zeros(params), first_batch(train, config), config)


def test_a_gradient_that_is_not_finite_is_named_and_changes_nothing(corpus):
    config, train, _, params = start(corpus)
    before = {name: one.copy() for name, one in params.items()}

    def broken(*batch):
        loss, gradients = training.loss_and_gradients(*batch)
        gradients["news.weight_key"][0, 0] = np.inf
        return loss, gradients

    with pytest.raises(NonFiniteError, match="epoch 1, batch 2 .*the gradient of news.weight_key is not finite"):
        training.train_step(
            params, AdamState.zeros(params), first_batch(train, config), config, step=2, gradients_of=broken
        )
    for name, one in params.items():
        np.testing.assert_array_equal(one, before[name])
