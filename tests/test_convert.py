"""``python -m nrms_np.convert`` as a user meets it: logs of many forms, EB-NeRD, xMIND."""

import csv
import errno
import json
import os
import zipfile
from collections import defaultdict
from datetime import datetime, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nrms_np import convert, evaluate, train
from nrms_np.app import cli
from nrms_np.data.demo import make_demo
from nrms_np.data.mind import write_folder
from nrms_np.data.read_folder import read_folder
from nrms_np.data.tables import read_times
from nrms_np.errors import InputError
from tests.helpers import QUICK, make_link

START = datetime(2024, 3, 15, 8)
TITLES = {"a1": "Rain over the harbour", "a2": "A new bridge", "a3": "Bread prices fall", "a4": "Team wins"}
# user, hours since the start, article, clicked
SHOWN = [
    *[("u1", 0, "a1", 1), ("u1", 0, "a2", 0), ("u2", 1, "a2", 1), ("u2", 1, "a3", 0), ("u1", 2, "a3", 1)],
    *[("u1", 2, "a4", 0), ("u1", 24, "a2", 0), ("u1", 24, "a4", 1), ("u2", 25, "a1", 0), ("u2", 25, "a4", 1)],
]
EXPECTED = {
    "train": [("u1", "", "a1-1 a2-0"), ("u2", "", "a2-1 a3-0"), ("u1", "a1", "a3-1 a4-0")],
    "dev": [("u1", "a1 a3", "a2-0 a4-1"), ("u2", "a2", "a1-0 a4-1")],
}


def rows(time=lambda time: time.isoformat(sep=" "), shown=SHOWN):
    names = ["user", "time", "item", "title", "clicked"]
    return [
        dict(zip(names, [user, time(START + timedelta(hours=hour)), item, TITLES[item], clicked]))
        for user, hour, item, clicked in shown
    ]


def seconds_of(time):
    return int((time - datetime(1970, 1, 1)).total_seconds())


def write_csv(path, rows, delimiter=",", encoding="utf-8", end="\n"):
    with open(path, "w", encoding=encoding, newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]), delimiter=delimiter, lineterminator=end)
        writer.writeheader()
        writer.writerows(rows)
    return path


def lines(folder):
    text = (folder / "behaviors.tsv").read_text(encoding="utf-8")
    return [tuple(line.split("\t")[i] for i in (1, 3, 4)) for line in text.splitlines()]


def run(path, *arguments, out=None):
    out = out or path.parent / "out"
    code = cli.run_command(convert.main, [str(path), "--out", str(out), *map(str, arguments)])
    return code, out


def check(out):
    assert {name: lines(out / name) for name in ("train", "dev")} == EXPECTED
    news, behaviors = read_folder(out / "dev", strict=True)
    assert dict(zip(news.ids, news.titles)) == TITLES
    assert behaviors.text_columns()[2] == ["3/16/2024 8:00:00 AM", "3/16/2024 9:00:00 AM"]


def write_json(path, rows):
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def write_json_array(path, rows):
    path.write_text(json.dumps(rows, indent=1))
    return path


def write_incomplete(path, rows):
    """As in Adressa's log: rows of the home page come first, without an article."""
    return write_json(path, [{"user": "u1", "time": rows[0]["time"], "url": "https://example.org"}, *rows])


def write_parts(path, rows):
    path.mkdir()
    for name, part in (("part-0.csv", rows[:5]), ("part-1.csv", rows[5:])):
        write_csv(path / name, part)
    (path / "part-2.csv").write_text("")
    (path / "_SUCCESS").write_text("")
    return path


def write_below_sep(path, rows):
    path.write_text("sep=;\n" + write_csv(path, rows, ";").read_text(), encoding="utf-8-sig")
    return path


def as_bytes(rows):
    return [{name: cell.encode() if isinstance(cell, str) else cell for name, cell in row.items()} for row in rows]


def write_parquet(path, rows):
    pyarrow = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    parquet.write_table(pyarrow.Table.from_pylist(rows), path)
    return path


FILES = {
    "csv": lambda folder: write_csv(folder / "log.csv", rows()),
    "tsv": lambda folder: write_csv(folder / "log.tsv", rows(), "\t"),
    "semicolons": lambda folder: write_csv(folder / "log.csv", rows(), ";"),
    "CRLF": lambda folder: write_csv(folder / "log.csv", rows(), end="\r\n"),
    "CR": lambda folder: write_csv(folder / "log.csv", rows(), end="\r"),
    "byte order mark": lambda folder: write_csv(folder / "log.csv", rows(), encoding="utf-8-sig"),
    "UTF-16": lambda folder: write_csv(folder / "log.txt", rows(), "\t", "utf-16"),
    "JSON lines": lambda folder: write_json(folder / "log.jsonl", rows()),
    "JSON": lambda folder: write_json_array(folder / "log.json", rows()),
    "parquet": lambda folder: write_parquet(folder / "log.parquet", rows(time=lambda time: time)),
    "parquet of bytes": lambda folder: write_parquet(folder / "log.parquet", as_bytes(rows())),
    "a first row that lacks columns": lambda folder: write_incomplete(folder / "log.jsonl", rows()),
    "a folder of parts": lambda folder: write_parts(folder / "log", rows()),
    "sep=": lambda folder: write_below_sep(folder / "log.csv", rows()),
    "a zone of hours": lambda folder: write_csv(folder / "log.csv", rows(lambda time: f"{time}+00")),
    "basic ISO": lambda folder: write_csv(folder / "log.csv", rows(lambda time: f"{time:%Y%m%dT%H%M%SZ}")),
    "seconds": lambda folder: write_csv(folder / "log.csv", rows(lambda time: seconds_of(time))),
    "milliseconds": lambda folder: write_json(
        folder / "log.jsonl", rows(lambda time: 1000.0 * seconds_of(time))
    ),
    "UTC": lambda folder: write_csv(folder / "log.csv", rows(lambda time: time.isoformat() + "Z")),
    "a zone": lambda folder: write_csv(
        folder / "log.csv", rows(lambda time: (time + timedelta(hours=5.5)).isoformat() + ".25+05:30")
    ),
    "MIND's times": lambda folder: write_csv(folder / "log.csv", rows(lambda time: f"{time:%m/%d/%Y %I:%M:%S %p}")),
    "day first": lambda folder: write_csv(folder / "log.csv", rows(lambda time: f"{time:%d.%m.%Y %H:%M}")),
}  # fmt: skip


@pytest.mark.parametrize("form", FILES)
def test_a_log_in_any_form(tmp_path, form):
    code, out = run(FILES[form](tmp_path))
    assert code == 0
    check(out)


def test_other_names_of_columns(tmp_path, capsys):
    renamed = [
        {
            "Visitor ID": row["user"],
            "ts": row["time"],
            "artikel": row["item"],
            "Headline": row["title"],
            "event_type": event,
        }
        for row, event in zip(rows(), ["click" if row["clicked"] else "view" for row in rows()])
    ]
    path = write_csv(tmp_path / "log.csv", renamed)
    code, out = run(path, "--item", "artikel")
    assert code == 0
    check(out)
    assert run(path, "--item", "item", out=tmp_path / "other")[0] == 2
    assert "say --item with one of: Visitor ID, ts, artikel, Headline, event_type" in capsys.readouterr().err
    assert not (tmp_path / "other").exists() and sorted(p.name for p in tmp_path.iterdir()) == ["log.csv", "out"]


def test_titles_in_a_file_of_their_own_or_as_the_only_name(tmp_path, capsys):
    without = [{name: value for name, value in row.items() if name != "title"} for row in rows()]
    news = write_csv(tmp_path / "news.csv", [{"id": item, "title": title} for item, title in TITLES.items()])
    assert run(write_csv(tmp_path / "log.csv", without))[0] == 2
    assert "most articles have no title; give --news FILE" in capsys.readouterr().err
    other = [{"id": f"N{n}", "title": "Another"} for n in range(100)]
    assert run(tmp_path / "log.csv", "--news", write_csv(tmp_path / "other.csv", other))[0] == 2
    assert f"the log has 'a1', {tmp_path / 'other.csv'} has ['N0', 'N1']" in capsys.readouterr().err
    code, out = run(tmp_path / "log.csv", "--news", news)
    assert code == 0
    check(out)
    without = [{name: value for name, value in row.items() if name != "item"} for row in rows()]
    code, out = run(write_csv(tmp_path / "titles.csv", without), out=tmp_path / "titles")
    assert code == 0 and lines(out / "dev")[1] == ("u2", "A_new_bridge", "Rain_over_the_harbour-0 Team_wins-1")
    assert sorted(read_folder(out / "dev")[0].titles) == sorted(TITLES.values())


FORMS = ["['{}' '{}']", '["{}", "{}"]', "{} {}", "{},{}", "[np.str_('{}'), np.str_('{}')]", "[None, '{}', '{}']"]


@pytest.mark.parametrize("form", [*FORMS, "array(['{}', '{}'], dtype=object)"])
def test_lists_of_what_was_shown(tmp_path, form):
    shown = defaultdict(list)
    for user, hour, item, clicked in SHOWN:
        shown[user, hour].append((item, clicked))
    wide = []
    for (user, hour), items in shown.items():
        inview = form.format(*(item for item, _ in items))
        clicked = " ".join(item for item, clicked in items if clicked)
        time = (START + timedelta(hours=hour)).isoformat()
        wide.append({"user": user, "time": time, "inview": inview, "clicked": clicked})
    news = write_csv(tmp_path / "news.csv", [{"id": item, "title": title} for item, title in TITLES.items()])
    code, out = run(write_csv(tmp_path / "log.csv", wide), "--news", news)
    assert code == 0
    check(out)


@pytest.mark.parametrize(
    ("shown", "clicked", "found"),
    [
        (["a1", "a2"], [0, 1], "a1-0 a2-1"),
        (["a1", "a2"], [True, False], "a1-1 a2-0"),
        (["a1", "a2", "a3"], ["a1", "a2"], "a1-1 a2-1 a3-0"),
        ([None, "a1", "a2"], [0, 0, 1.0], "a1-0 a2-1"),
        ([None, "a1", "a2"], ["a1", None, None], "a1-1 a2-0"),
        (["a 1", "a2"], ["a 1"], "a_1-1 a2-0"),
        ([1.0, 2.0], [2.0], "1-0 2-1"),
        ([0, 1, 2], [1, 0, 1], "0-1 1-0 2-1"),  # three ids would not repeat one
        ([2, 10, 8, 1], [1, 0, 0, 0], "2-1 10-0 8-0 1-0"),
        (["a1", "a2"], ["a3"], "a1-0 a2-0"),  # what was not shown is in no impression
    ],
)
def test_lists_of_json(tmp_path, capsys, shown, clicked, found):
    log = [{"user": "u1", "time": f"2024-03-{day} 08:00", "shown": shown, "clicked": clicked} for day in (15, 16)]
    items = [{"id": item, "title": f"Title {item}"} for item in ("a1", "a2", "a3", "a 1", 0, 1, 2, 8, 10)]
    code, out = run(write_json(tmp_path / "log.jsonl", log), "--news", write_json(tmp_path / "news.jsonl", items))
    said = capsys.readouterr().err
    assert code == 0 and lines(out / "train") == [("u1", "", found)]
    assert ("empty ids in lists, left out: " in said) == (None in shown)
    assert ("clicks on what was not shown, in histories only: 2" in said) == ("a3" in clicked)


def test_what_is_half_a_character(tmp_path, capsys):
    log = [{**row, "title": row["title"] + "\ud83d", "user": row["user"] + "\0"} for row in rows()]
    code, out = run(write_json(tmp_path / "log.jsonl", log))
    assert code == 0 and lines(out / "dev")[0][0] == "u1\ufffd"
    assert read_folder(out / "dev")[0].titles[0] == "Rain over the harbour\ufffd"
    assert "texts with half an emoji or a zero byte, which becomes \ufffd: 20 (first: " in capsys.readouterr().err


@pytest.mark.parametrize("missing", ["\\N", "(null)", "undefined", "#N/A"])
def test_what_programs_write_for_nothing(tmp_path, capsys, missing):
    log = [*rows(), *({**rows()[0], name: missing} for name in ("user", "time", "item")), {**rows()[0], "time": "NaT"}]
    code, out = run(write_csv(tmp_path / "log.csv", log))
    assert code == 0
    check(out)
    assert "a user or a time, left out: 4" in capsys.readouterr().err


@pytest.mark.parametrize(("session", "same"), [("x", True), ("", True), (None, False)])
def test_a_session_that_is_everywhere_the_same(tmp_path, capsys, session, same):
    log = [{**row, "session": row["time"] if session is None else session} for row in rows()]
    code, out = run(write_csv(tmp_path / "log.csv", log))
    assert code == 0
    check(out)
    assert ("column of sessions differs in all rows or none" in capsys.readouterr().err) == (session == "x")


def test_a_name_of_the_log_and_one_of_the_articles(tmp_path, capsys):
    """A name may be that of either; what is the name of neither is refused."""
    log = [{"article" if name == "item" else name: row[name] for name in row if name != "title"} for row in rows()]
    news = [{"article_id": item, "name_1": title} for item, title in TITLES.items()]
    log, news = write_csv(tmp_path / "log.csv", log), write_csv(tmp_path / "news.csv", news)
    for item in ("article", "article_id"):
        code, out = run(log, "--item", item, "--title", "name_1", "--news", news, out=tmp_path / item)
        assert code == 0
        check(out)
    assert run(log, "--item", "articles", "--title", "name_1", "--news", news)[0] == 2
    assert "log.csv: which column is the item? say --item with one of: user, time, article" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"clicked": 0}, "folders that cannot train: no click has clicks before it"),
        ({"time": None}, "folders that cannot train: no click has clicks before it"),
        ({}, ""),
    ],
)
def test_what_cannot_train_is_said(tmp_path, capsys, change, said):
    log = [{**row, **change} for row in rows()]
    for n, row in enumerate(log):
        row["time"] = row["time"] or (START + timedelta(hours=6 * n)).isoformat()
    assert run(write_csv(tmp_path / "log.csv", log))[0] == 0
    printed = capsys.readouterr()
    assert said in printed.err and ("train with" in printed.out) == (not said)


def test_a_click_belongs_to_the_impression_before_it(tmp_path, capsys):
    """Views and clicks as rows of their own, the click seconds later; another click on what nobody was shown."""
    log = []
    for row in rows():
        log.append({**row, "clicked": "impression"})
        if row["clicked"]:
            late = datetime.fromisoformat(row["time"]) + timedelta(seconds=7)
            log.append({**row, "clicked": "click", "time": late.isoformat(sep=" ")})
            log.append({**row, "clicked": "click", "time": (late + timedelta(seconds=1)).isoformat(sep=" ")})
    log.append({**log[0], "user": "u3", "clicked": "click"})
    log.append({**log[1], "clicked": "scroll"})
    log.append(log[0])
    code, out = run(write_csv(tmp_path / "log.csv", log))
    assert code == 0
    check(out)
    said = capsys.readouterr().err
    assert "clicks on what was not shown, in histories only: 1 (first: u3 on a1" in said
    assert "rows without a click or view of an article, a user or a time, left out: 1" in said
    assert "clicks on what the user had clicked before, left out: 5" in said
    assert "rows that repeat another one, left out: 1" in said


def test_a_session_column(tmp_path):
    log = [{**row, "session": f"{row['user']} {row['time']}"} for row in rows()]
    for n, row in enumerate(log):
        row["time"] = (datetime.fromisoformat(row["time"]) + timedelta(seconds=n % 2)).isoformat()
    code, out = run(write_csv(tmp_path / "log.csv", log))
    assert code == 0
    check(out)


def test_a_column_that_says_what_was_shown(tmp_path, capsys):
    """Whatever its later values are, they are no ids of articles; a click says that its article was shown."""
    log = [{**row, "shown": "" if row["clicked"] else 1} for row in rows()]
    log += [{**log[1], "item": "a3", "title": TITLES["a3"], "shown": shown} for shown in (0, "partly")]
    code, out = run(write_csv(tmp_path / "log.csv", log))
    assert code == 0
    check(out)
    assert "rows without a click or view of an article, a user or a time, left out: 2" in capsys.readouterr().err


def test_a_number_for_each_row_is_no_session(tmp_path, capsys):
    log = [{**row, "impression_id": n} for n, row in enumerate(rows())]
    code, out = run(write_csv(tmp_path / "log.csv", log))
    assert code == 0
    check(out)
    assert "column of sessions differs in all rows" in capsys.readouterr().err


def test_what_is_left_out_is_counted(tmp_path, capsys):
    path = write_csv(tmp_path / "log.csv", rows())
    text = path.read_text().splitlines()
    text[3:3] = [
        "u1,2024-03-15 08:00:00",
        ",2024-03-15 08:00:00,a1,x,1",
        "u1,,a1,x,1",
        "u1,2024-03-15 08:00:00,nan,x,1",
    ]
    path.write_text("\n".join([*text, "u9,2024-03-15 07:00:00,a1,Another title,0", ""]))
    code, out = run(path)
    said = capsys.readouterr().err
    assert code == 0 and lines(out / "train")[1:] == EXPECTED["train"]
    assert "rows that do not fit the first line, left out: 1 (first: " in said and "log.csv:4" in said
    assert "a user or a time, left out: 3" in said
    assert "another title, which is left out: 1" in said


def test_quotes_newlines_and_emoji(tmp_path):
    title = 'He said "no",\nthen 🌧 left'
    log = [{**row, "title": title if row["item"] == "a1" else row["title"]} for row in rows()]
    code, out = run(write_csv(tmp_path / "log.csv", log))
    assert code == 0 and 'He said "no", then 🌧 left' in read_folder(out / "dev")[0].titles
    raw = "\n".join(
        "\t".join(map(str, row.values())) for row in [dict.fromkeys(log[0]) | dict(zip(log[0], log[0])), *rows()]
    )
    (tmp_path / "raw.tsv").write_text(raw.replace("A new bridge", '"A new" bridge') + "\n")
    code, out = run(tmp_path / "raw.tsv", out=tmp_path / "raw")
    assert code == 0 and '"A new" bridge' in read_folder(out / "dev")[0].titles


# ---------------------------------------------------------------- clicks only


def test_what_was_not_clicked_is_drawn(tmp_path, capsys):
    draw = np.random.default_rng(0)
    log = []
    for n in range(400):
        item = int(20 * draw.random() ** 2)
        log.append({"user": f"u{draw.integers(20)}", "time": (START + timedelta(minutes=12 * n)).isoformat(),
                    "item": f"a{item}", "title": f"Title {item}"})  # fmt: skip
    code, out = run(write_csv(tmp_path / "log.csv", log), "--draw", 4)
    printed = capsys.readouterr()
    assert code == 0 and "holds clicks only: to each, 4 articles are drawn" in printed.out
    assert "clicks on what the user had clicked before, left out" in printed.err
    clicked_by = defaultdict(set)
    for row in log:
        clicked_by[row["user"]].add(row["item"])
    seen = 0
    for name in ("train", "dev"):
        for user, history, shown in lines(out / name):
            (clicked,) = [one[:-2] for one in shown.split() if one.endswith("-1")]
            drawn = [one[:-2] for one in shown.split() if one.endswith("-0")]
            assert clicked not in history.split() and not clicked_by[user] & set(drawn)
            assert len(drawn) <= 4 and len(set(drawn)) == len(drawn)
            seen += len(drawn) == 4
    assert seen > 100
    again = run(tmp_path / "log.csv", "--draw", 4, out=tmp_path / "again")[1]
    assert (again / "dev" / "behaviors.tsv").read_bytes() == (out / "dev" / "behaviors.tsv").read_bytes()


def test_a_mind_folder_of_clicks_only(tmp_path, capsys):
    demo = make_demo(seed=1, users=60, news=600, train_impressions=80, dev_impressions=20)
    write_folder(tmp_path / "mind", demo.news, demo.train)
    path = tmp_path / "mind" / "behaviors.tsv"
    kept = [line.rpartition("\t") for line in path.read_text().splitlines()]
    path.write_text(
        "".join(f"{head}\t{' '.join(one for one in shown.split() if '-1' in one)}\n" for head, _, shown in kept)
    )
    arguments = [
        "--train",
        str(tmp_path / "mind"),
        "--dev",
        str(tmp_path / "mind"),
        "--run",
        str(tmp_path / "run"),
        *QUICK,
    ]
    assert cli.run_command(train.main, arguments) == 2
    assert "python -m nrms_np.convert FOLDER --out NEW draws titles" in capsys.readouterr().err
    code, out = run(tmp_path / "mind")
    assert code == 0
    news, behaviors = read_folder(out, strict=True)
    assert news.titles == demo.news.titles and len(behaviors) == 80
    assert behaviors.labels.sum() == demo.train.labels.sum() and (behaviors.labels == 0).sum() > 80


# ---------------------------------------------------------------- times


@pytest.mark.parametrize(
    ("texts", "seconds"),
    [
        (["1970-01-02", "1970/1/2 1:00"], [86400, 90000]),
        (["19 Nov 2019"], None),
        (["20191109"], None),  # as seconds it would be a day of 1970
        (["1573286400", "1573286400000", "1573286400000000", "1573286400123456789"], [1573286400] * 4),
        (["03/04/2024 10:00"], "may have the day or the month first; say which: --time-format"),
        (["03/04/2024 10:00", "13/04/2024 10:00"], [1712138400, 1713002400]),
        (["03/04/2024 10:00", "03/14/2024 10:00"], [1709546400, 1710410400]),
        (["13/04/2024 10:00", "04/13/2024 10:00"], None),
        (["3/4/2024 12:00:00 AM", "3/4/2024 12:00:00 PM"], [1709510400, 1709553600]),
        (["2024-03-04T10:00:00+01:00", "2024-03-04T09:00:00Z"], [1709542800, 1709542800]),
        (["2024-03-04T10:00:00+01:00", "2024-03-04T09:00:00"], "has a time zone, others have none"),
        (["2024-02-30"], None),
        (["1/2/24"], None),
        (["inf"], None),
        (["20190108080000"], "give --time-format, such as '%Y%m%d%H%M%S'"),  # as milliseconds the year 2609
        (["201901080800"], None),
        (["2019010808"], None),
        (["08/11/2019 08:00:00 AM"], "may have the day or the month first; say which: --time-format day-first or"),
        (["11/9/2019 9:05:58 AM", "11/10/2019 12:00:00 PM"], [1573290358, 1573387200]),
        (["2019-11-08T08:00:00+02", "20191108T080000Z"], [1573192800, 1573200000]),
    ],
)
def test_times(texts, seconds):
    places = {text: f"log.csv:{n}" for n, text in enumerate(texts, 2)}
    if isinstance(seconds, list):
        assert [seconds_of(time.replace(tzinfo=None)) for time in read_times(places).values()] == seconds
    else:
        with pytest.raises(InputError, match=seconds or r"log.csv:\d: .* is no time in a form that is known"):
            read_times(places)


def test_a_format_settles_days_and_months(tmp_path, capsys):
    path = write_csv(tmp_path / "log.csv", rows(lambda time: f"{time - timedelta(days=10):%d/%m/%Y %H:%M}"))
    assert run(path)[0] == 2
    assert "log.csv:2: '05/03/2024 08:00' may have the day or the month first" in capsys.readouterr().err
    for n, (form, time) in enumerate([("%d/%m/%Y %H:%M", "3/6"), ("day-first", "3/6"), ("month-first", "6/3")]):
        code, out = run(path, "--time-format", form, out=tmp_path / str(n))
        assert code == 0 and read_folder(out / "dev")[1].text_columns()[2][0] == f"{time}/2024 8:00:00 AM"
    assert run(path, "--time-format", "%d.%m.%Y")[0] == 2
    assert "log.csv:2: '05/03/2024 08:00' does not fit --time-format %d.%m.%Y" in capsys.readouterr().err


# ---------------------------------------------------------------- refusals


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("log.csv", b"", "no row of a user"),
        ("log.csv", b"user,time,item,title,clicked\n", "no row of a user"),
        ("log.csv", b"user,item,title\nu,a,t\n", "which column is the time? say --time with one of: user, item, title"),
        ("log.csv", b"user,time,item,title\nu,2024-03-04,a,\xff\n", "UTF-8"),
        ("log.csv", b'user,time,item,title\nu,2024-03-04,a,"open\n', "log.csv"),
        ("log.jsonl", b'{"user": 1}\n{"user": \n', "log.jsonl"),
        ("log.jsonl", b'{"user": 1}\n[1]\n', "log.jsonl"),
        ("log.zip", b"PK\x03\x04", "zip archive; unpack it"),
        ("log.xlsx", b"PK\x03\x04", "save it as CSV UTF-8"),
        ("log.tar", bytes(257) + b"ustar", "a tar archive; unpack it"),
        ("log.csv", b"user,time,item,user\n", "two columns are called 'user'; rename one"),
        ("log.csv", b"user,time,item\n" + 1001 * b"u" + b",2024,a\n", "log.csv:2: the user (user) is uuu"),
        ("log.csv", b"user,time,shown,marks\nu,2024-03-04,a b,1 0\n", "which column is the clicked? say --clicked"),
        ("log.csv.gz", b"\x1f\x8b\x08", "packed by gzip; unpack it"),
        ("log.csv", b"user,time,item,title\nu,2024-03-04,a,t\nv,2024-03-04,b,t\n", "single day"),
        ("log.parquet", b"PAR1", "log.parquet"),
        ("log.bin", bytes(range(256)), "log.bin"),
    ],
)
def test_what_is_no_log(tmp_path, capsys, name, content, said):
    if name.endswith("parquet"):
        pytest.importorskip("pyarrow")
    (tmp_path / name).write_bytes(content)
    assert run(tmp_path / name)[0] == 2
    printed = capsys.readouterr().err
    assert said in printed and [line[:7] for line in printed.splitlines() if line[:6] != "note: "] == ["error: "]
    assert [path.name for path in tmp_path.iterdir()] == [name]


TIMES = ["2024-01-01", "2024-01-02 10:00", "2024-01-03T09:00", "2024-01-03T09:00:01"]
ODD = st.sampled_from(["", "nan", '"', "é", "\x00", "1573286400", "[a1 a2]", "1e9", "1/2/2024", "scroll", "x" * 99])
GOOD = [["u1", "u2"], TIMES, ["a1", "a2", "a3"], ["A title", "Another"], ["1", "0", "click"]]
LINE = st.tuples(*(st.sampled_from(column) for column in GOOD))
LINES = st.lists(LINE | LINE | LINE | st.lists(ODD | st.sampled_from(sum(GOOD, [])), max_size=6), max_size=9)


@settings(deadline=None, max_examples=300)
@given(
    st.sampled_from(
        ["user,time,item,title,clicked", "user,time,shown,clicked", "user\ttime\ttitle", "time,title", "{", "["]
    ),
    LINES,
    st.sampled_from([",", ",", ",", "\t"]),
    st.just(b"") | st.binary(max_size=8),
)
def test_any_log_is_converted_or_refused(tmp_path_factory, header, lines, separator, end):
    """An error of any other kind than InputError would end this test."""
    folder = tmp_path_factory.mktemp("log")
    text = "\n".join([header, *(separator.join(line) for line in lines)])
    (folder / "log.csv").write_bytes(text.encode() + end)
    code, out = run(folder / "log.csv")
    assert code in (0, 2) and out.exists() == (code == 0)
    if code == 0:
        read_folder(out / "dev", strict=True)


def test_no_file_and_an_old_folder(tmp_path, capsys):
    assert run(tmp_path / "none.csv")[0] == 2
    assert "no such file" in capsys.readouterr().err
    (tmp_path / "out").mkdir()
    assert run(tmp_path / "none.csv")[0] == 2
    assert "exists already; give a new folder" in capsys.readouterr().err


# ---------------------------------------------------------------- EB-NeRD and xMIND


def write_ebnerd(folder):
    time = datetime(2023, 5, 21, 21, 6, 50)
    write_parquet(folder / "articles.parquet", [
        {"article_id": n, "title": f"Titel {n}", "category": 7, "category_str": "nyheder"} for n in range(100, 110)
    ])  # fmt: skip
    for name in ("train", "validation", "test"):
        (folder / name).mkdir()
        write_parquet(folder / name / "history.parquet", [{"user_id": 1, "article_id_fixed": [103, 101]}])
        behaviors = [
            {"impression_id": 0, "article_id": None, "impression_time": time, "article_ids_inview": [105, 106],
             "article_ids_clicked": [106], "user_id": user, "session_id": 1} for user in (1, 1, 2)
        ]  # fmt: skip
        if name == "test":
            for row in behaviors:
                del row["article_ids_clicked"]
        write_parquet(folder / name / "behaviors.parquet", behaviors)


@pytest.mark.usefixtures("quick_runs")
def test_ebnerd_whose_test_set_repeats_impression_ids(tmp_path, capsys):
    pytest.importorskip("pyarrow")
    (tmp_path / "ebnerd").mkdir()
    write_ebnerd(tmp_path / "ebnerd")
    code, out = run(tmp_path / "ebnerd")
    assert code == 0
    assert (
        lines(out / "train") == lines(out / "dev") == [("1", "103 101", "105-0 106-1")] * 2 + [("2", "", "105-0 106-1")]
    )
    assert lines(out / "test") == [("1", "103 101", "105 106")] * 2 + [("2", "", "105 106")]
    news, behaviors = read_folder(out / "test", strict=True)
    assert news.titles[3] == "Titel 103" and news.categories[0] == "nyheder"
    assert behaviors.text_columns()[2][0] == "5/21/2023 9:06:50 PM"
    assert "impressions of users without a history: 3" in capsys.readouterr().err
    arguments = ["--train", str(out / "train"), "--dev", str(out / "dev"), "--run", str(tmp_path / "run"), *QUICK]
    assert cli.run_command(train.main, [*arguments, "--epochs", "1"]) == 0
    prediction = tmp_path / "p.zip"
    arguments = ["--checkpoint", str(tmp_path / "run" / "checkpoint.npz"), "--data", str(out / "test")]
    assert cli.run_command(evaluate.main, [*arguments, "--prediction", str(prediction)]) == 0
    assert [line.split()[0] for line in zipfile.ZipFile(prediction).read("prediction.txt").decode().splitlines()] == [
        "0"
    ] * 3


def test_ebnerd_that_lacks_something(tmp_path, capsys):
    pytest.importorskip("pyarrow")
    (tmp_path / "ebnerd").mkdir()
    write_ebnerd(tmp_path / "ebnerd")
    path, names = tmp_path / "ebnerd" / "train", ("impression_time", "article_ids_inview", "user_id")
    row = {"impression_id": 0, "user_id": 1, "impression_time": "2023-05-21 21:06:50", "article_ids_inview": [105, 106],
           "article_ids_clicked": [106]}  # fmt: skip
    write_parquet(path / "behaviors.parquet", [row, *({**row, name: None} for name in names)])
    code, out = run(path, "--news", tmp_path / "ebnerd" / "articles.parquet")
    assert code == 0 and (out / "behaviors.tsv").read_text() == "0\t1\t5/21/2023 9:06:50 PM\t103 101\t105-0 106-1\n"
    assert "impressions without a user, a time or what was shown, left out: 3 (first: " in capsys.readouterr().err
    assert run(path, out=tmp_path / "other")[0] == 2
    assert "articles.parquet: no such file; give --news FILE" in capsys.readouterr().err
    assert run(tmp_path, out=tmp_path / "other")[0] == 2
    assert "behaviors.parquet the one?" in capsys.readouterr().err
    write_parquet(path / "behaviors.parquet", [{("inview" if "inview" in name else name): row[name] for name in row}])
    assert run(tmp_path / "ebnerd", out=tmp_path / "other")[0] == 2
    assert "behaviors.parquet: has no column article_ids_inview" in capsys.readouterr().err


@pytest.mark.parametrize("header", ["", "nid\ttitle\tabstract\n"])
def test_xmind(tmp_path, header, capsys):
    demo = make_demo(seed=1, users=60, news=600, train_impressions=80, dev_impressions=20)
    write_folder(tmp_path / "mind", demo.news, demo.train)
    (tmp_path / "xmind").mkdir()
    titles = [f"Titlu {title}" for title in demo.news.titles]
    xmind = "".join(f"{news_id}\t{title}\tun rezumat\n" for news_id, title in zip(demo.news.ids, titles))
    (tmp_path / "xmind" / "news.tsv").write_text(header + xmind)
    code, out = run(tmp_path / "mind", "--news", tmp_path / "xmind" / "news.tsv")
    assert code == 0
    news, behaviors = read_folder(out, strict=True)
    assert news.titles == titles and behaviors.checksum == demo.train.checksum
    (tmp_path / "xmind" / "behaviors.tsv").write_bytes((tmp_path / "mind" / "behaviors.tsv").read_bytes())
    assert read_folder(tmp_path / "xmind")[0].titles == titles  # and as it is
    assert ("column names" in capsys.readouterr().err) == bool(header)


# ---------------------------------------------------------------- the whole way


@pytest.mark.slow
@pytest.mark.usefixtures("quick_runs")
def test_a_csv_of_a_hundred_users_to_a_trained_model(tmp_path, capsys):
    demo = make_demo(seed=2, users=100, news=600, train_impressions=400, dev_impressions=80, mixed=0)
    log = []
    for part in (demo.train, demo.dev):
        ids, users, times = part.text_columns()
        for i, shown in enumerate(part.candidates):
            labels = part.labels[part.candidates.offsets[i] :]
            log += [
                {"user_id": users[i], "timestamp": times[i], "article_id": demo.news.ids[n],
                 "headline": demo.news.titles[n], "clicked": label} for n, label in zip(shown, labels)
            ]  # fmt: skip
    code, out = run(write_csv(tmp_path / "log.csv", log))
    printed = capsys.readouterr().out
    assert code == 0
    command = printed.splitlines()[-1].partition("nrms_np.train ")[2].split()
    assert cli.run_command(train.main, [*command, "--run", str(tmp_path / "run"), *QUICK]) == 0
    assert (tmp_path / "run" / "checkpoint.npz").exists()
    assert len(read_folder(out / "dev")[1]) == 80 and len(read_folder(out / "train")[1]) == 400


# ---------------------------------------------------------------- logs that were misread once


def test_an_index_without_a_name_is_no_column(tmp_path):
    log = [{"": n, **row} for n, row in enumerate(rows())]
    code, out = run(write_csv(tmp_path / "log.csv", log))
    assert code == 0 and set(read_folder(out / "dev")[0].categories) == {""}
    check(out)


@pytest.mark.parametrize(
    ("yes", "no", "extra"),
    [("1", "-1", []), ("1,0", "0,0", []), ("ja", "nein", ["--yes", "ja"]),
     ("Purchase", "impression", ["--yes", "purchase", "buy"]),
     ("0", "1", ["--yes", "0"])],
)  # fmt: skip
def test_other_values_for_a_click(tmp_path, capsys, yes, no, extra):
    log = [{**row, "clicked": yes if row["clicked"] else no} for row in rows()]
    code, out = run(write_csv(tmp_path / "log.csv", log, ";"), *extra)
    assert code == 0
    check(out)


@pytest.mark.parametrize(
    ("yes", "no", "odd", "extra"),
    [
        ("ja", "nein", "'ja', 'nein'", []),
        ("ja", "nein", "'ja', 'nein'", ["--yes", "jaa"]),
        ("purchase", "impression", "'purchase'", []),
        ("click", "other", "'other'", []),
    ],
)
def test_values_that_are_not_understood_are_named(tmp_path, capsys, yes, no, odd, extra):
    log = [{**row, "clicked": yes if row["clicked"] else no} for row in rows()]
    code, out = run(write_csv(tmp_path / "log.csv", log), *extra)
    assert code == 2 and not out.exists()
    assert f"the column of clicks holds {odd}; say which values mean a click: --yes" in capsys.readouterr().err


@pytest.mark.parametrize("value", [{"id": "u1"}, ["u1"]])
def test_nested_values_are_refused_with_their_line(tmp_path, capsys, value):
    log = rows()
    log[1]["user"] = value
    assert run(write_json(tmp_path / "log.jsonl", log))[0] == 2
    assert f"log.jsonl:2: the user (user) is {value}; give one text" in capsys.readouterr().err


# ---------------------------------------------------------------- where it is read from and written to


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no pipes with names")
def test_a_pipe_is_refused_in_words(tmp_path, capsys):
    os.mkfifo(tmp_path / "pipe")
    assert run(tmp_path / "pipe")[0] == 2
    assert "save what comes through this pipe" in capsys.readouterr().err


def test_a_missing_log_is_not_taken_for_another_file(tmp_path, capsys):
    (tmp_path / "other.zip").write_bytes(b"")
    assert run(tmp_path / "nosuch.csv")[0] == 2
    assert "nosuch.csv: no such file; is its name right?" in capsys.readouterr().err


def test_a_disk_that_is_full_is_an_error_of_the_output(tmp_path, capsys, monkeypatch):
    def fail(*_):
        raise OSError(errno.EFBIG, "File too large")

    monkeypatch.setattr(convert, "write_folder", fail)
    code, out = run(write_csv(tmp_path / "log.csv", rows()))
    assert code == 4 and f"--out {out}: cannot be written (File too large)" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["log.csv"]


def test_a_link_to_nothing_is_no_new_folder(tmp_path, capsys):
    make_link(tmp_path / "loop", tmp_path / "loop")
    assert run(write_csv(tmp_path / "log.csv", rows()), out=tmp_path / "loop")[0] == 2
    assert "exists already" in capsys.readouterr().err


def test_blanks_after_commas(tmp_path):
    path = write_csv(tmp_path / "log.csv", [{**row, "shown": 1} for row in rows()])
    path.write_text(path.read_text().replace(",", ", "))
    code, out = run(path)
    assert code == 0
    check(out)


def test_a_list_in_a_later_row_is_no_event(tmp_path, capsys):
    log = [{**row, "shown": 1} for row in rows()]
    code, out = run(write_json(tmp_path / "log.json", [*log, {**log[1], "shown": [1]}]))
    assert code == 0
    check(out)
    assert "rows without a click or view of an article, a user or a time, left out: 1" in capsys.readouterr().err


def test_rows_that_hold_one_article_each_as_lists_are_impressions(tmp_path, capsys):
    log = [{"user": row["user"], "time": row["time"], "shown": f"{row['item']}-{row['clicked']}"} for row in rows()]
    news = write_csv(tmp_path / "articles.csv", [{"id": item, "title": title} for item, title in TITLES.items()])
    code, out = run(write_csv(tmp_path / "log.csv", log), "--news", news)
    assert code == 0 and "sessions" not in capsys.readouterr().err
    # what is shown at the same time stays apart, and a click belongs to the row that showed its article before
    assert lines(out / "train") == [("u1", "", "a2-0"), ("u2", "", "a3-0"), ("u1", "a1", "a4-1")]


def test_columns_of_the_log_are_not_asked_of_the_articles(tmp_path):
    log = [{("visitor" if name == "user" else name): value for name, value in row.items()} for row in rows()]
    log = [{name: value for name, value in row.items() if name != "title"} for row in log]
    news = write_csv(tmp_path / "articles.csv", [{"id": item, "title": title} for item, title in TITLES.items()])
    code, out = run(write_csv(tmp_path / "log.csv", log), "--news", news, "--user", "visitor")
    assert code == 0
    check(out)


def test_titles_are_no_ids_of_articles(tmp_path, capsys):
    news = write_csv(tmp_path / "articles.csv", [{"code": item, "title": title} for item, title in TITLES.items()])
    code, _ = run(write_csv(tmp_path / "log.csv", rows()), "--news", news)
    assert code == 2 and "which column is the item? say --item with one of: code, title" in capsys.readouterr().err


@pytest.mark.parametrize("content", [b"", b"version https://git-lfs.github.com/spec/v1\n", b"<!DOCTYPE html>\n"])
def test_what_is_called_parquet_and_is_not(tmp_path, capsys, content):
    pytest.importorskip("pyarrow")
    (tmp_path / "log.parquet").write_bytes(content)
    code, _ = run(tmp_path / "log.parquet")
    assert code == 2 and "no parquet file" in capsys.readouterr().err


def test_a_number_below_zero_cannot_be_drawn(tmp_path, capsys):
    with pytest.raises(SystemExit):
        run(write_csv(tmp_path / "log.csv", rows()), "--draw", "-1")
    assert "must be at least 0" in capsys.readouterr().err


def test_a_column_that_only_a_log_could_have_is_refused_for_a_folder(tmp_path, capsys):
    demo = make_demo(seed=1, users=60, news=600, train_impressions=80, dev_impressions=20)
    write_folder(tmp_path / "mind", demo.news, demo.train)
    news = [{"id": item, "title": title} for item, title in zip(demo.news.ids, demo.news.titles)]
    table = write_csv(tmp_path / "table.csv", news)
    assert run(tmp_path / "mind", "--news", table, "--title", "title")[0] == 0
    code, out = run(tmp_path / "mind", "--news", table, "--title", "hedline", "--out", tmp_path / "other")
    assert code == 2 and "--title hedline: there is no such column" in capsys.readouterr().err


def test_a_value_that_means_a_click_is_enough_beside_rows_of_something_else(tmp_path, capsys):
    log = [{**row, "clicked": "read_article"} for row in rows() if row["clicked"]]
    log.append({**log[0], "clicked": "pageview", "item": ""})
    code, out = run(write_csv(tmp_path / "log.csv", log), "--yes", "read_article")
    assert code == 0 and "a user or a time, left out: 1" in capsys.readouterr().err
