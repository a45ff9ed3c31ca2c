"""Bytes to text: the charset of a file, and its text with no byte lost.

Unicode comes first: a byte order mark, then strict UTF-8, then UTF-16 and UTF-32 told by where their NUL bytes lie.
Bytes that are UTF-8 but for a few are UTF-8. For all others chardet ranks the charsets, and where its statistics
leave a doubt (it gives half of the Western charsets the same figure) the reading that looks least odd is taken: text
holds no control characters, no capitals after small letters, no box-drawing or Greek letters within a Latin word.

The name of an encoding is lower-case, with hyphens, one that Python knows, and the wider one of a family, as in the
WHATWG Encoding Standard: windows-1252 for ISO 8859-1, windows-1254 for ISO 8859-9, gb18030 for GBK and GB 2312, cp932
for Shift_JIS, cp949 for EUC-KR, big5-hkscs for Big5. Pure ASCII is utf-8. The text never begins with the byte order
mark.

A byte that the charset leaves undefined is never dropped: in UTF-8 it is read as windows-1252, because files are
glued together from parts; in a single-byte charset 0x80 to 0x9F stay the C1 control that they are in ISO 8859-1
(ftfy repairs these); anything else is U+FFFD. `ERRORS` names the error handler that does it, for readers that stream:
`codecs.getincrementaldecoder(charset(head))(ERRORS)` reads what `decode` reads.
"""

from __future__ import annotations

import codecs
import functools
import itertools
import re
import unicodedata
from collections.abc import Iterator
from typing import Final, NamedTuple

ERRORS: Final = "copydesk-undecodable"  # name of the error handler that reads an undecodable byte without loss

SAMPLE_BYTES: Final = 1 << 16  # the detector sees no more of a file than this
CHECKED_CHARACTERS: Final = 400  # beyond ASCII, of one reading
MAX_CONTROL_SHARE: Final = 0.05  # of characters; compressed data has a tenth and more
MAX_NUL_SHARE: Final = 0.001
MIN_ASCII_SHARE: Final = 0.01  # of UTF-16 without a mark: spaces, figures and line feeds

# Belief in a reading: the detector's confidence as a share of its highest, less ODDNESS_WEIGHT times the oddness of
# the average character beyond ASCII.
MIN_SHARE: Final = 0.7  # a reading that the detector believes less is not looked at
ODDNESS_WEIGHT: Final = 0.4
EAST_ASIAN_SHARE: Final = 0.9  # of an East Asian reading of a text that is mostly ASCII, which the detector passes over
RARE: Final = 0.05  # less belief in a charset that hardly anybody wrote
TIE: Final = 0.02  # a difference in belief that says nothing
DOUBT: Final = 0.15  # a preferred charset may be believed so much less than the best

_BYTE_ORDER_MARKS: Final = {
    codecs.BOM_UTF8: "utf-8",
    codecs.BOM_UTF32_LE: "utf-32",  # before UTF-16, whose mark it begins with
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
_MAGIC: Final = {
    b"%PDF-": "PDF",
    b"PK\x03\x04": "zip",
    b"\x1f\x8b\x08": "gzip",
    b"\x28\xb5\x2f\xfd": "zstd",
    b"BZh91AY&SY": "bzip2",
    b"\xfd7zXZ\x00": "xz",
    b"7z\xbc\xaf\x27\x1c": "7z",
    b"Rar!\x1a\x07": "rar",
    b"\x89PNG\r\n\x1a\n": "PNG",
    b"GIF87a": "GIF",
    b"GIF89a": "GIF",
    b"\xff\xd8\xff": "JPEG",
    b"\x7fELF": "ELF",
    b"OggS\x00": "Ogg",
    b"ID3\x02": "MP3",
    b"ID3\x03": "MP3",
    b"ID3\x04": "MP3",
    b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1": "Microsoft Office",
    b"SQLite format 3\x00": "SQLite",
    b"PAR1": "Parquet",
}
_CONTROLS: Final = bytes(b for b in (*range(32), 127) if b not in b"\t\n\v\f\r\x1a\x1b")
_CONTROL: Final = re.compile(f"[{re.escape(_CONTROLS.decode())}]")
_ESCAPES: Final = re.compile(rb"\x1b\$|\x1b\([BIJ]|~\{")  # ISO 2022 and HZ are ASCII to the eye
_HIGH: Final = re.compile(rb"[\x80-\xff]")
_UTF8_SEQUENCE: Final = re.compile(rb"[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}")
_UTF8_CUT: Final = re.compile(rb"(?:[\xc2-\xf4]|[\xe0-\xf4][\x80-\xbf]|[\xf0-\xf4][\x80-\xbf]{2})\Z")

_C1: Final = re.compile("[\x80-\x84\x86-\x9f]")
_BEYOND_ASCII: Final = re.compile("[^\x00-\x7f]")
_USUAL_MARKS: Final = "’‘“”„‚–—…•·«»‹›©®™°€£¥§¿¡\xa0\xadªº´×؟،؛๐−"
_OUTSIDE_WORDS: Final = "©®™°€£¥§×„‚…•“‹›"
_OPENING: Final = tuple("¿¡\"'“‘«.([*0123456789") + ("",)
_SCRIPTS: Final = frozenset(("LATIN", "GREEK", "CYRILLIC", "HEBREW", "ARABIC", "THAI", "EAST", "ARMENIAN", "GEORGIAN"))

#: The detector's name of a charset, and the names to call it by: the first in which the bytes are valid, or the first.
_NAMES: Final[dict[str, tuple[str, ...]]] = {
    "ascii": ("utf-8",),
    "big5hkscs": ("big5-hkscs",),
    "euc_jis_2004": ("euc-jp", "euc-jis-2004"),
    "euc_kr": ("cp949",),
    "iso8859-1": ("windows-1252",),
    "iso8859-9": ("windows-1254",),
    "shift_jis_2004": ("cp932", "shift-jis-2004"),
    "tis-620": ("cp874",),
}
_EAST_ASIAN: Final = ("big5hkscs", "cp932", "cp949", "euc_jis_2004", "gb18030")
#: Charsets hardly ever met in news that are taken for others; and UTF-7, in which every ASCII text is valid.
_EXCLUDED: Final = ("utf-7", "hp-roman8", "cp1006", "cp864", "mac-iceland")
_RARE: Final = ("iso8859-3", "iso8859-10", "iso8859-14", "iso8859-16", "cp437", "cp860", "cp863", "cp865")
#: Among readings alike in everything, the more usual charset.
_USUAL: Final = (
    "windows-1252",
    "windows-1250",
    "windows-1251",
    "iso-8859-2",
    "iso-8859-15",
    "mac-roman",
    "cp850",
)


class NotText(ValueError):  # noqa: N818 - it says what the data is, as UnicodeError's kin do
    """The data is no text; the message says why not."""


class Decoded(NamedTuple):
    """A text, and the name of the charset that its bytes were in."""

    text: str
    encoding: str


def decode(data: bytes, prefer: str | None = None) -> Decoded:
    """The text of `data` and its charset; `prefer` names the charset that decides where the bytes leave a doubt.

    `prefer`, say the charset of the source's other files, is taken where the bytes are not Unicode, are valid in it,
    and the best reading is believed no more than `DOUBT` above it; a name that Python does not know is passed over.
    Raises NotText.

    >>> decode("Žluťoučký kůň".encode("windows-1250"), prefer="windows-1250")
    Decoded(text='Žluťoučký kůň', encoding='windows-1250')
    """
    encoding = charset(data, prefer)
    return Decoded(data.decode(encoding, ERRORS).removeprefix("\ufeff"), encoding)


def charset(head: bytes, prefer: str | None = None) -> str:
    """The charset of a file that is or begins with `head`, which may end within a character. Raises NotText.

    To read on, take an incremental decoder with `ERRORS`, and drop a U+FEFF at the very beginning of the text.
    """
    for mark, name in _BYTE_ORDER_MARKS.items():
        if head.startswith(mark):
            text = head[:SAMPLE_BYTES].decode(name, ERRORS)
            _refuse_controls(len(_CONTROL.findall(text)) + text.count("\ufffd"), len(text))
            return name
    _refuse_formats(head)
    nuls = head.count(0)
    if nuls and (wide := _wide(head)):
        return wide
    if nuls > max(1, MAX_NUL_SHARE * len(head)):
        raise NotText(f"binary data: {nuls} of {len(head)} bytes are NUL")
    if _is_utf8(head) or _is_nearly_utf8(head):
        if head.isascii() and _ESCAPES.search(head) and (name := _seven_bit(head)):
            return name
        _refuse_controls(len(head) - len(head.translate(None, _CONTROLS)), len(head))
        return "utf-8"
    sample = _beyond_ascii(_sample(head))
    name = _detect(sample, prefer)
    text = sample.decode(name, ERRORS)
    _refuse_controls(len(_CONTROL.findall(text)) + text.count("\ufffd"), len(text))
    return name


def _read_undecodable(error: UnicodeError) -> tuple[str, int]:
    """The error handler `ERRORS`; what it does is told at the top."""
    if not isinstance(error, UnicodeDecodeError):
        raise error
    data = error.object[error.start : error.end]
    if error.encoding == "utf-8":
        if error.end == len(error.object) and _UTF8_CUT.fullmatch(data):
            return "\ufffd", error.end  # cut off within a character
        return "".join(map(_windows_1252, data)), error.end
    if error.encoding == "charmap":
        return "".join(chr(b) if 0x80 <= b < 0xA0 else "\ufffd" for b in data), error.end
    return "\ufffd" * len(data), error.end


codecs.register_error(ERRORS, _read_undecodable)


def _windows_1252(byte: int) -> str:
    return bytes([byte]).decode("windows-1252", ERRORS)


def _refuse_formats(data: bytes) -> None:
    """Raise NotText where the first bytes are those of a format that is no text."""
    kind = next((kind for mark, kind in _MAGIC.items() if data.startswith(mark)), None)
    if data[:4] == b"RIFF" and data[8:12] in (b"WEBP", b"WAVE", b"AVI "):
        kind = "RIFF"
    if data[4:8] == b"ftyp" and data[:3] == b"\0\0\0":
        kind = "MP4"
    if kind:
        raise NotText(f"binary data: it begins as {kind} does")


def _refuse_controls(controls: int, length: int) -> None:
    """Raise NotText where more than a stray one of the characters are controls, or undecodable."""
    if controls > max(1, MAX_CONTROL_SHARE * length) or 0 < controls == length:
        raise NotText(f"binary data: {controls} of {length} characters are no text")


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _is_nearly_utf8(data: bytes) -> bool:
    """Whether `data` has at least as many UTF-8 sequences as stray bytes; a sequence that the end cuts is no stray.

    In legacy charsets sequences were at most 38 % of the two together, in damaged UTF-8 70 % and more. Of a
    handful of bytes twice as many must be sequences.
    """
    sequences = len(_UTF8_SEQUENCE.findall(data))
    strays = len(_HIGH.findall(_UTF8_SEQUENCE.sub(b"", _UTF8_CUT.sub(b"", data)))) if sequences else 0
    return sequences > 0 and sequences >= (strays if sequences >= 4 else 2 * strays)


def _seven_bit(data: bytes) -> str | None:
    """ISO 2022 or HZ, which write East Asian characters as escaped ASCII; None where the escapes are others."""
    for name in ("iso-2022-jp", "iso-2022-kr", "hz", "iso-2022-jp-2", "iso-2022-jp-ext"):
        text = _read(data[:SAMPLE_BYTES], name)
        if text and not text.isascii() and not _CONTROL.search(text):
            return name
    return None


def _wide(data: bytes) -> str | None:
    """UTF-16 or UTF-32 without a byte order mark, whichever reads best; None where neither reads as text.

    Read in the wrong order ASCII becomes Chinese and worse, so the reading with the most ASCII is the right one, and
    among readings with about as much the less odd.
    """
    best, most = None, 0.0
    for name, width in (("utf-32-le", 4), ("utf-32-be", 4), ("utf-16-le", 2), ("utf-16-be", 2)):
        sample = data[: min(len(data), SAMPLE_BYTES) // width * width]
        text = _read(sample, name)
        if not text:
            continue
        wrong = len(_CONTROL.findall(text)) + sum(_kind(c) == "none" for c in text[:CHECKED_CHARACTERS])
        if wrong > MAX_CONTROL_SHARE * min(len(text), CHECKED_CHARACTERS) or text.count("\0") > 1:
            continue
        ascii_share = 1 - len(_BEYOND_ASCII.findall(text)) / max(len(text), 1)
        oddness = _oddness(text)
        score = ascii_share + 0.1 * (2 - min(oddness, 2))
        if (ascii_share > MIN_ASCII_SHARE or (oddness < 0.05 and len(text) >= 8)) and score > most:
            best, most = name, score
    return best


def _sample(data: bytes) -> bytes:
    """At most SAMPLE_BYTES of `data`, without NUL: head, middle, tail, and where the bytes beyond ASCII begin."""
    if len(data) <= SAMPLE_BYTES:
        return data.replace(b"\0", b"")
    size = SAMPLE_BYTES // 4
    high = _HIGH.search(data)
    starts = {0, high.start() if high else 0, len(data) // 2, len(data) - size}
    return b"".join(_whole_lines(data, min(s, len(data) - size), size) for s in sorted(starts)).replace(b"\0", b"")


def _beyond_ascii(sample: bytes) -> bytes:
    """The lines of `sample` that hold bytes beyond ASCII: English around them would hide what they are."""
    return b"".join(line for line in sample.splitlines(keepends=True) if not line.isascii()) or sample


def _whole_lines(data: bytes, start: int, size: int) -> bytes:
    """At most `size` bytes from the beginning of the line at `start`: no charset has a line feed in a character."""
    first = data.rfind(b"\n", max(0, start - size // 2), start) + 1 or start
    part = data[first : first + size]
    return part[: part.rfind(b"\n") + 1] or part


def _detect(sample: bytes, prefer: str | None) -> str:
    """The charset in which `sample` reads best; `prefer` where that is in doubt. Raises NotText where none fits."""
    beliefs: dict[str, float] = {}
    for name, belief in _beliefs(sample):
        beliefs[name] = max(belief, beliefs.get(name, belief))
    if not beliefs:
        raise NotText("binary data: it is valid in no charset")
    highest = max(beliefs.values())
    best = min((n for n, b in beliefs.items() if b >= highest - TIE), key=_rank)
    if prefer and not prefer.lower().startswith("utf") and _read(sample, prefer) is not None:
        name = _name(sample, codecs.lookup(prefer).name)
        belief = beliefs.get(name, MIN_SHARE - ODDNESS_WEIGHT * _oddness(sample.decode(name, ERRORS)))
        if belief >= beliefs[best] - DOUBT:
            return name
    return best


def _beliefs(sample: bytes) -> Iterator[tuple[str, float]]:
    """The charsets that the bytes may be in, each with how far it is believed."""
    import chardet  # takes its time to load, and most inputs are UTF-8

    found = chardet.detect_all(sample, compat_names=False, exclude_encodings=_EXCLUDED, max_bytes=SAMPLE_BYTES)
    if found[0]["encoding"] is None:
        return
    top = found[0]["confidence"]
    likely = [(str(r["encoding"]), r["confidence"] / top) for r in found if r["confidence"] >= MIN_SHARE * top]
    odd = True
    for detected, share in likely:
        name = _name(sample, detected)
        oddness = _oddness(sample.decode(name, ERRORS))
        odd &= oddness > 0.1
        yield name, share - ODDNESS_WEIGHT * oddness - RARE * (detected in _RARE)
    if odd and not any(name in _EAST_ASIAN for name, _ in likely):
        east = chardet.detect_all(
            sample, compat_names=False, include_encodings=_EAST_ASIAN, no_match_encoding="gb18030"
        )
        name = _name(sample, str(east[0]["encoding"]))
        if (text := _read(sample, name)) is not None:
            yield name, EAST_ASIAN_SHARE - ODDNESS_WEIGHT * _oddness(text)


def _name(sample: bytes, detected: str) -> str:
    """The name of a charset by the rule at the top."""
    names = _NAMES.get(detected) or (_spelled(detected),)
    return next((name for name in names if _read(sample, name) is not None), names[0])


def _spelled(name: str) -> str:
    """The name of a charset with the prefixes and hyphens of its standard: cp1252 is windows-1252."""
    name = re.sub(r"^cp(?=125\d$)", "windows-", name.lower().replace("_", "-"))
    return re.sub("^iso(?=[28])", "iso-", name)


def _rank(name: str) -> int:
    return _USUAL.index(name) if name in _USUAL else len(_USUAL)


def _read(data: bytes, name: str) -> str | None:
    """The text of `data` where it is valid in the charset, but for a character that its end cuts; else None."""
    try:
        text: object = codecs.getincrementaldecoder(name)().decode(data)
    except (ValueError, LookupError, TypeError):  # TypeError: rot13 and its like are no charsets
        return None
    return text if isinstance(text, str) else None


def _oddness(text: str) -> float:
    """How odd the characters beyond ASCII are among their neighbours: 0 to 5 for each, on average.

    Looks at the first `CHECKED_CHARACTERS` of them. 5 for what no text holds; 2 for a symbol or a letter of another
    script within a word, and for a capital after a small letter; 1 for a rare symbol by itself, for a Chinese
    character that touches a Latin letter, and for an accented Latin letter between two others.
    """
    total = count = 0
    for match in itertools.islice(_BEYOND_ASCII.finditer(text), CHECKED_CHARACTERS):
        at = match.start()
        total += _odd(text[at - 1 : at], match[0], text[at + 1 : at + 2])
        count += 1
    return total / max(count, 1) + 0.1 * bool(_C1.search(text))


@functools.lru_cache(1 << 14)
def _odd(before: str, char: str, after: str) -> int:
    kind, left, right = _kind(char), _kind(before), _kind(after)
    if kind == "none":
        return 5
    if kind == "mark":
        if char in "¿¡":
            return 2 * (right != "LATIN" and after not in _OPENING)
        if char == "€":
            return int(left in _SCRIPTS)
        return 2 * (char in _OUTSIDE_WORDS and left in _SCRIPTS and right in _SCRIPTS)
    if kind == "symbol":
        return 1 + (left in _SCRIPTS or right in _SCRIPTS)
    others = {left, right} & _SCRIPTS - {kind}
    if others:
        return 1 if "EAST" in others or kind == "EAST" else 2
    if (char.isupper() and before.islower()) or (char.islower() and after.isupper()):
        return 2
    return int(kind == "LATIN" and not before.isascii() and not after.isascii() and left == right == kind)


@functools.lru_cache(1 << 14)
def _kind(char: str) -> str:
    """The script of a letter; else "mark", "symbol", "none" for what no text holds, or "" for ASCII."""
    category = unicodedata.category(char) if char else ""
    if char.isascii():
        return "LATIN" if char.isalpha() else ""
    if category in ("Cc", "Cn", "Co", "Cs") or char == "\ufffd":
        return "none"
    if category[0] in "LM" and char not in "ªº":
        script = unicodedata.name(char, "").partition(" ")[0]
        return "EAST" if script in ("CJK", "HIRAGANA", "KATAKANA", "HANGUL") else script
    if char in _USUAL_MARKS or "\u3000" <= char <= "\u303f" or "\uff00" <= char <= "\uffef":
        return "mark"
    return "symbol"
