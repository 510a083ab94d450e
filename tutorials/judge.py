"""One judge for all exercises: an answer is called with many cases and compared with a truth computed before.

An exercise of tutorials/checks/NN_name.py, from which ``judge`` makes one line:

    def double_backward(dout, factor):                 # the truth: by the complex step, or by a naive loop
        return gradients(lambda x: x * factor, [np.zeros(dout.shape)], dout)[0]

    def cases(rng):                                    # argument tuples, an ordinary case first, then the odd ones
        for shape in ((3, 2), (5, 5), (1, 4), (0, 2)):
            yield rng.normal(size=shape), rng.normal()

    EXERCISES = [
        Exercise(
            "double_backward",
            cases,
            double_backward,
            gives="dx",                                # the name of what it returns; "dx, dweight" for a tuple of two
            near={"that is x * factor once more, not its gradient": lambda dout, factor: dout * factor**2},
            linear=(0,),                               # in its first argument, dout
            hints=("Each entry of x moves one entry of out.", "By how much does x * factor grow when x grows by 1?"),
        ),
    ]

An answer whose truth is open has ``check`` (of one call) or ``trial`` (of the whole answer: its draws, a baseline, its
speed with ``fastest``, its memory with ``most_memory``) in place of ``truth``, or beside it. A trial that returns a
Note has found nothing wrong: the verdict shows it. judge_nrms has the layers of NRMS by loops, for truths.
"""

from __future__ import annotations

import contextlib
import math
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from judge_call import Call, Note, Refused, describe, fastest, forbidden_in, most_memory
from judge_cases import each_array, frozen, gradients, in_type, largest, ragged, ragged_cases
from judge_compare import Gap, gaps

__all__ = ["Call", "Exercise", "Note", "Refused", "Verdict", "fastest", "gradients", "judge", "most_memory"]
__all__ += ["ragged", "ragged_cases"]
SCALES = (-1e6, 1e-6, 0.0)  # a linear answer grows with its argument, shrinks with it, and turns round with it
CLOSE = 1e-3


@dataclass(frozen=True, eq=False)
class Exercise:
    """One exercise, and how its answer is judged."""

    name: str  # of the function
    cases: Callable[[np.random.Generator], Iterable[tuple]] = lambda rng: [()]  # argument tuples
    truth: Callable | None = None  # truth(*args), never the solution itself; gets copies that it may write to
    check: Callable[[tuple, Any], str | None] | None = None  # check(args, got): what is wrong, or None
    trial: Callable[[Call, np.random.Generator], str | None] | None = None  # trial(call, rng): the same, of many calls
    gives: str = "the answer"  # the name of what it returns, "dx, dweight" for a tuple
    near: Mapping[str, Callable] = field(default_factory=dict)  # sentence: slip(*args)
    linear: tuple[int, ...] = ()  # arguments in which the answer is linear, each by itself
    changes: tuple[int, ...] = ()  # arguments to be changed in place: they are what is judged, not what is returned
    forbidden: tuple[str, ...] = ()  # "loop", "np.add.at", "nrms_np": not in the answer nor in its helpers
    hints: tuple[str, str] = ("", "")
    tolerance: float = 1e-12  # of the largest entry: right answers err by 1e-14, the best central differences by 1e-11
    float32: bool = False  # called with float32 too, and then float32 is to come back
    reveal: bool = True  # False: never say the right value (a number to be predicted)
    seconds: float = 20.0  # for one call


class Verdict(NamedTuple):
    kind: str  # "right", "close", "wrong" or "not begun"
    line: str
    printed: str = ""  # what the answer printed in the call that went wrong

    @property
    def right(self) -> bool:
        return self.kind == "right"


class Case(NamedTuple):
    args: tuple
    want: Any
    tolerance: float
    scaled: tuple[int, float] | None = None  # the argument that was multiplied, and by what


class Wrong(NamedTuple):
    case: Case
    got: Any
    found: list[Gap]
    printed: str

    @property
    def bad(self) -> list[Gap]:
        return [gap for gap in self.found if gap.text]


def judge(exercise: Exercise, answer: Callable, seed: int | None = None) -> Verdict:
    """One line on an answer: two rounds of fixed cases and one of new ones (of ``seed``, if it is given)."""
    rng = np.random.default_rng(seed)
    used = forbidden_in(answer, exercise.forbidden)
    if used:
        return Verdict("wrong", f"{exercise.name}: wrong: it uses {used}, which is not allowed here")
    call = Call(answer, exercise.changes, exercise.seconds)
    cases = [*_fixed_cases(exercise), *_cases(exercise, rng)]  # every truth is known before the first call
    try:
        return _judge_cases(exercise, call, cases, rng)
    except Refused as refusal:
        return Verdict("wrong", f"{exercise.name}: wrong: {refusal}", call.printed)
    except NotImplementedError:
        return Verdict("not begun", f"{exercise.name}: not begun")


@lru_cache(maxsize=64)
def _fixed_cases(exercise: Exercise) -> list[Case]:
    return [case for seed in (0, 1) for case in _cases(exercise, np.random.default_rng(seed))]


def _cases(exercise: Exercise, rng: np.random.Generator) -> Iterator[Case]:
    def truth(args: tuple) -> Any:
        return exercise.truth(*frozen(args, writeable=True)) if exercise.truth else None

    for args in map(frozen, exercise.cases(rng)):
        want = truth(args)
        yield Case(args, want, exercise.tolerance)
        for i in exercise.linear:
            for scale in SCALES:
                scaled = each_array(args[i], lambda one, scale=scale: one * scale)
                yield Case((*args[:i], scaled, *args[i + 1 :]), want, exercise.tolerance, (i, scale))
        if exercise.float32:
            narrow = each_array(args, in_type(np.float32))
            want = truth(each_array(narrow, in_type(np.float64)))
            yield Case(narrow, each_array(want, in_type(np.float32)), max(exercise.tolerance, 1e-4))


def _judge_cases(exercise: Exercise, call: Call, cases: list[Case], rng: np.random.Generator) -> Verdict:
    wrong: list[Wrong] = []
    kept: list[tuple[Any, Any]] = []
    worst, telling, start = 0.0, 0, time.perf_counter()
    for case in cases:
        try:
            got = call(*case.args)
        except Refused:
            if wrong:  # what came first says more
                break
            raise
        try:
            kept.append((got, frozen(got)))
        except Exception:  # a generator, for example
            raise Refused(f"what it returns is of type {type(got).__name__}") from None
        result = Wrong(case, got, _compare(exercise, case, got), call.printed)
        worst = max([worst, *(gap.error for gap in result.found)])
        wrong += [result] if result.bad else []
        telling += bool(result.bad) or _tells(case)
    if wrong:
        return _verdict(exercise, call.answer, wrong, telling)
    again = rng.permutation(len(cases)) if time.perf_counter() - start < 1 else [0]
    if any(gap.text for i in again for gap in _compare(exercise, cases[i], call(*cases[i].args))):
        raise Refused("a call made again gives something else: what does the function keep between calls?")
    if any(gap.text for got, copy in kept for gap in gaps(got, copy, "it", 0.0)):
        raise Refused("a later call changes what an earlier one has returned: return a new array each time")
    said = _said(exercise, exercise.trial, call, rng)
    if said and not isinstance(said, Note):
        raise Refused(said)
    error = f", largest error {worst:.0e}" if exercise.truth and worst else ""
    word = "exact" if exercise.truth and worst < 1e-9 else "right"
    return Verdict("right", f"{exercise.name}: {word} in {len(cases)} cases{error}{said and f'; {said}'}")


def _tells(case: Case) -> bool:
    """Whether more than zeros is asked for: nothing, or a softmax of one, is right in many wrong answers too."""
    floats = _floats(case.want)
    return not floats or any(map(np.any, floats)) and not (case.scaled and case.scaled[1] == 0)


def _said(exercise: Exercise, question: Callable | None, *args: Any) -> str:
    """What a check or a trial says, which may stumble over what it was given."""
    try:
        return (question and question(*args)) or ""
    except (Refused, NotImplementedError):
        raise
    except Exception as error:
        return f"{exercise.gives} cannot be read as an answer ({type(error).__name__}: {error})"


def _compare(exercise: Exercise, case: Case, got: Any) -> list[Gap]:
    """One Gap for each part of the answer, with a text where it is wrong."""
    found: list[Gap] = []
    if exercise.truth:
        want, others = case.want, case.args
        if case.scaled:
            i, factor = case.scaled
            others = (*case.args[:i], *case.args[i + 1 :])
            want = want if factor else each_array(want, lambda one: one * 0)
            got = each_array(got, lambda one: one / (factor or 1))
        found = gaps(got, want, exercise.gives, case.tolerance, largest(others), exercise.reveal)
    if exercise.check and not any(gap.text for gap in found):
        said = _said(exercise, exercise.check, frozen(case.args), got)
        found.append(Gap(exercise.gives, math.inf if said else 0.0, said))
    return found


def _verdict(exercise: Exercise, answer: Callable, wrong: list[Wrong], telling: int) -> Verdict:
    def says_little(one: Wrong) -> bool:
        return sum(np.size(part) for part in _floats(one.case.want)) < 3

    one = min(wrong, key=says_little)  # the first that is more than a number or two
    first, *others = one.bad
    close = all(gap.error < CLOSE for each in wrong for gap in each.found)
    line = f"{exercise.name}: {'close, but not exact' if close else 'wrong'} in {len(wrong)} of {telling} cases. "
    line += f"With {describe(answer, one.case.args, one.case.scaled)}: {first.text}"
    right = [gap.name for gap in one.found if not gap.text]
    for words, names in (("wrong too", [gap.name for gap in others]), ("right", right)):
        more = f" and {len(names) - 6} more" if len(names) > 6 else ""
        line += f"; {words}: {', '.join(names[:6])}{more}" if names else ""
    unsure = "Is it a difference quotient, float32, or a small constant too much?" if close else ""
    line += f". {said}" if (said := _near(exercise, one) or first.slip or unsure) else ""
    return Verdict("close" if close else "wrong", line, one.printed)


def _near(exercise: Exercise, one: Wrong) -> str:
    """The sentence of the known slip that gives just what the answer gave, where that is far from right."""
    factor = one.case.scaled[1] if one.case.scaled else 1.0
    want = each_array(one.case.want, lambda part: in_type(np.float64)(part * factor))
    for sentence, slip in exercise.near.items():
        with contextlib.suppress(Exception), np.errstate(all="ignore"):
            likely = slip(*frozen(one.case.args, writeable=True))
            same = gaps(one.got, likely, exercise.gives, 1e-6)
            slipped = max(gap.error for gap in gaps(each_array(likely, in_type(np.float64)), want, exercise.gives, 0.0))
            apart = max(1e3 * max(gap.error for gap in same), one.case.tolerance)
            if slipped > apart and not any(gap.text for gap in same):
                return sentence
    return ""


def _floats(value: Any) -> list[np.ndarray]:
    found: list[np.ndarray] = []
    each_array(value, lambda one: found.append(one) or one)
    return found
