"""Exercises of chapter 12: complete a stub, then run ``python tutorials/exercise.py 12``."""


# 12.1
def parse_impression(line):
    r"""(user, history, shown, labels) of a line of behaviors.tsv: text, two lists of ids, a list of 0 and 1.

    "7\tU5\t11/14/2019 8:05:30 AM\tN3 N1 N3\tN2-0 N4-1". The history may be empty. labels is None where the shown ids
    carry no label (a test file). An id may hold a hyphen ("eu-N4-1" is the id eu-N4, clicked), but none ends in -0 or
    -1. The line may end in a line end, or not.
    """
    raise NotImplementedError


# 12.2
def on_last_day(times):
    """bool array [impressions]: True where the time ("11/9/2019 12:01:13 AM": month/day/year) is on the last day.

    The last day is the latest calendar day, from midnight, that occurs in times. There is at least one time.
    """
    raise NotImplementedError


# 12.3
def history_before(log, user, time):
    """Your own log: the items that ``user`` clicked before ``time``, oldest first. A list.

    log: list of (user, time, item), one for each click, in any order; times are text like "2030-03-04 08:05:30". A
    click at ``time`` itself is not before. Clicks of one moment keep the order of the log. Repeats stay.
    """
    raise NotImplementedError


# 12.4
def token_coverage(counts, vectors):
    """The share of all tokens whose word has a vector: the word as it is written, capitals and all.

    counts: how often each word occurs; vectors: by word. 0 where there are no tokens at all.
    """
    raise NotImplementedError


# 12.5
def prediction_line(impression_id, scores):
    """The line of prediction.txt, without its end: the id, a space, the rank of each candidate, 1 the best: 7 [2,1,3].

    scores [n] are all different, in the order in which the candidates were shown.
    """
    raise NotImplementedError


# 12.6
def diagnose(lines, ids, scores):
    """What is wrong with a submission? One word: the first of these, from the top, that is true.

    lines: the lines of prediction.txt. ids: the impression ids of behaviors.tsv, in order. scores: the scores of the
    model, one array for each impression; all its numbers are different.

    "missing"     an impression has no line
    "shuffled"    all impressions are there, not in the order of behaviors.tsv, or there are more lines than ids
    and if they are, what stands in all of them:
    "right"       the ranks
    "reversed"    numbers from 1, the largest for the best candidate
    "order"       which candidate is first, which second, ..., counted from 1, in place of the ranks
    "zero"        the right ranks less 1
    "other"       anything else, any other numbers from 0 too
    """
    raise NotImplementedError
