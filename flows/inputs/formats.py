"""An input file, and its format as its name gives it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, NamedTuple

from flows.inputs.tracing import Reading

#: File name endings and their compressions.
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
    "contains markup, not plain text; extract the text first": (
        ".html .htm .xhtml .shtml .mhtml .xml .rss .atom .warc"
    ),
    "is not plain text; extract the text first": (
        ".pdf .doc .docx .odt .rtf .epub .mobi .ppt .pptx .odp .xls .xlsx .ods .pages .djvu .ps .msg"
    ),
    "contains no text": (
        ".png .jpg .jpeg .gif .webp .avif .bmp .ico .svg .tif .tiff .heic .mp3 .m4a .ogg .opus .wav .flac "
        ".mp4 .mov .avi .mkv .webm .woff .woff2 .ttf .otf .exe .dll .so .pyc .class .jar .bin"
    ),
    "is an archive; unpack it first": ".zip .tar .tgz .tbz .txz .7z .rar .cab .iso",
    "has a format that is not supported; convert it to .parquet or .jsonl": (
        ".db .sqlite .sqlite3 .arrow .feather .ipc .orc .avro .pkl .pickle .npy .npz .h5 .hdf5"
    ),
    'is not supported; write one record per line to a .jsonl file (jq -c ".[]" turns an array into lines)': (
        ".json .geojson .yaml .yml"
    ),
}
_PROBLEMS: Final = {ending: why for why, endings in _UNREAD.items() for ending in endings.split()}


class Format(NamedTuple):
    """The format and the compression of a file."""

    name: str  # "text", "markdown", "jsonl", "csv", "tsv" or "parquet"; "" if it is not supported
    compression: str = ""  # a value of COMPRESSIONS, or ""
    problem: str = ""  # why the file cannot be read, and what to do about it


@dataclass(frozen=True)
class Input:
    """A file that was found."""

    uri: str  # its absolute path or its URL
    size: int  # bytes
    modified_ns: int  # time of the last change in nanoseconds since 1970; 0 if unknown
    format: Format
    path: str  # what to open: like uri, but a name that is not UTF-8 is not escaped
    last: Reading | None = None  # its state when it was last read; None if it never was
    tail_is_final: bool = False  # an incomplete last line was deferred before and has not grown since


def format_of(name: str) -> Format:
    """The format that a file's name implies; without a known ending, the file is plain text.

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
        return Format(
            "", compression, f"a .parquet file inside {compression} is not supported; unpack it first"
        )
    return Format(found, compression)


def _split(name: str) -> tuple[str, str]:
    stem, dot, ending = name.rpartition(".")
    return (stem, dot + ending.lower()) if stem else (name, "")
