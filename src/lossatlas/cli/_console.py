"""Tables on a terminal; plain text in a pipe."""

import sys
from collections.abc import Sequence

from rich.console import Console
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
