"""By what `encoding` finds and mends damaged text."""
