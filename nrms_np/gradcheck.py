"""Prove the gradients: ``python -m nrms_np.gradcheck`` checks every tensor of every layer and of the whole model.

The complex step (Squire and Trapp, 1998) takes f(x + ih) with h = 1e-20: Im f / h is the derivative with no subtraction
and therefore no rounding error. The central difference is an independent, rougher witness.

Tutorial: tutorials/07_trust_a_gradient.md
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

if not __package__:  # python nrms_np/gradcheck.py
    sys.path[0], __package__ = sys.path[0] + "/..", "nrms_np"

from .app import cli
from .batch import Batch, make_batch
from .config import Config
from .encoder import EncoderWeights, encode_backward, encode_forward, side_weights
from .layers import additive_attention, dropout, embedding, loss, self_attention
from .model import Gradients, Masks, draw_masks, forward, init_parameters, loss_and_gradients
from .ragged import Ragged
from .rng import generator

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
        exact = complex_step_gradient(f, inputs, name)
        rough = central_difference_gradient(f, inputs, name)
        errors = relative_error(gradient, exact), relative_error(gradient, rough)
        checks.append(Check(f"{label} d{name}", gradient.shape, *errors))
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


def check_layer(
    label: str, inputs: Arrays, forward: Callable[[Arrays], tuple[np.ndarray, Any]], backward: Callable[..., Sequence]
) -> list[Check]:
    """Check forward(inputs) -> (out, cache) and backward(dout, cache) -> gradients in the order of the inputs."""
    out, cache = forward(inputs)
    direction = generator(0, label).normal(size=out.shape)
    gradients = dict(zip(inputs, [gradient for gradient in backward(direction, cache) if gradient is not None]))
    return check_gradients(label, lambda x: weighted_sum(forward(x)[0], direction), inputs, gradients)


def check_embedding() -> list[Check]:
    table, words = generator(4, "gradcheck").normal(size=(6, 3)), np.array([4, 0, 5])

    def backward(dout: np.ndarray, cache: np.ndarray) -> Sequence:
        return [dense(*embedding.embedding_backward(dout, cache), len(table))]

    return check_layer(
        "embedding", {"table": table}, lambda x: embedding.embedding_forward(x["table"], words), backward
    )


def check_dropout() -> list[Check]:
    rng = generator(3, "gradcheck")
    inputs, mask = {"x": rng.normal(size=(4, 5))}, rng.random((4, 5)) > 0.4

    def backward(dout: np.ndarray, cache: dropout.DropoutCache) -> Sequence:
        return [dropout.dropout_backward(dout, cache)]

    return check_layer("dropout", inputs, lambda x: dropout.dropout_forward(x["x"], mask, 0.4), backward)


def check_additive_attention() -> list[Check]:
    rng = generator(2, "gradcheck")
    sets = Ragged.from_lengths(np.zeros(8, np.int32), np.array([3, 0, 1, 4]))
    shapes = {"x": (8, 5), "weight": (5, 3), "bias": (3,), "query": (3,)}
    inputs = {name: rng.normal(size=shape) for name, shape in shapes.items()}

    def forward(x: Arrays) -> tuple[np.ndarray, Any]:
        return additive_attention.additive_attention_forward(x["x"], sets, x["weight"], x["bias"], x["query"])

    return check_layer("additive_attention", inputs, forward, additive_attention.additive_attention_backward)


def check_loss() -> list[Check]:
    rng = generator(5, "gradcheck")
    inputs = {"titles": rng.normal(size=(5, 4)), "users": rng.normal(size=(3, 4))}
    candidates = np.array([[0, 1, 2], [3, 3, 0], [4, 1, 3]])

    def forward(x: Arrays) -> tuple[np.ndarray, Any]:
        return loss.click_scores_forward(x["titles"], x["users"], candidates)

    scores, _ = forward(inputs)
    gradients = {"scores": loss.click_loss_backward(loss.click_loss_forward(scores)[1])}
    return [
        *check_gradients(
            "click_loss", lambda x: loss.click_loss_forward(x["scores"])[0], {"scores": scores}, gradients
        ),
        *check_layer("click_scores", inputs, forward, loss.click_scores_backward),
    ]


def check_self_attention(attention: str) -> list[Check]:
    config, params, batch, _ = small_problem(attention)
    names = [name for name in EncoderWeights._fields[:3] if f"news.{name}" in params]
    inputs = {"rows": params["embedding"][batch.words], **{name: params[f"news.{name}"] for name in names}}

    def forward(x: Arrays) -> tuple[np.ndarray, Any]:
        weights = x["weight_query"], x.get("weight_key"), x["weight_value"]
        return self_attention.self_attention_forward(x["rows"], batch.titles, *weights, config.heads)

    return check_layer(f"self_attention[{attention}]", inputs, forward, self_attention.self_attention_backward)


def check_encoder(side: str, attention: str) -> list[Check]:
    """The news encoder over titles of words, or the user encoder over histories of titles."""
    config, params, batch, masks = small_problem(attention)
    if side == "news":
        rows, sets, mask = params["embedding"][batch.words], batch.titles, masks.title_mask
    else:
        rows = generator(6, "gradcheck").normal(size=(len(batch.titles), config.heads * config.head_size))
        sets, mask = batch.histories, masks.history_mask
    inputs = {"rows": rows, **{name: param for name, param in params.items() if name.startswith(f"{side}.")}}

    def forward(x: Arrays) -> tuple[np.ndarray, Any]:
        return encode_forward(x["rows"], sets, side_weights(x, side), config.heads, mask, config.dropout)

    return check_layer(f"{side}_encoder[{attention}]", inputs, forward, encode_backward)


def check_model(attention: str) -> list[Check]:
    """The loss of a batch by every parameter, with fixed dropout masks."""
    config, params, batch, masks = small_problem(attention)
    gradients = dense_gradients(loss_and_gradients(params, batch, config, masks)[1], len(params["embedding"]))
    return check_gradients(f"model[{attention}]", lambda x: forward(x, batch, config, masks)[0], params, gradients)


def dense(rows: np.ndarray, values: np.ndarray, size: int) -> np.ndarray:
    """The gradient (rows, values) of a table as one array [size, D]; repeated rows add up."""
    out = np.zeros((size, values.shape[1]), values.dtype)
    np.add.at(out, rows, values)
    return out


def dense_gradients(gradients: Gradients, vocabulary_size: int) -> Arrays:
    """Every gradient as an array of its parameter's shape."""
    return {
        name: dense(*gradient, vocabulary_size) if isinstance(gradient, tuple) else gradient
        for name, gradient in gradients.items()
    }


FORMS = ("qkv", "bilinear", "mean")
CHECKS: dict[str, Callable[[], list[Check]]] = {
    "embedding": check_embedding,
    "dropout": check_dropout,
    "additive_attention": check_additive_attention,
    "loss": check_loss,
    **{f"self_attention[{form}]": partial(check_self_attention, form) for form in FORMS[:2]},
    **{f"{side}_encoder[{form}]": partial(check_encoder, side, form) for form in FORMS for side in ("news", "user")},
    **{f"model[{form}]": partial(check_model, form) for form in FORMS},
}


def all_checks() -> list[Check]:
    return [check for run in CHECKS.values() for check in run()]


def main(argv: list[str] | None = None) -> None:
    cli.make_parser("gradcheck", "Check every hand-derived gradient against two numeric ones.").parse_args(argv or [])
    print(f"{'gradient':<48} {'shape':>10} {'complex step':>13} {'central diff.':>13}  verdict")
    checks = all_checks()
    for check in checks:
        shape, verdict = "x".join(map(str, check.shape)), "ok" if check.passed else "WRONG"
        print(f"{check.name:<48} {shape:>10} {check.complex_error:>13.1e} {check.central_error:>13.1e}  {verdict}")
    wrong = sum(not check.passed for check in checks)
    print(f"\nrelative errors; tolerances {COMPLEX_TOLERANCE:.0e} and {CENTRAL_TOLERANCE:.0e}: ", end="")
    print(f"{wrong} of {len(checks)} gradients are WRONG" if wrong else f"all {len(checks)} gradients are right")
    if wrong:
        raise SystemExit(1)


if __name__ == "__main__":
    sys.exit(cli.run_command(main))
