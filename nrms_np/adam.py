"""Adam (Kingma and Ba, 2015), dense for the small weights and lazy for the rows of the embedding (chapter 08)."""

import math
from dataclasses import dataclass
from functools import partial
from typing import Self

import numpy as np

from .encoder import Parameters
from .errors import NonFiniteError
from .model import Gradients
from .parallel import in_parallel, kernel, row_blocks

BETA1, BETA2, EPSILON = 0.9, 0.999, 1e-8


@dataclass(eq=False)
class AdamState:
    """What Adam remembers: the number of steps taken, and both moments of every parameter."""

    step: int
    first: Parameters
    second: Parameters

    @classmethod
    def zeros(cls, params: Parameters) -> Self:
        return cls(0, *({name: np.zeros_like(param) for name, param in params.items()} for _ in range(2)))


def global_norm(gradients: Gradients) -> float:
    """The Euclidean norm of all gradients together. Raises NonFiniteError naming the first that is not finite."""
    arrays = [gradient[1] if isinstance(gradient, tuple) else gradient for gradient in gradients.values()]
    # with BLAS on one thread, or the last bits of a sum would depend on the number of threads
    squares = in_parallel(lambda values: float(np.vdot(values, values)), arrays)
    for name, square in zip(gradients, squares):
        if not math.isfinite(square):
            raise NonFiniteError(f"the gradient of {name} is not finite")
    return math.sqrt(sum(squares))


def adam_step(
    params: Parameters, gradients: Gradients, state: AdamState, learning_rate: float, clip: float = 0.0
) -> float:
    """Update ``params`` and ``state`` in place; returns the global norm of the gradient before clipping.

    first  = beta1 first + (1 - beta1) g;  second = beta2 second + (1 - beta2) g^2
    param -= learning_rate * first / (1 - beta1^t) / (sqrt(second / (1 - beta2^t)) + epsilon)   (algorithm 1)

    A gradient given as (rows, values) updates those rows only, their moments included: rows of words that are not in
    the batch do not move. Bias correction counts all steps. With clip > 0 gradients are scaled to at most that norm.
    """
    norm = global_norm(gradients)
    factor = clip / norm if clip and norm > clip else 1.0
    state.step += 1
    rate = learning_rate / (1 - BETA1**state.step)
    root = 1 / math.sqrt(1 - BETA2**state.step)
    for name, gradient in gradients.items():
        param = params[name]
        rows, values = gradient if isinstance(gradient, tuple) else (np.arange(len(param)), gradient)
        # of the dtype of the parameters: Python's floats would make the arithmetic in the kernel float64
        constants = [param.dtype.type(c) for c in (factor, rate, root, BETA1, 1 - BETA1, BETA2, 1 - BETA2, EPSILON)]
        arrays = [x.reshape(len(x), -1) for x in (param, state.first[name], state.second[name])]
        values = values.reshape(len(rows), arrays[0].shape[1])  # there may be no rows
        in_parallel(partial(_update_rows, rows, values, *arrays, *constants), row_blocks(len(rows)))
    return norm


@kernel
def _update_rows(rows, values, param, first, second, factor, rate, root, beta1, rest1, beta2, rest2, epsilon, block):
    for i in range(block.start, block.stop):
        r = rows[i]
        for c in range(param.shape[1]):
            g = values[i, c] * factor
            first[r, c] = beta1 * first[r, c] + rest1 * g
            second[r, c] = beta2 * second[r, c] + rest2 * g * g
            param[r, c] -= rate * first[r, c] / (np.sqrt(second[r, c]) * root + epsilon)
