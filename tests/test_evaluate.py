"""``python -m nrms_np.evaluate``: the numbers of training come back, and the leaderboard file holds the same ranks."""

import json
import math
import os
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from nrms_np import evaluate, inference, train
from nrms_np.app import cli
from nrms_np.app.checkpoint import Checkpoint, load_checkpoint, save_checkpoint
from nrms_np.app.evaluation import NAMES, bootstrap, describe_clicks, find_groups, report, write_prediction
from nrms_np.clicks import draw_candidates, find_clicks
from nrms_np.data.demo import make_demo, write_demo
from nrms_np.data.read_folder import read_folder
from nrms_np.fit import validation_loss
from nrms_np.inference import score_impressions
from nrms_np.metrics import METRICS, evaluate_scores, rank_candidates
from nrms_np.ragged import Ragged
from nrms_np.rng import generator

QUICK = "--epochs 1 --heads 2 --head-size 4 --query-size 8 --word-size 10 --threads 1 --history-length 12".split()


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """train and dev, and test: dev without labels. The first dev impressions have oddities: see ODD."""
    folder = tmp_path_factory.mktemp("mind")
    write_demo(folder, make_demo(seed=1, users=120, news=600, train_impressions=150, dev_impressions=90))
    dev = folder / "dev" / "behaviors.tsv"
    lines = [line.split("\t") for line in dev.read_text().splitlines()]
    for i, odd in enumerate(ODD):
        odd(lines[i])
    dev.write_text("".join("\t".join(line) + "\n" for line in lines))
    (folder / "test").mkdir()
    (folder / "test" / "news.tsv").write_bytes((folder / "dev" / "news.tsv").read_bytes())
    (folder / "test" / "behaviors.tsv").write_text(dev.read_text().replace("-0", "").replace("-1", ""))
    return folder


def nothing_clicked(line):
    line[4] = line[4].replace("-1", "-0")


def all_clicked(line):
    line[4] = line[4].replace("-0", "-1")


def no_history(line):
    line[3] = ""


def repeated_candidate(line):
    line[4] += " " + line[4].split()[0][:-2] + "-0"


def nothing_shown(line):
    line[4] = ""


ODD = [no_history, nothing_clicked, all_clicked, nothing_clicked, repeated_candidate, no_history, no_history]


@pytest.fixture(scope="module")
def finished_run(quick_runs, folders, tmp_path_factory):
    run = tmp_path_factory.mktemp("runs") / "one"
    arguments = ["--train", str(folders / "train"), "--dev", str(folders / "dev"), "--run", str(run), *QUICK]
    assert cli.run_command(train.main, arguments) == 0
    return run


@pytest.fixture(scope="module")
def call(finished_run, folders):
    """Runs the command on a folder by name; returns its exit code."""

    def run(data, *more):
        checkpoint = ["--checkpoint", str(finished_run / "checkpoint.npz")]
        return cli.run_command(
            evaluate.main, [*checkpoint, "--data", str(folders / data), "--threads", "1", *map(str, more)]
        )

    return run


def read_scores(finished_run, folder):
    checkpoint = load_checkpoint(finished_run / "checkpoint.npz")
    news, behaviors = read_folder(folder)
    config = checkpoint.config
    words = checkpoint.vocabulary.encode(news.titles).first(config.title_length)
    histories = behaviors.histories.last(config.history_length)
    scores = score_impressions(checkpoint.params, words, histories, behaviors.candidates, config)
    return checkpoint, behaviors, scores


def printed_groups(text):
    """Of each group of the last table: how many impressions, how many count, the metrics, the ends of an interval."""
    rows = text[text.index("\nimpressions ") :].splitlines()[2:]
    return {row[:28].strip(): [float(cell) for cell in row[28:].replace(" to ", " ").split()] for row in rows}


# The definitions of MIND's evaluate.py (github.com/msnews/MIND), in plain Python: its scores are 1 / rank.


def mind_metrics(labels, ranks):
    order = sorted(range(len(ranks)), key=lambda i: -1 / ranks[i])
    sorted_labels = [labels[i] for i in order]

    def dcg(gains, k):
        return sum((2**gain - 1) / math.log2(place + 2) for place, gain in enumerate(gains[:k]))

    pairs = [(ranks[a] < ranks[b]) for a in range(len(ranks)) for b in range(len(ranks)) if labels[a] > labels[b]]
    best = sorted(labels, reverse=True)
    return {
        "auc": sum(pairs) / len(pairs),
        "mrr": sum(label / (place + 1) for place, label in enumerate(sorted_labels)) / sum(labels),
        "ndcg5": dcg(sorted_labels, 5) / dcg(best, 5),
        "ndcg10": dcg(sorted_labels, 10) / dcg(best, 10),
    }


def read_prediction(path):
    """Impression id and ranks of each line, parsed as MIND's evaluate.py does."""
    with zipfile.ZipFile(path) as archive:
        assert archive.namelist() == ["prediction.txt"]
        text = archive.read("prediction.txt").decode()
    assert text.endswith("\n")
    return [(one, json.loads(ranks)) for one, ranks in (line.split() for line in text.splitlines())]


def read_truth(folder):
    for line in (folder / "behaviors.tsv").read_text().splitlines():
        columns = line.split("\t")
        yield columns[0], [int(one[-1]) for one in columns[4].split()]


def test_the_prediction_file_gives_the_printed_metrics_by_minds_definitions(
    call, finished_run, folders, tmp_path, capsys
):
    assert call("dev", "--prediction", tmp_path / "p.zip") == 0
    printed = capsys.readouterr().out
    found = []
    for (one, labels), (predicted, ranks) in zip(
        read_truth(folders / "dev"), read_prediction(tmp_path / "p.zip"), strict=True
    ):
        assert one == predicted and sorted(ranks) == list(range(1, len(labels) + 1))
        if 0 < sum(labels) < len(labels):
            found.append(mind_metrics(labels, ranks))
    assert len(found) == 90 - 3
    best = json.loads((finished_run / "metrics.json").read_text())["best"]
    for name, shown in zip(METRICS, NAMES):
        value = np.mean([one[name] for one in found])
        assert value == pytest.approx(best[name], abs=1e-12)
        (line,) = [line for line in printed.splitlines() if line.startswith(shown + " ")]
        assert line.split()[1] == f"{value:.4f}"


def test_the_numbers_are_those_of_the_best_epoch(finished_run, folders):
    best = json.loads((finished_run / "metrics.json").read_text())["best"]
    checkpoint, behaviors, scores = read_scores(finished_run, folders / "dev")
    assert report(checkpoint, behaviors, scores).startswith(f"loss {best['val_loss']:.4f} over ")
    metrics = evaluate_scores(scores, behaviors.candidates, behaviors.labels)
    assert metrics == {name: best[name] for name in METRICS}


def test_what_was_skipped_is_counted(call, finished_run, folders, capsys):
    behaviors = read_scores(finished_run, folders / "dev")[1]
    assert call("dev") == 0
    out = capsys.readouterr().out
    groups = printed_groups(out)
    assert groups["all"][:2] == [90, 87] and groups["history 0"][0] >= 3
    assert "metrics over 87 impressions; skipped: 2 where nothing was clicked, 1 where all was clicked" in out
    assert f"without history: {groups['history 0'][0]:.0f} impressions, not skipped" in out
    clicks = find_clicks(behaviors.histories, behaviors.candidates, behaviors.labels)
    assert f" over {describe_clicks(clicks)}\n" in out
    assert "unknown title words: " in out


def test_groups_are_the_metrics_of_their_impressions(finished_run, folders):
    checkpoint, behaviors, scores = read_scores(finished_run, folders / "dev")
    users = {line.split("\t")[1] for line in (folders / "train" / "behaviors.tsv").read_text().splitlines()}
    assert set(checkpoint.users) == users
    user_of = behaviors.text_columns()[1]
    members = {
        "all": lambda i: True,
        "users seen in training": lambda i: user_of[i] in users,
        "users not seen": lambda i: user_of[i] not in users,
        "history 0": lambda i: len(behaviors.histories[i]) == 0,
        "history 1-10": lambda i: 1 <= len(behaviors.histories[i]) <= 10,
        "history 11-12": lambda i: len(behaviors.histories[i]) > 10,  # 12 are kept
    }
    groups = printed_groups(report(checkpoint, behaviors, scores))
    assert list(groups) == list(members)
    ranks = rank_candidates(scores, behaviors.candidates)
    for name, (impressions, counted, *metrics, low, high) in groups.items():
        who = [i for i in range(90) if members[name](i)]
        assert impressions == len(who) > 0
        found = []
        for i in who:
            start, end = behaviors.candidates.offsets[i : i + 2]
            labels = behaviors.labels[start:end].tolist()
            if 0 < sum(labels) < len(labels):
                found.append(mind_metrics(labels, ranks[start:end].tolist()))
        assert counted == len(found)
        for metric, printed in zip(METRICS, metrics):
            assert printed == pytest.approx(np.mean([one[metric] for one in found]), abs=0.51e-4)
        aucs = [one["auc"] for one in found]
        assert low <= metrics[0] <= high and (low < high or min(aucs) == max(aucs))


@pytest.mark.parametrize(
    ("most", "names"),
    [
        (50, ["history 0", "history 1-10", "history 11-50"]),
        (11, ["history 0", "history 1-10", "history 11"]),
        (10, ["history 0", "history 1-10"]),
        (3, ["history 0", "history 1-3"]),
        (1, ["history 0", "history 1"]),
    ],
)
def test_the_last_group_has_the_longest_histories(finished_run, folders, most, names):
    checkpoint, behaviors, _ = read_scores(finished_run, folders / "dev")
    config = replace(checkpoint.config, history_length=most)
    groups = find_groups(replace(checkpoint, config=config), behaviors)
    assert list(groups)[3:] == names
    assert sum(groups[name].sum() for name in names) == len(behaviors)


def test_bootstrap_intervals():
    """The half-width is 1.96 standard errors; the same key gives the same interval; nothing gives nothing."""
    values = generator(5, "test").normal(size=(4000, 2)) * [1, 3]
    intervals = bootstrap(values, generator(0, "bootstrap"))
    for column, (low, high) in enumerate(intervals):
        error = values[:, column].std() / math.sqrt(len(values))
        assert (high - low) / 2 == pytest.approx(1.96 * error, rel=0.1)
        assert (high + low) / 2 == pytest.approx(values[:, column].mean(), abs=0.2 * error)
    assert bootstrap(values, generator(0, "bootstrap")) == intervals
    assert np.isnan(bootstrap(np.empty((0, 2)), generator(0, "bootstrap"))).all()


def test_no_history_is_ranked_by_the_hash_and_not_by_popularity(finished_run, folders):
    _, behaviors, scores = read_scores(finished_run, folders / "dev")
    start, end = behaviors.candidates.offsets[:2]
    assert len(behaviors.histories[0]) == 0 and (scores[start:end] == 0).all()


def test_the_file_is_the_same_bytes_with_and_without_labels_and_in_any_pieces(call, tmp_path, capsys, monkeypatch):
    for name in ("first", "again"):
        assert call("dev", "--prediction", tmp_path / f"{name}.zip") == 0
    capsys.readouterr()
    assert call("test", "--prediction", tmp_path / "test.zip") == 0
    out = capsys.readouterr().out
    assert "no labels" in out and "AUC" not in out and "ranks of 90 impressions are in" in out
    monkeypatch.setattr(inference, "CHUNK", 7)
    assert call("test", "--prediction", tmp_path / "pieces.zip") == 0
    first = (tmp_path / "first.zip").read_bytes()
    for name in ("again", "test"):
        assert (tmp_path / f"{name}.zip").read_bytes() == first
    # other pieces round differently, so only titles that score the same to the last digits may change places
    for (_, a), (_, b) in zip(read_prediction(tmp_path / "first.zip"), read_prediction(tmp_path / "pieces.zip")):
        assert np.abs(np.subtract(a, b)).max(initial=0) <= 2
    assert sorted(os.listdir(tmp_path)) == ["again.zip", "first.zip", "pieces.zip", "test.zip"]  # no .part


def test_the_form_of_the_file(tmp_path):
    candidates = Ragged.from_lists([[4, 5, 6], [], [7], [1, 2]])
    scores = np.array([0.5, 2.0, 1.0, 3.0, -1.0, -0.5], np.float32)
    pieces = iter([(0, 2, scores[:3]), (2, 4, scores[3:])])  # an iterator: written as it comes
    write_prediction(tmp_path / "p.zip", np.array([b"10", b"7", b"8", b"x9"]), candidates, pieces)
    with zipfile.ZipFile(tmp_path / "p.zip") as archive:
        (member,) = archive.infolist()
        assert (member.filename, member.date_time) == ("prediction.txt", (1980, 1, 1, 0, 0, 0))
        assert archive.read(member) == b"10 [3,1,2]\n7 []\n8 [1]\nx9 [2,1]\n"


def test_ties_rank_alike_in_pieces(tmp_path):
    candidates = Ragged.from_lists([range(9)] * 6)
    pieces = [(i, i + 2, np.zeros(18, np.float32)) for i in (0, 2, 4)]
    write_prediction(tmp_path / "p.zip", np.array(list("abcdef"), bytes), candidates, pieces)
    whole = rank_candidates(np.zeros(54, np.float32), candidates)
    assert [rank for _, ranks in read_prediction(tmp_path / "p.zip") for rank in ranks] == whole.tolist()


def test_a_failure_leaves_the_old_file(tmp_path):
    (tmp_path / "p.zip").write_bytes(b"old")

    def pieces():
        yield 0, 1, np.zeros(2, np.float32)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_prediction(tmp_path / "p.zip", np.array([b"1", b"2"]), Ragged.from_lists([[0, 1], [0]]), pieces())
    assert (tmp_path / "p.zip").read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["p.zip"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--data", "nowhere"], f"{Path('nowhere', 'news.tsv')}: no such file"),
        (["--checkpoint", "nowhere.npz"], "nowhere.npz: no such checkpoint"),
        (["--checkpoint", "{folders}/dev/news.tsv"], "not a checkpoint file, or damaged"),
        (["--data", "{folders}/test"], "behaviors.tsv has no labels (-0, -1), so there are no metrics; give --pred"),
        (["--prediction", "p.txt"], "--prediction p.txt: the leaderboard takes a zip"),
        (["--prediction", "nowhere/p.zip"], f"--prediction {Path('nowhere', 'p.zip')}: there is no folder nowhere"),
    ],
)
def test_bad_input_is_one_clear_line(arguments, message, finished_run, folders, capsys):
    given = ["--checkpoint", str(finished_run / "checkpoint.npz"), "--data", str(folders / "dev")]
    assert cli.run_command(evaluate.main, given + [one.format(folders=folders) for one in arguments]) == cli.BAD_INPUT
    errors = capsys.readouterr().err.strip().splitlines()
    assert len(errors) == 1 and errors[0].startswith("error: ") and message in errors[0]


def test_an_impression_id_with_a_space_is_refused(folders, call, tmp_path, capsys):
    folder = folders / "spaced"
    folder.mkdir()
    (folder / "news.tsv").write_bytes((folders / "test" / "news.tsv").read_bytes())
    (folder / "behaviors.tsv").write_text("7 8" + (folders / "test" / "behaviors.tsv").read_text())
    assert call("spaced", "--prediction", tmp_path / "p.zip") == cli.BAD_INPUT
    assert "error: impression id '7 81'" in capsys.readouterr().err
    assert os.listdir(tmp_path) == []


def test_broken_weights_are_reported(folders, finished_run, tmp_path, capsys):
    good = load_checkpoint(finished_run / "checkpoint.npz")
    params = good.params | {"news.weight_value": good.params["news.weight_value"] * np.float32(1e38)}
    save_checkpoint(tmp_path / "huge.npz", Checkpoint(params, good.vocabulary, good.config))
    for data, more in (("dev", []), ("test", ["--prediction", str(tmp_path / "p.zip")])):
        arguments = ["--checkpoint", str(tmp_path / "huge.npz"), "--data", str(folders / data), "--threads", "1", *more]
        assert cli.run_command(evaluate.main, arguments) == cli.NON_FINITE
        assert "error: the scores are not finite" in capsys.readouterr().err
    assert os.listdir(tmp_path) == ["huge.npz"]


def test_data_without_any_metric(folders, call, capsys):
    """All impressions without history or with one class: dashes, no crash and no number."""
    folder = folders / "one_class"
    folder.mkdir()
    (folder / "news.tsv").write_bytes((folders / "dev" / "news.tsv").read_bytes())
    lines = [line.split("\t") for line in (folders / "dev" / "behaviors.tsv").read_text().splitlines()]
    for line, odd in zip(lines, [nothing_clicked, all_clicked, nothing_shown]):
        odd(line)
    (folder / "behaviors.tsv").write_text("".join("\t".join(line) + "\n" for line in lines[:3]))
    assert call("one_class") == 0
    out = capsys.readouterr().out
    assert "loss - over 0 clicks" in out and "nan" not in out.lower()
    assert "1 where nothing was clicked, 1 where all was clicked, 1 where nothing was shown" in out


def test_the_checkpoint_counts_users_and_clicks(finished_run, folders):
    checkpoint = load_checkpoint(finished_run / "checkpoint.npz")
    lines = [line.split("\t") for line in (folders / "train" / "behaviors.tsv").read_text().splitlines()]
    assert checkpoint.users == sorted({line[1] for line in lines})
    shown = [one for line in lines for one in line[4].split()]
    clicked = [one[:-2] for one in shown if one.endswith("-1")]
    assert checkpoint.clicks == {one: clicked.count(one) for one in clicked}


def test_the_loss_takes_the_validation_negatives(finished_run, folders):
    checkpoint, behaviors, scores = read_scores(finished_run, folders / "dev")
    clicks = find_clicks(behaviors.histories, behaviors.candidates, behaviors.labels)
    rng = generator(checkpoint.config.seed, "validation negatives")
    which = np.arange(len(clicks))
    drawn = scores[draw_candidates(clicks, which, checkpoint.config.negatives, rng)].astype(np.float64)
    loss = np.mean(np.log(np.exp(drawn).sum(axis=1)) - drawn[:, 0])
    assert validation_loss(scores, clicks, checkpoint.config)[0] == pytest.approx(loss, rel=1e-5)
    assert report(checkpoint, behaviors, scores).startswith(f"loss {loss:.4f} over {len(clicks)} clicks")


def test_a_negative_number_of_threads_is_refused(capsys):
    with pytest.raises(SystemExit) as stop:
        evaluate.main(["--checkpoint", "c", "--data", "d", "--threads", "-1"])
    assert stop.value.code == cli.BAD_INPUT
    assert "argument --threads: must be at least 0" in capsys.readouterr().err


def test_titles_of_another_language_are_said(finished_run, folders, tmp_path, capsys):
    for name in ("news.tsv", "behaviors.tsv"):
        lines = [line.split("\t") for line in (folders / "dev" / name).read_text().splitlines()]
        if name == "news.tsv":
            lines = [[*line[:3], "nimeni nu stie", *line[4:]] for line in lines]
        (tmp_path / name).write_text("".join("\t".join(line) + "\n" for line in lines))
    arguments = ["--checkpoint", str(finished_run / "checkpoint.npz"), "--data", str(tmp_path)]
    assert cli.run_command(evaluate.main, arguments) == 0
    assert "note: most words of these titles are unknown to the model" in capsys.readouterr().err
