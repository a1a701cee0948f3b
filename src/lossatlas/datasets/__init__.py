"""Data to build landscapes from."""

from ._ljat3 import Outcomes as Outcomes
from ._ljat3 import ljat3 as ljat3
from ._table import Table as Table
from ._table import iris as iris
from ._table import load_table as load_table
