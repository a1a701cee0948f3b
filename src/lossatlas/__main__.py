"""`python -m lossatlas`."""

from lossatlas.cli import main


if __name__ == "__main__":
    main()
