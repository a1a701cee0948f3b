"""lossatlas maps the whole solution landscape of a machine-learning model."""

__version__ = "0.1.0"
