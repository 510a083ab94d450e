"""Run chapters: ``python tutorials/run.py 03`` executes the python blocks of chapter 03 in order and compares what
they print with what the chapter shows.

In a chapter:
- a ``python`` block is code; all blocks of a chapter share one namespace;
- a ``text`` block right after it is what it prints, compared line by line;
- ``<!-- not compared -->`` before a text block marks timings and other numbers that differ between machines;
- ``<!-- source: nrms_np.model.backward -->`` before a python block says that it is that function, word for word;
- ``<!-- jit only -->`` anywhere says that the chapter makes no sense, or takes minutes, with the JIT off.

The code runs in an empty temporary folder, so it changes no file here. Its pictures go to runs/tutorials/.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib
import inspect
import io
import os
import re
import sys
import tempfile
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path

import matplotlib
import matplotlib.pyplot as plt

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
BLOCK = re.compile(r"^```(python|text)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
MARK = re.compile(r"<!-- (not compared|source: \S+) -->\s*\Z")

os.environ.setdefault("TQDM_DISABLE", "1")  # no progress bars between the outputs
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))  # so that a chapter finds tutorials.figures, as a notebook at the top does


class NotTrueError(AssertionError):
    """A chapter shows what its code does not print, or quotes a function that has changed."""


@dataclass
class Block:
    """A python block of a chapter and the output that the chapter shows (None: none is shown)."""

    line: int
    code: str
    source: str | None  # the dotted name of the function that it copies
    expected: str | None = None
    compared: bool = True


def chapters() -> list[Path]:
    return sorted(HERE.glob("[0-9][0-9]*_*.md"))  # 09_ comes before 09b_


def number_of(chapter: Path) -> str:
    return chapter.name.split("_")[0]


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
        elif blocks and blocks[-1].expected is None and not MARK.sub("", between).strip():
            blocks[-1].expected, blocks[-1].compared = match.group(2), kind != "not compared"
        end = match.end()
    return blocks


def library_source(name: str) -> str:
    """The source of nrms_np.module.function, decorators included."""
    module, function = name.rsplit(".", 1)
    found = getattr(importlib.import_module(module), function)
    return inspect.getsource(getattr(found, "py_func", found))


def run_block(block: Block, chapter: Path, namespace: dict) -> str:
    """Execute one block; returns what it prints. Its pictures are closed: nobody looks at them here."""
    printed = io.StringIO()
    code = "\n" * (block.line - 1) + block.code  # so that tracebacks show the chapter's own line numbers
    with contextlib.redirect_stdout(printed):
        exec(compile(code, str(chapter), "exec", dont_inherit=True), namespace)
    plt.close("all")
    return printed.getvalue()


def run_chapter(chapter: Path, pictures: Path | None = None, show: bool = False) -> int:
    """Execute a chapter; returns the number of blocks. Raises NotTrueError with file:line.

    Pictures are saved in the folder ``pictures``, if there is one. With ``show`` each block's output is printed beside
    the book's, and a difference is no error.
    """
    matplotlib.use("Agg")
    pictures = pictures and pictures.resolve()
    importlib.import_module("tutorials.figures").FOLDER = pictures
    namespace = {"__name__": "__chapter__"}
    blocks = read_blocks(chapter)
    with tempfile.TemporaryDirectory() as scratch, contextlib.chdir(scratch):
        old_style_pictures(Path(scratch), pictures)
        for block in blocks:
            place = f"{chapter.name}:{block.line}"
            if block.source and block.code.strip() != library_source(block.source).strip():
                raise NotTrueError(f"{place}: this block is no longer the source of {block.source}")
            printed = run_block(block, chapter, namespace)
            if show:
                print(side_by_side(place, block, printed), flush=True)
            elif block.compared and block.expected is not None and _lines(printed) != _lines(block.expected):
                raise NotTrueError(f"{place}: printed\n{printed}instead of\n{block.expected}")
    return len(blocks)


def side_by_side(place: str, block: Block, printed: str) -> str:
    """What a block printed beside what the book shows."""
    here, book = _lines(printed), _lines(block.expected or "")
    if here == book:
        return f"{place}: same\n{printed.rstrip()}" if here else f"{place}: prints nothing"
    remark = "different" if block.compared and block.expected is not None else "different, as it may be"
    width = max(map(len, ["the book", *book]))
    lines = [f"  {'the book':<{width}} | here"]
    for one, other in zip_longest(book, here, fillvalue=""):
        lines.append(f"{' ' if one == other else '*'} {one:<{width}} | {other}")
    return "\n".join([f"{place}: {remark}", *lines])


def _lines(text: str) -> list[str]:
    return [line.rstrip() for line in text.strip().splitlines()]


def old_style_pictures(scratch: Path, pictures: Path | None) -> None:
    """For chapters that still save their pictures themselves, in images/tutorials/ below the current folder."""
    (scratch / "images").mkdir()
    if pictures:
        pictures.mkdir(parents=True, exist_ok=True)
        (scratch / "images" / "tutorials").symlink_to(pictures)
    else:
        (scratch / "images" / "tutorials").mkdir()


def main() -> None:
    parser = argparse.ArgumentParser(description="Run chapters and compare what they print with what they show.")
    parser.add_argument("numbers", nargs="*", metavar="NN", help="chapters, for example 03 09b; default: all")
    parser.add_argument("--show", action="store_true", help="print each block's output beside the book's")
    parser.add_argument("--images", action="store_true", help="renew the pictures in images/tutorials/")
    args = parser.parse_args()
    found = {number_of(one): one for one in chapters()}
    unknown = [number for number in args.numbers if number not in found]
    if unknown:
        parser.error(f"there is no chapter {unknown[0]}; there are {' '.join(found)}")
    pictures = ROOT / ("images" if args.images else "runs") / "tutorials"
    for number in args.numbers or found:
        try:
            blocks = run_chapter(found[number], pictures, args.show)
        except NotTrueError as error:
            sys.exit(str(error))
        print(f"{found[number].name}: {blocks} blocks" + ("" if args.show else ", all as printed"))


if __name__ == "__main__":
    main()
