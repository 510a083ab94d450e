"""Imports point one way: commands -> app -> data -> core -> layers; nobody imports a command; there is no circle."""

import ast
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[1] / "nrms_np"
COMMANDS = {"__main__", "convert", "train", "evaluate", "recommend", "explain", "gradcheck"}
SHARED_BY_ALL = {"ragged", "parallel", "config", "rng", "errors"}  # what layers may import beside each other


def read_modules(package):
    """Every module by its name below the package, such as "layers.pairs", with its syntax tree; "" is the package."""
    modules = {}
    for path in sorted(package.rglob("*.py")):
        parts = path.relative_to(package).with_suffix("").parts
        modules[".".join(part for part in parts if part != "__init__")] = ast.parse(path.read_text(encoding="utf-8"))
    return modules


def imports_of(name, tree, is_package, modules, package):
    """The modules of the package that a module imports, anywhere: inside functions and for type checkers too."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            if node.level:
                above = [package, *filter(None, name.split("."))]
                above = above[: len(above) - node.level + is_package]
                source = ".".join([*above, *filter(None, [node.module])])
            else:
                source = node.module
            # from x import y: y is a module of x, or a name in it
            found |= {f"{source}.{a.name}" if f"{source}.{a.name}" in modules else source for a in node.names}
    return found & modules


def read_graph(package):
    trees = read_modules(package)
    full = {".".join(filter(None, [package.name, name])) for name in trees}
    graph = {}
    for name, tree in trees.items():
        is_package = name == "" or (package / name.replace(".", "/")).is_dir()
        found = imports_of(name, tree, is_package, full, package.name)
        graph[name] = {one.removeprefix(package.name).lstrip(".") for one in found} - {name}
    return graph


def layer(name):
    """command, app, data, layers, core, or top (the package itself, which shows the names of all)."""
    if name == "":
        return "top"
    first = name.split(".")[0]
    if first in ("app", "data", "layers"):
        return first
    return "command" if first in COMMANDS else "core"


MAY_IMPORT = {
    "top": {"app", "data", "layers", "core"},
    "command": {"app", "data", "layers", "core"},
    "app": {"app", "data", "layers", "core"},
    "data": {"data", "layers", "core"},
    "core": {"layers", "core"},
    "layers": {"layers", "core"},
}


def violations(graph):
    """What is wrong with a graph {module: modules that it imports}, a line for each."""
    lines = []
    for name, imported in sorted(graph.items()):
        for other in sorted(imported):
            if layer(other) not in MAY_IMPORT[layer(name)]:
                lines.append(f"{name or 'all'} ({layer(name)}) imports {other or 'all'} ({layer(other)})")
            elif layer(name) == "layers" and layer(other) == "core" and other not in SHARED_BY_ALL:
                lines.append(f"{name} (layers) imports {other}, which is built on layers")
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        lines.append("a circle: " + " -> ".join(error.args[1][::-1]))
    return lines


def test_imports_point_one_way():
    graph = read_graph(PACKAGE)
    assert len(graph) > 35 and sum(map(len, graph.values())) > 100  # the imports were read
    assert violations(graph) == []


RIGHT = {
    "": {"model", "app.cli", "data.mind"},
    "train": {"app.cli"},
    "app.cli": {"data.mind", "model"},
    "data.mind": {"ragged"},
    "model": {"layers.loss", "ragged"},
    "layers.loss": {"ragged"},
    "ragged": set(),
}


def test_a_right_graph_passes():
    assert violations(RIGHT) == []


@pytest.mark.parametrize(
    ("name", "imported", "message"),
    [
        ("model", "app.cli", "model (core) imports app.cli (app)"),
        ("model", "data.mind", "model (core) imports data.mind (data)"),
        ("layers.loss", "data.mind", "layers.loss (layers) imports data.mind (data)"),
        ("layers.loss", "app.cli", "layers.loss (layers) imports app.cli (app)"),
        ("data.mind", "app.cli", "data.mind (data) imports app.cli (app)"),
        ("app.cli", "train", "app.cli (app) imports train (command)"),
        ("evaluate", "train", "evaluate (command) imports train (command)"),
        ("", "train", "all (top) imports train (command)"),
        ("ragged", "", "ragged (core) imports all (top)"),
        ("layers.loss", "model", "layers.loss (layers) imports model, which is built on layers"),
        ("ragged", "model", "a circle: "),
    ],
)
def test_a_wrong_import_is_seen(name, imported, message):
    graph = RIGHT | {name: RIGHT.get(name, set()) | {imported}}
    assert any(line.startswith(message) for line in violations(graph))


def test_every_form_of_import_is_read(tmp_path):
    package = tmp_path / "toy"
    for folder in ("layers", "app"):
        (package / folder).mkdir(parents=True)
        (package / folder / "__init__.py").write_text("")
    (package / "__init__.py").write_text("from .model import forward\nfrom .app import cli\n")
    (package / "ragged.py").write_text("import numpy as np\n")
    (package / "app" / "cli.py").write_text("import toy.model\nfrom toy import ragged\n")
    (package / "layers" / "pairs.py").write_text("from ..ragged import Ragged\nfrom . import loss\n")
    (package / "layers" / "loss.py").write_text("def f():\n    from .. import ragged\n")
    (package / "model.py").write_text(
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from .layers import loss\n"
    )
    assert read_graph(package) == {
        "": {"model", "app.cli"},
        "app": set(),
        "app.cli": {"model", "ragged"},
        "layers": set(),
        "layers.loss": {"ragged"},
        "layers.pairs": {"ragged", "layers.loss"},
        "model": {"layers.loss"},
        "ragged": set(),
    }
