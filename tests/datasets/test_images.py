"""Digits: what is shipped, and what is read from files of the user's."""

import gzip
import hashlib
import struct

import numpy as np
import pytest

from lossatlas.datasets import digits, mnist
from lossatlas.datasets._idx import read_idx


# Shipped.


def sha256(array):
    return hashlib.sha256(np.ascontiguousarray(array).tobytes()).hexdigest()[:16]


@pytest.mark.parametrize("make, scale, shape, counts, images, labels", [
    (lambda: mnist(), 255, (1000, 784), "97 116 99 93 105 92 94 117 87 100",
     "2304e0137aea1f23", "b03ead2884240483"),
    (lambda: mnist("test"), 255, (10_000, 784), "980 1135 1032 1010 982 892 958 1028 974 1009",
     "6d87418db22cc802", "ddeff807876a9661"),
    (lambda: digits(), 16, (1797, 64), "178 182 177 183 181 182 181 179 174 180",
     "8f26b2bd9d135c25", "8ba4f891220f5e4c"),
])  # fmt: skip
def test_shipped(make, scale, shape, counts, images, labels):
    data = make()
    assert data.inputs.shape == shape and data.inputs.dtype == np.float64
    assert data.targets.dtype == np.int64 and data.classes == tuple("0123456789")
    assert " ".join(map(str, np.bincount(data.targets))) == counts
    assert data.inputs.min() == 0.0 and data.inputs.max() == 1.0
    whole = np.rint(data.inputs * scale).astype(np.uint8)
    np.testing.assert_array_equal(whole / scale, data.inputs)
    assert (sha256(whole), sha256(data.targets.astype(np.uint8))) == (images, labels)
    side = int(shape[1] ** 0.5)
    assert data.columns[side - 1 : side + 1] == (f"row 1 column {side}", "row 2 column 1")
    assert data.loss == "cross_entropy" and not data.standardised and data.source
    assert f"{shape[0]} items, {shape[1]} inputs, predicting 10 classes of digit (0, 1, " in str(data)


# MNIST of the user's own: a small one.


@pytest.fixture
def arrays():
    rng = np.random.default_rng(0)
    return {
        f"{part}_{what}": rng.integers(0, top, (items, *shape)).astype(np.uint8)
        for part, items in (("train", 7), ("test", 3))
        for what, top, shape in (("images", 256, (28, 28)), ("labels", 10, ()))
    }


def idx(array, kind=8):
    return struct.pack(f">4B{array.ndim}I", 0, 0, kind, array.ndim, *array.shape) + array.tobytes()


def write_folder(folder, arrays, mark="-", end=""):
    for name, array in arrays.items():
        part, what = name.split("_")
        data = idx(array)
        word = {"train": "train", "test": "t10k"}[part]
        path = folder / f"{word}-{what}{mark}idx{array.ndim}-ubyte{end}"
        path.write_bytes(gzip.compress(data) if end else data)
    return folder


def keras(arrays):
    part = {"images": "x", "labels": "y"}
    return {f"{part[name.split('_')[1]]}_{name.split('_')[0]}": array for name, array in arrays.items()}


def flat(arrays):
    return {name: array.reshape(len(array), -1).squeeze() for name, array in arrays.items()}


def check(arrays, path):
    for part, word in (("training", "train"), ("test", "test")):
        data = mnist(part, path=path)
        images, labels = arrays[f"{word}_images"], arrays[f"{word}_labels"]
        np.testing.assert_array_equal(data.inputs, images.reshape(len(images), 784) / 255.0)
        np.testing.assert_array_equal(data.targets, labels)
        assert f"{part} images" in data.note and data.name == "mnist"


@pytest.mark.parametrize("form", [dict, keras, flat])
def test_npz(tmp_path, arrays, form):
    np.savez_compressed(tmp_path / "all.npz", **form(arrays))
    check(arrays, tmp_path / "all.npz")
    check(arrays, str(tmp_path / "all.npz"))


@pytest.mark.parametrize("mark", ["-", "."])
@pytest.mark.parametrize("end", ["", ".gz"])
def test_folder(tmp_path, arrays, mark, end):
    check(arrays, write_folder(tmp_path, arrays, mark, end))


def test_unknown_part():
    for part in ("train", 1, None, ["test"]):
        with pytest.raises(ValueError, match="`part` must be training or test, got"):
            mnist(part)


@pytest.mark.parametrize("change, sentence", [
    ({"train_images": None}, "all.npz holds neither train_images and train_labels nor x_train and y"),
    ({"train_images": np.zeros((7, 27, 28), np.uint8)}, "images must be bytes of shape .*, got .* .7, 27,"),
    ({"train_images": np.zeros((7, 28, 28))}, "images must be bytes of shape .*, got float64"),
    ({"train_images": np.zeros((0, 784), np.uint8)}, "images must be bytes of shape"),
    ({"train_labels": np.zeros(8, np.uint8)}, "7 images need as many whole numbers as labels, got .* .8,."),
    ({"train_labels": np.zeros(7)}, "7 images need as many whole numbers as labels, got float64"),
    ({"train_labels": np.full(7, 10)}, "labels must be 0 to 9, got 10 to 10"),
    ({"train_labels": np.full(7, -1)}, "labels must be 0 to 9, got -1 to -1"),
    ({"train_labels": np.array([None] * 7)}, "all.npz is no npz file of plain arrays, or is damaged"),
])  # fmt: skip
def test_npz_that_does_not_fit(tmp_path, arrays, change, sentence):
    kept = {name: array for name, array in (arrays | change).items() if array is not None}
    np.savez(tmp_path / "all.npz", **kept)
    with pytest.raises(ValueError, match=f"all.npz.*{sentence.removeprefix('all.npz')}"):
        mnist(path=tmp_path / "all.npz")
    assert len(mnist("test", path=tmp_path / "all.npz")) == 3


def one_array(path):
    with open(path, "wb") as file:
        np.save(file, np.zeros(3))


def cut(path):
    np.savez(path, train_images=np.zeros((9, 784), np.uint8), train_labels=np.zeros(9, np.uint8))
    path.write_bytes(path.read_bytes()[:3000])


def flipped(path):
    np.savez(path, train_images=np.zeros((9, 784), np.uint8), train_labels=np.zeros(9, np.uint8))
    data = bytearray(path.read_bytes())
    data[3000] ^= 1
    path.write_bytes(data)


@pytest.mark.parametrize("damage", [
    one_array, cut, flipped, lambda path: path.write_bytes(b""), lambda path: path.write_text("a,b\n1,2\n"),
])  # fmt: skip
def test_damaged_npz(tmp_path, damage):
    damage(tmp_path / "all.npz")
    with pytest.raises(ValueError, match="all.npz is no npz file of plain arrays, or is damaged."):
        mnist(path=tmp_path / "all.npz")


def test_no_file(tmp_path):
    with pytest.raises(ValueError, match="There is no file .*none.npz"):
        mnist(path=tmp_path / "none.npz")
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(ValueError, match="all.npz cannot be read: Not a directory"):
        mnist(path=tmp_path / "file" / "all.npz")
    (tmp_path / "empty").mkdir()
    with pytest.raises(
        ValueError, match="empty holds no t10k-images-idx3-ubyte, with .gz at the end or without"
    ):
        mnist("test", path=tmp_path / "empty")


def test_folder_that_does_not_fit(tmp_path, arrays):
    write_folder(tmp_path, arrays | {"train_labels": np.zeros(6, np.uint8)})
    sentence = (
        "train-images-idx3-ubyte with train-labels-idx1-ubyte: 7 images need as many .* of shape .6,."
    )
    with pytest.raises(ValueError, match=sentence):
        mnist(path=tmp_path)
    assert len(mnist("test", path=tmp_path)) == 3
    write_folder(tmp_path, arrays | {"train_images": np.zeros((7, 20, 20), np.uint8)})
    with pytest.raises(ValueError, match="images must be bytes of shape .* got uint8 of shape .7, 20, 20."):
        mnist(path=tmp_path)


# IDX.


@pytest.mark.parametrize("shape", [(0,), (5,), (3, 4), (2, 3, 4)])
@pytest.mark.parametrize("end", ["", ".gz"])
def test_idx_round_trip(tmp_path, shape, end):
    array = np.random.default_rng(1).integers(0, 256, shape).astype(np.uint8)
    path = tmp_path / f"data{end}"
    path.write_bytes(gzip.compress(idx(array)) if end else idx(array))
    again = read_idx(path, len(shape))
    np.testing.assert_array_equal(again, array)
    assert again.dtype == np.uint8 and again.shape == shape


WHOLE = idx(np.zeros((2, 3), np.uint8))
ZIPPED = gzip.compress(WHOLE, mtime=0)  # a time would make names of tests that differ between processes


@pytest.mark.parametrize("name, data, sentence", [
    ("a", b"", "a is no IDX file of bytes with 2 axes: it begins with nothing, not 00000802."),
    ("a", b"PK\3\4" + WHOLE, "it begins with 504b0304, not 00000802"),
    ("a", idx(np.zeros((2, 3), np.uint8), kind=13), "it begins with 00000d02, not 00000802"),
    ("a", idx(np.zeros(6, np.uint8)), "it begins with 00000801, not 00000802"),
    ("a", ZIPPED, "it begins with 1f8b08"),
    ("a", WHOLE[:9], "a is cut off: 9 bytes, but the header alone has 12."),
    ("a", WHOLE[:-1], r"a is cut off: 17 bytes, but its lengths \(2, 3\) need 18."),
    ("a", WHOLE + b"\0", r"a goes on after its end: 19 bytes, but its lengths \(2, 3\) need 18."),
    ("a.gz", WHOLE, "a.gz cannot be read: Not a gzipped file"),
    ("a.gz", ZIPPED[:-9], "a.gz cannot be read: Compressed file ended"),
    ("a.gz", ZIPPED[:10] + b"damaged" * 9, "a.gz cannot be read: Error -3"),
])  # fmt: skip
def test_damaged_idx(tmp_path, name, data, sentence):
    (tmp_path / name).write_bytes(data)
    with pytest.raises(ValueError, match=sentence):
        read_idx(tmp_path / name, 2)
