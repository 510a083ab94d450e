"""Exercises of chapter 10: complete a stub, then run ``python tutorials/exercise.py 10``."""


# 10.1
def auc(scores, labels):
    """The share of pairs (clicked, not clicked) whose clicked title has the larger score; a tie counts 1/2.

    scores, labels [n] of one impression, 1 = clicked; scores may be infinite. NaN when there is no pair.
    """
    raise NotImplementedError


# 10.2
def auc_of_ranks(ranks, labels):
    """The same from ranks [n], 1 for the best, all different. NaN when there is no pair.

    No array with an entry for each pair, and no loop over pairs: an impression may have 100,000 candidates.
    """
    raise NotImplementedError


# 10.3
def mrr(ranks, labels):
    """The mean of 1 / rank over all clicks, as MIND defines it. There is at least one click."""
    raise NotImplementedError


# 10.4
def ndcg(ranks, labels, k):
    """nDCG@k: each click with rank <= k gains 1 / log2(1 + rank); the sum over the largest that it could be.

    There is at least one click, perhaps more than k of them, perhaps none among the first k.
    """
    raise NotImplementedError


# 10.5
def negatives(shown, labels, count, rng):
    """Return ``count`` news numbers drawn by rng from those shown [n] and not clicked (labels [n] are 0).

    Decide by the text's three questions. What is returned is an array, perhaps an empty one.
    """
    raise NotImplementedError


# 10.6
def paired_interval(first, second, draws, rng):
    """(low, high): the 95 % bootstrap interval of the mean of first - second, from ``draws`` means drawn by rng.

    first, second [n]: a metric of two rankings of the same impressions; NaN where an impression has one class.
    """
    raise NotImplementedError


# 10.7
def my_ranking(titles, histories, candidates):
    """Beat the baseline: scores of all candidates, from words alone. A list with an array for each impression.

    titles: for each news an array of word numbers, the section word first. histories: for each impression an array of
    news numbers, oldest first, perhaps empty. candidates: for each impression an array of news numbers.

    Only the order inside an impression counts. Nobody tells you who clicked: all histories end before the day of the
    impressions, and nrms_np is not allowed. The mean of word vectors is to be beaten by .03 of AUC. Think: how much
    does it say that two titles share "the", and how much that they share "comet"?
    """
    raise NotImplementedError
