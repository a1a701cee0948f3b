"""The spectrum of the Hessian, and steps in its eigenbasis to stationary points of any index."""

from ._abstract_stationary_search import NEWTON as NEWTON
from ._abstract_stationary_search import AbstractStationarySearch as AbstractStationarySearch
from ._abstract_stationary_search import AbstractVerifier as AbstractVerifier
from ._abstract_stationary_search import Approached as Approached
from ._abstract_stationary_search import lanes_of as lanes_of
from ._across_switches import across_switches as across_switches
from ._eigenvector_following import EigenvectorFollowing as EigenvectorFollowing
from ._kink_test import refuse_kinks as refuse_kinks
from ._lanczos import lowest_eigenpair as lowest_eigenpair
from ._lanczos import lowest_eigenpairs as lowest_eigenpairs
from ._newton_krylov import NewtonKrylov as NewtonKrylov
from ._spectrum import count_negative as count_negative
from ._spectrum import count_zero as count_zero
from ._spectrum import gradient_tolerance as gradient_tolerance
from ._spectrum import log_product as log_product
from ._spectrum import projected as projected
from ._spectrum import spectrum as spectrum
from ._spectrum import spectrum_of as spectrum_of
from ._spectrum import tangent as tangent
from ._spectrum import zero_tolerance as zero_tolerance
