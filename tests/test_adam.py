"""Adam against the algorithm's text; lazy rows; clipping; a gradient that is not finite."""

import numpy as np
import pytest

from nrms_np.adam import AdamState, adam_step, global_norm
from nrms_np.errors import NonFiniteError
from tests import naive


def test_dense_steps_match_the_algorithm():
    rng = np.random.default_rng(0)
    start = {"matrix": rng.normal(size=(3, 4)), "vector": rng.normal(size=5)}
    gradients = [{name: rng.normal(size=one.shape) for name, one in start.items()} for _ in range(30)]
    params = {name: one.copy() for name, one in start.items()}
    state = AdamState.zeros(params)
    for one in gradients:
        adam_step(params, one, state, 0.01)
    for name in start:
        expected = naive.adam(start[name], [one[name] for one in gradients], 0.01)
        np.testing.assert_allclose(params[name], expected, atol=1e-12)
    assert state.step == 30


def test_epsilon_counts_where_gradients_are_as_small():
    """A first gradient g moves by the rate times g / (|g| + epsilon), and epsilon is 1e-8 (section 2 of the paper)."""
    gradient = np.array([1e-8, -3e-8, 0.0])
    params = {"a": np.zeros(3)}
    adam_step(params, {"a": gradient}, AdamState.zeros(params), 0.1)
    np.testing.assert_allclose(params["a"], [-0.1 / 2, 0.1 * 3 / 4, 0], rtol=1e-9)


def test_lazy_rows_move_only_when_they_are_in_the_batch():
    """A row that is named in every step follows dense Adam; one that is never named keeps its value and its moments."""
    rng = np.random.default_rng(1)
    start = rng.normal(size=(4, 3))
    params, values = {"table": start.copy()}, [rng.normal(size=(2, 3)) for _ in range(10)]
    state = AdamState.zeros(params)
    for one in values:
        adam_step(params, {"table": (np.array([3, 1]), one)}, state, 0.01)
    np.testing.assert_allclose(params["table"][3], naive.adam(start[3], [one[0] for one in values], 0.01), atol=1e-12)
    np.testing.assert_array_equal(params["table"][[0, 2]], start[[0, 2]])
    assert (state.first["table"][[0, 2]] == 0).all()
    assert (state.second["table"][[0, 2]] == 0).all()


def test_lazy_bias_correction_counts_all_steps():
    """A row first named in step 3 is corrected for 3 steps, as Adam with a zero gradient before would be not lazy."""
    params = {"table": np.zeros((2, 1))}
    state = AdamState.zeros(params)
    for rows in ([0], [0], [1]):
        adam_step(params, {"table": (np.array(rows), np.ones((1, 1)))}, state, 0.01)
    expected = naive.adam(np.zeros(1), [np.zeros(1), np.zeros(1), np.ones(1)], 0.01)
    np.testing.assert_allclose(params["table"][1], expected, atol=1e-14)


def test_clipping_scales_the_whole_gradient_to_the_norm():
    gradients = {"a": np.array([3.0, 0.0]), "table": (np.array([1]), np.array([[0.0, 4.0]]))}
    assert global_norm(gradients) == pytest.approx(5)
    moments = []
    for clip in (0.0, 1.0, 10.0):
        params = {"a": np.zeros(2), "table": np.zeros((2, 2))}
        state = AdamState.zeros(params)
        assert adam_step(params, gradients, state, 0.1, clip) == pytest.approx(5)
        moments.append((state.first["a"][0], state.first["table"][1, 1]))
    np.testing.assert_allclose(moments, [(0.3, 0.4), (0.06, 0.08), (0.3, 0.4)])


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_a_gradient_that_is_not_finite_stops_before_any_update(bad):
    params = {"a": np.ones(2), "b": np.ones(2)}
    state = AdamState.zeros(params)
    with pytest.raises(NonFiniteError, match="gradient of b"):
        adam_step(params, {"a": np.ones(2), "b": np.array([1.0, bad])}, state, 0.1)
    assert state.step == 0
    np.testing.assert_array_equal(params["a"], 1)
