"""The words of `config/facts` that state facts: number words, days, months and negations of each language.

A file is named by its language and has four lists, each of which may be empty:

    numbers = ["two", "dozen", "third"]
    days = ["monday", "yesterday", "evening"]
    months = ["january"]
    negations = ["not", "never"]

A word is one token as `cleaners.text.tokens` has it: in lower case, casefolded ("dreissig"), without apostrophes or
hyphens. In languages without spaces a token is a single character.
"""

from __future__ import annotations

import functools
import hashlib
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from flows.errors import ConfigurationError
from flows.settings.bundled import config_folder

CLASSES: Final = ("numbers", "days", "months", "negations")


@functools.cache
def fact_lists() -> Mapping[str, tuple[str, ...]]:
    """The words of all classes, by language.

    Raises ConfigurationError, naming the file, if one cannot be read or has another form.
    """
    return {path.stem: _words(path) for path in sorted((config_folder() / "facts").glob("*.toml"))}


def fact_digests() -> Mapping[str, str]:
    """A hash (16 hexadecimal digits) of the words of each language; by it a manifest shows which words a run had."""
    return {
        language: hashlib.blake2b("\n".join(sorted(set(words))).encode(), digest_size=8).hexdigest()
        for language, words in fact_lists().items()
    }


def _words(path: Path) -> tuple[str, ...]:
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ConfigurationError(f"{path}: {error}") from error
    if table.keys() != set(CLASSES):
        raise ConfigurationError(f"{path}: the keys must be {', '.join(CLASSES)}")
    for name, words in table.items():
        if not isinstance(words, list) or not all(isinstance(word, str) for word in words):
            raise ConfigurationError(f"{path}: {name} must be a list of words")
    return tuple(word for name in CLASSES for word in table[name])
