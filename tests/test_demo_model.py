"""The chapters' trained model: trained once, and again when it would no longer come out the same."""

import contextlib
import sys
from multiprocessing.pool import ThreadPool
from pathlib import Path

import pytest

from nrms_np import make_demo
from nrms_np.app import run_data
from nrms_np.app.checkpoint import Checkpoint, save_checkpoint
from nrms_np.model import init_parameters

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from tutorials import demo_model  # noqa: E402


@pytest.fixture
def trainings(tmp_path, monkeypatch):
    """A small corpus, and a training that only writes the first weights; returns the list of the trainings."""
    done = []
    monkeypatch.setattr(demo_model, "RUN", tmp_path / "runs" / "tutorial")
    use_corpus(monkeypatch, seed=0)

    def train():
        prepared = demo_model.prepare_data(settings())
        params = init_parameters(prepared.table, prepared.config)
        demo_model.RUN.mkdir(exist_ok=True)
        save_checkpoint(
            demo_model.RUN / "checkpoint.npz",
            Checkpoint(params, prepared.vocabulary, prepared.config, fingerprint=prepared.fingerprint),
        )
        done.append(prepared.fingerprint)

    monkeypatch.setattr(demo_model, "_train", train)
    return done


def settings():
    return demo_model.RunSettings(demo_model.Config(**demo_model.DEMO_SETTINGS), None, None, None)


def use_corpus(monkeypatch, seed):
    demo_model.trained.cache_clear()
    demo = make_demo(seed, users=60, news=500, train_impressions=40, dev_impressions=10)
    monkeypatch.setattr(run_data, "make_demo", lambda: demo)


def ask_again():
    demo_model.trained.cache_clear()
    return demo_model.trained()


def test_it_is_trained_once(trainings):
    ask_again()
    checkpoint, demo = ask_again()
    assert len(trainings) == 1 and checkpoint.fingerprint == trainings[0] and len(demo.news) == 500


def test_two_that_ask_at_once_train_once(trainings, monkeypatch):
    # what two processes may do, two threads may not: each would put the other's standard output back
    monkeypatch.setattr(contextlib, "redirect_stdout", lambda _: contextlib.nullcontext())
    with ThreadPool(2) as pool:
        pool.map(lambda _: demo_model.trained.__wrapped__(), range(2))
    assert len(trainings) == 1


def test_another_corpus_other_settings_or_a_damaged_file_train_again(trainings, monkeypatch):
    ask_again()
    use_corpus(monkeypatch, seed=1)
    ask_again()
    assert len(set(trainings)) == 2
    monkeypatch.setitem(demo_model.DEMO_SETTINGS, "heads", 2)
    assert ask_again()[0].config.heads == 2 and len(trainings) == 3
    (demo_model.RUN / "checkpoint.npz").write_bytes(b"not a checkpoint")
    ask_again()
    assert len(trainings) == 4
