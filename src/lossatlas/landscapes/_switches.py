"""The switches of an energy: the values whose sign decides which piece of a loss with kinks applies.

Griewank & Walther 2016 call them switching variables: doi:10.1080/10556788.2016.1189549.
"""

from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
from jax.extend.core import Literal as Constant
from jaxtyping import Float

from lossatlas._types import Array, Point

from ._smoothness import SMOOTH_RULES, inner_program


Switches = Float[Array, "switches"]

_COMPARED = frozenset({"max", "min", "lt", "le", "gt", "ge"})
# Calls of other frameworks cannot be read, and what follows from these operations cannot be differentiated
# forwards or backwards, as finding a surface needs.
_OPAQUE = frozenset({"pure_callback", "io_callback", "custom_partitioning", "ffi_call", "while"})
_OPAQUE |= {"custom_vjp_call", "custom_vjp_call_jaxpr"}


class _Unreadable(Exception):
    """The switches of the program cannot be read, or not be differentiated."""


def switches(energy: Callable[[Point], Any], x: Point) -> Switches:
    """Return every value in the program of an energy at whose zero the energy may have a kink.

    These are the arguments of absolute values and signs, the differences of two values that are compared or
    of which the larger or smaller is taken, and the differences of neighbours in what is sorted. Switches
    within branches are left out. The result has no elements if the program calls another framework, has a
    loop of unknown length, or a function with its own rule for reverse derivatives.

    **Arguments:**

    - `energy`: a traceable function of a point.
    - `x`: the point, shape (dim,).
    """
    program = jax.make_jaxpr(energy)(x)
    try:
        found = _evaluate(program.jaxpr, program.consts, [x], [True])[1]
    except _Unreadable:
        found = []
    return _joined(found)


def _joined(found: Sequence[Any]) -> Switches:
    return jnp.concatenate([jnp.zeros(0), *(jnp.ravel(values) for values in found)])


def _evaluate(
    program: Any, constants: Sequence[Any], inputs: Sequence[Any], varies: Sequence[bool]
) -> tuple[list[Any], list[Any], list[bool]]:
    """Run a program; return its outputs, the switches met, and which outputs depend on the variables."""
    state = dict(zip(program.constvars, ((value, False) for value in constants)))
    state |= dict(zip(program.invars, zip(inputs, varies)))
    found: list[Any] = []

    def of(atom: Any) -> tuple[Any, bool]:
        return (atom.val, False) if isinstance(atom, Constant) else state[atom]

    for equation in program.eqns:
        values, depends = zip(*map(of, equation.invars)) if equation.invars else ((), ())
        if any(depends):
            outputs, met, changed = _step(equation, values, depends)
            found.extend(met)
        else:
            outputs, changed = _bound(equation, values), [False] * len(equation.outvars)
        state |= dict(zip(equation.outvars, zip(outputs, changed)))
    ends = [of(atom) for atom in program.outvars]
    return [value for value, _ in ends], found, [changed for _, changed in ends]


def _bound(equation: Any, values: Sequence[Any]) -> list[Any]:
    parameters, functions = equation.primitive.get_bind_params(equation.params), ()
    if not isinstance(parameters, dict):  # before JAX 0.10
        functions, parameters = parameters
    outputs = equation.primitive.bind(*functions, *values, **parameters)
    return list(outputs) if equation.primitive.multiple_results else [outputs]


def _step(equation: Any, values: Sequence[Any], depends: Sequence[bool]) -> tuple[list, list, list[bool]]:
    """Run one operation whose inputs depend on the variables, as `_evaluate` runs a program."""
    name, count = equation.primitive.name, len(equation.outvars)
    if name in _OPAQUE:
        raise _Unreadable
    if name == "stop_gradient":
        return _bound(equation, values), [], [False] * count
    inner = inner_program(equation)
    if inner is not None:
        return _evaluate(*inner, values, depends)
    if name == "scan":
        return _scan(equation, values, depends)
    if name == "custom_jvp_call":
        program = equation.params["call_jaxpr"]
        if str(program.jaxpr.debug_info.func_name) not in SMOOTH_RULES:
            return _evaluate(program.jaxpr, program.consts, values, depends)
    real = all(jnp.issubdtype(jnp.result_type(value), jnp.floating) for value in values)
    met = _of_operation(name, equation.params, values) if real else []
    return _bound(equation, values), met, [True] * count


def _of_operation(name: str, parameters: dict[str, Any], values: Sequence[Any]) -> list[Any]:
    """Return the switches of one operation on real numbers."""
    first = values[0]
    if name in ("abs", "sign"):
        return [first]
    if name in _COMPARED:
        return [first - values[1]]
    if name == "clamp":
        return [values[1] - first, values[1] - values[2]]
    if name in ("reduce_max", "reduce_min", "argmax", "argmin"):
        # The gap between the extreme value and the next one, and not the value's difference from itself.
        sign = 1.0 if name in ("reduce_max", "argmax") else -1.0
        axes = parameters["axes"]
        moved = jnp.moveaxis(sign * first, axes, range(len(axes)))
        rows = jnp.reshape(moved, (-1, *moved.shape[len(axes) :]))
        return [_neighbours(rows, axis=0)[-1:]]
    if name in ("cummax", "cummin"):
        return [_neighbours(first, axis=parameters["axis"])]
    if name == "sort":
        return [_neighbours(first, axis=parameters["dimension"])]
    if name in ("top_k", "approx_top_k"):
        return [_neighbours(first, axis=-1)]
    return []


def _neighbours(values: Any, axis: int) -> Any:
    return jnp.diff(jnp.sort(values, axis=axis), axis=axis)


def _scan(equation: Any, values: Sequence[Any], depends: Sequence[bool]) -> tuple[list, list, list[bool]]:
    """Run a loop of known length; every turn adds the switches that it meets."""
    parameters = equation.params
    fixed, carried = parameters["num_consts"], parameters["num_carry"]
    body = parameters["jaxpr"]
    varies = [moving or fixed <= i < fixed + carried for i, moving in enumerate(depends)]

    def turn(carry: Any, inputs: Any) -> tuple[Any, Any]:
        outputs, met, _ = _evaluate(body.jaxpr, body.consts, [*values[:fixed], *carry, *inputs], varies)
        return outputs[:carried], (outputs[carried:], _joined(met))

    last, (stacked, met) = jax.lax.scan(
        turn,
        list(values[fixed : fixed + carried]),
        list(values[fixed + carried :]),
        length=parameters["length"],
        reverse=parameters["reverse"],
    )
    outputs = [*last, *stacked]
    return outputs, [met], [True] * len(outputs)
