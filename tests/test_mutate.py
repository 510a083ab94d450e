"""The mutation tool itself: what it changes, and that a changed copy is what the tests see."""

import pytest

from tests import mutate

SOURCE = '''
"""A docstring with 1 + 1."""

@decorated(cache=1)
def f(x: list[1], n) -> "a - b":
    """Another: n < 2."""
    if n < 2:
        x += n.T
    return max(x, -n) if not n else 0.5
'''


def test_every_kind_of_change_and_none_in_texts_annotations_or_decorators():
    changes = [one.change.replace("  ->  ", " -> ") for one in mutate.mutants_of("a.py", SOURCE)]
    assert sorted(changes) == sorted(
        [
            "if n < 2: -> if not n < 2:",
            "n < 2 -> n <= 2",
            "2 -> 3",
            "x += n.T -> pass",
            "x += n.T -> x = n.T",
            "x += n.T -> x -= n.T",
            "n.T -> n",
            "max(x, -n) if not n else 0.5 -> max(x, -n) if not not n else 0.5",
            "max -> min",
            "-n -> +n",
            "not n -> n",
            "0.5 -> 1.0",
        ]
    )


def test_each_mutant_differs_from_the_source_in_one_place():
    def body(source):
        lines = source.splitlines()
        return lines[next(i for i, line in enumerate(lines) if line.startswith("def ")) + 1 :]

    plain = body(mutate.ast.unparse(mutate.ast.parse(SOURCE)))
    for mutant in mutate.mutants_of("a.py", SOURCE):
        compile(mutant.source, "a.py", "exec")
        assert sum(a != b for a, b in zip(plain, body(mutant.source))) == 1, mutant.change


@pytest.mark.parametrize(("old", "new", "caught"), [("", "", False), ("dscores[:, 0] -= 1", "pass", True)])
def test_a_planted_bug_is_caught_and_the_unchanged_package_is_not(tmp_path, monkeypatch, old, new, caught):
    monkeypatch.setattr(mutate, "TESTS", (("test_layers.py",), ("test_gradients.py",)) if caught else mutate.TESTS[:1])
    mutate.make_copy(tmp_path)
    path = tmp_path / "nrms_np" / "layers" / "loss.py"
    source = path.read_text()
    assert old in source
    path.write_text(source.replace(old, new) if old else source)
    assert mutate.is_caught(tmp_path, limit=120) is caught
