"""Mutation testing: ``python -m tests.programs.mutate`` plants one small bug at a time and counts what no test sees.

A mutant is a copy of the package with one operator, comparison, constant or statement changed. The fast tests of the
maths run against it with the JIT off. One that all of them pass has survived: either a test is missing, or the change
changes nothing (an equivalent mutant), which only a reader can tell.
"""

from __future__ import annotations

import argparse
import ast
import copy
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from queue import Queue

from tqdm import tqdm

ROOT = Path(__file__).resolve().parents[2]
TESTS = ("tests/test_layers.py", "tests/test_adam.py", "tests/test_gradients.py")  # quick ones first
ENVIRONMENT = {"NUMBA_DISABLE_JIT": "1", "NUMBA_NUM_THREADS": "1"}
RUN = """
import sys
import pytest
from hypothesis import Phase, settings
settings.register_profile("no shrinking", phases=[Phase.explicit, Phase.generate])  # that it fails is all we ask
settings.load_profile("no shrinking")
sys.exit(pytest.main(["-x", "-q", "-p", "no:cacheprovider", "-W", "ignore", *sys.argv[1:]]))
"""

OPERATORS = {
    **{ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult},
    **{ast.FloorDiv: ast.Mult, ast.Pow: ast.Mult, ast.And: ast.Or, ast.Or: ast.And, ast.USub: ast.UAdd},
    **{ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt},
    **{ast.Eq: ast.NotEq, ast.NotEq: ast.Eq, ast.Is: ast.IsNot, ast.IsNot: ast.Is},
}
NAMES = {"max": "min", "min": "max", "zeros": "ones", "ones": "zeros"}


@dataclass(frozen=True)
class Mutant:
    file: str  # below the package
    line: int
    change: str
    source: str


def mutants_of(file: str, source: str) -> Iterator[Mutant]:
    """Every mutant of a file, in the order of its syntax tree."""
    tree = ast.parse(source)
    skipped = {id(below) for node in ast.walk(tree) for one in _not_maths(node) for below in ast.walk(one)}
    for number, node in enumerate(ast.walk(tree)):
        node.number = number
    for node in ast.walk(tree):
        for new in () if id(node) in skipped else _changes(node):
            ast.fix_missing_locations(ast.copy_location(new, node))
            changed = ast.unparse(_Replace(node.number, new).visit(copy.deepcopy(tree)))
            before, after = (ast.unparse(one).splitlines()[0] for one in (node, new))
            yield Mutant(file, node.lineno, f"{before}  ->  {after}", changed)


def _not_maths(node: ast.AST) -> list[ast.AST]:
    """What stays as it is: annotations, decorators, the texts of errors, names of types."""
    match node:
        case ast.FunctionDef(decorator_list=decorators, returns=returns):
            return [*decorators, *filter(None, [returns])]
        case ast.ClassDef(decorator_list=decorators):
            return decorators
        case ast.arg(annotation=ast.expr() as one) | ast.AnnAssign(annotation=one):
            return [one]
        case ast.Raise() | ast.Assign(targets=[ast.Name(id="Gradients" | "Parameters" | "flags")]):
            return [node]
    return []


def _changes(node: ast.AST) -> Iterator[ast.AST]:
    new = copy.deepcopy(node)
    match node:
        case ast.BinOp(op=op) | ast.BoolOp(op=op) | ast.UnaryOp(op=op) if type(op) in OPERATORS:
            new.op = OPERATORS[type(op)]()
            yield new
        case ast.UnaryOp(op=ast.Not()):
            yield node.operand
        case ast.Compare(ops=[op]) if type(op) in OPERATORS:
            new.ops = [OPERATORS[type(op)]()]
            yield new
        case ast.Constant(value=value) if type(value) in (int, float):
            yield ast.Constant(value * 2 if isinstance(value, float) and value else value + 1)
        case ast.Attribute(attr="T"):
            yield node.value
        case ast.Attribute(attr=name) if name in NAMES:
            new.attr = NAMES[name]
            yield new
        case ast.Name(id=name) if name in NAMES:
            yield ast.Name(NAMES[name], node.ctx)
        case ast.IfExp() | ast.If():
            new.test = ast.UnaryOp(ast.Not(), node.test)
            yield new
        case ast.Continue() | ast.Assign():
            yield ast.Pass()
        case ast.Expr() if not isinstance(node.value, ast.Constant):
            yield ast.Pass()
        case ast.AugAssign(op=op):
            yield ast.Pass()
            yield ast.Assign([node.target], node.value)
            if type(op) in OPERATORS:
                new.op = OPERATORS[type(op)]()
                yield new


class _Replace(ast.NodeTransformer):
    def __init__(self, number: int, new: ast.AST):
        self.number, self.new = number, new

    def visit(self, node: ast.AST) -> ast.AST:
        return copy.deepcopy(self.new) if getattr(node, "number", None) == self.number else self.generic_visit(node)


def make_copy(folder: Path) -> Path:
    for part in ("nrms_np", "tests"):
        shutil.copytree(ROOT / part, folder / part, ignore=shutil.ignore_patterns("__pycache__"))
    return folder


def is_caught(folder: Path, limit: float) -> bool:
    """Whether a test fails, or hangs, in this copy."""
    command = [sys.executable, "-B", "-c", RUN, *TESTS]  # -B: the bytecode of the last mutant might pass for this one's
    environment = {**os.environ, **ENVIRONMENT, "PYTHONPATH": str(folder)}
    try:
        return subprocess.run(command, cwd=folder, env=environment, capture_output=True, timeout=limit).returncode != 0
    except subprocess.TimeoutExpired:
        tqdm.write(f"a mutant was stopped after {limit:g} seconds and counts as caught", file=sys.stderr)
        return True


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.programs.mutate", description=__doc__.splitlines()[0])
    parser.add_argument("files", nargs="*", help="files of the package; layers/ and adam.py if not given")
    parser.add_argument("--workers", type=int, default=2, help="mutants at a time")
    parser.add_argument("--limit", type=float, default=60, help="seconds for the tests of a mutant")
    parser.add_argument("--every", type=int, default=1, metavar="N", help="only each Nth mutant, a sample")
    args = parser.parse_args()
    package = ROOT / "nrms_np"
    files = args.files or [str(one.relative_to(package)) for one in sorted(package.glob("layers/*.py"))] + ["adam.py"]
    mutants = [one for file in files for one in mutants_of(file, (package / file).read_text())]
    mutants = mutants[:: args.every]

    with tempfile.TemporaryDirectory() as name, ThreadPoolExecutor(args.workers) as pool:
        free: Queue[Path] = Queue()
        for worker in range(args.workers):
            free.put(make_copy(Path(name) / str(worker)))
        if is_caught(free.queue[0], args.limit):
            sys.exit("the tests fail, or take too long, without any mutant")

        def survives(mutant: Mutant) -> bool:
            folder = free.get()
            path = folder / "nrms_np" / mutant.file
            whole = path.read_text()
            try:
                path.write_text(mutant.source)
                return not is_caught(folder, args.limit)
            finally:
                path.write_text(whole)
                free.put(folder)

        verdicts = tqdm(pool.map(survives, mutants), total=len(mutants), unit=" mutants", leave=False)
        survivors = [mutant for mutant, survived in zip(mutants, verdicts) if survived]

    for one in survivors:
        print(f"nrms_np/{one.file}:{one.line}: {one.change}")
    for file in files:
        total, left = (sum(one.file == file for one in some) for some in (mutants, survivors))
        print(f"{file:32} {total - left:5} of {total:5} caught")
    share = 1 - len(survivors) / max(1, len(mutants))
    print(f"{'all':32} {len(mutants) - len(survivors):5} of {len(mutants):5} caught: {share:.1%}")


if __name__ == "__main__":
    main()
