"""`lossatlas predict`: what a minimum says of new rows."""

import csv
import io
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ._report import AtlasFile


if TYPE_CHECKING:
    from lossatlas.datasets import RawTable


def predict(
    file: AtlasFile,
    rows: Annotated[Path, typer.Argument(metavar="NEW.csv", help="Rows with the columns of the inputs.")],
    minimum: Annotated[
        str,
        typer.Option(
            help="Id of a minimum; best: that of lowest validation loss, without validation data of lowest "
            "loss; ensemble: the mean over all minima."
        ),
    ] = "best",
    out: Annotated[
        Path | None, typer.Option("-o", "--out", help="CSV file to write. (default: print)")
    ] = None,
) -> None:
    """Predict the classes, with their probabilities, or the numbers, of the rows of a table.

    If the table has the column of a target, the accuracy, or RMSE and R^2, on the rows that have
    a value of it is said, with standard errors.
    """
    import numpy as np

    from lossatlas._checks import check_folder
    from lossatlas.atlas import Atlas
    from lossatlas.datasets import read_table

    if out is not None:
        check_folder(out, "predictions")
    table = read_table(rows)
    with Atlas(file, readonly=True) as atlas:
        if minimum == "ensemble":
            models = [atlas.model(int(i)) for i in atlas.minima.id]
        elif minimum == "best" or minimum.isdecimal():
            models = [atlas.model("best" if minimum == "best" else int(minimum))]
        else:
            raise ValueError(f"--minimum takes best, ensemble or the id of a minimum, got {minimum!r}.")
    if not models:
        raise ValueError(f"{file} holds no minimum.")
    model = models[0]
    names = ("prediction",) if model.data is None else model.data.target_names
    columns: dict[str, Any] = {}
    if model.classes is None:
        said = np.mean([one.predict(table) for one in models], axis=0)
        columns |= zip(names, said.reshape(len(said), -1).T.tolist())
    else:
        p = np.mean([one.predict_proba(table) for one in models], axis=0)
        said = np.array(model.classes)[np.argmax(p, axis=1)]
        columns[names[0]] = said.tolist()
        columns |= {f"p({name})": p[:, i].tolist() for i, name in enumerate(model.classes)}
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(zip(*columns.values()))
    if out is None:
        typer.echo(text.getvalue(), nl=False)
    else:
        partial = out.with_name(f".{out.name}.part")
        partial.write_text(text.getvalue(), encoding="utf-8")
        partial.replace(out)
        which = f"{len(models)} minima" if minimum == "ensemble" else f"minimum {model.minimum}"
        typer.echo(f"{len(said)} rows by {which}: {out}")
    if table.note:
        typer.echo(f"{table.name}: {table.note}", err=out is None)
    for name in names:
        if name in table.columns and table.known(name).any():
            typer.echo(_score(name, model.classes, columns[name], table), err=out is None)


def _score(name: str, classes: tuple[str, ...] | None, said: list, table: "RawTable") -> str:
    """Say how well predictions agree with the column of a target, with a standard error."""
    import numpy as np

    from lossatlas.analysis import regression_scores
    from lossatlas.datasets import as_labels, read_numbers

    known = table.known(name)
    answers, guesses = table.where(known), np.array(said)[known]
    if classes is not None:
        right = as_labels(guesses, classes) == as_labels(answers.columns[name], classes)
        error = np.sqrt(right.mean() * (1 - right.mean()) / len(right))
        return f"accuracy {right.mean():.4f} +- {error:.4f} on {len(right)} rows"
    right = read_numbers(answers, [name])
    scores = regression_scores(guesses, right)
    (rmse, rmse_error), (r2, r2_error) = (map(float, scores[kind]) for kind in ("rmse", "r2"))
    explained = f"R2 {r2:.4f} +- {r2_error:.4f}" if r2 == r2 else "R2 -"
    return f"RMSE {rmse:.6g} +- {rmse_error:.2g} in units of {name}, {explained} on {len(right)} rows"
