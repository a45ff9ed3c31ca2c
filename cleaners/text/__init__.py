"""Kernels over columns of text as arrays of bytes: tokens, shingles, folding, hashes, prose and line wrapping.

Also what letters are usual in each language.
"""
