"""How the answers of chapter 04 are judged."""

import numpy as np
from judge import Exercise, gradients
from judge_nrms import slopes


def softmax(logits):
    exponentials = np.exp(logits - logits.real.max(axis=-1, keepdims=True))
    return exponentials / exponentials.sum(axis=-1, keepdims=True)


# 04.5


def softmax_cases(rng):
    for n in (5, 2, 8, 1, 0):
        logits = rng.normal(size=(n, n)) if n else np.zeros((0, 0))
        yield (softmax(logits) if n else logits), rng.normal(size=(n, n))


def softmax_truth(alpha, dalpha):
    # the logarithms of alpha are logits of alpha
    return gradients(lambda logits: softmax(logits), [np.log(alpha)], dalpha)[0]


# 04.1


def merge_cases(rng):
    for size, heads, head_size in ((5, 3, 2), (2, 2, 5), (4, 1, 3), (3, 5, 1), (1, 2, 3), (6, 2, 4)):
        yield *rng.normal(size=(2, size, heads * head_size)), heads


def merge_truth(weight_query, weight_key, heads):
    """The logits of all pairs of rows if the rows are unit vectors: the entries of each merged matrix."""
    size, columns = weight_query.shape
    merged = np.zeros((size, heads * size))
    for h, d, other in np.ndindex(heads, size, size):
        logit = sum(weight_query[d, c] * weight_key[other, c] for c in range(h, columns, heads))
        merged[d, other * heads + h] = logit / (columns / heads) ** 0.5
    return merged


def merge_slip(scale=lambda size: size**-0.5, blocks=False):
    def merged(weight_query, weight_key, heads):
        size = weight_query.shape[1] // heads
        parts = [weight_query[:, h::heads] @ weight_key[:, h::heads].T * scale(size) for h in range(heads)]
        return np.concatenate(parts, axis=1) if blocks else np.stack(parts, axis=2).reshape(len(weight_query), -1)

    return merged


# 04.7


def key_cases(rng):
    for heads, n, size in ((3, 5, 2), (2, 8, 7), (1, 2, 3), (4, 1, 2), (2, 0, 5), (7, 3, 1)):
        yield rng.normal(size=(heads, n, n)), rng.normal(size=(n, heads, size))


def key_truth(dlogits, query):
    key = np.zeros((query.shape[0], query.shape[2]))
    return gradients(lambda key: np.einsum("ihd,jd->hij", query, key), [key], dlogits)[0]


# 04.2


def lookalikes_check(args, matrix):
    (words,) = args
    if not isinstance(matrix, np.ndarray) or matrix.shape != (words, words):
        return (
            f"W_b is {type(matrix).__name__} {getattr(matrix, 'shape', '')}, an array of shape {words, words} is right"
        )
    for word, other in np.ndindex(words, words):
        title = [word] + 7 * [other]  # the hardest title for a word: alone among seven others of one kind
        alpha = softmax(matrix[title][:, title])[0]  # with one-hot rows, e_i W_b e_j.T is one entry of W_b
        share = alpha[np.array(title) == word].sum()
        if not share >= 0.99:
            return f"in the title {title} word {word} gives {share:.3f} of its weight to itself"
    return None


# 04.3 and 04.4


def sizes(rng):
    """n positions and a size that differs from n, also alone and none."""
    yield from ((5, 3), (2, 4), (1, 3), (4, 1), (8, 7), (0, 2))


def alpha_of(rng, n):
    return softmax(rng.normal(size=(n, n))) if n else np.zeros((0, 0))


def dvalue_cases(rng):
    for n, size in sizes(rng):
        yield rng.normal(size=(n, size)), alpha_of(rng, n)


def dvalue_truth(dout, alpha):
    return gradients(lambda value: alpha @ value, [np.zeros(dout.shape)], dout)[0]


def dalpha_cases(rng):
    for n, size in sizes(rng):
        yield rng.normal(size=(n, size)), rng.normal(size=(n, size))


def dalpha_truth(dout, value):
    return gradients(lambda alpha: alpha @ value, [np.zeros((len(value), len(value)))], dout)[0]


# 04.6


def pair_cases(rng):
    for n, size in sizes(rng):
        yield rng.normal(size=(n, n)), *rng.normal(size=(2, n, size)), float(rng.uniform(0.2, 0.9))


def pair_truth(dlogits, query, key, scale):
    return gradients(lambda query, key: scale * (query @ key.T), [query, key], dlogits)


# 04.8


def projection_cases(rng):
    for R, D, Q, M in ((5, 3, 4, 2), (1, 2, 3, 4), (7, 6, 8, 7), (2, 3, 3, 3), (0, 2, 3, 4)):
        for bilinear in (False, True):
            weights = [rng.normal(size=(D, columns)) for columns in (Q, Q, M)]
            weights[1] = None if bilinear else weights[1]
            arriving = [rng.normal(size=(R, columns)) for columns in (Q, D if bilinear else Q, M)]
            yield rng.normal(size=(R, D)), *weights, *arriving


def projection_truth(rows, weight_query, weight_key, weight_value, dquery, dkey, dvalue):
    def project(rows, weight_query, weight_key, weight_value):
        return rows @ weight_query, rows if weight_key is None else rows @ weight_key, rows @ weight_value

    return slopes(project, (rows, weight_query, weight_key, weight_value), (dquery, dkey, dvalue))


def without_key(rows, weight_query, weight_key, weight_value, dquery, dkey, dvalue):
    want = projection_truth(rows, weight_query, weight_key, weight_value, dquery, dkey, dvalue)
    return dquery @ weight_query.T + dvalue @ weight_value.T, *want[1:]


# 04.9


def suspects_cases(rng):
    names = ("rows", "weight_query", "weight_key", "weight_value")
    for chosen in np.ndindex(2, 2, 2, 2):
        yield ({name for name, is_wrong in zip(names, chosen) if is_wrong},)


def suspects_truth(wrong):
    """Each bug is planted, and the gradients are computed with it and without."""
    rng = np.random.default_rng(0)
    rows, dout = rng.normal(size=(4, 3)), rng.normal(size=(4, 2))
    weights = rng.normal(size=(3, 3, 2))

    def run(bug=""):
        def planted(name, array):
            return array + (0.1 * np.arange(array.size).reshape(array.shape) if name == bug else 0)

        query, key, value = (rows @ weight for weight in weights)
        alpha = softmax(query @ key.T)
        dalpha = planted("dalpha", dout @ value.T)
        dlogits = planted("dlogits", alpha * (dalpha - (alpha * dalpha).sum(axis=1, keepdims=True)))
        arriving = (
            planted("dquery", dlogits @ key),
            planted("dkey", dlogits.T @ query),
            planted("dvalue", alpha.T @ dout),
        )
        found = projection_truth(rows, *weights, *arriving)
        return dict(zip(("rows", "weight_query", "weight_key", "weight_value"), found))

    right, found = run(), set()
    for bug in ("dalpha", "dlogits", "dvalue", "dquery", "dkey"):
        got = run(bug)
        if {name for name in right if np.abs(got[name] - right[name]).max() > 1e-9} == wrong:
            found.add(bug)
    return found


EXERCISES = [
    Exercise(
        "merge_query_and_key",
        merge_cases,
        merge_truth,
        gives="the merged weight_query",
        near={
            "The scale of the form qkv is missing": merge_slip(lambda size: 1),
            "The scale is 1 / sqrt(A), the size of a head, not 1 / A": merge_slip(lambda size: 1 / size),
            "The heads stand in blocks; head h owns the columns h, h + heads, h + 2 heads, ...": merge_slip(
                blocks=True
            ),
        },
        linear=(0, 1),
        hints=(
            "Write both logits for one head: (e_i W_query) @ (e_j W_key).T / sqrt(A), and e_i W_b e_j.T. What is W_b?",
            "For each head, of columns [:, h::heads] into columns [:, h::heads]: W_b = W_query @ W_key.T / sqrt(A).",
        ),
    ),
    Exercise(
        "lookalikes",
        lambda rng: [(6,), (1,), (2,), (11,)],
        check=lookalikes_check,
        gives="W_b",
        hints=(
            "With one-hot rows, the logit of two positions is one entry of W_b: of their two words.",
            "The own word's logit must beat seven others together: e^x / (e^x + 7) >= 0.99.",
        ),
    ),
    Exercise(
        "dvalue_of",
        dvalue_cases,
        dvalue_truth,
        gives="dvalue",
        linear=(0, 1),
        near={
            "alpha is not transposed: a value hears from everybody who took from it": lambda dout, alpha: alpha @ dout,
            "That is dout, the step before": lambda dout, alpha: dout,
        },
        hints=(
            "value_j appears in out_i for every i. With which factor?",
            "dvalue_ja is the sum over i of alpha_ij dout_ia. Which product of matrices sums over the first index?",
        ),
    ),
    Exercise(
        "dalpha_of",
        dalpha_cases,
        dalpha_truth,
        gives="dalpha",
        linear=(0, 1),
        near={"That is dalpha transposed: line i belongs to out_i": lambda dout, value: value @ dout.T},
        hints=(
            "alpha_ij appears in all entries of out_i. What is each multiplied with?",
            "dalpha_ij is the dot product of dout_i and value_j.",
        ),
    ),
    Exercise(
        "softmax_backward",
        softmax_cases,
        softmax_truth,
        gives="dlogits",
        near={
            "That is alpha * dalpha: each line still needs its own mean subtracted": lambda alpha, dalpha: (
                alpha * dalpha
            ),
            "That is dalpha, the step before": lambda alpha, dalpha: dalpha,
            "You use the diagonal alone: a logit also lowers the other weights of its line": (
                lambda alpha, dalpha: alpha * (1 - alpha) * dalpha
            ),
            "The mean is that of a column: each line is a softmax by itself": (
                lambda alpha, dalpha: alpha * (dalpha - (alpha * dalpha).sum(axis=0))
            ),
            "The sums of the lines are subtracted along the wrong axis: keepdims?": (
                lambda alpha, dalpha: alpha * (dalpha - (alpha * dalpha).sum(axis=1))
            ),
        },
        linear=(1,),
        hints=(
            "One line at a time: how does alpha_j move when logit_i grows? There are two cases, i = j and i != j.",
            "Both cases together: dalpha_j / dlogit_i = alpha_j ((i = j) - alpha_i). Times dalpha_j, summed over j.",
        ),
    ),
    Exercise(
        "dquery_and_dkey",
        pair_cases,
        pair_truth,
        gives="dquery, dkey",
        linear=(0,),
        near={
            "The scale is missing": lambda dlogits, query, key, scale: (dlogits @ key, dlogits.T @ query),
            "A key stands in a column of the logits: dlogits wants to be transposed for it": (
                lambda dlogits, query, key, scale: (scale * dlogits @ key, scale * dlogits @ query)
            ),
            "They are exchanged": lambda dlogits, query, key, scale: (
                scale * dlogits.T @ query,
                scale * dlogits @ key,
            ),
        },
        hints=(
            "query_i stands in line i of the logits, key_j in column j. What is each multiplied with there?",
            "dquery_i = scale * sum over j of dlogits_ij key_j; dkey_j = scale * sum over i of dlogits_ij query_i.",
        ),
    ),
    Exercise(
        "shared_key_backward",
        key_cases,
        key_truth,
        gives="dkey",
        near={
            "That is the mean over heads": lambda dlogits, query: (
                np.einsum("hij,ihd->jd", dlogits, query) / len(dlogits)
            ),
            "dlogits is not transposed: you sum over the position that answers": (
                lambda dlogits, query: np.einsum("hij,jhd->id", dlogits, query)
            ),
            "That is head 0 alone: every head used this key": lambda dlogits, query: dlogits[0].T @ query[:, 0],
        },
        linear=(0, 1),
        hints=(
            "Which logits hold key[j]? Count over heads and over the positions that ask.",
            "dkey[j] = sum over h and i of dlogits[h, i, j] * query[i, h].",
        ),
    ),
    Exercise(
        "projections_backward",
        projection_cases,
        projection_truth,
        gives="drows, dweight_query, dweight_key, dweight_value",
        near={
            "drows has no part from the key": without_key,
        },
        hints=(
            "For one product y = x @ w: dx = dy @ w.T and dw = x.T @ dy. There are three of them, with one x.",
            "drows is a sum of three parts. In the bilinear form the key is the row: which part is that?",
        ),
    ),
    Exercise(
        "suspects",
        suspects_cases,
        suspects_truth,
        gives="the suspects",
        reveal=False,
        hints=(
            "Start from each of the five, and ask which gradients are computed from it.",
            "drows is a sum of all parts. dquery and dkey both come from dlogits, and dvalue from none of them.",
        ),
    ),
]
