"""What ``python tutorials/blank_page.py`` does: judge the functions of a page, and train them if all are right."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

from exercise import load, read_answers, show_printed
from judge import Verdict, judge
from judge_call import forbidden_in

HERE = Path(__file__).resolve().parent
PARTS = load(HERE / "checks" / "blank_page.py").PARTS
CHAPTERS = sorted({part.chapter for part in PARTS})


def judge_part(part, page: ModuleType, seed: int | None = None) -> Verdict:
    """The verdict on one part of a page."""
    for name, function in vars(page).items():
        used = forbidden_in(function, ("nrms_np",)) if callable(function) else ""
        if used:
            return Verdict("wrong", f"{part.exercise.name}: wrong: {name} uses {used}: the page is your own")
    return judge(part.exercise, part.answer(page), seed)


def main(path: str, arguments: list[str]) -> int:
    chapter = arguments[0] if arguments else ""
    if len(arguments) > 1 or chapter not in ("", *CHAPTERS):
        print(f"python tutorials/blank_page.py, or with the number of a chapter: {', '.join(CHAPTERS)}")
        return 2
    page = read_answers(Path(path))
    if isinstance(page, str):
        print(page)
        return 1
    right = 0
    parts = [part for part in PARTS if chapter in ("", part.chapter)]
    for part in parts:
        verdict = judge_part(part, page)
        print(f"{part.chapter}  {verdict.line}", flush=True)
        show_printed(verdict)
        right += verdict.right
    print(f"{right} of {len(parts)} functions are right")
    if right < len(parts):
        return 1
    if not chapter:
        from blank_page_training import recommend, train

        print("\nThis is a whole NRMS, and it is yours. It learns now, in plain NumPy: a minute or two.")
        recommend(page, *train(page))
    return 0
