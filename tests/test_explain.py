"""The numbers of an explanation against the plainest NumPy, one history and one title at a time; and the command."""

import base64
import importlib
import json
import zlib
from dataclasses import replace

import numpy as np
import pytest

from nrms_np.app import cli
from nrms_np.app.checkpoint import save_checkpoint
from nrms_np.app.explanation import SHUFFLES, TEMPLATE, explain, write_page
from nrms_np.app.recommender import Recommender, read_user
from nrms_np.data.demo import make_demo
from nrms_np.data.mind import write_folder
from nrms_np.data.vocabulary import tokenize
from nrms_np.encoder import side_weights
from nrms_np.errors import InputError, NonFiniteError
from tests import naive
from tests.helpers import ROOT, random_checkpoint

command = importlib.import_module("nrms_np.explain")
HISTORY = ["N1", "A castle that nobodyknows", "N3", "N1"]
CANDIDATES = ["N9", "Wipers, wipers and one storm", "N30"]


@pytest.fixture(scope="module")
def demo():
    return make_demo(seed=2, users=20, news=500, train_impressions=20, dev_impressions=5)


@pytest.fixture(scope="module", params=["qkv", "bilinear", "mean"])
def recommender(request, demo):
    one = Recommender(random_checkpoint(demo.news.titles, request.param))
    one.set_catalogue(demo.news.ids, demo.news.titles)
    return one


@pytest.fixture(scope="module")
def explanation(recommender):
    return explain(recommender, HISTORY, CANDIDATES)


@pytest.fixture(scope="module")
def score(recommender):
    """The score of lists of words: every title and the user encoded by ``naive`` alone, in float64."""
    params = {name: one.astype(np.float64) for name, one in recommender.params.items()}
    news, user = side_weights(params, "news"), side_weights(params, "user")
    id_of, heads = recommender.vocabulary.id_of, recommender.config.heads

    def encode(words):
        return naive.encode(params["embedding"], [[id_of.get(word, 0) for word in words]], news, heads)[0]

    def score(clicks, candidate):
        rows = np.array([encode(words) for words in clicks]).reshape(len(clicks), -1)
        return naive.encode(rows, [range(len(clicks))], user, heads)[0] @ encode(candidate) if clicks else 0.0

    return score


def words_of(titles):
    return [title.words for title in titles]


def without(items, j):
    return [*items[:j], *items[j + 1 :]]


def near(found, expected):
    np.testing.assert_allclose(found, expected, rtol=1e-10, atol=1e-10)


def test_scores_best_first(explanation, score):
    clicks = words_of(explanation.clicks)
    near(explanation.scores, [score(clicks, words) for words in words_of(explanation.candidates)])
    assert explanation.scores.tolist() == sorted(explanation.scores, reverse=True)
    near(explanation.probabilities, naive.softmax(explanation.scores))
    near(explanation.first_numbers["loss"], -np.log(naive.softmax(explanation.scores)))


def test_titles_are_those_that_were_asked_for(explanation, recommender):
    titles = dict(zip(recommender.ids, recommender.titles))
    assert [(click.id, click.title) for click in explanation.clicks] == [
        (item, titles[item]) if item in titles else (None, item) for item in HISTORY
    ]
    assert sorted(one.title for one in explanation.candidates) == sorted(titles.get(item, item) for item in CANDIDATES)
    for one in explanation.clicks + explanation.candidates:
        assert one.words + tokenize(one.title)[9:] == tokenize(one.title)
        assert one.unread == len(tokenize(one.title)[9:])
        assert one.unknown == [i for i, word in enumerate(one.words) if word not in recommender.vocabulary.id_of]
    assert len(explanation.clicks[1].unknown) >= 1


def test_parts_sum_to_the_scores(explanation):
    near(explanation.parts.sum(axis=1), explanation.scores)


def test_parts_are_those_of_recommend(explanation, recommender):
    user, parts = read_user(
        recommender.params, recommender._rows(recommender.read_history(HISTORY).clicks), recommender.config
    )
    for c, candidate in enumerate(explanation.candidates):
        vector = recommender.encode_news([candidate.title])[0]
        np.testing.assert_allclose(explanation.parts[c], parts @ vector, rtol=1e-4, atol=1e-4)


def test_leave_one_out_is_computed_by_the_encoder(explanation, score):
    clicks = words_of(explanation.clicks)
    for c, candidate in enumerate(words_of(explanation.candidates)):
        near(
            explanation.changed_scores[: len(clicks), c],
            [score(without(clicks, j), candidate) for j in range(len(clicks))],
        )


def test_changed_histories(explanation, score):
    clicks = words_of(explanation.clicks)
    assert explanation.orders[: len(clicks)] == [without(range(len(clicks)), j) for j in range(len(clicks))]
    assert len(explanation.orders) == len(clicks) + SHUFFLES
    for s, order in enumerate(explanation.orders):
        again = [score([clicks[j] for j in order], candidate) for candidate in words_of(explanation.candidates)]
        near(explanation.changed_scores[s], again)
        near(explanation.changed_probabilities[s], naive.softmax(explanation.changed_scores[s]))
    shuffled = explanation.orders[len(clicks) :]
    assert all(sorted(order) == list(range(len(clicks))) for order in shuffled)
    assert any(order != sorted(order) for order in shuffled)
    near(explanation.changed_scores[len(clicks) :], np.tile(explanation.scores, (SHUFFLES, 1)))


def test_effects_of_words_are_computed_by_the_encoder(explanation, score):
    clicks, candidates = words_of(explanation.clicks), words_of(explanation.candidates)
    for c, candidate in enumerate(candidates):
        for j, click in enumerate(explanation.clicks):
            for i, effect in enumerate(click.effects[c]):
                changed = [*clicks[:j], without(clicks[j], i), *clicks[j + 1 :]]
                near(effect, explanation.scores[c] - score(changed, candidate))
        for other, title in enumerate(explanation.candidates):
            for i, effect in enumerate(title.effects[c]):
                lost = explanation.scores[c] - score(clicks, without(candidate, i)) if other == c else 0
                near(effect, lost)


def test_attention_is_that_of_the_model(explanation, recommender):
    params = {name: one.astype(np.float64) for name, one in recommender.params.items()}
    heads, news = recommender.config.heads, side_weights(params, "news")
    for title in explanation.clicks + explanation.candidates:
        n = len(title.words)
        assert title.attention.shape == (heads, n, n)
        rows = params["embedding"][[recommender.vocabulary.id_of.get(word, 0) for word in title.words]]
        if news.weight_query is None:
            near(title.attention, 1 / n)
            near(title.additive, 1 / n)
            continue
        value = (rows @ news.weight_value).reshape(n, -1, heads)
        attended = np.einsum("hij,jah->iah", title.attention, value).reshape(n, -1)
        near(attended, naive.self_attention(rows, [range(n)], *news[:3], heads))
        near(title.additive @ attended, naive.encode(rows, [range(n)], news, heads)[0])
        near(title.additive.sum(), 1)


def test_the_lines_of_the_model(explanation, recommender):
    ids = {
        recommender.vocabulary.id_of.get(w, 0) for one in explanation.clicks + explanation.candidates for w in one.words
    }
    assert explanation.shapes == {"rows": (len(ids), 10), "titles": (6, 12), "users": (1, 12), "scores": (1, 3)}
    best = explanation.candidates[0]
    row = recommender.params["embedding"][recommender.vocabulary.id_of.get(best.words[0], 0)]
    assert explanation.first_numbers["rows"][0] == row[0]
    np.testing.assert_allclose(
        explanation.first_numbers["titles"][0], recommender.encode_news([best.title])[0][0], rtol=1e-4
    )
    user, _ = read_user(
        recommender.params, recommender._rows(recommender.read_history(HISTORY).clicks), recommender.config
    )
    np.testing.assert_allclose(explanation.first_numbers["users"], user[0], rtol=1e-4)


def test_without_candidates_the_best_of_the_catalogue(recommender):
    found = explain(recommender, HISTORY)
    ranking = recommender.rank(HISTORY)
    assert [one.id for one in found.candidates] == [one.id for one in ranking.recommendations]
    np.testing.assert_allclose(found.scores, [one.score for one in ranking.recommendations], rtol=1e-5)


def test_only_the_most_recent_clicks_count(recommender):
    long = explain(recommender, [f"N{n}" for n in range(1, 10)], ["N30"])
    short = explain(recommender, [f"N{n}" for n in range(4, 10)], ["N30"])
    assert long.unread == 3 and short.unread == 0
    assert long.scores.tolist() == short.scores.tolist() and len(long.clicks) == 6


def test_one_click_of_one_word(recommender):
    found = explain(recommender, ["castle "], ["N9", "N9"])
    assert len(found.candidates) == 1
    near(found.changed_scores[0], 0)  # nothing is left
    near(found.clicks[0].effects[0], found.scores)
    near(found.parts[0], found.scores)


def test_titles_without_words(recommender, tmp_path):
    one = Recommender(random_checkpoint(recommender.titles, recommender.config.attention))
    one.set_catalogue(["a", "b", "c"], ["A castle", "", "$ %"])
    found = explain(one, ["a", "b"], ["a", "c"])
    assert [title.words for title in found.clicks + found.candidates].count([]) == 1
    assert found.unread == 1 and found.notes == ["left out of the history, without a word that the model knows: b"]
    near(found.scores.min(), 0)
    write_page(found, tmp_path / "page.html")
    assert [one["words"] for one in read_page(tmp_path / "page.html")["candidates"]].count([]) == 1


def test_wrong_use_is_refused(recommender):
    for history, candidates, message in (
        ([], None, "the history is empty"),
        (
            ["N999", "$ %"],
            None,
            r"not in the catalogue .*: N999; .*, without a word that the model knows: \$ %: without",
        ),
        (["N1"], ["N999"], "candidates: news id 'N999' is not in the catalogue"),
        (["N1"], [], "no candidates"),
    ):
        with pytest.raises(InputError, match=message):
            explain(recommender, history, candidates)
    with pytest.raises(TypeError, match="a list of ids and titles"):
        explain(recommender, "N1 N2", ["N3"])
    broken = Recommender(random_checkpoint(recommender.titles, recommender.config.attention))
    broken.params["news.weight_value"] = broken.params["news.weight_value"] * np.float32(np.nan)
    with pytest.raises(NonFiniteError, match="a score is not finite"):
        explain(broken, ["A castle"], ["A storm"])


def read_page(path):
    text = path.read_text(encoding="utf-8")
    _, _, rest = text.partition('<script type="application/json" id="data">')
    return json.loads(rest.partition("</script>")[0])


def test_the_page_holds_the_numbers(explanation, recommender, tmp_path):
    write_page(explanation, tmp_path / "page.html")
    data = read_page(tmp_path / "page.html")
    tutorials = data.pop("tutorials", None)
    if tmp_path.drive == ROOT.drive:  # no path leads from one drive of Windows to another
        assert (tmp_path / tutorials / "11_reading_the_model.md").exists()
    assert set(data) == set(vars(explanation)) - {"notes"} | {"heads", "attention"}
    for name in ("unread", "orders", "shapes", "first_numbers"):
        assert data[name] == json.loads(
            json.dumps(getattr(explanation, name), default=lambda one: one.round(7).tolist())
        )
    for name in ("scores", "probabilities", "parts", "changed_scores", "changed_probabilities"):
        np.testing.assert_allclose(data[name], getattr(explanation, name), rtol=0, atol=6e-8)
    for title, shown in zip(explanation.clicks + explanation.candidates, data["clicks"] + data["candidates"]):
        np.testing.assert_allclose(shown["effects"], title.effects, rtol=0, atol=6e-8)
        np.testing.assert_allclose(shown["additive"], title.additive, rtol=0, atol=6e-8)
        for name in ("id", "title", "words", "unread", "unknown"):
            assert shown[name] == getattr(title, name)
    percents = np.frombuffer(zlib.decompress(base64.b64decode(data["attention"])), np.uint8)
    for title in explanation.clicks + explanation.candidates:
        with_mean = np.concatenate([title.attention.mean(axis=0)[None], title.attention])
        here, percents = np.split(percents, [with_mean.size])
        assert here.tolist() == np.rint(100 * with_mean).ravel().tolist()
    assert len(percents) == 0


def test_no_title_can_end_the_data(explanation, tmp_path):
    nasty = '</script><script>alert(1)</script> @DATA@ <!-- "\\u003c'
    clicks = [replace(explanation.clicks[0], title=nasty, words=[nasty, "\ud800", *explanation.clicks[0].words[2:]])]
    write_page(replace(explanation, clicks=[*clicks, *explanation.clicks[1:]]), tmp_path / "page.html")
    text = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert read_page(tmp_path / "page.html")["clicks"][0]["title"] == nasty
    assert text.count("</script>") == 2 and "alert(1)</script>" not in text


def test_the_script_stays_short():
    page = TEMPLATE.read_text(encoding="utf-8")
    script = page.partition("<script>\n")[2].partition("</script>")[0]
    assert 100 < len(script.splitlines()) <= 200
    assert all(len(line) <= 120 for line in page.splitlines())


@pytest.fixture(scope="module")
def files(demo, tmp_path_factory):
    folder = tmp_path_factory.mktemp("files")
    save_checkpoint(folder / "checkpoint.npz", random_checkpoint(demo.news.titles, "qkv"))
    write_folder(folder, demo.news, demo.dev)
    return folder


def run(files, *arguments, html="page.html"):
    given = ["--checkpoint", files / "checkpoint.npz", "--html", files / html, "--threads", 1, *arguments]
    return cli.run_command(command.main, [str(one) for one in given])


def test_the_command_writes_the_page(files, capsys):
    assert run(files, "--news", files / "news.tsv", "--history", 'N1 "A castle"', "--candidates", "N9 N30") == 0
    assert capsys.readouterr().out == f"{files / 'page.html'}: open it in a browser\n"
    data = read_page(files / "page.html")
    assert [one["id"] for one in data["clicks"]] == ["N1", None]
    assert {one["id"] for one in data["candidates"]} == {"N9", "N30"}


def test_the_command_finds_a_user(files, demo):
    last = max(range(len(demo.dev)), key=lambda i: (len(demo.dev.histories[i]) > 0, i))
    user = demo.dev.user_ids[demo.dev.users[last]].decode()
    assert run(files, "--data", files, "--user", user) == 0
    clicks = [f"N{n + 1}" for n in demo.dev.histories[last]]
    assert [one["id"] for one in read_page(files / "page.html")["clicks"]] == clicks[-6:]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--news", "{}/news.tsv"], "give either --history, or --user and --data"),
        (["--history", "N1", "--user", "U1", "--data", "{}"], "give either --history, or --user and --data"),
        (["--history", "N1"], "give --news NEWS.tsv"),
        (["--user", "nobody", "--data", "{}"], "--user 'nobody': no such user in the behaviors.tsv of --data"),
        (["--news", "{}/news.tsv", "--history", ""], "the history is empty"),
        (["--news", "{}/news.tsv", "--history", "N999"], "titles in quotes): N999"),
        (
            ["--news", "{}/news.tsv", "--history", "N1", "--candidates", "'It"],
            "--candidates 'It: a quote without its end",
        ),
        (["--news", "{}/news.tsv", "--history", "N1", "--html", "{}/no/page.html"], "cannot be written"),
    ],
)
def test_bad_input_is_one_clear_line(files, arguments, message, capsys):
    assert run(files, *(one.format(files) for one in arguments), html="bad.html") != 0
    captured = capsys.readouterr()
    errors = [line for line in captured.err.strip().splitlines() if "error" in line]
    assert captured.out == "" and len(errors) == 1 and "Traceback" not in captured.err
    assert message in errors[0] and not (files / "bad.html").exists()


def test_the_example_of_the_help_names_a_reader_of_the_demo_corpus(demo_corpus):
    user = command.EPILOG.partition("--user ")[2].split()[0]
    lines = [i for i, found in enumerate(demo_corpus.dev.text_columns()[1]) if found == user]
    assert len(demo_corpus.dev.histories[lines[-1]])
    assert "--data runs/demo/corpus/dev " in command.EPILOG


@pytest.mark.parametrize("over", ["news", "data"])
def test_no_input_is_written_over(demo, tmp_path, capsys, over):
    write_folder(tmp_path, demo.news, demo.dev)
    news = tmp_path / "news.tsv"
    before = news.read_bytes()
    source = {"news": ["--news", str(news), "--history", "N1"], "data": ["--data", str(tmp_path), "--user", "U1"]}
    assert cli.run_command(command.main, ["--checkpoint", "c.npz", *source[over], "--html", str(news)]) == 2
    assert "is a file that is read here; give another name" in capsys.readouterr().err
    assert news.read_bytes() == before
