"""Checksums, by which damage to a file is found before anything is read from it.

The checksum of a part file is in a manifest, or in a `parts.json` beside it. A file that no other file describes is
*sealed*: it contains the checksum of itself, computed while 32 fixed characters stood in its place. All JSON files of
`_copydesk` are sealed by their last key, and Parquet files that are replaced in place by a key of their metadata. So
one rename replaces a file together with its checksum. The hash is XXH3, 128 bits; it runs as fast as memory is read.
"""

from __future__ import annotations

import hashlib
import io
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import orjson
import polars as pl
import xxhash

from flows.dataset.tables import sync, whole_file
from flows.printable import printable_json

SEAL: Final = "xxh3_128"
_FORMER: Final = "blake2b"  # the checksum in datasets that an earlier version wrote
#: What stands in the place of the seal while it is computed.
BLANK: Final = b"the checksum of this file: 32 ch"
#: A seal in JSON, or in the metadata of a Parquet file, where a byte with its length comes before the value.
_SEALED: Final = re.compile(rb'xxh3_128(?:": "|\x18 )([0-9a-f]{32})')


def checksum(path: Path) -> str:
    """The checksum of a file, 16 bytes in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, xxhash.xxh3_128).hexdigest()


def is_as_written(path: Path, entry: Mapping[str, Any]) -> bool:
    """Whether a file has the size and the checksum of its entry in a manifest.

    Raises OSError if it cannot be read, and KeyError if the entry has no checksum.
    """
    if path.stat().st_size != entry["bytes"]:
        return False
    if SEAL in entry:
        return bool(checksum(path) == entry[SEAL])
    with path.open("rb") as file:
        found = hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=16)).hexdigest()
    return bool(found == entry[_FORMER])


def is_sealed(data: bytes) -> bool | None:
    """Whether the seal of a file is right; None if it has none."""
    seal = _SEALED.match(data, max(data.rfind(SEAL.encode()), 0))
    if not seal:
        return None
    start, end = seal.span(1)
    return data[start:end] == _seal(data[:start] + BLANK + data[end:])


def _seal(data: bytes) -> bytes:
    return xxhash.xxh3_128_hexdigest(data).encode()


def write_sealed(path: Path, data: bytes) -> None:
    """Write a file durably, with its checksum instead of `BLANK`; its name appears only when it is complete."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with whole_file(path) as partial:
        partial.write_bytes(_sealed(data))
        sync(partial)


def _sealed(data: bytes) -> bytes:
    head, _, tail = data.rpartition(BLANK)
    return head + _seal(data) + tail


def write_json(path: Path, value: Mapping[str, Any]) -> None:
    """Write a JSON object, sealed, durably and with printable strings; it appears only when it is complete."""
    write_sealed(path, _json(value))


def sealed_json(value: Mapping[str, Any]) -> bytes:
    """What `write_json` would write."""
    return _sealed(_json(value))


def _json(value: Mapping[str, Any]) -> bytes:
    content = {key: each for key, each in printable_json(value).items() if key not in (SEAL, _FORMER)}
    text = json.dumps({**content, SEAL: BLANK.decode()}, indent=1, ensure_ascii=False)
    return f"{text}\n".encode()


def read_json(path: Path) -> dict[str, Any]:
    """The JSON object in a file, without its seal; it need not have one.

    Raises OSError if it cannot be read, and ValueError if it is damaged.
    """
    return parse_json(path.read_bytes(), path)


def parse_json(data: bytes, name: object) -> dict[str, Any]:
    """The JSON object in the content of a file of that name, as `read_json` gives it."""
    if is_sealed(data) is False:
        raise ValueError(f"{name} is not what was written")
    value = orjson.loads(data)
    if not isinstance(value, dict):
        raise ValueError(f"{name} is not a JSON object")
    former = value.pop(_FORMER, None)
    if former is not None and former != _former_seal(value):
        raise ValueError(f"{name} is not what was written")
    value.pop(SEAL, None)
    return value


def _former_seal(content: Mapping[str, Any]) -> str:
    text = json.dumps(content, sort_keys=True, ensure_ascii=False)
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


def write_sealed_part(frame: pl.DataFrame, path: Path, metadata: Mapping[str, str]) -> None:
    """Write a Parquet file, sealed and durably; it appears under its name only when it is complete."""
    buffer = io.BytesIO()
    frame.write_parquet(buffer, compression="zstd", metadata={**metadata, SEAL: BLANK.decode()})
    write_sealed(path, buffer.getvalue())


def read_sealed_part(path: Path) -> tuple[pl.DataFrame, dict[str, str]]:
    """(rows, metadata) of a Parquet file.

    Raises FileNotFoundError if there is none, and ValueError if it is damaged or has no seal.
    """
    data = path.read_bytes()
    if not is_sealed(data):
        raise ValueError(f"{path} is not what was written")
    return pl.read_parquet(io.BytesIO(data)), pl.read_parquet_metadata(io.BytesIO(data))
