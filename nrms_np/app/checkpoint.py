"""A trained model in one file: checkpoint.npz."""

from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np

from ..config import Config
from ..data.files import open_arrays, save_arrays
from ..data.mind import pack_lines, unpack_lines
from ..data.vocabulary import UNKNOWN_WORD, Vocabulary
from ..encoder import Parameters
from ..model import parameter_shapes


@dataclass(frozen=True, eq=False)
class Checkpoint:
    """A trained model: weights, the vocabulary that its table belongs to, and the settings it was trained with.

    Raises ValueError when these do not fit together.

    ``users`` are the ids of the training users, so that evaluation can tell who is new; ``clicks`` is how often each
    news id was clicked in the training impressions, what a user without history is recommended by. ``epoch`` is the one
    that ended with these weights; ``fingerprint`` names the data of the run that wrote it, where that is to be resumed.
    """

    params: Parameters
    vocabulary: Vocabulary
    config: Config
    users: list[str] = field(default_factory=list)
    clicks: dict[str, int] = field(default_factory=dict)
    epoch: int = 0
    fingerprint: str = ""

    def __post_init__(self) -> None:
        words, params = self.vocabulary.words, self.params
        if words[:1] != [UNKNOWN_WORD] or len(set(words)) < len(words):
            raise ValueError(f"the vocabulary does not begin with {UNKNOWN_WORD}, or a word appears twice")
        shapes = parameter_shapes(self.config, len(words), self.config.word_size)
        for name in sorted(params.keys() ^ shapes.keys()):
            raise ValueError(f"{name} {'is missing' if name in shapes else 'is not expected'}")
        dtype = params["embedding"].dtype
        for name, array in params.items():
            if array.shape != shapes[name] or array.dtype != dtype:
                raise ValueError(f"{name} is {array.dtype} {array.shape}, expected {dtype} {shapes[name]}")


def save_checkpoint(path: Path, checkpoint: Checkpoint) -> None:
    """One .npz: ``param.<name>`` arrays, words and ids as UTF-8 lines, settings as JSON. No pickles.

    Raises NonFiniteError when a weight is not finite, OutputError when the file cannot be written.
    """
    arrays = {f"param.{name}": array for name, array in checkpoint.params.items()}
    arrays["vocabulary"] = pack_lines(checkpoint.vocabulary.words)
    arrays["users"] = pack_lines(checkpoint.users)
    arrays["clicked_news"] = pack_lines(checkpoint.clicks)
    arrays["click_counts"] = np.array(list(checkpoint.clicks.values()), np.int64)
    header = {"config": asdict(checkpoint.config), "epoch": checkpoint.epoch, "data": checkpoint.fingerprint}
    save_arrays(path, "checkpoint", header, arrays)


def load_checkpoint(path: Path) -> Checkpoint:
    """Read a checkpoint. Raises InputError when the file is missing, damaged, of another format, or does not fit."""
    with open_arrays(path, "checkpoint") as (header, arrays):
        words, users, clicked = (unpack_lines(arrays.pop(name)) for name in ("vocabulary", "users", "clicked_news"))
        clicks = dict(zip(clicked, arrays.pop("click_counts").tolist(), strict=True))
        config, vocabulary = Config.from_dict(header["config"]), Vocabulary(words)
        params = {name.removeprefix("param."): array for name, array in arrays.items()}
        params = as_written_now(params, config, header["format"])
        return Checkpoint(params, vocabulary, config, users, clicks, header["epoch"], header["data"])


def as_written_now(params: Parameters, config: Config, number: int) -> Parameters:
    """Weights of a file of format ``number`` (or what Adam remembers of them) in the order of columns used today.

    Format 2 had the numbers of a head side by side: column h * A + a where today a * H + h belongs to head h. So do the
    columns of title and user vectors, which are the rows of the weights that take them in.
    """
    if number > 2:
        return params
    heads, ours = config.heads, {}
    for name, array in params.items():
        if name == "user.weight_query" and config.attention == "bilinear":  # each column is of a head and an entry of M
            entries = array.reshape(len(array), heads, heads, -1).transpose(0, 3, 2, 1)
            array = entries.reshape(array.shape)
        elif "weight_" in name:
            array = _heads_last(array, heads)
        if name.startswith("user.weight_") or name.endswith("additive_weight"):
            array = _heads_last(array.T, heads).T
        ours[name] = np.ascontiguousarray(array)
    return ours


def _heads_last(array: np.ndarray, heads: int) -> np.ndarray:
    """Columns h * A + a brought into the order a * H + h."""
    return array.reshape(len(array), heads, -1).transpose(0, 2, 1).reshape(array.shape)
