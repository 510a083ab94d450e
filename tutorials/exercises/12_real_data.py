"""Exercises of chapter 12: real data. Run it: ``python tutorials/exercises/12_real_data.py``."""

import numpy as np

HAND = "7\tU5\t11/14/2019 8:05:30 AM\tN3 N1 N3\tN2-0 N4-1"


def parse_impression(line):
    """Return (user, history, shown, labels) of a line of behaviors.tsv: text, two lists of ids, a list of 0 and 1.

    The history may be empty. labels is None where the shown ids carry no label (a test file).
    """
    columns = line.split()
    raise NotImplementedError(f"parse_impression: 5 columns, not {len(columns)}")


def check_parse_impression(answer=parse_impression):
    user, history, shown, labels = answer(HAND)
    assert user == "U5", f"the user of {HAND!r} is 'U5', not {user!r}"
    assert list(history) == ["N3", "N1", "N3"], f"the history is N3 N1 N3, oldest first, not {history}"
    assert list(shown) == ["N2", "N4"], f"the ids shown are N2 and N4, without their labels, not {shown}"
    assert list(labels) == [0, 1], f"the labels are 0 and 1, as numbers, not {labels}"
    user, history, shown, labels = answer(HAND.replace("N3 N1 N3", ""))
    assert (user, list(history)) == ("U5", []), f"an empty history is an empty list, not {history}"
    assert (list(shown), list(labels)) == (["N2", "N4"], [0, 1]), "an empty history shifts no other column"
    user, history, shown, labels = answer(HAND.replace("-0", "").replace("-1", ""))
    assert list(shown) == ["N2", "N4"], f"a test file shows N2 and N4, not {shown}"
    assert labels is None, f"a test file has no labels: None, not {labels}"


def on_last_day(times):
    """Return bool [impressions]: True where the time ("11/9/2019 12:01:13 AM": month/day/year) is on the last day.

    The last day is the latest calendar day, from midnight, that occurs in times.
    """
    raise NotImplementedError(f"on_last_day: which of {len(times)} times are on the latest day?")


def check_on_last_day(answer=on_last_day):
    times = ["11/9/2019 11:59:59 PM", "11/14/2019 1:30:00 PM", "11/13/2019 11:30:00 PM", "11/14/2019 12:00:01 AM"]
    found = np.asarray(answer(times)).tolist()
    assert found == [False, True, False, True], f"{times}: the last day is 11/14, found {found}"
    found = np.asarray(answer(["12/31/2019 8:00:00 AM", "1/2/2020 8:00:00 AM"])).tolist()
    assert found == [False, True], f"January 2020 is after December 2019, found {found}"


def token_coverage(counts, vectors):
    """Return the share of all tokens whose word has a vector. counts: how often each word occurs; vectors: by word."""
    raise NotImplementedError(f"token_coverage: {len(counts)} words, {len(vectors)} vectors")


def check_token_coverage(answer=token_coverage):
    counts = {"the": 70, "storm": 20, "harbour": 9, "zyx": 1}
    found = answer(counts, {"the": [0.1], "storm": [0.2], "moon": [0.3]})
    assert abs(found - 0.9) < 1e-12, f"'the' and 'storm' are 90 of the 100 tokens: 0.9, not {found}"
    found = answer(counts, {})
    assert found == 0, f"without vectors nothing is covered: 0, not {found}"


def prediction_line(impression_id, scores):
    """Return the line of prediction.txt: the id, a space, and the rank of each candidate, 1 the best: ``7 [2,1,3]``.

    scores [n] are all different, in the order in which the candidates were shown.
    """
    raise NotImplementedError(f"prediction_line: {impression_id} [...] with the ranks of {len(scores)} candidates")


def check_prediction_line(answer=prediction_line):
    found = answer("7", np.array([0.2, 0.9, -0.4, 0.5]))
    wanted = "7 [3,1,4,2]"
    assert found.strip() == wanted, f"scores .2, .9, -.4, .5: candidate 2 is the best, so {wanted!r}, not {found!r}"
    rng = np.random.default_rng(12)
    for n in (1, 2, 13):
        scores = rng.normal(size=n)
        above = [int((scores > one).sum()) + 1 for one in scores]
        wanted = f"8 [{','.join(map(str, above))}]"
        found = answer("8", scores)
        assert found.strip() == wanted, f"scores {scores.round(2)}: {wanted!r}, not {found!r}"


def auc_of_line(line, labels):
    """Return the AUC of a line ``7 [2,1,3]`` of prediction.txt: the share of pairs with the clicked one ranked better.

    labels [n], 1 = clicked, in the same order as the ranks; both values occur.
    """
    raise NotImplementedError(f"auc_of_line: read the ranks in {line!r} and count pairs")


def check_auc_of_line(answer=auc_of_line):
    for line, labels, true in (
        ("7 [2,1,3]", [0, 1, 0], 1.0),
        ("7 [2,1,3]", [0, 0, 1], 0.0),
        ("9 [3,1,4,2]", [1, 0, 0, 1], 1 / 2),
        ("9 [2,4,1,3]", [1, 0, 0, 0], 2 / 3),
    ):
        found = answer(line, np.array(labels))
        assert abs(found - true) < 1e-12, f"{line!r} with the labels {labels}: the AUC is {true:.3f}, not {found:.3f}"


if __name__ == "__main__":
    for check in (
        check_parse_impression,
        check_on_last_day,
        check_token_coverage,
        check_prediction_line,
        check_auc_of_line,
    ):
        check()
        print(f"{check.__name__.removeprefix('check_')}: right")
