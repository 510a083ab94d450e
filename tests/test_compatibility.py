"""Files of earlier days are still read: a checkpoint that was written then, and files made here in the old order."""

from pathlib import Path

import numpy as np
import pytest

from nrms_np.adam import AdamState
from nrms_np.app.checkpoint import Checkpoint, load_checkpoint, save_checkpoint
from nrms_np.app.recommender import Recommender
from nrms_np.app.run_folder import load_run, save_state
from nrms_np.config import Config
from nrms_np.data import files
from nrms_np.data.vocabulary import UNKNOWN_WORD, Vocabulary
from nrms_np.fit import TrainingState
from nrms_np.inference import score_impressions
from nrms_np.model import init_parameters
from nrms_np.ragged import Ragged
from tests import naive

FIXTURE = Path(__file__).parent / "fixtures" / "checkpoint_format_2.npz"
TITLES = ["Storm closes the harbour", "The harbour opens", "Team wins the cup", "A cup for the team"]


IDS, SCORES = ["N2", "N1"], [2.542804, 2.112962]  # what the version that wrote the file gave for it


def make_fixture(path: Path) -> None:
    """What made the file: ``python -c "from tests.test_compatibility import *; make_fixture(FIXTURE)"``."""
    config = Config(heads=2, head_size=3, query_size=4, word_size=5, seed=3)
    vocabulary = Vocabulary([UNKNOWN_WORD, *"the storm closes harbour opens team wins cup".split()])
    table = np.random.default_rng(3).normal(size=(len(vocabulary), 5)).astype(np.float32)
    params = init_parameters(table, config)
    save_checkpoint(path, Checkpoint(params, vocabulary, config, ["U1", "U2"], {"N1": 2, "N2": 1}, 4, "no data"))


def test_a_checkpoint_of_format_2_is_read_and_ranks_as_before():
    checkpoint = load_checkpoint(FIXTURE)
    defaults_then = {"epochs": 12, "patience": 3, "learning_rate": 3e-4}
    assert checkpoint.config == Config(heads=2, head_size=3, query_size=4, word_size=5, seed=3, **defaults_then)
    assert checkpoint.vocabulary.words[:3] == [UNKNOWN_WORD, "the", "storm"]
    assert (checkpoint.users, checkpoint.clicks, checkpoint.epoch) == (["U1", "U2"], {"N1": 2, "N2": 1}, 4)
    recommender = Recommender(checkpoint)
    recommender.set_catalogue([f"N{n}" for n in range(4)], TITLES)
    ranking = recommender.rank(["N0", "N3"])
    assert [one.id for one in ranking.recommendations] == IDS
    np.testing.assert_allclose([one.score for one in ranking.recommendations], SCORES, rtol=1e-5)


# Format 2 had the numbers of a head side by side: column h * A + a, where today it is column a * H + h. What follows
# brings arrays of today into the old order, entry by entry.


def old_columns(heads, size):
    """For each column of today's order its place in the old one: [size], a permutation."""
    columns = np.arange(size)
    return columns % heads * (size // heads) + columns // heads


def as_format_2(params, config):
    heads, old = config.heads, {}
    order = old_columns(heads, heads * config.head_size)  # of a title or user vector
    for name, array in params.items():
        side, _, weight = name.rpartition(".")
        made = np.full_like(array, np.nan)
        rows = order if side == "user" and weight.startswith("weight_") or weight == "additive_weight" else None
        if weight.startswith("weight_"):
            columns = old_columns(heads, array.shape[1])
            if side == "user" and weight == "weight_query" and config.attention == "bilinear":
                # column d * H + h, where d is an entry of a title vector, which has an old place of its own
                d, h = np.divmod(np.arange(array.shape[1]), heads)
                columns = h * len(array) + order[d]
        else:
            columns = np.arange(array.shape[-1])
        if array.ndim == 1:
            made[:] = array
        else:
            made[np.ix_(np.arange(len(array)) if rows is None else rows, columns)] = array
        assert np.isfinite(made).all()
        old[name] = made
    return old


def made_model(attention):
    config = Config(heads=3, head_size=2, query_size=4, word_size=5, attention=attention)
    rng = np.random.default_rng(5)
    params = init_parameters(rng.normal(size=(12, 5)).astype(np.float32), config)
    params = {name: rng.normal(size=array.shape).astype(np.float32) for name, array in params.items()}
    vocabulary = Vocabulary([UNKNOWN_WORD, *"the storm closes harbour opens team wins cup a for !".split()])
    return config, params, vocabulary


def old_head(weight, h, heads):
    size = weight.shape[1] // heads
    return weight[:, h * size : (h + 1) * size]


def old_encode(rows, params, side, heads):
    """The encoder as format 2 meant it, for one set: head by head, the heads one after the other in its output."""
    by_head = []
    for h in range(heads):
        query = rows @ old_head(params[f"{side}.weight_query"], h, heads)
        if f"{side}.weight_key" in params:
            key = rows @ old_head(params[f"{side}.weight_key"], h, heads)
            logits = query @ key.T / np.sqrt(key.shape[1])
        else:
            logits = query @ rows.T
        alpha = np.array([naive.softmax(line) for line in logits])
        by_head.append(alpha @ rows @ old_head(params[f"{side}.weight_value"], h, heads))
    weights = [params[f"{side}.additive_{name}"] for name in ("weight", "bias", "query")]
    return naive.additive_attention(np.concatenate(by_head, axis=1), [len(rows)], *weights)[0]


@pytest.mark.parametrize("attention", ["qkv", "bilinear"])
def test_a_made_file_of_format_2_scores_as_format_2_meant_it(attention, tmp_path, monkeypatch):
    config, params, vocabulary = made_model(attention)
    old = as_format_2(params, config)
    with monkeypatch.context() as patch:
        patch.setattr(files, "FORMAT", 2)
        save_checkpoint(tmp_path / "old.npz", Checkpoint(old, vocabulary, config))
    assert b"nrms_np checkpoint format 2 " in (tmp_path / "old.npz").read_bytes()
    loaded = load_checkpoint(tmp_path / "old.npz")
    for name, array in params.items():
        np.testing.assert_array_equal(loaded.params[name], array, err_msg=name)
    titles = vocabulary.encode(TITLES)
    scores = score_impressions(
        loaded.params, titles, Ragged.from_lists([[0, 3, 0]]), Ragged.from_lists([range(4)]), config
    )
    old = {name: array.astype(np.float64) for name, array in old.items()}
    vectors = np.array([old_encode(old["embedding"][title], old, "news", 3) for title in titles])
    user = old_encode(vectors[[0, 3, 0]], old, "user", 3)
    np.testing.assert_allclose(scores, vectors @ user, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("attention", ["qkv", "bilinear"])
def test_a_resume_file_of_format_2_goes_on_as_if_it_were_of_today(attention, tmp_path, monkeypatch):
    config, params, _ = made_model(attention)
    rng = np.random.default_rng(6)
    state = TrainingState.start(params)
    state.step, state.seconds, state.adam.step = 2, 0.5, 2
    for name, array in params.items():
        state.adam.first[name] = rng.normal(size=array.shape).astype(np.float32)
        state.adam.second[name] = rng.random(array.shape).astype(np.float32)
    old = TrainingState.start(as_format_2(params, config))
    old.step, old.seconds = state.step, state.seconds
    old.adam = AdamState(2, as_format_2(state.adam.first, config), as_format_2(state.adam.second, config))
    with monkeypatch.context() as patch:
        patch.setattr(files, "FORMAT", 2)
        save_state(tmp_path / "resume.npz", old, config, "data")
    loaded = load_run(tmp_path, params, config, "data")
    assert (loaded.step, loaded.adam.step) == (2, 2)
    for found, expected in (
        (loaded.params, state.params),
        (loaded.adam.first, state.adam.first),
        (loaded.adam.second, state.adam.second),
    ):
        assert found.keys() == expected.keys()
        for name, array in expected.items():
            np.testing.assert_array_equal(found[name], array, err_msg=name)
