"""Atlases of recipes: configs, sweeps over grids of settings, comparisons and tables of atlases."""

from lossatlas._suggestions import suggest_arguments as _suggest_arguments

from ._compare import Comparison as Comparison
from ._compare import compare_atlases as compare_atlases
from ._compare import labels_of as labels_of
from ._config import Config as Config
from ._config import ExploreSettings as ExploreSettings
from ._config import read_config as read_config
from ._config import read_explore as read_explore
from ._config import seconds as seconds
from ._pictures import picture as picture
from ._run import evaluate_atlas as evaluate_atlas
from ._run import explore_recipe as explore_recipe
from ._run import fit_recipe as fit_recipe
from ._run import judge_atlas as judge_atlas
from ._sweep import run_sweep as run_sweep
from ._table import check_judged as check_judged
from ._table import quantity_columns as quantity_columns
from ._table import summarise as summarise
from ._table import to_csv as to_csv
from ._table import to_markdown as to_markdown
from ._table import unjudged as unjudged


_suggest_arguments(globals())
