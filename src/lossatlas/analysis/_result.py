"""What all results of an analysis can do."""

import abc
from typing import Any

import numpy as np


class AbstractResult(abc.ABC):
    """A result with columns of one length, which become a table."""

    @abc.abstractmethod
    def to_columns(self) -> dict[str, np.ndarray]:
        """Return the columns by name, one entry per row each."""

    def to_dataframe(self) -> Any:
        """Return the columns as a `pandas.DataFrame`.

        **Raises:** `ImportError` without pandas.
        """
        try:
            import pandas
        except ImportError as error:
            raise ImportError("to_dataframe needs pandas: python -m pip install pandas.") from error
        return pandas.DataFrame(self.to_columns())
