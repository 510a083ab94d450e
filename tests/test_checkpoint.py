"""Checkpoints: the same bytes come back, and a file that is damaged, swapped or made by hand is one clear line."""

import json
import os
from dataclasses import asdict, replace

import numpy as np
import pytest

from nrms_np.app.checkpoint import Checkpoint, load_checkpoint, save_checkpoint
from nrms_np.config import Config
from nrms_np.data import files
from nrms_np.data.vocabulary import UNKNOWN_WORD, Vocabulary
from nrms_np.errors import InputError, NonFiniteError
from nrms_np.model import init_parameters, parameter_shapes

CONFIG = Config(heads=3, head_size=2, query_size=4, word_size=5, attention="bilinear", learning_rate=1.1e-3, seed=7)


@pytest.fixture
def checkpoint():
    rng = np.random.default_rng(0)
    vocabulary = Vocabulary([UNKNOWN_WORD, "the", "münchen", "東京", "?"])
    params = init_parameters(rng.normal(size=(5, 5)).astype(np.float32), CONFIG)
    params["user.additive_bias"][:] = [0.0, -0.0, 1e-45, 3e38]  # bytes must come back, not just values
    return Checkpoint(params, vocabulary, CONFIG, ["U1", "Ü 2", ""], {"N3": 41, "N1": 2**40}, 4, "the data")


@pytest.fixture
def path(tmp_path, checkpoint):
    save_checkpoint(tmp_path / "checkpoint.npz", checkpoint)
    return tmp_path / "checkpoint.npz"


def refused(path, message=""):
    """The one line that refuses a file."""
    with pytest.raises(InputError, match=path.name) as error:
        load_checkpoint(path)
    assert message in str(error.value)
    assert len(str(error.value).splitlines()) == 1
    return str(error.value)


def rewrite(path, header=None, **changes):
    """Write the checkpoint anew with other arrays and a right checksum, as anybody can; None leaves one out."""
    with np.load(path) as file:
        arrays = {name: file[name] for name in file.files} | changes
    saved = json.loads(arrays.pop("header").tobytes())
    saved = saved if header is None else header
    files.save_arrays(path, "checkpoint", saved, {name: one for name, one in arrays.items() if one is not None})


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_round_trip(tmp_path, checkpoint, dtype):
    checkpoint = replace(checkpoint, params={name: one.astype(dtype) for name, one in checkpoint.params.items()})
    save_checkpoint(tmp_path / "checkpoint.npz", checkpoint)
    loaded = load_checkpoint(tmp_path / "checkpoint.npz")
    assert list(loaded.params) == list(checkpoint.params)
    for name, one in checkpoint.params.items():
        assert loaded.params[name].dtype == dtype
        assert loaded.params[name].shape == one.shape
        assert loaded.params[name].tobytes() == one.tobytes()  # bytes: -0.0 too
        assert loaded.params[name].flags.writeable
    assert loaded.vocabulary.words == checkpoint.vocabulary.words
    assert loaded.vocabulary.id_of == checkpoint.vocabulary.id_of
    assert list(loaded.clicks.items()) == list(checkpoint.clicks.items())
    for name in ("config", "users", "epoch", "fingerprint"):
        assert getattr(loaded, name) == getattr(checkpoint, name)


def test_equal_models_give_equal_bytes(path, checkpoint):
    before = path.read_bytes()
    save_checkpoint(path, checkpoint)
    assert path.read_bytes() == before


def test_round_trip_without_users_and_clicks(tmp_path, checkpoint):
    save_checkpoint(tmp_path / "bare.npz", Checkpoint(checkpoint.params, checkpoint.vocabulary, checkpoint.config))
    loaded = load_checkpoint(tmp_path / "bare.npz")
    assert (loaded.users, loaded.clicks) == ([], {})


@pytest.mark.parametrize("attention", ["qkv", "bilinear", "mean"])
def test_expected_shapes_are_those_that_training_makes(attention):
    config = replace(CONFIG, attention=attention)
    params = init_parameters(np.zeros((9, config.word_size), np.float32), config)
    assert parameter_shapes(config, 9, config.word_size) == {name: one.shape for name, one in params.items()}


def test_what_could_not_be_read_is_not_written(path, checkpoint):
    before = path.read_bytes()
    nan = checkpoint.params | {"news.additive_bias": np.full(4, np.nan, np.float32)}
    for changes, error, message in (
        ({"params": nan}, NonFiniteError, "news.additive_bias is not finite"),
        ({"config": replace(CONFIG, heads=2)}, ValueError, "expected float32"),
        ({"vocabulary": Vocabulary(["a", "b", "c", "d", "e"])}, ValueError, "does not begin with"),
    ):
        with pytest.raises(error, match=message):
            save_checkpoint(path, replace(checkpoint, **changes))
    assert path.read_bytes() == before
    assert os.listdir(path.parent) == [path.name]


def test_missing_file_and_folder(tmp_path):
    with pytest.raises(InputError, match="nowhere.npz: no such checkpoint file"):
        load_checkpoint(tmp_path / "nowhere.npz")
    refused(tmp_path, "a folder; give the checkpoint file in it")
    if hasattr(os, "mkfifo"):  # not on Windows
        os.mkfifo(tmp_path / "pipe")  # reading it would wait for ever
        refused(tmp_path / "pipe", "not a file")


def test_truncated_at_any_length(path):
    whole = path.read_bytes()
    for length in range(0, len(whole), 61):
        path.write_bytes(whole[:length])
        refused(path)


def test_a_flipped_bit_anywhere_is_refused(path):
    whole = path.read_bytes()
    for place in range(0, len(whole), 13):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 1 << place % 8]) + whole[place + 1 :])
        refused(path)


@pytest.mark.parametrize("content", [b"", b"\n", b"just text, no archive", b"\x80\x04N.", b"PK\x03\x04", bytes(500)])
def test_not_a_checkpoint(tmp_path, content):
    (tmp_path / "other.npz").write_bytes(content)
    refused(tmp_path / "other.npz", "not a checkpoint file, or damaged")


def test_another_kind_or_format_is_named(path):
    whole = path.read_bytes()
    assert whole.count(b"nrms_np checkpoint format 3") == 1
    path.write_bytes(whole.replace(b"nrms_np checkpoint format 3", b"nrms_np checkpoint format 4"))
    assert "it is a checkpoint file of format 4; read are formats 2 and 3 of a checkpoint file" in refused(path)
    header = {"config": {}, "epoch": 1, "data": ""}
    files.save_arrays(path, "resume", header, {})
    assert "it is a resume file" in refused(path)


def test_an_archive_without_a_label_is_refused(tmp_path):
    """np.savez writes such archives; so did format 1, which no release ever had."""
    header = json.dumps({"format": 1, "config": asdict(CONFIG)}).encode()
    np.savez(tmp_path / "old.npz", header=np.frombuffer(header, np.uint8))
    assert "damaged (its end is missing, or it never was one)" in refused(tmp_path / "old.npz")


def lines(*words):
    return np.frombuffer("".join(f"{word}\n" for word in words).encode(), np.uint8)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"users": None}, "users"),
        ({"click_counts": None}, "click_counts"),
        ({"click_counts": np.array([1, 2, 3])}, "argument 2 is longer than argument 1"),
        ({"clicked_news": lines("N1", "N2")[:-1]}, "argument 2 is longer than argument 1"),
        ({"users": np.array([255, 10], np.uint8)}, "utf-8"),
        ({"vocabulary": lines(UNKNOWN_WORD, "a", "b", "c")}, "embedding is float32 (5, 5), expected float32 (4, 5)"),
        ({"vocabulary": lines(UNKNOWN_WORD, "a", "b", "c", "a")}, "twice"),
        ({"vocabulary": lines("a", "b", "c", "d", "e")}, "does not begin with"),
        ({"param.embedding": None}, "embedding"),
        ({"param.embedding": np.zeros((5, 5))}, "expected float64"),
        ({"param.embedding": np.zeros((25, 1), np.float32)}, "embedding is float32 (25, 1), expected float32 (5, 5)"),
        ({"param.news.weight_key": np.zeros((5, 6), np.float32)}, "news.weight_key is not expected"),
        ({"param.user.additive_query": None}, "user.additive_query is missing"),
        ({"../outside": np.zeros(1)}, "../outside is not expected"),
    ],
)
def test_parts_that_do_not_fit_are_named(path, changes, message):
    rewrite(path, **changes)
    refused(path, message)
    assert os.listdir(path.parent) == [path.name]  # nothing is ever unpacked


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"heads": 0}, "--heads 0: must be at least 1"),
        ({"heads": 3.0}, "--heads 3.0: must be of type int"),
        ({"heads": True}, "--heads True: must be of type int"),
        ({"heads": "3"}, "must be of type int"),
        ({"heads": None}, "must be of type int"),
        ({"title_length": 10**30}, "and below"),
        ({"dropout": float("nan")}, "--dropout nan"),
        ({"learning_rate": float("inf")}, "--learning-rate inf"),
        ({"attention": "flash"}, "choose one of qkv, bilinear, mean"),
        ({"attention": "qkv"}, "weight_key is missing"),
        ({"colour": 1}, "the setting 'colour' is unknown"),
    ],
)
def test_settings_that_cannot_be_are_named(path, changes, message):
    rewrite(path, {"config": asdict(CONFIG) | changes, "epoch": 1, "data": ""})
    refused(path, message)


@pytest.mark.parametrize(
    "header",
    [
        [],
        {"epoch": 1, "data": ""},
        {"config": {}, "epoch": 1, "data": ""},
        {"config": None, "epoch": 1, "data": ""},
        {"config": asdict(CONFIG), "data": ""},
    ],
)
def test_headers_that_lack_something(path, header):
    rewrite(path, header)
    refused(path)
