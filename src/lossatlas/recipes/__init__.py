"""Recipes: settings of landscapes and their data, configs, sweeps over them, and their tables."""

from ._config import Config as Config
from ._config import ExploreSettings as ExploreSettings
from ._config import read_config as read_config
from ._config import read_explore as read_explore
from ._config import seconds as seconds
from ._network_recipes import AbstractDataRecipe as AbstractDataRecipe
from ._read_recipe import RECIPES as RECIPES
from ._read_recipe import read_recipe as read_recipe
from ._recipe import AbstractRecipe as AbstractRecipe
from ._recipe import Problem as Problem
from ._recipe import RecipeError as RecipeError
from ._recipe import shown as shown
from ._recipe import to_settings as to_settings
from ._run import evaluate_atlas as evaluate_atlas
from ._run import explore_recipe as explore_recipe
from ._run import judge_atlas as judge_atlas
from ._run import problem_of as problem_of
from ._sweep import run_sweep as run_sweep
from ._table import quantity_columns as quantity_columns
from ._table import summarise as summarise
from ._table import to_csv as to_csv
from ._table import to_markdown as to_markdown
from ._table import unjudged as unjudged
from ._teacher import Lesson as Lesson
from ._teacher import teach as teach
from ._teacher import train_teacher as train_teacher
