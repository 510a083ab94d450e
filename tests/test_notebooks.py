"""jupytext turns a chapter into a notebook that holds the chapter's code, cell by cell."""

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

pytest.importorskip("jupytext", reason="jupytext is not installed (the notebooks extra)")

TUTORIALS = Path(__file__).resolve().parents[1] / "tutorials"


def load_runner():
    spec = importlib.util.spec_from_file_location("tutorials_run", TUTORIALS / "run.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


def test_a_chapter_becomes_a_notebook_with_its_code_cells(tmp_path):
    import nbformat  # comes with jupytext

    chapter, notebook = TUTORIALS / "00_map.md", tmp_path / "00_map.ipynb"
    command = [sys.executable, "-m", "jupytext", "--to", "ipynb", "--output", str(notebook), str(chapter)]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    cells = nbformat.read(notebook, as_version=4).cells
    code = [cell.source.strip() for cell in cells if cell.cell_type == "code"]
    blocks = [block.code.strip() for block in load_runner().read_blocks(chapter)]
    assert blocks and code == blocks
    assert cells[0].cell_type == "markdown" and cells[0].source.startswith("# 00. Map")
