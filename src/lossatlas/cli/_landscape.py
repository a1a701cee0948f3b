"""Options that say which landscape is meant, shared by `explore` and `census`."""

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer


if TYPE_CHECKING:
    from lossatlas.landscapes import AbstractLandscape


NAMES = "xor, iris, csv, spin-glass, mueller-brown, six-hump-camel"

Name = Annotated[str, typer.Argument(metavar="LANDSCAPE", help=f"One of {NAMES}.")]
TablePath = Annotated[
    Path | None,
    typer.Argument(metavar="[TABLE.csv]", help="The table, for `csv`.", show_default=False),
]
Hidden = Annotated[
    str | None,
    typer.Option(help="Hidden nodes of a network, or of several layers: 5,5. (default: 2 for xor, else 3)"),
]
L2 = Annotated[
    float | None, typer.Option(help="L2 penalty lambda over all variables of a network. (default: 1e-3)")
]
Activation = Annotated[
    str | None, typer.Option(help="tanh, sigmoid, softplus, gelu or relu. (default: tanh)")
]
Target = Annotated[str | None, typer.Option(help="Column of the table to predict.")]
Task = Annotated[
    str | None, typer.Option(help="What the target is: auto, classes or number. (default: auto)")
]
Size = Annotated[int | None, typer.Option(help="Spins of a spin glass. (default: 6)")]
Order = Annotated[int | None, typer.Option(help="p of the p-spin glass. (default: 3)")]
Coefficients = Annotated[
    Path | None, typer.Option(metavar="FILE.npy", help="Spin-glass coefficients, shape (N, N, N).")
]
Disorder = Annotated[int | None, typer.Option(help="Seed of random spin-glass coefficients. (default: 0)")]
Memory = Annotated[
    str | None,
    typer.Option(help="What searches may use at once, such as 4G or 500M. (default: half of the memory)"),
]

NETWORK = {"hidden", "l2", "activation"}
TAKES = {
    "xor": NETWORK,
    "iris": NETWORK,
    "csv": NETWORK | {"table", "target", "task"},
    "spin-glass": {"size", "order", "coefficients", "disorder"},
    "mueller-brown": set(),
    "six-hump-camel": set(),
}


def limit_memory(text: str | None) -> None:
    """Set the memory budget of this process.

    **Raises:** `ValueError` for anything but a positive number of bytes, or of K, M, G or T of them.
    """
    if text is None:
        return
    match = re.fullmatch(r"\s*(\d+(?:\.\d*)?|\.\d+)\s*([kmgt]?)(?:i?b)?\s*", text.lower())
    size = float(match[1]) * 1024 ** " kmgt".index(match[2] or " ") if match else 0.0
    if not 1 <= size < 2**63:
        raise ValueError(f"--memory takes a positive size such as 4G or 500M, got {text!r}.")
    from lossatlas.searches import limit_memory as limit

    limit(int(size))


def build(name: str, **options: Any) -> "tuple[AbstractLandscape, str | None]":
    """Return the landscape of a command line, and a sentence on what was recognised in a table.

    **Raises:** `ValueError` for an unknown landscape, or an option that it would ignore.
    """
    if name not in TAKES:
        raise ValueError(f"There is no landscape {name!r}; choose one of {NAMES}.")
    given = {option: value for option, value in options.items() if value is not None}
    for option in given:
        if option not in TAKES[name]:
            label = "a table" if option == "table" else f"--{option}"
            raise ValueError(f"The landscape {name} does not take {label}.")
    from lossatlas import landscapes

    if name == "mueller-brown":
        return landscapes.MuellerBrown(), None
    if name == "six-hump-camel":
        return landscapes.SixHumpCamel(), None
    if name == "spin-glass":
        return _spin_glass(**given), None
    hidden = _layers(given.pop("hidden", "2" if name == "xor" else "3"))
    network = {"l2": given.pop("l2", 1e-3), "activation": given.pop("activation", "tanh")}
    if name == "xor":
        return landscapes.xor(hidden, **network), None
    from lossatlas.datasets import iris, load_table

    if name == "csv" and not {"table", "target"} <= given.keys():
        raise ValueError("`csv` needs a table and a target: explore csv TABLE.csv --target COLUMN.")
    data = iris() if name == "iris" else load_table(given.pop("table"), **given)
    perceptron = landscapes.Perceptron(
        data.inputs, data.targets, hidden=hidden, loss=data.loss, name=data.name, **network
    )
    return perceptron, str(data)


def _layers(hidden: str) -> list[int]:
    try:
        return [int(part) for part in hidden.split(",")]
    except ValueError:
        raise ValueError(f"--hidden takes whole numbers such as 3 or 5,5, got {hidden!r}.") from None


def _spin_glass(
    size: int | None = None, coefficients: Path | None = None, order: int = 3, disorder: int = 0
):
    import numpy as np

    from lossatlas.landscapes import SpinGlass, spin_glass

    if coefficients is None:
        return spin_glass(6 if size is None else size, order=order, seed=disorder)
    try:
        tensor = np.load(coefficients, allow_pickle=False)
    except FileNotFoundError:
        raise ValueError(f"There is no file {coefficients}.") from None
    except (ValueError, EOFError, OSError):
        raise ValueError(f"{coefficients} is not an .npy file that holds an array of numbers.") from None
    if not isinstance(tensor, np.ndarray):
        raise ValueError(f"{coefficients} holds several arrays; --coefficients takes one .npy array.")
    if size is not None and tensor.shape[:1] != (size,):
        raise ValueError(f"--size {size} does not fit {coefficients}, which has shape {tensor.shape}.")
    return SpinGlass(tensor)
