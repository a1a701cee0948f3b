"""Write a picture to a file, whole or not at all."""

import os
import uuid
from pathlib import Path

from matplotlib.figure import Figure

from lossatlas._checks import check_is, check_path, check_positive


_FORMATS = (".png", ".svg", ".pdf")


def save_picture(fig: Figure, path: str | os.PathLike, *, dpi: float = 200) -> None:
    """Write a figure as PNG, SVG or PDF, by the suffix of the file.

    The picture is written beside its place first and then moved there, so that a failed write
    leaves an older picture as it was.

    **Arguments:**

    - `fig`: the figure.
    - `path`: where to; an older picture is replaced.
    - `dpi`: pixels per inch of a PNG and of rasterised parts.

    **Raises:** `ValueError` for what is no figure, another suffix or a folder that does not exist.
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
    """Return the path if a picture can be written there, before anything is computed.

    **Raises:** `ValueError` as `save_picture`.
    """
    path = check_path("path", path, "the picture")
    if path.suffix.lower() not in _FORMATS:
        raise ValueError(f"A picture ends in {', '.join(_FORMATS)}, got {path.suffix or path.name!r}.")
    if path.is_dir():
        raise ValueError(f"The picture {path} is a folder.")
    if not path.parent.is_dir():
        raise ValueError(f"The folder {path.parent} of the picture {path.name} does not exist.")
    return path
