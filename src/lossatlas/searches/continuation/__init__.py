"""Continuation: stationary points are followed while one number of the landscape changes."""

from ._branches import Branch as Branch
from ._branches import Branches as Branches
from ._branches import Event as Event
from ._continuation import Continuation as Continuation
from ._follow import follow as follow
