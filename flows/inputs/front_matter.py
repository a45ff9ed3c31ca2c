"""YAML front matter at the head of a Markdown file."""

from __future__ import annotations

import re
from typing import Any, Final

import yaml

from flows.inputs.bounds import MAX_DEPTH, too_deep

MAX_CHARACTERS: Final = 100_000  # in a block; a longer one is treated as text

_BLOCK: Final = re.compile(r"---[ \t]*\r?\n(.*?)^(?:---|\.\.\.)[ \t]*(?:\r?\n|\Z)", re.DOTALL | re.MULTILINE)
_NESTING: Final = "[{-?:"  # each level takes one of them
#: Keeps every scalar as it is written: dates keep their zones, and "No" does not become false.
_LOADER: Final = getattr(yaml, "CBaseLoader", yaml.BaseLoader)


class TooDeep(Exception):
    """Front matter is nested too deep."""


def split(text: str) -> tuple[dict[str, Any], str] | None:
    """(fields, the rest of the text), or None if the text does not begin with front matter.

    Front matter is a YAML mapping between a first line `---` and a line `---` or `...`. Invalid YAML does not count,
    nor does YAML with aliases: a few of them can expand to more than fits in memory. Raises TooDeep.

    >>> split("---\\ntitle: A dry summer\\n---\\nNo rain fell.")
    ({'title': 'A dry summer'}, 'No rain fell.')
    """
    found = _BLOCK.match(text, 0, MAX_CHARACTERS)
    if not found:
        return None
    try:
        if _has_aliases(found[1]):
            return None
        fields = yaml.load(found[1], _LOADER)
    except (yaml.YAMLError, ValueError, TypeError):
        return None
    if not isinstance(fields, dict):
        return None
    return {str(name): value for name, value in fields.items()}, text[found.end() :]


def _has_aliases(block: str) -> bool:
    """Whether there are aliases; raises TooDeep if nesting would overflow the stack of the parser's native code."""
    if "*" not in block and sum(map(block.count, _NESTING)) <= MAX_DEPTH:
        return False
    depth = 0
    for event in yaml.parse(block, _LOADER):
        if isinstance(event, yaml.AliasEvent):
            return True
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > MAX_DEPTH:
            raise TooDeep(too_deep("front matter"))
    return False
