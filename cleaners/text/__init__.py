"""Texts as arrays of bytes: their tokens and shingles, what they look like, folded and compared."""
