"""Front matter at the head of a text file: YAML, TOML and JSON as Hugo has them, or lines such as `Title: Rain`."""

from __future__ import annotations

import json
import re
import tomllib
from typing import Any, Final

import yaml

from flows.inputs.bounds import MAX_DEPTH, too_deep

MAX_CHARACTERS: Final = 100_000  # in a block; a longer one is treated as text

_BLOCK: Final = re.compile(r"---[ \t]*\r?\n(.*?)^(?:---|\.\.\.)[ \t]*(?:\r?\n|\Z)", re.DOTALL | re.MULTILINE)
_TOML: Final = re.compile(r"\+\+\+[ \t]*\r?\n(.*?)^\+\+\+[ \t]*(?:\r?\n|\Z)", re.DOTALL | re.MULTILINE)
_LINES: Final = re.compile(r"((?:[A-Za-z][\w -]{0,30}:[ \t]+[^\s][^\n]{0,1000}\n){2,40})[ \t]*\r?\n")
#: Escapes of pairs of surrogates, as JSON has them, and of half a pair: YAML knows neither.
_PAIRS: Final = re.compile(r"\\u(d[89ab][0-9a-f]{2})\\u(d[c-f][0-9a-f]{2})", re.IGNORECASE)
_HALVES: Final = re.compile(r"\\ud[89a-f][0-9a-f]{2}", re.IGNORECASE)
_NESTING: Final = "[{-?:"  # each level takes one of them
#: Keeps every scalar as it is written: dates keep their zones, and "No" does not become false.
_LOADER: Final = getattr(yaml, "CBaseLoader", yaml.BaseLoader)


class TooDeep(Exception):
    """Front matter is nested too deep."""


def split(text: str) -> tuple[dict[str, Any], str] | None:
    """(fields, the rest of the text), or None if the text does not begin with front matter.

    Front matter is a YAML mapping between a first line `---` and a line `---` or `...`, TOML between lines `+++`, or a
    JSON object with nothing after it in its last line. What is invalid does not count, nor does YAML with aliases: a
    few of them can expand to more than fits in memory. Raises TooDeep.

    >>> split("---\\ntitle: A dry summer\\n---\\nNo rain fell.")
    ({'title': 'A dry summer'}, 'No rain fell.')
    """
    if text.startswith("{"):
        return _of_json(text)
    if found := _TOML.match(text, 0, MAX_CHARACTERS):
        fields = _of_toml(found[1])
    elif found := _BLOCK.match(text, 0, MAX_CHARACTERS):
        fields = _of_yaml(found[1])
        if fields is None and "\\u" in found[1]:
            fields = _of_yaml(_HALVES.sub("\\\\ufffd", _PAIRS.sub(_character, found[1])))
    if not found or not isinstance(fields, dict):
        return None
    return {str(name): value for name, value in fields.items()}, text[found.end() :]


def lines(text: str) -> tuple[dict[str, Any], str] | None:
    """(fields, the rest of the text), or None if it does not begin with lines such as `Title: Rain` and a blank line.

    So MultiMarkdown and Pelican have them. It is for the caller to know the names. Lines of one name farther down are
    of a list of such things, which is no front matter.

    >>> lines("Title: A dry summer\\nDate: 2019-05-14\\n\\nNo rain fell.")
    ({'Title': 'A dry summer', 'Date': '2019-05-14'}, 'No rain fell.')
    """
    found = _LINES.match(text)
    if not found:
        return None
    pairs = [line.split(":", 1) for line in found[1].splitlines()]
    fields = {name.strip(): value.strip() for name, value in pairs}
    rest = text[found.end() :]
    again = re.compile(rf"^{re.escape(pairs[0][0])}:", re.MULTILINE)
    return (fields, rest) if len(fields) == len(pairs) and not again.search(rest) else None


def _of_json(text: str) -> tuple[dict[str, Any], str] | None:
    try:
        fields, end = json.JSONDecoder(strict=False).raw_decode(text[:MAX_CHARACTERS])
    except (ValueError, RecursionError):
        return None
    line, _, rest = text[end:].partition("\n")
    return None if line.strip() else (fields, rest)


def _of_yaml(block: str) -> Any:
    try:
        return None if _has_aliases(block) else yaml.load(block, _LOADER)
    except (yaml.YAMLError, ValueError, TypeError):
        return None


def _of_toml(block: str) -> Any:
    try:
        return tomllib.loads(block.replace("\r\n", "\n"))
    except (tomllib.TOMLDecodeError, RecursionError):
        return None


def _character(pair: re.Match[str]) -> str:
    return chr(0x10000 + ((int(pair[1], 16) - 0xD800) << 10) + int(pair[2], 16) - 0xDC00)


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
