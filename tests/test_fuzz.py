"""The short form of the fuzzing: ``python -m tests.programs.fuzz`` reads 20,000 damaged files."""

import hashlib
import zipfile
from types import SimpleNamespace
from unittest.mock import ANY

import pytest

from nrms_np.data import files
from tests.programs.fuzz import fuzz

pytestmark = pytest.mark.slow


def test_damaged_files_are_refused_or_read_rightly():
    counts, failures = fuzz(range(600), seed=1)
    assert failures == []
    assert {kind for kind, outcome in counts if outcome == "refused"} >= {"checkpoint", "resume", "news", "behaviors"}


def test_without_checksums_the_fuzzing_fails(monkeypatch):
    """Flipped bits of weights are then read as other weights: the fuzzing sees what it is there to see."""
    any_digest = SimpleNamespace(hexdigest=lambda: ANY)
    hashes = SimpleNamespace(sha256=lambda data: any_digest, file_digest=hashlib.file_digest)
    monkeypatch.setattr(files, "hashlib", hashes)
    monkeypatch.setattr(zipfile.ZipExtFile, "_update_crc", lambda self, data: None)  # a zip has one for each member
    _, failures = fuzz(range(600), seed=1)
    assert any("checkpoint, an array: AssertionError: read as something else, in silence" in one for one in failures)
