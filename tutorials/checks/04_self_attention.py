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
]
