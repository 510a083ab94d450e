"""``python -m nrms_np.recommend`` and the Recommender class: the same scores as evaluation, parts that sum to them."""

import json

import numpy as np
import pytest

import nrms_np
from nrms_np import recommend
from nrms_np.app import cli
from nrms_np.app.checkpoint import save_checkpoint
from nrms_np.app.recommender import FALLBACK, Recommender
from nrms_np.data.demo import make_demo
from nrms_np.data.mind import write_folder
from nrms_np.data.vocabulary import tokenize
from nrms_np.encoder import side_weights
from nrms_np.errors import InputError, NonFiniteError
from nrms_np.inference import encode_news, read_attention, score_impressions
from nrms_np.ragged import Ragged
from tests.helpers import encode_users, random_checkpoint

RAW = "A storm closes the harbour"


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
        found = recommender._read_user(items)[0] if items else np.zeros(12)
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
    user, _ = recommender._read_user(["N1", "N2"])
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
    assert found == [("N30", 5), ("N4", 5), ("N200", 3), ("N7", 3), ("N1", 0), ("N10", 0)]  # ties by id, as text
    assert all(one.clicked == [] and one.words == [] for one in ranking.recommendations)


def test_equal_scores_keep_the_order_of_the_catalogue_and_wordless_titles_are_left_out(checkpoint):
    one = Recommender(checkpoint)
    one.set_catalogue(["b", "c", "a", "d", "e"], [RAW, RAW, RAW, "", "$ %"])
    assert [found.id for found in one.rank(["The same user"], 2).recommendations] == ["b", "c"]
    assert [found.id for found in one.rank(["The same user"], 9).recommendations] == ["b", "c", "a"]
    assert [found.id for found in one.rank(["c"], 9).recommendations] == ["b", "a"]


def test_everything_clicked(checkpoint):
    one = Recommender(checkpoint)
    one.set_catalogue(["a"], [RAW])
    ranking = one.rank(["a"])
    assert ranking.recommendations == []
    assert "nothing is left to recommend" in ranking.to_text()


def test_a_catalogue_of_kept_vectors(recommender, checkpoint, demo):
    one = Recommender(checkpoint)
    one.set_catalogue(demo.news.ids, demo.news.titles, vectors=recommender.encode_news(demo.news.titles))
    assert one.rank(["N1", "N2"]) == recommender.rank(["N1", "N2"])


def test_wrong_use_is_refused(recommender, checkpoint):
    with pytest.raises(InputError, match="history: news id 'N999' is not in the catalogue"):
        recommender.rank(["N1", "N999"])
    with pytest.raises(InputError, match=r"history: the title '\$ %' has no words"):
        recommender.rank(["$ %"])
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
    with pytest.raises(NonFiniteError, match="title vector is not finite"):
        empty.set_catalogue(["a"], ["x"], vectors=np.full((1, 12), np.nan, np.float32))


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
    assert json.loads(out) == recommender.rank(["N12", RAW]).to_dict()
    found = json.loads(out)
    assert list(found) == ["history", "fallback", "recommendations"] and len(found["recommendations"]) == 10
    assert list(found["recommendations"][0]) == ["id", "title", "score", "clicked", "words"]
    assert found["history"] == ["N12", RAW] and found["fallback"] is None


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
        (["--history", "N1 N999"], "history: news id 'N999' is not in the catalogue (titles go in quotes)"),
        (["--history", 'N1 ""'], "history: the title '' has no words"),
        (["--history", "N1 It's"], "No closing quotation; put a title in double quotes"),
        (["--history", "N1", "--top", "0"], "top 0: must be at least 1"),
        (["--checkpoint", "nowhere.npz"], "nowhere.npz: no such checkpoint"),
        (["--news", "nowhere.tsv"], "nowhere.tsv: no such file"),
    ],
)
def test_bad_input_is_one_clear_line(files, arguments, message, capsys):
    assert cli.run_command(recommend.main, [*files, *arguments]) == cli.BAD_INPUT
    captured = capsys.readouterr()
    errors = [line for line in captured.err.strip().splitlines() if "error" in line]
    assert captured.out == "" and len(errors) == 1 and "Traceback" not in captured.err
    assert errors[0].split("\r")[-1].startswith("error: ") and message in errors[0]
