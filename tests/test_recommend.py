"""``python -m nrms_np.recommend`` and the Recommender class: the same scores as evaluation, parts that sum to them."""

import json
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest

import nrms_np
from nrms_np import recommend
from nrms_np.app import cli
from nrms_np.app.checkpoint import save_checkpoint
from nrms_np.app.recommendation import FALLBACK, NEWEST, UNKNOWN_ID, Title
from nrms_np.app.recommender import Recommender, read_user
from nrms_np.data.demo import make_demo
from nrms_np.data.mind import write_folder
from nrms_np.data.vocabulary import tokenize
from nrms_np.encoder import side_weights
from nrms_np.errors import InputError, NonFiniteError
from nrms_np.inference import encode_news, read_attention, score_impressions
from nrms_np.ragged import Ragged
from tests.helpers import encode_users, make_link, random_checkpoint

RAW = "A storm closes the harbour"


def user_of(recommender, items):
    """The user vector [M] for these items."""
    return read_user(recommender.params, recommender._rows(recommender.read_history(items).clicks), recommender.config)[
        0
    ]


@pytest.fixture(scope="module")
def demo():
    return make_demo(seed=2, users=20, news=500, train_impressions=20, dev_impressions=5)


@pytest.fixture(scope="module", params=["qkv", "bilinear", "mean"])
def checkpoint(request, demo):
    return random_checkpoint(demo.news.titles, request.param)


@pytest.fixture(scope="module")
def recommender(checkpoint, demo):
    one = Recommender(checkpoint)
    one.set_catalogue(demo.news.ids, demo.news.titles)
    return one


@pytest.fixture(scope="module")
def files(checkpoint, demo, tmp_path_factory):
    folder = tmp_path_factory.mktemp("files")
    save_checkpoint(folder / "checkpoint.npz", checkpoint)
    write_folder(folder, demo.news, demo.dev)
    return ["--checkpoint", str(folder / "checkpoint.npz"), "--news", str(folder / "news.tsv"), "--threads", "1"]


def test_scores_are_those_of_evaluation(recommender, checkpoint, demo):
    history = [5, 90, 5, 17]
    words = checkpoint.vocabulary.encode(demo.news.titles).first(checkpoint.config.title_length)
    everything = Ragged.from_lists([range(500)])
    scores = score_impressions(
        checkpoint.params, words, Ragged.from_lists([history]), everything, checkpoint.config
    ).astype(np.float64)
    ranking = recommender.rank([demo.news.ids[n] for n in history], top=500)
    assert ranking.fallback is None
    assert len(ranking.recommendations) == 497  # without the three clicked titles
    for one in ranking.recommendations:
        assert one.score == pytest.approx(scores[demo.news.number[one.id]], rel=1e-5, abs=1e-5)
        assert one.title == demo.news.titles[demo.news.number[one.id]]
    found = [one.score for one in ranking.recommendations]
    assert found == sorted(found, reverse=True)
    assert not {demo.news.ids[n] for n in history} & {one.id for one in ranking.recommendations}
    first = recommender.rank([demo.news.ids[n] for n in history], top=4).recommendations
    assert [(one.id, one.score) for one in first] == [(one.id, one.score) for one in ranking.recommendations[:4]]


def test_a_user_vector_is_that_of_the_scoring_module(recommender, checkpoint, demo):
    vectors = recommender.encode_news(demo.news.titles)
    assert vectors.shape == (500, 12)
    raw = recommender.encode_news([RAW])
    titles = np.concatenate([vectors, raw])
    for items, numbers in ((["N1", RAW, "N3"], [0, 500, 2]), ([RAW], [500]), ([], [])):
        expected = encode_users(checkpoint.params, titles, Ragged.from_lists([numbers]), checkpoint.config)[0]
        # without clicks the vector is zero, and nobody asks for it: the fallback ranks
        found = user_of(recommender, items) if items else np.zeros(12)
        np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)


def test_only_the_most_recent_clicks_count_but_all_are_left_out(recommender):
    history = [f"N{n}" for n in range(1, 10)]
    long, short = recommender.rank(history, 500), recommender.rank(history[-6:], 500)
    assert long.history == short.history == history[-6:]
    assert {one.id for one in long.recommendations} == {one.id for one in short.recommendations} - set(history)
    scores = {one.id: one.score for one in short.recommendations}
    assert all(one.score == scores[one.id] for one in long.recommendations)


def test_parts_of_the_clicked_titles_sum_to_the_score(recommender):
    ranking = recommender.rank(["N1", RAW, "N3", "N1"], 20)
    for one in ranking.recommendations:
        assert [part.part for part in one.clicked] == sorted((part.part for part in one.clicked), reverse=True)
        assert {(part.id, part.title) for part in one.clicked} == {
            ("N1", recommender.titles[0]),
            (None, RAW),
            ("N3", recommender.titles[2]),
        }
        assert sum(part.part for part in one.clicked) == pytest.approx(one.score, rel=1e-4, abs=1e-5)


def test_a_part_follows_the_formula(recommender, checkpoint):
    """part_j = sum over heads of (sum_i additive_i alpha_ij) value_j . candidate, written out in loops."""
    config, params = checkpoint.config, checkpoint.params
    rows = recommender.encode_news(recommender.titles[:3])
    attention, additive = read_attention(params, Ragged.from_lists([[0, 1, 2]]), config, rows)
    value = rows @ side_weights(params, "user")[2]  # [3, H * A]
    best = recommender.rank(["N1", "N2", "N3"], 1).recommendations[0]
    candidate = recommender.encode_news([best.title])[0]
    for part in best.clicked:
        j, expected = int(part.id[1:]) - 1, 0.0
        for h in range(config.heads):
            columns = slice(h, None, config.heads)  # column a * H + h is of head h
            factor = sum(additive[i] * attention[0][h, i, j] for i in range(3))
            expected += factor * (value[j, columns] @ candidate[columns])
        assert part.part == pytest.approx(expected, rel=1e-4, abs=1e-6)


def test_words_carry_their_effects_on_the_score(recommender, checkpoint):
    user = user_of(recommender, ["N1", "N2"])
    for one in recommender.rank(["N1", "N2"], 5).recommendations:
        words = checkpoint.vocabulary.encode([one.title]).first(checkpoint.config.title_length)
        assert [word.word for word in one.words] == tokenize(one.title)[: checkpoint.config.title_length]
        for j, word in enumerate(one.words):
            shorter = Ragged.from_lists([np.delete(words[0], j)])
            without = encode_news(checkpoint.params, shorter, checkpoint.config)[0] @ user
            assert word.effect == pytest.approx(one.score - without, rel=1e-4, abs=1e-5)


def test_without_history_the_most_clicked_come_first_and_are_marked(recommender):
    ranking = recommender.rank([], 6)
    assert ranking.fallback == FALLBACK
    found = [(one.id, one.score) for one in ranking.recommendations]
    assert found == [
        ("N30", 5),
        ("N4", 5),
        ("N200", 3),
        ("N7", 3),
        ("N500", 0),
        ("N499", 0),
    ]  # last lines first
    assert all(one.clicked == [] and one.words == [] for one in ranking.recommendations)


def test_equal_scores_keep_the_order_of_the_catalogue_and_wordless_titles_are_left_out(checkpoint):
    one = Recommender(checkpoint)
    same = "A storm closes the harbour and the old bridge"  # nine words, what the model reads
    one.set_catalogue(["b", "c", "a", "d", "e", "f"], [f"{same} {n}" for n in (1, 2, 3)] + ["", "$ %", "Xyzzy plugh"])
    assert [found.id for found in one.rank(["The same user"], 2).recommendations] == ["b", "c"]
    assert [found.id for found in one.rank(["The same user"], 9).recommendations] == ["b", "c", "a"]
    assert [found.id for found in one.rank(["c"], 9).recommendations] == ["b", "a"]


def test_everything_clicked(checkpoint):
    one = Recommender(checkpoint)
    one.set_catalogue(["a"], [RAW])
    ranking = one.rank(["a"])
    assert ranking.recommendations == []
    assert "nothing is left to recommend" in ranking.to_text()


COPIES = ["N29", "D1", "D2"]  # one article; the last of them in other letters and spaces


@pytest.fixture
def with_copies(checkpoint, demo):
    one = Recommender(checkpoint)
    ids = [*COPIES[:2], *demo.news.ids[:28], *demo.news.ids[29:], COPIES[2]]
    titles = [RAW, RAW, *demo.news.titles[:28], *demo.news.titles[29:], f"  {RAW.upper()} "]
    one.set_catalogue(ids, titles)
    return one


def test_an_article_under_several_ids_is_shown_once(with_copies):
    found = [one.id for one in with_copies.rank(["N1"], 600).recommendations]
    assert len(found) == 499 and "N29" in found and not {"D1", "D2"} & set(found)


@pytest.mark.parametrize("read", [*COPIES, RAW, "a STORM closes the harbour"])
def test_and_not_when_it_was_read_under_another_id_or_as_a_title(with_copies, read):
    assert not set(COPIES) & {one.id for one in with_copies.rank(["N1", read], 600).recommendations}
    assert not set(COPIES) & {one.id for one in list(with_copies.rank_many([["N1", read]], 600))[0].recommendations}


def test_its_clicks_and_its_parts_add_up(checkpoint):
    one = Recommender(checkpoint)
    one.set_catalogue(["N4", "N7", "N200", "x"], [RAW, "The bridge", "The bridge", "In the rain"])
    assert [(found.id, found.score) for found in one.rank([]).recommendations] == [("N7", 6), ("N4", 5), ("x", 0)]
    (best, _) = one.rank(["N7", "N200"]).recommendations
    assert [part.id for part in best.clicked] == ["N7"] and best.clicked[0].part == pytest.approx(best.score, rel=1e-4)


def test_a_history_keeps_what_can_be_used_and_says_what_not(recommender):
    ranking = recommender.rank(["GONE", "N1", "$ %", "Xyzzy plugh", "N5", "N999"], 3)
    assert ranking.history == ["N1", "N5"] and ranking.fallback is None
    assert ranking.notes == [
        f"left out of the history, {UNKNOWN_ID}: GONE, N999",
        "left out of the history, without a word that the model knows: $ %, Xyzzy plugh",
    ]
    assert ranking.recommendations == recommender.rank(["N1", "N5"], 3).recommendations
    assert ranking.to_text().splitlines()[:2] == ranking.notes


def test_unknown_items_do_not_take_the_place_of_older_clicks(recommender):
    ranking = recommender.rank([f"N{n}" for n in range(1, 7)] + [f"gone{n}" for n in range(20)], 3)
    assert ranking.history == [f"N{n}" for n in range(1, 7)]  # history_length is 6


def test_where_nothing_of_a_history_is_left_the_fallback_ranks_without_what_was_read(checkpoint):
    one = Recommender(checkpoint)
    one.set_catalogue(["J1", "J2", "J3", "J4"], ["Xyzzy plugh", "Plover", "Xyzzy", "Plugh plugh"])
    ranking = one.rank(["J2", "Qwerty"], 2)
    assert (ranking.history, ranking.fallback) == ([], NEWEST)
    assert [found.id for found in ranking.recommendations] == ["J4", "J3"]
    text = ranking.to_text().splitlines()
    assert text[:3] == [
        f"left out of the history, {UNKNOWN_ID}: Qwerty",
        "left out of the history, without a word that the model knows: J2",
        "so it is ranked by the order of the catalogue (last lines first, taken for the newest), not by the model",
    ]
    assert "clicks" not in ranking.to_text() and [line.split()[1] for line in text[-2:]] == ["J4", "J3"]
    known = one.rank([RAW])  # the history is fine, the catalogue is not
    assert known.fallback == NEWEST and known.notes == [
        "every title of the catalogue is without a word that the model knows"
    ]


def test_news_that_nobody_clicked_are_ranked_by_their_lines(checkpoint):
    one = Recommender(checkpoint)
    one.set_catalogue(["M1", "M10", "M2"], [RAW, "The bridge", "In the rain"])
    ranking = one.rank([], 3)
    assert ranking.fallback == NEWEST and [found.id for found in ranking.recommendations] == ["M2", "M10", "M1"]
    assert ranking.to_text().splitlines()[0] == (
        "no history: ranked by the order of the catalogue (last lines first, taken for the newest), not by the model"
    )
    assert "popularity" not in ranking.to_text() and "clicks" not in ranking.to_text()


def test_a_single_word_in_quotes_is_a_title(recommender, files, capsys):
    for quoted in ('"Storm"', "'Storm'"):
        assert cli.run_command(recommend.main, [*files, "--history", f"N1 {quoted}", "--json"]) == 0
        found = json.loads(capsys.readouterr().out)
        expected = recommender.rank(["N1", Title("Storm")]).recommendations
        assert [one["id"] for one in found["recommendations"]] == [one.id for one in expected]
        assert found["history"] == ["N1", "Storm"] and found["notes"] == []
    assert recommender.rank(["N1", "Storm"]).history == ["N1"]  # without them it would be an id
    assert recommender.rank([Title("N1"), "N2"]).history == ["N2"]  # and with them an id is a title


@pytest.mark.parametrize(
    ("given", "items"),
    [
        ("", []),
        ("  N1   N2 ", ["N1", "N2"]),
        ("'A storm' \"Five soups\"", ["A storm", "Five soups"]),  # also in cmd.exe, where only " quotes
        ('"It\'s late" N1', ["It's late", "N1"]),
        (r'"a \"b\" c"', ['a "b" c']),
        ("N1 It's", ["N1", "It's"]),
        ('""', [""]),
        ("'足球 比赛' 足球", ["足球 比赛", "足球"]),
    ],
)
def test_how_a_history_is_read(given, items):
    found = cli.split_items("--history", given)
    assert found == items
    assert [isinstance(one, Title) for one in found] == [one in ("", "A storm") or " " in one for one in items]


def write_users(path, histories):
    path.write_text("".join(f"{n}\t{user}\t\t{' '.join(items)}\tN1\n" for n, (user, items) in enumerate(histories)))


def test_all_users_of_a_file(recommender, files, tmp_path, capsys):
    users, out = tmp_path / "users.tsv", tmp_path / "all.jsonl"
    rng = np.random.default_rng(0)
    histories = [(f"U{n}", [f"N{i}" for i in rng.integers(1, 520, size=n % 9)]) for n in range(150)]
    write_users(users, [("U3", ["N1"]), *histories, ("U5", ["N2", "N3"])])  # two users have two lines
    users.write_text("impression_id\tuser_id\ttime\thistory\timpressions\n" + users.read_text())
    assert cli.run_command(recommend.main, [*files, "--users", str(users), "--top", "4", "--out", str(out)]) == 0
    lines = [json.loads(line) for line in out.read_text().splitlines()]
    last = dict([*histories, ("U5", ["N2", "N3"])])
    assert sorted(line["user"] for line in lines) == sorted(last)
    for line in lines:
        expected = recommender.rank(last[line["user"]], 4)
        assert (line["notes"], line["fallback"]) == (expected.notes, expected.fallback)
        assert [one["id"] for one in line["recommendations"]] == [one.id for one in expected.recommendations]
        scores = [one.score for one in expected.recommendations]
        assert [one["score"] for one in line["recommendations"]] == pytest.approx(scores, rel=1e-5, abs=1e-5)
    without, noted = (sum(bool(line[name]) for line in lines) for name in ("fallback", "notes"))
    assert without > 10 and noted > 5
    assert capsys.readouterr().out == (
        f"150 users: their recommendations are in {out}\n"
        f"{without} without a history that the model can read; {noted} had news in it that were left out\n"
    )


def test_no_half_of_the_file_is_left(recommender, files, tmp_path, monkeypatch):
    users, out = tmp_path / "users.tsv", tmp_path / "all.jsonl"
    write_users(users, [("U1", ["N1"]), ("U2", ["N2"])])
    users.write_text(users.read_text() + "a broken line\n")
    assert cli.run_command(recommend.main, [*files, "--users", str(users), "--out", str(out)]) == cli.BAD_INPUT
    assert list(tmp_path.iterdir()) == [users]


def test_many_users_need_little_memory(recommender):
    """They are read as they are asked for, a batch at a time."""
    asked = []

    def histories():
        for n in range(10_000):
            asked.append(n)
            yield [f"N{1 + n % 500}"]

    rankings = recommender.rank_many(histories(), 1)
    assert next(rankings).history == ["N1"] and len(asked) == 64
    assert [next(rankings).history for _ in range(64)][-1] == ["N65"] and len(asked) == 128


@pytest.mark.parametrize(
    "arguments",
    [
        ["--users", "u.tsv"],
        ["--out", "x.jsonl"],
        ["--users", "u.tsv", "--out", "x", "--history", ""],
        ["--users", "u.tsv", "--out", "x", "--json"],
    ],
)
def test_flags_that_do_not_go_together(files, arguments, capsys):
    with pytest.raises(SystemExit) as stop:
        recommend.main([*files, *arguments])
    assert stop.value.code == 2 and "--users and --out go together" in capsys.readouterr().err


@pytest.mark.parametrize(("ids", "titles"), [(["N1", "N2"], ["x"]), (["N1", "N1"], ["x", "y"])])
def test_a_refused_catalogue_leaves_the_old_one(checkpoint, demo, ids, titles):
    one = Recommender(checkpoint)
    one.set_catalogue(demo.news.ids, demo.news.titles)
    before = one.rank(["N1", demo.news.titles[3]])
    with pytest.raises(ValueError):
        one.set_catalogue(ids, titles)
    assert one.rank(["N1", demo.news.titles[3]]) == before


def test_wrong_use_is_refused(recommender, checkpoint):
    with pytest.raises(InputError, match="top 0: must be at least 1"):
        recommender.rank(["N1"], 0)
    with pytest.raises(TypeError, match="a list of ids and titles"):
        recommender.rank("N1 N2")
    empty = Recommender(checkpoint)
    with pytest.raises(InputError, match="the catalogue is empty"):
        empty.rank([])
    with pytest.raises(InputError, match="news id b appears twice"):
        empty.set_catalogue(["a", "b", "b"], ["x"] * 3)
    with pytest.raises(ValueError, match="2 ids, 1 titles"):
        empty.set_catalogue(["a", "b"], ["x"])
    nan = {**checkpoint.params, "news.weight_value": checkpoint.params["news.weight_value"] * np.float32(np.nan)}
    broken = Recommender(replace(checkpoint, params=nan))
    broken.set_catalogue(["a", "b"], ["A storm", "A castle"])
    with pytest.raises(NonFiniteError, match="a score is not finite; train the model again"):
        broken.rank(["a"])


def test_load_and_the_public_name(files):
    assert nrms_np.Recommender is Recommender
    one = Recommender.load(files[1])
    assert one.encode_news([]).shape == (0, 12)


def test_the_command_prints_what_the_class_says(files, recommender, capsys):
    assert cli.run_command(recommend.main, [*files, "--history", f'N12 "{RAW}"', "--top", "3"]) == 0
    out = capsys.readouterr().out
    ranking = recommender.rank(["N12", RAW], 3)
    assert out == ranking.to_text() + "\n"
    lines = out.splitlines()
    assert len(lines) == 9
    best = ranking.recommendations[0]
    assert lines[0] == f"  1. {best.score:>8.4f}  {best.id}  {best.title}"
    most = best.clicked[0]
    assert lines[1].strip() == f"for {most.id or 'the title'}  {most.title} ({most.part:+.4f} of the score)"
    word = max(best.words, key=lambda one: one.effect)
    assert lines[2].strip().startswith(f"in  {word.word} {word.effect:+.2f}, ")


def test_json_is_one_object(files, recommender, capsys):
    assert cli.run_command(recommend.main, [*files, "--history", f"N12 '{RAW}'", "--json"]) == 0
    out = capsys.readouterr().out
    assert out.count("\n") == 1
    assert json.loads(out) == asdict(recommender.rank(["N12", RAW]))
    found = json.loads(out)
    assert list(found) == ["history", "notes", "fallback", "recommendations"] and len(found["recommendations"]) == 10
    assert list(found["recommendations"][0]) == ["id", "title", "score", "clicked", "words"]
    assert found["history"] == ["N12", RAW] and found["fallback"] is None
    title = "足球 storm 😀"
    assert cli.run_command(recommend.main, [*files, "--history", f"N12 '{title}'", "--json"]) == 0
    out = capsys.readouterr().out
    assert out.isascii() and json.loads(out)["history"] == ["N12", title]  # whatever the code page of the pipe is


@pytest.mark.parametrize("history", [[], ["--history", ""], ["--history", "  "]])
def test_a_cold_user_is_marked_in_both_outputs(files, history, capsys):
    assert cli.run_command(recommend.main, [*files, *history, "--top", "2"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == f"no history: ranked by the {FALLBACK}, not by the model"
    assert [line.split()[1:4] for line in lines[1:]] == [["5", "clicks", "N30"], ["5", "clicks", "N4"]]
    assert cli.run_command(recommend.main, [*files, *history, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["fallback"] == FALLBACK


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--history", "N1 'It is"], "--history N1 'It is: a quote without its end; put a title in double quotes"),
        (["--history", "N1 'It's late'"], "a quote without its end"),
        (["--users", "nowhere.tsv", "--out", "{tmp}/all.jsonl"], "nowhere.tsv: no such file"),
        (["--users", "{news}", "--out", "{tmp}/all.jsonl"], "news.tsv:1: 8 tab-separated columns, expected 5"),
        (["--users", "{behaviors}", "--out", "{tmp}/none/all.jsonl"], "all.jsonl: cannot be written (No such file"),
        (["--history", "N1", "--top", "0"], "top 0: must be at least 1"),
        (["--checkpoint", "nowhere.npz"], "nowhere.npz: no such checkpoint"),
        (["--news", "nowhere.tsv"], "nowhere.tsv: no such file"),
    ],
)
def test_bad_input_is_one_clear_line(files, arguments, message, tmp_path, capsys):
    behaviors = files[3].replace("news.tsv", "behaviors.tsv")
    arguments = [one.format(tmp=tmp_path, news=files[3], behaviors=behaviors) for one in arguments]
    code = cli.NO_ROOM if "none" in arguments[-1] else cli.BAD_INPUT
    assert cli.run_command(recommend.main, [*files, *arguments]) == code
    assert list(tmp_path.iterdir()) == []
    captured = capsys.readouterr()
    errors = [line for line in captured.err.strip().splitlines() if "error" in line]
    assert captured.out == "" and len(errors) == 1 and "Traceback" not in captured.err
    assert errors[0].split("\r")[-1].startswith("error: ") and message in errors[0]


def test_titles_of_another_language_are_counted(checkpoint, tmp_path, capsys):
    """A catalogue in which one title has a known word."""
    save_checkpoint(tmp_path / "checkpoint.npz", checkpoint)
    titles = ["Xyzzy plugh", RAW, "Plover"]
    (tmp_path / "news.tsv").write_text("".join(f"M{n}\t\t\t{title}\t\t\t\t\n" for n, title in enumerate(titles)))
    given = ["--checkpoint", str(tmp_path / "checkpoint.npz"), "--news", str(tmp_path / "news.tsv")]
    assert cli.run_command(recommend.main, [*given, "--history", "'The old bridge'"]) == 0
    captured = capsys.readouterr()
    assert captured.err == "2 of 3 titles cannot be ranked: without a word that the model knows\n"
    assert [line.split()[2] for line in captured.out.splitlines() if "." in line[:4]] == ["M1"]


@pytest.mark.parametrize("over", ["users", "news", "checkpoint"])
def test_no_input_is_written_over(files, tmp_path, capsys, over):
    inputs = {"checkpoint": files[1], "news": files[3], "users": files[3].replace("news.tsv", "behaviors.tsv")}
    make_link(tmp_path / "link", Path(inputs[over]))
    flags = [one for name, value in inputs.items() for one in (f"--{name}", value)]
    before = (tmp_path / "link").read_bytes()
    assert cli.run_command(recommend.main, [*flags, "--out", str(tmp_path / "link")]) == 2
    assert "is a file that is read here; give another name" in capsys.readouterr().err
    assert (tmp_path / "link").is_symlink() and (tmp_path / "link").read_bytes() == before
