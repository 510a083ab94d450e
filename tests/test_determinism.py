"""Equal seeds give equal bytes, and float32 stays close to float64."""

import numpy as np
import pytest

from nrms_np import evaluate, train
from nrms_np.adam import AdamState, adam_step
from nrms_np.app import cli
from nrms_np.config import Config
from nrms_np.data.demo import make_demo
from nrms_np.data.mind import prepare
from nrms_np.data.vocabulary import build_vocabulary
from nrms_np.model import draw_masks, init_parameters, loss_and_gradients
from nrms_np.rng import generator
from tests.helpers import arguments, contents, count_words, write_data


@pytest.mark.slow
@pytest.mark.usefixtures("quick_runs")
def test_weights_metrics_and_prediction_file_are_the_same_bytes_again(tmp_path, monkeypatch, set_threads):
    """Twice with three threads and once with a single one."""
    monkeypatch.setattr("nrms_np.app.threads.usable_cores", lambda: 3)
    data, results = write_data(tmp_path / "data"), []
    for i, threads in enumerate((3, 3, 1)):
        run, prediction, flag = tmp_path / f"run-{i}", tmp_path / f"{i}.zip", ["--threads", str(threads)]
        assert cli.run_command(train.main, [*arguments(data, run), *flag]) == 0
        flags = ["--checkpoint", str(run / "checkpoint.npz"), "--data", str(data / "dev"), *flag]
        assert cli.run_command(evaluate.main, [*flags, "--prediction", str(prediction)]) == 0
        results.append((contents(run), prediction.read_bytes()))
    assert results[0] == results[1] == results[2]


def test_float32_training_stays_close_to_float64():
    """20 Adam steps from the same weights, with the same batches and masks.

    Measured: losses differ by 1.2e-7 at most (they are about 1.6) and weights by 8.5e-7; ten times that is allowed.
    """
    config = Config(heads=4, head_size=8, query_size=16, word_size=24, learning_rate=1e-3)
    demo = make_demo(seed=0, users=200, news=600, train_impressions=300, dev_impressions=50)
    vocabulary = build_vocabulary(count_words(demo.news.titles), config.min_count)
    split = prepare(demo.news, demo.train, vocabulary, config)
    table = generator(0, "table").normal(0, 0.3, (len(vocabulary), config.word_size)).astype(np.float32)
    start = init_parameters(table, config)
    losses, weights = [], []
    for dtype in (np.float32, np.float64):
        params = {name: one.astype(dtype) for name, one in start.items()}
        state, found = AdamState.zeros(params), []
        for step in range(20):
            rng = generator(0, "batch", step)
            which = rng.choice(len(split.clicks), 32, replace=False)
            batch = split.batch(which, config, rng)
            masks = draw_masks(batch, params, config.dropout, generator(0, "dropout", step))
            loss, gradients = loss_and_gradients(params, batch, config, masks)
            adam_step(params, gradients, state, config.learning_rate)
            found.append(float(loss))
        losses.append(found)
        weights.append(params)
    assert np.abs(np.subtract(*losses)).max() < 1.2e-6
    for name, one in weights[0].items():
        assert np.abs(one - weights[1][name]).max() < 8.5e-6, name
        assert one.dtype == np.float32
