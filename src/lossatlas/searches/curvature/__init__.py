"""Eigenvalues of the Hessian and what they say of a point."""

from ._spectrum import count_negative as count_negative
from ._spectrum import count_zero as count_zero
from ._spectrum import gradient_tolerance as gradient_tolerance
from ._spectrum import log_product as log_product
from ._spectrum import spectrum as spectrum
from ._spectrum import zero_tolerance as zero_tolerance
