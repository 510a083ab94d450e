"""Shared by all tests: where the real data is.

Helpers are imported by their full names, ``from tests import naive`` and ``from tests.helpers import ...``; nothing is
imported from the programs in tests/programs, except by the tests of these programs. Importing ``nrms_np`` sets the
number of threads, so nothing of that kind is to be done here.
"""

from pathlib import Path

import pytest

from nrms_np import parallel

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


@pytest.fixture
def set_threads(monkeypatch):
    """``parallel.set_threads`` for one test; afterwards it is as before."""
    monkeypatch.setattr(parallel, "_threads", parallel._threads)
    return parallel.set_threads
