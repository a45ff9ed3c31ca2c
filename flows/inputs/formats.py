"""The formats of files: which can be read, and which a file has by its name and by its content."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Final, NamedTuple

from flows.inputs.bounds import Unreadable
from flows.inputs.csv_files import read_csv
from flows.inputs.feed_files import read_feed
from flows.inputs.html_files import read_html
from flows.inputs.json_lines import read_json, read_jsonl
from flows.inputs.mail_files import read_mail
from flows.inputs.parquet import read_parquet
from flows.inputs.reader import Format, Input, Options, Row
from flows.inputs.sniffing import has_tags, sniff
from flows.inputs.text_files import read_markdown, read_text
from flows.inputs.tracing import Trace
from flows.inputs.warc_files import read_warc

TEXT: Final = Format("text", (".txt",), read_text, one_document=True)

#: Every format that is read; no other module names one. Its name is its kind in `sniffing`, so that a file is known by
#: its content. A file with an ending that is neither here nor below is `TEXT`, unless its content is distinctive.
FORMATS: Final = (
    TEXT,
    Format("markdown", (".md", ".markdown"), read_markdown, one_document=True),
    Format("jsonl", (".jsonl", ".ndjson"), read_jsonl, has_fields=True),
    Format("json", (".json",), read_json, has_fields=True),
    Format("csv", (".csv", ".tsv"), read_csv, has_fields=True),
    Format("parquet", (".parquet",), read_parquet, has_fields=True),
    Format("warc", (".warc", ".wet"), read_warc),
    Format("feed", (".rss", ".atom"), read_feed),
    Format("mail", (".eml", ".mbox"), read_mail),
    Format("html", (".html", ".htm", ".xhtml", ".shtml"), read_html, one_document=True),
)

#: File name endings and their compressions.
COMPRESSIONS: Final = {".gz": "gzip", ".zst": "zstd", ".bz2": "bzip2", ".xz": "xz"}


class _Unread(NamedTuple):
    """A format that is not read, unless `FORMATS` has one of its name."""

    name: str  # its kind in `sniffing`, if it is known by its content
    what: str
    why: str  # it is not read, and what to do about it
    endings: str = ""


_EXTRACT: Final = "is not plain text; extract the text first"
_NO_TEXT: Final = "contains no text"
_MARKUP: Final = "contains markup, not plain text; extract the text first"
_ARCHIVE: Final = "is an archive; unpack it first"
_TABLE: Final = "has a format that is not supported; convert it to .parquet or .jsonl"
_UNREAD: Final = (
    _Unread("wat", "WARC metadata", _NO_TEXT, ".wat"),
    _Unread("mhtml", "a web page", f"{_MARKUP} (munpack, ripmime)", ".mhtml .mht"),
    _Unread("arc", "an ARC file of web pages", "is not read; convert it (warcio recompress)", ".arc"),
    _Unread("xml", "XML", f"{_MARKUP} (xmllint --xpath)", ".xml .sgm .sgml .nitf .newsml"),
    _Unread("sitemap", "a sitemap", _NO_TEXT),
    _Unread("pdf", "a PDF file", f"{_EXTRACT} (pdftotext)", ".pdf"),
    _Unread("postscript", "a PostScript file", f"{_EXTRACT} (ps2ascii)", ".ps .eps"),
    _Unread("rtf", "an RTF file", f"{_EXTRACT} (pandoc)", ".rtf"),
    _Unread(
        "document", "a word processor's document", f"{_EXTRACT} (pandoc)", ".docx .docm .odt .ott .epub .fb2"
    ),
    _Unread(
        "slides", "slides", f"{_EXTRACT} (soffice --convert-to pdf, then pdftotext)", ".pptx .ppt .odp .key"
    ),
    _Unread(
        "sheet",
        "a spreadsheet",
        "is not read; save it as CSV (soffice --convert-to csv)",
        ".xlsx .xls .ods .xlsb",
    ),
    _Unread(
        "office",
        "a file of Microsoft Office",
        f"{_EXTRACT} (soffice --convert-to txt:Text)",
        ".doc .dot .wps",
    ),
    _Unread("message", "mail of Outlook", f"{_EXTRACT} (msgconvert, readpst)", ".msg .pst"),
    _Unread("book", "an e-book", f"{_EXTRACT} (ebook-convert)", ".mobi .azw .azw3 .lit"),
    _Unread("scan", "a scanned document", f"{_EXTRACT} (djvutxt)", ".djvu .djv"),
    _Unread("pages", "a document of Pages", f"{_EXTRACT} (export it as .txt)", ".pages"),
    _Unread(
        "image",
        "an image",
        _NO_TEXT,
        ".png .jpg .jpeg .gif .webp .avif .heic .bmp .ico .svg .tif .tiff .psd .jp2",
    ),
    _Unread(
        "media",
        "sound or video",
        _NO_TEXT,
        ".mp3 .m4a .ogg .opus .wav .flac .aiff .mid .mp4 .mov .avi .mkv .webm .flv",
    ),
    _Unread("font", "a font", _NO_TEXT, ".woff .woff2 .ttf .otf .eot"),
    _Unread("program", "a program", _NO_TEXT, ".exe .dll .so .pyc .class .jar .o .dylib .wasm .bin .sh .bat"),
    _Unread("archive", "an archive", _ARCHIVE, ".7z .rar .cab .iso .ar .deb .rpm .cpio .arj"),
    _Unread("zip", "a zip archive", _ARCHIVE, ".zip"),
    _Unread("tar", "a tar archive", _ARCHIVE, ".tar .tgz .tbz .tbz2 .txz .tzst"),
    _Unread(
        "compressed", "compressed data", "is not supported; decompress it first", ".lz4 .lz .lzma .z .sz .br"
    ),
    _Unread(
        "sqlite", "an SQLite database", "is not read; export the table (sqlite3 -csv)", ".db .sqlite .sqlite3"
    ),
    _Unread(
        "data",
        "binary data",
        _TABLE,
        ".arrow .feather .ipc .orc .avro .pkl .pickle .npy .npz .h5 .hdf5 .rds .rdata .mat .dta .sav .duckdb",
    ),
    _Unread(
        "pointer",
        "a pointer to a file in Git LFS",
        "has no content of its own; fetch the file (git lfs pull)",
    ),
    _Unread("robots", "a robots.txt", _NO_TEXT),
    _Unread(
        "settings",
        "data or a program",
        "is not read",
        ".geojson .yaml .yml .toml .ini .cfg .css .js .mjs .py .sql",
    ),
)
#: Kinds whose files are text, so that their content may leave them open.
_TEXTUAL: Final = frozenset(
    ("html", "feed", "warc", "arc", "xml", "sitemap", "mail", "json", "settings", "robots")
)


_TAGGED: Final = frozenset(("html", "feed", "xml"))  # of these, the ones that hold tags
_WORDS: Final = 4  # text has more


def _refuse(unread: _Unread, given: Input, _options: Options, _trace: Trace) -> Iterator[Row]:
    ending, _ = _endings(given.uri.rpartition("/")[2])
    if ending in unread.endings.split():
        raise Unreadable(f"a {ending} file {unread.why}")
    raise Unreadable(f"by its content it is {unread.what}, which {unread.why}")
    yield


def _endings(name: str) -> tuple[str, str]:
    """The ending that names the format, in lower case, and the one that names the compression; "" for none."""
    stem, dot, ending = name.rpartition(".")
    if not stem:
        return "", ""
    ending = dot + ending.lower()
    return (_endings(stem)[0], ending) if ending in COMPRESSIONS else (ending, "")


_KINDS: Final = {
    **{one.name: Format(one.name, tuple(one.endings.split()), partial(_refuse, one)) for one in _UNREAD},
    **{one.name: one for one in FORMATS},
}
_BY_ENDING: Final = {ending: one for one in _KINDS.values() for ending in one.endings}
_BY_ENDING.update({ending: one for one in FORMATS for ending in one.endings})
_READ: Final = frozenset(one.name for one in FORMATS)


class Named(NamedTuple):
    """What a file's name says about its content."""

    format: Format
    compression: str = ""  # a value of COMPRESSIONS, or ""


def format_of(name: str) -> Named:
    """The format and compression that a file's name implies; without a known ending, the file is plain text.

    >>> found = format_of("articles.JSONL.gz")
    >>> found.format.name, found.compression
    ('jsonl', 'gzip')
    >>> format_of("us-ford-idUSN1737").format.name, format_of("paper.pdf").format.name
    ('text', 'pdf')
    """
    ending, compression = _endings(name)
    return Named(_BY_ENDING.get(ending, TEXT), COMPRESSIONS.get(compression, ""))


def format_by_content(head: bytes, named: Format, text_fields: tuple[str, ...]) -> Format:
    """The format of a file that begins with `head`; `named` is what its name says.

    The name counts where the content is not distinctive. But it does not make plain text a picture.
    """
    kind = sniff(head, text_fields)
    if not kind:
        if not head or named.name in (_READ | _TEXTUAL) - _TAGGED:
            return named
        is_text = _is_prose(head) and not (named.name in _TAGGED and has_tags(head))
        return TEXT if is_text else named
    if kind == "tags":
        return _KINDS["html"] if named is TEXT or named.name not in _READ else named
    if named.name in ("json", "jsonl") and kind in ("json", "jsonl"):
        return named
    return _KINDS[kind]


def _is_prose(head: bytes) -> bool:
    """Whether this is text without any doubt: some words in UTF-8, of which the last may be cut off."""
    try:
        head.decode()
    except UnicodeDecodeError as error:
        if len(head) - error.start > 3 or error.reason != "unexpected end of data":
            return False
    return b"\0" not in head and len(head.split(None, _WORDS)) > _WORDS
