"""What a command prints, to a log, a closed pipe, an old code page or a full disk, and how it is stopped."""

import io
import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import redirect_stderr
from pathlib import Path

import pytest
from tqdm import tqdm

import nrms_np
from nrms_np.__main__ import COMMANDS
from nrms_np.app import cli, console
from nrms_np.app.console import Stream
from nrms_np.errors import OutputError
from tests.helpers import ROOT, environment

PRINTS = """
import sys
from nrms_np.app import cli
def main(argv):
    for n in range(20000):
        print("line", n, "Größe 足球 \\udcff", flush=True)
    print("the end", file=sys.stderr)
sys.exit(cli.run_command(main))
"""
BUFFERED = {"PYTHONUNBUFFERED": ""}  # as it is by default


def run(script, **kwargs):
    return subprocess.Popen([sys.executable, "-c", script], stderr=subprocess.PIPE, errors="replace", **kwargs)


def test_a_reader_that_goes_away_does_not_end_the_work():
    process = run(PRINTS, stdout=subprocess.PIPE, env=environment(**BUFFERED))
    assert process.stdout.readline().startswith("line 0")
    process.stdout.close()
    assert process.stderr.read() == "the end\n"  # and Python has nothing to say when it ends
    assert process.wait() == 0


def test_both_streams_can_lose_their_reader():
    reading, writing = os.pipe()
    script = PRINTS.replace("for n", "print('start', file=sys.stderr, flush=True)\n    for n")
    process = subprocess.Popen(
        [sys.executable, "-c", script], stdout=writing, stderr=writing, env=environment(**BUFFERED)
    )
    os.close(writing)
    assert os.read(reading, 5) == b"start"
    os.close(reading)
    assert process.wait() == 0


@pytest.mark.parametrize(
    ("variables", "printed"),
    [
        ({"PYTHONIOENCODING": "ascii"}, b"line 0 Gr\\xf6\\xdfe \\u8db3\\u7403 \\udcff\n"),
        ({"PYTHONIOENCODING": "cp1252"}, b"line 0 Gr\xf6\xdfe \\u8db3\\u7403 \\udcff\n"),
        ({"PYTHONIOENCODING": "utf-8"}, "line 0 Größe 足球 \\udcff\n".encode()),
    ],
)
def test_what_the_console_cannot_encode_is_escaped(variables, printed):
    command = [sys.executable, "-c", PRINTS.replace("20000", "1")]
    done = subprocess.run(command, capture_output=True, env=environment(**variables))
    out, errors = (stream.replace(b"\r\n", b"\n") for stream in (done.stdout, done.stderr))
    assert (done.returncode, out, errors) == (0, printed, b"the end\n")


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="this system has no /dev/full")
@pytest.mark.parametrize("flush", [", flush=True", ""], ids=["at once", "at the end"])
def test_a_full_disk_under_the_output_is_one_line(flush):
    with open("/dev/full", "w") as full:
        script = PRINTS.replace("20000", "1").replace(", flush=True", flush)
        process = run(script.replace('print("the end", file=sys.stderr)', ""), stdout=full, env=environment(**BUFFERED))
        errors = process.communicate()[1]
    assert process.returncode == cli.NO_ROOM
    assert errors == "error: the output cannot be written (No space left on device)\n"


def test_other_errors_of_the_output_are_raised():
    class Broken(io.StringIO):
        def write(self, text):
            raise OSError(28, "No space left on device")

    with pytest.raises(OutputError, match="the output cannot be written"):
        Stream(Broken()).write("x")


def test_a_bar_in_a_log_is_a_line_every_half_minute(monkeypatch):
    now = [1000.0]
    monkeypatch.setattr(console.time, "monotonic", lambda: now[0])
    log = io.StringIO()
    monkeypatch.setattr(sys, "stderr", log)
    with redirect_stderr(Stream(sys.stderr)), tqdm(total=100, desc="epoch 1", mininterval=0, leave=False) as bar:
        for _ in range(100):
            now[0] += 1
            bar.update()
            bar.refresh()
        print("a line", file=sys.stderr)
    lines = log.getvalue().splitlines()
    assert "\r" not in log.getvalue() and lines.pop() == "a line"
    assert [line.split("|")[0] for line in lines] == ["epoch 1:  30%", "epoch 1:  60%", "epoch 1:  90%"]


def test_a_terminal_has_its_bar(monkeypatch):
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    with redirect_stderr(Stream(sys.stderr)), tqdm(total=2, mininterval=0):
        pass
    assert "\r" in terminal.getvalue()


def test_a_process_without_streams(monkeypatch):
    """pythonw of Windows; a daemon that has closed them."""
    monkeypatch.setattr(sys, "stdout", None)
    monkeypatch.setattr(sys, "stderr", None)

    def main(argv):
        print("x")
        tqdm(total=1).close()

    assert cli.run_command(main, []) == 0
    assert sys.stdout is None


# SIGHUP is of POSIX, SIGBREAK of Windows
CODES = {"SIGINT": 130, "SIGTERM": 143, "SIGHUP": 129, "SIGBREAK": 149}


@pytest.mark.parametrize("name", [name for name in CODES if hasattr(signal, name)])
def test_a_signal_stops_a_command_with_its_code_and_one_line(name, capsys):
    before = signal.getsignal(getattr(signal, name))
    cleaned = []

    def main(argv):
        try:
            signal.raise_signal(getattr(signal, name))
        finally:
            cleaned.append(True)

    assert cli.run_command(main, []) == CODES[name]
    assert cleaned and signal.getsignal(getattr(signal, name)) is before
    assert capsys.readouterr().err == f"stopped by {'Ctrl-C' if name == 'SIGINT' else name}\n"


@pytest.mark.parametrize("name", ["nrms_np", *(f"nrms_np.{command}" for command in COMMANDS)])
def test_ctrl_c_while_numba_is_imported_is_no_traceback(name, tmp_path):
    (tmp_path / "numba.py").write_text("import signal; signal.raise_signal(signal.SIGINT)\n")
    path = {"PYTHONPATH": f"{tmp_path}{os.pathsep}{ROOT}"}
    done = subprocess.run([sys.executable, "-m", name], capture_output=True, text=True, env=environment(**path))
    assert (done.returncode, done.stdout, done.stderr) == (cli.INTERRUPTED, "", "")


def test_ctrl_c_is_left_to_a_program_that_imports_the_package(tmp_path):
    (tmp_path / "numba.py").write_text("import signal; signal.raise_signal(signal.SIGINT)\n")
    (tmp_path / "program").mkdir()
    (tmp_path / "program" / "__init__.py").write_text("import nrms_np\n")
    path = {"PYTHONPATH": f"{tmp_path}{os.pathsep}{ROOT}"}
    for command in (["-c", "import nrms_np"], ["-m", "program"]):
        done = subprocess.run([sys.executable, *command], capture_output=True, text=True, env=environment(**path))
        assert done.returncode != cli.INTERRUPTED and "KeyboardInterrupt" in done.stderr


def test_what_is_ignored_stays_ignored():
    """nohup ignores SIGHUP, a shell's background job SIGINT."""
    before = signal.signal(signal.SIGTERM, signal.SIG_IGN)
    try:
        with console.on_stop(console.stop):
            signal.raise_signal(signal.SIGTERM)
            assert signal.getsignal(signal.SIGTERM) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGTERM, before)


def test_commands_of_two_threads_put_the_streams_back():
    before, inside, ended = (sys.stdout, sys.stderr, sys.unraisablehook), threading.Barrier(3), threading.Event()

    def first(argv):
        inside.wait()

    def second(argv):
        inside.wait()
        ended.wait(10)  # until the other one has ended
        print("still there")

    threads = [threading.Thread(target=cli.run_command, args=(main, [])) for main in (first, second)]
    threads[0].start()
    while sys.stdout is before[0]:
        time.sleep(0.001)
    threads[1].start()
    inside.wait()
    threads[0].join()
    ended.set()
    threads[1].join()
    assert (sys.stdout, sys.stderr, sys.unraisablehook) == before


def test_a_command_runs_outside_the_main_thread():
    codes = []
    thread = threading.Thread(target=lambda: codes.append(cli.run_command(lambda argv: None, [])))
    thread.start()
    thread.join()
    assert codes == [0]


def test_a_printed_command_runs_when_it_is_pasted(tmp_path, monkeypatch):
    folder = tmp_path / "it's a folder"
    folder.mkdir()
    monkeypatch.chdir(folder)
    line = cli.command("train", "--train", folder / "no data", "--run", "my run")
    done = subprocess.run(line, shell=True, capture_output=True, text=True, env=environment())
    missing = Path("it's a folder", "no data", "news.tsv")
    assert done.returncode == cli.BAD_INPUT and f"{missing}: no such file" in done.stderr


def test_python_is_named_as_the_shell_finds_it(tmp_path, monkeypatch):
    ours, other = tmp_path / ".venv" / "bin", tmp_path / "usr"
    program = "python.exe" if os.name == "nt" else "python"
    for folder in (ours, other):
        folder.mkdir(parents=True)
        (folder / program).write_text("")
        (folder / program).chmod(0o755)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "executable", str(ours / program))
    path_of_ours = (ours / program).relative_to(tmp_path)
    for path, called in ((ours, "python"), (other, path_of_ours), (tmp_path, path_of_ours)):
        monkeypatch.setenv("PATH", str(path))
        assert cli.command("train") == f"{called} -m nrms_np.train"
    monkeypatch.chdir(other)
    assert cli.command("train") == f"{ours / program} -m nrms_np.train"


def test_a_value_that_begins_with_a_dash_stays_with_its_flag():
    assert cli.command("train", "--resume", Path("-dash")).endswith(" --resume=-dash")


def test_windows_quotes_with_double_quotes(monkeypatch):
    monkeypatch.setattr(cli.os, "name", "nt")
    monkeypatch.setattr(cli.shutil, "which", lambda _: sys.executable)
    for name, quoted in (("a b", '"a b"'), ("R&D", '"R&D"'), ("it's", '"it\'s"'), (r"C:\ä", r"C:\ä"), ("", '""')):
        assert cli.command("train", "--run", name) == f"python -m nrms_np.train --run {quoted}"
    assert cli.command("recommend", "--history", 'N1 "a b"').endswith(r'--history "N1 \"a b\""')


@pytest.mark.parametrize("name", ["train", "evaluate", "recommend", "gradcheck"])
def test_a_command_runs_by_its_path(name, tmp_path):
    command = [sys.executable, str(ROOT / "nrms_np" / f"{name}.py"), "--help"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 0 and done.stdout.startswith(f"usage: python -m nrms_np.{name}")


def test_the_package_says_what_its_commands_are():
    commands = {path.stem for path in (ROOT / "nrms_np").glob("*.py") if "cli.run_command(main)" in path.read_text()}
    assert {*COMMANDS, "__main__"} == commands
    done = subprocess.run([sys.executable, "-m", "nrms_np"], capture_output=True, text=True, env=environment())
    assert done.returncode == 0
    assert all(f"python -m nrms_np.{name} " in done.stdout for name in COMMANDS)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is always full")
def test_the_list_of_commands_on_a_full_disk():
    with open("/dev/full", "w") as full:
        done = subprocess.run([sys.executable, "-m", "nrms_np"], stdout=full, stderr=subprocess.PIPE, env=environment())
    assert done.returncode == 4 and done.stderr.count(b"\n") == 1


def test_the_public_name_of_the_runner():
    assert nrms_np.cli.run(lambda argv: None, []) == 0


IN_A_CALLBACK = """
import os, signal, sys, time, weakref
from nrms_np.app import cli
class Thing: pass
def main(argv):
    thing = Thing()
    reference = weakref.ref(thing, lambda _: (os.kill(os.getpid(), signal.SIGINT), sum(range(1000))))
    del thing
    time.sleep(60)
sys.exit(cli.run_command(main))
"""


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such signal")
def test_a_signal_during_a_callback_is_not_lost():
    process, start = run(IN_A_CALLBACK), time.monotonic()
    assert process.stderr.read() == "stopped by Ctrl-C\n"
    assert process.wait() == 130 and time.monotonic() - start < 30  # and the wait of a minute is ended
