"""The same weights, batch and dropout masks in PyTorch: the same loss, gradients and twenty Adam steps, to 1e-10."""

import numpy as np
import pytest

from nrms_np.adam import AdamState, adam_step
from nrms_np.batch import make_batch
from nrms_np.config import Config
from nrms_np.gradcheck import dense_gradients, relative_error
from nrms_np.model import draw_masks, init_parameters, loss_and_gradients
from nrms_np.ragged import Ragged

torch = pytest.importorskip("torch", reason="PyTorch is not installed (it belongs to the bench extra)")
pytestmark = pytest.mark.torch

from benchmarks import torch_nrms  # noqa: E402 (needs torch)


def problem(attention, seed=0, users=6, vocabulary=40):
    """A random batch with repeats; no history is empty, because a softmax over padding alone is undefined."""
    config = Config(heads=3, head_size=4, query_size=5, attention=attention, title_length=9, history_length=7)
    rng = np.random.default_rng(seed)
    titles = Ragged.from_lists([rng.integers(0, vocabulary, n) for n in rng.integers(1, 10, 12)])
    histories = Ragged.from_lists([rng.integers(0, 12, n) for n in rng.integers(1, 8, users)])
    batch = make_batch(titles, histories, rng.integers(0, 12, (users, 5)), vocabulary)
    params = init_parameters(rng.normal(size=(vocabulary, 6)), config)
    return config, params, batch, rng


@pytest.mark.parametrize("attention", ["qkv", "bilinear", "mean"])
@pytest.mark.parametrize("fused", [False, True])
def test_loss_and_gradients_agree_with_injected_masks(attention, fused):
    config, params, batch, rng = problem(attention)
    masks = draw_masks(batch, params, config.dropout, np.random.Generator(np.random.SFC64(1)))
    loss, gradients = loss_and_gradients(params, batch, config, masks)
    weights = torch_nrms.parameters(params, config.heads)
    theirs = torch_nrms.tuned_loss(weights, torch_nrms.TunedBatch(batch, config, masks), config, True, fused)
    theirs.backward()
    assert loss == pytest.approx(theirs.item(), rel=1e-12)
    gradients = torch_nrms.heads_first(dense_gradients(gradients, len(params["embedding"])), config.heads)
    for name, gradient in gradients.items():
        expected = weights[name].grad.to_dense() if name == "embedding" else weights[name].grad
        assert relative_error(gradient, expected.numpy()) < 1e-10, name


@pytest.mark.parametrize("attention", ["qkv", "bilinear", "mean"])
def test_padded_version_agrees_without_dropout(attention):
    config, params, batch, _ = problem(attention, seed=1)
    loss, gradients = loss_and_gradients(params, batch, config)
    weights = torch_nrms.parameters(params, config.heads)
    theirs = torch_nrms.padded_loss(weights, torch_nrms.PaddedBatch(batch, config), config, training=False)
    theirs.backward()
    assert loss == pytest.approx(theirs.item(), rel=1e-12)
    gradients = torch_nrms.heads_first(dense_gradients(gradients, len(params["embedding"])), config.heads)
    for name, gradient in gradients.items():
        assert relative_error(gradient, weights[name].grad.numpy()) < 1e-10, name


@pytest.mark.parametrize("attention", ["qkv", "bilinear", "mean"])
def test_twenty_adam_steps_agree(attention):
    config, params, _, _ = problem(attention)
    weights, state = torch_nrms.parameters(params, config.heads), AdamState.zeros(params)
    optimizer = torch_nrms.TunedAdam(weights, learning_rate=0.01)
    for step in range(20):
        _, _, batch, _ = problem(attention, seed=100 + step)  # other words each time: lazy rows matter
        masks = draw_masks(batch, params, config.dropout, np.random.Generator(np.random.SFC64(step)))
        adam_step(params, loss_and_gradients(params, batch, config, masks)[1], state, 0.01)
        torch_nrms.tuned_loss(
            weights, torch_nrms.TunedBatch(batch, config, masks), config, True, fused=False
        ).backward()
        optimizer.step()
    for name, param in torch_nrms.heads_first(params, config.heads).items():
        np.testing.assert_allclose(param, weights[name].detach().numpy(), rtol=0, atol=1e-10, err_msg=name)
