"""How the answers of chapter 11 are judged."""

import numpy as np
from judge import Exercise

# 11.1


def list_cases(rng):
    yield ([4, 7, 9],)
    yield ([5, 2, 5],)
    yield ([3],)
    yield ([],)
    yield ([6, 6],)
    for n in (4, 5, 9, 30):
        yield (rng.integers(0, 4, n).tolist(),)


def dropped_truth(members):
    return [[one for i, one in enumerate(members) if i != j] for j in range(len(members))]


# 11.2


def mean_cases(rng):
    yield np.array([3, 2, 1]) / 6, np.array([0.0, 2.0, 1.0]), 0
    yield np.full(4, 0.25), np.array([1.0, 1.0, 3.0, 1.0]), 2  # equal weights, equal numbers
    yield np.array([0.5, 0.5]), rng.normal(size=2), 1
    for n in (2, 3, 6, 9):
        yield rng.dirichlet(np.ones(n)), rng.normal(size=n), int(rng.integers(n))
        yield np.full(n, 1 / n), rng.integers(0, 2, n).astype(float), n - 1


def mean_truth(weights, numbers, j):
    kept = [(w, c) for i, (w, c) in enumerate(zip(weights, numbers)) if i != j]
    return float(sum(w * c for w, c in kept) / sum(w for w, _ in kept))


# 11.3


def misleading_check(args, got):
    (n,) = args
    weights, numbers = got
    for one, name in ((weights, "weights"), (numbers, "numbers")):
        if not isinstance(one, np.ndarray) or one.shape != (n,) or one.dtype != np.float64:
            return f"{name} should be an array of {n} float64"
    if not (weights > 0).all() or abs(weights.sum() - 1) > 1e-9 or len(set(weights.tolist())) < n:
        return "the weights are positive, all different, and sum to 1"
    if np.diff(np.sort(weights)).min() < 1e-6:
        return "the weights are too near to each other to be called different"
    effects = np.array([weights @ numbers - mean_truth(weights, numbers, j) for j in range(n)])
    largest, smallest = np.argmax(weights), np.argmin(weights)
    size = np.abs(effects) / max(np.abs(effects).max(), 1e-300)
    if not np.isfinite(effects).all() or np.abs(effects).max() < 1e-6:
        return "nothing has an effect"
    if abs(effects[largest]) > 1e-9 * np.abs(numbers).max():
        return f"the entry of the largest weight has the effect {effects[largest]:.3g}"
    others = np.delete(size, smallest)
    if size[smallest] < 1 or others.max() > 1 / 1.1:
        return f"over the largest effect, they are {size.round(3).tolist()}; smallest weight: {size[smallest]:.3f}"
    return None


# 11.4 to 11.6


def attention_cases(rng):
    for n, heads in ((4, 2), (2, 5), (7, 6), (1, 2), (3, 1), (0, 2)):
        additive = rng.dirichlet(np.ones(n)) if n else np.zeros(0)
        alpha = rng.dirichlet(np.ones(n), size=(heads, n)) if n else np.zeros((heads, 0, 0))
        yield additive, alpha


def share_truth(additive, alpha):
    heads, n, _ = alpha.shape
    share = np.zeros((n, heads))
    for h, i, j in np.ndindex(heads, n, n):
        share[j, h] += additive[i] * alpha[h, i, j]
    return share


def part_cases(rng):
    for n, heads in ((3, 2), (2, 1), (5, 4), (9, 2)):
        yield rng.dirichlet(np.ones(n), size=heads).T, rng.normal(size=(n, heads))


def predicted_truth(share, part):
    out = np.zeros(len(share))
    for j in range(len(share)):
        for h in range(share.shape[1]):
            out[j] += share[:, h] @ part[:, h] - mean_truth(share[:, h], part[:, h], j)
    return out


def click_cases(rng):
    for (additive, alpha), size in zip(attention_cases(rng), (3, 2, 4, 5, 3, 2)):
        columns = len(alpha) * size
        yield additive, alpha, rng.normal(size=(len(additive), columns)), rng.normal(size=columns)


def click_truth(additive, alpha, value, candidate):
    heads, n, _ = alpha.shape
    out = np.zeros(n)
    for j in range(n):
        for c in range(value.shape[1]):
            for i in range(n):
                out[j] += additive[i] * alpha[c % heads, i, j] * value[j, c] * candidate[c]
    return out


# 11.7


def user_check(args, got):
    (history,) = args
    if not isinstance(got, list) or not all(isinstance(one, (int, np.integer)) for one in got):
        return "a list of title numbers is asked for"
    if len(got) <= len(history):
        return f"{got} is not longer"
    if min(got) < 0 or max(got) >= 10:
        return f"{got} has a title that does not exist"
    from nrms_np.layers.additive_attention import additive_attention_forward
    from nrms_np.layers.self_attention import self_attention_forward
    from nrms_np.ragged import Ragged

    rng = np.random.default_rng(1)
    rows, query = rng.normal(size=(10, 6)), rng.normal(size=4)
    matrices, weight, bias = rng.normal(size=(3, 6, 6)), rng.normal(size=(6, 4)), rng.normal(size=4)
    sets = Ragged.from_lists([history, [int(one) for one in got]])
    attended, _ = self_attention_forward(rows, sets, *matrices, 2)
    given, longer = additive_attention_forward(attended, sets, weight, bias, query)[0]
    return None if np.allclose(given, longer) else f"{got} is another user"


EXERCISES = [
    Exercise(
        "drop_each",
        list_cases,
        dropped_truth,
        gives="the lists",
        near={
            "You remove the word, wherever it stands first; a word may stand twice": lambda members: [
                (lambda copy: (copy.remove(word), copy)[1])(list(members)) for word in members
            ],
        },
        hints=("What stands before position j, and what after it?", "members[:j] + members[j + 1:]"),
    ),
    Exercise(
        "mean_without",
        mean_cases,
        mean_truth,
        gives="the mean",
        tolerance=1e-10,  # 1 - weights[j] loses digits
        near={
            "The other weights must sum to 1 again": lambda w, c, j: float(w @ c - w[j] * c[j]),
        },
        hints=("What do the other weights sum to?", "Divide their weighted sum by 1 - weights[j]."),
    ),
    Exercise(
        "misleading_weights",
        lambda rng: [(4,), (5,), (8,), (20,)],
        check=misleading_check,
        gives="weights, numbers",
        hints=(
            "effect_j = w_j (c_j - m) / (1 - w_j). When is it zero? Choose the mean first, 0 for example.",
            "The largest weight gets the number 0; the smallest 1; all others share what makes the mean 0.",
        ),
    ),
    Exercise(
        "share_of_words",
        attention_cases,
        share_truth,
        gives="share",
        near={
            "You sum over the word that is taken from; sum over the position that takes": lambda additive, alpha: (
                np.einsum("j,hij->ih", additive, alpha)
            ),
            "Head 0 has its shares, the others theirs": lambda additive, alpha: np.repeat(
                (additive @ alpha[0])[:, None], len(alpha), axis=1
            ),
            "That is the mean over positions; the positions have additive weights": lambda additive, alpha: (
                alpha.mean(axis=1).T
            ),
        },
        linear=(0, 1),
        float32=True,
        hints=("Which index is summed over: i, that takes, or j, that is taken from?", 'np.einsum("i,hij->jh", ...)'),
    ),
    Exercise(
        "predicted_effects",
        part_cases,
        predicted_truth,
        tolerance=1e-10,  # 1 - share loses digits
        gives="the effects",
        near={
            "That is the contribution: the mean of the head must be subtracted": lambda share, part: (share * part).sum(
                axis=1
            ),
            "The other shares must sum to 1 again: divide by 1 - share": lambda share, part: (
                share * (part - (share * part).sum(axis=0))
            ).sum(axis=1),
        },
        linear=(1,),
        hints=(
            "Each head is a weighted mean by itself. What is its effect of j?",
            "share (part - mean_h) / (1 - share), summed over heads.",
        ),
    ),
    Exercise(
        "click_contributions",
        click_cases,
        click_truth,
        gives="the contributions",
        near={
            "Column a * H + h belongs to head h: the heads take turns": lambda additive, alpha, value, candidate: (
                share_truth(additive, alpha) * (value * candidate).reshape(len(value), len(alpha), -1).sum(axis=2)
            ).sum(axis=1),
            "That is additive times what stands at the position; its row is a mixture": lambda a, alpha, v, c: (
                a * (v @ c)
            ),
        },
        linear=(0, 1, 2, 3),
        hints=(
            "Put the formula of the user vector into the dot product. Which factors do not depend on i?",
            "share[j, h] times the sum over a of value[j, a * H + h] * candidate[a * H + h], summed over h.",
        ),
    ),
    Exercise(
        "same_user",
        lambda rng: [([3, 8, 5],), ([7, 7, 1, 4],), ([2],), ([0, 9],), (rng.integers(0, 10, 6).tolist(),)],
        check=user_check,
        gives="the history",
        hints=("What happens to a softmax over positions if every logit is there twice?", "Everything twice."),
    ),
]
