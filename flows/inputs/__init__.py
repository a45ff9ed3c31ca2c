"""What a run is given, found and read: files, folders, globs and URLs as a stream of documents in shards."""

from flows.inputs.finding import find
from flows.inputs.formats import Input
from flows.inputs.shards import DOCUMENTS, REJECTED, Shard, read

__all__ = ["DOCUMENTS", "REJECTED", "Input", "Shard", "find", "read"]
