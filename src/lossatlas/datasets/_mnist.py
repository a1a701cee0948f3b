"""MNIST: handwritten digits of 28 x 28 pixels."""

import os
import zipfile
import zlib
from pathlib import Path

import numpy as np

from ._data_set import DataSet
from ._idx import read_idx
from ._shipped import pixel_names, shipped


# For each part: names of the arrays here and in the file of Keras, and the first word of the IDX files.
PARTS = {
    "training": (("train_images", "train_labels"), ("x_train", "y_train"), "train"),
    "test": (("test_images", "test_labels"), ("x_test", "y_test"), "t10k"),
}
SHIPPED = {"training": "the first 1000 of 60000 training images", "test": "all test images"}


def mnist(part: str = "training", *, path: str | os.PathLike | None = None) -> DataSet:
    """Return handwritten digits of 28 x 28 pixels, from 0 (paper) to 1 (ink), 784 inputs in all.

    The first 1,000 training images and all 10,000 test images are shipped.

    **Arguments:**

    - `part`: `training` or `test`.
    - `path`: path of the complete MNIST: an npz file with `train_images`, `train_labels`, `test_images`,
        `test_labels` or, as in Keras, `x_train`, `y_train`, `x_test`, `y_test`; or a folder with the files
        `train-images-idx3-ubyte`, ..., `t10k-labels-idx1-ubyte`, with `.gz` at the end or without. Default:
        the shipped images.

    **Returns:** `DataSet`; inputs are pixels divided by 255.

    **Raises:** `ValueError` for another part, and for files that are missing, damaged or do not fit
    together; the message names the file.

    Source: LeCun, Bottou, Bengio & Haffner, Proc. IEEE 86, 2278 (1998), doi:10.1109/5.726791.
    """
    if not isinstance(part, str) or part not in PARTS:
        raise ValueError(f"`part` must be training or test, got {part!r}.")
    if path is None:
        images, labels = shipped("mnist", *PARTS[part][0])
        note = SHIPPED[part]
    else:
        path = Path(path)
        images, labels = _from_folder(path, part) if path.is_dir() else _from_npz(path, part)
        note = f"{part} images"
    return DataSet(
        name="mnist",
        inputs=images.reshape(len(images), -1) / 255.0,
        targets=labels.astype(np.int64),
        classes=tuple("0123456789"),
        columns=pixel_names(28, 28),
        target="digit",
        source="LeCun & Cortes, The MNIST database of handwritten digits",
        note=f"{note}, pixels divided by 255",
    )


def _from_npz(path: Path, part: str) -> tuple[np.ndarray, np.ndarray]:
    own, keras, _ = PARTS[part]
    try:
        with open(path, "rb") as file:
            stored = np.load(file, allow_pickle=False)
            if not isinstance(stored, np.lib.npyio.NpzFile):
                raise ValueError
            names = next((names for names in (own, keras) if set(names) <= set(stored.files)), None)
            arrays = [stored[name] for name in names] if names else []
    except FileNotFoundError:
        raise ValueError(f"There is no file {path}.") from None
    except OSError as error:
        raise ValueError(f"{path} cannot be read: {error.strerror}.") from None
    except (ValueError, EOFError, zipfile.BadZipFile, zlib.error):
        raise ValueError(f"{path} is no npz file of plain arrays, or is damaged.") from None
    if not arrays:
        raise ValueError(
            f"{path} holds neither {' and '.join(own)} nor {' and '.join(keras)}, "
            f"but {', '.join(stored.files) or 'nothing'}."
        )
    images, labels = arrays
    _check(images, labels, f"{path}")
    return images, labels


def _from_folder(folder: Path, part: str) -> tuple[np.ndarray, np.ndarray]:
    word = PARTS[part][2]
    image_file, label_file = _find(folder, f"{word}-images", 3), _find(folder, f"{word}-labels", 1)
    images, labels = read_idx(image_file, 3), read_idx(label_file, 1)
    _check(images, labels, f"{image_file} with {label_file.name}")
    return images, labels


def _find(folder: Path, stem: str, axes: int) -> Path:
    names = [f"{stem}{mark}idx{axes}-ubyte{end}" for end in ("", ".gz") for mark in "-."]
    for name in names:
        if (folder / name).is_file():
            return folder / name
    raise ValueError(f"{folder} holds no {names[0]}, with .gz at the end or without.")


def _check(images: np.ndarray, labels: np.ndarray, where: str) -> None:
    if images.shape[1:] not in ((784,), (28, 28)) or images.dtype != np.uint8 or not len(images):
        raise ValueError(
            f"{where}: images must be bytes of shape (items, 784) or (items, 28, 28), "
            f"got {images.dtype} of shape {images.shape}."
        )
    if labels.dtype.kind not in "iu" or labels.shape != images.shape[:1]:
        raise ValueError(
            f"{where}: {len(images)} images need as many whole numbers as labels, "
            f"got {labels.dtype} of shape {labels.shape}."
        )
    if labels.min() < 0 or labels.max() > 9:
        raise ValueError(f"{where}: labels must be 0 to 9, got {labels.min()} to {labels.max()}.")
