"""Six shipped regression data sets."""

from ._data_set import DataSet
from ._encoder import Encoder, Number, Scale
from ._shipped import shipped


SOURCES = {
    "boston": "Harrison & Rubinfeld, J. Environ. Econ. Manag. 5, 81 (1978)",
    "concrete": "Yeh, Cem. Concr. Res. 28, 1797 (1998)",
    "energy": "Tsanas & Xifara, Energy Build. 49, 560 (2012)",
    "power": "Tüfekci, Int. J. Electr. Power Energy Syst. 60, 126 (2014)",
    "wine_red": "Cortez et al., Decis. Support Syst. 47, 547 (2009)",
    "yacht": "Gerritsma, Onnink & Versluis, Int. Shipbuild. Prog. 28, 276 (1981)",
}


def regression(name: str) -> DataSet:
    """Return one of six regression data sets, with standardised inputs and targets.

    | name | items | inputs | predicted |
    | --- | --- | --- | --- |
    | `boston` | 506 | 13 | price of homes in a district |
    | `concrete` | 1030 | 8 | compressive strength |
    | `energy` | 768 | 8 | heating load (of its two targets; the cooling load is left out) |
    | `power` | 9568 | 4 | electric power of a plant |
    | `wine_red` | 1599 | 11 | quality as tasted, a whole number from 3 to 8 |
    | `yacht` | 308 | 6 | residuary resistance of the hull |

    **Arguments:**

    - `name`: one of the names in the table.

    **Returns:** `DataSet`.

    **Raises:** `ValueError` for another name.

    Source: the UCI Machine Learning Repository, for `boston` StatLib; `DataSet.source` cites the papers.
    """
    if not isinstance(name, str) or name not in SOURCES:
        raise ValueError(f"`name` must be one of {', '.join(SOURCES)}, got {name!r}.")
    inputs, targets, columns, target = shipped(name, "inputs", "targets", "columns", "target")
    step = Scale(inputs.mean(axis=0), inputs.std(axis=0), tuple(range(inputs.shape[1])))
    used = tuple(Number(str(column)) for column in columns)
    return DataSet(
        name=name,
        inputs=step(inputs),
        targets=(targets - targets.mean()) / targets.std(),
        classes=None,
        columns=tuple(columns.tolist()),
        target=str(target),
        source=SOURCES[name],
        note="left out, a second target: cooling_load" if name == "energy" else "",
        standardised=True,
        encoder=Encoder(used, (step,), float(targets.mean()), float(targets.std())),
    )
