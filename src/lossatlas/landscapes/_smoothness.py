"""The smoothness of an energy, inferred from the program that computes it."""

import functools
from collections.abc import Sequence
from typing import Any, Literal, get_args

import jax
from jax.extend.core import Literal as Constant


Smoothness = Literal["smooth", "piecewise", "kinked"]
SMOOTHNESS: tuple[Smoothness, ...] = get_args(Smoothness)

# Primitives whose derivatives exist wherever their values and first derivatives are finite. At a kink of a
# root or a quotient the derivative is infinite or NaN, so no search takes the kink for a minimum. At the
# jump of `atan2`, where the angle is pi, derivatives are finite; so it is not among them.
_ANALYTIC = frozenset(
    "acos acosh add add_any asin asinh atan atanh bessel_i0e bessel_i1e broadcast_in_dim cbrt "
    "cholesky concatenate conv_general_dilated convert_element_type copy cos cosh cumlogsumexp "
    "cumprod cumsum custom_linear_solve digamma div dot_general dynamic_slice dynamic_update_slice "
    "erf erf_inv erfc exp exp2 expand_dims expm1 fft gather integer_pow iota lgamma log log1p "
    "logistic lu mul neg pad polygamma pow reduce_prod reduce_sum reshape rev rsqrt scatter "
    "scatter-add select_n sin sinh slice split sqrt square squeeze sub tan tanh transpose "
    "triangular_solve".split()
)
# Functions that are written with maxima or choices but are smooth, and define their own derivatives.
SMOOTH_RULES = frozenset({"logaddexp", "xlogy", "xlog1py", "_slogdet_lu", "silu", "log_sigmoid"})
# Operands that choose between values, such as indices: the energy may jump if they depend on the variables.
_CHOOSING = {"select_n": slice(0, 1), "gather": slice(1, None), "dynamic_slice": slice(1, None)}
_CHOOSING |= {"dynamic_update_slice": slice(2, None), "scatter": slice(1, 2), "scatter-add": slice(1, 2)}
_POSITIVE = frozenset({"exp", "exp2", "logistic", "cosh"})
_KEEP_SIGN = frozenset(
    "add broadcast_in_dim convert_element_type copy div mul reduce_prod reduce_sum".split()
)
_KEEP_SIGN |= {"reshape", "slice", "sqrt", "squeeze", "transpose"}

# A value does not depend on the variables, depends on them smoothly, or may depend on them with kinks.
_FIXED, _SMOOTH, _ROUGH = range(3)


def check_smoothness(value: Any) -> None:
    """Raise `ValueError` unless the value is one of the three words."""
    if value not in SMOOTHNESS:
        raise ValueError(f"`smooth` must be 'smooth', 'piecewise' or 'kinked', got {value!r}.")


def inferred_smoothness(landscape: Any) -> Smoothness:
    """Return `smooth` if the energy is computed by smooth operations alone, else `piecewise`.

    The program of the energy is read, not run. Maxima, minima, absolute values, roundings and choices that
    depend on the variables may cause kinks. A value under `stop_gradient` counts as constant, such as the
    largest exponent that `logsumexp` subtracts. The result is cached for landscapes of one form.
    """
    leaves, structure = jax.tree.flatten(landscape)
    return _inferred(structure, tuple(jax.typeof(leaf) for leaf in leaves), type(landscape))


@functools.lru_cache(maxsize=256)
def _inferred(structure: Any, leaves: tuple, kind: type) -> Smoothness:
    def energy(leaves: Sequence[Any], x: Any) -> Any:
        return jax.tree.unflatten(structure, leaves).surface_energy(x)

    dimension = jax.eval_shape(lambda *given: _start(structure, given), *leaves).shape
    program = jax.make_jaxpr(energy)(leaves, jax.ShapeDtypeStruct(dimension, float))
    inputs = [_FIXED] * len(leaves) + [_SMOOTH]
    return "smooth" if max(_flow(program.jaxpr, inputs, [False] * len(inputs))[0]) < _ROUGH else "piecewise"


def _start(structure: Any, leaves: Sequence[Any]) -> Any:
    return jax.tree.unflatten(structure, leaves).sample(jax.random.key(0))


def _flow(program: Any, inputs: Sequence[int], positive: Sequence[bool]) -> tuple[list[int], list[bool]]:
    """Return how each output of a program depends on the variables, and whether it is certainly positive.

    **Arguments:**

    - `program`: a `jax.extend.core.Jaxpr`.
    - `inputs`: how each input of the program depends on the variables.
    - `positive`: whether each input is certainly positive.
    """
    state = dict.fromkeys(program.constvars, (_FIXED, False))
    state |= dict(zip(program.invars, zip(inputs, positive)))

    def of(atom: Any) -> tuple[int, bool]:
        return (_FIXED, False) if isinstance(atom, Constant) else state[atom]

    for equation in program.eqns:
        given = [of(atom) for atom in equation.invars]
        kinds, signs = [kind for kind, _ in given], [sign for _, sign in given]
        outputs = _outputs(equation, kinds, signs)
        state |= dict(zip(equation.outvars, zip(*outputs)))
    found = [of(atom) for atom in program.outvars]
    return [kind for kind, _ in found], [sign for _, sign in found]


def _outputs(equation: Any, kinds: list[int], signs: list[bool]) -> tuple[list[int], list[bool]]:
    """Return how the outputs of one operation depend on the variables, and whether they are positive."""
    name, count = equation.primitive.name, len(equation.outvars)
    most = max(kinds, default=_FIXED)
    positive = name in _POSITIVE or (name in _KEEP_SIGN and bool(signs) and all(signs))
    if name == "stop_gradient" or most == _FIXED:
        return [_FIXED] * count, [positive] * count
    if most == _ROUGH:
        return [_ROUGH] * count, [positive] * count
    inner = inner_program(equation)
    if inner is not None:
        return _flow(inner[0], kinds, signs)
    if name == "scan":
        constants, carried = equation.params["num_consts"], equation.params["num_carry"]
        kinds = [_SMOOTH if constants <= i < constants + carried else kind for i, kind in enumerate(kinds)]
        return _flow(equation.params["jaxpr"].jaxpr, kinds, [False] * len(kinds))
    if name == "cond" and kinds[0] == _FIXED:
        branches = [_flow(branch.jaxpr, kinds[1:], signs[1:]) for branch in equation.params["branches"]]
        worst = [max(column) for column in zip(*(kind for kind, _ in branches))]
        return worst, [all(column) for column in zip(*(sign for _, sign in branches))]
    if name in ("custom_jvp_call", "custom_vjp_call"):
        program = equation.params["call_jaxpr"].jaxpr
        if str(program.debug_info.func_name) in SMOOTH_RULES:
            return [_SMOOTH] * count, [False] * count
        return _flow(program, kinds, signs)
    if name in ("abs", "sign") and all(signs):
        return [_SMOOTH] * count, [True] * count
    chosen = kinds[_CHOOSING[name]] if name in _CHOOSING else []
    smooth = name in _ANALYTIC and max(chosen, default=_FIXED) == _FIXED
    return [_SMOOTH if smooth else _ROUGH] * count, [positive] * count


def inner_program(equation: Any) -> tuple[Any, Any] | None:
    """Return program and constants of what an operation calls if it does nothing but call it once."""
    if equation.primitive.name in ("jit", "pjit", "closed_call", "core_call", "remat", "checkpoint"):
        program = equation.params.get("jaxpr", equation.params.get("call_jaxpr"))
        return getattr(program, "jaxpr", program), getattr(program, "consts", ())
    return None
