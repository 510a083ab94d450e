"""How the answers of chapter 00 are judged."""

import numpy as np
from judge import Exercise, gradients

# 00.1


def shapes_cases(rng):
    for _ in range(4):  # all sizes different, also from 1 + K and from H * A
        yield tuple(int(size) for size in rng.permutation(np.arange(2, 40))[:8])
    yield 0, 0, 0, 0, 4, 7, 3, 2  # a batch of nothing


def shapes_truth(U, T, N, B, K, D, H, A):
    letters = {
        "rows": (U, D),
        "attended": (T, H * A),
        "title_vectors": (N, H * A),
        "users": (B, H * A),
        "shown": (B, K + 1, H * A),
        "scores": (B, K + 1),
    }
    return {**letters, "dscores": letters["scores"]}


# 00.2


def count_cases(rng):
    for _ in range(5):
        yield tuple(int(size) for size in rng.permutation(np.arange(1, 20))[:5])


def count_truth(vocabulary, D, H, A, P):
    from nrms_np import Config
    from nrms_np.model import parameter_shapes

    config = Config(word_size=D, heads=H, head_size=A, query_size=P)
    return sum(int(np.prod(shape)) for shape in parameter_shapes(config, vocabulary, D).values())


# 00.3


def toy_loss(params):
    hidden = np.tanh(params["x"] @ params["weight"] + params["bias"])
    return (hidden @ params["query"]).sum()


def spoil(name, one):
    """The same numbers where the wrong ones belong, or one number a little off: a sum of all entries may not change."""
    if name == "reversed":
        return one.ravel()[::-1].reshape(one.shape)
    if name.endswith(" entry"):
        wrong = one.copy()
        wrong.flat[one.size // 2 if name == "middle entry" else -1] *= 1.05
        return wrong
    return {"half": one / 2, "opposite": -one, "nothing": np.zeros_like(one)}[name]


def wrong_gradient_cases(rng):
    for kind in ("last entry", "middle entry", "reversed", "half", "opposite", "nothing"):
        for spoiled in ("x", "weight", "bias", "query"):
            sizes = {"x": (4, 3), "weight": (3, 5), "bias": (5,), "query": (5,)}
            params = {name: 0.7 * rng.normal(size=size) for name, size in sizes.items()}
            names = list(params)

            def of_arrays(*arrays, names=names):
                return toy_loss(dict(zip(names, arrays)))

            true = dict(zip(names, gradients(of_arrays, list(params.values()), 1.0)))
            order = rng.permutation(names).tolist()
            yield (
                toy_loss,
                {name: params[name] for name in order},
                {name: spoil(kind, true[name]) if name == spoiled else true[name] for name in order},
            )


def wrong_gradient_truth(loss, params, found):
    names = list(params)
    true = gradients(lambda *arrays: loss(dict(zip(names, arrays))), list(params.values()), 1.0)
    return max(zip(names, true), key=lambda pair: np.abs(found[pair[0]] - pair[1]).max())[0]


EXERCISES = [
    Exercise(
        "shapes",
        shapes_cases,
        shapes_truth,
        gives="shapes",
        hints=(
            "Which list does each array have a row for: different words, positions, different titles or clicks?",
            "title_vectors[candidates] puts a row of size M in the place of each number of candidates [B, 1+K].",
        ),
    ),
    Exercise(
        "count_weights",
        count_cases,
        count_truth,
        gives="the number",
        near={
            "The user encoder reads title vectors, of size M": lambda vocabulary, D, H, A, P: (
                vocabulary * D + 2 * (3 * D * H * A + H * A * P + 2 * P)
            ),
            "Does an encoder have a bias and a query, too?": lambda vocabulary, D, H, A, P: (
                vocabulary * D + 3 * D * H * A + 3 * (H * A) ** 2 + 2 * H * A * P
            ),
        },
        hints=(
            "One table, six arrays of the news encoder, six of the user encoder.",
            "Write the printed shapes with letters: (5, 6) is [D, M] in the news encoder; what is (6, 6) in the other?",
        ),
    ),
    Exercise(
        "wrong_gradient",
        wrong_gradient_cases,
        wrong_gradient_truth,
        gives="the name",
        reveal=False,
        hints=(
            "Move one parameter at a time, by a small step in some direction. How much should the loss change?",
            "The prediction is sum(gradient * step). If your direction is all ones, two errors can cancel: draw one.",
        ),
    ),
]
