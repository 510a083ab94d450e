"""The measurement of everything at scale runs, at a small share of it."""

import json
import sys

import pytest

from benchmarks import mind_large

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="memory is measured by /proc, which is Linux's"),
]


def test_every_step_is_measured(tmp_path, capsys):
    mind_large.main(["--share", "0.0003", "--folder", str(tmp_path), "--out", str(tmp_path / "out.json")])
    written = json.loads((tmp_path / "out.json").read_text())
    assert list(written["steps"]) == list(mind_large.TARGETS) and written["share"] == 0.0003
    printed = capsys.readouterr().out
    for name, one in written["steps"].items():
        assert 0.01 < one["anonymous_gb"] <= one["peak_gb"] < 2 and 0.1 < one["seconds"] < 60
        assert f"{name:50} {one['seconds']:>8.1f}" in printed
    assert [one.name for one in tmp_path.iterdir()] == ["out.json"]  # the data is gone
