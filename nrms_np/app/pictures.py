"""Pictures of a run: the loss curve, and what the attentions look at."""

import math
import unicodedata
import warnings
from contextlib import suppress
from functools import cache
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure  # and no pyplot: a notebook keeps the backend that it has chosen
from matplotlib.font_manager import FontProperties, findfont, findSystemFonts, fontManager, get_font
from matplotlib.ticker import MaxNLocator

from ..data.files import write_file
from ..data.vocabulary import tokenize
from ..fit import Record, TrainingState
from ..inference import read_attention
from .run_data import Prepared

PICTURES = 3  # titles shown in attention pictures
BLUE, ORANGE, GREY = "#2f6db5", "#d9822b", "#8a8a8a"
say_once = cache(print)


def draw(folder: Path, state: TrainingState, prepared: Prepared) -> None:
    """The losses, and attention in the clicked dev titles of readable length whose additive weights are least equal."""
    config, dev = prepared.config, prepared.dev
    assert state.best
    plot_losses(state.records, state.best["epoch"], config.negatives, folder / "val_loss.png")
    if config.attention == "mean":
        return
    clicked = dict.fromkeys(dev.candidates.values[dev.clicks.positives].tolist())
    with_words = [n for n in clicked if len(dev.news_words[n])]
    readable = np.array([n for n in with_words if 7 <= len(dev.news_words[n]) <= 14] or with_words, np.int64)
    titles = dev.news_words.take(readable)
    self_attention, additive = read_attention(state.best_params, titles, config)
    weights = [additive[start:end] for start, end in zip(titles.offsets[:-1], titles.offsets[1:])]
    # n * sum of squared weights: 1 where a title's weights are equal, n where one word has all
    focus = np.array([len(of_title) * (of_title**2).sum() for of_title in weights])
    for place, i in enumerate(np.argsort(-focus, kind="stable")[:PICTURES], 1):
        tokens = tokenize(prepared.dev_news.titles[readable[i]])[: len(titles[i])]
        plot_additive_attention(tokens, weights[i], folder / f"additive_attention_{place}.png")
        plot_attention(tokens, self_attention[i], folder / f"attention_{place}.png")


def _save(figure: Figure, path: Path) -> None:
    without_version = {"Software": None}  # equal data, equal bytes
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph .* missing|Matplotlib currently")  # ``fonts_for`` has said it
        write_file(path, lambda file: figure.savefig(file, format="png", dpi=130, metadata=without_version))


def fonts_for(tokens: list[str]) -> list[str]:
    """Families of installed fonts that have the characters of the tokens. Says which font has those that none has."""
    families = list(FontProperties().get_family())
    missing = set(map(ord, "".join(tokens))) - get_font(findfont(FontProperties())).get_charmap().keys()
    # matplotlib's own list does not know what was installed since it was made
    for path in sorted(findSystemFonts(), key=lambda path: ("Regular" not in path, path)) if missing else []:
        with suppress(OSError, RuntimeError):  # what is no font
            font = get_font(path)
            if missing & font.get_charmap().keys():
                missing -= font.get_charmap().keys()
                fontManager.addfont(path)
                families.append(font.family_name)
    if missing:
        install = ", ".join(sorted({_font_of(chr(code)) for code in missing}))
        say_once(f"some words of the pictures are boxes: no font has their letters; install {install}")
    return families


def _font_of(character: str) -> str:
    """The font of the Noto family for the script of a character: its Unicode name begins with the script."""
    script = unicodedata.name(character, "symbols").split()[0].title()
    others = {"Tibetan": "Noto Serif Tibetan", "Mathematical": "Noto Sans Math"}
    others |= dict.fromkeys(("Cjk", "Hiragana", "Katakana", "Hangul", "Ideographic"), "Noto Sans CJK")
    usual = f"Noto Sans {script}" if unicodedata.category(character)[0] in "LM" else "Noto Emoji"
    return others.get(script, usual)


def plot_losses(records: list[Record], best_epoch: int, negatives: int, path: Path) -> None:
    """Training and validation loss by epoch, the best epoch, and the loss of guessing among 1 + K candidates."""
    epochs = [record["epoch"] for record in records]
    figure = Figure(figsize=(6.4, 4.4), layout="constrained")
    axes = figure.subplots()
    guess = math.log(1 + negatives)
    axes.axhline(guess, color=GREY, ls="--", lw=1, label=f"guessing: ln {1 + negatives} = {guess:.3f}")
    axes.axvline(best_epoch, color=ORANGE, ls=":", label=f"best dev AUC: epoch {best_epoch}")
    axes.plot(epochs, [record["loss"] for record in records], "o-", color=GREY, label="training (dropout on)")
    axes.plot(epochs, [record["val_loss"] for record in records], "o-", color=BLUE, label="validation (dropout off)")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set(xlabel="epoch", ylabel="negative log-likelihood of the click", title="Loss")
    axes.spines[["top", "right"]].set_visible(False)
    figure.legend(loc="outside lower center", ncols=2, frameon=False)
    _save(figure, path)


def plot_additive_attention(tokens: list[str], weights: np.ndarray, path: Path) -> None:
    """The share of each word in its title's vector, beside the share that equal weights would give it."""
    figure = Figure(figsize=(6.4, 0.32 * len(tokens) + 1.5), layout="constrained")
    axes = figure.subplots()
    axes.barh(range(len(tokens)), weights, color=BLUE)
    axes.axvline(1 / len(tokens), color=GREY, ls="--", lw=1, label=f"equal weights: 1/{len(tokens)}")
    axes.set_yticks(range(len(tokens)), tokens, family=fonts_for(tokens))
    axes.invert_yaxis()
    axes.set(xlabel="additive attention weight", title="Which words make the title's vector")
    axes.spines[["top", "right"]].set_visible(False)
    figure.legend(loc="outside lower center", frameon=False)
    _save(figure, path)


def plot_attention(tokens: list[str], weights: np.ndarray, path: Path, heads_shown: int = 3) -> None:
    """Self-attention [H, n, n] of one title: the mean over heads, and the heads that differ most from equal weights."""
    focus = (weights**2).sum(axis=(1, 2))  # least where all weights are equal
    shown = np.sort(np.argsort(-focus, kind="stable")[:heads_shown])
    panels = [("mean of all heads", weights.mean(axis=0)), *((f"head {h + 1}", weights[h]) for h in shown)]
    side = 0.22 * len(tokens) + 1.9
    height = 0.195 * len(tokens) + 2.05  # less than the width: the colour bar stands beside the heat map
    figure = Figure(figsize=(side * len(panels), height), layout="constrained")
    axes = figure.subplots(1, len(panels), squeeze=False)[0]
    fonts = fonts_for(tokens)
    for axis, (name, panel) in zip(axes, panels):
        image = axis.imshow(panel, cmap="Blues", vmin=0)  # a scale of its own: the mean is paler than a head
        axis.set_xticks(range(len(tokens)), tokens, rotation=90, family=fonts)
        axis.set_yticks(range(len(tokens)), tokens, family=fonts)
        axis.set_title(name)
        bar = figure.colorbar(image, ax=axis, shrink=0.7)
        bar.ax.axhline(1 / len(tokens), color=ORANGE, lw=2)
    figure.supylabel("a word ...")
    figure.supxlabel(f"... takes from (self-attention weight; orange: equal weights, 1/{len(tokens)})")
    _save(figure, path)
