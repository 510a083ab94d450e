"""The judge of the exercises under attack: every cheat and every slip gets one line, and only right answers pass."""

import dataclasses
import subprocess
import sys
import time
import types
from pathlib import Path

import numpy as np
import pytest

TUTORIALS = Path(__file__).resolve().parents[1] / "tutorials"
SOLUTION = TUTORIALS / "solutions" / "04_self_attention.py"
sys.path.insert(0, str(TUTORIALS))
from exercise import load, tasks  # noqa: E402
from judge import Exercise, Note, fastest, gradients, judge, most_memory, ragged, ragged_cases  # noqa: E402

from tests.helpers import environment  # noqa: E402

SOFTMAX = next(task for task in tasks("04") if task.exercise.name == "softmax_backward").exercise
kept = {}


def right(alpha, dalpha):
    return alpha * (dalpha - (alpha * dalpha).sum(axis=1, keepdims=True))


def overwrites_its_argument(alpha, dalpha):
    dalpha -= (alpha * dalpha).sum(axis=1, keepdims=True)
    return alpha * dalpha


def unlocks_its_argument(alpha, dalpha):
    dalpha.flags.writeable = True
    dalpha[:] = 0
    return np.zeros_like(alpha)


def returns_its_argument(alpha, dalpha):
    return dalpha


def returns_a_view(alpha, dalpha):
    return dalpha.T


def a_constant(alpha, dalpha):
    return np.ones((5, 5))


def nothing(alpha, dalpha):
    right(alpha, dalpha)


def a_list(alpha, dalpha):
    return right(alpha, dalpha).tolist()


def a_tuple(alpha, dalpha):
    return right(alpha, dalpha), alpha


def a_generator(alpha, dalpha):
    yield right(alpha, dalpha)


def not_a_number(alpha, dalpha):
    return right(alpha, dalpha) * np.nan


def half_precision(alpha, dalpha):
    return right(alpha, dalpha).astype(np.float32)


def seeds_the_world(alpha, dalpha):
    np.random.seed(0)
    return right(alpha, dalpha)


def draws_from_the_world(alpha, dalpha):
    return right(alpha, dalpha) + 0 * np.random.random()


def blinds_numpy(alpha, dalpha):
    np.abs = np.isfinite = lambda *args, **kwargs: np.zeros(())
    return np.zeros_like(alpha)


def blinds_the_judge(alpha, dalpha):
    getattr(sys, "mod" + "ules")["judge_compare"].gaps = lambda *args, **kwargs: []
    return np.zeros_like(alpha)


def looks_up_the_stack(alpha, dalpha):
    return sys._getframe(1).f_locals["case"].want


def imports_the_checks(alpha, dalpha):
    import judge_nrms

    return judge_nrms.gradients(lambda x: x, [alpha], dalpha)[0]


def runs_the_solutions(alpha, dalpha):
    import runpy

    return runpy.run_path(str(SOLUTION))["softmax_backward"](alpha, dalpha)


def compiles_the_solutions(alpha, dalpha):
    namespace = {}
    types.FunctionType(compile(SOLUTION.read_text(), "x", "exec"), namespace)()
    return namespace["softmax_backward"](alpha, dalpha)


def asks_another_process(alpha, dalpha):
    script = f"import runpy; print(runpy.run_path({str(SOLUTION)!r})['softmax_backward']({alpha!r}, {dalpha!r}))"
    return subprocess.run([sys.executable, "-c", script], capture_output=True, check=True).stdout


class Liar(np.ndarray):
    def __sub__(self, other):
        return np.zeros(self.shape)

    __rsub__ = __eq__ = __sub__


def an_array_that_lies(alpha, dalpha):
    return np.zeros(alpha.shape).view(Liar)


def divides_by_zero(alpha, dalpha):
    return 1 / 0


def leaves(alpha, dalpha):
    sys.exit(0)


def calls_itself(alpha, dalpha):
    return calls_itself(alpha, dalpha)


def one_argument(alpha):
    return alpha


def reuses_its_result(alpha, dalpha):
    out = kept.setdefault(alpha.shape, np.zeros(alpha.shape))
    out[:] = right(alpha, dalpha)
    return out


def adds_to_what_was(alpha, dalpha):
    kept["calls"] = kept.get("calls", 0) + 1
    return right(alpha, dalpha) * (1 if kept["calls"] <= 60 else 2)


def remembers_by_shape(alpha, dalpha):
    return kept.setdefault(("shape", alpha.shape), right(alpha, dalpha))


def adds_a_little(alpha, dalpha):
    return right(alpha, dalpha) + 1e-8


def clips(alpha, dalpha):
    return right(alpha, np.clip(dalpha, -100, 100))


def a_difference_quotient(alpha, dalpha):
    out, step = np.zeros(alpha.shape), 1e-6
    for i in np.ndindex(alpha.shape):
        nudge = np.zeros(alpha.shape)
        nudge[i] = step
        ends = [np.exp(np.log(alpha) + sign * nudge) for sign in (1, -1)]
        up, down = (end / end.sum(axis=1, keepdims=True) for end in ends)
        out[i] = (dalpha * (up - down)).sum() / (2 * step)
    return out


def fails_when_empty(alpha, dalpha):
    return right(alpha, dalpha) + 0 * alpha.max()


ATTACKS = {
    overwrites_its_argument: "it writes to one of its arguments in line ",
    unlocks_its_argument: "it changes its argument 2",
    returns_its_argument: "That is dalpha, the step before",
    returns_a_view: "dlogits[0, 0] is",
    a_constant: "dlogits[0, 0] is 1",
    nothing: "dlogits is None: is a return missing?",
    a_list: "dlogits is a list of 5, an array is asked for",
    a_tuple: "dlogits is a tuple of 2, an array is asked for",
    a_generator: "of type generator",
    not_a_number: "is nan",
    half_precision: "dlogits is float32, float64 is right",
    seeds_the_world: "global random state",
    draws_from_the_world: "global random state",
    blinds_numpy: "it changes numpy.",
    blinds_the_judge: "it changes judge_compare.gaps",
    looks_up_the_stack: "sys._getframe, which is not allowed",
    imports_the_checks: "judge_nrms, which is not allowed",
    runs_the_solutions: "runpy, which is not allowed",
    compiles_the_solutions: "builtins.compile, which is not allowed",
    asks_another_process: "subprocess, which is not allowed",
    an_array_that_lies: "dlogits[0, 0] is 0,",
    divides_by_zero: " of test_judge.py: division by zero",
    leaves: "SystemExit",
    calls_itself: "RecursionError",
    one_argument: "takes 1 positional argument but 2 were given",
    reuses_its_result: "a later call changes what an earlier one has returned",
    adds_to_what_was: "does the function keep between calls",
    remembers_by_shape: "wrong in",
    adds_a_little: "dalpha (5, 5)",
    clips: "times -1e+06",
    a_difference_quotient: "close, but not exact",
    fails_when_empty: "ValueError",
}


@pytest.mark.parametrize("answer", ATTACKS, ids=lambda one: one.__name__)
def test_attack(answer):
    kept.clear()
    state, functions = np.random.get_state(), dict(vars(np))
    verdict = judge(SOFTMAX, answer)
    assert verdict.kind in ("wrong", "close")
    assert ATTACKS[answer] in verdict.line
    assert "\n" not in verdict.line
    assert (np.random.get_state()[1] == state[1]).all()
    assert all(vars(np)[name] is one for name, one in functions.items())


def test_right_answers_pass():
    def printing(alpha, dalpha):
        print("a learner looks at", alpha.shape)
        return right(alpha, dalpha)

    def fortran(alpha, dalpha):
        return np.asfortranarray(right(alpha, dalpha))

    def a_view_of_its_own(alpha, dalpha):
        return np.stack([right(alpha, dalpha)] * 2)[0]

    for answer in (right, printing, fortran, a_view_of_its_own):
        verdict = judge(SOFTMAX, answer)
        assert verdict.right and "exact in 60 cases" in verdict.line, verdict.line


def test_what_was_printed_in_the_wrong_call_is_kept():
    def printing(alpha, dalpha):
        print(f"shape {alpha.shape}")
        return dalpha

    assert judge(SOFTMAX, printing).printed == "shape (5, 5)\n"


def test_a_loop_without_an_end():
    patient = dataclasses.replace(SOFTMAX, seconds=0.1)
    assert "no answer within 0.1 s" in judge(patient, lambda alpha, dalpha: time.sleep(2)).line


def cases(rng):
    for values, offsets, size in ragged_cases(rng):
        yield rng.normal(size=(size, 2)), values, offsets


def sums(rows, values, offsets):
    return np.array([sum(rows[values[start:end]], np.zeros(2)) for start, end in zip(offsets[:-1], offsets[1:])])


def truth(rows, values, offsets):
    return sums(rows, values, offsets).reshape(-1, 2)


def fast_sums(rows, values, offsets):
    out = np.zeros((len(offsets) - 1, 2))
    np.add.at(out, np.repeat(np.arange(len(out)), np.diff(offsets)), rows[values])
    return out


def test_what_is_forbidden_is_found():
    exercise = Exercise("sums", cases, truth, forbidden=("loop", "np.add.reduceat"), float32=False)
    assert judge(exercise, fast_sums).right
    assert "a Python loop" in judge(exercise, truth).line  # in a helper of the same file
    assert "np.add.reduceat" in judge(exercise, lambda x, v, o: np.add.reduceat(x[v], o[:-1])).line


def test_a_slip_is_named_only_where_it_is_wrong():
    """An answer near the right one, or of the wrong type, is not blamed for a slip that is right in the shown case."""

    def of(chapter, name):
        return next(task.exercise for task in tasks(chapter) if task.exercise.name == name)

    def stable(scores):
        exponentials = np.exp(scores - scores.max(axis=1, keepdims=True))
        return exponentials / exponentials.sum(axis=1, keepdims=True)

    def loss(scores):
        shifted = scores - scores.max(axis=1, keepdims=True)
        return float((np.log(np.exp(shifted).sum(axis=1)) - shifted[:, 0]).mean())

    answers = (
        (of("03", "stable_softmax"), lambda scores: stable(scores) + 1e-9),
        (of("03", "click_loss"), lambda scores: loss(scores) + 1e-9),
        (of("03", "lead_of"), lambda p, negatives: np.log(negatives * p / (1 - p)) + 1e-7),
    )
    for exercise, answer in answers:
        line = judge(exercise, answer).line
        assert " wrong" in line or " close" in line
        assert not any(sentence in line for sentence in exercise.near), line
    pool = dataclasses.replace(of("05", "pool"), float32=True)
    line = judge(pool, lambda x, alpha, offsets: pool.truth(x, alpha, offsets).astype(np.float64)).line
    assert "float64, float32 is right" in line and "plain sum" not in line


def test_cases_that_ask_for_zeros_are_not_counted():
    assert "wrong in 27 of 27 cases" in judge(SOFTMAX, lambda alpha, dalpha: alpha * (1 - alpha) * dalpha).line


def test_empty_lists_are_among_the_cases():
    def reduceat(rows, values, offsets):
        return np.add.reduceat(rows[values], offsets[:-1], axis=0)

    verdict = judge(Exercise("sums", cases, truth, gives="out"), reduceat)
    assert verdict.kind == "wrong"
    lists = [(values, offsets) for values, offsets, _ in ragged_cases(np.random.default_rng(0))]
    lengths = [np.diff(offsets).tolist() for _, offsets in lists]
    assert [] in lengths and any(one and one[-1] == 0 and any(one) for one in lengths)
    assert all(len(set(values)) < len(values) for values, offsets in lists if (np.diff(offsets) > 1).any())


def test_float32_stays_float32():
    exercise = Exercise("sums", cases, truth, gives="out", float32=True)
    assert "out is float64, float32 is right" in judge(exercise, fast_sums).line
    narrow = judge(exercise, lambda x, v, o: fast_sums(x, v, o).astype(x.dtype))
    assert narrow.right, narrow.line


def test_arguments_to_be_changed_in_place():
    def scale(x, factor):
        x *= factor

    exercise = Exercise(
        "scale",
        lambda rng: [(rng.normal(size=3), 2.5), (rng.normal(size=(2, 2)), -1.0)],
        lambda x, factor: x * factor,
        gives="x",
        changes=(0,),
    )
    assert judge(exercise, scale).right
    assert judge(exercise, lambda x, factor: x * factor).kind == "wrong"  # returns it and leaves x as it was


def test_parts_are_named_and_slips_seen():
    def product(dout, x, weight):
        return gradients(lambda x, weight: x @ weight, [x, weight], dout)

    def of(rng):
        for n, d, m in ((3, 4, 2), (1, 2, 5), (0, 3, 1)):
            yield rng.normal(size=(n, m)), rng.normal(size=(n, d)), rng.normal(size=(d, m))

    exercise = Exercise("product_backward", of, product, gives="dx, dweight", linear=(0,))
    assert judge(exercise, lambda dout, x, weight: (dout @ weight.T, x.T @ dout)).right
    line = judge(exercise, lambda dout, x, weight: (dout @ weight.T, -x.T @ dout)).line
    assert "dweight[0, 0] is" in line and "right: dx" in line and "the opposite sign" in line
    assert "That is 2 times the right" in judge(exercise, lambda d, x, w: (2 * d @ w.T, x.T @ d)).line


def test_open_answers():
    number = Exercise("guess", truth=lambda: 0.25, gives="the loss", tolerance=0.1, reveal=False)
    assert judge(number, lambda: 0.26).right
    line = judge(number, lambda: 0.5).line
    assert "the loss is 0.5: too high" in line and "0.25" not in line

    def faster(call, rng):
        args = (rng.normal(size=300_000),)
        return None if fastest(call, args) < fastest(lambda x: [one * 2 for one in x], args) / 3 else "not faster"

    race = Exercise("double", lambda rng: [(rng.normal(size=3),)], lambda x: x * 2, trial=faster)
    assert judge(race, lambda x: x * 2).right
    assert judge(race, lambda x: np.array([one * 2 for one in x])).line == "double: wrong: not faster"

    bug = Exercise("bug", check=lambda args, got: None if got == "step 3" else "look again", gives="the step")
    assert judge(bug, lambda: "step 3").right
    assert "look again" in judge(bug, lambda: "step 2").line
    stumbles = Exercise("bug", check=lambda args, got: None if got[0] > 1 else "no", gives="the pair")
    assert "the pair cannot be read as an answer (TypeError" in judge(stumbles, lambda: None).line


def test_a_trial_that_finds_nothing_wrong_may_say_what_was_reached():
    race = Exercise("rank", check=lambda args, got: None, trial=lambda call, rng: Note(f"AUC {call():.2f}"))
    verdict = judge(race, lambda: 0.75)
    assert verdict.right and verdict.line == "rank: right in 3 cases; AUC 0.75"


def test_the_memory_of_a_call():
    x = np.zeros(1000)
    assert most_memory(lambda x: np.add(x[:, None], x).sum(), (x,)) > 8e6
    assert most_memory(lambda x: x.sum(), (x,)) < 1e5


def test_verdicts_are_grammatical():
    masks = Exercise("masks", truth=lambda: np.zeros((2, 3), bool), gives="the masks")
    assert "the masks have the shape (1,), (2, 3) is right" in judge(masks, lambda: np.zeros(1, bool)).line
    assert "the masks are int64, bool is right" in judge(masks, lambda: np.zeros((2, 3), np.int64)).line
    assert "the masks are None" in judge(masks, lambda: None).line
    loss = dataclasses.replace(masks, gives="the loss")
    assert "the loss has the shape" in judge(loss, lambda: np.zeros(1, bool)).line
    drows = dataclasses.replace(masks, gives="drows")
    assert "drows is int64" in judge(drows, lambda: np.zeros((2, 3), np.int64)).line


@pytest.mark.parametrize("step", [1e-3, 1e-4, 1e-5, 1e-6])
def test_a_difference_quotient_is_close_and_not_exact(step):
    def central(dout, x):
        out = np.zeros(x.shape)
        for i in np.ndindex(x.shape):
            nudge = np.zeros(x.shape)
            nudge[i] = step
            out[i] = (dout * (np.tanh(x + nudge) - np.tanh(x - nudge))).sum() / (2 * step)
        return out

    def of(rng):
        yield rng.normal(size=(3, 4)), rng.normal(size=(3, 4))

    exercise = Exercise("tanh_backward", of, lambda dout, x: gradients(np.tanh, [x], dout)[0], gives="dx")
    assert judge(exercise, central).kind == "close"
    assert judge(exercise, lambda dout, x: dout * (1 - np.tanh(x) ** 2)).right


def test_small_differences_show_in_a_predicted_number():
    number = Exercise("guess", truth=lambda: float(np.log(5)), gives="the loss", reveal=False)
    assert "the loss is 1.60943794250488: too high" in judge(number, lambda: float(np.float32(np.log(5)))).line


def test_whole_numbers_are_whole():
    count = Exercise("count", truth=lambda: 7, gives="the count")
    assert judge(count, lambda: np.int64(7)).right
    assert judge(count, lambda: 7.0).kind == judge(count, lambda: True).kind == "wrong"


@pytest.mark.parametrize("task", list(tasks()), ids=lambda task: task.number)
def test_the_cases_of_an_exercise_try_it(task):
    """Every argument varies, and each slip that the judge knows by name is itself refused."""
    exercise = task.exercise
    drawn = [args for seed in (0, 1) for args in exercise.cases(np.random.default_rng(seed))]
    for i in range(len(drawn[0])):
        assert callable(drawn[0][i]) or len({repr(args[i]) for args in drawn}) > 1, f"argument {i + 1} never varies"
    for sentence, slip in exercise.near.items():
        assert not judge(exercise, slip, seed=5).right, sentence


def test_ragged_lists():
    values, offsets = ragged(np.random.default_rng(0), 4, (2, 0, 3))
    assert offsets.tolist() == [0, 2, 2, 5] and set(values) <= set(range(4))
    for seed in range(20):  # chance decides nothing: lists differ as far as they can, and one value occurs twice
        values, offsets = ragged(np.random.default_rng(seed), 4, (2, 0, 3))
        assert [len(set(values[:2])), len(set(values[2:]))] == [2, 2]


def test_the_commands():
    def run(*arguments):
        command, folder = [sys.executable, *arguments], TUTORIALS.parent
        done = subprocess.run(command, cwd=folder, env=environment(), capture_output=True, text=True)
        assert "Traceback" not in done.stderr
        return done.returncode, done.stdout + done.stderr

    code, out = run("tutorials/exercise.py")
    assert code == 1 and "next: " in out and " right (x wrong, ~ close, . not begun)" in out
    code, out = run("tutorials/exercise.py", "04.5")
    assert code == 1 and out == "04.5 softmax_backward: not begun\n"
    code, out = run("tutorials/exercise.py", "04.5", "--hint", "--hint")
    assert code == 0 and "hint 1" in out and "hint 2" in out
    code, out = run("tutorials/exercise.py", "04.99")
    assert code == 2 and "there is no exercise 04.99" in out
    code, out = run("tutorials/blank_page.py", "05")
    assert code == 1 and "0 of 2 functions are right" in out
    assert run("tutorials/blank_page.py", "99")[0] == 2
    assert load(TUTORIALS / "blank_page.py").click_loss
