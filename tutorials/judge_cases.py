"""For the cases and truths of exercises: random ragged lists, true gradients, copies that cannot be written to."""

from __future__ import annotations

import copy
import dataclasses
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

STEP = 1e-20  # of the complex step: Im f(x + ih) / h subtracts nothing, so it is right to the last digits


def ragged(rng: np.random.Generator, size: int, lengths: Sequence[int]) -> tuple[np.ndarray, np.ndarray]:
    """Lists of the given lengths, in flat form: values int [positions] in 0..size-1, offsets int [lists + 1].

    The values of a list differ as far as size allows, but one occurs twice where there are at least two positions: in
    the longest list, if it is long enough.
    """
    offsets = np.concatenate([[0], np.cumsum(lengths, dtype=np.int64)]).astype(np.int64)
    values = np.zeros(offsets[-1], np.int64)
    for start, end in zip(offsets[:-1], offsets[1:]):
        values[start:end] = np.resize(rng.permutation(size), end - start)
    if len(values) > 1:
        first = offsets[np.argmax(lengths)] if max(lengths) > 1 else 0
        values[first + 1] = values[first]
    return values, offsets


# for cases: empty lists in front, in the middle and at the end; all empty; no list; one; and an ordinary case first
LENGTHS = (
    (3, 1, 5, 2),
    (2, 0, 3),
    (0, 4, 1, 0, 0),
    (1,),
    (1, 1, 1, 1, 2, 1, 1),
    (0, 0, 2),
    (2, 7, 0),
    (0,),
    (0, 0),
    (),
)


def ragged_cases(
    rng: np.random.Generator, sizes: Sequence[int] = (7, 4, 9)
) -> Iterator[tuple[np.ndarray, np.ndarray, int]]:
    """Ragged lists for ``cases``: (values, offsets, size), one for each line of LENGTHS, the sizes in turn."""
    for n, lengths in enumerate(LENGTHS):
        size = sizes[n % len(sizes)]
        yield *ragged(rng, size, lengths), size


def gradients(forward: Callable, inputs: Sequence[np.ndarray], dout: Any) -> tuple[np.ndarray, ...]:
    """The true gradient of sum(forward(*inputs) * dout) by each of the inputs, by the complex step.

    ``forward`` takes complex128 arrays and returns an array, or a tuple of them when dout is a tuple. It must not
    use abs, norm or conj, and takes a maximum of .real.
    """
    shifted = [np.array(one, dtype=np.complex128) for one in inputs]
    out = [np.zeros(one.shape) for one in shifted]
    for one, gradient in zip(shifted, out):
        for i in np.ndindex(one.shape):
            one[i] += 1j * STEP
            result = forward(*shifted)
            pairs = zip(result, dout) if isinstance(dout, tuple) else [(result, dout)]
            gradient[i] = sum((np.imag(part) * weight).sum() for part, weight in pairs) / STEP
            one[i] = one[i].real
    return tuple(out)


def frozen(value: Any, writeable: bool = False) -> Any:
    """A deep copy whose arrays cannot be written to."""
    if isinstance(value, np.ndarray):
        value = value.copy()
        value.flags.writeable = writeable
        return value
    if isinstance(value, dict):
        return {key: frozen(one, writeable) for key, one in value.items()}
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return type(value)(*(frozen(one, writeable) for one in value))
    if isinstance(value, (list, tuple)):
        return type(value)(frozen(one, writeable) for one in value)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        parts = {field.name: frozen(getattr(value, field.name), writeable) for field in dataclasses.fields(value)}
        return dataclasses.replace(value, **parts)
    return copy.deepcopy(value)


def each_array(value: Any, change: Callable[[np.ndarray], np.ndarray]) -> Any:
    """The same structure with every float array and float number changed."""
    if isinstance(value, (float, np.floating)) or isinstance(value, np.ndarray) and value.dtype.kind == "f":
        return change(value)
    if isinstance(value, dict):
        return {key: each_array(one, change) for key, one in value.items()}
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return type(value)(*(each_array(one, change) for one in value))
    if isinstance(value, (list, tuple)):
        return type(value)(each_array(one, change) for one in value)
    return value


def in_type(dtype: type) -> Callable[[Any], Any]:
    """For ``each_array``: numbers stay numbers and arrays arrays (np.float64 of one entry is a number in NumPy 2.0)."""
    return lambda value: np.asarray(value, dtype)[()]


def largest(value: Any) -> float:
    """The largest absolute value of the floats in a structure, infinities and NaN aside."""
    found = [0.0]

    def look(one: Any) -> Any:
        finite = np.abs(one)[np.isfinite(one)]
        found.append(float(finite.max(initial=0)))
        return one

    each_array(value, look)
    return max(found)
