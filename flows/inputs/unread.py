"""The formats that are not read: what they are, why, and which tool makes text of them."""

from __future__ import annotations

from typing import Final, NamedTuple

from flows.inputs.bounds import Unreadable
from flows.inputs.compression import COMPRESSIONS


class Unread(NamedTuple):
    """A format that is not read, unless `formats.FORMATS` has one of its name."""

    name: str  # its kind in `sniffing`, if it is known by its content
    what: str
    why: str  # it is not read, and what to do about it
    endings: str = ""

    def refusal(self, name: str) -> Unreadable:
        """The error of a file of that name."""
        ending, _ = endings_of(name)
        if ending in self.endings.split():
            return Unreadable(f"a {ending} file {self.why}")
        return Unreadable(f"by its content it is {self.what}, which {self.why}")


_EXTRACT: Final = "is not plain text; extract the text first"
_NO_TEXT: Final = "contains no text"
_NO_ARTICLE: Final = "holds no article"
_MARKUP: Final = "contains markup, not plain text; extract the text first"
_ARCHIVE: Final = "is an archive; unpack it first"
_TABLE: Final = "has a format that is not supported; convert it to .parquet or .jsonl"
UNREAD: Final = (
    Unread("wat", "WARC metadata", _NO_TEXT, ".wat"),
    Unread("mhtml", "a web page", f"{_MARKUP} (munpack, ripmime)", ".mhtml .mht"),
    Unread("arc", "an ARC file of web pages", "is not read; convert it (warcio recompress)", ".arc"),
    Unread(
        "xml",
        "XML",
        f"{_MARKUP} (xmllint --xpath)",
        ".xml .sgm .sgml .nitf .newsml .opml .plist .rdf .xsl .xsd .tei",
    ),
    Unread("sitemap", "a sitemap", _NO_TEXT),
    Unread("pdf", "a PDF file", f"{_EXTRACT} (pdftotext)", ".pdf"),
    Unread("postscript", "a PostScript file", f"{_EXTRACT} (ps2ascii)", ".ps .eps"),
    Unread("rtf", "an RTF file", f"{_EXTRACT} (pandoc)", ".rtf"),
    Unread(
        "document", "a word processor's document", f"{_EXTRACT} (pandoc)", ".docx .docm .odt .ott .epub .fb2"
    ),
    Unread(
        "slides", "slides", f"{_EXTRACT} (soffice --convert-to pdf, then pdftotext)", ".pptx .ppt .odp .key"
    ),
    Unread(
        "sheet",
        "a spreadsheet",
        "is not read; save it as CSV (soffice --convert-to csv)",
        ".xlsx .xls .ods .xlsb",
    ),
    Unread(
        "office",
        "a file of Microsoft Office",
        f"{_EXTRACT} (soffice --convert-to txt:Text)",
        ".doc .dot .wps",
    ),
    Unread("message", "mail of Outlook", f"{_EXTRACT} (msgconvert, readpst)", ".msg .pst"),
    Unread("book", "an e-book", f"{_EXTRACT} (ebook-convert)", ".mobi .azw .azw3 .lit"),
    Unread("scan", "a scanned document", f"{_EXTRACT} (djvutxt)", ".djvu .djv"),
    Unread("pages", "a document of Pages", f"{_EXTRACT} (export it as .txt)", ".pages"),
    Unread(
        "image",
        "an image",
        _NO_TEXT,
        ".png .jpg .jpeg .gif .webp .avif .heic .bmp .ico .svg .tif .tiff .psd .jp2",
    ),
    Unread(
        "media",
        "sound or video",
        _NO_TEXT,
        ".mp3 .m4a .ogg .opus .wav .flac .aiff .mid .mp4 .mov .avi .mkv .webm .flv",
    ),
    Unread("font", "a font", _NO_TEXT, ".woff .woff2 .ttf .otf .eot"),
    Unread("program", "a program", _NO_TEXT, ".exe .dll .so .pyc .class .jar .o .dylib .wasm .bin .sh .bat"),
    Unread("archive", "an archive", _ARCHIVE, ".7z .rar .cab .iso .ar .deb .rpm .cpio .arj"),
    Unread(
        "compressed", "compressed data", "is not supported; decompress it first", ".lz4 .lz .lzma .z .sz .br"
    ),
    Unread(
        "sqlite", "an SQLite database", "is not read; export the table (sqlite3 -csv)", ".db .sqlite .sqlite3"
    ),
    Unread(
        "data",
        "binary data",
        _TABLE,
        ".arrow .feather .ipc .orc .avro .pkl .pickle .npy .npz .h5 .hdf5 .rds .rdata .mat .dta .sav .duckdb",
    ),
    Unread(
        "pointer",
        "a pointer to a file in Git LFS",
        "has no content of its own; fetch the file (git lfs pull)",
    ),
    Unread("robots", "a robots.txt", _NO_TEXT),
    Unread("har", "a HAR file of a browser's traffic", "is not read; convert it to WARC (har2warc)", ".har"),
    Unread(
        "subtitles",
        "a file of subtitles",
        "has times between its lines; take the text out first (pysubs2)",
        ".srt .vtt .ass .ssa .sbv .lrc",
    ),
    Unread("tex", "a TeX document", f"{_MARKUP} (pandoc, detex)", ".tex .ltx .latex .sty .cls .dtx"),
    Unread(
        "bibliography",
        "a bibliography",
        "holds no articles; save it as CSV (Zotero, JabRef)",
        ".bib .ris .enw",
    ),
    Unread("log", "the log of a program", _NO_ARTICLE, ".log"),
    Unread("urls", "a list of URLs", "has no texts; fetch the pages first"),
    Unread("gdelt", "a list of GDELT", "has URLs and no texts; fetch the pages first"),
    Unread(
        "cdx", "an index of web archives", "has no texts; read the WARC files that it names", ".cdx .cdxj"
    ),
    Unread("sql", "an SQL dump", "is not read; load it into a database, and export the table as CSV", ".sql"),
    Unread("cookies", "a file of cookies", _NO_ARTICLE),
    Unread("ads", "an ads.txt", _NO_ARTICLE),
    Unread("checksums", "a list of checksums", _NO_ARTICLE),
    Unread("shortcut", "a shortcut", "has no text; fetch the page that it leads to", ".url .webloc .desktop"),
    Unread("calendar", "a calendar or an address book", _NO_ARTICLE, ".ics .vcf"),
    Unread("script", "a script", "is not read; save the JSON in it as .json"),
    Unread("python", "records as Python shows them", "are not read; write them with json.dumps"),
    Unread("yaml", "a list in YAML", "is not read; convert it to JSON (yq)", ".yaml .yml"),
    Unread("patch", "a patch", _NO_ARTICLE, ".patch .diff"),
    Unread(
        "settings",
        "data or a program",
        "is not read",
        ".geojson .toml .ini .cfg .css .js .mjs .py",
    ),
)


def refusal(kind: str, name: str) -> Unreadable:
    """The error of a file of that kind and name."""
    return next(one for one in UNREAD if one.name == kind).refusal(name)


def endings_of(name: str) -> tuple[str, str]:
    """The ending that names the format, in lower case, and the one that names the compression; "" for none."""
    stem, dot, ending = name.rpartition(".")
    if not stem:
        return "", ""
    ending = dot + ending.lower()
    return (endings_of(stem)[0], ending) if ending in COMPRESSIONS else (ending, "")
