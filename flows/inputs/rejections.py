"""What decides whether an input is rejected, and the setting or package that a rejected one waits for."""

from __future__ import annotations

import re
from functools import cache
from importlib.metadata import PackageNotFoundError, distribution, requires, version
from typing import Final

import orjson

from flows.inputs.tracing import content_hash
from flows.settings.model import Fields, Inputs

#: Settings that change when and how inputs are read, but not whether they are rejected.
_INDIFFERENT: Final = frozenset({"shard_megabytes", "min_age", "on_change"})
_HINT: Final = re.compile(r"\[(fields|inputs)\] (\w{1,40})|copydesk\[\w{1,20}\]")
_SETTINGS: Final = {"fields": set(Fields.model_fields), "inputs": set(Inputs.model_fields)}
_REQUIREMENT: Final = re.compile(r"""([\w.-]+).*extra == ['"]([\w-]+)['"]""")


def deciding(settings: Inputs, fields: Fields) -> str:
    """A hash of all that decides which inputs are rejected: settings, this version, and the extras that are there."""
    decides = settings.model_dump(mode="json", exclude=set(_INDIFFERENT))
    return content_hash(
        orjson.dumps([version("copydesk"), decides, fields.model_dump(mode="json"), _extras()])
    )


@cache
def _extras() -> list[tuple[str, str]]:
    """(extra, package) for each package of an extra that is installed."""
    found = []
    for requirement in requires("copydesk") or []:
        if (match := _REQUIREMENT.match(requirement)) and match[2] != "dev":
            try:
                distribution(match[1])
            except PackageNotFoundError:
                continue
            found.append((match[2], match[1]))
    return sorted(found)


def waits_for(error: str) -> str | None:
    """The setting or the extra that an error names as its remedy; None if it names none.

    >>> waits_for('no text: no field "text" (it has [inputs] x; map it with [fields] text)')
    '[fields] text'
    >>> waits_for('a web page; pip install "copydesk[html]"')
    'copydesk[html]'
    """
    last = None
    for hint in _HINT.finditer(error):
        if hint[1] is None or hint[2] in _SETTINGS[hint[1]]:
            last = hint[0]
    return last
