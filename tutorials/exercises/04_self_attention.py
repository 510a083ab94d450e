"""Exercises of chapter 04: complete a stub, then run ``python tutorials/exercise.py 04``."""


# 04.1
def softmax_backward(alpha, dalpha):
    """alpha = softmax of each line of logits; given alpha and dalpha [n, n], return dlogits [n, n]."""
    raise NotImplementedError


# 04.2
def merge_query_and_key(weight_query, weight_key, heads):
    """Both [D, heads * A], the qkv form -> weight_query [D, heads * D] of the bilinear form with the same logits.

    In all of them head h has every heads-th column from h on: weight[:, h::heads].
    """
    raise NotImplementedError


# 04.3
def shared_key_backward(dlogits, query):
    """logits[h, i, j] = query[i, h] . key[j]: dlogits [H, n, n], query [n, H, D] -> dkey [n, D]."""
    raise NotImplementedError


# 04.4
def lookalikes(words):
    """Rows are one-hot, [words, words]: return a bilinear matrix Q_k, [words, words], with which each position of a
    title of up to 8 words gives 99 % of its weight or more to the positions that hold its own word."""
    raise NotImplementedError
