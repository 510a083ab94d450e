"""Tokens, the vocabulary, word vectors from files, and the initial embedding table."""

import gzip
import zipfile
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nrms_np.data.vectors import coverage, make_table, read_vectors
from nrms_np.data.vocabulary import UNKNOWN, UNKNOWN_WORD, Tokens, Vocabulary, build_vocabulary, tokenize
from nrms_np.errors import InputError

# ---------------------------------------------------------------- tokens and vocabulary


@pytest.mark.parametrize(
    ("title", "tokens"),
    [
        ("Hello, World!", ["hello", ",", "world", "!"]),
        ("Don't stop", ["don", "t", "stop"]),
        ("U.S. -- 5% | why?;", ["u", ".", "s", ".", "5", "|", "why", "?", ";"]),
        ("ÉCOLE Straße 東京", ["école", "straße", "東", "京"]),
        ('"()#$-:\t', []),
        ("", []),
    ],
)
def test_tokenize(title, tokens):
    assert tokenize(title) == tokens


def test_no_title_can_spell_the_unknown_word():
    assert UNKNOWN_WORD not in tokenize(f"a {UNKNOWN_WORD} b")


def test_counts_of_tokens():
    assert Tokens.from_titles(["a b A", "b, c", ""]).counts() == Counter({"a": 2, "b": 2, "c": 1, ",": 1})


def test_vocabulary_order_and_min_count():
    counts = Counter({"rare": 1, "b": 2, "a": 2, "often": 5, "once": 1})
    assert build_vocabulary(counts, 2).words == [UNKNOWN_WORD, "often", "a", "b"]
    assert build_vocabulary(counts, 1).words == [UNKNOWN_WORD, "often", "a", "b", "once", "rare"]
    assert build_vocabulary(counts, 6).words == [UNKNOWN_WORD]


def test_rare_words_with_a_vector_are_known_and_unseen_ones_are_not():
    counts = Counter({"rare": 1, "b": 2, "once": 1})
    assert build_vocabulary(counts, 2, {"rare": 0, "unseen": 0}).words == [UNKNOWN_WORD, "b", "rare"]


def test_vocabulary_does_not_depend_on_the_order_of_counting():
    words = ["x", "y", "z", "x"]
    assert build_vocabulary(Counter(words), 1).words == build_vocabulary(Counter(words[::-1]), 1).words


def test_encode():
    vocabulary = build_vocabulary(Counter({"a": 3, "b": 2}), 1)
    encoded = vocabulary.encode(["B a, a new", "", "..."])
    assert [ids.tolist() for ids in encoded] == [[2, 1, 0, 1, 0], [], [0, 0, 0]]
    assert vocabulary.words[UNKNOWN] == UNKNOWN_WORD
    assert len(vocabulary) == 3


@settings(deadline=None)
@given(st.lists(st.text(max_size=20), max_size=6), st.integers(1, 3))
def test_ids_decode_to_their_tokens(titles, min_count):
    counts = Tokens.from_titles(titles).counts()
    vocabulary = build_vocabulary(counts, min_count)
    for title, ids in zip(titles, vocabulary.encode(titles)):
        expected = [token if counts[token] >= min_count else UNKNOWN_WORD for token in tokenize(title)]
        assert [vocabulary.words[i] for i in ids] == expected
    assert vocabulary.id_of == {word: i for i, word in enumerate(vocabulary.words)}


# ---------------------------------------------------------------- word vectors

GLOVE = "the 0.5 -1 2e-1\n, 1 2 3\nunwanted 7 8 9\n. . . 4 5 6\nmünchen 7 7 7\n"


def glove_file(path, text=GLOVE):
    data = text if isinstance(text, bytes) else text.encode()
    if path.suffix == ".gz":
        path.write_bytes(gzip.compress(data))
    elif path.suffix == ".zip":
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("README", "ignored")
            archive.writestr("vectors.txt", data)
    else:
        path.write_bytes(data)
    return path


@pytest.mark.parametrize("name", ["glove.txt", "glove.gz", "glove.txt.gz", "glove.zip", "glove"])
def test_read_vectors(tmp_path, name):
    vectors = read_vectors(glove_file(tmp_path / name), ["the", ",", "münchen", "absent"])
    assert list(vectors) == ["the", ",", "münchen"]  # only wanted ones, in the order of the file
    assert vectors["the"].tolist() == np.array([0.5, -1, 0.2], np.float32).tolist()
    assert vectors["münchen"].tolist() == [7, 7, 7]
    assert {vector.dtype for vector in vectors.values()} == {np.dtype(np.float32)}


def test_words_with_spaces_and_odd_spaces(tmp_path):
    """glove.840B holds words such as ". . ." and "at name@domain.com"; words may also hold no-break spaces."""
    path = glove_file(tmp_path / "glove.txt", GLOVE + "at name@x.com 1 2 3\na\u00a0b 3 2 1\n\u2028 1 1 1\n")
    vectors = read_vectors(path, [". . .", "at name@x.com", "at", "a\u00a0b", "."])
    assert {word: vector.tolist() for word, vector in vectors.items()} == {
        ". . .": [4, 5, 6],
        "at name@x.com": [1, 2, 3],
        "a\u00a0b": [3, 2, 1],
    }


def test_a_last_line_without_its_end_may_be_cut_off(tmp_path, capsys):
    path = glove_file(tmp_path / "glove.txt", GLOVE.rstrip("\n"))
    assert list(read_vectors(path, ["münchen", "the"])) == ["the"]
    said = capsys.readouterr().err
    assert "glove.txt:5" in said and "'münchen'" in said and "cut off" in said
    assert read_vectors(path, []) == {}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "empty"),
        ("400000 300\nthe 1 2\n", ":2: not a word and its vector of 300 numbers"),
        ("\n", ":1: not a word and its vector"),
        (" 8\nthe 1\n", ":1: not a word and its vector"),
        ("the one two three\n", ":1:"),
        ("the 1 2 3\na 1 2\n", ":2: the row of 'a' is not 3 numbers"),
        ("the 1 2 3\na 1 2 3 4\n", ":2: the row of 'a' is not 3 numbers"),
        ("the 1 2 3\n\n\n\n", ":2: the first of 3 rows that are no vectors, most of all 4"),
        ("the 1 2 3\na 1 x 3\n", ":2: the row of 'a' is not 3 numbers"),
        ("the 1 2 3\na 1 nan 3\n", ":2: the row of 'a' is not 3 numbers"),
        ("the 1 2 3\na 1 1e39 3\n", ":2: the row of 'a' is not 3 numbers"),  # no float32
        ("the 1 2 3\na 1 inf 3\n", ":2:"),
        ("the 1 2 3\nunwanted 1 2\nother 1 2 3 4\n", ":2: the first of 2 rows that are no vectors, most of all 3"),
        ("x" * 3_000_000, ":1: longer than 1,048,576 bytes; give a text file of word vectors"),
        ("the 1 2 3\n" + "a 1 2 3 " * 1_000_000, ":2:"),
    ],
)
def test_files_that_hold_no_vectors(tmp_path, recwarn, text, said):
    path = glove_file(tmp_path / "glove.txt", text)
    with pytest.raises(InputError) as error:
        read_vectors(path, ["the", "a"])
    assert "glove.txt" in str(error.value)
    assert said in str(error.value)
    assert not recwarn.list


def test_missing_file(tmp_path):
    with pytest.raises(InputError, match="no such file"):
        read_vectors(tmp_path / "glove.txt", ["a"])
    with pytest.raises(InputError, match="no such file"):
        read_vectors(tmp_path / "glove.zip", ["a"])


def test_a_zip_that_claims_another_compression(tmp_path):
    path = tmp_path / "glove.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("glove.txt", b"\t\4\5\0" + b"\xff" * 50)
        archive.getinfo("glove.txt").compress_type = zipfile.ZIP_LZMA
    with pytest.raises(InputError, match=r"glove.zip: cannot be read \("):
        read_vectors(path, ["a"])


def test_invalid_utf8(tmp_path):
    with pytest.raises(InputError, match="glove.txt:2: the first of 2 rows that are no vectors"):
        read_vectors(glove_file(tmp_path / "glove.txt", b"the 1 2\n\xff 1 2\n\xfe 1 2\n"), ["the"])


def test_windows_line_ends_and_a_space_at_the_end(tmp_path):
    """The second is how fastText writes."""
    for end in ("\r\n", " \n"):
        path = glove_file(tmp_path / "glove.txt", f"the 1 2{end}a b 3 4{end}")
        assert {word: vector.tolist() for word, vector in read_vectors(path, ["the", "a b"]).items()} == {
            "the": [1, 2],
            "a b": [3, 4],
        }


@settings(deadline=None, max_examples=200)
@given(st.binary(max_size=80) | st.text("ab .1-e\n\r\x00\xe9", max_size=80).map(str.encode))
def test_any_file_is_read_or_refused(tmp_path_factory, data):
    path = glove_file(tmp_path_factory.mktemp("glove") / "glove.txt", b"a 1 2\n" + data)
    try:
        vectors = read_vectors(path, ["a", "b", ".", "\xe9"])
    except InputError as error:
        assert str(error).startswith(f"{path}:")
        return
    assert vectors["a"].tolist() == [1, 2]
    assert all(vector.shape == (2,) and np.isfinite(vector).all() for vector in vectors.values())


@pytest.mark.parametrize("name", ["glove.gz", "glove.zip"])
def test_damaged_archives(tmp_path, name):
    rng = np.random.default_rng(0)
    text = "".join(f"w{i} {a:.5f} {b:.5f}\n" for i, (a, b) in enumerate(rng.normal(size=(300, 2))))
    path = glove_file(tmp_path / name, text)
    whole = path.read_bytes()
    middle = len(whole) // 2
    for damaged in (whole[:middle], whole[:middle] + bytes(200) + whole[middle + 200 :], b"text", b""):
        path.write_bytes(damaged)
        with pytest.raises(InputError, match=name):
            read_vectors(path, ["w299"])


@pytest.mark.parametrize("names", [["a", "b"], ["a.txt", "b.txt"], []])
def test_a_zip_must_hold_one_text_file(tmp_path, names):
    with zipfile.ZipFile(tmp_path / "glove.zip", "w") as archive:
        for name in names:
            archive.writestr(name, GLOVE)
    with pytest.raises(
        InputError, match=f"holds {len(names)} files, expected one; unpack it and give one of {', '.join(names)}"
    ):
        read_vectors(tmp_path / "glove.zip", ["the"])


# ---------------------------------------------------------------- the table


def test_table_without_vectors():
    vocabulary = Vocabulary([UNKNOWN_WORD, *(f"w{i}" for i in range(999))])
    table = make_table(vocabulary, Counter(), {}, 40, seed=3)
    assert table.shape == (1000, 40)
    assert table.dtype == np.float32
    # 40,000 draws of N(0, 0.1): mean and standard deviation within 5 standard errors
    assert abs(table.mean()) < 5 * 0.1 / 200
    assert abs(table.std() - 0.1) < 5 * 0.1 / np.sqrt(2 * 40_000)


def test_vectors_land_in_their_rows_and_others_look_like_them():
    rng = np.random.default_rng(0)
    centre, spread = np.array([2.0, -1.0, 0.0]), np.array([0.1, 1.0, 3.0])
    vectors = {f"v{i}": rng.normal(centre, spread).astype(np.float32) for i in range(500)}
    words = [UNKNOWN_WORD, *rng.permutation([*(f"w{i}" for i in range(4000)), *vectors]).tolist()]
    vocabulary = Vocabulary(words)
    counts = Counter({"v0": 3, "v1": 1, "w0": 50})  # the common part is the mean over tokens that have a vector
    common = (3 * vectors["v0"] + vectors["v1"]) / 4
    table = make_table(vocabulary, counts, vectors, 999, seed=3) + common  # the vectors decide the size
    assert table.shape == (len(words), 3)
    assert table.dtype == np.float32
    for word, vector in vectors.items():
        np.testing.assert_allclose(table[vocabulary.id_of[word]], vector, atol=1e-6)
    others = table[[i for i, word in enumerate(words) if word not in vectors]]  # UNKNOWN is one of them
    known = np.stack(list(vectors.values()))
    assert np.all(np.abs(others.mean(axis=0) - known.mean(axis=0)) < 5 * known.std(axis=0) / np.sqrt(4001))
    assert np.all(np.abs(others.std(axis=0) / known.std(axis=0) - 1) < 5 / np.sqrt(2 * 4001))
    assert len(np.unique(others[:, 0])) > 3900  # drawn one by one, not one row repeated


@pytest.mark.parametrize("vectors", [{}, {"a": np.array([1, 2], np.float32), "b": np.array([0, 5], np.float32)}])
def test_table_is_decided_by_the_seed(vectors):
    vocabulary = Vocabulary([UNKNOWN_WORD, "a", "b", "c"])
    table, same, other = (make_table(vocabulary, Counter(a=2, b=1), vectors, 2, seed) for seed in (1, 1, 2))
    assert table.tobytes() == same.tobytes()
    assert not np.array_equal(table[3], other[3])


def test_coverage():
    counts = Counter({"a": 5, "b": 3, "c": 2})
    assert coverage(counts, {"a": 0}) == "word vectors: 1 of 3 words (33.3%), 5 of 10 tokens (50.0%)"
    assert "0 of 0 words" in coverage(Counter(), {})
