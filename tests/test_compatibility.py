"""Checkpoints of earlier days are still read: a small one of each format is kept beside the tests."""

from pathlib import Path

import numpy as np

from nrms_np.app.checkpoint import Checkpoint, load_checkpoint, save_checkpoint
from nrms_np.app.recommender import Recommender
from nrms_np.config import Config
from nrms_np.data.vocabulary import UNKNOWN_WORD, Vocabulary
from nrms_np.model import init_parameters

FIXTURE = Path(__file__).parent / "fixtures" / "checkpoint_format_2.npz"
TITLES = ["Storm closes the harbour", "The harbour opens", "Team wins the cup", "A cup for the team"]


IDS, SCORES = ["N2", "N1"], [2.542804, 2.112962]  # what the version that wrote the file gave for it


def make_fixture(path: Path) -> None:
    """What made the file: ``python -c "from tests.test_compatibility import *; make_fixture(FIXTURE)"``."""
    config = Config(heads=2, head_size=3, query_size=4, word_size=5, seed=3)
    vocabulary = Vocabulary.from_words([UNKNOWN_WORD, *"the storm closes harbour opens team wins cup".split()])
    table = np.random.default_rng(3).normal(size=(len(vocabulary), 5)).astype(np.float32)
    params = init_parameters(table, config)
    save_checkpoint(path, Checkpoint(params, vocabulary, config, ["U1", "U2"], {"N1": 2, "N2": 1}, 4, "no data"))


def test_a_checkpoint_of_format_2_is_read_and_ranks_as_before():
    checkpoint = load_checkpoint(FIXTURE)
    assert checkpoint.config == Config(heads=2, head_size=3, query_size=4, word_size=5, seed=3)
    assert checkpoint.vocabulary.words[:3] == [UNKNOWN_WORD, "the", "storm"]
    assert (checkpoint.users, checkpoint.clicks, checkpoint.epoch) == (["U1", "U2"], {"N1": 2, "N2": 1}, 4)
    recommender = Recommender(checkpoint)
    recommender.set_catalogue([f"N{n}" for n in range(4)], TITLES)
    ranking = recommender.rank(["N0", "N3"])
    assert [one.id for one in ranking.recommendations] == IDS
    np.testing.assert_allclose([one.score for one in ranking.recommendations], SCORES, rtol=1e-5)
