"""Public names are there, and a type checker sees what they are."""

import importlib.util
import subprocess
import sys

import pytest

import nrms_np as nn
from tests.helpers import environment

RIGHT = """
import nrms_np as nn
config = nn.Config(heads=4)
lists: nn.Ragged = nn.Ragged.from_lists([[1, 2], [3]])
length: int = len(lists)
"""
WRONG = {
    "Config(haeds=4)": ("config = nn.Config(haeds=4)", "haeds"),
    "a number for a Ragged": ("other: nn.Ragged = nn.Config().heads", "Incompatible types"),
    "a name that is not there": ("nn.Confg()", "Confg"),
}


def test_every_public_name_is_there_once():
    assert len(set(nn.__all__)) == len(nn.__all__) > 30
    assert [name for name in nn.__all__ if not hasattr(nn, name)] == []


@pytest.fixture(scope="module")
def check(tmp_path_factory):
    """Runs mypy on a text; returns its exit code and what it printed. The cache makes the later runs quick."""
    if importlib.util.find_spec("mypy") is None:
        pytest.skip("mypy is not installed")
    folder = tmp_path_factory.mktemp("types")

    def run(text):
        (folder / "user.py").write_text(text)
        # silent: errors inside the package are for .ci/run to find; but its types are read
        flags = ["--follow-imports", "silent", "--cache-dir", str(folder / "cache"), "--config-file", ""]
        command = [sys.executable, "-m", "mypy", "--ignore-missing-imports", *flags, "user.py"]
        done = subprocess.run(
            command, cwd=folder, env=environment(MYPYPATH=environment()["PYTHONPATH"]), capture_output=True, text=True
        )
        return done.returncode, done.stdout + done.stderr

    return run


@pytest.mark.slow
def test_right_use_passes_the_type_checker(check):
    assert check(RIGHT) == (0, "Success: no issues found in 1 source file\n")


@pytest.mark.slow
@pytest.mark.parametrize("wrong", WRONG)
def test_wrong_use_is_refused_by_the_type_checker(check, wrong):
    line, said = WRONG[wrong]
    code, printed = check(RIGHT + line + "\n")
    assert code == 1 and "user.py:6: error" in printed and said in printed, printed


@pytest.mark.slow
def test_no_public_name_is_any(check):
    code, printed = check("import nrms_np as nn\n" + "".join(f"reveal_type(nn.{name})\n" for name in nn.__all__))
    revealed = [line for line in printed.splitlines() if "Revealed type" in line]
    assert code == 0 and len(revealed) == len(nn.__all__), printed
    assert [line for line in revealed if 'is "Any"' in line] == []
