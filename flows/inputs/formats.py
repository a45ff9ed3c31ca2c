"""The formats that can be read, and the format of a file as its name gives it."""

from __future__ import annotations

from typing import Final, NamedTuple

from flows.inputs.csv_files import read_csv
from flows.inputs.json_lines import read_json, read_jsonl
from flows.inputs.parquet import read_parquet
from flows.inputs.reader import Format
from flows.inputs.text_files import read_markdown, read_text

TEXT: Final = Format("text", (".txt",), read_text, one_document=True)

#: Every format; no other module names one. A file with an ending that is not listed here or below is `TEXT`.
FORMATS: Final = (
    TEXT,
    Format("markdown", (".md", ".markdown"), read_markdown, one_document=True),
    Format("jsonl", (".jsonl", ".ndjson"), read_jsonl),
    Format("json", (".json",), read_json),
    Format("csv", (".csv", ".tsv"), read_csv),
    Format("parquet", (".parquet",), read_parquet, compressible=False),
)
_READ: Final = {ending: format_ for format_ in FORMATS for ending in format_.endings}

#: File name endings and their compressions.
COMPRESSIONS: Final = {".gz": "gzip", ".zst": "zstd", ".bz2": "bzip2", ".xz": "xz"}

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
    "is not supported; write one record per line to a .jsonl file": ".geojson .yaml .yml",
}
_PROBLEMS: Final = {ending: why for why, endings in _UNREAD.items() for ending in endings.split()}


class Named(NamedTuple):
    """What a file's name says about its content."""

    format: Format | None  # None if it cannot be read
    compression: str = ""  # a value of COMPRESSIONS, or ""
    problem: str = ""  # why it cannot be read, and what to do about it


def format_of(name: str) -> Named:
    """The format and compression that a file's name implies; without a known ending, the file is plain text.

    >>> found = format_of("articles.JSONL.gz")
    >>> found.format.name, found.compression
    ('jsonl', 'gzip')
    >>> format_of("us-ford-idUSN1737").format.name
    'text'
    >>> format_of("paper.pdf").problem
    'a .pdf file is not plain text; extract the text first'
    """
    stem, ending = _split(name)
    compression = COMPRESSIONS.get(ending, "")
    if compression:
        stem, ending = _split(stem)
    if ending in _PROBLEMS:
        return Named(None, compression, f"a {ending} file {_PROBLEMS[ending]}")
    found = _READ.get(ending, TEXT)
    if compression and not found.compressible:
        problem = f"a {ending} file inside {compression} is not supported; unpack it first"
        return Named(None, compression, problem)
    return Named(found, compression)


def _split(name: str) -> tuple[str, str]:
    stem, dot, ending = name.rpartition(".")
    return (stem, dot + ending.lower()) if stem else (name, "")
