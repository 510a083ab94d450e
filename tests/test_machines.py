"""Other machines: the one call that differs there is replaced. Locks, flushes, kernel caches, forks, fonts."""

import errno
import os
import shutil
import subprocess
import sys
import threading
import types
import warnings

import numpy as np
import pytest
from matplotlib import font_manager

from nrms_np.app import pictures, run_folder
from nrms_np.app.run_folder import claim
from nrms_np.data import files
from nrms_np.data.files import write_file
from nrms_np.errors import InputError, OutputError
from tests.helpers import ROOT, environment

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None
has_flock = pytest.mark.skipif(fcntl is None, reason="this system has no flock")


def raising(number):
    def call(*args):
        raise OSError(number, os.strerror(number))

    return call


@pytest.fixture
def windows(monkeypatch):
    """No fcntl, a msvcrt whose locks are those of the test, no folder handles."""
    held, opened = set(), os.open

    def locking(handle, mode, count):
        assert (mode, count) == (2, 1)
        where = os.fstat(handle).st_ino
        if where in held:
            raise PermissionError(errno.EACCES, "Permission denied")
        held.add(where)

    def open_no_folder(path, flags, *rest, **options):
        if os.path.isdir(path):
            raise PermissionError(errno.EACCES, "Permission denied")
        return opened(path, flags, *rest, **options)

    monkeypatch.setitem(sys.modules, "fcntl", None)
    monkeypatch.setitem(sys.modules, "msvcrt", types.SimpleNamespace(locking=locking, LK_NBLCK=2))
    monkeypatch.setattr(os, "open", open_no_folder)
    return held


def test_the_lock_of_windows(windows, tmp_path):
    with claim(tmp_path):
        (tmp_path / "config.json").write_text("{}")
        assert len(windows) == 1
        with pytest.raises(InputError, match="another process is training in it"), claim(tmp_path):
            pass


def test_a_share_of_windows_without_locks(windows, tmp_path, monkeypatch):
    monkeypatch.setattr(sys.modules["msvcrt"], "locking", raising(errno.EINVAL))
    with claim(tmp_path):
        pass


def test_files_are_written_where_a_folder_cannot_be_opened(windows, tmp_path):
    write_file(tmp_path / "a", lambda file: file.write(b"new"))
    assert (tmp_path / "a").read_bytes() == b"new" and os.listdir(tmp_path) == ["a"]


def test_a_file_that_a_virus_scanner_has_open_for_a_moment(tmp_path, monkeypatch):
    (tmp_path / "history.csv").write_bytes(b"old")
    replace, calls = os.replace, iter(range(3))
    refuse = raising(errno.EACCES)
    monkeypatch.setattr(os, "replace", lambda *names: refuse() if next(calls) < 2 else replace(*names))
    write_file(tmp_path / "history.csv", lambda file: file.write(b"new"))
    assert os.listdir(tmp_path) == ["history.csv"] and (tmp_path / "history.csv").read_bytes() == b"new"


@pytest.mark.skipif(os.name != "nt", reason="only Windows refuses to replace an open file")
def test_a_file_that_is_really_open(tmp_path):
    (tmp_path / "history.csv").write_bytes(b"old")
    with (tmp_path / "history.csv").open("rb") as file:
        threading.Timer(0.05, file.close).start()
        write_file(tmp_path / "history.csv", lambda file: file.write(b"new"))
    assert (tmp_path / "history.csv").read_bytes() == b"new"


def test_a_file_that_another_program_has_open_on_windows(tmp_path, monkeypatch):
    (tmp_path / "history.csv").write_bytes(b"old")
    monkeypatch.setattr(os, "replace", raising(errno.EACCES))
    with pytest.raises(OutputError, match="history.csv: cannot be written"):
        write_file(tmp_path / "history.csv", lambda file: file.write(b"new"))
    assert os.listdir(tmp_path) == ["history.csv"] and (tmp_path / "history.csv").read_bytes() == b"old"


@has_flock
@pytest.mark.parametrize("number", [errno.EBADF, errno.ENOLCK, errno.ENOTSUP, errno.ENOSYS])
def test_a_file_system_without_locks_lets_everybody_in(tmp_path, monkeypatch, number):
    monkeypatch.setattr(fcntl, "flock", raising(number))
    with claim(tmp_path), claim(tmp_path):
        assert (tmp_path / "lock").exists()


@has_flock
def test_the_lock_of_nfs_has_a_descriptor_that_can_write(tmp_path, monkeypatch):
    flock, modes = fcntl.flock, []

    def see(handle, operation):
        modes.append(fcntl.fcntl(handle, fcntl.F_GETFL) & os.O_ACCMODE)
        return flock(handle, operation)

    monkeypatch.setattr(fcntl, "flock", see)
    with claim(tmp_path):
        pass
    assert modes == [os.O_WRONLY]


def test_a_run_folder_that_may_only_be_read(tmp_path, monkeypatch):
    monkeypatch.setattr(run_folder, "open", raising(errno.EROFS), raising=False)
    with pytest.raises(OutputError, match="cannot be written .Read-only file system") as stop, claim(tmp_path):
        pass
    assert str(stop.value).startswith(f"{tmp_path}: ")


@pytest.mark.parametrize("number", [errno.EINVAL, errno.ENOSYS, errno.ENOTSUP])
def test_a_flush_that_the_file_system_does_not_know_is_no_reason_to_stop(tmp_path, monkeypatch, number):
    monkeypatch.setattr(os, "fsync", raising(number))
    write_file(tmp_path / "a", lambda file: file.write(b"new"))
    assert (tmp_path / "a").read_bytes() == b"new"


@pytest.mark.parametrize("number", [errno.EIO, errno.EDQUOT, errno.ENOSPC])
def test_a_flush_that_fails_is_one(tmp_path, monkeypatch, number):
    (tmp_path / "a").write_bytes(b"old")
    monkeypatch.setattr(os, "fsync", raising(number))
    with pytest.raises(OutputError, match="what was there before is intact"):
        write_file(tmp_path / "a", lambda file: file.write(b"new"))
    assert (tmp_path / "a").read_bytes() == b"old"


def test_a_file_that_is_new_is_not_called_the_old_one(tmp_path, monkeypatch):
    """NFS lost its answer to the rename: the second try finds it done, and fails."""
    replace = os.replace

    def rename_and_fail(old, new):
        replace(old, new)
        replace(old, new)

    (tmp_path / "a").write_bytes(b"old")
    monkeypatch.setattr(os, "replace", rename_and_fail)
    with pytest.raises(OutputError) as stop:
        write_file(tmp_path / "a", lambda file: file.write(b"new"))
    assert (tmp_path / "a").read_bytes() == b"new" and "intact" not in str(stop.value)


def test_a_folder_whose_flush_is_refused_does_not_fail_the_write(tmp_path, monkeypatch):
    fsync = os.fsync

    def of_files(handle):
        if os.path.isdir(f"/proc/self/fd/{handle}"):
            raise OSError(errno.EINVAL, "Invalid argument")
        fsync(handle)

    monkeypatch.setattr(files.os, "fsync", of_files)
    write_file(tmp_path / "a", lambda file: file.write(b"new"))
    assert (tmp_path / "a").read_bytes() == b"new"


KERNELS = """
import numpy as np
from nrms_np.adam import AdamState, adam_step
from nrms_np.ragged import Ragged
params = {"x": np.ones((3, 2), np.float32)}
adam_step(params, {"x": np.full((3, 2), 2, np.float32)}, AdamState.zeros(params), 0.5)
print(params["x"][0, 0], Ragged.from_lists([[1], [2, 3]]).take(np.array([1])).values.tolist())
from nrms_np import adam
print("hits", sum(adam._update_rows.stats.cache_hits.values()))
"""
NOT_KEPT = "compiled loops cannot be kept on disk"


def run_kernels(**variables):
    command = [sys.executable, "-c", KERNELS]
    done = subprocess.run(command, capture_output=True, text=True, env=environment(**variables), cwd="/")
    assert done.returncode == 0, done.stderr
    result, hits = done.stdout.splitlines()
    assert result == "0.5 [2, 3]"
    return int(hits.split()[1]), done.stderr


def flip(path):
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 4
    path.write_bytes(data)


DAMAGE = {
    "a bit of the code": ("*.nbc", flip),
    "code cut off": ("*.nbc", lambda path: os.truncate(path, path.stat().st_size // 2)),
    "no code": ("*.nbc", lambda path: path.unlink()),
    "zeros": ("*.nb?", lambda path: path.write_bytes(bytes(path.stat().st_size))),
    "an empty index": ("*.nbi", lambda path: os.truncate(path, 0)),
    "folders in their place": ("*.nbc", lambda path: (path.unlink(), path.mkdir())),
}


@pytest.mark.slow
def test_a_damaged_kernel_cache_is_compiled_again(tmp_path):
    place = {"NUMBA_CACHE_DIR": str(tmp_path)}
    assert run_kernels(**place) == (0, "")
    assert run_kernels(**place) == (1, "")
    for name, (pattern, damage) in DAMAGE.items():
        damaged = list(tmp_path.rglob(pattern))
        assert damaged, name
        for path in damaged:
            damage(path)
        hits, errors = run_kernels(**place)
        assert hits == 0, name
        if name != "folders in their place":
            assert errors == "" and run_kernels(**place) == (1, ""), name


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="the home of a Windows user is no variable of the environment")
def test_an_installation_that_cannot_be_written_and_a_user_without_home(tmp_path):
    package = shutil.copytree(ROOT / "nrms_np", tmp_path / "nrms_np", ignore=shutil.ignore_patterns("__pycache__"))
    for folder in [package, *(path for path in package.rglob("*") if path.is_dir())]:
        (folder / "__pycache__").write_text("in the way, as good as a read-only folder, which root could write")
    (tmp_path / "home").write_text("a file")
    variables = {
        "HOME": str(tmp_path / "home"),
        "PYTHONPATH": str(tmp_path),
        "XDG_CACHE_HOME": str(tmp_path / "home" / "cache"),
    }
    hits, errors = run_kernels(**variables)
    assert hits == 0 and errors.count("\n") == 1 and errors.startswith(NOT_KEPT) and "NUMBA_CACHE_DIR" in errors
    assert run_kernels(**variables, NUMBA_CACHE_DIR=str(tmp_path / "kept")) == (0, "")
    assert run_kernels(**variables, NUMBA_CACHE_DIR=str(tmp_path / "kept")) == (1, "")


@pytest.mark.slow
def test_a_full_disk_under_the_kernel_cache(tmp_path):
    (tmp_path / "sitecustomize.py").write_text(
        "import os\nreal = os.replace\n"
        "def full(old, new):\n"
        "    if '.nbc' in str(new): raise OSError(28, 'No space left on device')\n"
        "    return real(old, new)\n"
        "os.replace = full\n"
    )
    hits, errors = run_kernels(NUMBA_CACHE_DIR=str(tmp_path / "cache"), PYTHONPATH=f"{tmp_path}{os.pathsep}{ROOT}")
    assert hits == 0 and errors.startswith(NOT_KEPT) and errors.count("\n") == 1
    assert not [path for path in tmp_path.rglob("*") if ".tmp." in path.name]


def test_without_the_compiler_nothing_is_kept():
    done = subprocess.run(
        [sys.executable, "-c", "import nrms_np.adam; print(type(nrms_np.adam._update_rows).__name__)"],
        capture_output=True, text=True, env=environment(NUMBA_DISABLE_JIT="1"),
    )  # fmt: skip
    assert (done.stdout, done.stderr) == ("function\n", "")


WORDS = ["storm", "足球", "தோல்வி", "เมือง", "한국", "😀"]


def draw(folder, words=WORDS):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        weights = np.full(len(words), 1 / len(words))
        pictures.plot_additive_attention(words, weights, folder / "a.png")
        pictures.plot_attention(words, np.tile(weights, (2, len(words), 1)), folder / "b.png")


def test_letters_that_no_font_has_are_said_once_and_no_warning_is_shown(tmp_path, monkeypatch, capsys):
    ours = [path for path in map(str, font_manager.fontManager.ttflist) if path]
    assert ours
    monkeypatch.setattr(pictures, "findSystemFonts", lambda: [])
    pictures.say_once.cache_clear()
    draw(tmp_path)
    fonts = "Noto Sans CJK, Noto Sans Tamil, Noto Sans Thai"
    assert capsys.readouterr().out == (
        f"some words of the pictures are boxes: no font has their letters; install {fonts}\n"
    )


@pytest.mark.parametrize(
    ("character", "font"),
    [
        ("ཀ", "Noto Serif Tibetan"),
        ("𝓐", "Noto Sans Math"),
        ("〇", "Noto Sans CJK"),
        ("ก", "Noto Sans Thai"),
        ("☔", "Noto Emoji"),
    ],
)
def test_the_font_of_a_script(character, font):
    assert pictures._font_of(character) == font


def test_a_font_that_has_the_letters_is_found(tmp_path, monkeypatch, capsys):
    found = [path for path in font_manager.findSystemFonts() if "CJK" in path]
    if not found:
        pytest.skip("no font for Chinese on this machine")
    broken = tmp_path / "broken-Regular.ttf"
    broken.write_bytes(b"no font")
    monkeypatch.setattr(pictures, "findSystemFonts", lambda: [str(broken), *found])
    families = pictures.fonts_for(["storm", "足球"])
    assert len(families) == 2 and "CJK" in families[1]
    assert pictures.fonts_for(["storm"]) == families[:1]
    draw(tmp_path, ["storm", "足球"])
    assert capsys.readouterr().out == ""
    boxes, letters = tmp_path / "a.png", tmp_path / "letters.png"
    boxes.rename(letters)
    monkeypatch.setattr(pictures, "findSystemFonts", lambda: [])
    draw(tmp_path, ["storm", "足球"])
    assert boxes.read_bytes() != letters.read_bytes()


def test_pictures_leave_the_backend_of_a_notebook():
    script = (
        "import matplotlib; matplotlib.use('svg'); import nrms_np; from nrms_np.app import pictures, training_run;"
        "import sys; print(matplotlib.get_backend(), 'matplotlib.pyplot' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, env=environment())
    assert done.stdout == "svg False\n"


has_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
SERVER = """
import os, sys, threading
from tests.helpers import count_words
import nrms_np as nn
from nrms_np.data.vectors import make_table
demo = nn.make_demo(seed=2, users=20, news=600, train_impressions=20, dev_impressions=5)
config = nn.Config(heads=2, head_size=4, query_size=8, word_size=10)
counts = count_words(demo.news.titles)
vocabulary = nn.build_vocabulary(counts, 1)
params = nn.init_parameters(make_table(vocabulary, counts, {}, 10, 0), config)
server = nn.Recommender(nn.Checkpoint(params, vocabulary, config))
ids, titles = demo.news.ids + [f"X{i}" for i in range(5000)], demo.news.titles + [f"storm {i}" for i in range(5000)]
server.set_catalogue(ids, titles)
def ask(n):
    return [one.id for one in server.rank([f"N{n}", "A storm over the harbour bridge"], 5).recommendations]
expected = [ask(n) for n in range(1, 9)]
"""
FORK = """
child = os.fork()
if child == 0:
    server.set_catalogue(ids, titles)
    os._exit(0 if [ask(n) for n in range(1, 9)] == expected else 1)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""
THREADS = """
wrong = []
def work(n):
    for _ in range(20):
        if ask(n) != expected[n - 1]: wrong.append(n)
threads = [threading.Thread(target=work, args=(n,)) for n in range(1, 9)]
[thread.start() for thread in threads]; [thread.join() for thread in threads]
sys.exit(len(wrong))
"""


@pytest.mark.slow
@pytest.mark.parametrize("layer", ["default", "workqueue"])  # workqueue is all that macOS has
@pytest.mark.parametrize("program", [pytest.param(FORK, marks=has_fork), THREADS], ids=["fork", "threads"])
def test_a_server_that_forks_after_loading_or_asks_from_threads(program, layer):
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", SERVER + program],
        env=environment(NUMBA_THREADING_LAYER=layer), cwd=ROOT, timeout=120, capture_output=True, text=True,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
