"""Any table brought to a given number of inputs: its leading directions, or turned into a larger space."""

import dataclasses

import numpy as np
from jaxtyping import Float

from ._data_set import DataSet


LARGEST = 10_000  # inputs


def project(
    training: DataSet, inputs: int, *, test: DataSet | None = None, seed: int = 0
) -> tuple[DataSet, DataSet | None]:
    """Bring data to so many inputs by a linear map, the same for training and test data.

    With more columns, z = (x - m) V: `inputs` leading principal components of the training inputs, m
    their mean. With fewer, z = x Q^T, where Q has orthonormal columns drawn uniformly from `seed`:
    distances between items stay what they are, and nothing is added but directions without data. With
    as many, nothing changes. Components are not scaled to equal variance, and their signs are such that
    the largest weight is positive.

    **Arguments:**

    - `training`: what the components are those of.
    - `inputs`: columns wanted, at least 1.
    - `test`: further items with the same columns.
    - `seed`: of `numpy.random.default_rng`, for the map into a larger space.

    **Returns:** training and test data with columns z1, z2, ...; `standardised` is False after a map.

    **Raises:** `ValueError` for no inputs, or more principal components than items.
    """
    if isinstance(inputs, bool) or not isinstance(inputs, int | np.integer) or inputs < 1:
        raise ValueError(f"`inputs` must be a whole number of at least 1, got {inputs!r}.")
    columns = len(training.columns)
    if inputs > LARGEST:
        raise ValueError(f"`inputs` must be at most {LARGEST}, got {inputs}.")
    if test is not None and len(test.columns) != columns:
        raise ValueError(f"`test` has {len(test.columns)} columns, `training` {columns}.")
    if columns == inputs:
        return training, test
    mean = np.zeros(columns)
    if columns > inputs:
        if len(training) < inputs:
            raise ValueError(
                f"{training.name}: {inputs} principal components need as many items, got {len(training)}."
            )
        mean = training.inputs.mean(axis=0)
        spread = np.linalg.svd(training.inputs - mean, full_matrices=False)[2]
        directions, said = _upright(spread[:inputs].T), f"{inputs} leading principal components"
    else:
        normal = np.random.default_rng(seed).normal(size=(inputs, columns))
        # A positive diagonal of R makes the factor unique, and so uniformly distributed.
        factor, upper = np.linalg.qr(normal)
        directions = (factor * np.sign(np.diag(upper))).T
        said = f"{columns} inputs turned into {inputs} dimensions, seed {seed}"
    names = tuple(f"z{number}" for number in range(1, inputs + 1))

    def moved(data: DataSet) -> DataSet:
        return dataclasses.replace(
            data,
            inputs=(data.inputs - mean) @ directions,
            columns=names,
            note="; ".join(part for part in (data.note, said) if part),
            standardised=False,
        )

    return moved(training), None if test is None else moved(test)


def _upright(directions: Float[np.ndarray, "columns inputs"]) -> Float[np.ndarray, "columns inputs"]:
    largest = np.abs(directions).argmax(axis=0)
    return directions * np.sign(directions[largest, np.arange(directions.shape[1])])
