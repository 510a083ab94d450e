"""The README: short, its Python runs, its commands and links are real, and its numbers are those of the results."""

import re
from pathlib import Path

import pytest

from benchmarks import tables

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_it_is_short_and_shows_python_early():
    assert len(README.split()) <= 1000
    assert README.splitlines().index("```python") < 60


def test_the_python_example_runs(capsys):
    (code,) = re.findall(r"^```python\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)
    namespace = {}
    exec(code, namespace)
    assert set(namespace["gradients"]) == set(namespace["state"].params)
    assert "'auc'" in capsys.readouterr().out


def test_ci_finds_its_test_command():
    (command,) = re.findall(r"^python3 -m venv .*\[test\].*$", README, re.MULTILINE)
    assert command.endswith(".venv/bin/pytest -q")
    assert r"s/^\(python3 -m venv .*\[test\].*\)$/\1/p" in (ROOT / ".ci" / "run").read_text()


@pytest.mark.parametrize("name", tables.READMES)
def test_every_file_that_it_links_exists(name):
    folder = (ROOT / name).parent
    links = re.findall(r"\]\((?!http)([^)#]+)\)", (ROOT / name).read_text(encoding="utf-8"))
    assert [link for link in links if not (folder / link).exists()] == []


def test_its_modules_exist():
    texts = "".join((ROOT / name).read_text(encoding="utf-8") for name in tables.READMES)
    for module in set(re.findall(r"python -m ([\w.]+)", texts)):
        path = ROOT / module.replace(".", "/")
        assert path.with_suffix(".py").exists() or (path / "__main__.py").exists(), module


def test_its_numbers_are_those_of_the_results():
    assert tables.stale() == [], "run python -m benchmarks.tables"


def test_every_block_has_a_reader_and_every_reader_a_block():
    texts = "".join((ROOT / name).read_text(encoding="utf-8") for name in tables.READMES)
    assert set(re.findall(r"<!-- numbers: ([\w ]+) -->", texts)) == set(tables.BLOCKS)


def test_a_wrong_number_is_noticed():
    wrong = re.sub(r"(\[model\.py\]\(nrms_np/model\.py\), )\d+", r"\g<1>7", README)
    assert wrong != README and tables.fill(wrong) == tables.fill(README)


def test_the_reading_order_counts_lines_and_names_the_whole_core():
    counts = dict(re.findall(r"^\d+\. \[[\w/.]+\]\(nrms_np/([\w/.]+)\), (\d+):", README, re.MULTILINE))
    assert list(counts) == list(tables.READING_ORDER)
    for name, count in counts.items():
        with open(ROOT / "nrms_np" / name, encoding="utf-8") as file:
            assert int(count) == sum(1 for _ in file), name
    core = {*(ROOT / "nrms_np").glob("*.py"), *(ROOT / "nrms_np" / "layers").glob("*.py")}
    commands = {"convert.py", "train.py", "evaluate.py", "recommend.py", "explain.py", "__init__.py", "__main__.py"}
    names = {path.relative_to(ROOT / "nrms_np").as_posix() for path in core if path.name not in commands}
    assert names == set(counts)


def test_the_docstring_gets_the_same_order():
    text = '"""NRMS.\n\nThe reading order:\n  old\nend of the reading order\n"""\n'
    filled = tables.fill_docstring(text)
    assert filled.count("model.py") == 1 and "old" not in filled and tables.fill_docstring(filled) == filled
    assert filled.splitlines()[2] == "The reading order:" and filled.endswith('end of the reading order\n"""\n')
    assert all(len(line) <= 120 for line in filled.splitlines())
    assert tables.fill_docstring("no marks") == "no marks"
