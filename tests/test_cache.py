"""What is kept of a MIND folder: right, whole, or not used."""

import errno
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from nrms_np.data import files
from nrms_np.data import read_folder as library
from nrms_np.data.demo import make_demo, write_demo
from nrms_np.data.lines import Notes
from nrms_np.data.read_folder import read_folder
from nrms_np.data.read_mind import read_behaviors, read_news
from nrms_np.data.vocabulary import Tokens
from nrms_np.errors import InputError
from tests.helpers import environment, make_link


@pytest.fixture(scope="module")
def made():
    return make_demo(seed=3, users=60, news=500, train_impressions=80, dev_impressions=40)


@pytest.fixture
def folder(made, tmp_path, monkeypatch):
    monkeypatch.setattr(library, "LEAST_BYTES", 0)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "home"))
    write_demo(tmp_path, made)
    return tmp_path / "train"


@pytest.fixture
def reads(monkeypatch):
    """The news files that were read as text."""
    found = []
    read = library.read_news
    monkeypatch.setattr(library, "read_news", lambda path, notes: found.append(path) or read(path, notes))
    return found


def read_text(folder):
    """What the text files say, without a cache."""
    notes = Notes()
    news = read_news(folder / "news.tsv", notes)
    return news, read_behaviors(folder / "behaviors.tsv", news, notes), notes.lines()


def contents(data):
    news, behaviors = data[:2]
    assert news.tokens.words == Tokens.from_titles(news.titles).words
    lists = [news.tokens.titles, behaviors.histories, behaviors.candidates]
    return [news.ids, news.categories, news.titles, news.number, behaviors.text_columns(),
            None if behaviors.labels is None else behaviors.labels.tolist(),
            [(ragged.values.tolist(), ragged.offsets.tolist()) for ragged in lists]]  # fmt: skip


def caches(place):
    return sorted(place.glob("nrms_np_cache.*"))


def test_read_once_and_the_same_afterwards(folder, reads, tmp_path):
    truth = contents(read_text(folder))
    first, second = read_folder(folder), read_folder(folder)
    assert reads == [folder / "news.tsv"]
    assert contents(first) == contents(second) == truth
    assert first[1].candidates.values.dtype == np.int32 and first[1].labels.dtype == np.int8
    assert len(caches(folder)) == 1 and not (tmp_path / "home").exists()


def test_unlabelled_data(folder, reads):
    path = folder / "behaviors.tsv"
    path.write_text(path.read_text().replace("-0", "").replace("-1", ""))
    assert contents(read_folder(folder)) == contents(read_folder(folder))
    assert len(reads) == 1 and read_folder(folder)[1].labels is None


def test_what_is_mapped_can_be_written_and_no_file_changes(folder):
    read_folder(folder)
    _, behaviors = read_folder(folder)
    before = behaviors.labels.tolist()
    assert all(array.flags.aligned for array in (behaviors.candidates.values, behaviors.candidates.offsets))
    behaviors.labels[:] = 7
    assert read_folder(folder)[1].labels.tolist() == before


def test_small_folders_have_no_cache(folder, reads, monkeypatch):
    monkeypatch.undo()
    read_folder(folder)
    assert caches(folder) == []


@pytest.mark.skipif(os.name == "nt", reason="Windows has no time of the last change of a file's status")
def test_another_file_of_the_same_size_and_time_is_noticed(folder, reads):
    read_folder(folder)
    path = folder / "behaviors.tsv"
    old = path.stat()
    swapped = path.read_bytes().replace(b"-1", b"-x").replace(b"-0", b"-1").replace(b"-x", b"-0")  # the labels
    path.write_bytes(swapped)
    os.utime(path, ns=(old.st_atime_ns, old.st_mtime_ns))
    assert (path.stat().st_size, path.stat().st_mtime_ns) == (old.st_size, old.st_mtime_ns)
    assert contents(read_folder(folder)) == contents(read_text(folder))
    assert len(caches(folder)) == 1  # the old one is gone


@pytest.mark.parametrize("change", [("FORMAT", 0), ("TOKEN", re.compile(r"\w"))])
def test_another_version_does_not_use_it(folder, reads, monkeypatch, change):
    read_folder(folder)
    monkeypatch.setattr(library, *change)
    read_folder(folder)
    assert len(reads) == 2


def test_what_was_left_out_is_said_each_time(folder, reads, capsys):
    path = folder / "behaviors.tsv"
    head, *rest = path.read_text().splitlines()
    first, second, time, history, shown = head.split("\t")
    path.write_text("\n".join(["\t".join([first, second, time, f"{history} GONE", shown]), *rest, ""]))
    said = []
    for _ in range(2):
        read_folder(folder)
        said.append(capsys.readouterr().err)
    assert said[0] == said[1] and "'GONE'" in said[0] and len(reads) == 1
    with pytest.raises(InputError, match="behaviors.tsv:1: news id 'GONE' is not in news.tsv"):
        read_folder(folder, strict=True)


def test_strict_reading_with_notes_writes_no_valid_cache_again(folder, reads):
    path = folder / "news.tsv"
    path.write_text(path.read_text() * 2)  # each article twice: a note and no error
    read_folder(folder)
    before = (folder / library.NAME).stat().st_mtime_ns
    read_folder(folder, strict=True)
    assert len(reads) == 2 and (folder / library.NAME).stat().st_mtime_ns == before


def flip(path, place):
    data = bytearray(path.read_bytes())
    data[place] ^= 1
    path.write_bytes(data)


DAMAGE = {
    "a byte of the texts": lambda path: flip(path, 100),
    "a byte of the arrays": lambda path: flip(path, -1000),
    "a byte of the checksum": lambda path: flip(path, -1),
    "cut off": lambda path: os.truncate(path, 2000),
    "longer": lambda path: path.write_bytes(path.read_bytes() + b"x"),
    "zeros": lambda path: path.write_bytes(bytes(4)),
    "empty": lambda path: os.truncate(path, 0),
    "missing": lambda path: path.unlink(),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_cache_is_rebuilt(folder, reads, damage):
    truth = contents(read_folder(folder))
    (path,) = caches(folder)
    DAMAGE[damage](path)
    assert contents(read_folder(folder)) == truth
    assert len(reads) == 2
    assert contents(read_folder(folder)) == truth
    assert len(reads) == 2 and caches(folder) == [path]


@pytest.fixture
def read_only(folder, monkeypatch):
    """The folder of the data cannot be written. (Root could, whatever its permissions.)"""

    def refuse(path, mode):
        if Path(path).parent == folder:
            raise PermissionError(errno.EACCES, "Permission denied")
        return open(path, mode)

    monkeypatch.setattr(files, "open", refuse, raising=False)


def test_where_the_data_cannot_be_written_the_users_folder_is_used(folder, read_only, reads, tmp_path, capsys):
    assert contents(read_folder(folder)) == contents(read_folder(folder))
    assert len(reads) == 1
    (other,) = (tmp_path / "home" / "nrms_np").iterdir()
    assert len(caches(other)) == 1 and caches(folder) == []
    assert capsys.readouterr().err == ""


def test_where_nothing_can_be_written_one_line_says_so(folder, read_only, reads, tmp_path, capsys):
    (tmp_path / "home").write_text("in the way")
    assert contents(read_folder(folder)) == contents(read_folder(folder))
    assert len(reads) == 2
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 2 and all("nothing is kept" in line and str(folder) in line for line in lines)


def test_a_user_without_a_home(folder, read_only, monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(library.os.path, "expanduser", lambda path: path)  # what it does when it finds none
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.chdir(tmp_path)
    read_folder(folder)
    assert "nothing is kept" in capsys.readouterr().err and not (tmp_path / "~").exists()


def test_a_full_disk_leaves_nothing(folder, tmp_path, monkeypatch, capsys):
    def full(_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(library.os, "fsync", full)
    read_folder(folder)
    assert caches(folder) == []
    assert "nothing is kept" in capsys.readouterr().err


def test_ctrl_c_leaves_nothing(folder, monkeypatch):
    def stop(_):
        raise KeyboardInterrupt

    monkeypatch.setattr(library.os, "fsync", stop)
    with pytest.raises(KeyboardInterrupt):
        read_folder(folder)
    assert caches(folder) == []


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
def test_a_pipe_in_its_place_is_not_waited_for(folder):
    os.mkfifo(folder / library.NAME)
    assert len(read_folder(folder)[0])


def test_nothing_is_written_through_a_link(folder, tmp_path):
    read_folder(folder)
    (path,) = caches(folder)
    (tmp_path / "elsewhere").write_text("mine")
    path.unlink()
    make_link(path, tmp_path / "elsewhere")
    read_folder(folder)
    assert (tmp_path / "elsewhere").read_text() == "mine" and not path.is_symlink()


def test_leavings_of_a_killed_process_are_overwritten(folder):
    (folder / f"{library.NAME}.part").write_text("half of a cache")
    data = read_folder(folder)
    assert caches(folder) == [folder / library.NAME] and contents(read_folder(folder)) == contents(data)


def test_where_an_old_one_cannot_be_replaced_the_users_folder_is_used(folder, reads, request, tmp_path):
    read_folder(folder)
    before = (folder / library.NAME).read_bytes()
    os.utime(folder / "news.tsv", (1, 1))
    request.getfixturevalue("read_only")
    assert contents(read_folder(folder)) == contents(read_folder(folder))
    assert len(reads) == 2 and (folder / library.NAME).read_bytes() == before


def test_two_processes_write_the_same_file(folder, monkeypatch, tmp_path, capsys):
    data = read_folder(folder)
    (path,) = caches(folder)
    before = path.read_bytes()
    assert library._save(path, library._made_of(folder), *read_text(folder)) and caches(folder) == [path]
    assert path.read_bytes() == before
    assert contents(data) == contents(read_folder(folder))  # what is mapped stays

    def taken(part, path):  # the other process has just renamed it
        replace(part, path)
        replace(part, path)

    replace = os.replace
    monkeypatch.setattr(os, "replace", taken)
    os.utime(folder / "news.tsv", (1, 1))
    read_folder(folder)
    assert caches(folder) == [path] and path.read_bytes() != before
    assert capsys.readouterr().err == "" and not (tmp_path / "home").exists()


def test_files_that_change_while_they_are_read_are_not_kept(folder, monkeypatch):
    read = library.read_behaviors

    def read_and_change(path, news, notes):
        os.utime(folder / "news.tsv", (1, 1))
        return read(path, news, notes)

    monkeypatch.setattr(library, "read_behaviors", read_and_change)
    read_folder(folder)
    assert caches(folder) == []


SCRIPT = """
import sys, zlib
from pathlib import Path
from nrms_np.data import read_folder as folder
folder.LEAST_BYTES = 0
sys.stdin.readline()
news, behaviors = folder.read_folder(Path(sys.argv[1]))
print(len(news), zlib.crc32(behaviors.candidates.values.tobytes()), zlib.crc32(behaviors.labels.tobytes()))
"""


@pytest.mark.slow
def test_processes_that_start_at_once(folder):
    command = [sys.executable, "-c", SCRIPT, str(folder)]
    running = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment(), text=True)
        for _ in range(4)
    ]
    for process in running:
        process.stdin.write("go\n")
        process.stdin.flush()
    printed = {process.communicate()[0] for process in running}
    assert all(process.returncode == 0 for process in running) and len(printed) == 1 and "500 " in printed.pop()
    assert len(caches(folder)) == 1
