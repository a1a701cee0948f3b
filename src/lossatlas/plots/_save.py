"""Write a picture to a file, completely or not at all."""

import os
import uuid
from pathlib import Path

from matplotlib.figure import Figure

from lossatlas._checks import check_is, check_path, check_positive


_FORMATS = (".png", ".svg", ".pdf")


def save_picture(fig: Figure, path: str | os.PathLike, *, dpi: float = 200) -> None:
    """Write a figure as PNG, SVG or PDF, according to the suffix of the file.

    The picture is first written to a temporary file beside `path` and then renamed, so that a failed write
    leaves an older picture as it was.

    **Arguments:**

    - `fig`: the figure.
    - `path`: the file to write, ending in .png, .svg or .pdf; an older picture is replaced.
    - `dpi`: pixels per inch of a PNG and of rasterised parts.

    **Raises:** `ValueError` for anything but a figure, another suffix, or a folder that does not exist.
    """
    check_is("fig", fig, Figure, "a matplotlib Figure, such as axes.figure")
    dpi = check_positive("dpi", dpi)
    path = check_picture(path)
    suffix = path.suffix.lower()
    partial = path.with_name(f".{path.stem}-{uuid.uuid4().hex}{suffix}")
    try:
        fig.savefig(partial, format=suffix[1:], dpi=dpi)
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)


def check_picture(path: str | os.PathLike) -> Path:
    """Return the path of a picture; call this before a long computation.

    **Raises:** `ValueError` if `save_picture` could not write there.
    """
    path = check_path("path", path, "the picture")
    if path.suffix.lower() not in _FORMATS:
        raise ValueError(f"A picture ends in {', '.join(_FORMATS)}, got {path.suffix or path.name!r}.")
    if path.is_dir():
        raise ValueError(f"The picture {path} is a folder.")
    if not path.parent.is_dir():
        raise ValueError(f"The folder {path.parent} of the picture {path.name} does not exist.")
    return path
