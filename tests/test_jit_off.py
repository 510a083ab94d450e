"""The same numbers with the JIT off: the kernels are plain Python too, and Numba changes nothing but their speed."""

import json
import os
import subprocess
import sys

import numpy as np
import pytest

pytestmark = pytest.mark.slow

SCRIPT = """
import json
import numpy as np
from nrms_np.adam import AdamState, adam_step
from nrms_np.gradcheck import dense_gradients, small_problem
from nrms_np.metrics import evaluate_scores
from nrms_np.model import loss_and_gradients
from nrms_np.ragged import Ragged
from nrms_np.inference import score_impressions

out = {}
for attention in ("qkv", "bilinear", "mean"):
    config, params, batch, masks = small_problem(attention)
    loss, gradients = loss_and_gradients(params, batch, config, masks)
    out[attention + " loss"] = loss
    state = AdamState.zeros(params)
    for _ in range(3):
        adam_step(params, gradients, state, 0.01, clip=0.1)
    for name, one in params.items():
        out[f"{attention} {name}"] = one.ravel().tolist()
    for name, one in dense_gradients(gradients, 9).items():
        out[f"{attention} d{name}"] = one.ravel().tolist()
    words, shown = Ragged.from_lists([[1, 2], [3], [4, 4, 5]]), Ragged.from_lists([[0, 1, 2], [2, 1]])
    scores = score_impressions(params, words, Ragged.from_lists([[0, 2], [1]]), shown, config)
    out[attention + " scores"] = scores.tolist()
    out[attention + " metrics"] = list(evaluate_scores(scores, shown, np.array([0, 1, 0, 1, 0], np.int8)).values())
print(json.dumps(out))
"""


def run(**environment):
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", SCRIPT],
        env={**os.environ, **environment},
        check=True,
        capture_output=True,
    )
    return json.loads(done.stdout)


def test_the_same_numbers_with_the_jit_off():
    on, off = run(NUMBA_DISABLE_JIT="0"), run(NUMBA_DISABLE_JIT="1")
    assert on.keys() == off.keys()
    for name in on:
        np.testing.assert_allclose(off[name], on[name], rtol=1e-12, atol=1e-12, err_msg=name)
