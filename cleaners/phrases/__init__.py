"""The phrases of furniture: one search for all of them, in all languages."""
