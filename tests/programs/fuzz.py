"""Fuzzing: ``python -m tests.programs.fuzz`` damages 20,000 files in every way it knows and reads them.

A damaged file must be refused with one clear line, or be read as it was before the damage. Texts may also be read as
something else that is legitimate (a changed title is a title), and so may a checkpoint or resume file whose checksums
were made anew. Anything else is a failure: another exception, a warning, a hang, other numbers in silence.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import json
import signal
import sys
import tempfile
import warnings
import zipfile
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from tqdm import tqdm

from nrms_np.app.checkpoint import Checkpoint, load_checkpoint, save_checkpoint
from nrms_np.app.run_folder import load_run, read_settings, save_state
from nrms_np.config import Config
from nrms_np.data import files
from nrms_np.data.demo import make_demo, write_demo
from nrms_np.data.lines import Notes
from nrms_np.data.read_mind import read_behaviors, read_news
from nrms_np.data.vectors import read_vectors
from nrms_np.data.vocabulary import UNKNOWN_WORD, Vocabulary
from nrms_np.errors import InputError, NonFiniteError
from nrms_np.fit import TrainingState
from nrms_np.model import init_parameters
from nrms_np.rng import generator

LIMIT = 10  # seconds for one file
CONFIG = Config(heads=2, head_size=2, query_size=3, word_size=4)


@dataclass(frozen=True)
class Kind:
    """A sort of file: its bytes, and how it is read to something that can be compared."""

    path: Path
    whole: bytes
    read: Callable[[], object]
    sealed: bool = False  # with a checksum: damage must be seen


def plain(thing: object) -> object:
    """Arrays and dataclasses as something that == compares."""
    if isinstance(thing, np.ndarray):
        return str(thing.dtype), thing.shape, thing.tobytes()
    if isinstance(thing, dict):
        return {name: plain(one) for name, one in thing.items()}
    if isinstance(thing, list | tuple):
        return [plain(one) for one in thing]
    if hasattr(thing, "__dataclass_fields__"):
        return {name: plain(getattr(thing, name)) for name in thing.__dataclass_fields__}
    return thing


def make_kinds(folder: Path) -> dict[str, Kind]:
    """A small right file of each sort."""
    write_demo(folder, make_demo(seed=1, users=8, news=500, train_impressions=12, dev_impressions=4))
    mind = folder / "train"
    vocabulary = Vocabulary([UNKNOWN_WORD, "storm", "harbour"])
    params = init_parameters(np.random.default_rng(0).normal(size=(3, 4)).astype(np.float32), CONFIG)
    save_checkpoint(folder / "c.npz", Checkpoint(params, vocabulary, CONFIG, ["U1"], {"N1": 2}, 1, "data"))
    save_state(folder / "resume.npz", TrainingState.start(params), CONFIG, "data")
    (folder / "v.txt").write_text("".join(f"word{n} {n}.5 -0.25 1e-3\n" for n in range(20)))
    plan = {"config": asdict(CONFIG), "train": None, "dev": None, "embeddings": None}
    (folder / "config.json").write_text(json.dumps(plan))
    words = Counter(f"word{n}" for n in range(20))
    news = read_news(mind / "news.tsv")

    def kind(path: Path, read: Callable[[], object], sealed: bool = False) -> Kind:
        return Kind(path, path.read_bytes(), read, sealed)

    return {
        "checkpoint": kind(folder / "c.npz", lambda: load_checkpoint(folder / "c.npz"), True),
        "resume": kind(folder / "resume.npz", lambda: load_run(folder, params, CONFIG, "data"), True),
        "news": kind(mind / "news.tsv", lambda: read_news(mind / "news.tsv")),
        "behaviors": kind(mind / "behaviors.tsv", lambda: read_behaviors(mind / "behaviors.tsv", news, Notes())),
        "vectors": kind(folder / "v.txt", lambda: read_vectors(folder / "v.txt", words)),
        "config": kind(folder / "config.json", lambda: read_settings(folder)),
    }


TOKENS = [b"\t", b"\n", b"\r\n", b"\0", b" ", b"-1", b"-2", b"N1", b"\xff\xfe", b"\xef\xbb\xbf", b"nan", b"1e400", b"{"]


def damage(whole: bytes, rng: np.random.Generator) -> bytes:
    """One to three changes at random places."""
    data = bytearray(whole)
    for _ in range(rng.integers(1, 4)):
        if not data:
            break
        start, end = sorted(int(one) for one in rng.integers(0, len(data) + 1, 2))
        end = min(end, start + int(rng.integers(1, 64)))
        match rng.integers(7):
            case 0:  # flip a bit
                data[min(start, len(data) - 1)] ^= 1 << int(rng.integers(8))
            case 1:  # cut off
                del data[start:]
            case 2:  # lose a piece
                del data[start:end]
            case 3:  # a piece twice
                data[start:start] = data[start:end]
            case 4:  # a piece goes elsewhere
                piece = bytes(data[start:end])
                del data[start:end]
                place = int(rng.integers(len(data) + 1))
                data[place:place] = piece
            case 5:  # random bytes
                data[start:end] = rng.bytes(end - start)
            case 6:  # a token that matters
                data[start:start] = TOKENS[rng.integers(len(TOKENS))]
    return bytes(data)


def damage_array(whole: bytes, rng: np.random.Generator) -> bytes:
    """The header or the numbers of another array damaged, as if saved like this: the zip itself is right."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(whole)) as old, zipfile.ZipFile(out, "w") as new:
        new.comment = old.comment
        chosen = "header.npy" if rng.integers(2) else rng.choice(old.namelist())
        for name in old.namelist():
            array = np.load(old.open(name))
            if name == chosen == "header.npy":
                array = np.frombuffer(damage(array.tobytes(), rng), np.uint8)
            elif name == chosen:  # of the same shape
                data = (damage(array.tobytes(), rng) + array.tobytes())[: array.nbytes]
                array = np.frombuffer(data, array.dtype).reshape(array.shape)
            with new.open(zipfile.ZipInfo(name), "w") as file:
                np.save(file, array)
    return out.getvalue()


def seal(data: bytes) -> bytes:
    """A right checksum at the end, as anybody can compute one."""
    return data[: -files.DIGEST] + hashlib.sha256(data[: -files.DIGEST]).hexdigest().encode()


def _alarm(seconds: int) -> None:
    """An error after so many seconds, 0: none. Windows has no such signal: there a hang is not ended."""
    if hasattr(signal, "SIGALRM"):
        signal.signal(signal.SIGALRM, _too_long)
        signal.alarm(seconds)


def _too_long(*_: object) -> None:
    raise TimeoutError(f"more than {LIMIT} seconds")


def outcome(kind: Kind, data: bytes, right: object, may_differ: bool) -> str:
    """ "refused", "the same" or "another". Raises AssertionError or what the reader raised for a failure."""
    kind.path.write_bytes(data)
    _alarm(LIMIT)
    try:
        found = plain(kind.read())
    except (InputError, NonFiniteError) as error:
        assert len(str(error).splitlines()) == 1, f"not one line: {error}"
        return "refused"
    finally:
        _alarm(0)
        kind.path.write_bytes(kind.whole)
    if found == right:
        return "the same"
    assert may_differ, "read as something else, in silence"
    return "another"


def fuzz(numbers: range, seed: int) -> tuple[Counter, list[str]]:
    """How often each (kind, outcome) came, and the failures."""
    counts: Counter = Counter()
    failures = []
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("error")
        kinds = make_kinds(Path(folder))
        right = {name: plain(kind.read()) for name, kind in kinds.items()}
        for n in tqdm(numbers, unit=" files", leave=False):
            rng = generator(seed, "fuzz", n)
            name = list(kinds)[n % len(kinds)]
            kind, before = kinds[name], right[name]
            way = rng.integers(4) if kind.sealed else 0
            data = damage_array(kind.whole, rng) if way > 1 else damage(kind.whole, rng)
            if way % 2:
                data = seal(data)
            name += ("", ", sealed anew", ", an array", ", an array, sealed anew")[way]
            try:
                counts[name, outcome(kind, data, before, not kind.sealed or way % 2 == 1)] += 1
            except Exception as error:
                failures.append(f"--seed {seed} --only {n}: {name}: {type(error).__name__}: {error}")
    return counts, failures


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.programs.fuzz", description=__doc__.split("\n")[0])
    parser.add_argument("--inputs", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", type=int, metavar="N", help="input number N alone")
    args = parser.parse_args()
    numbers = range(args.inputs) if args.only is None else range(args.only, args.only + 1)
    counts, failures = fuzz(numbers, args.seed)
    outcomes = ("refused", "the same", "another")
    print(f"{'':<34}" + "".join(f"{one:>10}" for one in outcomes))
    for name in sorted({name for name, _ in counts}):
        print(f"{name:<34}" + "".join(f"{counts[name, one]:>10,}" for one in outcomes))
    print("\n".join([*failures[:20], f"{len(failures)} failures in {len(numbers):,} inputs"]))
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
