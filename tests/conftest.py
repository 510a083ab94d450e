"""Shared by all tests: threads set before NumPy is loaded, and where the real data is."""

from pathlib import Path

import pytest

from nrms_np.app import threads

machine.prepare()  # and with it, through the environment, the processes that tests start

SHARED = Path(__file__).resolve().parents[2] / "shared"


def pytest_configure(config):
    config.addinivalue_line("markers", "torch: compares with PyTorch (the bench extra); skipped when it is absent")


@pytest.fixture(scope="session")
def mind() -> Path:
    """The real MIND sample, which is not part of the repository (its licence forbids copying)."""
    folder = SHARED / "mind"
    if not (folder / "train" / "news.tsv").exists():
        pytest.skip("the real MIND sample (../shared/mind) is not on this machine")
    return folder
