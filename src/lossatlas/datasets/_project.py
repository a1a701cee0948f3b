"""Linear maps of data to a given number of inputs: principal components, or a rotation into more inputs."""

import dataclasses

import numpy as np
from jaxtyping import Float

from ._data_set import DataSet
from ._encoder import Rotation


LARGEST = 10_000  # largest number of inputs


def project(
    training: DataSet, inputs: int, *, test: DataSet | None = None, seed: int = 0
) -> tuple[DataSet, DataSet | None]:
    """Map data linearly to a given number of inputs, training and test data by the same map.

    If the data have more columns, z = (x - m) V, where V holds the `inputs` leading principal components of
    the training inputs and m is their mean. If they have fewer, z = x Q^T, where Q has orthonormal columns
    drawn uniformly at random: distances between items are kept, and the data do not vary in the added
    directions. If they have as many, nothing changes. Components are not scaled to equal variance; their
    signs are such that the entry of V with the largest absolute value in each component is positive.

    **Arguments:**

    - `training`: the data whose principal components and mean are used.
    - `inputs`: number of inputs wanted, 1 to 10,000.
    - `test`: further items with the same columns, or None.
    - `seed`: seed of `numpy.random.default_rng`, for the map to more inputs.

    **Returns:** training and test data with columns z1, z2, ...; `standardised` is False after a map. The
    test data are None if none were given.

    **Raises:** `ValueError` for another number of inputs, test data with other columns, or fewer items
    than principal components.
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
    step = Rotation(mean, directions)
    names = tuple(f"z{number}" for number in range(1, inputs + 1))

    def moved(data: DataSet) -> DataSet:
        return dataclasses.replace(
            data,
            inputs=step(data.inputs),
            columns=names,
            note="; ".join(part for part in (data.note, said) if part),
            standardised=False,
            encoder=None if data.encoder is None else data.encoder.then(step),
        )

    return moved(training), None if test is None else moved(test)


def _upright(directions: Float[np.ndarray, "columns inputs"]) -> Float[np.ndarray, "columns inputs"]:
    largest = np.abs(directions).argmax(axis=0)
    return directions * np.sign(directions[largest, np.arange(directions.shape[1])])
