"""The gradient check itself: every gradient is right, and a wrong one cannot hide."""

import numpy as np
import pytest

from nrms_np import gradcheck
from nrms_np.batch import make_batch
from nrms_np.config import Config
from nrms_np.gradcheck import Check, check_gradients, relative_error
from nrms_np.model import forward, init_parameters, loss_and_gradients
from nrms_np.ragged import Ragged


def test_every_gradient():
    checks = list(gradcheck.all_checks())
    assert len(checks) == 73
    for check in checks:
        assert check.complex_error < 1e-10, check
        assert check.central_error < 1e-7, check


CASES = {
    "one user": ([[1, 2], [3]], [[0]], [[1, 0]]),
    "one-word titles": ([[1], [2], [3], [1]], [[0, 1], [2]], [[3, 1, 2], [0, 3, 3]]),
    "empty history": ([[1, 2, 3], [4, 1]], [[], [0]], [[0, 1], [1, 0]]),
    "only empty histories": ([[1, 2, 3], [4, 1]], [[], []], [[0, 1], [1, 0]]),
    "a title in history and candidates": ([[1, 2], [2, 3], [4]], [[0, 1]], [[0, 2]]),
    "a title twice in a history": ([[1, 2], [2, 3], [4]], [[0, 0, 1]], [[2, 1]]),
    "a word twice in a title": ([[1, 1, 2], [3, 3, 3]], [[0]], [[1, 0]]),
    "an empty title": ([[1, 2], [], [3]], [[0, 1]], [[2, 1]]),
}


@pytest.mark.parametrize("attention", ["qkv", "bilinear", "mean"])
@pytest.mark.parametrize("case", CASES)
def test_model_gradient_in_awkward_cases(case, attention):
    titles, histories, candidates = CASES[case]
    config = Config(heads=2, head_size=2, query_size=3, attention=attention)
    rng = np.random.default_rng(814)
    params = init_parameters(rng.normal(size=(5, 3)), config)
    # With this size and seed the largest entry of every gradient is above 1e-2 (or exactly zero). A central difference
    # at h = 1e-5 carries 1e-11 of rounding, so gradients much smaller than that could not be seen to 1e-7.
    params = {name: one + rng.normal(0, 0.5, one.shape) for name, one in params.items()}
    batch = make_batch(Ragged.from_lists(titles), Ragged.from_lists(histories), np.array(candidates), 5)
    _, gradients = loss_and_gradients(params, batch, config)
    gradients = gradcheck.dense_gradients(gradients, 5)
    for check in check_gradients(case, lambda x: forward(x, batch, config)[0], params, gradients):
        assert check.complex_error < 1e-10, check
        assert check.central_error < 1e-7, check


def test_the_check_sees_a_wrong_gradient():
    inputs = {"x": np.array([0.3, -0.7])}

    def f(x):
        return (x["x"] ** 3).sum()

    right = 3 * inputs["x"] ** 2
    assert check_gradients("", f, inputs, {"x": right})[0].passed
    for wrong in (
        right * (1 + 1e-9),
        right + [0, 1e-9],
        right[::-1].copy(),
        -right,
        np.zeros(2),
        right[:1],
        right * np.nan,
    ):
        assert not check_gradients("", f, inputs, {"x": wrong})[0].passed
    with pytest.raises(ValueError, match="gradients of"):
        check_gradients("", f, inputs, {})


def test_where_the_true_gradient_is_zero_the_error_is_absolute():
    assert relative_error(np.full(2, 1e-13), np.zeros(2)) < gradcheck.COMPLEX_TOLERANCE
    assert relative_error(np.full(2, 1e-11), np.zeros(2)) > gradcheck.COMPLEX_TOLERANCE


def test_the_command_prints_a_table_and_fails_when_a_gradient_is_wrong(monkeypatch, capsys):
    right, wrong = Check("a dx", (2, 3), 1e-15, 1e-10), Check("b dy", (4,), 1e-3, 1e-3)
    monkeypatch.setattr(gradcheck, "all_checks", lambda: [right])
    gradcheck.main([])
    assert "all 1 gradients are right" in capsys.readouterr().out
    monkeypatch.setattr(gradcheck, "all_checks", lambda: [right, wrong])
    with pytest.raises(SystemExit) as stop:
        gradcheck.main([])
    assert stop.value.code == 1
    assert "WRONG" in capsys.readouterr().out
