"""`python -m flows.cli` is the `copydesk` command."""

from flows.cli import main

main()
