"""The generated data of MIND's form has the statistics that it is made for."""

import numpy as np
import pytest

from benchmarks import make_mind
from nrms_np.data.read_folder import read_folder
from tests.helpers import list_of_position


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("made")
    make_mind.make_mind(folder, news=20_000, impressions=21_000, users=7_000)  # more than a block
    return folder


def test_lengths_and_clicks_are_those_of_mind(folder):
    """The figures of the full training set of MIND."""
    news, behaviors = read_folder(folder)
    assert (len(news), len(behaviors)) == (20_000, 21_000)
    history, shown = behaviors.histories.lengths, behaviors.candidates.lengths
    assert history.mean() == pytest.approx(32, rel=0.05) and np.median(history) == pytest.approx(18, abs=1)
    assert (history == 0).mean() == pytest.approx(0.02, abs=0.005)
    assert shown.mean() == pytest.approx(37, rel=0.05) and np.median(shown) == pytest.approx(24, abs=1)
    assert 200 < shown.max() <= 290
    assert behaviors.labels.sum() / len(behaviors) == pytest.approx(1.5, rel=0.03)
    assert np.mean([len(title.split()) for title in news.titles]) == pytest.approx(11.7, abs=0.1)


def test_popularity_is_zipfs(folder):
    """A hundred times the place, a hundredth of the clicks, behind the flat beginning."""
    _, behaviors = read_folder(folder)
    counts = np.bincount(behaviors.candidates.values, minlength=20_000)
    early, late = counts[100:200].sum(), counts[10_000:20_000].sum()
    # the sums of 1 / (n + FLAT)
    expected = np.log((200 + make_mind.FLAT) / (100 + make_mind.FLAT)) / np.log(
        (20_000 + make_mind.FLAT) / (10_000 + make_mind.FLAT)
    )
    assert early / late == pytest.approx(expected, rel=0.05)


def test_clicks_stand_at_any_place_and_no_news_is_shown_twice(folder):
    _, behaviors = read_folder(folder)
    shown = behaviors.candidates
    pairs = list_of_position(shown) * 20_000 + shown.values
    assert len(np.unique(pairs)) == len(pairs)
    place = np.arange(len(pairs)) - np.repeat(shown.offsets[:-1], shown.lengths)
    relative = (place + 0.5) / np.repeat(shown.lengths, shown.lengths)
    assert relative[behaviors.labels == 1].mean() == pytest.approx(0.5, abs=0.01)


def test_a_user_has_one_history(folder):
    histories = {}
    for line in (folder / "behaviors.tsv").read_text().splitlines():
        _, user, _, history, _ = line.split("\t")
        assert histories.setdefault(user, history) == history
    assert 6_000 < len(histories) <= 7_000


def test_the_seed_decides_and_the_news_are_shared(folder, tmp_path):
    arguments = ["--news", "20000", "--impressions", "21000", "--users", "7000"]
    make_mind.main(["--out", str(tmp_path / "same"), *arguments])
    for name in ("news.tsv", "behaviors.tsv"):
        assert (tmp_path / "same" / name).read_bytes() == (folder / name).read_bytes()
    make_mind.main(["--out", str(tmp_path / "test"), "--news", "20000", "--impressions", "300", "--no-labels"])
    assert (tmp_path / "test" / "news.tsv").read_bytes() == (folder / "news.tsv").read_bytes()
    _, behaviors = read_folder(tmp_path / "test")
    assert behaviors.labels is None and len(behaviors) == 300
    make_mind.main(["--out", str(tmp_path / "other"), "--news", "20000", "--impressions", "300", "--seed", "1"])
    assert (tmp_path / "other" / "news.tsv").read_bytes() != (folder / "news.tsv").read_bytes()
