"""Options that say which landscape is meant, shared by `explore` and `census`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer


if TYPE_CHECKING:
    from lossatlas.landscapes import AbstractLandscape


NAMES = ("xor", "iris", "csv", "spin-glass", "mueller-brown", "six-hump-camel")

Name = Annotated[str, typer.Argument(metavar="LANDSCAPE", help=f"One of {', '.join(NAMES)}.")]
TablePath = Annotated[
    Path | None,
    typer.Argument(metavar="[TABLE.csv]", help="The table, for `csv`.", show_default=False),
]
Hidden = Annotated[
    str | None,
    typer.Option(help="Hidden nodes of a network, or of several layers: 5,5. [default: 2 for xor, else 3]"),
]
L2 = Annotated[float, typer.Option(help="L2 penalty lambda over all variables.")]
Activation = Annotated[str, typer.Option(help="tanh, sigmoid, softplus, gelu or relu.")]
Target = Annotated[str | None, typer.Option(help="Column of the table to predict.")]
Task = Annotated[str, typer.Option(help="What the target is: auto, classes or number.")]
Size = Annotated[int | None, typer.Option(help="Spins of a spin glass. [default: 6]", show_default=False)]
Order = Annotated[int, typer.Option(help="p of the p-spin glass.")]
Coefficients = Annotated[
    Path | None, typer.Option(metavar="FILE.npy", help="Spin-glass coefficients, shape (N, N, N).")
]
Disorder = Annotated[int, typer.Option(help="Seed of random spin-glass coefficients.")]


def build(
    name: str,
    table: Path | None,
    hidden: str | None,
    l2: float,
    activation: str,
    target: str | None,
    task: str,
    size: int | None,
    order: int,
    coefficients: Path | None,
    disorder: int,
) -> "tuple[AbstractLandscape, str | None]":
    """Return the landscape, and a sentence on what was recognised in a table."""
    from lossatlas import landscapes

    _refuse_unused(name, table=table, target=target, hidden=hidden, size=size, coefficients=coefficients)
    if name == "xor":
        return landscapes.xor(_layers(hidden or "2"), l2=l2, activation=activation), None
    if name in ("iris", "csv"):
        from lossatlas.datasets import iris, load_table

        if name == "csv" and (table is None or target is None):
            raise ValueError("`csv` needs a table and a target: explore csv TABLE.csv --target COLUMN.")
        data = iris() if name == "iris" else load_table(table or "", target or "", task=task)
        network = landscapes.Perceptron(
            data.inputs,
            data.targets,
            hidden=_layers(hidden or "3"),
            l2=l2,
            activation=activation,
            loss=data.loss,
            name=data.name,
        )
        return network, str(data)
    if name == "spin-glass":
        return _spin_glass(size, order, coefficients, disorder), None
    if name == "mueller-brown":
        return landscapes.MuellerBrown(), None
    if name == "six-hump-camel":
        return landscapes.SixHumpCamel(), None
    raise ValueError(f"There is no landscape {name!r}; choose one of {', '.join(NAMES)}.")


def _refuse_unused(name: str, **given: object) -> None:
    """An option that would be ignored silently is a mistake of the user's."""
    takes = {
        "xor": {"hidden"},
        "iris": {"hidden"},
        "csv": {"hidden", "table", "target"},
        "spin-glass": {"size", "coefficients"},
    }
    if name not in NAMES:
        return
    for option, value in given.items():
        if value is not None and option not in takes.get(name, set()):
            label = "a table" if option == "table" else f"--{option}"
            raise ValueError(f"The landscape {name} does not take {label}.")


def _layers(hidden: str) -> list[int]:
    try:
        return [int(part) for part in hidden.split(",")]
    except ValueError:
        raise ValueError(f"--hidden takes whole numbers such as 3 or 5,5, got {hidden!r}.") from None


def _spin_glass(size: int | None, order: int, coefficients: Path | None, disorder: int):
    import numpy as np

    from lossatlas.landscapes import SpinGlass, spin_glass

    if coefficients is None:
        return spin_glass(6 if size is None else size, order=order, seed=disorder)
    try:
        tensor = np.load(coefficients, allow_pickle=False)
    except FileNotFoundError:
        raise ValueError(f"There is no file {coefficients}.") from None
    except (ValueError, EOFError, OSError) as error:
        raise ValueError(f"{coefficients} is not an .npy array of numbers: {error}.") from None
    if not isinstance(tensor, np.ndarray):
        raise ValueError(f"{coefficients} holds several arrays; --coefficients takes one .npy array.")
    if size is not None and tensor.shape[:1] != (size,):
        raise ValueError(f"--size {size} does not fit {coefficients}, which has shape {tensor.shape}.")
    return SpinGlass(tensor)
