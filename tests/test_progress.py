"""resume.npz: what was saved comes back, and that of another run is refused."""

from dataclasses import replace

import numpy as np
import pytest

from nrms_np.app.checkpoint import Checkpoint, save_checkpoint
from nrms_np.app.run_folder import load_run, save_state
from nrms_np.config import Config
from nrms_np.data.vocabulary import UNKNOWN_WORD, Vocabulary
from nrms_np.errors import InputError
from nrms_np.fit import TrainingState
from nrms_np.model import init_parameters

CONFIG = Config(heads=2, head_size=2, query_size=3, word_size=4)
COLUMNS = "epoch loss val_loss positive_probability auc mrr ndcg5 ndcg10 seconds samples_per_second".split()


@pytest.fixture
def progress(tmp_path):
    """After one whole epoch, whose checkpoint was written, and two of the five steps of the second."""
    one = TrainingState.start(init_parameters(np.random.default_rng(0).normal(size=(3, 4)).astype(np.float32), CONFIG))
    one.records.append({"epoch": 1} | dict.fromkeys(COLUMNS[1:], 0.5))
    one.epoch, one.step, one.adam.step, one.loss_sum, one.seconds = 2, 2, 7, 3.25, 0.125
    one.best_params = {name: param + 1 for name, param in one.params.items()}
    vocabulary = Vocabulary([UNKNOWN_WORD, "storm", "harbour"])
    best = Checkpoint(one.best_params, vocabulary, CONFIG, epoch=1, fingerprint="data")
    save_checkpoint(tmp_path / "checkpoint.npz", best)
    save_state(tmp_path / "resume.npz", one, CONFIG, "data")
    return one


def test_what_was_saved_comes_back(tmp_path, progress):
    loaded = load_run(tmp_path, progress.params, CONFIG, "data")
    for name in ("epoch", "step", "loss_sum", "seconds", "records", "best"):
        assert getattr(loaded, name) == getattr(progress, name)
    assert loaded.adam.step == progress.adam.step
    for name, one in progress.params.items():
        np.testing.assert_array_equal(loaded.params[name], one)
        np.testing.assert_array_equal(loaded.best_params[name], one + 1)


def test_another_run_is_refused(tmp_path, progress):
    others = {"data": (CONFIG, "others"), "settings": (replace(CONFIG, seed=1), "data")}
    for name, run in others.items():
        with pytest.raises(InputError, match=f"started with other {name}") as error:
            load_run(tmp_path, progress.params, *run)
        assert "remove" not in str(error.value)  # it is a good file
    assert load_run(tmp_path, progress.params, replace(CONFIG, epochs=30, patience=2), "data").epoch == 2


def test_a_checkpoint_of_another_epoch_is_refused(tmp_path, progress):
    progress.epoch, progress.records = 4, [progress.records[0] | {"epoch": epoch} for epoch in (2, 3)]
    save_state(tmp_path / "resume.npz", progress, CONFIG, "data")
    with pytest.raises(InputError, match="checkpoint.npz is not the one that this run wrote; remove .*resume.npz"):
        load_run(tmp_path, progress.params, CONFIG, "data")


@pytest.mark.parametrize("records", [7, ["x"], [{"epoch": 1}]], ids=str)
def test_records_that_are_none_are_refused(tmp_path, progress, records):
    progress.records = records
    save_state(tmp_path / "resume.npz", progress, CONFIG, "data")
    with pytest.raises(InputError, match="resume.npz: not a resume file, or damaged"):
        load_run(tmp_path, progress.params, CONFIG, "data")
