"""How the answers of chapter 04 are judged."""

import numpy as np
from judge import Exercise, gradients


def softmax(logits):
    exponentials = np.exp(logits - logits.real.max(axis=-1, keepdims=True))
    return exponentials / exponentials.sum(axis=-1, keepdims=True)


# 04.1


def softmax_cases(rng):
    for n in (5, 2, 3, 1, 0):
        logits = rng.normal(size=(n, n)) if n else np.zeros((0, 0))
        yield (softmax(logits) if n else logits), rng.normal(size=(n, n))


def softmax_truth(alpha, dalpha):
    # the logarithms of alpha are logits of alpha
    return gradients(lambda logits: softmax(logits), [np.log(alpha)], dalpha)[0]


# 04.2


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


# 04.3


def key_cases(rng):
    for heads, n, size in ((3, 5, 2), (2, 4, 7), (1, 2, 3), (4, 1, 2), (2, 0, 5), (5, 3, 1)):
        yield rng.normal(size=(heads, n, n)), rng.normal(size=(n, heads, size))


def key_truth(dlogits, query):
    key = np.zeros((query.shape[0], query.shape[2]))
    return gradients(lambda key: np.einsum("ihd,jd->hij", query, key), [key], dlogits)[0]


# 04.4


def lookalikes_check(args, matrix):
    (words,) = args
    if not isinstance(matrix, np.ndarray) or matrix.shape != (words, words):
        return (
            f"Q_k is {type(matrix).__name__} {getattr(matrix, 'shape', '')}, an array of shape {words, words} is right"
        )
    for word, other in np.ndindex(words, words):
        title = [word] + 7 * [other]  # the hardest title for a word: alone among seven others of one kind
        alpha = softmax(matrix[title][:, title])[0]  # with one-hot rows, e_i Q_k e_j' is one entry of Q_k
        share = alpha[np.array(title) == word].sum()
        if not share >= 0.99:
            return f"in the title {title} word {word} gives {share:.3f} of its weight to itself"
    return None


EXERCISES = [
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
            "Write both logits for one head: (e_i W_query) (e_j W_key)' / sqrt(A), and e_i Q e_j'. What is Q?",
            "Q = W_query W_key' / sqrt(A) for each head, of its own columns [:, h::heads], into columns [:, h::heads].",
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
        "lookalikes",
        lambda rng: [(6,), (1,), (2,), (11,)],
        check=lookalikes_check,
        gives="Q_k",
        hints=(
            "With one-hot rows, the logit of two positions is one entry of Q_k: of their two words.",
            "The own word's logit must beat seven others together: e^x / (e^x + 7) >= 0.99.",
        ),
    ),
]
