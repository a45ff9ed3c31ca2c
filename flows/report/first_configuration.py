"""A configuration file for inputs that were looked at: what was found, as settings and as comments."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Final

from flows.printable import printable
from flows.report.survey import Survey, lines
from flows.settings.bundled import built_in_phrase_files

MIN_SHARE: Final = 0.01  # of the documents that a language has, to be named
_TWO_TEXTS: Final = re.compile(r'two texts: field "([^"]+)" and field "([^"]+)"')


def configuration(result: Survey, given: Sequence[str]) -> str:
    """The content of a configuration file in TOML."""
    return "\n".join(_content(result, given)) + "\n"


def _content(result: Survey, given: Sequence[str]) -> Iterator[str]:
    yield f"# Settings for {printable(' '.join(given))}, by `copydesk init`."
    yield "# Only what differs from the defaults has to be here. config/README.md explains every key."
    yield "#"
    for line in lines(result):
        yield f"# {printable(line)}"
    yield ""
    yield "[fields]                        # guessed, record by record; in a line without #, the first name is read"
    yield from _fields(result)
    yield ""
    yield "# [inputs]"
    yield '# on_change = "replace"         # a changed document replaces its older version, instead of being added'
    yield "# min_age = 60                  # seconds; leave files alone that are still being written"
    if any(not name.startswith("utf-") for name in result.charsets):
        yield ""
        yield "# [encoding]"
        yield "# source_history = true         # of charsets that are possible, prefer what a source used before"
    if languages := _languages(result):
        yield ""
        yield "# [phrases]"
        yield f"# languages = {_toml(languages)}   # phrases of these only, not of all"
    yield ""
    yield "# [guards.bounds]"
    yield "# removed = 0.5                 # never publish a run, or a source in it, that would lose half of its words"


def _fields(result: Survey) -> Iterator[str]:
    for name in ("text", "title", "url", "source", "published", "id"):
        found = result.fields.get(name, Counter()).most_common()
        names = [one for one, _ in found]
        if names and names != [name]:
            numbers = ", ".join(f"{number:,}" for _, number in found)
            # a comment: guesses rank names that a list would only order, and ask where two texts differ
            yield f"# {name} = {_toml(names)}   # {numbers} documents of the sample"
    for error, number in result.rejected.most_common():
        if found_two := _TWO_TEXTS.search(error):
            yield f"# {number:,} records have two texts that differ; name the one to read:"
            yield f"# text = {_toml(list(found_two.groups()))}"
        elif "map it with [fields] text" in error:
            yield f"# {number:,} x {printable(error)}"


def _languages(result: Survey) -> list[str]:
    known = {path.stem for path in built_in_phrase_files()}
    often = max(1, MIN_SHARE * result.documents)
    return [name for name, number in result.languages.most_common() if name in known and number >= often]


def _toml(names: list[str]) -> str:
    return (
        "["
        + ", ".join(json.dumps(name, ensure_ascii=False).replace("\x7f", "\\u007f") for name in names)
        + "]"
    )
