"""Bytes to text: the charset of a file, and its text with no byte lost."""

from cleaners.decoding.decoder import ERRORS, Decoded, NotText, charset, decode

__all__ = ["ERRORS", "Decoded", "NotText", "charset", "decode"]
