"""Run a chapter: ``python tutorials/run.py 03`` executes its python blocks in order and compares what they print.

In a chapter:
- a ``python`` block is code; all blocks of a chapter share one namespace;
- a ``text`` block right after it is what it prints, compared line by line;
- ``<!-- not compared -->`` before a text block marks timings and other numbers that differ between machines;
- ``<!-- source: nrms_np.model.backward -->`` before a python block says that it is that function, word for word;
- ``<!-- jit only -->`` anywhere says that the chapter makes no sense with the JIT off.

Figures are saved to images/tutorials/, relative to the current folder: run it from the top of the repository.
"""

from __future__ import annotations

import contextlib
import importlib
import inspect
import io
import re
import sys
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
BLOCK = re.compile(r"^```(python|text)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
MARK = re.compile(r"<!-- (not compared|source: \S+) -->\s*\Z")


@dataclass
class Block:
    """A python block of a chapter and the output that the chapter promises (None: none is shown)."""

    line: int
    code: str
    source: str | None  # the dotted name of the function that it copies
    expected: str | None = None


def chapters() -> list[Path]:
    return sorted(HERE.glob("[0-9][0-9]_*.md"))


def jit_only(chapter: Path) -> bool:
    return "<!-- jit only -->" in chapter.read_text(encoding="utf-8")


def read_blocks(chapter: Path) -> list[Block]:
    text = chapter.read_text(encoding="utf-8")
    blocks: list[Block] = []
    end = 0
    for match in BLOCK.finditer(text):
        between = text[end : match.start()]
        mark = MARK.search(between)
        kind = mark.group(1) if mark else ""
        if match.group(1) == "python":
            line = text[: match.start(2)].count("\n") + 1
            source = kind.removeprefix("source: ") if kind.startswith("source: ") else None
            blocks.append(Block(line, match.group(2), source))
        elif blocks and blocks[-1].expected is None and kind != "not compared" and not between.strip():
            blocks[-1].expected = match.group(2)
        end = match.end()
    return blocks


def library_source(name: str) -> str:
    """The source of nrms_np.module.function, decorators included."""
    module, function = name.rsplit(".", 1)
    found = getattr(importlib.import_module(module), function)
    return inspect.getsource(getattr(found, "py_func", found))


def run_chapter(chapter: Path) -> int:
    """Execute a chapter; returns the number of blocks. Raises AssertionError with file:line where it is not true."""
    namespace = {"__name__": "__chapter__"}
    blocks = read_blocks(chapter)
    for block in blocks:
        place = f"{chapter.name}:{block.line}"
        if block.source and block.code.strip() != library_source(block.source).strip():
            raise AssertionError(f"{place}: this block is no longer the source of {block.source}")
        printed = io.StringIO()
        code = "\n" * (block.line - 1) + block.code  # so that tracebacks show the chapter's own line numbers
        with contextlib.redirect_stdout(printed):
            exec(compile(code, str(chapter), "exec"), namespace)
        if block.expected is not None and _lines(printed.getvalue()) != _lines(block.expected):
            raise AssertionError(f"{place}: printed\n{printed.getvalue()}instead of\n{block.expected}")
    return len(blocks)


def _lines(text: str) -> list[str]:
    return [line.rstrip() for line in text.strip().splitlines()]


if __name__ == "__main__":
    wanted = sys.argv[1:] or [""]
    for chapter in (one for one in chapters() if any(one.name.startswith(name) for name in wanted)):
        print(f"{chapter.name}: {run_chapter(chapter)} blocks, all as printed")
