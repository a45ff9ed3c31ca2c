"""`make train-boilerplate` and `make eval-boilerplate`: the scorer of lines grown, and boilerplate measured."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
WEIGHTS = ROOT / "config" / "line_scores.json"


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.boilerplate", description=__doc__)
    parser.add_argument("what", choices=["train", "eval"])
    parser.add_argument("--out", type=Path, default=WEIGHTS, help="where the weights are written")
    arguments = parser.parse_args()
    shared = Path(os.environ.get("COPYDESK_SHARED", ROOT.parent / "shared"))
    if not (shared / "data" / "boilerplate").is_dir():
        sys.exit(f"{shared}: no data/boilerplate; set COPYDESK_SHARED to the folder of shared data")
    if arguments.what == "train":
        from .training import train

        train(shared, arguments.out)
    else:
        from .evaluation import evaluate

        evaluate(shared)


if __name__ == "__main__":
    main()
