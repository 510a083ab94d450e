"""Every setting of a run, in one frozen dataclass. The commands make their flags from it."""

from dataclasses import dataclass, field, fields
from typing import Any, Self

RENAMED = {"title": "title_length", "history": "history_length"}  # settings in files of earlier versions
LIMIT = 2**63  # where no range is given: more does not fit into NumPy's integers


def setting(default: Any, help: str, choices: tuple | None = None, least: float = 0, below: float = LIMIT) -> Any:
    """A field with what its flag needs: a help text, the choices, and the range [least, below)."""
    return field(default=default, metadata={"help": help, "choices": choices, "least": least, "below": below})


@dataclass(frozen=True)
class Config:
    """The settings of a run. Raises ValueError when one is out of range."""

    epochs: int = setting(10, "passes over the training clicks", least=1)
    patience: int = setting(10, "stop after this many epochs without a better dev AUC", least=1)
    batch_size: int = setting(64, "clicks in a training step", least=1)
    learning_rate: float = setting(1e-3, "step size of Adam at the start; it falls to 0 on a line until the last epoch")
    clip: float = setting(0.0, "largest global norm of the gradient; 0 does not clip")
    dropout: float = setting(0.2, "share of entries dropped from word vectors and from attention outputs", below=1)
    negatives: int = setting(4, "shown but not clicked titles beside each click (K)", least=1)
    attention: str = setting(
        "qkv", 'query-key-value, the paper\'s "bilinear" form, or the "mean": no attention', ("qkv", "bilinear", "mean")
    )
    heads: int = setting(16, "attention heads (H)", least=1)
    head_size: int = setting(16, "size of a head (A)", least=1)
    query_size: int = setting(200, "size of the additive attention's query (P)", least=1)
    word_size: int = setting(300, "size of a word vector (D); that of --embeddings when given", least=1)
    spread: float = setting(3.5, "standard deviation of the logits of a line of the news encoder's attention at birth")
    title_length: int = setting(30, "words kept of a title, from its start", least=1)
    history_length: int = setting(50, "clicks kept of a history, the most recent", least=1)
    min_count: int = setting(2, "words rarer than this in the training news and without a vector are UNKNOWN", least=1)
    seed: int = setting(0, "seed of every random draw")

    @classmethod
    def from_dict(cls, settings: dict[str, Any]) -> Self:
        """The inverse of ``dataclasses.asdict``. Raises ValueError when a setting is missing, unknown or wrong."""
        if not isinstance(settings, dict):
            raise ValueError("the settings are not named values")
        settings = {"spread": cls.spread} | {
            RENAMED.get(name, name): value for name, value in settings.items() if name != "threads"
        }
        for name in sorted({item.name for item in fields(cls)} ^ settings.keys()):
            raise ValueError(f"the setting {name!r} is {'unknown' if name in settings else 'missing'}")
        return cls(**settings)

    def __post_init__(self) -> None:
        for item in fields(self):
            value, kind, flag = getattr(self, item.name), type(item.default), "--" + item.name.replace("_", "-")
            choices, least, below = (item.metadata[key] for key in ("choices", "least", "below"))
            if type(value) is not kind and (type(value), kind) != (int, float):
                raise ValueError(f"{flag} {value!r}: must be of type {kind.__name__}")
            if choices and value not in choices:
                raise ValueError(f"{flag} {value}: choose one of {', '.join(choices)}")
            if not choices and not least <= value < below:
                top = f" and below {below}" if below < LIMIT or value >= LIMIT else ""
                raise ValueError(f"{flag} {value}: must be at least {least}{top}")
