"""Data sets on which models are trained or evaluated: inputs, targets and their description."""

import dataclasses
from collections.abc import Iterable
from typing import Any

import numpy as np
from jaxtyping import Bool, Float, Shaped

from lossatlas._checks import as_numbers, check_flag, check_is, check_seed, check_whole

from ._encoder import Encoder, Scale
from ._parts import fold_rows, two_parts
from ._raw_table import RawTable
from ._standardise import left_out, spreads


@dataclasses.dataclass(frozen=True, eq=False)
class DataSet:
    """Inputs and targets for training or testing a model, such as a perceptron.

    - `name`: name of the data set in tables and pictures.
    - `inputs`: shape (items, inputs), dimensionless unless `note` says otherwise.
    - `targets`: class number of each item, or number to predict for each item, shape (items,); several
        numbers to predict for each item, shape (items, targets).
    - `classes`: names of the classes in the order of their numbers; None for a number to predict.
    - `columns`: names of the inputs.
    - `target`: name of the quantity that is predicted; of several, a tuple with the name of each.
    - `source`: origin of the data.
    - `note`: one clause that says how the data were changed or what was left out.
    - `standardised`: whether the inputs (and each number to predict) have mean 0 and standard deviation 1;
        in a test part, mean and standard deviation are those of the training part.
    - `clean_targets`: class numbers before mislabelling, shape (items,); None without mislabelling.
    - `weights`: weight of each item in a loss, shape (items,), not negative; None for equal weights.
    - `encoder`: how rows of the raw table become inputs; None if inputs are given as they are.
    - `raw`: the rows of the raw table, kept only if missing values are filled in, so that a training part
        fills them by its own rows.

    **Raises:** `ValueError` for arrays that do not fit together, values that are not finite, class numbers
    out of range, several targets that are classes or have one name, and negative weights.
    """

    name: str
    inputs: Float[np.ndarray, "items inputs"]
    targets: Shaped[np.ndarray, "items *targets"]
    classes: tuple[str, ...] | None
    columns: tuple[str, ...]
    target: str | tuple[str, ...]
    source: str
    note: str = ""
    standardised: bool = False
    clean_targets: Shaped[np.ndarray, " items"] | None = None
    weights: Float[np.ndarray, " items"] | None = None
    encoder: Encoder | None = None
    raw: RawTable | None = None

    def __post_init__(self):
        """Check that all fields fit together."""
        for what in ("inputs", "targets", "clean_targets", "weights"):
            given = getattr(self, what)
            if given is not None and not isinstance(given, np.ndarray):
                # Class numbers are whole numbers still.
                whole = what in ("targets", "clean_targets") and np.asarray(given).dtype.kind in "iu"
                taken = np.asarray(given) if whole else as_numbers(what, given)
                object.__setattr__(self, what, taken)
        if self.inputs.ndim != 2 or self.inputs.shape[1] != len(self.columns):
            raise ValueError(
                f"{self.name}: `inputs` must have shape (items, {len(self.columns)}) for as many columns, "
                f"got {self.inputs.shape}."
            )
        self._check_target()
        per_item = {"targets": self.targets}
        if self.clean_targets is not None:
            per_item["clean_targets"] = self.clean_targets
        weights = {} if self.weights is None else {"weights": self.weights}
        for what, values in (per_item | weights).items():
            several = self.targets.shape[1:] if what == "targets" else ()
            if values.shape != (len(self.inputs), *several):
                raise ValueError(
                    f"{self.name}: `{what}` must have {len(self.inputs)} items like `inputs`, "
                    f"got {values.shape}."
                )
        for what, values in {"inputs": self.inputs, **per_item, **weights}.items():
            if values.dtype.kind not in "iuf" or not np.all(np.isfinite(values)):
                raise ValueError(f"{self.name}: `{what}` holds values that are not finite numbers.")
        if self.classes is not None:
            for values in per_item.values():
                check_labels(values, len(self.classes), self.name)
        elif self.clean_targets is not None:
            raise ValueError(f"{self.name}: a number to predict has no `clean_targets`.")
        if self.weights is not None and np.any(self.weights < 0):
            item = int(np.argmax(self.weights < 0))
            raise ValueError(
                f"{self.name}: `weights` must not be negative, but item {item} has {self.weights[item]}."
            )

    def _check_target(self) -> None:
        """Check that each target has a name of its own, and that several are numbers."""
        if not isinstance(self.target, str):
            check_is("target", self.target, Iterable, "the name of what is predicted, or a list of names")
            names = tuple(self.target)
            object.__setattr__(self, "target", names[0] if len(names) == 1 else names)
        names, shape = self.target_names, self.targets.shape
        several = () if isinstance(self.target, str) else (len(names),)
        worded = all(isinstance(name, str) for name in names)
        if not worded or shape[1:] != several or several == (0,):
            raise ValueError(
                f"{self.name}: `target` must be one name for targets of shape (items,), or a name for each "
                f"of several columns of targets; got {self.target!r} for targets of shape {shape}."
            )
        if len(set(names)) < len(names):
            raise ValueError(f"{self.name}: every target needs a name of its own, got {', '.join(names)}.")
        if several and self.classes is not None:
            raise ValueError(
                f"{self.name}: several targets must be numbers; classes are predicted for one target only."
            )

    @property
    def target_names(self) -> tuple[str, ...]:
        """Names of the quantities that are predicted, also where it is a single one."""
        return (self.target,) if isinstance(self.target, str) else self.target

    @property
    def loss(self) -> str:
        """Name of the loss that suits the data: `cross_entropy` for classes, else `squared_error`."""
        return "squared_error" if self.classes is None else "cross_entropy"

    @property
    def mislabelled(self) -> Bool[np.ndarray, " items"]:
        """Whether each item has a wrong label, shape (items,)."""
        if self.clean_targets is None:
            return np.zeros(len(self), dtype=bool)
        return self.targets != self.clean_targets

    @property
    def missing_classes(self) -> tuple[str, ...]:
        """Names of the classes that no item has, such as those whose items all went to the test part."""
        if self.classes is None:
            return ()
        present = set(self.targets.tolist())
        return tuple(name for number, name in enumerate(self.classes) if number not in present)

    def split(
        self, training: int | float, *, seed: int | None = None, stratified: bool = False
    ) -> tuple["DataSet", "DataSet"]:
        """Return a training part, and the remaining items as a test part.

        Standardised data are standardised again with mean and standard deviation of the training part, and
        missing values are filled in by it, so that the training part contains no information on the test
        part. Columns that are constant in the training part are left out of both.

        **Arguments:**

        - `training`: number of training items or, as a float, their fraction of all items.
        - `seed`: seed of `numpy.random.default_rng`, by which items are shuffled first; None keeps their
            order.
        - `stratified`: whether both parts have the classes in the proportions of the whole, to within one
            item; without an effect on a number to predict.

        **Returns:** the training part and the test part.

        **Raises:** `ValueError` if a part would be empty, if no input (or the number to predict) varies in
        the training part, or if items are mislabelled: only training data should be.
        """
        count = self._training_items(training)
        rows = two_parts(len(self), count, seed, self._labels(stratified))
        shuffled = "" if seed is None else f", shuffled with seed {seed}"
        first, rest, _ = self._parts(rows, shuffled, "test")
        return first, rest

    def hold_out(
        self,
        validation: float,
        *,
        seed: int = 0,
        test: "DataSet | None" = None,
        stratified: bool = False,
    ) -> tuple["DataSet", "DataSet", "DataSet | None"]:
        """Return a training part, a validation part to choose between models, and the test data.

        Standardised data, those of the test too, are standardised again by the training part.

        **Arguments:**

        - `validation`: fraction of the items that is held out, above 0 and below 1.
        - `seed`: seed of `numpy.random.default_rng`, by which items are shuffled first.
        - `test`: test data in the scale of this data set, or None.
        - `stratified`: as in `split`.

        **Raises:** `ValueError` as `split`.
        """
        if not _is_number(validation) or not 0 < validation < 1:
            raise ValueError(f"`validation` must be a fraction above 0 and below 1, got {validation!r}.")
        count = self._training_items(len(self) - round(validation * len(self)))
        rows = two_parts(len(self), count, check_seed(seed), self._labels(stratified))
        return self._parts(rows, f", shuffled with seed {seed}", "validation", test)

    def fold(
        self, fold: int, folds: int, *, seed: int = 0, test: "DataSet | None" = None
    ) -> tuple["DataSet", "DataSet", "DataSet | None"]:
        """Return the parts of one step of a cross-validation: the items outside a fold, and those in it.

        Every item is in one fold. The sizes of folds differ by at most one item, and so do the numbers of
        items of each class in them. The parts are standardised as by `hold_out`.

        **Arguments:**

        - `fold`: which fold is the validation part, 0 to folds - 1.
        - `folds`: number of folds, from 2 to the number of items.
        - `seed`: seed of `numpy.random.default_rng`, by which items are shuffled first.
        - `test`: test data in the scale of this data set, or None.

        **Returns:** the training part, the validation part and the test data.

        **Raises:** `ValueError` for another number of folds, a fold that does not exist, and as `split`.
        """
        folds = check_whole("folds", folds, least=2)
        fold = check_whole("fold", fold, least=0)
        if folds > len(self):
            raise ValueError(f"`folds` must be at most the number of items, {len(self)}, got {folds}.")
        if fold >= folds:
            raise ValueError(f"`fold` must be 0 to {folds - 1} for {folds} folds, got {fold}.")
        rows = fold_rows(len(self), fold, folds, seed, self._labels(True))
        return self._parts(rows, f", fold {fold} of {folds}, seed {seed}", "validation", test)

    def _parts(
        self, rows: tuple[np.ndarray, np.ndarray], said: str, rest: str, test: "DataSet | None" = None
    ) -> tuple["DataSet", "DataSet", "DataSet | None"]:
        """Return the two parts, and test data, in the scale of the first, with notes on which they are."""
        if self.mislabelled.any():
            raise ValueError(f"{self.name} is mislabelled already: split it first, test data stay clean.")
        parts = [self[rows[0]], self[rows[1]], *([] if test is None else [test])]
        if self.standardised:
            parts = [*_measured_by_first(*parts)]
        for place, part in enumerate(("training", rest)):
            clause = f"{part} part, {len(rows[place])} of {len(self)} items{said}"
            parts[place] = parts[place]._noted(clause)
        return parts[0], parts[1], parts[2] if test is not None else None

    def _labels(self, stratified: bool) -> np.ndarray | None:
        """Return the class numbers if parts are to have the classes in equal proportions."""
        return self.targets if check_flag("stratified", stratified) and self.classes is not None else None

    def mislabel(self, fraction: float, *, seed: int = 0) -> "DataSet":
        """Return the data with wrong labels for some items, each drawn uniformly from the other classes.

        Exactly `round(fraction * items)` items are chosen at random. With the same seed, a larger fraction
        mislabels the same items in the same way, and further ones.

        **Arguments:**

        - `fraction`: fraction of the items to mislabel, 0 to 1.
        - `seed`: seed of `numpy.random.default_rng`.

        **Returns:** the data set, with the original labels as `clean_targets`.

        **Raises:** `ValueError` for a number to predict, a single class, another fraction, or data that
        are mislabelled already.

        Source: Chitturi, Verpoort, Lee & Wales, Mach. Learn.: Sci. Technol. 1, 023002 (2020),
        doi:10.1088/2632-2153/ab7aef.
        """
        if self.classes is None:
            raise ValueError(f"{self.name} has a number to predict; only classes can be mislabelled.")
        if len(self.classes) < 2:
            raise ValueError(f"{self.name} has one class only; there is no other to mislabel items with.")
        if self.mislabelled.any():
            raise ValueError(f"{self.name} is mislabelled already; start from the clean data.")
        if not _is_number(fraction) or not 0 <= fraction <= 1:
            raise ValueError(f"`fraction` must be a number from 0 to 1, got {fraction!r}.")
        rng = np.random.default_rng(check_seed(seed))
        # Random numbers are drawn for all items, whatever the fraction, so that the sets are nested.
        chosen = rng.permutation(len(self))[: round(fraction * len(self))]
        shifts = rng.integers(1, len(self.classes), len(self))
        targets = self.targets.copy()
        targets[chosen] = (self.targets[chosen].astype(np.int64) + shifts[chosen]) % len(self.classes)
        return dataclasses.replace(self, targets=targets, clean_targets=self.targets)

    def __len__(self) -> int:
        """Return the number of items."""
        return len(self.targets)

    def __getitem__(self, rows: Any) -> "DataSet":
        """Return the items selected by a mask, slice or index array; inputs are not standardised again."""
        names = ("inputs", "targets", "clean_targets", "weights")
        arrays = {name: getattr(self, name) for name in names}
        try:
            kept = {name: array[rows] for name, array in arrays.items() if array is not None}
        except IndexError:
            raise ValueError(
                f"Items of {self.name} are selected by a mask, a slice or positions from 0 to "
                f"{len(self) - 1}, got {rows!r}."
            ) from None
        if self.raw is not None:
            kept["raw"] = self.raw.where(np.arange(len(self))[rows])
        return dataclasses.replace(self, **kept)

    def __str__(self) -> str:
        """Return a sentence with the shape, the classes, the note and the source."""
        if self.classes is None:
            what = f"{self.target}, a number"
            if not isinstance(self.target, str):
                what = f"{len(self.target)} numbers ({_listed(self.target)})"
        else:
            what = f"{len(self.classes)} classes of {self.target} ({_listed(self.classes)})"
        said = f"{self.name}: {len(self)} items, {len(self.columns)} inputs"
        said += f" (standardised), predicting {what}" if self.standardised else f", predicting {what}"
        missing = self.missing_classes
        if missing:
            said += f"; no item of class{'es' if len(missing) > 1 else ''} {_listed(missing)}"
        wrong = int(self.mislabelled.sum())
        said += f"; {wrong} of the items mislabelled" if wrong else ""
        said += f"; {self.note}" if self.note else ""
        return f"{said}. Source: {self.source}" if self.source else said

    def _training_items(self, training: int | float) -> int:
        if not _is_number(training):
            raise ValueError(
                f"`training` must be a number of items or a fraction of them, got {training!r}."
            )
        if isinstance(training, int | np.integer):
            count = int(training)
        elif 0 <= training <= 1:
            count = round(float(training) * len(self))
        else:
            raise ValueError(f"`training` as a fraction must be 0 to 1, got {training!r}.")
        if count < 1:
            raise ValueError(f"`training` = {training!r} of {len(self)} items leaves no training items.")
        if count >= len(self):
            raise ValueError(f"`training` = {training!r} of {len(self)} items leaves no test items.")
        return count

    def _noted(self, clause: str) -> "DataSet":
        return dataclasses.replace(self, note="; ".join(part for part in (self.note, clause) if part))


def check_labels(targets: np.ndarray, classes: int, name: str) -> None:
    """Check that class numbers are 0 to classes - 1.

    **Raises:** `ValueError` that names the first wrong number.
    """
    if targets.dtype.kind not in "iu":
        raise ValueError(f"{name}: class numbers must be whole numbers, got {targets.dtype}.")
    wrong = np.flatnonzero((targets < 0) | (targets >= classes))
    if len(wrong):
        raise ValueError(
            f"{name}: class numbers must be 0 to {classes - 1}, "
            f"but item {wrong[0]} has {targets[wrong[0]]}."
        )


def _measured_by_first(first: DataSet, *others: DataSet) -> tuple[DataSet, ...]:
    """Standardise all parts with the mean and the standard deviation of the first."""
    first, *rest = _filled_by_first(first, *others)
    spread, varies = spreads(first.inputs)
    if not varies.any():
        raise ValueError(
            f"Every input of {first.name} is constant in the training part of {len(first)} items."
        )
    mean = first.inputs.mean(axis=0)
    shift, scale = 0.0, 1.0
    if first.classes is None:
        scale, changes = spreads(first.targets.reshape(len(first), -1))
        if not changes.all():
            name = first.target_names[int(np.argmin(changes))]
            raise ValueError(
                f"{name} of {first.name} is constant in the training part of {len(first)} items."
            )
        shift, scale = first.targets.mean(axis=0), scale.reshape(first.targets.shape[1:])
    step = Scale(mean, spread, tuple(np.flatnonzero(varies).tolist()))
    encoder = first.encoder
    if encoder is not None:
        encoder = dataclasses.replace(
            encoder.then(step),
            target_shift=encoder.target_shift + encoder.target_scale * shift,
            target_scale=encoder.target_scale * scale,
        )
    parts = [
        dataclasses.replace(
            part,
            inputs=step(part.inputs),
            targets=part.targets if part.classes is not None else (part.targets - shift) / scale,
            encoder=encoder,
            columns=tuple(name for name, kept in zip(part.columns, varies) if kept),
        )
        for part in (first, *rest)
    ]
    out = left_out(first.columns, varies, " in the training part")
    return tuple(part._noted(out) if out else part for part in parts)


def _filled_by_first(*parts: DataSet) -> list[DataSet]:
    """Fill missing values of all parts in by the rows of the first."""
    raw, encoder = parts[0].raw, parts[0].encoder
    if raw is None or encoder is None:
        return [*parts]
    encoder = dataclasses.replace(encoder, columns=tuple(c.filled_by(raw) for c in encoder.columns))
    return [
        part
        if part.raw is None
        else dataclasses.replace(part, inputs=encoder.encode(part.raw), encoder=encoder)
        for part in parts
    ]


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float | np.integer | np.floating) and not isinstance(value, bool)


def _listed(classes: tuple[str, ...]) -> str:
    return ", ".join(classes if len(classes) <= 12 else (*classes[:11], "..."))
