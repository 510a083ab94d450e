"""Where an answer differs from the truth: which part, which entry, by how much, and what slip that looks like."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np


class Gap(NamedTuple):
    """How one part of an answer differs from the truth."""

    name: str  # of the part, "dlogits"
    error: float  # over the largest entry; infinite where there is nothing to compare
    text: str = ""
    slip: str = ""  # what kind of mistake it looks like


def gaps(got: Any, want: Any, name: str, tolerance: float, scale: float = 0.0, reveal: bool = True) -> list[Gap]:
    """One Gap for each part of ``want``: arrays, numbers, text, and tuples, lists, dicts and dataclasses of these.

    An array's error is over its largest entry, but at least ``scale`` / 1000, where scale is that of the arguments.
    """

    def inside(pairs: Sequence[tuple]) -> list[Gap]:
        return [gap for one, true, label in pairs for gap in gaps(one, true, label, tolerance, scale, reveal)]

    if got is None and want is not None:
        return [Gap(name, math.inf, f"{name} {_is(name)} None: is a return missing?")]
    if isinstance(want, dict):
        if not isinstance(got, dict) or set(got) != set(want):
            keys = f"a dict with the keys {list(want)}"
            return [Gap(name, math.inf, f"{name} {_is(name)} {_kind(got)}, {keys} is asked for")]
        return inside([(got[key], want[key], f"{name}[{key!r}]") for key in want])
    if isinstance(want, (tuple, list)):
        if not isinstance(got, (tuple, list)) or len(got) != len(want):
            asked = f"a {type(want).__name__} of {len(want)} is asked for"
            return [Gap(name, math.inf, f"{name} {_is(name)} {_kind(got)}, {asked}")]
        if hasattr(want, "_fields"):
            labels = [f"{name}.{field}" for field in want._fields]
        elif len(want) > 1 and name.count(", ") == len(want) - 1:
            labels = name.split(", ")
        else:
            labels = [f"{name}[{i}]" for i in range(len(want))]
        return inside(list(zip(got, want, labels)))
    if dataclasses.is_dataclass(want):
        if type(got) is not type(want):
            return [Gap(name, math.inf, f"{name} {_is(name)} {_kind(got)}, a {type(want).__name__} is asked for")]
        fields = [field.name for field in dataclasses.fields(want)]
        return inside([(getattr(got, field), getattr(want, field), f"{name}.{field}") for field in fields])
    if isinstance(want, np.ndarray):
        return [_array_gap(got, want, name, tolerance, scale, reveal)]
    return [_value_gap(got, want, name, tolerance, reveal)]


def _value_gap(got: Any, want: Any, name: str, tolerance: float, reveal: bool) -> Gap:
    if isinstance(got, np.ndarray) and got.shape == ():
        got = got[()]
    for kinds, words in (((bool, np.bool_), "True or False"), ((int, np.integer), "a whole number (int)")):
        if isinstance(want, kinds):
            if not isinstance(got, kinds) or (isinstance(got, bool) and not isinstance(want, (bool, np.bool_))):
                return Gap(name, math.inf, f"{name} {_is(name)} {_kind(got)}, {words} is asked for")
            right = f", {want} is right" if reveal else ": not right"
            return Gap(name, 0.0) if got == want else Gap(name, math.inf, f"{name} {_is(name)} {got}{right}")
    if isinstance(want, (float, np.floating)):
        if isinstance(got, (bool, np.bool_)) or not isinstance(got, (int, float, np.integer, np.floating)):
            return Gap(name, math.inf, f"{name} {_is(name)} {_kind(got)}, a number is asked for")
        return _array_gap(np.array(float(got)), np.array(float(want)), name, tolerance, 0.0, reveal)
    right = f", {want!r} is right" if reveal else ": not right"
    same = isinstance(got, type(want)) and bool(want == got)
    return Gap(name, 0.0) if same else Gap(name, math.inf, f"{name} {_is(name)} {_short(got)}{right}")


def _array_gap(got: Any, want: np.ndarray, name: str, tolerance: float, scale: float, reveal: bool) -> Gap:
    if not isinstance(got, np.ndarray):
        return Gap(name, math.inf, f"{name} {_is(name)} {_kind(got)}, an array is asked for")
    got = np.asarray(got)
    if got.shape != want.shape:
        has = "have" if _many(name) else "has"
        return Gap(name, math.inf, f"{name} {has} the shape {got.shape}, {want.shape} is right")
    if got.dtype.kind != want.dtype.kind or (want.dtype.kind in "fc" and got.dtype != want.dtype):
        return Gap(name, math.inf, f"{name} {_is(name)} {got.dtype}, {want.dtype} is right")
    if want.dtype.kind not in "fciu":
        wrong = np.asarray(got != want)
        relative = math.inf if wrong.any() else 0.0
    else:
        same = (got == want) | (np.isnan(got) & np.isnan(want))
        with np.errstate(all="ignore"):
            apart = np.where(same, 0, np.abs(got - want))
        apart = np.where(np.isfinite(apart), apart, np.inf)
        size = max(np.abs(want[np.isfinite(want)]).max(initial=0), scale / 1000) or 1.0
        relative = float(apart.max(initial=0) / size)
        wrong = apart > (tolerance * size if want.dtype.kind in "fc" else 0)
        relative = math.inf if wrong.any() and want.dtype.kind in "iu" else relative
    if not wrong.any():
        return Gap(name, relative)
    first = tuple(np.argwhere(wrong)[0])
    where = f"{name}[{', '.join(map(str, first))}]" if first else name
    digits = 6 if relative > 1e-3 else 15
    if reveal:
        text = f"{where} {_is(where)} {_digits(got[first], digits)}, {_digits(want[first], digits)} is right"
    else:
        side = "high" if got[first] > want[first] else "low"
        text = f"{where} {_is(where)} {_digits(got[first], digits)}: too {side}"
    if want.size > 1:
        text += f"; {np.count_nonzero(wrong)} of {want.size} entries are wrong"
        text += f", the largest error is {_digits(apart.max())}" if math.isfinite(relative) else ""
    return Gap(name, relative, text, _slip(got, want))


def _slip(got: np.ndarray, want: np.ndarray) -> str:
    """The mistakes that show by themselves."""
    if want.dtype.kind != "f" or np.count_nonzero(want) < 3 or not (np.isfinite(got).all() and np.isfinite(want).all()):
        return ""
    ratio = float((got * want).sum() / (want * want).sum())
    close = 1e-6 * np.abs(want).max()
    if not got.any():
        return "That is zero everywhere"
    if abs(ratio + 1) < 1e-6 and np.abs(got + want).max() < close:
        return "That is the right answer with the opposite sign"
    if abs(ratio - 1) > 1e-3 and np.abs(got - ratio * want).max() < close * abs(ratio):
        return f"That is {ratio:.4g} times the right answer"
    square = got.ndim > 1 and got.shape[-1] == got.shape[-2]
    return "That is the right answer transposed" if square and np.abs(got.swapaxes(-1, -2) - want).max() < close else ""


def _is(name: str) -> str:
    return "are" if _many(name) else "is"


def _many(name: str) -> bool:
    """Whether a name is plural: "the masks", but not "the loss", nor an array's name like "drows"."""
    return name.startswith("the ") and name.endswith("s") and not name.endswith(("ss", "is"))


def _digits(number: Any, digits: int = 3) -> str:
    return f"{number:.{digits}g}" if isinstance(number, (float, np.floating)) else str(number)


def _short(value: Any) -> str:
    try:
        text = repr(value)
    except Exception:
        text = f"a {type(value).__name__}"
    text = " ".join(text.split())
    return text if len(text) <= 60 else text[:57] + "..."


def _kind(value: Any) -> str:
    if isinstance(value, (tuple, list)):
        return f"a {type(value).__name__} of {len(value)}"
    if isinstance(value, np.ndarray):
        return f"an array of shape {value.shape}"
    if isinstance(value, dict):
        return f"a dict with the keys {_short(list(value))}"
    if value is None or isinstance(value, (bool, int, float, str)):
        return _short(value)
    return f"a {type(value).__name__}"
