"""The phrases of boilerplate: one search for all of them, in all languages."""
