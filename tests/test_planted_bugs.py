"""Planted bugs: each is written into a copy of the package, and the gradient check of that copy must fail."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import nrms_np

pytestmark = pytest.mark.slow
PACKAGE = Path(nrms_np.__file__).parent

# whole lines, which change places
SUBTRACT = "    _subtract_largest(alpha, lines)  # then no exponential overflows\n"
HERE = "    here = alpha[lines[0] : lines[-1]]\n"
EXPONENTIAL = "    np.exp(here, out=here)  # NumPy's takes a register at a time, Numba's one number\n"
SOFTMAX_BACKWARD = "        softmax_backward(dlogits, alpha, lines[offsets[0] : offsets[-1] + 1])  # 4.\n"
ADDITIVE_SOFTMAX_BACKWARD = "        softmax_backward(dlogits[:, None], alpha[:, None], offsets)  # 4.\n"
KEY_IS_THE_ROW = "        drows += sum_rows(dkey_at, positions_of_row)  # the key is the row itself\n"
SUM_DOUT = "        weighted_sums_transposed(alpha, dout, own_row, offsets, lines, dvalue_at)  # 5.\n"

BUGS = [  # the first: a row that stands twice in a batch is counted once
    ("ragged.py", "total[c] += row[c]", "total[c] = row[c]"),
    ("parallel.py", "out += part", "out = part"),  # a lost part of a sum over rows
    ("layers/softmax.py", SUBTRACT + HERE + EXPONENTIAL, HERE + EXPONENTIAL + SUBTRACT),
    ("layers/softmax.py", "(dalpha[j, h] - total[h])", "dalpha[j, h]"),  # softmax without its sum
    ("layers/softmax.py", "total[h] += alpha[j, h] * dalpha[j, h]", "total[h] += dalpha[j, h]"),
    ("layers/self_attention.py", "dweight_query * _scale(weights[1], sizes[0])", "dweight_query"),  # no scale
    ("layers/attention_pairs.py", "D, heads).transpose(0, 2, 1)", "heads, D)"),  # heads first
    ("layers/attention_pairs.py", "weight_h * x[r, a * H + h]", "weight_h * x[r, h * A + a]"),  # heads first
    ("layers/attention_pairs.py", "range(0, end - start, 2)", "range(0, end - start - 1, 2)"),  # an odd end
    ("layers/attention_pairs.py", "y[q, c] + weight_r * y[r, c]", "y[q, c] + weight_q * y[r, c]"),  # the second of two
    ("layers/attention_pairs.py", "weight[pair + step, h] * weight.dtype.type(step)", "weight[pair + step, h]"),
    ("layers/self_attention.py", SOFTMAX_BACKWARD, ""),  # dalpha for dlogits
    ("layers/self_attention.py", SUM_DOUT, SUM_DOUT.replace("(alpha, ", "(dlogits, ")),  # dalpha for alpha
    ("layers/self_attention.py", "weighted_sums_transposed(dlogits, query", "weighted_sums_transposed(alpha, query"),
    ("layers/self_attention.py", "[dquery_at, dkey_at, dvalue_at]", "[dkey_at, dquery_at, dvalue_at]"),
    ("layers/self_attention.py", KEY_IS_THE_ROW, ""),
    ("layers/mean.py", "np.repeat(share * dout, sets.lengths, axis=0)", "np.repeat(dout, sets.lengths, axis=0)"),
    ("layers/additive_attention.py", ADDITIVE_SOFTMAX_BACKWARD, ""),
    ("layers/additive_attention.py", "dtype.type(1) - hidden[i, p] * hidden[i, p])", "dtype.type(1) - hidden[i, p])"),
    ("layers/additive_attention.py", "        _weighted_sums_backward(alpha, dout_piece, offsets, dx)", "        pass"),
    ("layers/additive_attention.py", "np.ones((len(dz), 1), dz.dtype)", "np.full((len(dz), 1), 1 / len(dz))"),
    ("layers/dropout.py", "return dropout_forward(dout, *cache)[0]", "return dout * cache[0]"),
    ("layers/loss.py", "dscores[:, 0] -= 1", "dscores[:, 0] -= 2"),
    ("layers/loss.py", "return dscores / len(dscores)", "return dscores"),
    ("model.py", "dtitles_shown + dtitles_clicked", "dtitles_clicked"),  # one of the two paths forgotten
    ("model.py", "dtitles_shown + dtitles_clicked", "dtitles_shown"),
    ("model.py", "    drows = dropout_backward(drows, cache.dropout)\n", ""),
    ("encoder.py", "dattended = dropout_backward(ddropped, cache.dropout)", "dattended = ddropped"),
]

# The complex step alone decides (central differences would triple the time), and the first wrong gradient; the JIT is
# off, so nothing is compiled.
SCRIPT = """
import sys
from nrms_np import gradcheck, parallel
parallel.TERMS = 2  # rows in a part of a sum over rows: with the usual number the sums of a check have one part only
gradcheck.central_difference_gradient = lambda f, inputs, name: inputs[name]
gradcheck.CENTRAL_TOLERANCE = float("inf")
sys.exit(0 if all(check.passed for check in gradcheck.all_checks()) else 10)
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
    assert source.count(right) == 1, "the line that this bug replaces has changed: plant it again"
    path.write_text(source.replace(right, wrong))
    assert check_copy(tmp_path) == 10
