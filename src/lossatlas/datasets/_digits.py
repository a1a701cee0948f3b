"""Handwritten digits of 8 x 8 pixels."""

import numpy as np

from ._data_set import DataSet
from ._shipped import pixel_names, shipped


def digits() -> DataSet:
    """Return 1,797 handwritten digits of 8 x 8 pixels, from 0 (paper) to 1 (ink), as 64 inputs.

    They are the test part of the optical recognition data of UCI, by 13 writers. Each pixel is the number
    of dark pixels in a block of 4 x 4, divided by 16.

    **Returns:** `DataSet`.

    Source: Alpaydin & Kaynak, Optical Recognition of Handwritten Digits, UCI Machine Learning Repository
    (1998), doi:10.24432/C50P49.
    """
    images, labels = shipped("digits", "images", "labels")
    return DataSet(
        name="digits",
        inputs=images / 16.0,
        targets=labels.astype(np.int64),
        classes=tuple("0123456789"),
        columns=pixel_names(8, 8),
        target="digit",
        source="Alpaydin & Kaynak, UCI Machine Learning Repository (1998)",
        note="values divided by 16",
    )
