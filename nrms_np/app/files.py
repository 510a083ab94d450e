"""Files of a run: a reader finds the old bytes or the new ones, never half of them, and arrays carry a checksum."""

from __future__ import annotations

import errno
import hashlib
import json
import math
import os
import re
import warnings
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO, TypeVar
from zipfile import ZIP_STORED, ZipFile, ZipInfo

import numpy as np

from ..errors import InputError, NonFiniteError, OutputError

FORMAT = 3
READABLE = (2, 3)
DIGEST = 64  # hexadecimal digits of SHA-256, the last bytes of a file of arrays
LABEL = re.compile(rb"nrms_np (\w+) format (\d+) sha256 ([0-9a-f]{64})\Z")
DTYPES = [np.dtype(name) for name in ("<f4", "<f8", "<i8", "u1")]  # all that is ever written
Arrays = dict[str, np.ndarray]
T = TypeVar("T")


def write_file(path: Path, write: Callable[[BinaryIO], object]) -> None:
    """Write beside, flush to disk, rename: ``path`` holds the old bytes or the new ones, never a part.

    Raises OutputError when that fails: disk full, no permission. The old bytes are there then, and no ``.part``.
    """
    temporary = path.with_name(path.name + ".part")
    left = "what was there before is intact"
    try:
        with open(temporary, "w+b") as file:
            write(file)
            file.flush()
            _sync(file.fileno())
        left = (
            "what is there is the old file or the new one"  # a network file system can rename and yet report an error
        )
        os.replace(temporary, path)
        _sync_folder(path.parent)  # the new name is on disk too
    except BaseException as error:
        with suppress(OSError):  # a read-only folder refuses this as well
            temporary.unlink()
        if isinstance(error, OSError):
            raise OutputError(f"{path}: cannot be written ({error.strerror or error}); {left}") from None
        raise


def _sync(handle: int) -> None:
    """Flush a file to disk, where its file system can."""
    try:
        os.fsync(handle)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOSYS, errno.ENOTSUP):
            raise


def _sync_folder(folder: Path) -> None:
    """Flush the names in a folder, where the system can: Windows opens no folder, some file systems flush none."""
    with suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


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
            for name, array in {"header": to_bytes(json.dumps(header)), **arrays}.items():
                with archive.open(f"{name}.npy", "w", force_zip64=True) as member:
                    np.lib.format.write_array(member, np.ascontiguousarray(array), allow_pickle=False)
        digest = _digest(file)
        file.seek(-DIGEST, os.SEEK_END)
        file.write(digest)

    write_file(Path(path), write)


def load_arrays(path: Path, kind: str, parse: Callable[[dict[str, Any], Arrays], T]) -> T:
    """``parse(header, arrays)`` of a file that ``save_arrays`` wrote as this ``kind``; header["format"] is its format.

    The file is not trusted. First the checksum of all bytes is compared. Then, because anybody can compute a checksum,
    a member must be plain (not compressed, not pickled, no larger than the file) and hold just the bytes that its shape
    and dtype ask for, so nothing is allocated that is not there. ``parse`` checks names and shapes: it raises
    ValueError, KeyError or the like for what it does not accept. Raises InputError for all of this.
    """
    path = Path(path)
    if not path.exists():
        raise InputError(f"{path}: no such {kind} file")
    if not path.is_file():
        raise InputError(f"{path}: not a file")
    try:
        with open(path, "rb") as file:
            number = _check_label(file, kind)
            header, arrays = _read_members(file)
        return parse({**header, "format": number}, arrays)
    except InputError:
        raise
    except Exception as error:  # zipfile, NumPy and json raise errors of many kinds for bytes that were made by hand
        raise InputError(f"{path}: not a {kind} file, or damaged ({error})") from None


def _check_label(file: BinaryIO, kind: str) -> int:
    """The format. Raises ValueError unless the file is of this kind, with all its bytes as they were written."""
    file.seek(max(0, file.seek(0, os.SEEK_END) - 2 * DIGEST))
    label = LABEL.search(file.read())
    if not label:
        raise ValueError("its end is missing, or it never was one")
    found, number, digest = label[1].decode(), int(label[2]), label[3]
    if found != kind:
        raise ValueError(f"it is a {found} file")
    if number not in READABLE:
        raise ValueError(f"it has format {number}, this version reads formats {' and '.join(map(str, READABLE))}")
    if digest != _digest(file):
        raise ValueError("the checksum differs: its bytes have changed since it was written")
    return number


def _digest(file: BinaryIO) -> bytes:
    """SHA-256 of all bytes but the last DIGEST, in hexadecimal."""
    left = file.seek(0, os.SEEK_END) - DIGEST
    file.seek(0)
    digest = hashlib.sha256()
    while left > 0:
        piece = file.read(min(left, 2**20))
        digest.update(piece)
        left = left - len(piece) if piece else 0
    return digest.hexdigest().encode()


def _read_members(file: BinaryIO) -> tuple[dict[str, Any], Arrays]:
    size = file.seek(0, os.SEEK_END)
    with ZipFile(file) as archive:
        members = archive.infolist()
        plain = [member.compress_type == ZIP_STORED and member.compress_size == member.file_size for member in members]
        if not all(plain) or sum(member.file_size for member in members) > size:
            raise ValueError("a member is compressed, or larger than the file")
        if len({member.filename for member in members}) < len(members):
            raise ValueError("two members have the same name")
        arrays = {member.filename.removesuffix(".npy"): _read_array(archive, member) for member in members}
    return json.loads(text_of(arrays.pop("header"))), arrays


def _read_array(archive: ZipFile, member: ZipInfo) -> np.ndarray:
    with archive.open(member) as file:
        if not member.filename.endswith(".npy") or np.lib.format.read_magic(file) != (1, 0):
            raise ValueError(f"{member.filename}: not an array")
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # what a header made by hand is warned of is nothing that was written here
            shape, fortran_order, dtype = np.lib.format.read_array_header_1_0(file)
        data = bytearray(file.read())  # at most as long as the file
    if fortran_order or dtype not in DTYPES or math.prod(shape) * dtype.itemsize != len(data):
        raise ValueError(f"{member.filename}: shape {shape} and type {dtype} do not fit its {len(data)} bytes")
    return np.frombuffer(data, dtype).reshape(shape)


def check_arrays(arrays: Arrays, shapes: dict[str, tuple[int, ...]], dtype: np.dtype) -> None:
    """Raises ValueError unless these names are there, with these shapes and this dtype, NonFiniteError for a NaN."""
    for name in sorted(arrays.keys() ^ shapes.keys()):
        raise ValueError(f"{name} {'is missing' if name in shapes else 'is not expected'}")
    for name, array in arrays.items():
        if array.shape != shapes[name] or array.dtype != dtype:
            raise ValueError(f"{name} is {array.dtype} {array.shape}, expected {dtype} {shapes[name]}")
        if not np.isfinite(array).all():
            raise NonFiniteError(f"{name} is not finite")


def to_bytes(text: str) -> np.ndarray:
    return np.frombuffer(text.encode(), np.uint8)


def text_of(array: np.ndarray) -> str:
    return array.tobytes().decode()
