"""The charsets among which readings are sought: what their bytes stand for, and what these cost side by side."""

from __future__ import annotations

import functools
import re
from typing import Any, Final, NamedTuple

import ftfy
import ftfy.bad_codecs
import numpy as np

from cleaners.derived import derived
from cleaners.kernels import I64, U8, U16, U32, Flags, Integer, Rows, Tables, Written, helper
from cleaners.text.letter_pairs import letter_pairs, stamp

ftfy.bad_codecs.ok()  # makes its "sloppy" charsets known, in which no byte is undefined

#: Charset -> what to add to the cost of readings in which a paragraph was wrongly read as this.
READ_AS: Final = {
    "latin-1": 0,  # where there are C1 controls; otherwise the same as the next
    "sloppy-windows-1252": 0,
    "sloppy-windows-1250": 10,
    "sloppy-windows-1251": 10,
    "macroman": 10,
    "koi8-r": 20,
    "cp866": 20,
    "iso-8859-2": 30,
    "cp437": 40,
    "cp850": 40,
    "koi8-u": 40,
    "sloppy-windows-1253": 50,
    "sloppy-windows-1254": 50,
    "sloppy-windows-1257": 50,
    "iso-8859-5": 50,
    "iso-8859-7": 50,
    "mac-cyrillic": 50,
    "cp852": 50,
}
#: Charset -> the same where it is the right one.
WRITTEN_AS: Final = {
    "sloppy-windows-1252": 0,
    "sloppy-windows-1251": 0,
    "sloppy-windows-1250": 0,
    "koi8-r": 0,
    "sloppy-windows-1253": 0,
    "iso-8859-7": 5,
    "cp866": 10,
    "koi8-u": 10,
    "macroman": 10,
    "iso-8859-2": 10,
    "sloppy-windows-1254": 10,
    "sloppy-windows-1257": 10,
    "cp850": 15,
    "cp437": 25,
    "cp852": 40,
    "iso-8859-5": 40,
    "mac-cyrillic": 40,
    "cp737": 40,
    "windows-1255": 40,
    "windows-1256": 40,
    "utf-8": 0,  # the last: all others are tables of 256 characters
}
#: What no reading contains: controls, private characters, ligatures, what could not be decoded.
NO_TEXT: Final = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ue000-\uf8ff\ufb01\ufb02\ufffd]")
#: Controls as the characters of windows-1252 that ftfy makes of them.
_AS_FTFY_FIXES_C1: Final = {
    code: character
    for code in range(0x80, 0xA0)
    if (character := bytes([code]).decode("windows-1252", "ignore"))
}


class CharsetTables(NamedTuple):
    """What characters cost, and what each byte stands for in each charset."""

    classes: U16  # of code points
    cases: U8
    fixed: U16  # code points of Latin-1 as ftfy fixes them
    costs: Tables[U8]  # (classes, classes, languages)
    latin: Flags  # whether each language has ASCII letters
    vowels: Flags  # whether each class is one
    bytes_of: Rows[U8]  # (charsets of `READ_AS`, 65536): the byte of each code point; 0 where there is none
    charsets: U32  # bits of those that have each code point
    read_as: I64  # what is added to the cost
    written_as: I64
    characters: Rows[U16]  # (charsets of `WRITTEN_AS` but UTF-8, 256): the code point of each byte
    no_text: Rows[Flags]
    lowest: Tables[U8]  # (256, 256, charsets): what each two bytes cost in any one language


@functools.cache
def charset_tables() -> CharsetTables:
    """The tables, made once for a machine."""
    return derived("charset-readings", f"{stamp()} {ftfy.__version__}", _make_tables)


def _make_tables() -> CharsetTables:
    names = [name for name in WRITTEN_AS if name != "utf-8"]
    characters = [bytes([byte]).decode(name, "replace") for name in names for byte in range(256)]
    codes = np.array([ord(character) for character in characters], np.uint16).reshape(-1, 256)
    model = letter_pairs()
    classes = model.classes[codes]
    bytes_of = np.zeros((len(READ_AS), 0x10000), np.uint8)
    for row, read_as in enumerate(READ_AS):
        for byte in range(256):
            bytes_of[row, ord(bytes([byte]).decode(read_as, "replace"))] = byte
    bytes_of[:, 0xFFFD] = 0
    return CharsetTables(
        model.classes,
        model.cases,
        np.array([ord(_AS_FTFY_FIXES_C1.get(code, chr(code))) for code in range(256)], np.uint16),
        np.ascontiguousarray(model.costs.transpose(1, 2, 0)),
        model.latin,
        model.vowels,
        bytes_of,
        ((bytes_of > 0) << np.arange(len(READ_AS))[:, None]).sum(axis=0).astype(np.uint32),
        np.array(list(READ_AS.values()), np.int64),
        np.array(list(WRITTEN_AS.values()), np.int64),
        codes,
        np.array([bool(NO_TEXT.match(character)) for character in characters]).reshape(-1, 256),
        np.ascontiguousarray(model.costs.min(axis=0)[classes.T[:, None], classes.T[None]]),
    )


@helper
def encode(codes: U16, bytes_of: U8, data: Written[U8]) -> None:
    """Write the byte of each code point in one charset of `CharsetTables.bytes_of` to `data`."""
    for at in range(len(codes)):
        data[at] = bytes_of[codes[at]]


@helper
def decode(data: U8, charset: int, tables: CharsetTables, codes: Written[U16]) -> Any:
    """How many units of UTF-16 bytes are in a charset, which are written to `codes`; -1 if they are no text."""
    characters, no_text = tables.characters, tables.no_text
    if charset < len(characters):
        for at in range(len(data)):
            if no_text[charset, data[at]]:
                return -1
            codes[at] = characters[charset, data[at]]
        return len(data)
    at = length = 0
    while at < len(data):
        code, width = np.int64(data[at]), 1
        if code >= 0xF5 or 0x80 <= code < 0xC2:
            return -1
        if code >= 0x80:
            width = 2 if code < 0xE0 else 3 if code < 0xF0 else 4
            if at + width > len(data):
                return -1
            code &= 0x7F >> width
            for more in range(at + 1, at + width):
                if data[more] >> 6 != 2:
                    return -1
                code = code << 6 | np.int64(data[more] & 63)
        if width == 3 and (code < 0x800 or 0xD800 <= code < 0xE000):
            return -1
        if width == 4 and (code < 0x10000 or code > 0x10FFFF):
            return -1
        if _is_no_text(code):
            return -1
        if code >= 0x10000:
            codes[length] = 0xD800 + (code - 0x10000 >> 10)
            codes[length + 1] = 0xDC00 + (code & 0x3FF)
            length += 2
        else:
            codes[length] = code
            length += 1
        at += width
    return length


@helper
def _is_no_text(code: Integer) -> Any:
    """Whether `NO_TEXT` matches a character that UTF-8 writes in several bytes."""
    return (
        0x7F <= code < 0xA0 or 0xE000 <= code < 0xF900 or code == 0xFB01 or code == 0xFB02 or code == 0xFFFD
    )
