"""Data to build landscapes from."""

from ._table import Table as Table
from ._table import iris as iris
from ._table import load_table as load_table
