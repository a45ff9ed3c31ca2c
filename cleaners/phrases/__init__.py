"""Phrases of boilerplate: what they are, and one search for all of them in all languages."""
