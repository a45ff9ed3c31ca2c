"""Input files, folders, globs and URLs: found, and read as a stream of documents in shards."""

from flows.inputs.finding import find
from flows.inputs.names import path_of
from flows.inputs.reader import Input, content_of
from flows.inputs.rejections import deciding
from flows.inputs.shards import DOCUMENTS, INPUTS, LATER, REJECTED, Shard, read, shard_size
from flows.inputs.tracing import Reading
from flows.inputs.versions import Earlier, Lookup

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
