"""Runs that go on with more epochs or from another place, are stopped or start at once, and what they print last."""

import json
import re
import shutil
import signal
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from pathlib import Path

import numpy as np
import pytest

from nrms_np import train
from nrms_np.app import cli, run_data, training_run
from nrms_np.app.run_folder import RunSettings, claim, make_folder, read_settings
from nrms_np.config import Config
from nrms_np.data.demo import make_demo
from tests.helpers import ROOT, arguments, contents, environment, make_link, training, write_data

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("quick_runs")]


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    return write_data(tmp_path_factory.mktemp("mind"))


@pytest.fixture(scope="module")
def finished(folders, tmp_path_factory):
    run = tmp_path_factory.mktemp("runs") / "finished"
    assert cli.run_command(train.main, arguments(folders, run)) == 0
    return run


@pytest.fixture
def run(finished, tmp_path):
    """A copy of a run of three epochs."""
    return shutil.copytree(finished, tmp_path / "run")


@pytest.fixture
def rates(monkeypatch):
    """The learning rate of each step."""
    found, step = [], training.train_step
    monkeypatch.setattr(training, "train_step", lambda *args: found.append(args[6]) or step(*args))
    return found


def epochs_of(run):
    return [record["epoch"] for record in json.loads((run / "metrics.json").read_text())["epochs"]]


def test_a_finished_run_goes_on_with_more_epochs_at_the_rates_of_the_longer_run(run, rates):
    assert cli.run_command(train.main, ["--resume", str(run), "--epochs", "5", "--patience", "9"]) == 0
    assert epochs_of(run) == [1, 2, 3, 4, 5] and read_settings(run).config.epochs == 5
    config = read_settings(run).config
    expected = [config.learning_rate * (1 - done / 40) for done in range(24, 40)]  # 8 steps in each of 5 epochs
    np.testing.assert_allclose(rates, expected)
    assert min(rates) > 0 and rates[0] == pytest.approx(0.4 * config.learning_rate)


def test_a_longer_run_that_is_stopped_keeps_its_number_of_epochs(run, monkeypatch, capsys):
    step, calls = training.train_step, iter(range(100))

    def stopping(*args):
        if next(calls) == 10:
            signal.raise_signal(signal.SIGTERM)
        return step(*args)

    with monkeypatch.context() as patch:
        patch.setattr(training, "train_step", stopping)
        assert cli.run_command(train.main, ["--resume", str(run), "--epochs", "5", "--patience", "9"]) == 143
    assert "stopped by SIGTERM; all steps are saved; go on with: " in capsys.readouterr().err
    assert cli.run_command(train.main, ["--resume", str(run)]) == 0
    assert epochs_of(run) == [1, 2, 3, 4, 5]


@pytest.mark.parametrize("given", [[], ["--epochs", "2"], ["--patience", "1"]])
def test_where_nothing_is_left_to_train_it_says_so(run, given, capsys):
    before = contents(run)[0]
    assert cli.run_command(train.main, ["--resume", str(run), *given]) == 0
    assert "nothing was left to train after epoch 3: give a larger --epochs" in capsys.readouterr().out
    assert contents(run)[0] == before


def test_a_run_that_stops_early_says_why(run, capsys):
    assert cli.run_command(train.main, ["--resume", str(run), "--epochs", "5", "--patience", "1"]) == 0
    assert "stopped early: no better dev AUC since epoch 1 (--patience)" in capsys.readouterr().out


@pytest.mark.parametrize(
    "given", [["--learning-rate", "0.01"], ["--heads", "2"], ["--run", "other"], ["--epochs", "5", "--seed", "0"]]
)
def test_any_other_setting_is_refused(run, given, capsys):
    before = contents(run)
    assert cli.run_command(train.main, ["--resume", str(run), *given]) == cli.BAD_INPUT
    assert f"error: {given[-2]}: a run that goes on keeps this setting" in capsys.readouterr().err
    assert contents(run) == before and read_settings(run).config.epochs == 3


def test_a_setting_out_of_range_is_one_line(run, capsys):
    assert cli.run_command(train.main, ["--resume", str(run), "--epochs", "0"]) == cli.BAD_INPUT
    assert capsys.readouterr().err == "error: --epochs 0: must be at least 1\n"


def test_data_that_were_moved(folders, tmp_path, capsys):
    old, new, run = tmp_path / "old", tmp_path / "new", tmp_path / "run"
    shutil.copytree(folders, old)
    assert cli.run_command(train.main, arguments(old, run)) == 0
    old.rename(new)
    capsys.readouterr()
    assert cli.run_command(train.main, ["--resume", str(run)]) == cli.BAD_INPUT
    assert f"error: {old / 'train'}: its data are gone; say where they are now: --train" in capsys.readouterr().err
    assert cli.run_command(train.main, ["--resume", str(run), "--train", str(new / "train")]) == cli.BAD_INPUT
    assert "say where they are now: --dev" in capsys.readouterr().err
    both = ["--train", str(new / "train"), "--dev", str(new / "dev")]
    assert cli.run_command(train.main, ["--resume", str(run), *both, "--epochs", "4"]) == 0
    assert "the settings of the run have changed, its data are the same" in capsys.readouterr().out
    assert epochs_of(run) == [1, 2, 3, 4]
    assert cli.run_command(train.main, ["--resume", str(run)]) == 0  # it knows where they are
    new.rename(old)
    both = ["--train", str(old / "train"), "--dev", str(old / "dev")]
    capsys.readouterr()
    assert cli.run_command(train.main, ["--resume", str(run), *both]) == 0
    assert "the paths of the run have changed, its data are the same" in capsys.readouterr().out


@pytest.mark.parametrize("target", [None, "nothing"])
def test_what_is_no_folder_is_no_run(tmp_path, capsys, target):
    path = tmp_path / "run"
    make_link(path, tmp_path / target) if target else path.write_text("mine")
    assert cli.run_command(train.main, ["--run", str(path)]) == cli.BAD_INPUT
    assert f"--run {path}: is there and is no folder" in capsys.readouterr().err


def test_other_data_are_told_apart(folders, run, tmp_path, capsys):
    other = shutil.copytree(folders, tmp_path / "other")
    path = other / "dev" / "behaviors.tsv"
    path.write_text("".join(path.read_text().splitlines(keepends=True)[1:]))
    given = ["--resume", str(run), "--dev", str(other / "dev"), "--epochs", "9"]
    assert cli.run_command(train.main, given) == cli.BAD_INPUT
    assert re.search(r"started with other data \(fingerprint 247 clicks, \w+; now it is", capsys.readouterr().err)
    settings = read_settings(run)
    assert settings.dev == str((folders / "dev").resolve()) and settings.config.epochs == 3  # as before


def test_a_run_of_an_earlier_version_whose_config_lacks_a_setting(run):
    path = run / "config.json"
    saved = json.loads(path.read_text())
    del saved["config"]["spread"]
    path.write_text(json.dumps(saved))
    assert cli.run_command(train.main, ["--resume", str(run), "--epochs", "4"]) == 0
    assert epochs_of(run) == [1, 2, 3, 4]


@pytest.mark.parametrize("name", [name for name in ("SIGTERM", "SIGHUP", "SIGBREAK") if hasattr(signal, name)])
def test_a_signal_during_validation_does_not_wait_for_its_end(folders, finished, tmp_path, monkeypatch, capsys, name):
    run, validate, ended, calls = tmp_path / "run", training.validate, [], iter(range(1, 10))

    def stopping(*args):
        if next(calls) == 2:
            signal.raise_signal(getattr(signal, name))
        ended.append(validate(*args))
        return ended[-1]

    with monkeypatch.context() as patch:
        patch.setattr(training, "validate", stopping)
        code = cli.run_command(train.main, arguments(folders, run))
    assert code == 128 + getattr(signal, name) and len(ended) == 1
    assert f"stopped by {name}; all steps are saved; go on with: " in capsys.readouterr().err
    with np.load(run / "resume.npz") as file:
        assert json.loads(file["header"].tobytes())["adam_step"] == 16  # both epochs' steps
    assert cli.run_command(train.main, ["--resume", str(run)]) == 0
    assert contents(run) == contents(finished)


def test_a_second_signal_does_not_wait_for_the_end_of_the_step(folders, tmp_path, monkeypatch, capsys):
    def stopping(*args):
        signal.raise_signal(signal.SIGTERM)
        signal.raise_signal(signal.SIGTERM)
        raise AssertionError

    monkeypatch.setattr(training, "train_step", stopping)
    assert cli.run_command(train.main, arguments(folders, tmp_path / "run")) == 143
    assert "stopped by SIGTERM; go on with: " in capsys.readouterr().err


@pytest.mark.parametrize("changed", [{"train": 5}, {"train": [5]}, {"dev": ["a"]}, {"embeddings": [1]}])
def test_a_path_that_is_none_is_refused(run, changed, capsys):
    settings = json.loads((run / "config.json").read_text()) | changed
    (run / "config.json").write_text(json.dumps(settings))
    assert cli.run_command(train.main, ["--resume", str(run)]) == 2
    assert "holds no run that can be resumed (config.json: " in capsys.readouterr().err


def test_a_run_that_lost_its_resume_file_says_that_it_starts_again(run, capsys):
    (run / "resume.npz").unlink()
    assert cli.run_command(train.main, ["--resume", str(run)]) == 0
    assert f"{run / 'resume.npz'} is not there: the run starts from its beginning" in capsys.readouterr().out
    assert epochs_of(run) == [1, 2, 3]


def test_training_outside_the_main_thread(folders, finished, tmp_path):
    codes = []
    given = arguments(folders, tmp_path / "run")
    thread = threading.Thread(target=lambda: codes.append(cli.run_command(train.main, given)))
    thread.start()
    thread.join()
    assert codes == [0] and contents(tmp_path / "run") == contents(finished)


def test_folders_made_at_once_are_different(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    settings = RunSettings(Config(), [str(tmp_path / "train")], None, None)
    with ThreadPoolExecutor(16) as threads:
        made = list(threads.map(lambda _: make_folder(settings, None), range(40)))
    assert len({*made}) == 40 and all(folder.is_dir() for folder in made)
    assert {folder.name for folder in made} == {"train", *(f"train-{n}" for n in range(2, 41))}


def test_of_two_starts_in_one_folder_one_trains_and_the_other_harms_nothing(folders, tmp_path, capsys):
    run = tmp_path / "run"
    run.mkdir()
    with claim(run):  # of a process that has not written config.json yet
        assert cli.run_command(train.main, arguments(folders, run)) == cli.BAD_INPUT
        assert (run / "lock").exists()
        (run / "config.json").write_text("{}")
    assert "another process is training in it" in capsys.readouterr().err
    assert (run / "lock").exists()


def test_a_failed_start_leaves_no_trace_and_files_of_others_alone(tmp_path):
    for name, kept in (("new", []), ("old", ["notes"])):
        run = tmp_path / name
        if kept:
            run.mkdir()
            (run / "notes").write_text("")
        given = ["--train", str(tmp_path / "nowhere"), "--run", str(run)]
        assert cli.run_command(train.main, given) == cli.BAD_INPUT
        assert [path.name for path in run.iterdir()] == kept if kept else not run.exists()


def test_a_closed_pipe_does_not_end_a_training(folders, finished, tmp_path):
    command = [sys.executable, "-m", "nrms_np.train", *arguments(folders, tmp_path / "run")]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment())
    process.stdout.readline()
    process.stdout.close()
    process.stderr.close()
    assert process.wait() == 0
    (arrays, report), expected = contents(tmp_path / "run"), contents(finished)
    assert (arrays, report["epochs"]) == (expected[0], expected[1]["epochs"])  # the baselines of quick_runs are others


def printed_commands(out):
    _, *lines = out[out.index("next, ready to paste:") :].splitlines()
    return [line.strip() for line in lines]


def run_line(line, folder):
    return subprocess.run(line, shell=True, capture_output=True, text=True, env=environment(), cwd=folder)


@pytest.fixture
def small_demo(monkeypatch):
    small = make_demo(seed=2, users=60, news=600, train_impressions=175, dev_impressions=60)
    monkeypatch.setattr(run_data, "make_demo", lambda: small)


def test_the_demo_run_ends_with_commands_that_work_as_printed(small_demo, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert cli.run_command(train.main, ["--epochs", "1", "--run", "a demo's run"]) == 0
    evaluate, recommend, explain = printed_commands(capsys.readouterr().out)
    metrics, news = run_line(evaluate, tmp_path), run_line(recommend, tmp_path)
    auc = json.loads((tmp_path / "a demo's run" / "metrics.json").read_text())["best"]["auc"]
    assert metrics.returncode == 0 and f"AUC        {auc:.4f}" in metrics.stdout
    assert news.returncode == 0 and re.match(r"  1\.\s+[\d.]+  N\d+  ", news.stdout)
    assert run_line(explain, tmp_path).returncode == 0 and (tmp_path / "a demo's run" / "why.html").exists()


def test_a_real_run_ends_with_them_too(folders, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(folders.parent)
    assert cli.run_command(train.main, arguments(folders, tmp_path / "run")) == 0
    evaluate, recommend, explain = printed_commands(capsys.readouterr().out)
    assert f" --data {Path(folders.name, 'dev')}" in evaluate  # short, where it can be
    assert run_line(evaluate, folders.parent).returncode == 0
    assert run_line(recommend, folders.parent).stdout.startswith("  1.")
    assert run_line(explain, folders.parent).returncode == 0


def test_without_a_dev_folder_there_is_no_folder_to_evaluate_on(folders, tmp_path, capsys):
    train_only = arguments(folders, tmp_path / "run")
    del train_only[2:4]  # --dev
    assert cli.run_command(train.main, train_only) == 0
    recommend, explain = printed_commands(capsys.readouterr().out)
    assert run_line(recommend, ROOT).stdout.startswith("  1.")
    assert run_line(explain, ROOT).returncode == 0


def test_a_full_disk_while_the_corpus_is_written(small_demo, tmp_path, monkeypatch, capsys):
    def full(*args):
        raise OSError(28, "No space left on device", "news.tsv")

    run = tmp_path / "run"
    with monkeypatch.context() as patch:
        patch.setattr(training_run, "write_demo", full)
        assert cli.run_command(train.main, ["--epochs", "1", "--run", str(run)]) == cli.NO_ROOM
    assert not [*run.glob("part-*"), *run.glob("corpus")]
    assert "corpus: cannot be written (No space left on device); go on with: " in capsys.readouterr().err
    assert cli.run_command(train.main, ["--resume", str(run)]) == 0 and (run / "corpus" / "dev" / "news.tsv").exists()


def test_main_in_a_notebook_cell_trains_the_demo(monkeypatch):
    asked = []
    monkeypatch.setattr(sys, "argv", ["ipykernel_launcher.py", "-f", "/tmp/kernel-1.json"])
    monkeypatch.setattr(train, "make_folder", lambda settings, folder: folder)
    monkeypatch.setattr(train, "claim", nullcontext)
    monkeypatch.setattr(train, "train_in", lambda folder, settings: asked.append((folder, settings.train)))
    train.main()
    assert asked == [(None, None)]
