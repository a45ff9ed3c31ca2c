"""`python -m tests.encoding train`: makes the file of letter pairs that `cleaners.text.letter_pairs` reads."""

from __future__ import annotations

import argparse
from pathlib import Path

from cleaners.text.letter_pairs import MODEL

from .training import train


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.encoding", description=__doc__)
    parser.add_argument("what", choices=["train"])
    parser.add_argument("--out", type=Path, default=MODEL, help="where the letter pairs are written")
    train(parser.parse_args().out)


if __name__ == "__main__":
    main()
