"""Outcomes of searches."""

import enum


class RESULTS(enum.IntEnum):
    """Outcome of one search; its attribute `sentence` explains it in words.

    Compiled code carries the integer value; everything else uses the member.
    """

    sentence: str

    def __new__(cls, value: int, sentence: str):
        """Attach the sentence to the integer code."""
        member = int.__new__(cls, value)
        member._value_ = value
        member.sentence = sentence
        return member

    converged = 0, "The search converged to a stationary point of the wanted index."
    max_steps = 1, "The search ran out of steps before the gradient reached rounding level."
    wrong_index = 2, "The search converged to a stationary point of another index."
    degenerate = 3, "The stationary point has a zero eigenvalue that no symmetry forces."
    nonfinite = 4, "The energy or its gradient became infinite or not a number."
    left_region = 5, "The search ran away from the region where the landscape is defined."
    same_minimum = 6, "The two end points are the same minimum."
    no_maximum = 7, "The band between the two end points has no interior maximum."
    unconnected = 8, "A path down from the saddle did not reach a verified minimum."
    kink = 10, "The point lies on a kink of the energy, where it has no derivative."
    kink_minimum = 11, "A minimum on a kink: the energy rises on all sides, but has no derivative there."
    no_step = 9, "No step along the branch was short enough to reach its next point."
