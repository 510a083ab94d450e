"""Several MPI ranks compute what one process computes, end together whatever happens, and leave a good save."""

import os
import random
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from nrms_np import train
from nrms_np.app import cli
from tests import helpers
from tests.helpers import contents, environment, write_data
from tests.programs.kill import check_files, saved_steps

MPIEXEC = Path(sys.executable).with_name("mpiexec")
pytest.importorskip("mpi4py", reason="mpi4py is not installed (the mpi extra)")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not MPIEXEC.exists(), reason="there is no mpiexec beside this python (the mpi extra)"),
]
MOST = 10  # seconds from a fault to the end of all ranks

# the command, with something broken: {} is run on every rank before it
SCRIPT = """
import os, sys, time, types
import numpy as np
from nrms_np import inference, evaluate, train
from nrms_np.app import cli, mpi, training_run
from nrms_np.data import files
import importlib
fit = importlib.import_module("nrms_np.fit")
save_state = training_run.save_state
def save_and_say(path, state, *rest):
    save_state(path, state, *rest)
    print("saved", state.adam.step, flush=True)
training_run.save_state = save_and_say
sys.modules["nrms_np.app.pictures"] = types.SimpleNamespace(draw=lambda *_: None)  # most of the time
rank = int(os.environ.get("PMI_RANK", 0))
def fault():
    os.write(2, b"\\nfault %f\\n" % time.monotonic())  # at once: ranks write to one place
fault()
{}
sys.exit(cli.run_command(evaluate.main if "--checkpoint" in sys.argv else train.main))
"""
AT_STEP_9 = """
step = fit.train_step
def broken_step(params, adam, *rest):
    if adam.step == 9 and rank == 1:
        fault()
        {}
    return step(params, adam, *rest)
fit.train_step = broken_step
"""


def command(*arguments, broken=""):
    return [sys.executable, "-c", SCRIPT.format(broken), *map(str, arguments)]


def start(*commands, ranks=2):
    """All ranks run one command, or each its own."""
    each = ranks if len(commands) == 1 else 1
    parts = [part for one in commands for part in (":", "-n", str(each), *one)]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    return subprocess.Popen([MPIEXEC, *parts[1:]], env=environment(NUMBA_NUM_THREADS="1"), **pipes)


def run(*commands, ranks=2):
    """Exit code, what was printed, and the lines of errors without progress bars.

    A run that fails must end in time, counted from the fault, or from the start of its last rank.
    """
    process = start(*commands, ranks=ranks)
    out, errors = process.communicate(timeout=120)
    faults = re.findall(r"^fault ([\d.]+)$", errors, re.MULTILINE)
    assert process.returncode == 0 or time.monotonic() - max(map(float, faults)) < MOST
    return process.returncode, out, error_lines(errors)


def error_lines(text):
    lines = text.replace("\r", "\n").splitlines()
    return [
        line
        for line in lines
        if line.strip() and not re.search(r"^(epoch \d|encoding|scoring|bootstrap|fault \d)|^\[mpiexec", line)
    ]


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return write_data(tmp_path_factory.mktemp("mind"))


@pytest.fixture(scope="module")
def whole(data, tmp_path_factory):
    """Of an uninterrupted run of two ranks."""
    folder = tmp_path_factory.mktemp("runs") / "whole"
    assert run(command(*arguments(data, folder)))[0] == 0
    return folder


@pytest.fixture(scope="module")
def steps(tmp_path_factory):
    path = tmp_path_factory.mktemp("steps") / "steps.npz"
    program = [MPIEXEC, "-n", "4", sys.executable, "-m", "tests.programs.mpi_steps", path]
    subprocess.run(program, env=environment(), check=True, timeout=300, capture_output=True)
    with np.load(path) as file:
        return dict(file)


@pytest.mark.parametrize("form", ["qkv", "bilinear", "mean"])
@pytest.mark.parametrize("ranks", ["1", "2", "3", "4", "2, then 4"])
def test_losses_weights_and_validation_are_those_of_one_process(steps, form, ranks):
    names = [key.split("/")[-1] for key in steps if key.startswith(f"{form}/0/")]
    assert len(steps[f"{form}/{ranks}/losses"]) > 20
    assert not np.allclose(steps[f"{form}/0/records"][0], steps[f"{form}/0/records"][-1], atol=1e-5)  # it does learn
    for name in names:
        alone, together = steps[f"{form}/0/{name}"], steps[f"{form}/{ranks}/{name}"]
        np.testing.assert_allclose(together, alone, rtol=0, atol=1e-10, err_msg=name)
        assert ranks != "1" or together.tobytes() == alone.tobytes(), name
        assert steps[f"{form}/3/{name}"].tobytes() == steps[f"{form}/3 again/{name}"].tobytes()


def test_rank_0_makes_a_new_folder_for_all(data, tmp_path):
    flags = arguments(data, tmp_path)
    where = flags.index("--run")
    del flags[where : where + 2]
    here = f"os.chdir({str(tmp_path)!r})"
    for name in ("train", "train-2"):
        code, out, errors = run(command(*flags, broken=here))
        assert (code, errors) == (0, []) and f"Results are in runs/{name}\n" in out
    assert sorted(path.name for path in (tmp_path / "runs").iterdir()) == ["train", "train-2"]


def arguments(data, folder):
    # Adam divides by the size of a gradient: where that is all rounding, weights differ by a share of the learning rate
    return [*helpers.arguments(data, folder), "--learning-rate", "0.0005"]


def assert_close(folder, other):
    """The weights and moments of two runs, in float32: their sums were added up in another order."""
    with np.load(folder / "resume.npz") as ours, np.load(other / "resume.npz") as theirs:
        for name in set(ours.files) - {"header"}:
            np.testing.assert_allclose(ours[name], theirs[name], rtol=0, atol=1e-6, err_msg=name)


def test_two_runs_of_as_many_ranks_write_the_same_bytes(data, whole, tmp_path):
    assert run(command(*arguments(data, tmp_path / "run")))[0] == 0
    assert contents(tmp_path / "run") == contents(whole)
    assert cli.run_command(train.main, arguments(data, tmp_path / "alone")) == 0
    assert_close(tmp_path / "alone", whole)


def test_the_evaluation_and_the_prediction_file_have_the_same_bytes(data, whole, tmp_path):
    unlabelled = tmp_path / "test"
    shutil.copytree(data / "dev", unlabelled)
    text = (unlabelled / "behaviors.tsv").read_text()
    (unlabelled / "behaviors.tsv").write_text(re.sub(r"(N\d+)-[01]", r"\1", text))
    small_pieces = "inference.CHUNK = 7"
    found = []
    for ranks in (1, 2, 4):
        for folder in (data / "dev", unlabelled):
            path = tmp_path / "prediction.zip"
            flags = ["--checkpoint", whole / "checkpoint.npz", "--data", folder, "--prediction", path]
            code, out, errors = run(command(*flags, broken=small_pieces), ranks=ranks)
            assert (code, errors) == (0, [])
            found.append((path.read_bytes(), [line for line in out.splitlines() if "threads of each" not in line]))
            path.unlink()
    assert found[0] == found[2] == found[4]
    assert found[1] == found[3] == found[5]
    assert found[0][0] == found[1][0] and len(found[0][0]) > 1000


def signal_in_a_step(process, number, whom):
    """Send a signal to mpiexec, or to a rank, in the second epoch. Returns all that was printed."""
    lines = []
    for line in process.stdout:
        lines.append(line)
        if line == "step 9\n":
            pids = [int(pid) for pid in re.findall(r"process (\d+)", lines[0])]
            os.kill(process.pid if whom == "mpiexec" else pids[whom], number)
            break
    return lines


@pytest.mark.parametrize(
    ("number", "whom", "ranks"),
    [(signal.SIGINT, "mpiexec", 1), (signal.SIGTERM, "mpiexec", 3), (signal.SIGTERM, 1, 2), (signal.SIGHUP, 0, 1)],
)
def test_a_stopped_run_saves_once_and_goes_on_with_another_number_of_ranks(data, whole, tmp_path, number, whom, ranks):
    folder = tmp_path / "run"
    each_step = AT_STEP_9.replace("adam.step == 9 and rank == 1", "True").replace("fault()", "pass")
    slow = each_step.format("print('step', adam.step, flush=True); time.sleep(0.2)")
    process = start(command(*arguments(data, folder), broken=slow))
    lines = signal_in_a_step(process, number, whom)
    asked = time.monotonic()
    lines += process.stdout  # not by communicate, which would miss what was read ahead
    errors = error_lines(process.stderr.read())
    assert process.wait() == 128 + number and time.monotonic() - asked < MOST
    name = "Ctrl-C" if number == signal.SIGINT else number.name
    go_on = cli.command("train", "--resume", folder)
    assert [line.split("): ")[1] for line in errors] == [f"stopped by {name}; all steps are saved; go on with: {go_on}"]
    epochs, saves = (sum(bool(re.match(start, line)) for line in lines) for start in (r" +\d+ +\d\.", "saved"))
    assert saves == 2 * epochs + 1  # before and after each validation, and once after the signal
    check_files(folder)
    assert 8 <= saved_steps(folder) < 24
    assert run(command("--resume", folder), ranks=ranks)[0] == 0
    assert_close(folder, whole)


def test_killed_ranks_lose_nothing(data, whole, tmp_path):
    """Ranks 0 and 1 in turn, and mpiexec itself, at random moments; each time all end and the run goes on."""
    folder, rng, save_always = tmp_path / "run", random.Random(0), "training_run.SAVE_SECONDS = 0"
    for victim in (0, 1, 2, 1, 0):
        begun = ["--resume", folder] if (folder / "config.json").exists() else arguments(data, folder)
        process = start(command(*begun, broken=save_always))
        pids = [int(pid) for pid in re.findall(r"process (\d+)", process.stdout.readline())]
        before, target = saved_steps(folder), saved_steps(folder) + rng.randrange(1, 4)
        printed = []
        reader = threading.Thread(target=printed.extend, args=[process.stdout])
        reader.start()
        while saved_steps(folder) < target:
            assert process.poll() is None
            time.sleep(0.001)
        time.sleep(rng.uniform(0, 0.02))
        os.kill(pids[victim] if victim < 2 else process.pid, signal.SIGKILL)
        process.wait(MOST)
        reader.join()
        if victim < 2:  # mpiexec names it
            assert f"PID {pids[victim]} RUNNING AT " in "".join(printed)
        assert process.returncode in (signal.SIGKILL, -signal.SIGKILL)
        end = time.monotonic() + MOST
        while any(Path(f"/proc/{pid}").exists() for pid in pids):
            assert time.monotonic() < end, "a rank outlives the others"
            time.sleep(0.05)
        check_files(folder)
        assert saved_steps(folder) > before
    assert run(command("--resume", folder))[0] == 0
    assert contents(folder) == contents(whole)


FAULTS = {
    "a NaN": (
        "fit.draw_masks = lambda batch, params, *_: params['news.weight_value'].fill(np.nan)",
        cli.NON_FINITE,
        r"rank 0 of 2 .*: error: epoch 1, batch 0 \(step 1 of Adam\): the loss is not finite, .*try a smaller --learn",
    ),
    "other weights": (
        AT_STEP_9.format("params['user.additive_bias'][3] += 1e-7"),
        cli.BAD_INPUT,
        r"rank 0 of 2 .*: the ranks differ in user.additive_bias after epoch 2: \w+ on rank 0, \w+ on rank 1 of .*; u",
    ),
    "no memory on one rank": (
        AT_STEP_9.format("raise MemoryError('9 GB')"),
        cli.NO_ROOM,
        r"rank 1 of 2 \(\S+, process \d+\): error: not enough memory \(9 GB\)",
    ),
    "a full disk": (
        "training_run.SAVE_SECONDS = 0\n"
        "calls = iter(range(99))\n"
        "def full(handle):\n"
        "    if next(calls) > 6:\n"
        "        fault()\n"
        "        raise OSError(28, 'No space left on device')\n"
        "files.os.fsync = full",
        cli.NO_ROOM,
        r"rank 0 of 2 \(\S+, process \d+\): error: \S+resume.npz: cannot be written \(No space left on dev.*--resume",
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_ends_all_ranks_with_one_line(data, tmp_path, fault):
    broken, expected, message = FAULTS[fault]
    code, _, errors = run(command(*arguments(data, tmp_path / "run"), broken=broken))
    assert code == expected
    assert len(errors) == 1 and re.match(message, errors[0]), errors
    if (tmp_path / "run").exists():
        check_files(tmp_path / "run")


def test_a_bug_on_one_rank_ends_all_with_its_traceback(data, tmp_path):
    code, _, errors = run(command(*arguments(data, tmp_path / "run"), broken=AT_STEP_9.format("raise KeyError('bug')")))
    assert code == 1
    assert errors[0].startswith("rank 1 of 2") and errors[-1] == "KeyError: 'bug'"


def test_ranks_that_were_started_differently_end_with_one_line(data, tmp_path):
    other = tmp_path / "other"
    shutil.copytree(data, other)
    lines = (other / "train" / "behaviors.tsv").read_text().splitlines(keepends=True)
    (other / "train" / "behaviors.tsv").write_text("".join(lines[::-1]))
    here, nowhere = arguments(data, tmp_path / "run"), arguments(tmp_path / "nowhere", tmp_path / "run")
    for one, message in (
        (
            arguments(other, tmp_path / "run"),
            r"rank 0 of 2 .* error: the ranks differ in data: 247 clicks, .*start all with the same",
        ),
        ([*here, "--seed", "1"], r"rank 0 of 2 .* error: the ranks differ in seed: 0 on rank 0, 1 on rank 1 of 2 \("),
        (nowhere, r"rank 1 of 2 \(.*\): error: \S+nowhere/train/news.tsv: no such file"),
        ([*here, "--seed", "x"], r"rank 1 of 2 \(.*\): error: wrong arguments"),
    ):
        code, _, errors = run(command(*here), command(*one))
        assert (code, len(errors)) == (cli.BAD_INPUT, 1), errors
        assert re.match(message, errors[0]), errors
        shutil.rmtree(tmp_path / "run", ignore_errors=True)
    code, _, errors = run(command(*nowhere))
    assert (code, len(errors)) == (cli.BAD_INPUT, 1) and not (tmp_path / "run").exists()
    assert f": error: {tmp_path}/nowhere/train/news.tsv: no such file" in errors[0]


def test_evaluation_compares_checkpoint_and_data(data, whole, tmp_path):
    flags = ["--checkpoint", whole / "checkpoint.npz", "--data"]
    code, _, errors = run(command(*flags, data / "dev"), command(*flags, data / "train"))
    assert code == cli.BAD_INPUT
    assert len(errors) == 1 and ": error: the ranks differ in impressions: " in errors[0]


def test_without_a_launcher_mpi_is_not_imported(data, tmp_path):
    check = "import atexit; atexit.register(lambda: print([name for name in sys.modules if 'mpi4py' in name]))"
    process = command(*arguments(data, tmp_path / "run"), broken=check)
    out = subprocess.run(process, env=environment(), capture_output=True, text=True, check=True).stdout
    assert out.splitlines()[-1] == "[]"


def test_a_launcher_that_mpi4py_does_not_know_is_named(tmp_path):
    for broken, message in (
        ("", "error: 2 processes were started, but mpi4py sees 1: the launcher is of another MPI than mpi4py's"),
        ("sys.modules['mpi4py'] = None", "error: 2 processes were started, but mpi4py does not work"),
    ):
        process = command("--run", tmp_path / "run", broken=broken)
        done = subprocess.run(process, env=environment(OMPI_COMM_WORLD_SIZE="2"), capture_output=True, text=True)
        assert done.returncode == cli.BAD_INPUT
        (error,) = error_lines(done.stderr)
        assert error.startswith(message)
