"""A run that is stopped, by Ctrl-C or by SIGKILL at any moment, goes on and ends with the same bytes."""

import errno
import os
import random
import shutil
import signal
import subprocess

import pytest

from nrms_np import train
from nrms_np.app import cli
from nrms_np.app.run_folder import claim
from nrms_np.data import files
from tests.helpers import arguments, contents, training, write_data
from tests.programs.kill import check_files, half_written, kill_and_resume, saved_steps

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("quick_runs")]


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    return write_data(tmp_path_factory.mktemp("mind"))


@pytest.fixture(scope="module", params=["qkv", "bilinear", "mean"])
def uninterrupted(request, folders, tmp_path_factory):
    run = tmp_path_factory.mktemp("runs") / "whole"
    assert cli.run_command(train.main, arguments(folders, run, request.param)) == 0
    return request.param, contents(run)


@pytest.mark.parametrize("steps", [[1], [4], [8, 1, 9], [17, 5]])
def test_ctrl_c_saves_and_the_resumed_run_ends_with_the_same_bytes(
    uninterrupted, folders, tmp_path, monkeypatch, capsys, steps
):
    attention, expected = uninterrupted
    run, train_step = tmp_path / "run", training.train_step
    for attempt, stop_at in enumerate(steps):
        calls = iter(range(1, 1000))

        def stopping_step(*args, calls=calls, stop_at=stop_at):
            if next(calls) == stop_at:
                signal.raise_signal(signal.SIGINT)
            return train_step(*args)

        monkeypatch.setattr(training, "train_step", stopping_step)
        start = arguments(folders, run, attention) if attempt == 0 else ["--resume", str(run)]
        assert cli.run_command(train.main, start) == cli.INTERRUPTED
        assert f"--resume {run}" in capsys.readouterr().err
    monkeypatch.setattr(training, "train_step", train_step)
    assert cli.run_command(train.main, ["--resume", str(run)]) == 0
    assert contents(run) == expected


def test_killed_runs_lose_nothing(folders, tmp_path):
    """Five kills; ``python -m tests.programs.kill`` does a hundred."""
    assert kill_and_resume(folders, tmp_path / "whole", 0, random.Random(0), 0) == (0, 0)
    steps = saved_steps(tmp_path / "whole")
    assert kill_and_resume(folders, tmp_path / "run", 5, random.Random(0), steps)[0] >= 1
    assert not half_written(tmp_path / "run")  # what a kill left is overwritten and renamed
    assert contents(tmp_path / "run") == contents(tmp_path / "whole")


def test_a_finished_run_can_be_resumed_and_stays_as_it_is(folders, tmp_path):
    run = tmp_path / "run"
    assert cli.run_command(train.main, arguments(folders, run)) == 0
    before = contents(run)
    assert cli.run_command(train.main, ["--resume", str(run)]) == 0
    assert contents(run) == before


def test_what_cannot_be_resumed_is_one_clear_line(folders, tmp_path, capsys):
    assert cli.run_command(train.main, ["--resume", str(tmp_path / "nothing")]) == cli.BAD_INPUT
    run = tmp_path / "run"
    assert cli.run_command(train.main, arguments(folders, run)) == 0
    capsys.readouterr()
    assert cli.run_command(train.main, arguments(folders, run)) == cli.BAD_INPUT
    whole = (run / "resume.npz").read_bytes()
    (run / "resume.npz").write_bytes(whole[: len(whole) // 2])
    assert cli.run_command(train.main, ["--resume", str(run)]) == cli.BAD_INPUT
    errors = capsys.readouterr().err.strip().splitlines()
    assert len(errors) == 2
    assert "already holds a run" in errors[0] and "resume.npz: not a resume file, or damaged" in errors[1]
    (run / "resume.npz").write_bytes(whole)
    (run / "checkpoint.npz").write_bytes((run / "checkpoint.npz").read_bytes()[:-99])
    assert cli.run_command(train.main, ["--resume", str(run)]) == cli.BAD_INPUT
    assert f"remove {run / 'resume.npz'} to start the run from its beginning" in capsys.readouterr().err
    (run / "config.json").write_text("[]")
    assert cli.run_command(train.main, ["--resume", str(run)]) == cli.BAD_INPUT
    assert "holds no run that can be resumed (config.json: 'list' object is not a mapping)" in capsys.readouterr().err


def test_a_run_does_not_go_on_with_other_data(folders, tmp_path, capsys):
    data, run = tmp_path / "data", tmp_path / "run"
    shutil.copytree(folders, data)
    assert cli.run_command(train.main, arguments(data, run)) == 0
    path = data / "train" / "behaviors.tsv"
    first, *rest = path.read_text().splitlines(keepends=True)
    path.write_text("".join([*rest, first]))  # the same impressions in another order
    assert cli.run_command(train.main, ["--resume", str(run)]) == cli.BAD_INPUT
    assert "started with other data" in capsys.readouterr().err


def test_bad_data_leaves_no_run_folder(tmp_path):
    assert (
        cli.run_command(train.main, ["--train", str(tmp_path / "nowhere"), "--run", str(tmp_path / "run")])
        == cli.BAD_INPUT
    )
    assert not (tmp_path / "run").exists()


def error_lines(capsys):
    """What is on stderr, without progress bars."""
    text = capsys.readouterr().err
    assert "Traceback" not in text
    return [line for line in text.replace("\r", "\n").splitlines() if line.startswith("error:")]


def full_disk_after(monkeypatch, writes):
    """From then on, flushing a file to disk fails as it does when the disk is full."""
    fsync, calls = os.fsync, iter(range(10**6))

    def full(handle):
        if next(calls) >= writes:
            raise OSError(errno.ENOSPC, "No space left on device")
        fsync(handle)

    monkeypatch.setattr(files.os, "fsync", full)


@pytest.mark.parametrize("writes", [0, 3, 11])
def test_a_full_disk_stops_the_run_with_one_line_and_loses_nothing(
    uninterrupted, folders, tmp_path, monkeypatch, capsys, writes
):
    attention, expected = uninterrupted
    run = tmp_path / "run"
    with monkeypatch.context() as patch:
        full_disk_after(patch, writes)
        assert cli.run_command(train.main, arguments(folders, run, attention)) == cli.NO_ROOM
    errors = error_lines(capsys)
    assert len(errors) == 1 and "No space left on device" in errors[0]
    assert not list(tmp_path.rglob("*.part"))
    check_files(run)
    again = ["--resume", str(run)] if (run / "config.json").exists() else arguments(folders, run, attention)
    assert cli.run_command(train.main, again) == 0  # there is space again
    assert contents(run) == expected


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 64 kB of its own, where the tests may mount one."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", folder]
    if not shutil.which("mount") or subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("this user may not mount a small file system")
    yield folder
    subprocess.run(["umount", folder], check=True)


def test_a_disk_that_is_really_full(folders, small_disk, capsys):
    assert cli.run_command(train.main, arguments(folders, small_disk / "run")) == cli.NO_ROOM
    errors = error_lines(capsys)
    assert len(errors) == 1 and "No space left on device" in errors[0]
    assert not list(small_disk.rglob("*.part"))
    if (small_disk / "run").exists():
        check_files(small_disk / "run")


def test_a_folder_that_may_only_be_read(folders, small_disk, capsys):
    subprocess.run(["mount", "-o", "remount,ro", small_disk], check=True)
    assert cli.run_command(train.main, arguments(folders, small_disk / "run")) == cli.NO_ROOM
    errors = error_lines(capsys)
    assert len(errors) == 1 and "Read-only file system" in errors[0]


def test_two_processes_do_not_train_in_one_folder(folders, tmp_path, capsys):
    run = tmp_path / "run"
    assert cli.run_command(train.main, arguments(folders, run)) == 0
    before = contents(run)
    with claim(run):
        assert cli.run_command(train.main, ["--resume", str(run)]) == cli.BAD_INPUT
    errors = error_lines(capsys)
    assert len(errors) == 1 and "another process is training in it" in errors[0]
    assert contents(run) == before


def test_a_checkpoint_of_another_run_is_not_taken_for_the_best_one(folders, tmp_path, capsys):
    """Same shapes, same data, another seed: only what the file says about its run tells them apart."""
    ours, theirs = tmp_path / "ours", tmp_path / "theirs"
    assert cli.run_command(train.main, arguments(folders, ours)) == 0
    assert cli.run_command(train.main, [*arguments(folders, theirs), "--seed", "1"]) == 0
    for name, message in (
        ("checkpoint.npz", "not the one that this run wrote"),
        ("resume.npz", "other settings"),
    ):
        whole = (ours / name).read_bytes()
        shutil.copy(theirs / name, ours / name)
        capsys.readouterr()
        assert cli.run_command(train.main, ["--resume", str(ours)]) == cli.BAD_INPUT
        errors = error_lines(capsys)
        assert len(errors) == 1 and message in errors[0]
        (ours / name).write_bytes(whole)
    assert cli.run_command(train.main, ["--resume", str(ours)]) == 0


def test_a_run_stopped_in_its_last_validation_says_how_to_go_on(folders, tmp_path, monkeypatch, capsys):
    run, validate = tmp_path / "run", training.validate
    calls = iter(range(1, 10))

    def stopping(*args):
        if next(calls) == 3:
            signal.raise_signal(signal.SIGINT)
        return validate(*args)

    monkeypatch.setattr(training, "validate", stopping)
    assert cli.run_command(train.main, arguments(folders, run)) == cli.INTERRUPTED
    go_on = cli.command("train", "--resume", run)
    assert f"stopped by Ctrl-C; all steps are saved; go on with: {go_on}" in capsys.readouterr().err
    assert not (run / "val_loss.png").exists()
    assert cli.run_command(train.main, ["--resume", str(run)]) == 0
    assert (run / "val_loss.png").exists()
