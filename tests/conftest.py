"""Shared by all tests: where the real data is, what takes long to make, and what makes runs short.

Helpers are imported by their full names, ``from tests import naive`` and ``from tests.helpers import ...``; nothing is
imported from the programs in tests/programs, except by the tests of these programs. Importing ``nrms_np`` sets the
number of threads, so nothing of that kind is to be done here.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from nrms_np import parallel
from nrms_np.app import baselines
from nrms_np.data.demo import Demo, make_demo
from nrms_np.data.files import write_file

PNG_END = b"IEND\xaeB`\x82"
SHARED = Path(__file__).resolve().parents[2] / "shared"


def pytest_configure(config):
    config.addinivalue_line("markers", "torch: compares with PyTorch (the bench extra); skipped when it is absent")
    config.addinivalue_line("markers", 'slow: takes more than about 3 seconds; left out by -m "not slow"')


@pytest.fixture(scope="session")
def mind() -> Path:
    """The real MIND sample, which is not part of the repository (its licence forbids copying)."""
    folder = SHARED / "mind"
    if not (folder / "train" / "news.tsv").exists():
        pytest.skip("the real MIND sample (../shared/mind) is not on this machine")
    return folder


@pytest.fixture(scope="session")
def demo_corpus() -> Demo:
    """The whole demo corpus: seconds to make, and nobody changes it."""
    return make_demo()


@pytest.fixture(scope="module")
def quick_runs() -> Iterator[None]:
    """Pictures are not drawn, only written, and the baselines know few words: both are most of a short run's time."""
    from nrms_np.app import pictures  # only now: importing matplotlib takes a while

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pictures, "PICTURES", 1)
        patch.setattr(pictures, "_save", lambda _, path: write_file(path, lambda file: file.write(PNG_END)))
        patch.setattr(baselines, "COMMON", 50)
        yield


@pytest.fixture
def set_threads(monkeypatch):
    """``parallel.set_threads`` for one test; afterwards it is as before."""
    monkeypatch.setattr(parallel, "_threads", parallel._threads)
    return parallel.set_threads
