"""A run that is stopped, by Ctrl-C or by SIGKILL at any moment, goes on and ends with the same bytes."""

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from nrms_np import cli, train, training
from nrms_np.checkpoint import load_checkpoint
from nrms_np.data.demo import make_demo, write_demo

QUICK = "--epochs 3 --heads 2 --head-size 4 --query-size 8 --word-size 10 --batch-size 32 --patience 3".split()
# saves after every few steps; one thread of each kind, as a busy machine would give
SCRIPT = "import sys; from nrms_np import cli, run, train; run.SAVE_SECONDS = 0.02; sys.exit(cli.run(train.main))"


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    folder = tmp_path_factory.mktemp("mind")
    write_demo(folder, make_demo(seed=2, users=60, news=600, train_impressions=150, dev_impressions=60))
    return folder


def arguments(folders, run, attention="qkv"):
    data = ["--train", str(folders / "train"), "--dev", str(folders / "dev")]
    return [*data, "--run", str(run), "--attention", attention, *QUICK]


def contents(run):
    """Every array of both .npz files as bytes, and metrics.json without its times."""
    arrays = {}
    for name in ("checkpoint.npz", "resume.npz"):
        with np.load(run / name, allow_pickle=False) as file:
            arrays |= {f"{name} {key}": file[key].tobytes() for key in file.files if key != "header"}
    report = json.loads((run / "metrics.json").read_text())
    for record in [*report["epochs"], report["best"]]:
        del record["seconds"], record["samples_per_second"]
    return arrays, report


@pytest.fixture(scope="module", params=["qkv", "bilinear"])
def uninterrupted(request, folders, tmp_path_factory):
    run = tmp_path_factory.mktemp("runs") / "whole"
    assert cli.run(train.main, arguments(folders, run, request.param)) == 0
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
        assert cli.run(train.main, start) == cli.INTERRUPTED
        assert f"--resume {run}" in capsys.readouterr().err
    monkeypatch.setattr(training, "train_step", train_step)
    assert cli.run(train.main, ["--resume", str(run)]) == 0
    assert contents(run) == expected


def kill_and_resume(folders, run, kills, expected, seed=0):
    """SIGKILL at random moments until ``kills`` struck a live process, then to the end: (struck, same bytes)."""
    rng, struck = random.Random(seed), 0
    environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1"}
    while True:
        start = ["--resume", str(run)] if (run / "config.json").exists() else arguments(folders, run)
        process = subprocess.Popen(
            [sys.executable, "-c", SCRIPT, *start], env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
        )
        if struck < kills:
            deadline = time.monotonic() + 60
            while not (run / "config.json").exists() and time.monotonic() < deadline:
                time.sleep(0.01)
            time.sleep(rng.uniform(0, 2.5))
            if process.poll() is None:
                process.kill()
                struck += 1
        _, errors = process.communicate()
        if (run / "checkpoint.npz").exists():
            load_checkpoint(run / "checkpoint.npz")  # readable at every moment
        if process.returncode == 0:
            return struck, contents(run) == expected
        assert process.returncode == -signal.SIGKILL, errors.decode()


def test_killed_runs_lose_nothing(folders, tmp_path):
    whole = tmp_path / "whole"
    environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1"}
    subprocess.run(
        [sys.executable, "-c", SCRIPT, *arguments(folders, whole)], env=environment, check=True, capture_output=True
    )
    struck, same = kill_and_resume(folders, tmp_path / "run", kills=5, expected=contents(whole))
    assert struck >= 1
    assert same


def test_a_finished_run_can_be_resumed_and_stays_as_it_is(folders, tmp_path):
    run = tmp_path / "run"
    assert cli.run(train.main, arguments(folders, run)) == 0
    before = contents(run)
    assert cli.run(train.main, ["--resume", str(run)]) == 0
    assert contents(run) == before


def test_what_cannot_be_resumed_is_one_clear_line(folders, tmp_path, capsys):
    assert cli.run(train.main, ["--resume", str(tmp_path / "nothing")]) == cli.BAD_INPUT
    run = tmp_path / "run"
    assert cli.run(train.main, arguments(folders, run)) == 0
    capsys.readouterr()
    assert cli.run(train.main, arguments(folders, run)) == cli.BAD_INPUT
    whole = (run / "resume.npz").read_bytes()
    (run / "resume.npz").write_bytes(whole[: len(whole) // 2])
    assert cli.run(train.main, ["--resume", str(run)]) == cli.BAD_INPUT
    errors = capsys.readouterr().err.strip().splitlines()
    assert len(errors) == 2
    assert "already holds a run" in errors[0] and "resume.npz: not a resume file, or damaged" in errors[1]


def test_a_run_does_not_go_on_with_other_data(folders, tmp_path, capsys):
    data, run = tmp_path / "data", tmp_path / "run"
    shutil.copytree(folders, data)
    assert cli.run(train.main, arguments(data, run)) == 0
    path = data / "train" / "behaviors.tsv"
    first, *rest = path.read_text().splitlines(keepends=True)
    path.write_text("".join([*rest, first]))  # the same impressions in another order
    assert cli.run(train.main, ["--resume", str(run)]) == cli.BAD_INPUT
    assert "started with other data" in capsys.readouterr().err


def test_bad_data_leaves_no_run_folder(tmp_path):
    assert cli.run(train.main, ["--train", str(tmp_path / "nowhere"), "--run", str(tmp_path / "run")]) == cli.BAD_INPUT
    assert not (tmp_path / "run").exists()
