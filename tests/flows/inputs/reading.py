"""Short ways to read inputs, and to ask what became of them."""

from __future__ import annotations

import gzip
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import zstandard

from flows.inputs import Shard, find, read
from flows.settings.model import Fields, Inputs

COMPRESS = {"": bytes, ".gz": gzip.compress, ".zst": zstandard.ZstdCompressor().compress}


def shards(
    *names: Path | str,
    charsets: Mapping[str, str] | None = None,
    fields: Fields | None = None,
    **options: int,
) -> list[Shard]:
    """The shards of some inputs."""
    return list(read(find([str(n) for n in names]), Inputs(**options), fields or Fields(), charsets))


def documents(*names: Path | str, **options: Any) -> list[dict[str, Any]]:
    """The documents of some inputs; nothing may be rejected."""
    found = shards(*names, **options)
    assert [row for s in found for row in s.rejected.rows()] == []
    return [row for s in found for row in s.documents.to_dicts()]


def errors(*names: Path | str, **options: Any) -> dict[str, str]:
    """End of the uri of each rejected row -> its error."""
    rows = [row for s in shards(*names, **options) for row in s.rejected.rows()]
    found = {uri.rpartition("/")[2]: error for uri, error in rows}
    assert len(found) == len(rows)
    return found


def texts(*names: Path | str, **options: Any) -> list[str]:
    """The texts of some inputs; rejected rows are ignored."""
    return [text for s in shards(*names, **options) for text in s.documents["text"]]


def write_lines(path: Path, *lines: Any) -> Path:
    """A file of JSON lines; lines given as bytes or text are written as they are."""
    data = [
        one if isinstance(one, bytes) else (one if isinstance(one, str) else json.dumps(one)).encode()
        for one in lines
    ]
    path.write_bytes(b"\n".join(data) + b"\n")
    return path
