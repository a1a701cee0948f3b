"""Data sets from which landscapes are built: shipped ones, generated ones and tables of the user."""

from lossatlas._suggestions import suggest_arguments as _suggest_arguments

from ._data_set import DataSet as DataSet
from ._digits import digits as digits
from ._encoder import Encoder as Encoder
from ._labels import as_labels as as_labels
from ._ljat3 import ljat3 as ljat3
from ._mnist import mnist as mnist
from ._project import project as project
from ._raw_table import RawTable as RawTable
from ._raw_table import read_table as read_table
from ._regression import regression as regression
from ._table import iris as iris
from ._table import load_table as load_table
from ._target_columns import read_numbers as read_numbers
from ._test_table import load_test_table as load_test_table


_suggest_arguments(globals())
