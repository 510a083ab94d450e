"""resume.npz: what was saved comes back, and a file whose numbers contradict each other is refused."""

from dataclasses import replace

import numpy as np
import pytest

from nrms_np.app.run_folder import load_state, save_state
from nrms_np.config import Config
from nrms_np.errors import InputError
from nrms_np.fit import TrainingState
from nrms_np.model import init_parameters

CONFIG = Config(heads=2, head_size=2, query_size=3, word_size=4)
COLUMNS = "epoch loss val_loss positive_probability auc mrr ndcg5 ndcg10 seconds samples_per_second".split()
STEPS = 5  # in an epoch


@pytest.fixture
def progress():
    """After one whole epoch and two steps of the second."""
    one = TrainingState.start(init_parameters(np.random.default_rng(0).normal(size=(3, 4)).astype(np.float32), CONFIG))
    one.records.append({"epoch": 1} | dict.fromkeys(COLUMNS[1:], 0.5))
    one.epoch, one.step, one.adam.step, one.loss_sum, one.seconds = 2, 2, STEPS + 2, 3.25, 0.125
    return one


def again(path, progress, config=CONFIG, data="data"):
    save_state(path, progress, CONFIG, "data")
    return load_state(path, progress.params, config, data, STEPS)


def test_what_was_saved_comes_back(tmp_path, progress):
    loaded = again(tmp_path / "resume.npz", progress)
    for name in ("epoch", "step", "loss_sum", "seconds", "records", "best"):
        assert getattr(loaded, name) == getattr(progress, name)
    assert loaded.adam.step == progress.adam.step
    for name, one in progress.params.items():
        np.testing.assert_array_equal(loaded.params[name], one)


def test_another_run_is_refused(tmp_path, progress):
    for other in ({"data": "others"}, {"config": replace(CONFIG, seed=1)}):
        with pytest.raises(InputError, match=f"started with other {'data' if 'data' in other else 'settings'}"):
            again(tmp_path / "resume.npz", progress, **other)
    assert again(tmp_path / "resume.npz", progress, config=replace(CONFIG, epochs=30, patience=2)).epoch == 2


@pytest.mark.parametrize(
    "change",
    [
        {"step": STEPS + 1},
        {"step": -1},
        {"step": 3},  # Adam took another number of steps
        {"step": 2.0},
        {"epoch": 3},  # of which there is no record
        {"loss_sum": float("nan")},
        {"seconds": 0.0},
        {"seconds": -1.0},
        {"seconds": float("nan")},
        {"records": [{"epoch": 1}]},
        {"records": [{"epoch": 1} | dict.fromkeys(COLUMNS[1:], "0.5")]},
    ],
    ids=str,
)
def test_numbers_that_contradict_each_other_are_refused(tmp_path, progress, change):
    for name, value in change.items():
        setattr(progress, name, value)
    with pytest.raises(InputError, match="contradict each other"):
        again(tmp_path / "resume.npz", progress)


@pytest.mark.parametrize("seconds", [0.5, -0.5, float("nan")])
def test_an_epoch_that_has_not_begun_took_no_time(tmp_path, progress, seconds):
    progress.step, progress.adam.step, progress.seconds = 0, STEPS, seconds
    with pytest.raises(InputError, match="contradict each other"):
        again(tmp_path / "resume.npz", progress)


def test_a_negative_second_moment_is_refused(tmp_path, progress):
    progress.adam.second["news.additive_bias"][0] = -1
    with pytest.raises(InputError, match="contradict each other"):
        again(tmp_path / "resume.npz", progress)
