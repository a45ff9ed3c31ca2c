"""YAML front matter at the head of a Markdown file."""

from __future__ import annotations

import re
from typing import Any, Final

import yaml

MAX_CHARACTERS: Final = 100_000  # in a block; a longer one is treated as text

_BLOCK: Final = re.compile(r"---[ \t]*\r?\n(.*?)^(?:---|\.\.\.)[ \t]*(?:\r?\n|\Z)", re.DOTALL | re.MULTILINE)
#: Keeps every scalar as it is written: dates keep their zones, and "No" does not become false.
_LOADER: Final = getattr(yaml, "CBaseLoader", yaml.BaseLoader)


def split(text: str) -> tuple[dict[str, Any], str] | None:
    """(fields, the rest of the text), or None if the text does not begin with front matter.

    Front matter is a YAML mapping between a first line `---` and a line `---` or `...`. Invalid YAML does not count,
    nor does YAML with aliases: a few of them can expand to more than fits in memory.

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
