"""`python -m lossatlas`."""

from lossatlas.cli import run


if __name__ == "__main__":
    run()
