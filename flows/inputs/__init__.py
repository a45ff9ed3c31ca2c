"""Input files, folders, globs and URLs: found, and read as a stream of documents in shards."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flows.inputs.finding import find
from flows.inputs.names import path_of
from flows.inputs.reader import Input, content_of
from flows.inputs.rejections import deciding
from flows.inputs.tracing import INPUTS, LATER, Earlier, Lookup, Reading

if TYPE_CHECKING:
    from flows.inputs.shards import DOCUMENTS, REJECTED, Shard, read, shard_size

__all__ = [
    "DOCUMENTS",
    "INPUTS",
    "LATER",
    "REJECTED",
    "Earlier",
    "Input",
    "Lookup",
    "Reading",
    "Shard",
    "content_of",
    "deciding",
    "find",
    "path_of",
    "read",
    "shard_size",
]


def __getattr__(name: str) -> Any:
    """What reads the inputs, imported when it is asked for: a run that finds nothing new needs no readers."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from flows.inputs import shards

    return getattr(shards, name)
