"""``python -m nrms_np.train`` as a user meets it: files, tables, and one clear line for bad input."""

import csv
import json
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest

from nrms_np import train
from nrms_np.app import cli
from nrms_np.app.checkpoint import load_checkpoint
from nrms_np.config import Config
from nrms_np.data.demo import make_demo, write_demo
from nrms_np.data.mind import prepare
from nrms_np.data.read_folder import read_folder
from nrms_np.inference import score_impressions
from nrms_np.metrics import METRICS, evaluate_scores

QUICK = "--epochs 2 --heads 2 --head-size 4 --query-size 8 --word-size 10 --threads 1".split()
PICTURES = [f"{kind}_{i}.png" for kind in ("attention", "additive_attention") for i in (1, 2, 3)] + ["val_loss.png"]


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    folder = tmp_path_factory.mktemp("mind")
    write_demo(folder, make_demo(seed=1, users=60, news=600, train_impressions=150, dev_impressions=60))
    return folder


@pytest.fixture(scope="module")
def finished_run(folders, tmp_path_factory):
    run = tmp_path_factory.mktemp("runs") / "one"
    arguments = ["--train", str(folders / "train"), "--dev", str(folders / "dev"), "--run", str(run), *QUICK]
    assert cli.run_command(train.main, arguments) == 0
    return run


def test_the_run_folder_holds_everything(finished_run):
    assert sorted(p.name for p in finished_run.iterdir()) == sorted(
        ["checkpoint.npz", "config.json", "history.csv", "lock", "metrics.json", "resume.npz", *PICTURES]
    )
    for name in PICTURES:
        data = (finished_run / name).read_bytes()
        assert data.startswith(b"\x89PNG") and len(data) > 5000, name


def test_metrics_json_has_the_documented_form(finished_run):
    report = json.loads((finished_run / "metrics.json").read_text())
    assert list(report) == ["config", "epochs", "best", "baselines"]
    assert set(report["config"]) == {one.name for one in fields(Config)}
    assert [one["epoch"] for one in report["epochs"]] == [1, 2]
    assert report["best"] == max(report["epochs"], key=lambda one: one["auc"])
    assert set(report["baselines"]) == {
        "random",
        "popularity",
        "mean_vector",
        "ppmi_vector",
    }  # the oracle knows the demo only
    assert all(set(one) == set(METRICS) for one in report["baselines"].values())
    rows = list(csv.DictReader((finished_run / "history.csv").open()))
    assert [float(row["auc"]) for row in rows] == [one["auc"] for one in report["epochs"]]


def test_the_checkpoint_gives_the_metrics_that_were_reported(finished_run, folders):
    checkpoint = load_checkpoint(finished_run / "checkpoint.npz")
    news, behaviors = read_folder(folders / "dev")
    dev = prepare(news, behaviors, checkpoint.vocabulary, checkpoint.config)
    scores = score_impressions(checkpoint.params, dev.news_words, dev.histories, dev.candidates, checkpoint.config)
    best = json.loads((finished_run / "metrics.json").read_text())["best"]
    for name, value in evaluate_scores(scores, dev.candidates, dev.labels).items():
        assert value == pytest.approx(best[name], abs=1e-12)


@pytest.mark.slow
def test_without_dev_the_last_day_is_held_out(folders, tmp_path, capsys):
    assert cli.run_command(train.main, ["--train", str(folders / "train"), "--run", str(tmp_path / "run"), *QUICK]) == 0
    assert "the last day of the training data is held out" in capsys.readouterr().out


@pytest.mark.slow
def test_word_vectors_set_the_word_size(folders, tmp_path, capsys):
    vectors = tmp_path / "vectors.txt"
    words = {word for title in read_folder(folders / "train")[0].titles for word in title.lower().split()}
    lines = [f"{word} {' '.join(f'{x:.3f}' for x in np.full(7, i % 9))}" for i, word in enumerate(sorted(words))]
    vectors.write_text("\n".join(lines) + "\n")
    arguments = ["--train", str(folders / "train"), "--dev", str(folders / "dev"), "--embeddings", str(vectors)]
    assert cli.run_command(train.main, [*arguments, "--run", str(tmp_path / "run"), *QUICK]) == 0
    assert "word vectors:" in capsys.readouterr().out
    checkpoint = load_checkpoint(tmp_path / "run" / "checkpoint.npz")
    assert checkpoint.config.word_size == 7
    assert checkpoint.params["embedding"].shape[1] == 7


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--train", "nowhere"], f"{Path('nowhere', 'news.tsv')}: no such file"),
        (["--dropout", "1.5"], "--dropout 1.5: must be at least 0 and below 1"),
        (["--heads", "0"], "--heads 0: must be at least 1"),
        (["--learning-rate", "nan"], "--learning-rate nan"),
        (
            ["--train", "{folders}/train", "--embeddings", "{folders}/train/news.tsv"],
            "news.tsv:1: not a word and its vector",
        ),
        (["--train", "{folders}/train", "--run", "{run}"], "already holds a run"),
    ],
)
def test_bad_input_is_one_clear_line(arguments, message, folders, finished_run, capsys):
    arguments = [one.format(folders=folders, run=finished_run) for one in arguments]
    assert cli.run_command(train.main, arguments) == cli.BAD_INPUT
    errors = capsys.readouterr().err.strip().splitlines()
    assert len(errors) == 1
    assert errors[0].startswith("error: ") and message in errors[0]


def test_help_shows_every_setting_with_its_default(capsys):
    with pytest.raises(SystemExit) as stop:
        train.main(["--help"])
    assert stop.value.code == 0
    text = " ".join(capsys.readouterr().out.split())
    for one in fields(Config):
        assert f"--{one.name.replace('_', '-')}" in text
        assert f"(default: {one.default})" in text
    for name, value in train.DEMO_SETTINGS.items():
        assert f"--{name.replace('_', '-')} {value}" in text  # the epilog's line on the demo corpus


def test_threads_are_those_of_the_flag_and_no_more_than_there_are(tmp_path, monkeypatch):
    used = []
    monkeypatch.setattr("nrms_np.app.threads.usable_cores", lambda: 3)
    monkeypatch.setattr("nrms_np.app.threads.set_threads", used.append)
    for flag in ("0", "1", "2", "3", "9"):
        given = ["--train", str(tmp_path / "nowhere"), "--run", str(tmp_path / "run"), "--threads", flag]
        assert cli.run_command(train.main, given) == cli.BAD_INPUT
    assert used == [3, 1, 2, 3, 3]


def test_ctrl_c_has_its_code():
    def interrupted(argv):
        raise KeyboardInterrupt

    assert cli.run_command(interrupted) == cli.INTERRUPTED
