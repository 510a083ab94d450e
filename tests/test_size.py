"""The core can be read in an evening: lines of the core, of the package, of each file and of each function."""

import ast
from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[1] / "nrms_np"
CORE = "config ragged batch encoder model adam rng parallel clicks fit inference metrics gradcheck".split()
LARGEST_CORE, LARGEST_PACKAGE, LONGEST_FILE, LONGEST_FUNCTION = 2000, 6192, 250, 45


def lines_of(paths):
    return {str(path.relative_to(PACKAGE)): len(path.read_text(encoding="utf-8").splitlines()) for path in paths}


def test_the_core_stays_small():
    core = lines_of([*(PACKAGE / f"{name}.py" for name in CORE), *(PACKAGE / "layers").glob("*.py")])
    assert sum(core.values()) <= LARGEST_CORE, core


def test_the_package_stays_small():
    assert sum(lines_of(PACKAGE.rglob("*.py")).values()) <= LARGEST_PACKAGE


def test_no_file_is_long():
    assert {name: lines for name, lines in lines_of(PACKAGE.rglob("*.py")).items() if lines > LONGEST_FILE} == {}


def test_no_function_is_long():
    long = {}
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                length = node.end_lineno - node.lineno + 1
                if length > LONGEST_FUNCTION:
                    long[f"{path.relative_to(PACKAGE)}:{node.name}"] = length
    assert long == {}
