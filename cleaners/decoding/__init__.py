"""Bytes to text: the charset of a file, and its text without the loss of a byte."""

from cleaners.decoding.decoder import ERRORS, Decoded, NotText, charset, decode

__all__ = ["ERRORS", "Decoded", "NotText", "charset", "decode"]
