"""How the answers of chapter 12 are judged."""

import re

import numpy as np
from judge import Exercise

# 12.1


def line_cases(rng):
    yield ("7\tU5\t11/14/2019 8:05:30 AM\tN3 N1 N3\tN2-0 N4-1",)
    yield ("7\tU5\t11/14/2019 8:05:30 AM\t\tN2-0 N4-1\n",)  # no history
    yield ("7\tU5\t11/14/2019 8:05:30 AM\tN3 N1 N3\tN2 N4\n",)  # a test file
    yield ("12\tu-7\t1/2/2020 12:00:00 PM\teu-N4\teu-N4-0 eu-N55123-0",)  # nothing clicked
    yield ("12\tu-7\t1/2/2020 12:00:00 PM\t\teu-N4 eu-N5",)
    # ids that hold, or end like, a label
    yield ("7\tU10\t11/14/2019 8:05:30 AM\tN10 a-01b N21\tN10-1 N21-0 eu-14-0 a-01b-1\n",)
    yield ("7\tU11\t11/14/2019 8:05:30 AM\tN10 N21\tN20-0 N11-1 x-10-0 N01-1 a-1b-0",)
    yield ("7\tU10\t11/14/2019 8:05:30 AM\tN10 N21\tN10 N21\n",)
    yield ("7\tU01\t11/14/2019 8:05:30 AM\tN10\tN21 a-10 a-1b a-01",)
    yield ("7\tU01\t11/14/2019 8:05:30 AM\t\tN-11",)
    yield ("7\tU01\t11/14/2019 8:05:30 AM\tN3\tN0-0",)
    yield ("7\tU01\t11/14/2019 8:05:30 AM\tN3\teu-1-N4-1 N-0-2-0",)
    yield ("7\tU01\t11/14/2019 8:05:30 AM\tN3\teu-1-N4 N2",)
    for labelled in (True, False):
        for _ in range(4):
            ids = [
                f"{rng.choice(['N', 'x-', 'news_'])}{rng.integers(10, 10**6)}{rng.choice(['', 'x'])}"
                for _ in range(rng.integers(1, 9))
            ]
            shown = [f"{one}-{rng.integers(2)}" if labelled else one for one in ids]
            history = [f"N{n}" for n in rng.integers(10, 10**5, rng.integers(0, 5))]
            time = f"11/{rng.integers(1, 30)}/2019 {rng.integers(1, 13)}:05:30 PM"
            end = rng.choice(["", "\n", "\r\n"])
            yield (f"{rng.integers(1000)}\tU{rng.integers(1000)}\t{time}\t{' '.join(history)}\t{' '.join(shown)}{end}",)


def line_truth(line):
    found = re.fullmatch(r"[^\t]*\t([^\t]*)\t[^\t]*\t([^\t]*)\t([^\t\r\n]*)\r?\n?", line)
    user, history, shown = found.groups()
    marked = re.findall(r"(\S+)-([01])(?=\s|$)", shown)
    history = re.findall(r"\S+", history)
    if marked:
        return user, history, [one for one, _ in marked], [int(label) for _, label in marked]
    return user, history, re.findall(r"\S+", shown), None


def line_check(args, got):
    # the truth's None is no condition for the judge
    return (
        None if (got[3] is None) == (line_truth(*args)[3] is None) else "labels are None in a test file, and only there"
    )


# 12.2


def time_cases(rng):
    yield (["11/9/2019 11:59:59 PM", "11/14/2019 1:30:00 PM", "11/13/2019 11:30:00 PM", "11/14/2019 12:00:01 AM"],)
    yield (["12/31/2019 8:00:00 AM", "1/2/2020 8:00:00 AM"],)
    yield (["12/31/2019 8:00:00 AM", "1/1/2020 8:00:00 AM"],)
    yield (["10/31/2019 8:00:00 AM", "11/1/2019 8:00:00 AM", "9/30/2019 1:00:00 AM"],)
    yield (["2/3/2020 8:00:00 AM", "3/2/2020 8:00:00 AM", "3/1/2020 9:00:00 PM"],)
    yield (["11/14/2019 12:00:00 AM"],)
    yield (["5/5/2021 11:00:00 PM", "6/5/2021 1:00:00 AM", "5/5/2021 11:30:00 PM"],)  # a day of the month, twice
    for n in (5, 12):
        days = rng.integers(1, 29, n), rng.integers(1, 13, n), rng.choice([2019, 2020], n)
        clock = rng.integers(1, 13, n), rng.choice(["AM", "PM"], n)
        yield ([f"{m}/{d}/{y} {h}:07:09 {half}" for d, m, y, h, half in zip(*days, *clock)],)


def time_truth(times):
    numbers = []
    for time in times:
        month, day, year = (int(one) for one in time.split(" ")[0].split("/"))
        numbers.append(year * 10_000 + month * 100 + day)
    return np.array([number == max(numbers) for number in numbers])


# 12.3


def log_cases(rng):
    log = [
        ("u2", "2030-03-04 08:00:00", "b"),
        ("u1", "2030-03-04 09:30:00", "c"),
        ("u1", "2030-03-04 08:05:30", "a"),
        ("u1", "2030-03-04 09:30:00", "a"),
        ("u1", "2030-03-05 07:00:00", "d"),
    ]
    yield log, "u1", "2030-03-05 07:00:00"
    yield log, "u1", "2030-03-04 08:05:30"  # nothing before the first
    yield log, "u3", "2031-01-01 00:00:00"
    yield [], "u1", "2030-03-04 08:05:30"
    # eighty clicks a second apart, and readers whose names are like the one that is asked for
    names = ("u1", "u11", "u1", "u", "U1", "u1 ")
    long = [(names[n % 6], f"2030-03-04 08:{n // 60:02}:{n % 60:02}", f"i{n % 7}") for n in range(240)]
    long = [long[n] for n in rng.permutation(240)]
    yield long, "u1", "2030-03-04 08:03:50"
    yield long, "u11", "2030-03-04 08:01:31"
    yield long, "u", "2030-03-04 08:03:51"
    yield [("u1", "2029-12-31 23:59:59", "a"), ("u1", "2030-01-01 00:00:00", "b")], "u1", "2030-01-01 00:00:00"
    for n in (6, 25, 40):
        many = [
            (f"u{rng.integers(3)}", f"2030-{rng.integers(1, 13):02}-04 1{rng.integers(3)}:00:00", f"i{rng.integers(9)}")
            for _ in range(n)
        ]
        yield many, f"u{rng.integers(3)}", many[int(rng.integers(n))][1]


def log_check(args, got):
    # the judge takes a tuple for a list
    return None if isinstance(got, list) else f"a list is asked for, not a {type(got).__name__}"


def log_truth(log, user, time):
    found = []
    for who, when, item in log:
        if who == user and when < time:
            place = len(found)
            while place and found[place - 1][0] > when:
                place -= 1
            found.insert(place, (when, item))
    return [item for _, item in found]


# 12.4


def count_cases(rng):
    yield {"the": 70, "storm": 20, "harbour": 9, "zyx": 1}, {"the": [0.1], "storm": [0.2], "moon": [0.3]}
    yield {"the": 7, "storm": 2}, {}
    yield {}, {"moon": [0.3]}
    yield {"a": 0}, {"a": [0.1]}
    yield {"a": 700_000, "b": 1_000_000}, {"a": np.array([0.1, 0.2])}
    yield {"a": 1}, {"a": [0.1], "b": [0.2]}
    yield {"Storm": 3, "storm": 2, "MOON": 1}, {"storm": [0.1], "Moon": [0.2], "moon": [0.3]}
    yield {"storm": 3, "storms": 2, "sto": 4}, {"storms": [0.0], "stor": [0.2]}
    for n in (1, 5, 30):
        counts = {f"w{i}": int(rng.integers(1, 500)) for i in range(n)}
        yield counts, {word: [0.0] for word in [*counts, "other"] if rng.random() < 0.6}


def count_truth(counts, vectors):
    covered = total = 0
    for word in counts:
        total += counts[word]
        covered += counts[word] if word in vectors else 0
    return covered / total if total else 0.0


# 12.5


def scored_cases(rng):
    yield "7", np.array([0.2, 0.9, -0.4, 0.5])
    order = np.array([1.0, 2.0, 0.0, 3.0, -1.0])
    yield "7", 1 + 1e-9 * order  # equal in float32
    for large in (41.0, 801.0, -801.0):  # equal after a sigmoid, or after exp
        yield "7", large + order
    yield "a-7", np.array([3, 1, 2])
    for n in (1, 2, 3, 13, 300):
        yield str(rng.integers(10**6)), rng.normal(size=n)
        yield f"00{rng.integers(100)}", rng.normal(size=n)  # an id is text


def scored_truth(impression_id, scores):
    ranks = [1 + sum(1 for other in scores if other > one) for one in scores]
    return f"{impression_id} [{','.join(str(rank) for rank in ranks)}]"


# 12.6

FORMS = {
    "right": lambda ranks: ranks,
    "reversed": lambda ranks: [len(ranks) + 1 - rank for rank in ranks],
    "order": lambda ranks: [ranks.index(place) + 1 for place in range(1, len(ranks) + 1)],
    "zero": lambda ranks: [rank - 1 for rank in ranks],
    "other": lambda ranks: [*ranks[1:], ranks[0]],
}


def ranks_of(scores):
    return [[1 + sum(1 for other in one if other > score) for score in one] for one in scores]


def submission(ids, scores, form):
    return [f"{one} {str(FORMS[form](of)).replace(' ', '')}" for one, of in zip(ids, ranks_of(scores))]


def submission_cases(rng):
    def ranked(form):
        return submission(ids, scores, form)

    for kind in (*FORMS, "missing", "shuffled", *FORMS):
        lengths = rng.permutation([1, 2, 3, 5, 12, 14])
        ids = [str(one) for one in rng.choice(10_000, len(lengths), replace=False)]
        scores = [rng.normal(size=n) for n in lengths]
        lines = ranked(kind if kind in FORMS else "right")
        if kind == "missing":
            lines = lines[:2] + lines[3:]
        if kind == "shuffled":
            lines = lines[1:] + lines[:1]
        yield lines, ids, scores
    scores = [np.array(one) for one in ([0.2, 0.9, 0.5], [0.3, 0.1], [0.7, 0.8, 0.1, 0.3], [2.0], [*range(12, 0, -1)])]
    ids = ["7", "17", "70", "3", "12"]
    for form in FORMS:
        for n in range(len(ids)):  # one impression is not like the others
            odd = "reversed" if form == "right" else "right"
            yield ranked(form)[:n] + ranked(odd)[n : n + 1] + ranked(form)[n + 1 :], ids, scores
        lines = ranked(form)
        yield lines[:3] + lines[2:3] + lines[4:], ids, scores  # as many lines, one twice and one missing
        yield ["99" + lines[0][1:], *lines[1:]], ids, scores  # as many lines, one of an impression that is not there
        yield lines[:4] + [lines[4].replace("12 ", "120 ", 1)], ids, scores
        yield lines[::-1], ids, scores
        yield lines[:0:-1], ids, scores  # missing and shuffled
        yield [*lines, lines[4]], ids, scores  # one line too many: its impression again, or of none that is there
        yield [*lines, "99 [1,2]"], ids, scores
    for first in ("[3,1,7]", "[30,10,20]", "[2,0,1]", "[0,2,1]", "[1,0,2]", "[0,1,2]", "[1,2,0]", "[0,0,0]", "[3,1,1]"):
        yield [f"7 {first}", *ranked("right")[1:]], ids, scores
        yield [f"7 {first}", *ranked("zero")[1:]], ids, scores
    yield ["7 [1]"], ["7"], [np.array([0.3])]  # all forms but one fit
    yield ["7 [3,1,4,2]"], ["7"], [np.array([3.0, 1.0, 4.0, 2.0])]  # reversed, and the order as well
    yield ["07 [1]", "7 [1]"], ["7", "07"], [np.array([0.3]), np.array([0.4])]  # an id is text
    for name in ("reversed", "order"):  # from 0, and not the ranks
        numbers = [FORMS["zero"](FORMS[name](ranks)) for ranks in ranks_of(scores)]
        yield [f"{one} {str(of).replace(' ', '')}" for one, of in zip(ids, numbers)], ids, scores


def submission_truth(lines, ids, scores):
    theirs = [line.split()[0] for line in lines]
    if any(one not in theirs for one in ids):
        return "missing"
    if theirs != list(ids):
        return "shuffled"
    return next((form for form in FORMS if submission(ids, scores, form) == list(lines)), "other")


EXERCISES = [
    Exercise(
        "parse_impression",
        line_cases,
        line_truth,
        check=line_check,
        gives="user, history, shown, labels",
        hints=(
            "What separates the columns, what the ids? The time holds a space, too.",
            "Look at the end of the first shown id: -0 or -1, or neither.",
        ),
    ),
    Exercise(
        "on_last_day",
        time_cases,
        time_truth,
        gives="the answer",
        hints=(
            "Text sorts 11/9 after 11/14. Which order do the three numbers need?",
            "Compare (year, month, day), or use datetime.strptime with %m/%d/%Y %I:%M:%S %p.",
        ),
    ),
    Exercise(
        "history_before",
        log_cases,
        log_truth,
        check=log_check,
        gives="the history",
        hints=("Three conditions: whose, when, in which order.", "sorted with a key keeps the order of equal keys."),
    ),
    Exercise(
        "token_coverage",
        count_cases,
        count_truth,
        gives="the share",
        near={
            "That is the share of words; a token counts as often as it occurs": lambda counts, vectors: (
                sum(word in vectors for word in counts) / len(counts)
            )
        },
        hints=(
            "The word `the` counts more than a rare one.",
            "The counts of covered words over the sum of all counts.",
        ),
    ),
    Exercise(
        "prediction_line",
        scored_cases,
        scored_truth,
        gives="the line",
        near={
            "That is the order of the candidates, not the rank of each": lambda one, scores: (
                f"{one} [{','.join(map(str, np.argsort(-scores) + 1))}]"
            )
        },
        hints=(
            "np.argsort(-scores) says which candidate is first, which second. What is asked for is its inverse.",
            "ranks[order] = 1, 2, 3, ...",
        ),
    ),
    Exercise(
        "diagnose",
        submission_cases,
        submission_truth,
        gives="the diagnosis",
        hints=(
            "First the ids, then the numbers: write down what each mistake would give everywhere, and compare.",
            "One impression may look right by chance. A form is found when it fits all.",
        ),
    ),
]
