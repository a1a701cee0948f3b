"""Recipes: settings of landscapes and their data as checked records, and how to build both."""

from ._memory import TEST_DATA as TEST_DATA
from ._memory import data_card as data_card
from ._memory import rebuild as rebuild
from ._memory import rebuild_for_predictions as rebuild_for_predictions
from ._memory import remembered as remembered
from ._network_recipes import AbstractDataRecipe as AbstractDataRecipe
from ._network_recipes import AbstractNetworkRecipe as AbstractNetworkRecipe
from ._read_recipe import RECIPES as RECIPES
from ._read_recipe import read_recipe as read_recipe
from ._recipe import AbstractRecipe as AbstractRecipe
from ._recipe import Help as Help
from ._recipe import Problem as Problem
from ._recipe import RecipeError as RecipeError
from ._recipe import Setting as Setting
from ._recipe import build_problem as build_problem
from ._recipe import first_error as first_error
from ._recipe import settings_of as settings_of
from ._recipe import shown as shown
from ._recipe import to_settings as to_settings
from ._teacher import Lesson as Lesson
from ._teacher import teach as teach
from ._teacher import train_teacher as train_teacher
