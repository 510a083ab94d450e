"""How the answers of chapter 03 are judged."""

import numpy as np
from judge import Exercise, gradients


def softmax(scores):
    exponentials = np.exp(scores - scores.real.max(axis=-1, keepdims=True))
    return exponentials / exponentials.sum(axis=-1, keepdims=True)


def scores_cases(rng):
    for shape in ((4, 3), (2, 5), (1, 1), (3, 2), (7, 8)):
        yield (rng.normal(size=shape),)
    yield (np.array([[0.0, 2000, 0], [0, -2000, 3], [-3000, -3001, -2999], [5, 5, 5]]),)  # no row like another
    yield (np.array([[1500.0, 1499], [-1500, -1499]]),)


# 03.1


def by_rows(scores):
    return np.array([softmax(row) for row in scores]).reshape(scores.shape)


def shifted_by(shift):
    return lambda scores: np.exp(scores - shift(scores)) / np.exp(scores - shift(scores)).sum(axis=1, keepdims=True)


# 03.2


def loss_truth(scores):
    """Each row with its scores from the largest down: log(1 + the rest), and how far the clicked one is behind."""
    return float(np.mean([row.max() - row[0] + np.log(np.sum(np.exp(row - row.max()))) for row in scores]))


# 03.3


def gradient_cases(rng):
    for B, C in ((4, 3), (3, 5), (1, 2), (7, 8), (2, 1)):
        yield by_rows(rng.normal(size=(B, C))), rng.integers(0, C, B)


def gradient_truth(probabilities, clicked):
    def loss(scores):
        return -np.mean([np.log(softmax(row)[c]) for row, c in zip(scores, clicked)])

    return gradients(loss, [np.log(probabilities)], 1.0)[0]


def p_minus_y(probabilities, clicked):
    return probabilities - np.eye(probabilities.shape[1])[clicked]


# 03.4 and 03.5


def shown_cases(rng):
    """candidates with the sizes B, N, M; titles shown twice by one click, by two, and never."""
    for B, C, N, M in ((3, 4, 7, 2), (1, 3, 5, 4), (4, 2, 2, 3), (2, 2, 9, 1), (7, 6, 9, 8), (0, 3, 4, 2)):
        candidates = rng.integers(0, max(N - 1, 1), (B, C))
        if B:
            candidates[0, -1] = candidates[0, 0]
        yield candidates, rng.normal(size=(B, C)), rng.normal(size=(N, M)), rng.normal(size=(B, M))


def scores_of(title_vectors, users, candidates):
    out = np.zeros(candidates.shape, np.result_type(title_vectors, users))
    for b, c in np.ndindex(candidates.shape):
        out[b, c] = title_vectors[candidates[b, c]] @ users[b]
    return out


def users_cases(rng):
    for candidates, dscores, title_vectors, _ in shown_cases(rng):
        yield dscores, title_vectors, candidates


def users_truth(dscores, title_vectors, candidates):
    users = np.zeros((len(candidates), title_vectors.shape[1]))
    return gradients(lambda users: scores_of(title_vectors, users, candidates), [users], dscores)[0]


def titles_cases(rng):
    for candidates, dscores, title_vectors, users in shown_cases(rng):
        yield dscores, users, candidates, len(title_vectors)


def titles_truth(dscores, users, candidates, size):
    title_vectors = np.zeros((size, users.shape[1]))
    return gradients(lambda titles: scores_of(titles, users, candidates), [title_vectors], dscores)[0]


def titles_lost(dscores, users, candidates, size):
    out = np.zeros((size, users.shape[1]))
    out[candidates] += dscores[:, :, None] * users[:, None]
    return out


# 03.6


def softmax_cases(rng):
    for n in (5, 2, 3, 1, 8):
        yield softmax(rng.normal(size=n)), rng.normal(size=n)
    yield np.array([1.0, 0.0, 0.0]), rng.normal(size=3)  # sure of itself: nothing moves


def softmax_truth(p, dp):
    if (p == 0).any():
        return np.zeros_like(p)
    return gradients(softmax, [np.log(p)], dp)[0]


# 03.7


def lead_cases(rng):
    for negatives in (1, 4, 20):
        for lead in (-1.0, 0.0, 0.9, 3.0, 12.0):
            yield 1 / (1 + negatives * np.exp(-lead)), negatives
        yield rng.uniform(0.01, 0.99, 6), negatives


def lead_truth(p, negatives):
    lead = np.log(p) - np.log((1 - p) / negatives)  # of two probabilities, the logarithms differ as the scores do
    return lead if np.ndim(p) else float(lead)


# 03.8


def proud_cases(rng):
    for clicks in (3, 2, 10, 20):
        yield clicks, 0.3
        yield clicks, float(rng.uniform(0.31, 0.95 - 1 / clicks))
        yield clicks, 0.99 - 1 / clicks


def proud_check(args, p):
    clicks, mean = args
    if not isinstance(p, np.ndarray) or p.shape != (clicks,) or p.dtype.kind != "f":
        return f"the probabilities are {type(p).__name__} {getattr(p, 'shape', '')}, floats {(clicks,)} are asked for"
    if not ((p > 0) & (p <= 1)).all():
        return "not all of them are above 0 and at most 1"
    if abs(p.mean() - mean) > 1e-12:
        return f"the mean is {p.mean():.6f}, {mean:.6f} is asked for"
    loss = -np.log(p).mean()
    return None if loss > np.log(5) else f"the loss is {loss:.3f}, not above ln 5 = {np.log(5):.3f}"


EXERCISES = [
    Exercise(
        "stable_softmax",
        scores_cases,
        by_rows,
        gives="the probabilities",
        near={
            "That is the softmax without a shift: large scores overflow": shifted_by(lambda scores: 0),
            "The mean of a row is not its largest": shifted_by(lambda scores: scores.mean(axis=1, keepdims=True)),
            "The first score of a row is not its largest": shifted_by(lambda scores: scores[:, :1]),
            "Each row needs its own largest score, not that of the array": shifted_by(lambda scores: scores.max()),
        },
        hints=(
            "Add or subtract one number from all scores of a row: what becomes of the softmax?",
            "Which number makes every exponent at most 0, and one of them 0?",
        ),
    ),
    Exercise(
        "click_loss",
        scores_cases,
        loss_truth,
        gives="the loss",
        near={
            "That is the sum over clicks, not the mean": lambda scores: loss_truth(scores) * len(scores),
            "That is the logarithm of a probability that was rounded to 0": lambda scores: float(
                -np.log(by_rows(scores)[:, 0]).mean()
            ),
        },
        hints=(
            "-log(a / b) = log b - log a. What are a and b, after the shift of step 1?",
            "log(sum(exp(shifted))) - shifted[:, 0], and the mean over the rows.",
        ),
    ),
    Exercise(
        "loss_gradient",
        gradient_cases,
        gradient_truth,
        gives="dscores",
        near={
            "The loss is a mean over the batch: divide by B": p_minus_y,
            "The sign: probability minus truth": lambda probabilities, clicked: (
                -p_minus_y(probabilities, clicked) / len(clicked)
            ),
            "The clicked column is not always 0": lambda probabilities, clicked: (
                p_minus_y(probabilities, 0 * clicked) / len(clicked)
            ),
            "That is the probabilities over B: subtract the truth": lambda probabilities, clicked: (
                probabilities / len(clicked)
            ),
            "B is the number of rows, not of columns": lambda probabilities, clicked: (
                p_minus_y(probabilities, clicked) / probabilities.shape[1]
            ),
        },
        hints=(
            "The loss of a row is log(sum of exp(x)) - x of the clicked one: two derivatives.",
            "The first gives the probabilities, the second a one in the clicked column; then the mean over B rows.",
        ),
    ),
    Exercise(
        "users_gradient",
        users_cases,
        users_truth,
        gives="dusers",
        linear=(0, 1),
        near={
            "That is the clicked title alone": lambda dscores, title_vectors, candidates: (
                dscores[:, :1] * title_vectors[candidates[:, 0]]
            ),
            "That is the sum of the title vectors: each counts with its dscores": (
                lambda dscores, title_vectors, candidates: title_vectors[candidates].sum(axis=1)
            ),
        },
        hints=(
            "One number of a user vector stands in 1 + K scores. What is it multiplied with in each?",
            "title_vectors[candidates] is [B, 1+K, M]. Multiply with dscores[:, :, None], and sum over which axis?",
        ),
    ),
    Exercise(
        "titles_gradient",
        titles_cases,
        titles_truth,
        gives="dtitle_vectors",
        linear=(0, 1),
        forbidden=("np.add.at", "add.at", "nrms_np"),
        near={"A title that is shown twice keeps one of its gradients: the wrong line of chapter 2": titles_lost},
        hints=(
            "Every place (b, c) sends dscores[b, c] * users[b] to its title. Titles are shown at several places.",
            "A loop over places is fine. Or: candidates[None] == np.arange(size)[:, None, None], as in 02.1.",
        ),
    ),
    Exercise(
        "softmax_gradient",
        softmax_cases,
        softmax_truth,
        gives="dx",
        linear=(1,),
        near={
            "That is the diagonal alone: when x_c grows, all other p shrink": lambda p, dp: p * (1 - p) * dp,
            "That is p * dp: the weighted mean of dp is still to be subtracted": lambda p, dp: p * dp,
            "The mean is weighted by p": lambda p, dp: p * (dp - dp.mean()),
        },
        hints=(
            "dp_c / dx_c = p_c - p_c p_c. And dp_c / dx_c' for another c'? The sum of all p stays 1.",
            "Sum dp_c times these derivatives over c, and take p_c' out of the bracket.",
        ),
    ),
    Exercise(
        "lead_of",
        lead_cases,
        lead_truth,
        gives="the lead",
        tolerance=1e-9,
        near={
            "That is the lead over all rivals together: forgets K": lambda p, negatives: np.log(p / (1 - p)),
            "That is log(1 + K): K counts the rivals, without the clicked title": lambda p, negatives: np.log(
                (negatives + 1) * p / (1 - p)
            ),
        },
        hints=(
            "Write the softmax with the rivals' score s and the clicked one's s + lead, and divide by e^s.",
            "Solve p = e^lead / (e^lead + K) for e^lead.",
        ),
    ),
    Exercise(
        "proud",
        proud_cases,
        check=proud_check,
        gives="the probabilities",
        hints=(
            "Which click can cost as much as you like and hardly moves the mean?",
            "One probability close to 0, and the others all alike. How close? Its loss is spread over all clicks.",
        ),
    ),
]
