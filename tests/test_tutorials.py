"""Chapters are executed, JIT on and off; an exercise rejects its stub and wrong answers and takes its solution."""

import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
TUTORIALS = ROOT / "tutorials"
SCRIPT = """
import sys
from pathlib import Path
from tutorials import run
run.run_chapter(Path(sys.argv[1]), Path("pictures"))
"""


def load(path):
    spec = importlib.util.spec_from_file_location(f"{path.parent.name}_{path.stem}", path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


runner = load(TUTORIALS / "run.py")
sys.path.insert(0, str(TUTORIALS))  # the checks import the judge as a learner's command does
exercise = load(TUTORIALS / "exercise.py")
blank_page = load(TUTORIALS / "blank_page_judge.py")
WRONG_PAGES = load(ROOT / "tests" / "wrong_answers" / "blank_page.py").WRONG


@pytest.mark.slow
@pytest.mark.parametrize("jit", ["on", "off"])
@pytest.mark.parametrize("chapter", runner.chapters(), ids=lambda one: one.stem)
def test_chapter_runs_as_printed(chapter, jit, tmp_path):
    if jit == "off" and runner.jit_only(chapter):
        pytest.skip("this chapter measures compiled code")
    environment = {**os.environ, "NUMBA_DISABLE_JIT": str(int(jit == "off")), "PYTHONWARNINGS": "ignore"}
    environment["PYTHONPATH"] = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
    command = [sys.executable, "-c", SCRIPT, str(chapter)]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert [p.name for p in tmp_path.iterdir()] == ["pictures"], "a chapter writes to the current folder"
    made = {p.name for p in (tmp_path / "pictures").iterdir()}
    shown = set(re.findall(r"images/tutorials/([\w.-]+)", chapter.read_text(encoding="utf-8")))
    assert shown <= {p.name for p in (ROOT / "images" / "tutorials").iterdir()}
    assert shown >= made, "a figure is made and not shown"


@pytest.mark.parametrize("chapter", runner.chapters(), ids=lambda one: one.stem)
def test_chapter_has_at_least_three_exercises(chapter):
    number = chapter.name[:2]
    judged = [task for task in TASKS if task.chapter.startswith(number)]
    assert len(judged) + len([name for name, _ in EXERCISES if name == number]) >= 3


def exercises():
    for path in sorted((TUTORIALS / "exercises").glob("[0-9][0-9]_*.py")):
        for name in re.findall(r"^def check_(\w+)", path.read_text(encoding="utf-8"), re.MULTILINE):
            yield path.name[:2], name


EXERCISES = list(exercises())
TASKS = list(exercise.tasks())


def module_of(folder, number):
    (path,) = folder.glob(f"{number}_*.py")
    return load(path)


@pytest.mark.parametrize(("number", "name"), EXERCISES)
def test_exercise_takes_its_solution_and_nothing_else(number, name):
    check = getattr(module_of(TUTORIALS / "exercises", number), f"check_{name}")
    stub = getattr(module_of(TUTORIALS / "exercises", number), name)
    wrong = module_of(ROOT / "tests" / "wrong_answers", number)
    for answer in (stub, getattr(wrong, f"{name}_1"), getattr(wrong, f"{name}_2")):
        with pytest.raises((AssertionError, NotImplementedError)):
            check(answer)
    check(getattr(module_of(TUTORIALS / "solutions", number), name))


@pytest.mark.parametrize("task", TASKS, ids=lambda task: f"{task.number}_{task.exercise.name}")
def test_the_judge_takes_the_solution_and_nothing_else(task):
    name = task.exercise.name
    stub, solution, wrong = (
        exercise.load(folder / f"{task.chapter}.py")
        for folder in (TUTORIALS / "exercises", TUTORIALS / "solutions", ROOT / "tests" / "wrong_answers")
    )
    answers = [one for one in vars(wrong) if re.fullmatch(rf"{name}_\d+", one)]
    assert len(answers) >= 2
    assert all(task.exercise.hints) and "\n" not in "".join(task.exercise.hints)
    for label, answer in {"the stub": getattr(stub, name), **{one: getattr(wrong, one) for one in answers}}.items():
        verdict = exercise.judge(task.exercise, answer, seed=5)
        assert not verdict.right, f"{label} is accepted"
        assert "\n" not in verdict.line
    verdict = exercise.judge(task.exercise, getattr(solution, name), seed=5)
    assert verdict.right, verdict.line


def judged(page, name=""):
    parts = [part for part in blank_page.PARTS if name in ("", part.exercise.name)]
    return [blank_page.judge_part(part, page, seed=5) for part in parts]


def test_the_blank_page_takes_its_solution_and_refuses_its_stubs():
    assert {verdict.kind for verdict in judged(exercise.load(TUTORIALS / "solutions" / "blank_page.py"))} == {"right"}
    stubs = judged(exercise.load(TUTORIALS / "blank_page.py"))
    assert [verdict.kind for verdict in stubs] == 12 * ["not begun"]


@pytest.mark.parametrize("n", range(len(WRONG_PAGES)), ids=lambda n: f"{n}_{WRONG_PAGES[n][0]}")
def test_the_blank_page_refuses_what_is_wrong(n, tmp_path):
    name, line, wrong = WRONG_PAGES[n]
    text = (TUTORIALS / "solutions" / "blank_page.py").read_text(encoding="utf-8")
    assert text.count(line) == 1, line
    path = tmp_path / "page.py"
    path.write_text(text.replace(line, wrong), encoding="utf-8")
    (verdict,) = judged(exercise.load(path), name)
    assert verdict.kind in ("wrong", "close"), f"{wrong} is accepted"
    assert "\n" not in verdict.line


def test_the_blank_page_is_the_learners_own(tmp_path):
    path = tmp_path / "page.py"
    path.write_text(
        "from nrms_np.layers import loss\n\n\ndef click_loss(scores):\n    return loss.click_loss_forward(scores)\n"
    )
    (verdict,) = judged(exercise.load(path), "click_loss")
    assert "uses nrms_np" in verdict.line


@pytest.mark.slow
def test_a_right_page_learns_and_recommends(capsys):
    training = load(TUTORIALS / "blank_page_training.py")
    page = exercise.load(TUTORIALS / "solutions" / "blank_page.py")
    corpus = {**training.CORPUS, "users": 150, "news": 500, "train_impressions": 500, "dev_impressions": 150}
    titles = training.recommend(page, *training.train(page, corpus, epochs=4))
    found = [float(one) for one in re.findall(r"AUC ([.\d]+)", capsys.readouterr().out)]
    assert found[-1] > found[0] + 0.1
    assert len(set(titles)) == 5


def test_the_runner_notices_what_is_not_true(tmp_path):
    chapter = tmp_path / "99_x.md"
    chapter.write_text("# x\n\n```python\nprint(1 + 1)\n```\n\n```text\n2\n```\n")
    assert runner.run_chapter(chapter) == 1
    chapter.write_text("# x\n\n```python\nprint(1 + 1)\n```\n\n```text\n3\n```\n")
    with pytest.raises(AssertionError, match="99_x.md:4: printed"):
        runner.run_chapter(chapter)
    chapter.write_text("<!-- source: nrms_np.model.backward -->\n```python\ndef backward(cache):\n    pass\n```\n")
    with pytest.raises(AssertionError, match="no longer the source"):
        runner.run_chapter(chapter)


def test_show_prints_both_outputs_and_goes_on(tmp_path, capsys):
    chapter = tmp_path / "99_x.md"
    chapter.write_text(
        "```python\nprint('one')\n```\n\n```text\none\n```\n"
        "```python\nprint('a\\nc')\n```\n\n```text\na\nb\n```\n"
        "```python\nprint(7)\n```\n\n<!-- not compared -->\n```text\n8\n```\n"
    )
    assert runner.run_chapter(chapter, show=True) == 3
    shown = capsys.readouterr().out
    assert "99_x.md:2: same\none\n" in shown
    assert "99_x.md:9: different\n  the book | here\n  a        | a\n* b        | c\n" in shown
    assert "different, as it may be\n  the book | here\n* 8        | 7\n" in shown


def test_pictures_are_saved_and_closed_and_nothing_else_is_written(tmp_path):
    chapter = tmp_path / "99_x.md"
    draw = "from tutorials import figures\nfigures.finish(plt.figure(), '99_x')\nopen('litter', 'w').close()"
    chapter.write_text(
        f"```python\nimport matplotlib.pyplot as plt\n{draw}\n```\n"
        "```python\nprint(plt.get_fignums())\n```\n\n```text\n[]\n```\n"
    )
    before = {p.name for p in Path.cwd().iterdir()}
    runner.run_chapter(chapter, tmp_path / "pictures")
    assert {p.name for p in (tmp_path / "pictures").iterdir()} == {"99_x.png"}
    assert {p.name for p in Path.cwd().iterdir()} == before


def test_chapters_stand_in_reading_order(tmp_path, monkeypatch):
    for name in ("10_c.md", "09b_b.md", "09_a.md", "appendix_paper.md", "README.md"):
        (tmp_path / name).touch()
    monkeypatch.setattr(runner, "HERE", tmp_path)
    assert [runner.number_of(one) for one in runner.chapters()] == ["09", "09b", "10"]


def test_modules_point_to_chapters_that_exist():
    pointers = []
    for path in (ROOT / "nrms_np").rglob("*.py"):
        first_line = path.read_text(encoding="utf-8").partition("\n")[0]
        for numbers in re.findall(r"chapters? ([\dab ,]+(?:and \w+)?)\)", first_line):
            pointers += re.findall(r"\d\d\w?", numbers)
    assert len(pointers) >= 20
    assert set(pointers) <= {runner.number_of(one) for one in runner.chapters()}
