"""`lossatlas sweep`: explore and evaluate every point of a grid."""

from pathlib import Path
from typing import Annotated

import typer

from . import _landscape as options


def sweep(
    config: Annotated[Path, typer.Argument(help="A config with a table [sweep], CONFIG.toml.")],
    out: Annotated[Path | None, typer.Option(help="Folder of the atlases. (default: CONFIG)")] = None,
    memory: options.Memory = None,
) -> None:
    """Explore and evaluate every point of a grid, with an atlas for each; write summary.csv and summary.md.

    Running the same command again continues where it stopped.
    """
    from lossatlas.sweeps import read_config, run_sweep

    settings = read_config(config)
    options.limit_memory(memory or settings.explore.memory)
    folder = out or Path(config.stem)
    if folder.exists() and not folder.is_dir():
        raise ValueError(f"--out names a folder, but {folder} is a file.")
    run_sweep(settings, folder, report=typer.echo)
    typer.echo(f"summary  {folder / 'summary.md'}")
    typer.echo((folder / "summary.md").read_text(encoding="utf-8"), nl=False)
