"""Planted bugs: each is written into a copy of the package, and the gradient check of that copy must fail."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import nrms_np

PACKAGE = Path(nrms_np.__file__).parent

OF_VALUE = (
    "\n                    for h in range(heads):\n                        weight = alpha"  # to tell two lines apart
)

BUGS = [
    ("layers/kernels.py", "total[c] += row[c]", "total[c] = row[c]"),  # a lost repeat
    ("layers/attention_kernels.py", "(dalpha[pair, h] - total[h])", "dalpha[pair, h]"),  # softmax without its sum
    ("layers/attention_kernels.py", "scale * (alpha[pair, h]", "(alpha[pair, h]"),  # the missing scale
    ("layers/attention_kernels.py", "for h in range(dlogits.shape[1])", "for h in range(1)"),  # one head alone
    ("layers/attention_kernels.py", "i * n + j" + OF_VALUE, "j * n + i" + OF_VALUE),  # alpha, not its transpose
    ("layers/self_attention.py", "dalpha, False, key", "dalpha, True, key"),  # of the query
    ("layers/self_attention.py", "dalpha, True, query", "dalpha, False, query"),  # of the key
    ("layers/self_attention.py", "dvalue, dquery, dkey = (_swap", "dvalue, dkey, dquery = (_swap"),
    ("layers/self_attention.py", "drows += sum_rows(at_positions[2], positions_of_row)", "pass"),  # the key is the row
    ("layers/self_attention.py", "(_swap(one, projected.size) for", "(one for"),  # heads last
    ("layers/additive_attention.py", "alpha[i] * (dlogits[i] - total)", "alpha[i] * dlogits[i]"),
    ("layers/additive_attention.py", "(one - hidden[i, p] * hidden[i, p])", "(one - hidden[i, p])"),
    ("layers/additive_attention.py", "    _pool_backward_rows(dout, alpha, sets.offsets, dx)\n", ""),
    ("layers/additive_attention.py", "np.ones(len(dz), dz.dtype) @ dz", "dz.mean(axis=0)"),
    ("layers/dropout.py", "return _scale(dout, mask, rate)", "return dout * mask"),
    ("layers/loss.py", "dscores[:, 0] -= 1", "dscores[:, 0] -= 2"),
    ("layers/loss.py", "return dscores / dscores.dtype.type(len(dscores))", "return dscores"),
    ("model.py", "dtitles_shown + dtitles_clicked", "dtitles_clicked"),  # one of the two paths forgotten
    ("model.py", "dtitles_shown + dtitles_clicked", "dtitles_shown"),
    ("model.py", "    drows = dropout_backward(drows, dropout_cache)\n", ""),
    ("encoder.py", "dattended = dropout_backward(ddropped, dropout_cache)", "dattended = ddropped"),
]

# the complex step alone decides (central differences would triple the time); the JIT is off, so nothing is compiled
SCRIPT = """
import sys
from nrms_np import gradcheck
gradcheck.central_difference_gradient = gradcheck.complex_step_gradient
checks = gradcheck.all_checks()
sys.exit(10 if any(not one.passed for one in checks) else 0)
"""


def check_copy(folder: Path) -> int:
    environment = {**os.environ, "NUMBA_DISABLE_JIT": "1", "PYTHONPATH": str(folder)}
    done = subprocess.run([sys.executable, "-c", SCRIPT], cwd=folder, env=environment, capture_output=True, text=True)
    assert done.returncode in (0, 10), done.stderr
    return done.returncode


def test_the_unchanged_package_passes(tmp_path):
    shutil.copytree(PACKAGE, tmp_path / "nrms_np", ignore=shutil.ignore_patterns("__pycache__"))
    assert check_copy(tmp_path) == 0


@pytest.mark.parametrize(("file", "right", "wrong"), BUGS, ids=range(len(BUGS)))
def test_planted_bug_is_caught(tmp_path, file, right, wrong):
    shutil.copytree(PACKAGE, tmp_path / "nrms_np", ignore=shutil.ignore_patterns("__pycache__"))
    path = tmp_path / "nrms_np" / file
    source = path.read_text()
    assert source.count(right) == 1, "the line that this bug replaces has changed: plant it anew"
    path.write_text(source.replace(right, wrong))
    assert check_copy(tmp_path) == 10
