"""Exercises of chapter 04: fill in a stub, then run ``python tutorials/exercise.py 04.1``.

n positions of one set, R rows, H heads; sizes A of a value, Q of a query, D of a row.
"""


# 04.1
def merge_query_and_key(weight_query, weight_key, heads):
    """Both [D, heads * A], the qkv form -> weight_query [D, heads * D] of the bilinear form with the same logits.

    In all of them head h has every heads-th column from h on: weight[:, h::heads].
    """
    raise NotImplementedError


# 04.2
def lookalikes(words):
    """Rows are one-hot, [words, words]: return a bilinear matrix W_b, [words, words], with which each position of a
    title of up to 8 words gives 99 % of its weight or more to the positions that hold its own word."""
    raise NotImplementedError


# 04.3
def dvalue_of(dout, alpha):
    """out = alpha @ value; given dout [n, A] and alpha [n, n], return dvalue [n, A]."""
    raise NotImplementedError


# 04.4
def dalpha_of(dout, value):
    """out = alpha @ value; given dout and value [n, A], return dalpha [n, n]."""
    raise NotImplementedError


# 04.5
def softmax_backward(alpha, dalpha):
    """alpha = softmax of each line of logits; given alpha and dalpha [n, n], return dlogits [n, n]."""
    raise NotImplementedError


# 04.6
def dquery_and_dkey(dlogits, query, key, scale):
    """logits = scale * query @ key.T; given dlogits [n, n], query and key [n, Q], return (dquery, dkey) [n, Q]."""
    raise NotImplementedError


# 04.7
def shared_key_backward(dlogits, query):
    """logits[h, i, j] = query[i, h] . key[j]: dlogits [H, n, n], query [n, H, D] -> dkey [n, D]."""
    raise NotImplementedError


# 04.8
def projections_backward(rows, weight_query, weight_key, weight_value, dquery, dkey, dvalue):
    """query = rows @ weight_query, key = rows @ weight_key, value = rows @ weight_value; rows [R, D].

    Return (drows, dweight_query, dweight_key, dweight_value). weight_key None is the bilinear form: the key is the row
    itself, and dweight_key is None.
    """
    raise NotImplementedError


# 04.9
def suspects(wrong):
    """A check found the gradients in ``wrong`` wrong, and the others right. Which one bug can that be?

    wrong: a set of names out of "rows", "weight_query", "weight_key", "weight_value" (qkv form, one head). One of
    "dalpha", "dlogits", "dvalue", "dquery", "dkey" is computed wrongly, and all that follows is computed rightly from
    it. Return the set of those that can be to blame; an empty set if no one of them can.
    """
    raise NotImplementedError
