"""Tables and progress bars on a terminal; plain text in a pipe."""

import contextlib
import sys
from collections.abc import Iterator, Sequence
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table


def print_table(title: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print a table: ruled on a terminal, as columns of plain text in a pipe."""
    if not sys.stdout.isatty():
        widths = [max(len(str(row[i])) for row in [columns, *rows]) for i in range(len(columns))]
        sys.stdout.write(f"{title}\n")
        for row in [columns, *rows]:
            line = "  ".join(str(cell).rjust(width) for cell, width in zip(row, widths))
            sys.stdout.write(f"  {line}\n")
        return
    table = Table(title=title, title_justify="left", title_style="bold")
    for column in columns:
        table.add_column(column, justify="right")
    for row in rows:
        table.add_row(*row)
    Console().print(table)


@contextlib.contextmanager
def progress_bar(description: str) -> Iterator[Any]:
    """Yield a function `update(text, fraction=None)`; it shows nothing unless stderr is a terminal."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield lambda text, fraction=None: None
        return
    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task(description, total=None)

        def update(text: str, fraction: float | None = None) -> None:
            total = None if fraction is None else 1.0
            bar.update(task, description=text, total=total, completed=fraction or 0.0)

        yield update
