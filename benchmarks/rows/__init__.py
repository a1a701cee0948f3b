"""The rows of the table by name, in the order in which they are printed."""

from . import cores, explorations, losses, metrics, minimisations, mnist, saddles


ROWS = (
    losses.ROWS
    | minimisations.ROWS
    | saddles.ROWS
    | cores.ROWS
    | metrics.ROWS
    | mnist.ROWS
    | explorations.ROWS
)
ALL_CORES = {"cores", "explore"}  # the others run on one
