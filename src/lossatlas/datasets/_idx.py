"""Reader of IDX, the format in which MNIST is distributed."""

import gzip
import math
import struct
import zlib
from pathlib import Path

import numpy as np
from jaxtyping import UInt8


UNSIGNED_BYTES = 8


def read_idx(path: Path, axes: int) -> UInt8[np.ndarray, "..."]:
    """Return the array of bytes in a file, which is decompressed if its name ends in `.gz`.

    The format is: two zero bytes, one byte for the type (8: unsigned bytes), one for the number of axes;
    the length of each axis as a big-endian whole number of four bytes; the values, last axis fastest.

    **Arguments:**

    - `path`: path of the file.
    - `axes`: number of axes that the array must have.

    **Raises:** `ValueError` that names the file if it is damaged, of another type, or has another number of
    axes.

    Source: LeCun, Cortes & Burges, The MNIST database of handwritten digits (1998).
    """
    try:
        data = path.read_bytes()
        data = gzip.decompress(data) if path.suffix == ".gz" else data
    except (OSError, EOFError, zlib.error) as error:
        raise ValueError(f"{path} cannot be read: {error}.") from None
    expected = bytes([0, 0, UNSIGNED_BYTES, axes])
    if data[:4] != expected:
        raise ValueError(
            f"{path} is no IDX file of bytes with {axes} axes: "
            f"it begins with {data[:4].hex() or 'nothing'}, not {expected.hex()}."
        )
    header = 4 + 4 * axes
    if len(data) < header:
        raise ValueError(f"{path} is cut off: {len(data)} bytes, but the header alone has {header}.")
    lengths = struct.unpack(f">{axes}I", data[4:header])
    needed = header + math.prod(lengths)
    if len(data) != needed:
        said = "is cut off" if len(data) < needed else "goes on after its end"
        raise ValueError(f"{path} {said}: {len(data)} bytes, but its lengths {lengths} need {needed}.")
    return np.frombuffer(data, np.uint8, offset=header).reshape(lengths)
