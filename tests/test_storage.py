"""Files: the same content is the same bytes, damage is found, and nothing is ever half-written."""

from __future__ import annotations

import json
import os

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.numpy import save

from glasshouse import storage
from glasshouse.errors import GlasshouseError, ModelFileError

DOCUMENT = {"name": "größe", "list": [1, 2.5, None], "nested": {"b": True, "a": "x"}}
ARRAYS = {"w": np.arange(6, dtype=np.float32).reshape(2, 3), "places": np.array([3, 1], np.int32)}


def test_what_is_written_is_read(tmp_path) -> None:
    path = tmp_path / "m.glass"
    storage.write(path, "model", DOCUMENT, ARRAYS)
    document, arrays = storage.read(path, "model")
    assert document == DOCUMENT
    assert all(
        np.array_equal(arrays[name], array) and arrays[name].dtype == array.dtype for name, array in ARRAYS.items()
    )


def test_the_same_content_is_the_same_bytes(tmp_path) -> None:
    storage.write(tmp_path / "a", "model", DOCUMENT, ARRAYS)
    shuffled = dict(reversed(DOCUMENT.items()))
    storage.write(tmp_path / "b", "model", shuffled, dict(reversed(ARRAYS.items())))
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_other_kinds_versions_and_strangers_are_refused(tmp_path) -> None:
    path = tmp_path / "m.glass"
    storage.write(path, "checkpoint", DOCUMENT, ARRAYS)
    with pytest.raises(ModelFileError, match="holds a checkpoint, not a model"):
        storage.read(path, "model")
    path.write_bytes(save({"w": ARRAYS["w"]}))
    with pytest.raises(ModelFileError, match="was not written by Glasshouse"):
        storage.read(path, "model")
    path.write_bytes(save({"w": ARRAYS["w"]}, {"glasshouse": json.dumps({"format": "glasshouse", "version": 99})}))
    with pytest.raises(ModelFileError, match="is version 99, this is 1"):
        storage.read(path, "model")
    with pytest.raises(ModelFileError, match="there is no such file"):
        storage.read(tmp_path / "none", "model")
    with pytest.raises(ModelFileError):
        storage.read(tmp_path, "model")


@pytest.fixture(scope="module")
def whole(tmp_path_factory) -> bytes:
    path = tmp_path_factory.mktemp("storage") / "m.glass"
    storage.write(path, "model", DOCUMENT, ARRAYS)
    return path.read_bytes()


@settings(max_examples=400, deadline=None)
@given(place=st.integers(0), flip=st.integers(1, 255), cut=st.booleans())
def test_every_damaged_byte_is_found(place, flip, cut, whole, tmp_path_factory) -> None:
    data = bytearray(whole)
    place %= len(data)
    if cut:
        del data[place:]
    else:
        data[place] ^= flip
    path = tmp_path_factory.mktemp("damaged") / "m.glass"
    path.write_bytes(bytes(data))
    try:
        document, arrays = storage.read(path, "model")
    except ModelFileError as error:
        assert "\n" not in str(error)
    else:  # a change of white space or of letter case in the header's hexadecimal escapes says the same thing
        assert document == DOCUMENT
        assert all(np.array_equal(arrays[name], array) for name, array in ARRAYS.items())


def test_a_failed_write_leaves_what_stood_there(tmp_path, monkeypatch) -> None:
    path = tmp_path / "m.glass"
    path.write_bytes(b"before")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(GlasshouseError, match="No space left on device"):
        storage.write(path, "model", DOCUMENT, ARRAYS)
    assert path.read_bytes() == b"before"
    assert os.listdir(tmp_path) == ["m.glass"]


def test_numbers_json_cannot_hold_are_refused(tmp_path) -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        storage.write(tmp_path / "m", "model", {"x": float("nan")}, {})
    assert not os.listdir(tmp_path)


@pytest.mark.parametrize("length", [200, 250, 255])
def test_a_name_as_long_as_the_file_system_allows_is_written(tmp_path, length) -> None:
    path = tmp_path / ("n" * length)
    storage.write(storage.checked_place(path), "model", {}, {})
    assert storage.read(path, "model") == ({}, {})
    with pytest.raises(GlasshouseError, match="cannot write"):
        storage.checked_place(tmp_path / ("n" * 256))
