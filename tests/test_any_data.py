"""Data as people have them: several folders, headers, gone articles, missing titles, and paths to something else."""

import gzip
import json
import zipfile
from dataclasses import replace

import numpy as np
import pytest

from nrms_np import evaluate, train
from nrms_np.app import cli
from nrms_np.app.run_data import load_data
from nrms_np.app.run_folder import RunSettings, read_settings
from nrms_np.config import Config
from nrms_np.data.demo import make_demo, write_demo
from nrms_np.data.mind import News, join_folders, last_day, write_folder
from nrms_np.data.read_folder import read_folder
from nrms_np.errors import InputError
from nrms_np.ragged import Ragged
from tests.helpers import QUICK

pytestmark = pytest.mark.usefixtures("quick_runs")


@pytest.fixture(scope="module")
def demo():
    return make_demo(seed=2, users=60, news=600, train_impressions=175, dev_impressions=60, mixed=0)


@pytest.fixture
def data(demo, tmp_path):
    write_demo(tmp_path, demo)
    return tmp_path


def change(path, old, new, count=-1):
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, count), encoding="utf-8")


def train_on(data, *folders, extra=(), dev="dev"):
    arguments = ["--train", *(str(data / folder) for folder in folders), "--run", str(data / "run"), *QUICK]
    arguments += ["--dev", str(data / dev)] if dev else []
    return cli.run_command(train.main, [*arguments, "--epochs", "1", *extra])


# ---------------------------------------------------------------- several folders


def test_joined_folders_are_one(data, demo):
    """Ids of impressions and of users repeat; an article with another title is another article."""
    first, dev = read_folder(data / "train"), demo.dev
    titles = [f"{title} again" if n < 3 else title for n, title in enumerate(demo.news.titles)]
    backwards = News(demo.news.ids[::-1], demo.news.categories[::-1], titles[::-1])
    histories, candidates = (Ragged(599 - one.values, one.offsets) for one in (dev.histories, dev.candidates))
    second = (backwards, replace(dev, histories=histories, candidates=candidates))
    news, behaviors = join_folders([first, second])
    assert news.ids == [*demo.news.ids, "N3", "N2", "N1"] and news.titles[600:] == titles[2::-1]
    assert len(behaviors) == 175 + 60
    for i, (part, n) in enumerate([*((first, n) for n in range(175)), *((second, n) for n in range(60))]):
        for name in ("histories", "candidates"):
            mine, theirs = getattr(behaviors, name)[i], getattr(part[1], name)[n]
            assert [(news.ids[k], news.titles[k]) for k in mine] == [
                (part[0].ids[k], part[0].titles[k]) for k in theirs
            ]
        assert behaviors.user_ids[behaviors.users[i]] == part[1].user_ids[part[1].users[n]]
    assert behaviors.labels.tolist() == [*first[1].labels.tolist(), *second[1].labels.tolist()]
    assert sum(len(set(column)) for column in behaviors.text_columns()[1:2]) == len(behaviors.user_ids)


def test_training_on_several_folders(data, capsys):
    assert train_on(data, "train", "dev", dev=None) == 0
    printed = capsys.readouterr().out
    assert "the last day of the training data is held out (60 impressions)" in printed
    assert "training: 600 news, 175 impressions" in printed
    settings = read_settings(data / "run")
    assert settings.train == [str(data / "train"), str(data / "dev")]
    assert cli.run_command(train.main, ["--resume", str(data / "run")]) == 0


def test_a_run_folder_from_when_there_could_be_one_folder_only(data):
    assert train_on(data, "train") == 0
    saved = json.loads((data / "run" / "config.json").read_text())
    saved["train"] = saved["train"][0]
    del saved["strict"]
    (data / "run" / "config.json").write_text(json.dumps(saved))
    assert read_settings(data / "run").train == [str(data / "train")]
    assert cli.run_command(train.main, ["--resume", str(data / "run")]) == 0


def test_some_folders_without_labels(data):
    change(data / "dev" / "behaviors.tsv", "-0", "")
    change(data / "dev" / "behaviors.tsv", "-1", "")
    with pytest.raises(InputError, match="no labels"):
        join_folders([read_folder(data / "train"), read_folder(data / "dev")])


# ---------------------------------------------------------------- ids and titles


def test_gone_articles(data, demo, capsys):
    path = data / "train" / "news.tsv"
    in_histories = {demo.news.ids[n] for n in demo.train.histories.values}
    gone = sorted(in_histories - {demo.news.ids[n] for n in demo.train.candidates.values})[:2]
    path.write_text("".join(line for line in path.open() if line.split("\t")[0] not in gone))
    lost = sum(demo.news.ids[n] in gone for n in demo.train.histories.values)
    assert train_on(data, "train", extra=["--strict"]) == 2
    assert "is not in news.tsv; use the news.tsv of the same folder" in capsys.readouterr().err
    assert train_on(data, "train") == 0
    assert f"note: ids in histories that news.tsv does not hold, left out: {lost} (first: " in capsys.readouterr().err
    _, behaviors = read_folder(data / "train")
    assert len(behaviors.histories.values) == len(demo.train.histories.values) - lost
    arguments = ["--checkpoint", str(data / "run" / "checkpoint.npz"), "--data", str(data / "train")]
    assert cli.run_command(evaluate.main, arguments) == 0
    assert cli.run_command(evaluate.main, [*arguments, "--strict"]) == 2


def test_a_gone_candidate_keeps_its_rank(data, demo, capsys):
    """The prediction needs a rank for each candidate: an unknown one is an article without a title."""
    path = data / "dev" / "news.tsv"
    gone = [demo.news.ids[n] for n in demo.dev.candidates.values[:2]]
    path.write_text("".join(line for line in path.open() if line.split("\t")[0] not in gone))
    news, behaviors = read_folder(data / "dev")
    assert "candidates that news.tsv does not hold, taken as articles without a title" in capsys.readouterr().err
    shown = [demo.news.ids[n] for n in demo.dev.candidates.values]
    assert [news.ids[n] for n in behaviors.candidates.values] == shown
    assert news.ids[-2:] == gone and news.titles[-2:] == ["", ""] and len(news.tokens.titles) == len(news) == 600
    assert behaviors.labels.tolist() == demo.dev.labels.tolist()
    assert not set(gone) & {news.ids[n] for n in behaviors.histories.values}


def test_the_news_of_another_folder_are_no_accident(data, demo):
    write_folder(data / "train", replace_ids(demo.news, "X"), demo.train)
    change(data / "train" / "news.tsv", "X", "Y")
    with pytest.raises(
        InputError, match=r"train.behaviors.tsv:\d+: news id 'XN\d+': the first of .*; use the news.tsv"
    ):
        read_folder(data / "train")


def replace_ids(news, prefix):
    return News([prefix + news_id for news_id in news.ids], news.categories, news.titles)


def test_long_ids(tmp_path, demo):
    news = replace_ids(demo.news, "https://example.org/" + "x" * 900)
    write_folder(tmp_path, news, demo.dev)
    again, behaviors = read_folder(tmp_path)
    assert again.ids == news.ids and behaviors.checksum == demo.dev.checksum


NUMBERS = "".join(f"{n}\t" for n in range(7)) + "7\n"
HEADER = "news_id\tcategory\tsubcategory\ttitle\tabstract\turl\ttitle_entities\tabstract_entities\n"
NUMBERED = "nid\tcat\t\ttitle\tabstract\turl\tentities_1\tentities_2\n"
OTHER = "Artikel\tRubrik\tUnterrubrik\tTitel\tText\tAdresse\tNamen im Titel\tNamen im Text\n"


@pytest.mark.parametrize(
    "news_header", [HEADER, HEADER.replace("_", " ").title(), OTHER.replace(" im ", " "), NUMBERED, NUMBERS, ""]
)
@pytest.mark.parametrize(
    "header", ["impression_id\tuser_id\ttime\thistory\timpressions\n", "a\tb\tZeit\td\te f\n", "0\t1\t2\t3\t4\n", ""]
)
def test_headers(data, demo, header, news_header, capsys):
    for name, line in (("news.tsv", news_header), ("behaviors.tsv", header)):
        path = data / "train" / name
        path.write_text(line + path.read_text())
    news, behaviors = read_folder(data / "train", strict=True)
    said = capsys.readouterr().err
    assert news.titles == demo.news.titles and behaviors.checksum == demo.train.checksum
    assert ("line of column names in news.tsv, skipped: 1 (first: " in said) == bool(news_header)
    assert ("line of column names in behaviors.tsv, skipped: 1 (first: " in said) == bool(header)


def test_merged_files(data, demo, capsys):
    """``cat`` of two folders: the same article twice is one article, an impression id may repeat."""
    for name in ("news.tsv", "behaviors.tsv"):
        (data / "train" / name).write_text((data / "train" / name).read_text() + (data / "dev" / name).read_text())
    news, behaviors = read_folder(data / "train", strict=True)
    assert news.titles == demo.news.titles and len(behaviors) == 235
    assert "lines that repeat an article, skipped: 600" in capsys.readouterr().err
    change(
        data / "train" / "news.tsv", f"N1\t{demo.news.categories[0]}\t\t", f"N1\t{demo.news.categories[0]}\t\tNew: ", 1
    )
    assert read_folder(data / "train")[0].titles[0].startswith("New: ")
    assert "another title, skipped: 1 (first: " in capsys.readouterr().err
    with pytest.raises(InputError, match="news.tsv:601: news id 'N1' has another title in an earlier line"):
        read_folder(data / "train", strict=True)


def test_missing_titles(data, demo, capsys):
    rows = [line.split("\t") for line in (data / "train" / "news.tsv").read_text().splitlines()]
    for row, title in zip(rows, ["", " ", "nan", "NaN", "None"]):
        row[3] = title
    (data / "train" / "news.tsv").write_text("".join("\t".join(row) + "\n" for row in rows))
    assert read_folder(data / "train")[0].titles[2:6] == ["", "", "", demo.news.titles[5]]
    said = capsys.readouterr().err
    assert "articles without a title: 2 (first: " in said and "news.tsv:1)" in said
    assert "titles such as 'nan', taken as missing: 3" in said


@pytest.mark.parametrize("form", ["['{}']", '["{}"]', "{}", "({})"])
def test_lists_of_another_form(data, demo, form):
    path = data / "train" / "behaviors.tsv"
    lines = [line.split("\t") for line in path.read_text().splitlines()]
    for fields in lines:
        between = "," if form == "{}" else "' '"
        fields[3] = form.format(between.join(fields[3].split()))
    path.write_text("".join("\t".join(fields) + "\n" for fields in lines))
    with pytest.raises(InputError, match=r"behaviors.tsv:\d+: .* is no id; write ids with spaces between them"):
        read_folder(data / "train")


# ---------------------------------------------------------------- times


def test_iso_times(data, demo, capsys):
    iso = [f"2030-03-{4 + n // 40:02d}T08:00:00+01:00" for n in range(175)]
    write_folder(data / "train", demo.news, replace(demo.train, times=np.array(iso, bytes)))
    assert last_day(read_folder(data / "train")[1]).sum() == 15
    assert train_on(data, "train", dev=None) == 0
    assert "held out (15 impressions)" in capsys.readouterr().out


def test_a_bad_time_is_named_with_its_file_and_impression(data):
    lines = (data / "dev" / "behaviors.tsv").read_text().splitlines()
    fields = lines[6].split("\t")
    lines[6] = "\t".join([*fields[:2], "9 March", *fields[3:]])
    (data / "dev" / "behaviors.tsv").write_text("\n".join([HEADER_OF_BEHAVIORS, *lines, ""]))
    settings = RunSettings(Config(), [str(data / "train"), str(data / "dev")], None, None)
    with pytest.raises(InputError, match=r"dev.behaviors.tsv, impression 7: the time '9 March' .*give --dev"):
        load_data(settings)


HEADER_OF_BEHAVIORS = "impression_id\tuser_id\ttime\thistory\timpressions"


# ---------------------------------------------------------------- paths


def test_paths_to_something_else(data, capsys):
    (data / "mind").mkdir()
    with zipfile.ZipFile(data / "MIND.zip", "w") as archive:
        archive.writestr("news.tsv", "x")
    (data / "zipped").mkdir()
    (data / "MIND.zip").rename(data / "zipped" / "MIND.zip")
    (data / "mind" / "news.tsv").mkdir()
    (data / "mind" / "news.tsv" / "news.tsv").write_text("x")
    (data / "utf16").mkdir()
    (data / "utf16" / "news.tsv").write_text("x\ty", encoding="utf-16")
    (data / "gz").mkdir()
    (data / "gz" / "news.tsv").write_bytes(gzip.compress(b"x"))
    (data / "cr").mkdir()
    (data / "cr" / "news.tsv").write_bytes((data / "train" / "news.tsv").read_bytes().replace(b"\n", b"\r"))
    (data / "index").mkdir()
    (data / "index" / "news.tsv").write_text("\t" + HEADER)
    expected = {
        "zipped/MIND.zip": "MIND.zip is a file; unpack it if it is an archive",
        "train/news.tsv": f"otherwise give its folder, {data / 'train'}",
        "mind": f"a folder; give a file of it, such as {data / 'mind' / 'news.tsv' / 'news.tsv'}, or move that up",
        "": f"no such file; is {data / 'cr' / 'news.tsv'} the one?",
        "zipped": f"no such file; is {data / 'zipped' / 'MIND.zip'} the one?",
        "nowhere": "no such file; give a folder that holds news.tsv and behaviors.tsv",
        "utf16": "UTF-16 text; save it as UTF-8",
        "gz": "packed by gzip; unpack it",
        "cr": "its lines end in CR alone: end them with LF",
        "index": "9 tab-separated columns, expected 8 or 3 or 2; write it without the index (pandas: index=False)",
    }
    for folder, said in expected.items():
        assert train_on(data, folder) == 2
        error = capsys.readouterr().err
        assert said in error and error.count("\n") == 1, error
    assert not (data / "run").exists() or not list((data / "run").glob("*.npz"))


# ---------------------------------------------------------------- what the words say


def test_a_dev_set_in_another_language(data, demo, capsys):
    news = News(demo.news.ids, demo.news.categories, ["어느 말도 아닌 제목"] * 600)
    write_folder(data / "dev", news, demo.dev)
    assert train_on(data, "train") == 0
    assert "note: most words of these titles are unknown to the model" in capsys.readouterr().err


def test_vectors_of_another_language(data, capsys):
    (data / "vec.txt").write_text("새 1 2 3\n제목 2 3 4\n", encoding="utf-8")
    assert train_on(data, "train", extra=["--embeddings", str(data / "vec.txt")]) == 2
    assert "none of the words of the training news (" in capsys.readouterr().err


# ---------------------------------------------------------------- titles without words, impressions read twice


def blank_titles(path, which):
    lines = [line.split("\t") for line in path.read_text(encoding="utf-8").splitlines()]
    path.write_text(
        "".join("\t".join([*line[:3], "" if line[0] in which else line[3], *line[4:]]) + "\n" for line in lines),
        encoding="utf-8",
    )


@pytest.mark.parametrize("attention", ["qkv", "mean"])
def test_training_titles_without_a_word_are_refused(data, demo, capsys, attention):
    blank_titles(data / "train" / "news.tsv", demo.news.ids)
    assert train_on(data, "train", extra=["--attention", attention]) == 2
    assert "no title of the training data has a word" in capsys.readouterr().err


@pytest.mark.parametrize("with_words", [0, 1])
def test_clicked_dev_titles_without_a_word_have_no_picture(data, demo, with_words):
    clicked = [demo.news.ids[n] for n in dict.fromkeys(demo.dev.candidates.values[demo.dev.labels == 1].tolist())]
    blank_titles(data / "dev" / "news.tsv", clicked[with_words:])
    assert train_on(data, "train") == 0
    assert len(list((data / "run").glob("additive_attention_*.png"))) <= with_words


def test_dev_impressions_that_are_training_data_are_said(data, capsys):
    assert train_on(data, "train") == 0
    assert "are training data too" not in capsys.readouterr().err
    path = data / "train" / "behaviors.tsv"
    path.write_text(path.read_text() + "".join((data / "dev" / "behaviors.tsv").read_text().splitlines(True)[:7]))
    assert train_on(data, "train", extra=["--run", str(data / "other")]) == 0
    assert "7 of the 60 dev impressions are training data too" in capsys.readouterr().err


# ---------------------------------------------------------------- other catalogues


@pytest.mark.parametrize("header", ["", "doc_id\theadline\n", "0\t1\n"])
@pytest.mark.parametrize("abstract", ["", "\tbody"])
def test_catalogues_of_two_or_three_columns(data, demo, header, abstract):
    header = header and header.rstrip("\n") + (abstract and ("\t2" if header[0] == "0" else abstract)) + "\n"
    rows = "".join(f"{news_id}\t{title}{abstract}\n" for news_id, title in zip(demo.news.ids, demo.news.titles))
    (data / "train" / "news.tsv").write_text(header + rows + "\n")
    assert read_folder(data / "train", strict=True)[0].titles == demo.news.titles


def test_empty_lines_are_counted(data, demo, capsys):
    for name in ("news.tsv", "behaviors.tsv"):
        (data / "train" / name).write_text("\n" + (data / "train" / name).read_text() + "\r\n")
    news, behaviors = read_folder(data / "train")
    assert len(news) == 600 and behaviors.checksum == demo.train.checksum
    assert "empty lines in behaviors.tsv, skipped: 2 (first: " in capsys.readouterr().err


@pytest.mark.parametrize("form", ["000{}", "{}.0", "n{}", "N\u00a0{}"])
def test_ids_of_another_form_are_shown(data, form):
    path = data / "train" / "news.tsv"
    rows = [line.partition("\t") for line in path.read_text().splitlines(True)]
    path.write_text("".join(f"{form.format(news_id[1:])}\t{rest}" for news_id, _, rest in rows))
    with pytest.raises(InputError, match=r"use the news.tsv of the same folder \(the ids in this one are like \['"):
        read_folder(data / "train")


def test_titles_that_are_mostly_cut_are_said(data, capsys):
    assert train_on(data, "train", extra=["--title-length", "3"]) == 0
    said = capsys.readouterr().err
    assert "of 600 titles are cut at 3 words; --title-length N keeps more" in said
    assert train_on(data, "train", extra=["--title-length", "30", "--run", str(data / "other")]) == 0
    assert "are cut" not in capsys.readouterr().err
