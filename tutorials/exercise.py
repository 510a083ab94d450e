"""Judge your answers in tutorials/exercises: ``python tutorials/exercise.py 04.2`` one, ``04`` those of a chapter.

Without a number: all of them, one line a chapter, and what comes next. ``--hint`` gives a hint, twice a second one.
"""

from __future__ import annotations

import argparse
import importlib.util
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

from judge import Exercise, Verdict, judge

HERE = Path(__file__).resolve().parent
MARKS = {"right": "#", "close": "~", "wrong": "x", "not begun": "."}


class Task:
    """One exercise, by its number."""

    def __init__(self, path: Path, number: str, exercise: Exercise) -> None:
        self.chapter, self.number, self.exercise = path.stem, number, exercise

    def judge(self) -> Verdict:
        """Judges what stands in tutorials/exercises."""
        path = HERE / "exercises" / f"{self.chapter}.py"
        answers = read_answers(path)
        if isinstance(answers, str):
            return Verdict("wrong", f"{self.exercise.name}: wrong: {answers}")
        answer = getattr(answers, self.exercise.name, None)
        if not callable(answer):
            return Verdict("wrong", f"{self.exercise.name}: wrong: {path.name} has no function of this name")
        return judge(self.exercise, answer)


def read_answers(path: Path) -> ModuleType | str:
    """The learner's file as a module, or a sentence that says why it cannot be read."""
    try:
        return load(path)
    except Exception as error:
        lines, trace = [getattr(error, "lineno", 0) or 0], error.__traceback__
        while trace:
            lines += [trace.tb_lineno] if trace.tb_frame.f_code.co_filename == str(path) else []
            trace = trace.tb_next
        words = getattr(error, "msg", None) or error
        return f"{path.name}:{max(lines)} cannot be read: {type(error).__name__}: {words}"


def show_printed(verdict: Verdict) -> None:
    """What an answer that is not right printed, so that print serves to find out why."""
    for line in verdict.printed.splitlines()[:20] if not verdict.right else []:
        print(f"    printed: {line}")


def load(path: Path) -> ModuleType:
    """The module in a file, read afresh."""
    spec = importlib.util.spec_from_file_location(f"{path.parent.name}_{path.stem}", path)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


def tasks(number: str = "") -> Iterator[Task]:
    """The exercises whose number begins so: "04.2", "04", or all."""
    for path in sorted((HERE / "checks").glob("[0-9]*.py")):
        chapter = path.stem.partition("_")[0]
        if not number or number.partition(".")[0] == chapter:
            for n, exercise in enumerate(load(path).EXERCISES, 1):
                if number in ("", chapter, f"{chapter}.{n}"):
                    yield Task(path, f"{chapter}.{n}", exercise)


def show_all(found: list[Task]) -> bool:
    """One line a chapter, and the whole in one line. True if all are right."""
    verdicts = {task.number: task.judge() for task in found}
    for chapter in sorted({task.chapter for task in found}):
        row = "".join(MARKS[verdicts[task.number].kind] for task in found if task.chapter == chapter)
        print(f"{chapter:<28} {row:<10} {row.count('#')} of {len(row)}")
    right = sum(verdict.right for verdict in verdicts.values())
    print(f"{right} of {len(found)} right (x wrong, ~ close, . not begun)")
    left = next((task for task in found if not verdicts[task.number].right), None)
    if left:
        print(f"next: {left.number} {left.exercise.name} in tutorials/exercises/{left.chapter}.py")
    return left is None


def show(task: Task, hints: int) -> bool:
    if hints:
        print(f"{task.number} {task.exercise.name}")
        for n, hint in enumerate(task.exercise.hints[:hints], 1):
            print(f"hint {n}: {hint}")
        return True
    verdict = task.judge()
    print(f"{task.number} {verdict.line}")
    show_printed(verdict)
    return verdict.right


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("number", nargs="?", default="", help="04.2, or 04 for a chapter; nothing for all")
    parser.add_argument(
        "--hint", action="count", default=0, help="a hint in place of a verdict; twice for a second one"
    )
    options = parser.parse_args()
    found = list(tasks(options.number))
    if not found:
        print(f"there is no exercise {options.number}; python tutorials/exercise.py lists all", file=sys.stderr)
        return 2
    if not options.number and not options.hint:
        return 0 if show_all(found) else 1
    return 0 if all([show(task, options.hint) for task in found]) else 1


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit("stopped")
