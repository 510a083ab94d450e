"""Prove the gradients: ``python -m nrms_np.gradcheck`` checks each tensor of each layer and the model (chapter 07).

The complex step (Squire and Trapp, 1998) takes f(x + ih) with h = 1e-20: Im f / h is the derivative with no subtraction
and therefore no rounding error. The central difference is an independent, rougher witness.
"""

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from nrms_np.app import cli
from nrms_np.batch import Batch, make_batch
from nrms_np.config import Config
from nrms_np.encoder import EncoderWeights, encode_backward, encode_forward, side_weights
from nrms_np.layers.additive_attention import additive_attention_backward, additive_attention_forward
from nrms_np.layers.dropout import dropout_backward, dropout_forward
from nrms_np.layers.embedding import embedding_backward, embedding_forward
from nrms_np.layers.loss import click_loss_backward, click_loss_forward, click_scores_backward, click_scores_forward
from nrms_np.layers.self_attention import self_attention_backward, self_attention_forward
from nrms_np.model import Gradients, Masks, draw_masks, forward, init_parameters, loss_and_gradients
from nrms_np.ragged import Ragged
from nrms_np.rng import generator

Arrays = dict[str, np.ndarray]
COMPLEX_STEP, CENTRAL_STEP = 1e-20, 1e-5
COMPLEX_TOLERANCE, CENTRAL_TOLERANCE, ZERO_TOLERANCE = 1e-10, 1e-7, 1e-12


@dataclass(frozen=True)
class Check:
    """The verdict on one tensor."""

    name: str
    shape: tuple[int, ...]
    complex_error: float
    central_error: float

    @property
    def passed(self) -> bool:
        return self.complex_error < COMPLEX_TOLERANCE and self.central_error < CENTRAL_TOLERANCE


def complex_step_gradient(f: Callable[[Arrays], Any], inputs: Arrays, name: str) -> np.ndarray:
    """d f / d inputs[name] by Im f(x + ih) / h, one entry at a time. ``f`` must accept complex128 arrays."""
    shifted = {key: array.astype(np.complex128) for key, array in inputs.items()}
    out = np.empty(inputs[name].shape)
    for i in np.ndindex(out.shape):
        shifted[name][i] += 1j * COMPLEX_STEP
        out[i] = f(shifted).imag / COMPLEX_STEP
        shifted[name][i] = inputs[name][i]
    return out


def central_difference_gradient(f: Callable[[Arrays], Any], inputs: Arrays, name: str) -> np.ndarray:
    """d f / d inputs[name] by (f(x + h) - f(x - h)) / 2h, one entry at a time."""
    shifted = {key: array.copy() for key, array in inputs.items()}
    out = np.zeros(inputs[name].shape)
    for i in np.ndindex(out.shape):
        for h in (CENTRAL_STEP, -CENTRAL_STEP):
            shifted[name][i] = inputs[name][i] + h
            out[i] += f(shifted) / (2 * h)
        shifted[name][i] = inputs[name][i]
    return out


def relative_error(gradient: np.ndarray, numeric: np.ndarray) -> float:
    """max|gradient - numeric| / max|numeric|.

    Where the true gradient is zero, the absolute error, scaled so that ZERO_TOLERANCE meets COMPLEX_TOLERANCE.
    A wrong shape or a NaN gives infinity.
    """
    if gradient.shape != numeric.shape or not np.isfinite(gradient).all():
        return float("inf")
    largest, error = np.abs(numeric).max(initial=0), np.abs(gradient - numeric).max(initial=0)
    return float(error / largest if largest > ZERO_TOLERANCE else error * (COMPLEX_TOLERANCE / ZERO_TOLERANCE))


def check_gradients(label: str, f: Callable[[Arrays], Any], inputs: Arrays, gradients: Arrays) -> list[Check]:
    """Check the gradient of f, which maps named arrays to a scalar, by every one of its inputs (float64)."""
    if gradients.keys() != inputs.keys():
        raise ValueError(f"{label}: gradients of {sorted(gradients)} for inputs {sorted(inputs)}")
    checks = []
    for name, gradient in gradients.items():
        numeric = complex_step_gradient(f, inputs, name), central_difference_gradient(f, inputs, name)
        checks.append(Check(f"{label} d{name}", gradient.shape, *(relative_error(gradient, one) for one in numeric)))
    return checks


def weighted_sum(out: np.ndarray, direction: np.ndarray) -> Any:
    """sum(out * R): a plain sum would be blind to softmax, whose outputs always sum to one."""
    return (out * direction).sum()


def small_problem(attention: str) -> tuple[Config, Arrays, Batch, Masks]:
    """A model and batch with every awkward case: repeated words, a one-word title, an empty history, a title twice in a
    history, a title in histories and among candidates, a candidate shown twice, fixed dropout masks."""
    config = Config(heads=2, head_size=3, query_size=4, word_size=5, attention=attention)
    rng = generator(0, "gradcheck")
    news_words = Ragged.from_lists([[1, 2, 1], [3], [4, 0, 5, 4], [2, 6], [7, 1, 3, 8, 6], [0, 5, 2]])
    histories = Ragged.from_lists([[0, 1, 1, 4], [], [2, 0]])
    batch = make_batch(news_words, histories, np.array([[0, 3, 5], [1, 2, 3], [5, 5, 4]]), 9)
    params = init_parameters(rng.normal(size=(9, config.word_size)), config)
    for param in params.values():
        # biases too: a zero hides a wrong gradient; large enough that no gradient drowns in central differences
        param += rng.normal(0, 0.5, param.shape)
    masks = draw_masks(batch, params, config.dropout, rng)
    assert masks
    return config, params, batch, masks


def check_layer(label: str, forward: Callable, backward: Callable, inputs: Arrays) -> list[Check]:
    """Check forward(**inputs) -> (out, cache) and backward(dout, cache) -> gradients in the order of the inputs."""
    out, cache = forward(**inputs)
    direction = generator(0, label).normal(size=out.shape)
    found = backward(direction, cache)
    gradients = found if isinstance(found, tuple) else (found,)
    named = dict(zip(inputs, [gradient for gradient in gradients if gradient is not None]))
    return check_gradients(label, lambda x: weighted_sum(forward(**x)[0], direction), inputs, named)


def check_layers() -> Iterator[Check]:
    """The layers that are the same for every form of attention."""
    rng = generator(2, "gradcheck")

    def arrays(**shapes: tuple[int, ...]) -> Arrays:
        return {name: rng.normal(size=shape) for name, shape in shapes.items()}

    def table_backward(dout: np.ndarray, cache: np.ndarray) -> np.ndarray:
        return dense_gradients({"embedding": embedding_backward(dout, cache)}, 6)["embedding"]

    def loss_backward(dout: float, cache: np.ndarray) -> np.ndarray:
        return dout * click_loss_backward(cache)

    look_up = partial(embedding_forward, words=np.array([4, 0, 5]))
    drop = partial(dropout_forward, mask=rng.random((4, 5)) > 0.4, rate=0.4)
    pool = partial(additive_attention_forward, sets=Ragged.from_lengths(np.zeros(8, np.int32), np.array([3, 0, 1, 4])))
    score = partial(click_scores_forward, candidates=np.array([[0, 1, 2], [3, 3, 0], [4, 1, 3]]))
    to_pool = arrays(x=(8, 5), weight=(5, 3), bias=(3,), query=(3,))
    yield from check_layer("embedding", look_up, table_backward, arrays(table=(6, 3)))
    yield from check_layer("dropout", drop, dropout_backward, arrays(x=(4, 5)))
    yield from check_layer("additive_attention", pool, additive_attention_backward, to_pool)
    yield from check_layer("click_loss", click_loss_forward, loss_backward, arrays(scores=(3, 3)))
    yield from check_layer("click_scores", score, click_scores_backward, arrays(titles=(5, 4), users=(3, 4)))


def check_form(attention: str) -> Iterator[Check]:
    """Self-attention, both encoders, and the loss of a batch by every parameter, with fixed dropout masks."""
    config, params, batch, masks = small_problem(attention)
    heads, rate = config.heads, config.dropout
    words = params["embedding"][batch.words]
    titles = generator(6, "gradcheck").normal(size=(len(batch.titles), heads * config.head_size))
    news, user = ({name: param for name, param in params.items() if name.startswith(side)} for side in ("news", "user"))

    def encode_news(rows: np.ndarray, **weights: np.ndarray) -> tuple[np.ndarray, Any]:
        return encode_forward(rows, batch.titles, side_weights(weights, "news"), heads, masks.title_mask, rate)

    def encode_user(rows: np.ndarray, **weights: np.ndarray) -> tuple[np.ndarray, Any]:
        return encode_forward(rows, batch.histories, side_weights(weights, "user"), heads, masks.history_mask, rate)

    if attention != "mean":
        weights = {name: params[f"news.{name}"] for name in EncoderWeights._fields[:3] if f"news.{name}" in params}
        attend = partial(self_attention_forward, sets=batch.titles, weight_key=None, heads=heads)
        inputs = {"rows": words, **weights}
        yield from check_layer(f"self_attention[{attention}]", attend, self_attention_backward, inputs)
    yield from check_layer(f"news_encoder[{attention}]", encode_news, encode_backward, {"rows": words, **news})
    yield from check_layer(f"user_encoder[{attention}]", encode_user, encode_backward, {"rows": titles, **user})
    gradients = dense_gradients(loss_and_gradients(params, batch, config, masks)[1], len(params["embedding"]))
    yield from check_gradients(f"model[{attention}]", lambda x: forward(x, batch, config, masks)[0], params, gradients)


def dense_gradients(gradients: Gradients, vocabulary_size: int) -> dict[str, Any]:
    """Every gradient as an array of its parameter's shape: in that of the table, rows that are listed twice add up."""
    words, rows = gradients["embedding"]
    table = np.zeros((vocabulary_size, rows.shape[1]), rows.dtype)
    np.add.at(table, words, rows)
    return {**gradients, "embedding": table}


def all_checks() -> Iterator[Check]:
    yield from check_layers()
    for attention in ("qkv", "bilinear", "mean"):
        yield from check_form(attention)


def main(argv: list[str] | None = None) -> None:
    cli.make_parser("gradcheck", "Check every hand-derived gradient against two numeric ones.").parse_args(argv or [])
    print(f"{'gradient':<48} {'shape':>10} {'complex step':>13} {'central diff.':>13}  verdict")
    passed = []
    for check in all_checks():
        passed.append(check.passed)
        shape, verdict = "x".join(map(str, check.shape)), "ok" if check.passed else "WRONG"
        print(f"{check.name:<48} {shape:>10} {check.complex_error:>13.1e} {check.central_error:>13.1e}  {verdict}")
    print(f"\nrelative errors; tolerances {COMPLEX_TOLERANCE:.0e} and {CENTRAL_TOLERANCE:.0e}: ", end="")
    if not all(passed):
        print(f"{passed.count(False)} of {len(passed)} gradients are WRONG")
        raise SystemExit(1)
    print(f"all {len(passed)} gradients are right")


if __name__ == "__main__":
    sys.exit(cli.run_command(main))
