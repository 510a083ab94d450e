"""Word vectors as people download them: headers, packings, broken rows, and files that are none."""

import bz2
import gzip
import lzma
import zipfile

import numpy as np
import pytest

from nrms_np.data.vectors import read_vectors
from nrms_np.errors import InputError

TEXT = "the 1 2 3\nçok 4 5 6 \nKöln 7 8 9\nthe 9 9 9\nnew york 1 1 1\n"
WANTED = {"the": [1, 2, 3], "çok": [4, 5, 6], "köln": [7, 8, 9]}


def pack(path, data):
    if path.suffix == ".zip":
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.mkdir("vectors")
            archive.writestr("vectors/wiki.vec", data)
            archive.writestr("__MACOSX/vectors/._wiki.vec", b"\0\5\x16\7")
            archive.writestr("vectors/.DS_Store", b"\0")
            archive.writestr("vectors/README.txt", "read me")
        return path
    packers = {".gz": gzip.compress, ".bz2": bz2.compress, ".xz": lzma.compress}
    path.write_bytes(packers.get(path.suffix, bytes)(data))
    return path


@pytest.mark.parametrize("header", ["", "5 3\n", "5 3 \r\n", "\ufeff5 3\n", "\ufeff"])
@pytest.mark.parametrize("name", ["v.txt", "v.vec", "v.gz", "v.vec.bz2", "v.xz", "v.zip", "packed.txt"])
def test_headers_and_packings(tmp_path, name, header, capsys):
    data = (header + TEXT).encode()
    path = pack(
        tmp_path / name, gzip.compress(data) if name == "packed.txt" else data
    )  # the content tells, not the name
    vectors = read_vectors(path, list(WANTED))
    assert {word: vector.tolist() for word, vector in vectors.items()} == WANTED
    place = f"{path}:{4 + (len(header) > 1)}"
    assert (
        f"rows that repeat a wanted word, skipped: the first one counts: 1 (first: {place})" in capsys.readouterr().err
    )


def test_a_row_in_capitals_serves_only_a_word_without_its_own(tmp_path):
    path = tmp_path / "v.vec"
    path.write_text(
        "Apple 1 1\napple 2 2\nPARIS 3 3\nParis 4 4\nİzmir 5 5\nışık 6 6\ncafe\u0301 7 7\n", encoding="utf-8"
    )
    vectors = read_vectors(path, ["apple", "paris", "izmir", "işik", "café"])
    found = {word: vector[0] for word, vector in vectors.items()}
    assert found == {"apple": 2, "paris": 3, "izmir": 5, "işik": 6, "café": 7}


@pytest.mark.parametrize("row", ["the\t1 2\n", "the\t1\t2\n", "the\t1\t 2\t\r\n"])
def test_tabs(tmp_path, row):
    (tmp_path / "v.tsv").write_text(row)
    assert read_vectors(tmp_path / "v.tsv", ["the"])["the"].tolist() == [1, 2]


def test_rows_that_nobody_wants_are_skipped_and_counted(tmp_path, capsys):
    good = "".join(f"w{n} 1 2\n" for n in range(6)).encode()
    path = tmp_path / "v.txt"
    path.write_bytes(good + b"\xff\xfe 1 2\nshort 1\n\nlong 1 2 3\nwords 1 x\n" + good + b"end 1 2")
    assert list(read_vectors(path, ["w1", "end"])) == ["w1"]
    said = capsys.readouterr().err
    assert (
        f"rows that are no vectors, or whose words are not UTF-8, skipped: 4 (first: {path}:7)" in said
    )  # "words" is not looked at
    assert f"last line without its end, which may be cut off, skipped ('end'): 1 (first: {path}:18)" in said


@pytest.mark.parametrize("row", [b"short 1\n", b"long 1 2 3\n", b"words 1 x\n", b"nan 1 nan\n"])
def test_a_row_that_somebody_wants_is_named(tmp_path, row):
    (tmp_path / "v.txt").write_bytes(b"the 1 2\na 1 2\n" + row)
    name = row.split()[0].decode()
    with pytest.raises(InputError, match=f"v.txt:3: the row of '{name}' is not 2 numbers; mend it or remove it"):
        read_vectors(tmp_path / "v.txt", [name])


def word2vec(path):
    rows = b"".join(b"w%d " % n + np.full(8, n / 7, np.float32).tobytes() + b"\n" for n in range(9))
    path.write_bytes(b"9 8\n" + rows)


OTHER = {
    "word2vec": (word2vec, ":2: not a word and its vector of 8 numbers.*binary=True.*save_word2vec_format"),
    "npy": (
        lambda path: np.save(path.open("wb"), np.ones((3, 3))),
        ": a NumPy array, which holds no words; give a text",
    ),
    "fasttext": (
        lambda path: path.write_bytes(b"\xba\x16\x4f\x2f" + bytes(99)),
        ": a model of fastText; give its .vec",
    ),
    "packed": (lambda path: path.write_bytes(gzip.compress(b"\xba\x16\x4f\x2f" + bytes(99))), ": a model of fastText"),
    "pickle": (lambda path: path.write_bytes(b"\x80\x04\x95"), ": a pickle"),
    "utf16": (lambda path: path.write_text("the 1 2\n", encoding="utf-16"), ": UTF-16 text; save it as UTF-8"),
    "tar": (lambda path: path.write_bytes(bytes(257) + b"ustar"), ": a tar archive; unpack it"),
    "packed tar": (lambda path: path.write_bytes(gzip.compress(bytes(257) + b"ustar")), ": a tar archive; unpack it"),
    "pieces of words": (
        lambda path: path.write_text("▁the 1 2\n▁a 1 2\n"),
        r": none of the words of the training news \(the, w1, ...\) has a vector in it \(but ▁the, ▁a, ...\)",
    ),
    "folder": (lambda path: path.mkdir(), ": a folder; give a file of it"),
    "bz2": (
        lambda path: path.write_bytes(bz2.compress(TEXT.encode())[:-9]),
        r": cannot be read \(Compressed file ended",
    ),
    "xz": (
        lambda path: path.write_bytes(lzma.compress(TEXT.encode())[:-9]),
        r": cannot be read \(Compressed file ended",
    ),
    "cut": (lambda path: path.write_text("the 1 2"), ": the file is empty, or its only line is cut off"),
}


@pytest.mark.parametrize("kind", OTHER)
def test_files_that_are_none_come_with_a_remedy(tmp_path, kind):
    write, said = OTHER[kind]
    write(tmp_path / "v.bin")
    with pytest.raises(InputError, match=f"v.bin{said}"):
        read_vectors(tmp_path / "v.bin", ["the", "w1"])


def test_a_header_of_more_rows_than_there_are_is_said(tmp_path, capsys):
    (tmp_path / "v.vec").write_text("5 2\nthe 1 2\na 1 2\n")
    read_vectors(tmp_path / "v.vec", ["the"])
    assert "v.vec: 2 rows, where its first line states 5; is the file cut off?" in capsys.readouterr().err
    (tmp_path / "v.vec").write_text("2 2\nthe 1 2\na 1 2\n")
    read_vectors(tmp_path / "v.vec", ["the"])
    assert not capsys.readouterr().err


@pytest.mark.parametrize("name", ["README-dir/v.vec", "readme_vectors.txt"])
def test_a_zip_whose_only_file_is_called_readme(tmp_path, name):
    with zipfile.ZipFile(tmp_path / "v.zip", "w") as archive:
        archive.writestr(name, TEXT)
    assert read_vectors(tmp_path / "v.zip", list(WANTED)).keys() == WANTED.keys()
