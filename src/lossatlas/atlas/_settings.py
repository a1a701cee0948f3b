"""Settings of an atlas: the fingerprint of its landscape, and when two points are the same."""

import dataclasses
import json
import math
import reprlib
from pathlib import Path
from typing import Any

from ._errors import AtlasError, damaged
from ._software import now, software_versions


ENERGY_TOL = 1e-9
DISTANCE_TOL = 1e-5
IMPORTED = "pathsample import"  # the `kind` in the fingerprint of an import


@dataclasses.dataclass(frozen=True)
class Wanted:
    """The settings that the caller of `Atlas` asks for; None where the stored setting is to be used.

    - `fingerprint`: fingerprint of the landscape, a flat JSON-able dictionary.
    - `dimension`: number of variables.
    - `modes`: number of variables less that of zero modes, if known.
    - `symmetry_order`: number of elements of the symmetry group, if known.
    - `identity`: `distance` or `energy`.
    - `energy_tol`, `distance_tol`: relative tolerances, dimensionless.
    """

    fingerprint: dict[str, Any] | None
    dimension: int
    modes: int | None
    symmetry_order: int | None
    identity: str | None
    energy_tol: float | None
    distance_tol: float | None


@dataclasses.dataclass(frozen=True)
class Stored:
    """The settings stored in an atlas; fields as in `Wanted`, with `dimension` 0 without coordinates."""

    fingerprint: dict[str, Any]
    dimension: int
    modes: int | None
    symmetry_order: int | None
    identity: str
    energy_tol: float
    distance_tol: float

    def compare(self, wanted: Wanted, path: Path) -> None:
        """Raise `AtlasError` if the stored settings are not those asked for; it names every difference."""
        if wanted.fingerprint is not None:
            self._compare_landscape(wanted.fingerprint, path)
        for name in ("identity", "energy_tol", "distance_tol"):
            mine, other = getattr(self, name), getattr(wanted, name)
            if other is not None and mine != other:
                raise AtlasError(
                    f"{path} was made with {name} = {mine}, not {other}; "
                    "use what it was made with, or another file."
                )

    def _compare_landscape(self, wanted: dict[str, Any], path: Path) -> None:
        if self.fingerprint.get("kind") == IMPORTED:
            if self.dimension == 0:
                raise AtlasError("An atlas without coordinates can be analysed, not extended.")
            raise AtlasError(
                f"{path} was imported, so its landscape is not known: it can be analysed, not extended."
            )
        differences = [
            f"{key} is {_show(self.fingerprint, key)} in the file and {_show(wanted, key)} now"
            for key in dict.fromkeys([*self.fingerprint, *wanted])
            if _show(self.fingerprint, key) != _show(wanted, key)
        ]
        if differences:
            raise AtlasError(f"{path} is an atlas of another landscape: {'; '.join(differences)}.")


def wanted_settings(
    landscape: Any, identity: str | None, energy_tol: float | None, distance_tol: float | None
) -> Wanted:
    """Check and collect the settings that the caller of `Atlas` asks for.

    **Raises:** `ValueError` that names the argument that is wrong.
    """
    if identity not in (None, "distance", "energy"):
        raise ValueError(f"`identity` must be 'distance' or 'energy', got {identity!r}.")
    for name, value in (("energy_tol", energy_tol), ("distance_tol", distance_tol)):
        if value is not None and not (math.isfinite(value) and value >= 0):
            raise ValueError(f"`{name}` must be finite and not negative, got {value}.")
    if landscape is None:
        return Wanted(None, 0, None, None, identity, energy_tol, distance_tol)
    if not all(hasattr(landscape, name) for name in ("fingerprint", "dimension", "symmetry")):
        raise ValueError(
            f"`landscape` must be the landscape of the atlas, or None, got {reprlib.repr(landscape)}."
        )
    # Converted to JSON and back, so that tuples compare equal to the lists read from the file.
    fingerprint = json.loads(json.dumps(landscape.fingerprint()))
    order = getattr(landscape.symmetry, "order", None)
    dimension, modes = int(landscape.dimension), getattr(landscape, "modes", None)
    return Wanted(fingerprint, dimension, modes, order, identity, energy_tol, distance_tol)


def new_meta(settings: Wanted) -> dict[str, str]:
    """Return the rows of the table `meta` for a new atlas, JSON texts by key."""
    meta = {
        "landscape": settings.fingerprint,
        "dimension": settings.dimension,
        "modes": settings.modes,
        # Group orders such as 2^h h! are too large for the integers of many JSON readers.
        "symmetry_order": None if settings.symmetry_order is None else str(settings.symmetry_order),
        "identity": settings.identity or "distance",
        "energy_tol": ENERGY_TOL if settings.energy_tol is None else settings.energy_tol,
        "distance_tol": DISTANCE_TOL if settings.distance_tol is None else settings.distance_tol,
        "software": software_versions(),
        "created": now(),
    }
    return {key: json.dumps(value) for key, value in meta.items()}


def settings_of(meta: dict[str, Any], path: Path) -> Stored:
    """Return the settings stored in an atlas.

    **Arguments:**

    - `meta`: values of the table `meta` by key.
    - `path`: path of the atlas, for the message.

    **Raises:** `AtlasError` if a setting is missing or invalid, as in a damaged file of an older schema.
    """
    try:
        order = meta["symmetry_order"]
        stored = Stored(
            fingerprint=meta["landscape"],
            dimension=meta["dimension"],
            modes=meta.get("modes"),  # older files lack it
            symmetry_order=None if order is None else int(order),
            identity=meta["identity"],
            energy_tol=float(meta["energy_tol"]),
            distance_tol=float(meta["distance_tol"]),
        )
        if isinstance(stored.fingerprint, dict) and stored.identity in ("distance", "energy"):
            return stored
    except (KeyError, TypeError, ValueError):
        pass
    raise damaged(path, "its settings of the landscape make no sense")


def _show(fingerprint: dict[str, Any], key: str) -> str:
    return json.dumps(fingerprint[key]) if key in fingerprint else "absent"
