"""The README's Python runs, and its commands are the ones that exist."""

import re
from pathlib import Path

README = (Path(__file__).resolve().parents[1] / "README.md").read_text(encoding="utf-8")


def test_the_notebook_example_runs(capsys):
    (code,) = re.findall(r"^```python\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)
    namespace = {}
    exec(code, namespace)
    assert set(namespace["gradients"]) == set(namespace["params"])
    assert "'auc'" in capsys.readouterr().out


def test_every_file_and_picture_it_names_exists():
    root = Path(__file__).resolve().parents[1]
    for name in re.findall(r"\]\((?!http)([^)#]+)\)", README):
        assert (root / name).exists(), name
    tour = README.split("## A tour of the files")[1].split("##")[0]
    package = {path.name for path in (root / "nrms_np").glob("*.py")} - {"__init__.py"}
    assert package <= set(re.findall(r"(\w+\.py)", tour)), "a file of the package is missing in the tour"
