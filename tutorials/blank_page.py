"""The blank page: NRMS, all of it, in twelve functions of your own. Plain NumPy; nothing of nrms_np.

    python tutorials/blank_page.py 04     judges the part that chapter 04 prepares
    python tutorials/blank_page.py        judges all, and when all are right, trains them and lets them recommend

U words, T positions, N titles, B readers, K negatives, D size of a word vector, H heads, A size of a head, M = H * A,
P size of the pooling query. A forward function returns (out, cache); the cache is yours: put into it what the backward
needs. Both forms of attention: weight_key is None in the form bilinear (logits_ij = e_i' Q_h e_j, no scale, and
weight_query is [D, H * D], column d * H + h of head h); else logits_ij = query_i . key_j / sqrt(A).

Lists are flat: sets = (values, offsets), set s holds the row numbers values[offsets[s]:offsets[s + 1]]. A set may be
empty, also the last one, and may hold a row twice. Column a * H + h of a query, key, value or output [., M] belongs to
head h, so head h is the columns [:, h::heads]. No argument is changed, except where Adam says "in place".
"""

# Chapter 03: scores and loss


def click_scores(titles, users, candidates):
    """titles [N, M], users [B, M], candidates int [B, 1+K] of title numbers -> scores [B, 1+K]."""
    raise NotImplementedError


def click_loss(scores):
    """scores [B, 1+K], the clicked title in column 0 -> (mean of -log softmax over readers, dscores [B, 1+K]).

    Scores may be as large as 1000.
    """
    raise NotImplementedError


def click_scores_backward(dscores, titles, users, candidates):
    """-> (dtitles [N, M], dusers [B, M]). A title may be shown to many readers, and twice to one."""
    raise NotImplementedError


# Chapter 04: self-attention


def self_attention_forward(rows, sets, weight_query, weight_key, weight_value, heads):
    """rows [R, D], sets with T positions, weight_value [D, M] -> (out [T, M], cache)."""
    raise NotImplementedError


def self_attention_backward(dout, cache):
    """dout [T, M] -> (drows, dweight_query, dweight_key, dweight_value); dweight_key is None in the form bilinear."""
    raise NotImplementedError


# Chapter 05: additive attention


def additive_attention_forward(x, offsets, weight, bias, query):
    """x [T, M], offsets [S + 1], weight [M, P], bias [P], query [P] -> (out [S, M], cache); zeros for an empty set."""
    raise NotImplementedError


def additive_attention_backward(dout, cache):
    """dout [S, M] -> (dx, dweight, dbias, dquery)."""
    raise NotImplementedError


# Chapter 06: the encoder, twice


def encode_forward(rows, sets, weights, heads):
    """Self-attention, then additive attention, without dropout -> (out [S, M], cache).

    weights: (weight_query, weight_key, weight_value, weight, bias, query).
    """
    raise NotImplementedError


def encode_backward(dout, cache):
    """dout [S, M] -> (drows, dweight_query, dweight_key, dweight_value, dweight, dbias, dquery)."""
    raise NotImplementedError


def loss_and_gradients(params, words, titles, histories, candidates, heads):
    """The loss of a batch and its gradients, {"embedding": [U, D], "news": six arrays, "user": six arrays}.

    params: the same names, the embedding [vocabulary, D] and twice the weights of an encoder. words int [U]: the rows
    of the embedding that this batch uses, each once. titles: sets of numbers into words. histories: sets of title
    numbers. candidates int [B, 1+K] of title numbers. The gradient of the embedding has a row for each of words alone.
    """
    raise NotImplementedError


# Chapter 08: Adam, with beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8


def adam_step(param, gradient, first, second, step, learning_rate):
    """One step in place: param, and its moments first and second, all of one shape; step = 1, 2, ..."""
    raise NotImplementedError


def adam_step_of_rows(table, words, rows, first, second, step, learning_rate):
    """The same for the rows numbered words [U], no two equal, of table, first and second [V, D]; rows [U, D]: their
    gradients. In place; all other rows stay as they are, moments too."""
    raise NotImplementedError


if __name__ == "__main__":
    import sys

    from blank_page_judge import main

    try:
        sys.exit(main(__file__, sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit("stopped")
