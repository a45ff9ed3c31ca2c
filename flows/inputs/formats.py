"""An input file, and what it holds, told by its name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, NamedTuple

from flows.inputs.tracing import Reading

#: Endings of compressed files, each with the name of its compression.
COMPRESSIONS: Final = {".gz": "gzip", ".zst": "zstd", ".bz2": "bzip2", ".xz": "xz"}

_READ: Final = {
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".csv": "csv",
    ".tsv": "tsv",
    ".parquet": "parquet",
    ".md": "markdown",
    ".markdown": "markdown",
}

_UNREAD: Final = {
    "holds markup, not text; extract the text first": (
        ".html .htm .xhtml .shtml .mhtml .xml .rss .atom .warc"
    ),
    "is no plain text; extract the text first": (
        ".pdf .doc .docx .odt .rtf .epub .mobi .ppt .pptx .odp .xls .xlsx .ods .pages .djvu .ps .msg"
    ),
    "holds no text": (
        ".png .jpg .jpeg .gif .webp .avif .bmp .ico .svg .tif .tiff .heic .mp3 .m4a .ogg .opus .wav .flac "
        ".mp4 .mov .avi .mkv .webm .woff .woff2 .ttf .otf .exe .dll .so .pyc .class .jar .bin"
    ),
    "is an archive; unpack it first": ".zip .tar .tgz .tbz .txz .7z .rar .cab .iso",
    "holds records in a format that is not read; convert it to .parquet or .jsonl": (
        ".db .sqlite .sqlite3 .arrow .feather .ipc .orc .avro .pkl .pickle .npy .npz .h5 .hdf5"
    ),
    'is not read; write one record a line and name it .jsonl (jq -c ".[]" turns an array into lines)': (
        ".json .geojson .yaml .yml"
    ),
}
_PROBLEMS: Final = {ending: why for why, endings in _UNREAD.items() for ending in endings.split()}


class Format(NamedTuple):
    """What a file holds and how it is compressed."""

    name: str  # "text", "markdown", "jsonl", "csv", "tsv" or "parquet"; "" where it is none that is read
    compression: str = ""  # a value of COMPRESSIONS, or ""
    problem: str = ""  # why it cannot be read, and what to do about it


@dataclass(frozen=True)
class Input:
    """A file that was found."""

    uri: str  # its absolute path, or its URL
    size: int  # bytes
    modified_ns: int  # time of the last change, nanoseconds since 1970; 0 where the storage does not tell
    format: Format
    path: str  # what to open: as uri, but with the bytes of a name that is not UTF-8
    last: Reading | None = None  # what a run found when it last read it; None where none has
    waited: bool = False  # whether a last line without its end was waited for already, and nothing came


def format_of(name: str) -> Format:
    """The format that a file's name tells; a name with an unknown ending, or with none, is that of a text.

    >>> format_of("articles.JSONL.gz")
    Format(name='jsonl', compression='gzip', problem='')
    >>> format_of("us-ford-idUSN1737").name
    'text'
    """
    stem, ending = _split(name)
    compression = COMPRESSIONS.get(ending, "")
    if compression:
        stem, ending = _split(stem)
    if ending in _PROBLEMS:
        return Format("", compression, f"a {ending} file {_PROBLEMS[ending]}")
    found = _READ.get(ending, "text")
    if found == "parquet" and compression:
        return Format("", compression, f"a .parquet file within {compression} is not read; unpack it first")
    return Format(found, compression)


def _split(name: str) -> tuple[str, str]:
    stem, dot, ending = name.rpartition(".")
    return (stem, dot + ending.lower()) if stem else (name, "")
