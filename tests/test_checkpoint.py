"""Checkpoints: the same bytes come back, damage is reported, and no reader ever sees half a file."""

import json
import os
from dataclasses import asdict

import numpy as np
import pytest

from nrms_np.checkpoint import FORMAT, Checkpoint, load_checkpoint, save_checkpoint, write_file, write_text
from nrms_np.config import Config
from nrms_np.data.vocabulary import UNKNOWN_WORD, Vocabulary
from nrms_np.errors import InputError


@pytest.fixture
def checkpoint():
    rng = np.random.default_rng(0)
    params = {
        "embedding": rng.normal(size=(5, 3)).astype(np.float32),
        "news.weight_query": rng.normal(size=(3, 4)),  # float64 must stay float64
        "user.additive_bias": np.array([0.0, -0.0, np.nan, np.inf, 1e-45], np.float32),
    }
    vocabulary = Vocabulary.from_words([UNKNOWN_WORD, "the", "münchen", "東京", "?"])
    config = Config(heads=3, attention="bilinear", learning_rate=1.1e-3, seed=7)
    return Checkpoint(params, vocabulary, config, ["U1", "Ü 2", ""], {"N3": 41, "N1": 2**40})


@pytest.fixture
def path(tmp_path, checkpoint):
    save_checkpoint(tmp_path / "checkpoint.npz", checkpoint)
    return tmp_path / "checkpoint.npz"


def test_round_trip(path, checkpoint):
    loaded = load_checkpoint(path)
    assert list(loaded.params) == list(checkpoint.params)
    for name, one in checkpoint.params.items():
        assert loaded.params[name].dtype == one.dtype
        assert loaded.params[name].shape == one.shape
        assert loaded.params[name].tobytes() == one.tobytes()  # bytes: -0.0 and NaN too
    assert loaded.vocabulary.words == checkpoint.vocabulary.words
    assert loaded.vocabulary.id_of == checkpoint.vocabulary.id_of
    assert loaded.config == checkpoint.config
    assert loaded.users == checkpoint.users
    assert list(loaded.clicks.items()) == list(checkpoint.clicks.items())


def test_round_trip_without_users_and_clicks(tmp_path, checkpoint):
    save_checkpoint(tmp_path / "bare.npz", Checkpoint(checkpoint.params, checkpoint.vocabulary, checkpoint.config))
    loaded = load_checkpoint(tmp_path / "bare.npz")
    assert (loaded.users, loaded.clicks) == ([], {})


def test_file_holds_no_pickle(path):
    with np.load(path, allow_pickle=False) as file:
        assert all(file[name].dtype != object for name in file.files)


class Evil:
    """Unpickling it makes a folder."""

    def __init__(self, folder):
        self.folder = str(folder)

    def __reduce__(self):
        return os.mkdir, (self.folder,)


def test_pickles_are_refused(tmp_path):
    np.savez(tmp_path / "pickled.npz", header=np.array([Evil(tmp_path / "made")], dtype=object))
    with pytest.raises(InputError, match="pickled.npz"):
        load_checkpoint(tmp_path / "pickled.npz")
    assert not (tmp_path / "made").exists()


def test_missing_file(tmp_path):
    with pytest.raises(InputError, match="nowhere.npz: no such checkpoint"):
        load_checkpoint(tmp_path / "nowhere.npz")


def test_truncated_at_any_length(path):
    whole = path.read_bytes()
    for length in range(0, len(whole), 61):
        path.write_bytes(whole[:length])
        with pytest.raises(InputError, match="checkpoint.npz"):
            load_checkpoint(path)


def test_a_flipped_byte_is_reported_or_harmless(path, checkpoint):
    """Zip members carry checksums: a damaged file either raises InputError or loads the same weights."""
    whole = path.read_bytes()
    expected = {name: one.tobytes() for name, one in checkpoint.params.items()}
    raised = 0
    for place in range(0, len(whole), 7):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 0xFF]) + whole[place + 1 :])
        try:
            loaded = load_checkpoint(path)
        except InputError:
            raised += 1
            continue
        assert {name: one.tobytes() for name, one in loaded.params.items()} == expected
    assert raised > 50


@pytest.mark.parametrize("content", [b"", b"\n", b"just text, no archive", b"\x80\x04N.", b"PK\x03\x04", bytes(500)])
def test_not_a_checkpoint(tmp_path, content):
    (tmp_path / "other.npz").write_bytes(content)
    with pytest.raises(InputError, match="other.npz"):
        load_checkpoint(tmp_path / "other.npz")


def test_a_folder_is_not_a_checkpoint(tmp_path):
    with pytest.raises(InputError):
        load_checkpoint(tmp_path)


def test_arrays_of_something_else(tmp_path):
    np.savez(tmp_path / "arrays.npz", weights=np.zeros(3))
    np.save(tmp_path / "array.npy", np.zeros(3))
    for name in ("arrays.npz", "array.npy"):
        with pytest.raises(InputError, match=name):
            load_checkpoint(tmp_path / name)


def rewrite(path, **changes):
    """Write the checkpoint anew with other arrays; None leaves one out."""
    with np.load(path) as file:
        arrays = {name: file[name] for name in file.files} | changes
    arrays = {name: one for name, one in arrays.items() if one is not None}
    with open(path, "wb") as file:
        np.savez(file, **arrays)


def rewrite_header(path, header):
    rewrite(path, header=np.frombuffer(header.encode(), np.uint8))


@pytest.mark.parametrize(
    "changes",
    [{"users": None}, {"clicked_news": None}, {"click_counts": None}, {"click_counts": np.array([1, 2, 3])}],
)
def test_missing_or_uneven_user_data(path, changes):
    rewrite(path, **changes)
    with pytest.raises(InputError, match="checkpoint.npz: not a checkpoint, or damaged"):
        load_checkpoint(path)


def test_another_format_is_named(path):
    rewrite_header(path, json.dumps({"format": FORMAT + 1, "config": asdict(Config())}))
    with pytest.raises(InputError, match=f"format {FORMAT + 1}, this version reads format {FORMAT}"):
        load_checkpoint(path)


@pytest.mark.parametrize(
    "header",
    [
        "no json",
        "[]",
        json.dumps({"config": {}}),
        json.dumps({"format": FORMAT}),
        json.dumps({"format": FORMAT, "config": {"colour": 1}}),
        json.dumps({"format": FORMAT, "config": {"heads": 0}}),
        json.dumps({"format": FORMAT, "config": None}),
    ],
)
def test_damaged_headers(path, header):
    rewrite_header(path, header)
    with pytest.raises(InputError, match="checkpoint.npz"):
        load_checkpoint(path)


@pytest.mark.parametrize("error", [OSError("disk full"), KeyboardInterrupt()])
def test_a_failing_write_leaves_the_old_file(tmp_path, error):
    path = tmp_path / "weights"
    path.write_bytes(b"old")

    def write(file):
        file.write(b"half of the new")
        raise error

    with pytest.raises(type(error)):
        write_file(path, write)
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["weights"]  # no .part


def test_a_failing_flush_leaves_the_old_checkpoint(path, checkpoint, monkeypatch):
    old = path.read_bytes()

    def full(file):
        raise OSError("disk full")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="disk full"):
        save_checkpoint(path, checkpoint)
    assert path.read_bytes() == old
    assert os.listdir(path.parent) == ["checkpoint.npz"]


def test_old_bytes_are_there_until_the_new_ones_are_complete(tmp_path):
    path = tmp_path / "weights"
    path.write_bytes(b"old")

    def write(file):
        file.write(b"new")
        assert path.read_bytes() == b"old"

    write_file(path, write)
    assert path.read_bytes() == b"new"


def test_write_text_is_utf8_without_newline_translation(tmp_path):
    write_text(tmp_path / "a.txt", "ä\nb\n")
    assert (tmp_path / "a.txt").read_bytes() == b"\xc3\xa4\nb\n"
    assert os.listdir(tmp_path) == ["a.txt"]
