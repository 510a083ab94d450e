"""Calling an answer that may do anything: it gets copies, a thread of its own and a limit of time."""

from __future__ import annotations

import builtins
import contextlib
import dis
import inspect
import io
import math
import random
import sys
import threading
import time
import tracemalloc
import warnings
from collections.abc import Callable
from pathlib import Path
from types import CellType, CodeType, FunctionType, ModuleType
from typing import Any

import numpy as np
from judge_cases import frozen
from judge_compare import gaps

PRYING = (  # what looks for the truth instead of computing it
    *("inspect", "gc", "ctypes", "importlib", "sys._getframe", "sys._current_frames", "sys.modules"),
    *("judge", "judge_call", "judge_nrms", "checks", "solutions"),
    *("builtins.exec", "builtins.eval", "builtins.compile", "builtins.__import__", "runpy", "subprocess"),
)
SHARED = (np, np.random, np.linalg, math, builtins)  # modules that no answer may change


class Refused(Exception):
    """A call went wrong; the message is the sentence for the learner."""


class Note(str):
    """What a trial says of an answer that is right."""


class Call:
    """An answer, guarded: ``call(*args)`` returns what it returns, or raises Refused (NotImplementedError: a stub).

    It runs in a thread, whose stack holds no truth. ``changes``: arguments that it is to change in place; they are then
    what is returned. ``printed`` and ``taken``, in seconds, are of the last call.
    """

    def __init__(self, answer: Callable, changes: tuple[int, ...] = (), limit: float = 20.0) -> None:
        self.answer, self.changes, self.limit = answer, changes, limit
        self.printed, self.taken = "", 0.0

    def __call__(self, *args: Any) -> Any:
        given = [frozen(one, writeable=i in self.changes) for i, one in enumerate(args)]
        done: dict[str, Any] = {}
        printed, before = io.StringIO(), _world()
        thread = threading.Thread(target=self._run, args=(given, done), daemon=True)
        with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            thread.start()
            thread.join(self.limit)
        said = _restore(before)
        self.printed = printed.getvalue()
        if thread.is_alive():
            said = f"no answer within {self.limit:g} s: a loop without an end?"
        elif "error" in done:
            said = _error(done["error"], self.answer, args)
        for i, (one, old) in enumerate(zip(given, args)):
            if not said and i not in self.changes and _differs(one, old):
                said = f"it changes its argument {i + 1}: work on a copy"
        if said:
            raise Refused(said)
        changed = tuple(given[i] for i in self.changes)
        return (changed if len(changed) > 1 else changed[0]) if changed else done["got"]

    def _run(self, given: list, done: dict[str, Any]) -> None:
        start = time.perf_counter()
        try:
            with np.errstate(all="ignore"):
                done["got"] = self.answer(*given)
        except BaseException as error:  # SystemExit too
            done["error"] = error
        self.taken = time.perf_counter() - start


def fastest(function: Callable, args: tuple, repeats: int = 7) -> float:
    """The least seconds of several calls, of a guarded answer or of any function."""
    found = []
    for _ in range(repeats):
        start = time.perf_counter()
        function(*args)
        found.append(function.taken if isinstance(function, Call) else time.perf_counter() - start)
    return min(found)


def most_memory(function: Callable, args: tuple) -> int:
    """The most bytes that Python and NumPy hold at once during a call, more than before it."""
    tracing = tracemalloc.is_tracing()
    tracemalloc.start()
    try:
        tracemalloc.reset_peak()
        before = tracemalloc.get_traced_memory()[0]
        function(*args)
        return tracemalloc.get_traced_memory()[1] - before
    finally:
        if not tracing:
            tracemalloc.stop()


def _differs(one: Any, old: Any) -> bool:
    if isinstance(old, np.random.Generator) or callable(old):
        return False
    return any(gap.text for gap in gaps(one, old, "it", 0.0))


def _error(error: BaseException, answer: Callable, args: tuple) -> str:
    if isinstance(error, NotImplementedError):
        raise error
    where, trace = "", error.__traceback__
    while trace:
        path = Path(trace.tb_frame.f_code.co_filename)
        theirs = (
            not path.name.startswith("judge") and path.parent.name != "checks" and "site-packages" not in path.parts
        )
        if path.is_file() and theirs and path.parent != Path(threading.__file__).parent:
            where = f" in line {trace.tb_lineno} of {path.name}"
        trace = trace.tb_next
    if isinstance(error, ValueError) and "read-only" in str(error):
        return f"it writes to one of its arguments{where}: work on a copy"
    words = " ".join(str(error).split())
    return f"{type(error).__name__}{where}{': ' + words if words else ''} (with {describe(answer, args)})"


def describe(answer: Callable, args: tuple, scaled: tuple[int, float] | None = None) -> str:
    """The arguments of a call: whole numbers and short things by value, other arrays by their shape."""
    try:
        names = list(inspect.signature(answer).parameters)
    except (TypeError, ValueError):
        names = []
    words = []
    for i, value in enumerate(args):
        name = names[i] if i < len(names) else f"argument {i + 1}"
        text = _plain(value)
        shape = isinstance(value, np.ndarray) and text == str(value.shape)
        words.append(f"{name} {text}" if shape else name if len(text) > 80 else f"{name} = {text}")
        if scaled and scaled[0] == i:
            words[-1] += f" times {scaled[1]:g}"
    return ", ".join(words) or "no argument"


def _plain(value: Any) -> str:
    if isinstance(value, np.ndarray):
        return str(value.tolist() if value.dtype.kind in "iub" and value.size <= 12 else value.shape)
    if isinstance(value, (tuple, list)):
        return (
            f"({', '.join(map(_plain, value))})" if isinstance(value, tuple) else f"[{', '.join(map(_plain, value))}]"
        )
    text = f"{value:.6g}" if isinstance(value, float) else " ".join(repr(value).split())
    return f"a {type(value).__name__}" if text.startswith("<") else text


def _world() -> tuple[Any, Any, list[dict]]:
    """What belongs to everybody: two random states, and the names in the shared modules."""
    return np.random.get_state(), random.getstate(), [dict(vars(module)) for module in _shared()]


def _shared() -> tuple[ModuleType, ...]:
    return (*SHARED, *(sys.modules[name] for name in ("judge_call", "judge_cases", "judge_compare")))


def _restore(before: tuple[Any, Any, list[dict]]) -> str:
    """Put everything back as it was; says what had been changed."""
    said = ""
    for module, old in zip(_shared(), before[2]):
        now = vars(module)
        changed = [name for name, one in old.items() if now.get(name) is not one]
        if changed:
            now.update(old)
            said = f"it changes {module.__name__}.{changed[0]} for everybody: leave modules as they are"
    state = np.random.get_state()
    drawn = random.getstate() != before[1] or state[2:] != before[0][2:] or (state[1] != before[0][1]).any()
    np.random.set_state(before[0])
    random.setstate(before[1])
    return said or ("it draws from the global random state: use a generator of its own" if drawn else "")


def forbidden_in(answer: Callable, forbidden: tuple[str, ...]) -> str:
    """The first of the forbidden things that the answer, or a function of its own file that it uses, mentions."""
    answer = getattr(answer, "py_func", answer)
    if not isinstance(answer, FunctionType):
        return ""
    used, loops = _names(answer, set())
    if loops and "loop" in forbidden:
        return "a Python loop"
    for name in forbidden:
        if any(f".{name.removeprefix('np.')}." in f".{one}." for one in used):
            return name
    return next((name for name in PRYING for one in used if f"{one}.".startswith(f"{name}.")), "")


def _names(function: FunctionType, seen: set[FunctionType]) -> tuple[list[str], bool]:
    """The dotted names that a function uses, as "numpy.add.at", and whether it loops."""
    seen.add(function)
    used: list[str] = []
    loops = False
    codes: list[CodeType] = [function.__code__]
    inner: list[Any] = [one.cell_contents for one in function.__closure__ or () if _is_full(one)]
    for code in codes:  # which grows: functions and comprehensions inside
        codes += [one for one in code.co_consts if isinstance(one, CodeType)]
        for step in dis.get_instructions(code):
            loops |= step.opname == "FOR_ITER" or "JUMP_BACKWARD" in step.opname
            if step.opname in ("LOAD_ATTR", "LOAD_METHOD") and used:
                used[-1] += f".{step.argval}"
            elif step.opname in ("LOAD_GLOBAL", "LOAD_NAME"):
                value = function.__globals__.get(step.argval, getattr(builtins, step.argval, None))
                inner.append(value)
                home = getattr(value, "__module__", None) or "local"
                used.append(value.__name__ if isinstance(value, ModuleType) else f"{home}.{step.argval}")
            elif step.opname == "IMPORT_NAME":
                used.append(step.argval)
            elif step.opname.startswith("LOAD_") or step.opname == "IMPORT_FROM":
                used.append(f"local.{step.argval}")
    for one in inner:
        if isinstance(one, FunctionType) and one not in seen and one.__globals__ is function.__globals__:
            more, again = _names(one, seen)
            used, loops = used + more, loops or again
    slow = ("map", "vectorize", "frompyfunc", "apply_along_axis")
    return used, loops or any(one.rpartition(".")[2] in slow for one in used)


def _is_full(cell: CellType) -> bool:
    try:
        return cell.cell_contents is not None
    except ValueError:
        return False
