"""The numbers of the READMEs: ``python -m benchmarks.tables`` writes them, ``--check`` only says which are stale.

A block begins with a line ``<!-- numbers: NAME -->`` and ends with ``<!-- end -->``. What stands between comes from the
function NAME below, which reads the files of results (benchmarks/*.json) and counts lines; nobody types a number. The
docstring of nrms_np/__init__.py has one block, between the lines ``reading order:`` and ``end of the reading order``.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Callable, Iterable
from typing import Any

from .records import ROOT, read

READMES = ("README.md", "benchmarks/README.md")
PACKAGE = ROOT / "nrms_np"

READING_ORDER = {  # file -> what is in it
    "config.py": "every setting",
    "rng.py": "every random draw by its name",
    "ragged.py": "lists of lists in two arrays",
    "batch.py": "three lists of indices: every thing once",
    "parallel.py": "loops on all cores",
    "layers/embedding.py": "look up word vectors",
    "layers/dropout.py": "drop and scale",
    "layers/softmax.py": "for both attentions",
    "layers/self_attention.py": "words look at each other",
    "layers/attention_pairs.py": "its loops over pairs of words",
    "layers/additive_attention.py": "many vectors into one",
    "layers/mean.py": "the same without attention",
    "layers/loss.py": "scores, softmax, loss",
    "encoder.py": "the encoder that NRMS uses twice",
    "model.py": "the five lines, and their gradient",
    "gradcheck.py": "the proof of every gradient",
    "adam.py": "the optimiser",
    "clicks.py": "clicks and their negatives",
    "fit.py": "epochs and early stopping",
    "inference.py": "scores for any reader",
    "metrics.py": "AUC, MRR, nDCG",
    "errors.py": "what can go wrong",
}


def lines_of(name: str) -> int:
    return len((PACKAGE / name).read_text(encoding="utf-8").splitlines())


def table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    head = list(head)
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("|" + "|".join(f" {cell} " if cell else " " for cell in cells) + "|" for cells in lines)


def share(value: float, digits: int = 3) -> str:
    """A metric as papers print it: .779."""
    return f"{value:.{digits}f}".replace("0.", ".", 1)


def metrics_row(name: str, values: dict[str, float]) -> list[str]:
    return [name, *(share(values[metric]) for metric in ("auc", "mrr", "ndcg5", "ndcg10"))]


METRICS_HEAD = ("", "AUC", "MRR", "nDCG@5", "nDCG@10")


def ms(seconds: float) -> str:
    return f"{1e3 * seconds:,.{0 if seconds >= 0.01 else 1}f}"


def on_machine(facts: dict[str, Any]) -> str:
    names = {"numpy": "NumPy", "numba": "Numba", "torch": "PyTorch"}
    versions = [f"{names[name]} {'.'.join(facts[name].split('.')[:2])}" for name in names if name in facts]
    return f"{facts['threads']} cores of an {facts['processor']}, Python {facts['python']}, {', '.join(versions)}"


# README.md


def demo_output() -> str:
    lines = read("demo")["lines"]
    first, last = (next(i for i, line in enumerate(lines) if line.split()[:1] == [word]) for word in ("epoch", "best"))
    return "\n".join(["```text", *(line.rstrip() for line in lines[first:last]), "```"])


def demo_recommendations() -> str:
    return "\n".join(["```text", *read("demo")["recommendations"], "```"])


def four_numbers() -> str:
    steps, gradients = read("results")["step_seconds"], read("gradients")
    ours = steps["nrms_np"]["median"]
    padded, tuned = (steps[name]["median"] / ours for name in ("torch_padded", "torch_tuned"))
    error = gradients["largest_error"]["complex step"]
    chapters = len(list((ROOT / "tutorials").glob("[0-9][0-9]*_*.md")))
    return "\n".join(
        (
            f"- **{padded:.1f} times** as fast as PyTorch code that pads, {tuned:.1f} times as fast as PyTorch tuned "
            f"by hand: a training step on the same CPU, `python -m benchmarks`",
            f"- **{gradients['tensors'] - gradients['wrong']} of {gradients['tensors']}** gradients right, to "
            f"{error:.0e} or better: `python -m nrms_np.gradcheck`",
            f"- **{lift():.1%}** of the best possible lift over chance on the demo corpus, whose true click "
            f"probabilities are known: `python -m nrms_np.train`",
            f"- **{chapters} chapters** derive every line, and run as tests: `python tutorials/run.py`",
        )
    )


def lift() -> float:
    demo = read("demo")
    return (demo["best"]["auc"] - 0.5) / (demo["baselines"]["oracle"]["auc"] - 0.5)


def reading_order() -> str:
    total = sum(map(lines_of, READING_ORDER))
    rows = [
        f"{i}. [{name}](nrms_np/{name}), {lines_of(name)}: {what}"
        for i, (name, what) in enumerate(READING_ORDER.items(), start=1)
    ]
    return "\n".join([f"The core is {total:,} lines in {len(READING_ORDER)} files, with the lines of each:", "", *rows])


def reading_order_of_docstring() -> str:
    rows = enumerate(READING_ORDER.items(), start=1)
    return "\n".join(f"{i:>4}. {name:<28} {lines_of(name):>4} lines  {what}" for i, (name, what) in rows)


# benchmarks/README.md


def machine() -> str:
    return f"{on_machine(read('results')['machine'])}."


def speed() -> str:
    results = read("results")
    steps = {name: step["median"] for name, step in results["step_seconds"].items()}
    names = {
        "torch_padded": "PyTorch, every title slot padded, as public code does it",
        "torch_tuned": "PyTorch tuned: repeated titles removed, padding trimmed, fused attention, sparse Adam",
        "torch_compiled": "the same with `torch.compile`",
        "torch_our_layout": "PyTorch with our layout: nothing padded, every word projected once",
        "nrms_np": "**nrms_np**",
        "nrms_np_bilinear": "nrms_np, `bilinear`",
        "matrix_products": "the matrix products of such a step alone, NumPy",
        "batch_assembly": "assembling the batch",
    }
    rows = [
        (label, ms(steps[name]), f"{steps[name] / steps['nrms_np']:.3g}")
        for name, label in names.items()
        if name in steps
    ]
    titles, first = results["titles_per_second"], results["first_step_seconds"]
    ratio = titles["nrms_np"] / titles["torch_padded"]
    return "\n".join(
        (
            table(("", "ms a step", "ratio"), rows),
            "",
            f"{titles['nrms_np']:,.0f} titles are encoded in a second, {ratio:.1f} times as many as by padded PyTorch.",
            f"The first step takes {first['cold']:.1f} s when everything has to be compiled and {first['warm']:.1f} s "
            f"afterwards;",
            f"importing takes {results['import_seconds']:.2f} s; training on the sample's news takes "
            f"{results['peak_memory_mb']:,.0f} MB.",
        )
    )


def cores() -> str:
    """Step times with one thread and with all, and what Amdahl's law makes of the two for more cores."""
    steps = {int(count): step["median"] for count, step in read("results")["step_seconds_by_threads"].items()}
    most = max(steps)
    # t(n) = alone + shared / n, through both points
    shared = (steps[1] - steps[most]) / (1 - 1 / most)
    alone = steps[1] - shared
    rows = [(f"{count}, measured", ms(seconds), f"{steps[1] / seconds:.2f}") for count, seconds in steps.items()]
    for count in (4, 8, 16):
        seconds = alone + shared / count
        rows.append((f"{count}, computed", ms(seconds), f"{steps[1] / seconds:.2f}"))
    share_alone = f"By these two times {alone / steps[1]:.0%} of the work of a step runs on one core only."
    return "\n".join((table(("cores", "ms a step", "times as fast as one"), rows), "", share_alone))


def small_vectors() -> str:
    steps = {name: step["median"] for name, step in read("results")["step_seconds_d50"].items()}
    names = {"torch_padded": "PyTorch, padded", "torch_tuned": "PyTorch, tuned", "nrms_np": "**nrms_np**"}
    rows = [(label, ms(steps[name]), f"{steps[name] / steps['nrms_np']:.3g}") for name, label in names.items()]
    return table(("word vectors of 50 numbers", "ms a step", "ratio"), rows)


def curve(name: str) -> str:
    """A curve of benchmarks.curves as a table: AUC and its gain over the word vectors, a column for each line."""
    from .curves import CURVES, points

    lines = {line: dict(points(name, line)) for line in CURVES[name]}
    rows = []
    for x in sorted({x for found in lines.values() for x in found}):
        cells = []
        for found in lines.values():
            run = found.get(x)
            gain = run and run["gain"]
            cells.append(
                f"{share(run['mean']['auc'])} ({gain['auc']:+.3f}, {gain['low']:+.3f} to {gain['high']:+.3f})"
                if run
                else ""
            )
        rows.append((f"{x:,g}" if x < 1000 else f"{x:,.0f}", *cells))
    x = {"spread": "`--spread`", "clicks": "training clicks"}[name]
    return table((x, *lines), rows)


def spread_curve() -> str:
    return curve("spread")


def click_curve() -> str:
    return curve("clicks")


def notebook() -> str:
    record = read("notebook")
    steps = {name: step["median"] for name, step in record["step_seconds"].items()}
    rows = [(name, ms(steps[name])) for name in ("notebook", "command")] + [("ratio", f"{record['ratio']:.2f}")]
    return table(("", "ms a step"), rows)


def profile() -> str:
    record = read("profile")
    rows = [
        (stage, ms(seconds), f"{seconds / record['step_seconds']:.0%}", ms(record["floor_seconds"][stage]))
        if stage in record["floor_seconds"]
        else (stage, ms(seconds), f"{seconds / record['step_seconds']:.0%}", "")
        for stage, seconds in record["stage_seconds"].items()
    ]
    rows.append(("**whole step**", ms(record["step_seconds"]), "", ""))
    return table(("stage", "ms", "share", "floor, ms"), rows)


def recommend() -> str:
    record = read("recommend")
    rows = [
        (name, ms(times["median"]), ms(times["p99"]))
        for name, times in record["request_seconds"].items()
        if name != "no history"
    ]
    head = (f"history, {record['news']:,} titles to choose from", "median, ms", "99 %, ms")
    return table(head, rows)


def gradients() -> str:
    record = read("gradients")
    errors, tolerance, seconds = record["largest_error"], record["tolerance"], record["seconds"]
    found = ", ".join(f"{errors[way]:.0e} by the {way} (tolerance {tolerance[way]:.0e})" for way in errors)
    return (
        f"{record['tensors']} tensors of every layer, both encoders and the whole model, in both attention forms; "
        f"{record['wrong']} wrong.\nLargest relative error: {found}.\n"
        f"It takes {seconds['cold']:.0f} s with everything to compile and {seconds['warm']:.1f} s afterwards."
    )


def demo() -> str:
    record = read("demo")
    names = {
        "random": "random",
        "popularity": "popularity of training clicks",
        "mean_vector": "mean word vectors, nothing trained",
    }
    rows = [metrics_row(label, record["baselines"][name]) for name, label in names.items()]
    rows += [metrics_row("**NRMS**", record["best"])]
    rows += [metrics_row("oracle: the true probabilities", record["baselines"]["oracle"])]
    return "\n".join(
        (
            table(METRICS_HEAD, rows),
            "",
            f"That is {lift():.1%} of the oracle's lift over .5, in {record['seconds']:.0f} s, compiling included.",
            f"Of the news shown on the dev day {record['new_news']:.0%} occur nowhere in the training data.",
        )
    )


def mind_sample() -> str:
    record = read("mind_sample")
    run, slow, flat = (record["runs"][flags] for flags in ("", "--learning-rate 0.0005", "--attention mean"))
    aucs = [seed["auc"] for seed in run["seeds"]]
    spread = f"{share(min(aucs), 4)} to {share(max(aucs), 4)}"
    gain = {name: f"{value:+.3f}".replace("0.", ".", 1) for name, value in run["gain"].items()}
    return "\n".join(
        (
            f"{run['impressions']:,} training impressions with {run['clicks']:,} clicks, {run['dev_impressions']} "
            f"dev impressions; AUC of the seeds {spread}.",
            "",
            table(
                METRICS_HEAD,
                [
                    metrics_row("popularity of training clicks", run["popularity"]),
                    metrics_row("PyTorch NRMS, same settings, three seeds, best of 12 epochs", record["torch"]["mean"]),
                    metrics_row("nrms_np without attention, `--attention mean`", flat["mean"]),
                    metrics_row(f"**nrms_np**, mean of {len(aucs)} seeds", run["mean"]),
                    metrics_row("nrms_np, `--learning-rate 0.0005`", slow["mean"]),
                    metrics_row("mean of centred word vectors, nothing trained", run["mean_vector"]),
                ],
            ),
            "",
            f"NRMS less the mean of word vectors, paired by impression: {gain['auc']}, 95 % interval {gain['low']} to "
            f"{gain['high']}.",
            f"The standard error of an AUC on this dev set is {share(run['standard_error'], 4)}.",
        )
    )


def mind_large() -> str:
    rows = [
        (name, f"{step['seconds']:.{0 if step['seconds'] >= 10 else 1}f}", *(f"{step[n]:.1f}" for n in MEMORY))
        for name, step in read("mind_large")["steps"].items()
    ]
    return table(("", "seconds", "peak memory, GB", "without mapped files"), rows)


MEMORY = ("peak_gb", "anonymous_gb")


def scaling() -> str:
    labels = {
        "batch_size": "users in a batch",
        "history_length": "clicks kept of a history",
        "title_length": "words kept of a title",
        "word_size": "size of a word vector",
        "heads": "heads of size 16",
        "news": "news in the catalogue",
    }
    rows = [
        (
            labels[name],
            " / ".join(f"{point['value']:,}" for point in points),
            " / ".join(ms(point["seconds"]) for point in points),
            " / ".join(f"{point['peak_memory_mb']:,.0f}" for point in points),
        )
        for name, points in read("scaling")["points"].items()
    ]
    return table(("what changes", "to", "ms a step", "peak MB"), rows)


def ranks() -> str:
    """One and two ranks on one machine: what a step costs, and how well the model meets it."""
    record = read("mpi")
    seconds, rows, slower, summed = record["seconds"], [], [], []
    for size, model in record["checked"].items():
        one, threads, both = (seconds[f"step/{size}/{way}"] for way in ("1 thread", "2 threads", "2 ranks"))
        slower.append(both / threads)
        summed.append(seconds[f"sum/{size}/2 ranks"] / both)
        click = f"{1e6 * threads / int(size):,.0f}"
        rows.append((f"{int(size):,}", ms(one), ms(threads), ms(both), click, f"{model / both:.2f}"))
    head = (
        "clicks a step",
        "ms, 1 thread",
        "ms, 2 threads",
        "ms, 2 ranks",
        "us a click, 2 threads",
        "model / measured",
    )
    low, high = min(slower), max(slower)
    worse = f"take {low:.2f} to {high:.2f} times as long as one rank of two threads"
    return "\n".join(
        (
            table(head, rows),
            "",
            f"Medians of {record['rounds']} rounds, at a load average of {record['load_average']:.0f}. "
            f"Two ranks of one thread {worse}. The sum over the ranks takes {min(summed):.1%} to {max(summed):.1%} of "
            f"their step: on one machine there is nothing to gain from communication that overlaps.",
            f"In a step of 64 clicks a rank of two sends {record['bytes']['measured']:,.0f} bytes, "
            f"{record['bytes']['model']:,.0f} by the model.",
        )
    )


def machines() -> str:
    """The speed-up that the model predicts, where it stops, and the batch that it needs."""
    record = read("mpi")
    keys = [key.split("/") for key in record["predicted"]]
    clicks, counts, networks = (sorted({int(key[i]) for key in keys}) for i in range(3))

    def speed_up(size: int, count: int, network: int) -> float:
        one, many = (record["predicted"][f"{size}/{machines}/{network}"] for machines in (1, count))
        return one / many

    def needed(count: int, least: float) -> Iterable[str]:
        """The smallest step with such a speed-up, for each network."""
        for network in networks:
            enough = [size for size in clicks if speed_up(size, count, network) >= least]
            yield f"{enough[0]:,} at {network} Gb/s" if enough else f"more than {clicks[-1]:,} at {network} Gb/s"

    rows = []
    for network in networks:
        for size in clicks:
            gains = {count: speed_up(size, count, network) for count in counts}
            end = next((count for count in counts[:-1] if gains[2 * count] < 1.1 * gains[count]), counts[-1])
            sending = f"{record['sending'][f'{size}/16/{network}']:.0%}"
            rows.append(
                (f"{network}", f"{size:,}", *(f"{gains[count]:.1f}" for count in (4, 16, 64)), f"{end}", sending)
            )
    head = ("Gb/s", "clicks a step", "4 machines", "16 machines", "64 machines", "pays up to", "16: part that sends")
    early = [1 - record["sizes"][f"{size}"][1] * record["word_size"] / record["values"][f"{size}"] for size in clicks]
    return "\n".join(
        (
            table(head, rows),
            "",
            'Computed, against one machine with steps as large. "Pays up to": twice as many machines gain less than a '
            "tenth. The batches",
            "are drawn from the sample, which is small: with more data ranks share fewer words, and gain more.",
            f"Four machines are at least twice as fast with steps of {', '.join(needed(4, 2))}; sixteen at least four "
            f"times with {', '.join(needed(16, 4))}.",
            f"Overlap could hide little of the sending: {min(early):.0%} to {max(early):.0%} of the bytes, the small "
            f"weights, are known before the gradient of the embedding, which comes last.",
        )
    )


def large_batches() -> str:
    """AUC by batch size and rule for the learning rate, and the minutes of an epoch."""
    from .large_batches import EPOCHS, lines

    record, rows = read("large_batches"), []
    for (batch, rule), seeds in lines(record).items():
        aucs, steps = [run["auc"] for run in seeds], seeds[0]["steps"]
        by_epoch = [share(sum(at_epoch) / len(aucs)) for at_epoch in zip(*aucs)]
        last = [one[-1] for one in aucs]
        spread = f"{share(min(last))} to {share(max(last))}" if len(last) > 1 else "one seed"
        minutes = f"{steps * record['step_seconds'][str(batch)] / 60:.2f}"
        rule = "" if batch == 64 else rule
        rows.append((f"{batch:,}", rule, f"{seeds[0]['learning_rate']:.2g}", f"{steps}", *by_epoch, spread, minutes))
    epochs = (f"AUC, epoch {epoch}" if epoch == 1 else str(epoch) for epoch in range(1, EPOCHS + 1))
    head = ("clicks a step", "rule", "rate", "steps", *epochs, "seeds, last epoch", "minutes an epoch")
    cores, load = record["machine"]["threads"], record["load_average"]
    return f"{table(head, rows)}\n\nMinutes are those of one machine of {cores} cores, at a load average of {load:.0f}."


BLOCKS: dict[str, Callable[[], str]] = {
    function.__name__.replace("_", " "): function
    for function in (
        *(demo_output, demo_recommendations, four_numbers, reading_order),
        *(machine, speed, cores, small_vectors, notebook, profile, recommend, gradients, demo, mind_large, scaling),
        *(mind_sample, spread_curve, click_curve, ranks, machines, large_batches),
    )
}


def fill(text: str) -> str:
    """The text of a README with every block as it should be."""

    def block(match: re.Match) -> str:
        return f"{match[1]}\n{BLOCKS[match[2]]()}\n{match[3]}"

    return re.sub(r"(<!-- numbers: ([\w ]+) -->)\n.*?(<!-- end -->)", block, text, flags=re.DOTALL)


def fill_docstring(text: str) -> str:
    """nrms_np/__init__.py with the reading order in its docstring, where it has the two lines for it."""
    pattern = r"(^[^\n]*reading order:\n).*?(^[ ]*end of the reading order)"
    return re.sub(
        pattern,
        lambda m: f"{m[1]}\n{reading_order_of_docstring()}\n\n{m[2]}",
        text,
        count=1,
        flags=re.DOTALL | re.MULTILINE | re.IGNORECASE,
    )


def stale(write: bool = False) -> list[str]:
    """The files with a block that is not what it should be; ``write`` mends them."""
    found = []
    for name, mend in (*((name, fill) for name in READMES), ("nrms_np/__init__.py", fill_docstring)):
        text = (ROOT / name).read_text(encoding="utf-8")
        if mend(text) != text:
            found.append(name)
            if write:
                (ROOT / name).write_text(mend(text), encoding="utf-8")
    return found


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.tables", description=__doc__.split("\n")[0])
    parser.add_argument("--check", action="store_true", help="write nothing; exit code 1 when a file is stale")
    args = parser.parse_args()
    found = stale(write=not args.check)
    for name in found:
        print(f"{name}: {'stale numbers; run python -m benchmarks.tables' if args.check else 'written'}")
    return int(args.check and bool(found))


if __name__ == "__main__":
    sys.exit(main())
