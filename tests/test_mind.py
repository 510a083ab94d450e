"""Reading and writing MIND folders."""

import contextlib
import io
import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tqdm import tqdm

from nrms_np.data import lines as text_lines
from nrms_np.data import read_mind
from nrms_np.data.mind import Behaviors, News, last_day, write_folder
from nrms_np.data.read_folder import read_folder
from nrms_np.data.read_mind import read_behaviors, read_news
from nrms_np.errors import InputError
from nrms_np.ragged import Ragged

NEWS = "".join(f"N{n}\tsport\tgolf\ttitle {n}\tabstract\thttps://x\t[]\t[]\n" for n in (1, 2, 3))
TIME = "11/9/2019 12:01:13 AM"
LABELLED = f"1\tU1\t{TIME}\tN2 N1 N2\tN3-0 N1-1\n2\tU2\t{TIME}\t\tN2-0\n"


def write(folder, news=NEWS, behaviors=LABELLED):
    for name, text in (("news.tsv", news), ("behaviors.tsv", behaviors)):
        if text is not None:
            (folder / name).write_bytes(text if isinstance(text, bytes) else text.encode())
    return folder


def lists(ragged):
    return [values.tolist() for values in ragged]


def test_read_folder(tmp_path):
    news, behaviors = read_folder(write(tmp_path))
    assert news.ids == ["N1", "N2", "N3"]
    assert news.categories == ["sport"] * 3
    assert news.titles == ["title 1", "title 2", "title 3"]
    assert news.number == {"N1": 0, "N2": 1, "N3": 2}
    assert behaviors.text_columns() == (["1", "2"], ["U1", "U2"], [TIME, TIME])
    assert behaviors.users.dtype == np.int32
    assert lists(behaviors.histories) == [[1, 0, 1], []]  # a repeated click stays, an empty history is empty
    assert lists(behaviors.candidates) == [[2, 0], [1]]
    assert behaviors.labels.tolist() == [0, 1, 0]
    assert behaviors.labels.dtype == np.int8


def test_quotes_are_text(tmp_path):
    titles = ['"', 'She said "no', "'tis", '"a"\'']  # a CSV reader would merge or strip these
    text = "".join(f"N{n}\tc\t\t{title}\t\t\t[]\t[]\n" for n, title in enumerate(titles))
    write(tmp_path, news=text)
    assert read_news(tmp_path / "news.tsv").titles == titles


def test_line_ends_inside_a_title_are_those_of_no_file(tmp_path):
    """Only \\n ends a line: Python's str.splitlines would also cut at these."""
    titles = ["a\x0bb", "a\x85b", "a\u2028b", "a\rb"]
    text = "".join(f"N{n}\tc\t\t{title}\t\t\t[]\t[]\n" for n, title in enumerate(titles))
    write(tmp_path, news=text)
    assert read_news(tmp_path / "news.tsv").titles == titles


def test_windows_line_ends(tmp_path):
    news, behaviors = read_folder(write(tmp_path))
    (tmp_path / "crlf").mkdir()
    other = write(tmp_path / "crlf", NEWS.replace("\n", "\r\n"), LABELLED.replace("\n", "\r\n"))
    other_news, other_behaviors = read_folder(other)
    assert vars(other_news) == vars(news)
    assert lists(other_behaviors.candidates) == lists(behaviors.candidates)
    assert other_behaviors.labels.tolist() == behaviors.labels.tolist()


def test_a_last_line_without_its_end(tmp_path):
    """In news.tsv nothing that is read can be missing; in behaviors.tsv the last candidates could be, in silence."""
    assert len(read_folder(write(tmp_path, NEWS.rstrip("\n")))[0]) == 3
    with pytest.raises(InputError, match=r"behaviors.tsv:2: .*cut off.*unzip it again, or end the line"):
        read_folder(write(tmp_path, NEWS, LABELLED.rstrip("\n")))


def test_a_byte_order_mark_is_no_part_of_the_first_id(tmp_path):
    news, behaviors = read_folder(write(tmp_path, "\ufeff" + NEWS, "\ufeff" + LABELLED))
    assert news.ids[0] == "N1" and behaviors.text_columns()[0] == ["1", "2"]


def test_a_long_history_is_whole(tmp_path):
    _, behaviors = read_folder(write(tmp_path, behaviors=impressions("N1-1", history="N1 N2 N3 " * 1700)))
    assert lists(behaviors.histories) == [[0, 1, 2] * 1700]


def test_ids_that_begin_alike_and_ids_in_any_script(tmp_path):
    ids = ["N1", "N11", "N1-1", "N", "Nö", "東京", "N1" * 100]
    news = "".join(f"{news_id}\tc\t\tt\t\t\t[]\t[]\n" for news_id in ids)
    shown = " ".join(f"{news_id}-{n % 2}" for n, news_id in enumerate(ids))
    _, behaviors = read_folder(write(tmp_path, news, impressions(shown, history=" ".join(ids[::-1]))))
    assert lists(behaviors.histories) == [[6, 5, 4, 3, 2, 1, 0]]
    assert lists(behaviors.candidates) == [list(range(7))]
    assert behaviors.labels.tolist() == [0, 1, 0, 1, 0, 1, 0]


def test_an_error_names_the_line_of_the_file(tmp_path):
    shown = ["N1-1 N2-0", "N3-1", "", "N2-0 N3-0", "N1-0"]
    _, behaviors = read_folder(write(tmp_path, behaviors=impressions(*shown)))
    assert lists(behaviors.candidates) == [[0, 1], [2], [], [1, 2], [0]]
    assert behaviors.labels.tolist() == [1, 0, 1, 0, 0, 0]
    with pytest.raises(InputError, match="behaviors.tsv:4: news id 'N9'"):
        read_folder(write(tmp_path, behaviors=impressions(*shown).replace("N2-0 N3-0", "N2-0 N9-0")), strict=True)


def test_ids_that_end_like_a_label(tmp_path):
    """A file whose first candidate is an id of news.tsv, whatever its end, is unlabelled."""
    news = "".join(f"{news_id}\tc\t\tt\t\t\t[]\t[]\n" for news_id in ("N1", "N1-1", "N1-0"))
    _, behaviors = read_folder(write(tmp_path, news, impressions("N1-1 N1", "N1-0 N1-1", history="N1-1")))
    assert behaviors.labels is None
    assert lists(behaviors.histories) == [[1], [1]]
    assert lists(behaviors.candidates) == [[1, 0], [2, 1]]
    _, behaviors = read_folder(write(tmp_path, news, impressions("N1-1-0 N1-1", "N1-0-1", history="N1-1")))
    assert behaviors.labels.tolist() == [0, 1, 1]
    assert lists(behaviors.candidates) == [[1, 0], [2]]


@pytest.mark.parametrize("shown", ["\x0b", "\x85 N1", "\u2028"])
def test_white_space_other_than_spaces_is_part_of_an_id(tmp_path, shown):
    with pytest.raises(InputError, match="behaviors.tsv:1: news id .* is not in news.tsv"):
        read_folder(write(tmp_path, behaviors=impressions(shown)), strict=True)


def test_long_reading_shows_a_bar(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(text_lines, "tqdm", lambda **options: tqdm(**options | {"delay": 0, "leave": True}))
    write(tmp_path, behaviors=impressions(*["N1-1"] * 1000))
    read_folder(tmp_path)
    printed = capsys.readouterr().err
    assert "behaviors.tsv: 100%" in printed and "news.tsv" in printed


def test_unlabelled_file(tmp_path):
    _, behaviors = read_folder(write(tmp_path, behaviors=f"1\tU1\t{TIME}\tN2\tN3 N1\n2\tU1\t{TIME}\tN2\tN1\n"))
    assert behaviors.labels is None
    assert lists(behaviors.candidates) == [[2, 0], [0]]
    assert behaviors.select(np.array([1])).labels is None


def test_select_keeps_labels_beside_their_candidates(tmp_path):
    text = "".join(f"{i}\tU{i}\t{TIME}\tN1\t{shown}\n" for i, shown in enumerate(["N1-1 N2-0", "N3-1", "N2-0 N3-0"]))
    _, behaviors = read_folder(write(tmp_path, behaviors=text))
    some = behaviors.select(np.array([2, 0]))
    assert some.text_columns()[:2] == (["2", "0"], ["U2", "U0"])
    assert some.distinct_users() == ["U0", "U2"]
    assert lists(some.candidates) == [[1, 2], [0, 1]]
    assert some.labels.tolist() == [0, 0, 1, 0]


def impressions(*shown, history="N1"):
    return "".join(f"{i}\tU\t{TIME}\t{history}\t{candidates}\n" for i, candidates in enumerate(shown))


BAD_BYTES = NEWS.encode().replace(b"title 3", b"title \xff")


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"news": NEWS + "N4\tsport\tgolf\ttitle\n"}, ["news.tsv:4:", "4 tab-separated columns", "expected 8"]),
        ({"news": NEWS + " \n"}, ["news.tsv:4:", "expected 8"]),
        ({"news": NEWS + NEWS.splitlines()[1].replace("title", "x") + "\n"}, ["news.tsv:4:", "'N2'", "another title"]),
        ({"news": NEWS.replace("title 2", "long" * 2_500_000)}, ["news.tsv:2:", "longer than 1,048,576 bytes", "MIND"]),
        ({"news": "x" * 3_000_000}, ["news.tsv:1:", "longer than 1,048,576 bytes"]),
        ({"news": ""}, ["news.tsv", "empty"]),
        ({"news": None}, ["news.tsv", "no such file"]),
        ({"news": BAD_BYTES}, ["news.tsv:3:", "UTF-8"]),
        ({"behaviors": LABELLED + "3\tU1\t\tN3-0\n"}, ["behaviors.tsv:3:", "4 tab-separated columns", "expected 5"]),
        ({"behaviors": LABELLED[:-2] + "\n"}, ["behaviors.tsv:2:", "'N2-'", "neither -0 nor -1"]),
        ({"behaviors": LABELLED[:-1]}, ["behaviors.tsv:2:", "cut off"]),
        ({"behaviors": LABELLED[:-10]}, ["behaviors.tsv:2:", "cut off"]),
        ({"behaviors": impressions("N1-0", "N1-0", history="N1 N9-1")}, ["behaviors.tsv:1:", "'N9-1'", "news.tsv"]),
        ({"behaviors": impressions("N1", "N2", history="N9-1")}, ["behaviors.tsv:1:", "'N9-1'", "not in news.tsv"]),
        (
            {"behaviors": impressions("N1-1") + "9" * 1001 + "\tU\t\t\tN1-1\n"},
            ["behaviors.tsv:2:", "longer than 1,000 characters"],
        ),
        ({"behaviors": impressions("N1-1") + "7\tU\0\t\t\tN1-1\n"}, ["behaviors.tsv:2:", "zero byte"]),
        ({"behaviors": impressions("N1-1") + f"7\tU\t{'x' * 1001}\t\tN1-1\n"}, ["behaviors.tsv:2:", "longer"]),
        ({"behaviors": impressions("N1-x")}, ["behaviors.tsv:1:", "'N1-x'", "neither -0 nor -1", "label all"]),
        ({"behaviors": impressions("N1-1", history="N1\u00a0N2")}, ["behaviors.tsv:1:", "N1\\xa0N2", "news.tsv"]),
        ({"behaviors": ""}, ["behaviors.tsv", "empty"]),
        ({"behaviors": None}, ["behaviors.tsv", "no such file"]),
        ({"behaviors": LABELLED.encode() + b"3\tU\xe9\t\t\tN3-0\n"}, ["behaviors.tsv:3:", "UTF-8"]),
        ({"behaviors": LABELLED + impressions("N1-0", history="N1 N77")}, ["behaviors.tsv:3:", "'N77'", "news.tsv"]),
        ({"behaviors": impressions("N1-0", "N2-1 N77-0")}, ["behaviors.tsv:2:", "'N77'", "news.tsv"]),
        ({"behaviors": impressions("N77-1")}, ["behaviors.tsv:1:", "'N77'", "news.tsv"]),
        ({"behaviors": impressions("N77 N1")}, ["behaviors.tsv:1:", "'N77'", "news.tsv"]),
        ({"behaviors": impressions("N1 N2", "N77")}, ["behaviors.tsv:2:", "'N77'", "news.tsv"]),
        ({"behaviors": impressions("N1-0", "N1-1 N2-2")}, ["behaviors.tsv:2:", "-2", "neither -0 nor -1"]),
        ({"behaviors": impressions("N1-2")}, ["behaviors.tsv:1:", "-2", "neither -0 nor -1"]),
        ({"behaviors": impressions("N1-0 N2")}, ["behaviors.tsv:1:", "'N2'", "label"]),  # mixtures
        ({"behaviors": impressions("N1-0", "N2")}, ["behaviors.tsv:2:", "'N2'", "label"]),
        ({"behaviors": impressions("N1", "N2-1")}, ["behaviors.tsv:2:", "'N2-1'", "label"]),
    ],
)
def test_errors_say_where_and_what(tmp_path, changed, said):
    write(tmp_path, **changed)
    with pytest.raises(InputError) as error:
        read_folder(tmp_path, strict=True)
    for part in said:
        assert part in str(error.value)


def test_an_empty_impression_does_not_decide_whether_there_are_labels(tmp_path):
    _, behaviors = read_folder(write(tmp_path, behaviors=impressions("", "N1-1 N2-0")))
    assert lists(behaviors.candidates) == [[], [0, 1]]
    assert behaviors.labels.tolist() == [1, 0]


def test_a_folder_in_place_of_the_file(tmp_path):
    (tmp_path / "news.tsv").mkdir()
    with pytest.raises(InputError, match="news.tsv"):
        read_news(tmp_path / "news.tsv")


# ---------------------------------------------------------------- round trip

TEXT = st.text(st.characters(exclude_characters="\t\n\0\ufeff", exclude_categories=["Cs"]), max_size=12)
TITLE = TEXT.filter(lambda text: text.lower() not in read_mind.NO_TITLE)  # two of those are taken as missing


@st.composite
def folders(draw):
    size = draw(st.integers(1, 6))
    column = st.lists(TEXT, min_size=size, max_size=size)
    ids = draw(st.permutations([f"N{n}" for n in range(90, 90 + size)]))
    news = News(ids, draw(column), draw(st.lists(TITLE, min_size=size, max_size=size)))
    count = draw(st.integers(1, 5))
    column = st.lists(TEXT, min_size=count, max_size=count)
    number = st.integers(0, size - 1)
    candidates = draw(st.lists(st.lists(number, min_size=1, max_size=6), min_size=count, max_size=count))
    histories = draw(st.lists(st.lists(number, max_size=6), min_size=count, max_size=count))
    shown = sum(map(len, candidates))
    labels = draw(st.none() | st.lists(st.integers(0, 1), min_size=shown, max_size=shown))
    behaviors = Behaviors.from_lists(
        draw(st.lists(TEXT, min_size=count, max_size=count, unique=True)),
        draw(column),
        draw(column),
        Ragged.from_lists(histories),
        Ragged.from_lists(candidates),
        None if labels is None else np.array(labels, np.int8),
    )
    return news, behaviors


@settings(deadline=None)
@given(folders())
def test_write_and_read_again(tmp_path_factory, made):
    news, behaviors = made
    folder = tmp_path_factory.mktemp("mind") / "new" / "folder"  # made by write_folder
    write_folder(folder, news, behaviors)
    news_again, again = read_folder(folder)
    assert vars(news_again) == {**vars(news), "number": news.number}
    assert again.text_columns() == behaviors.text_columns()
    assert lists(again.histories) == lists(behaviors.histories)
    assert lists(again.candidates) == lists(behaviors.candidates)
    if behaviors.labels is None:
        assert again.labels is None
    else:
        assert again.labels.tolist() == behaviors.labels.tolist()


# ---------------------------------------------------------------- any bytes

ID = st.sampled_from(["N1", "N2", "N3", "N4", "N1-", "N", "", "N1-1-0", "N\u00e9", "\x85N1", "-1"])
SEPARATOR = st.sampled_from([" ", " ", " ", "  ", "\t", "\xa0", "\n", "\r", "\0"])
WORD = ID | TEXT | st.builds("".join, st.tuples(ID, st.sampled_from(["-0", "-1", "-2", ""])))
COLUMN = st.lists(st.tuples(WORD, SEPARATOR), max_size=4).map(lambda pairs: "".join(a + b for a, b in pairs)[:-1])


def near_lines(columns):
    """Lines that are MIND's but for an accident here and there."""
    line = st.lists(COLUMN, min_size=columns, max_size=columns) | st.lists(COLUMN, max_size=9)
    ends = st.sampled_from(["\n", "\n", "\n", "\r\n", "", "\n\n"])
    lines = st.lists(st.tuples(line.map("\t".join), ends).map("".join), max_size=4).map("".join)
    start = st.sampled_from(["", "", "\ufeff", NEWS if columns == 8 else LABELLED])
    return st.tuples(start, lines).map(lambda parts: "".join(parts).encode())


@settings(deadline=None, max_examples=300)
@given(st.binary(max_size=60) | near_lines(8) | st.just(NEWS.encode()), st.binary(max_size=60) | near_lines(5))
def test_any_file_is_read_or_refused(tmp_path_factory, news, behaviors):
    """Refused with InputError and a place, or read into arrays that fit together; never anything else."""
    folder = write(tmp_path_factory.mktemp("mind"), news, behaviors)
    said = io.StringIO()
    try:
        with contextlib.redirect_stderr(said):
            read_news, read = read_folder(folder)
    except InputError as error:
        assert re.match(rf"{re.escape(str(folder))}.(news|behaviors).tsv:(\d+:)? ", str(error))
        return
    lines = behaviors.removeprefix(b"\xef\xbb\xbf").split(b"\n")[:-1]
    lines = [line for line in lines if line.strip(b"\r")]  # empty lines are skipped, and counted
    if "column names in behaviors.tsv" in said.getvalue():
        del lines[0]
    with_title = set(read_mind.read_news(folder / "news.tsv").ids)
    assert len(read) == len(lines) == len(read.histories) == len(read.candidates) == len(read.impression_ids)
    for text, history, shown in zip(lines, read.histories, read.candidates):
        columns = text.decode().rstrip("\r").split("\t")
        assert [read_news.ids[n] for n in history] == [
            text for text in columns[3].split(" ") if text in with_title - {""}
        ]
        tokens = [text for text in columns[4].split(" ") if text]
        ids = [read_news.ids[n] for n in shown]
        assert tokens == ids or [text[:-2] for text in tokens] == ids
    assert read.labels is None or len(read.labels) == len(read.candidates.values)


# ---------------------------------------------------------------- the last day


def at(*times):
    empty = Ragged.from_lists([[]] * len(times))
    return Behaviors.from_lists(["1"] * len(times), ["U"] * len(times), list(times), empty, empty, np.empty(0, np.int8))


def test_last_day_is_by_date_not_by_text():
    """As texts, 9 comes after 10, December 31 after January 1, and 11 PM before 2 AM."""
    times = ["11/9/2019 11:59:59 PM", "11/10/2019 12:00:00 AM", "11/10/2019 2:00:00 PM", "11/9/2019 12:00:00 AM"]
    assert last_day(at(*times)).tolist() == [False, True, True, False]
    assert last_day(at("12/31/2019 9:00:00 AM", "1/1/2020 9:00:00 AM")).tolist() == [False, True]


def test_a_single_day_cannot_be_held_out():
    with pytest.raises(InputError, match="single day"):
        last_day(at("11/9/2019 12:00:00 AM", "11/9/2019 11:59:59 PM"))


@pytest.mark.parametrize("time", ["9 Nov 2019", "", "13/13/2019 1:00:00 AM", "1573286400"])
def test_a_time_of_another_form(time):
    with pytest.raises(InputError, match="behaviors.tsv"):
        last_day(at("11/9/2019 12:00:00 AM", time))


# ---------------------------------------------------------------- the real sample


@pytest.mark.parametrize(
    ("part", "impressions", "clicked", "not_clicked", "news_count", "without_history"),
    [("train", 4032, 6053, 143931, 51282, 85), ("dev", 968, 1489, 37886, 10289, 22)],  # from the sample's README.md
)
def test_real_sample(mind, part, impressions, clicked, not_clicked, news_count, without_history):
    news, behaviors = read_folder(mind / part)
    assert len(news) == news_count
    assert len(behaviors) == impressions
    assert np.bincount(behaviors.labels).tolist() == [not_clicked, clicked]
    assert int((behaviors.histories.lengths == 0).sum()) == without_history
    if part == "train":  # 9-13 Nov: the last day is some of it
        assert 0 < last_day(behaviors).sum() < impressions
    else:
        with pytest.raises(InputError, match="single day"):
            last_day(behaviors)


def test_behaviors_need_the_news_of_their_own_folder(tmp_path):
    write(tmp_path)
    other = News(["N1"], ["c"], ["t"])
    with pytest.raises(InputError, match="same folder"):
        read_behaviors(tmp_path / "behaviors.tsv", other, text_lines.Notes())
