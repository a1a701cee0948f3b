"""Landscapes: an energy with its random starts, symmetry and geometry."""

from lossatlas import _float64 as _float64
from lossatlas._suggestions import suggest_arguments as _suggest_arguments

from ._atoms import Triatomic as Triatomic
from ._box import Box as Box
from ._box import WithinFaces as WithinFaces
from ._check_landscape import check_images as check_images
from ._check_landscape import check_landscape as check_landscape
from ._dimensionless import dimensionless as dimensionless
from ._geometry import AbstractGeometry as AbstractGeometry
from ._geometry import Euclidean as Euclidean
from ._geometry import Gauge as Gauge
from ._geometry import ProductOfSpheres as ProductOfSpheres
from ._geometry import Sphere as Sphere
from ._identity import KnownPoints as KnownPoints
from ._landscape import AbstractLandscape as AbstractLandscape
from ._landscape import check_kind as check_kind
from ._landscape import data_hash as data_hash
from ._model import AbstractModel as AbstractModel
from ._model import check_model as check_model
from ._neighbour_mask import neighbour_mask as neighbour_mask
from ._node_symmetry import NodeSymmetry as NodeSymmetry
from ._nonlinear_regression import NonlinearRegression as NonlinearRegression
from ._nonlinear_regression import nonlinear_regression as nonlinear_regression
from ._partite_spin_glass import PartiteSpinGlass as PartiteSpinGlass
from ._partite_spin_glass import partite_spin_glass as partite_spin_glass
from ._perceptron import Perceptron as Perceptron
from ._perceptron import xor as xor
from ._periodic import PeriodicSymmetry as PeriodicSymmetry
from ._smoothness import Smoothness as Smoothness
from ._spin_glass import SpinGlass as SpinGlass
from ._spin_glass import spin_glass as spin_glass
from ._surfaces import DoubleWells as DoubleWells
from ._surfaces import MuellerBrown as MuellerBrown
from ._surfaces import SixHumpCamel as SixHumpCamel
from ._switches import switches as switches
from ._symmetry import AbstractSymmetry as AbstractSymmetry
from ._symmetry import Alignment as Alignment
from ._symmetry import FiniteSymmetry as FiniteSymmetry
from ._symmetry import NoSymmetry as NoSymmetry
from ._symmetry import even_signs as even_signs
from ._symmetry import sign_symmetry as sign_symmetry
from ._units import Units as Units
from ._user import Loss as Loss


_suggest_arguments(globals())
