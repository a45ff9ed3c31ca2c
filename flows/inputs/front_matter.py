"""The block of YAML at the head of a Markdown file."""

from __future__ import annotations

import re
from typing import Any, Final

import yaml

MAX_CHARACTERS: Final = 100_000  # of a block; a longer one is taken for text

_BLOCK: Final = re.compile(r"---[ \t]*\r?\n(.*?)^(?:---|\.\.\.)[ \t]*(?:\r?\n|\Z)", re.DOTALL | re.MULTILINE)
#: Every scalar stays the text that is written: no date loses its zone, no "No" becomes false.
_LOADER: Final = getattr(yaml, "CBaseLoader", yaml.BaseLoader)


def split(text: str) -> tuple[dict[str, Any], str] | None:
    """(fields, the rest of the text), or None where the text does not begin with a mapping in YAML.

    The block stands between a first line `---` and a line `---` or `...`. A broken one is none, nor is one with
    aliases, a few of which can stand for more than any memory holds.

    >>> split("---\\ntitle: A dry summer\\n---\\nNo rain fell.")
    ({'title': 'A dry summer'}, 'No rain fell.')
    """
    found = _BLOCK.match(text, 0, MAX_CHARACTERS)
    if not found:
        return None
    try:
        if "*" in found[1] and any(isinstance(e, yaml.AliasEvent) for e in yaml.parse(found[1], _LOADER)):
            return None
        fields = yaml.load(found[1], _LOADER)
    except (yaml.YAMLError, ValueError, TypeError, RecursionError):
        return None
    if not isinstance(fields, dict):
        return None
    return {str(name): value for name, value in fields.items()}, text[found.end() :]
