"""jupytext turns a chapter into a notebook with the chapter's code; each cell that draws shows its picture."""

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

pytest.importorskip("jupytext", reason="jupytext is not installed (the notebooks extra)")
import nbformat  # noqa: E402  (comes with jupytext)

ROOT = Path(__file__).resolve().parents[1]
TUTORIALS = ROOT / "tutorials"


def load_runner():
    spec = importlib.util.spec_from_file_location("tutorials_run", TUTORIALS / "run.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


def notebook_of(chapter, folder):
    notebook = folder / f"{chapter.stem}.ipynb"
    command = [sys.executable, "-m", "jupytext", "--to", "ipynb", "--output", str(notebook), str(chapter)]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return nbformat.read(notebook, as_version=4)


def test_a_chapter_becomes_a_notebook_with_its_code_cells(tmp_path):
    chapter = TUTORIALS / "00_map.md"
    cells = notebook_of(chapter, tmp_path).cells
    code = [cell.source.strip() for cell in cells if cell.cell_type == "code"]
    blocks = [block.code.strip() for block in load_runner().read_blocks(chapter)]
    assert blocks and code == blocks
    assert cells[0].cell_type == "markdown" and cells[0].source.startswith("# 00. Map")


@pytest.mark.parametrize("name", ["05_additive_attention", "06_two_encoders", "07_trust_a_gradient"])
def test_every_cell_that_draws_shows_its_picture(name, tmp_path, monkeypatch):
    client = pytest.importorskip("nbclient", reason="nbclient is not installed (the notebooks extra)")
    pytest.importorskip("ipykernel", reason="ipykernel is not installed (the notebooks extra)")
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.delenv("MPLBACKEND", raising=False)
    notebook = notebook_of(TUTORIALS / f"{name}.md", tmp_path)
    before = {path.name for path in ROOT.iterdir()}
    # a notebook belongs to the top of the repository
    client.NotebookClient(notebook, timeout=600, resources={"metadata": {"path": str(ROOT)}}).execute()
    assert {path.name for path in ROOT.iterdir()} == before
    drawing = [cell for cell in notebook.cells if cell.cell_type == "code" and "figures." in cell.source]
    assert drawing
    for cell in drawing:
        pictures = [one for one in cell.outputs if "image/png" in one.get("data", {})]
        assert len(pictures) == cell.source.count("figures."), cell.source
