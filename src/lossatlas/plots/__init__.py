"""Pictures: every function takes and returns `ax`."""

from ._disconnectivity import plot_disconnectivity as plot_disconnectivity
from ._save import save_picture as save_picture
