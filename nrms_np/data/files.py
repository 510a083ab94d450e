"""Writing files: a reader finds the old bytes or the new ones, never half of them, and arrays carry a checksum."""

import errno
import hashlib
import io
import json
import os
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO
from zipfile import ZipFile

import numpy as np

from ..errors import InputError, NonFiniteError, OutputError

FORMAT = 3
READABLE = (2, 3)
DIGEST = 64  # hexadecimal digits of SHA-256, the last bytes of a file of arrays
LABEL = re.compile(rb"nrms_np (\w+) format (\d+) sha256 ([0-9a-f]{64})\Z")
Arrays = dict[str, np.ndarray]


def write_file(path: Path, write: Callable[[BinaryIO], object]) -> None:
    """Write beside, flush to disk, rename: ``path`` holds the old bytes or the new ones, never a part.

    A link stays, and a device or a pipe is written into. Raises OutputError when writing fails: disk full, no
    permission. The old bytes are there then, and no ``.part``.
    """
    target, left = Path(os.path.realpath(path)), "what was there before is intact"
    if path.is_relative_to("/dev") and target.is_file():
        raise OutputError(f"{path}: leads into {target}; give the name of a file of its own")
    if path.exists() and not path.is_file():
        return _write_into(path, write)
    temporary = target.with_name(target.name + ".part")
    try:
        temporary.unlink(missing_ok=True)  # another process may be writing into it: let that have its own
        with open(temporary, "w+b") as file:
            write(file)
            file.flush()
            _sync(file.fileno())
        left = "what is there is the old file or the new one"  # a network can rename and yet report an error
        _rename(temporary, target)
        with suppress(OSError):  # the new name is on disk too; Windows opens no folder, some file systems flush none
            folder = os.open(target.parent, os.O_RDONLY)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)
    except OSError as error:
        raise OutputError(f"{path}: cannot be written ({error.strerror or error}); {left}") from None
    finally:
        with suppress(OSError):  # after the rename there is none, and a read-only folder refuses this as well
            temporary.unlink()


def _write_into(path: Path, write: Callable[[BinaryIO], object]) -> None:
    """Write into a device or a pipe."""
    try:
        with open(path, "wb") as file:
            write(file)
    except OSError as error:
        raise OutputError(f"{path}: cannot be written ({error.strerror or error})") from None


def _rename(old: Path, new: Path) -> None:
    """Windows refuses this while another program has ``new`` open, as a virus scanner does for a moment: try again."""
    for pause in (0.01, 0.1, 1):
        try:
            return os.replace(old, new)
        except PermissionError:
            time.sleep(pause)
    os.replace(old, new)


def _sync(handle: int) -> None:
    """Flush a file to disk, where its file system can."""
    try:
        os.fsync(handle)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOSYS, errno.ENOTSUP):
            raise


def write_text(path: Path, text: str) -> None:
    write_file(path, lambda file: file.write(text.encode()))


def save_arrays(path: Path, kind: str, header: dict[str, Any], arrays: Arrays) -> None:
    """Write ``header`` (as JSON) and named arrays to one .npz without pickles; equal content gives equal bytes.

    The comment of the zip says what it is, "nrms_np <kind> format 3 sha256 <digest>"; the digest, which ends the file,
    is that of all bytes before it. Raises NonFiniteError, before anything is written, when a number is not finite.
    """
    for name, array in arrays.items():
        if not np.isfinite(array).all():
            raise NonFiniteError(f"{name} is not finite, so {path} was not written")

    def write(file: BinaryIO) -> None:
        with ZipFile(file, "w") as archive:
            archive.comment = f"nrms_np {kind} format {FORMAT} sha256 {'0' * DIGEST}".encode()
            header_bytes = np.frombuffer(json.dumps(header).encode(), np.uint8)
            for name, array in {"header": header_bytes, **arrays}.items():
                with archive.open(f"{name}.npy", "w", force_zip64=True) as member:
                    np.lib.format.write_array(member, np.ascontiguousarray(array), allow_pickle=False)
        file.truncate(file.seek(-DIGEST, os.SEEK_END))
        file.seek(0)
        file.write(hashlib.file_digest(file, "sha256").hexdigest().encode())  # type: ignore[arg-type]

    write_file(Path(path), write)


@contextmanager
def open_arrays(path: Path, kind: str) -> Iterator[tuple[dict[str, Any], Arrays]]:
    """The header and the arrays of a file that ``save_arrays`` wrote as this ``kind``; header["format"] is its format.

    Who reads it checks names and shapes, and raises ValueError, KeyError or the like for what does not fit. Raises
    InputError for that, and for a file that is missing, of another kind or format, or not as it was written.
    """
    path = Path(path)
    if not path.is_file():
        other = f"a folder; give the {kind} file in it" if path.is_dir() else "not a file"
        raise InputError(f"{path}: {other if path.exists() else f'no such {kind} file'}")
    try:
        with open(path, "rb") as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - 2 * DIGEST))
            label = LABEL.search(file.read())
            if not label:
                raise ValueError("its end is missing, or it never was one")
            found, number = label[1].decode(), int(label[2])
            if found != kind or number not in READABLE:
                readable = f"formats {' and '.join(map(str, READABLE))} of a {kind} file"
                raise ValueError(f"it is a {found} file of format {number}; read are {readable}")
            file.seek(0)
            data = file.read()
        if label[3].decode() != hashlib.sha256(memoryview(data)[:-DIGEST]).hexdigest():
            raise ValueError("the checksum differs: its bytes have changed since it was written")
        arrays = dict(np.load(io.BytesIO(data), allow_pickle=False))
        yield {**json.loads(arrays.pop("header").tobytes()), "format": number}, arrays
    except InputError:
        raise
    except Exception as error:  # anybody can compute a checksum: zipfile, NumPy and json raise errors of many kinds
        raise InputError(f"{path}: not a {kind} file, or damaged ({error})") from None
