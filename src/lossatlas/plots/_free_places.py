"""Where a picture has room for a text: a grid of cells of one point, of which some are taken."""

import numpy as np


Box = tuple[float, float, float, float]  # left, lower, right and upper end, points


class FreePlaces:
    """The cells of the axes that lines and texts have taken.

    **Arguments:**

    - `width`, `height`: size of the axes, points.
    """

    def __init__(self, width: float, height: float):
        self.taken = np.zeros((int(height) + 2, int(width) + 2), dtype=bool)

    def add_lines(self, lines: np.ndarray) -> None:
        """Take the cells under straight lines, given by their ends (x0, y0, x1, y1), shape (lines, 4)."""
        rows, columns = self.taken.shape
        size = np.array([columns, rows, columns, rows])
        cells = np.unique(np.clip(np.round(lines), -size, 2 * size).astype(int), axis=0)
        steps = np.abs(cells[:, 2:] - cells[:, :2]).max(axis=1, initial=0) + 1
        for some in np.array_split(np.arange(len(cells)), 1 + int(steps.sum()) // 1_000_000):
            count = steps[some]
            line = np.repeat(some, count)
            step = np.arange(len(line)) - np.repeat(np.cumsum(count) - count, count)
            part = step / np.maximum(steps[line] - 1, 1)
            start, end = cells[line, :2], cells[line, 2:]
            x, y = np.round(start + part[:, None] * (end - start)).astype(int).T
            inside = (x >= 0) & (x < columns) & (y >= 0) & (y < rows)
            self.taken[y[inside], x[inside]] = True

    def is_free(self, box: Box) -> bool:
        """Return whether no cell of a box is taken; what lies outside the axes is free."""
        return not self._cells(box).any()

    def is_inside(self, box: Box) -> bool:
        """Return whether a box lies within the left and right ends of the axes."""
        return box[0] >= 2 and box[2] <= self.taken.shape[1]

    def take(self, box: Box) -> None:
        """Take the cells of a box."""
        self._cells(box)[:] = True

    def _cells(self, box: Box) -> np.ndarray:
        # A row more below and above keeps texts off level lines; columns are dense and get none.
        left, right = np.ceil(box[0]), np.floor(box[2]) + 1
        lower, upper = np.floor(box[1]) - 1, np.ceil(box[3]) + 2
        ends = np.maximum([left, right, lower, upper], 0).astype(int).tolist()
        return self.taken[ends[2] : ends[3], ends[0] : ends[1]]
