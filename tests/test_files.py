"""Files of a run: never half written, and nothing in a file made by hand can do harm."""

import hashlib
import io
import json
import os
import threading
import zipfile
from pathlib import Path

import numpy as np
import pytest

from nrms_np.data.files import DIGEST, open_arrays, save_arrays, write_file, write_text
from nrms_np.errors import InputError, NonFiniteError, OutputError
from tests.helpers import make_link


def load(path):
    with open_arrays(path, "thing") as (header, arrays):
        return header, arrays


def test_arrays_come_back(tmp_path):
    arrays = {"a.b": np.arange(6, dtype=np.float32).reshape(2, 3), "none": np.empty((0, 4)), "text": np.zeros(2, "u1")}
    save_arrays(tmp_path / "x.npz", "thing", {"n": [1, None]}, arrays)
    header, loaded = load(tmp_path / "x.npz")
    assert header == {"n": [1, None], "format": 3}
    assert loaded.keys() == arrays.keys()
    for name, one in arrays.items():
        assert (loaded[name].dtype, loaded[name].shape) == (one.dtype, one.shape)
        np.testing.assert_array_equal(loaded[name], one)
    with np.load(tmp_path / "x.npz") as file:  # an ordinary .npz for everybody else
        np.testing.assert_array_equal(file["a.b"], arrays["a.b"])


def test_what_is_not_finite_is_not_written(tmp_path):
    for bad in (np.nan, np.inf):
        with pytest.raises(NonFiniteError, match="w is not finite"):
            save_arrays(tmp_path / "x.npz", "thing", {}, {"w": np.array([bad])})
    assert os.listdir(tmp_path) == []


def sealed(path, members, header=b"{}"):
    """A zip of any members with a right label and checksum: what somebody could make by hand."""
    with zipfile.ZipFile(path, "w") as archive:
        archive.comment = b"nrms_np thing format 3 sha256 " + b"0" * DIGEST
        for name, data in [("header.npy", npy(np.frombuffer(header, np.uint8))), *members]:
            archive.writestr(name, data)
    data = path.read_bytes()[:-DIGEST]
    path.write_bytes(data + hashlib.sha256(data).hexdigest().encode())


def npy(array):
    out = io.BytesIO()
    np.lib.format.write_array(out, array, allow_pickle=True)
    return out.getvalue()


def npy_header(shape):
    out = io.BytesIO()
    np.lib.format.write_array_header_1_0(out, {"shape": shape, "fortran_order": False, "descr": "<f4"})
    return out.getvalue() + b"\0" * 8


class Evil:
    """Unpickling it makes a folder."""

    def __init__(self, folder):
        self.folder = str(folder)

    def __reduce__(self):
        return os.mkdir, (self.folder,)


BAD_MEMBERS = {
    "more numbers than an integer can count": [("w.npy", npy_header((10**9,) * 9))],
    "fewer bytes than the shape": [("w.npy", npy_header((3,)))],
    "a broken header": [("w.npy", b"\x93NUMPY\x01\x00\x10\x00{'descr': (((((")],
    "two headers": [("header.npy", npy(np.frombuffer(b"[]", np.uint8)))],
}


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize("case", BAD_MEMBERS)
def test_members_made_by_hand_are_refused(tmp_path, case):
    sealed(tmp_path / "x.npz", BAD_MEMBERS[case])
    with pytest.raises(InputError, match="x.npz: not a thing file, or damaged") as error:
        load(tmp_path / "x.npz")
    assert len(str(error.value).splitlines()) == 1


def test_the_same_way_of_making_a_good_member_is_accepted(tmp_path):
    """Otherwise the test above could pass for another reason."""
    sealed(tmp_path / "x.npz", [("w.npy", npy_header((2,)))])
    _, arrays = load(tmp_path / "x.npz")
    np.testing.assert_array_equal(arrays["w"], np.zeros(2, np.float32))


def test_pickles_are_refused(tmp_path):
    sealed(tmp_path / "x.npz", [("w.npy", npy(np.array([Evil(tmp_path / "made")], dtype=object)))])
    with pytest.raises(InputError, match="x.npz"):
        load(tmp_path / "x.npz")
    assert not (tmp_path / "made").exists()


@pytest.mark.parametrize("header", [b"no json", b"[" * 100_000, b'{"a": ' + b"9" * 5000 + b"}", b"\xff"])
def test_headers_made_by_hand_are_refused(tmp_path, header):
    sealed(tmp_path / "x.npz", [], header=header)
    with pytest.raises(InputError, match="x.npz: not a thing file, or damaged"):
        load(tmp_path / "x.npz")


def test_a_file_without_header(tmp_path):
    np.savez(tmp_path / "x.npz", weights=np.zeros(3))
    np.save(tmp_path / "x.npy", np.zeros(3))
    for name in ("x.npz", "x.npy"):
        with pytest.raises(InputError, match=f"{name}: .*its end is missing, or it never was one"):
            load(tmp_path / name)


@pytest.mark.parametrize(
    ("error", "raised"),
    [
        (OSError(28, "No space left on device"), OutputError),
        (OSError("disk full"), OutputError),
        (KeyboardInterrupt(), KeyboardInterrupt),
    ],
)
@pytest.mark.parametrize("at", ["write", "fsync", "replace"])
def test_a_failing_write_leaves_the_old_file(tmp_path, monkeypatch, error, raised, at):
    path = tmp_path / "weights"
    path.write_bytes(b"old")

    def fail(*_):
        raise error

    def write(file):
        file.write(b"half of the new")
        if at == "write":
            fail()

    if at != "write":
        monkeypatch.setattr(os, at, fail)
    with pytest.raises(raised) as stop:
        write_file(path, write)
    if raised is OutputError:
        assert "weights: cannot be written (" in str(stop.value)
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["weights"]  # no .part


def test_old_bytes_are_there_until_the_new_ones_are_complete(tmp_path, monkeypatch):
    path, events = tmp_path / "weights", []
    path.write_bytes(b"old")
    replace, fsync = os.replace, os.fsync

    def see(name, call):
        def seen(*args):
            events.append((name, path.read_bytes()))
            return call(*args)

        return seen

    monkeypatch.setattr(os, "replace", see("replace", replace))
    monkeypatch.setattr(os, "fsync", see("fsync", fsync))
    write_file(path, lambda file: file.write(b"new"))
    assert path.read_bytes() == b"new"
    # the content is on disk before the name is, and then the name (of the folder's new entry)
    of_folder = [] if os.name == "nt" else [("fsync", b"new")]  # Windows opens no folder
    assert events == [("fsync", b"old"), ("replace", b"old"), *of_folder]


def test_write_text_is_utf8_without_newline_translation(tmp_path):
    write_text(tmp_path / "a.txt", "ä\nb\n")
    assert (tmp_path / "a.txt").read_bytes() == b"\xc3\xa4\nb\n"
    assert os.listdir(tmp_path) == ["a.txt"]


def test_the_label_says_what_a_file_is(tmp_path):
    save_arrays(tmp_path / "x.npz", "thing", {"a": 1}, {})
    with zipfile.ZipFile(tmp_path / "x.npz") as archive:
        assert archive.comment.startswith(b"nrms_np thing format 3 sha256 ")
        assert json.loads(np.load(io.BytesIO(archive.read("header.npy"))).tobytes()) == {"a": 1}


def test_a_link_stays_and_its_target_is_written(tmp_path):
    (tmp_path / "real").mkdir()
    make_link(tmp_path / "link", tmp_path / "real" / "file")
    write_text(tmp_path / "link", "new")
    assert (tmp_path / "link").is_symlink() and (tmp_path / "real" / "file").read_text() == "new"
    assert [path.name for path in (tmp_path / "real").iterdir()] == ["file"]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
def test_a_pipe_is_written_into_and_not_replaced(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = threading.Thread(target=lambda: found.append(pipe.read_text()), daemon=True)
    found = []
    reader.start()
    write_text(pipe, "through")
    reader.join(10)
    assert found == ["through"] and pipe.is_fifo()


@pytest.mark.skipif(not Path("/dev/fd").exists(), reason="no /dev/fd here")
def test_the_file_behind_an_open_stream_is_not_replaced(tmp_path):
    with open(tmp_path / "output", "w+") as output:
        output.write("before")
        output.flush()
        with pytest.raises(OutputError, match="leads into .*output; give the name of a file of its own"):
            write_text(Path(f"/dev/fd/{output.fileno()}"), "new")
    assert (tmp_path / "output").read_text() == "before"
