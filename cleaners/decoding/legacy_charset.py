"""The charset of text that is in no Unicode encoding.

chardet ranks the charsets, and where its statistics leave a doubt (it gives half of the Western charsets the same
figure) the reading that looks least odd is taken.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from typing import Final

from cleaners.decoding.oddness import oddness

#: Name of the error handler that reads an undecodable byte without loss.
ERRORS: Final = "copydesk-undecodable"
#: What is left of a UTF-8 sequence that an end cuts.
UTF8_CUT: Final = re.compile(rb"(?:[\xc2-\xf4]|[\xe0-\xf4][\x80-\xbf]|[\xf0-\xf4][\x80-\xbf]{2})\Z")
SAMPLE_BYTES: Final = 1 << 16  # the detector sees no more of a file than this

# Belief in a reading: the detector's confidence as a share of its highest, less ODDNESS_WEIGHT times the oddness of
# the average character beyond ASCII.
MIN_SHARE: Final = 0.7  # a reading that the detector believes less is not looked at
ODDNESS_WEIGHT: Final = 0.4
EAST_ASIAN_SHARE: Final = (
    0.9  # of an East Asian reading of a text that is mostly ASCII, which the detector passes over
)
RARE: Final = 0.05  # less belief in a charset that hardly anybody wrote
TIE: Final = 0.02  # a difference in belief that says nothing
DOUBT: Final = 0.15  # a preferred charset may be believed so much less than the best

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


def detect(sample: bytes, prefer: str | None) -> str:
    """The charset in which `sample` reads best; `prefer` where that is in doubt."""
    shares: dict[str, float] = {}
    beliefs: dict[str, float] = {}
    for name, share, odd in _readings(sample):
        shares[name] = max(share, shares.get(name, share))
        beliefs[name] = shares[name] - ODDNESS_WEIGHT * odd
    if not beliefs:
        # valid in no charset: a text with a stray byte, or binary data, as its controls will tell
        return "windows-1252"
    highest = max(beliefs.values())
    usual = min((name for name, belief in beliefs.items() if belief >= highest - TIE), key=_rank)
    # those that the detector does not tell apart may differ in a letter or two, which then decide
    alike = [name for name, share in shares.items() if abs(share - shares[usual]) < TIE]
    best = max(alike, key=lambda name: (beliefs[name] - shares[name], -_rank(name)))
    if prefer and not prefer.lower().startswith("utf") and read(sample, prefer) is not None:
        name = _name(sample, codecs.lookup(prefer).name)
        belief = beliefs.get(name, MIN_SHARE - ODDNESS_WEIGHT * oddness(sample.decode(name, ERRORS)))
        if belief >= beliefs[best] - DOUBT:
            return name
    return best


def _readings(sample: bytes) -> Iterator[tuple[str, float, float]]:
    """The charsets that the bytes may be in, each with how far the detector believes it, and the text's oddness."""
    import chardet  # takes its time to load, and most inputs are UTF-8

    found = chardet.detect_all(
        sample, compat_names=False, exclude_encodings=_EXCLUDED, max_bytes=SAMPLE_BYTES
    )
    if found[0]["encoding"] is None:
        return
    top = found[0]["confidence"]
    likely = [
        (str(r["encoding"]), r["confidence"] / top) for r in found if r["confidence"] >= MIN_SHARE * top
    ]
    odd = True
    for detected, share in likely:
        name = _name(sample, detected)
        oddity = oddness(sample.decode(name, ERRORS))
        odd &= oddity > 0.1
        yield name, share - RARE * (detected in _RARE), oddity
    if odd and not any(name in _EAST_ASIAN for name, _ in likely):
        east = chardet.detect_all(
            sample, compat_names=False, include_encodings=_EAST_ASIAN, no_match_encoding="gb18030"
        )
        name = _name(sample, str(east[0]["encoding"]))
        if (text := read(sample, name)) is not None:
            yield name, EAST_ASIAN_SHARE, oddness(text)


def _name(sample: bytes, detected: str) -> str:
    """The name of a charset by the rule at the top."""
    names = _NAMES.get(detected) or (_spelled(detected),)
    return next((name for name in names if read(sample, name) is not None), names[0])


def _spelled(name: str) -> str:
    """The name of a charset with the prefixes and hyphens of its standard: cp1252 is windows-1252."""
    name = re.sub(r"^cp(?=125\d$)", "windows-", name.lower().replace("_", "-"))
    return re.sub("^iso(?=[28])", "iso-", name)


def _rank(name: str) -> int:
    return _USUAL.index(name) if name in _USUAL else len(_USUAL)


def read(data: bytes, name: str) -> str | None:
    """The text of `data` where it is valid in the charset, but for a character that its end cuts; else None."""
    try:
        text: object = codecs.getincrementaldecoder(name)().decode(data)
    except (ValueError, LookupError, TypeError):  # TypeError: rot13 and its like are no charsets
        return None
    return text if isinstance(text, str) else None


def _read_undecodable(error: UnicodeError) -> tuple[str, int]:
    """The error handler `ERRORS`; what it does is told in `cleaners.decoding.decoder`."""
    if not isinstance(error, UnicodeDecodeError):
        raise error
    data = error.object[error.start : error.end]
    if error.encoding == "utf-8":
        if error.end == len(error.object) and UTF8_CUT.fullmatch(data):
            return "\ufffd", error.end  # cut off within a character
        return "".join(map(_windows_1252, data)), error.end
    if error.encoding == "charmap":
        return "".join(chr(b) if 0x80 <= b < 0xA0 else "\ufffd" for b in data), error.end
    return "\ufffd" * len(data), error.end


codecs.register_error(ERRORS, _read_undecodable)


def _windows_1252(byte: int) -> str:
    return bytes([byte]).decode("windows-1252", ERRORS)
