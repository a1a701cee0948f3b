"""The search for transition states by products with the Hessian."""

from ._hybrid import HybridEigenvectorFollowing as HybridEigenvectorFollowing
