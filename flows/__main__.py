"""The `copydesk` command; `python -m copydesk` and `python -m flows` are the same."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command; Ctrl-C is answered also while its modules are loaded."""
    try:
        from flows.cli import main as run_command
    except KeyboardInterrupt:
        sys.stderr.write("copydesk: interrupted\n")
        sys.exit(130)
    run_command()


if __name__ == "__main__":
    main()
