"""The charset of text that is in no Unicode encoding.

chardet ranks the charsets. Where its statistics do not decide (half of the Western charsets get the same confidence),
the charset whose text looks least odd wins. Among single-byte charsets the letters of the words have the last word.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from typing import Final

from cleaners.decoding.letters import by_letters
from cleaners.decoding.oddness import oddness

#: Name of the error handler that decodes undecodable bytes without loss.
ERRORS: Final = "copydesk-undecodable"
#: An incomplete UTF-8 sequence at the end of the data.
UTF8_CUT: Final = re.compile(rb"(?:[\xc2-\xf4]|[\xe0-\xf4][\x80-\xbf]|[\xf0-\xf4][\x80-\xbf]{2})\Z")
SAMPLE_BYTES: Final = 1 << 16  # the most that the detector sees of a file

# The confidence in a charset is the detector's, relative to its highest. Its score is the confidence minus
# ODDNESS_WEIGHT times the average oddness of the non-ASCII characters.
MIN_CONFIDENCE: Final = 0.7  # charsets below are ignored
ODDNESS_WEIGHT: Final = 0.4
EAST_ASIAN_CONFIDENCE: Final = 0.9  # for East Asian text that is mostly ASCII, which the detector overlooks
RARE_PENALTY: Final = 0.05  # taken from the confidence in a charset that hardly anybody used
TIE_MARGIN: Final = 0.02  # a difference too small to mean anything
PREFER_MARGIN: Final = 0.15  # a preferred charset wins though its score is this much below the best

#: The detector's name of a charset -> our names. The first in which the bytes are valid is used, else the first.
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
#: Charsets that hardly occur in news and are mistaken for others; and UTF-7, in which every ASCII text is valid.
_EXCLUDED: Final = ("utf-7", "hp-roman8", "cp1006", "cp864", "mac-iceland")
_RARE: Final = ("iso8859-3", "iso8859-10", "iso8859-14", "iso8859-16", "cp437", "cp860", "cp863", "cp865")
#: The more common charset wins a tie.
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
    """The charset with the best score for `sample`; `prefer` if that is valid and scores nearly as well."""
    confidences: dict[str, float] = {}
    scores: dict[str, float] = {}
    for name, confidence, odd in _readings(sample):
        confidences[name] = max(confidence, confidences.get(name, confidence))
        scores[name] = confidences[name] - ODDNESS_WEIGHT * odd
    if not scores:
        # valid in no charset: text with a stray byte, or binary data, which the caller finds by its controls
        return "windows-1252"
    highest = max(scores.values())
    usual = min((name for name, score in scores.items() if score >= highest - TIE_MARGIN), key=_rank)
    # charsets with equal confidence may differ in a letter or two; their oddness then decides
    tied = [
        name for name, confidence in confidences.items() if abs(confidence - confidences[usual]) < TIE_MARGIN
    ]
    best = max(tied, key=lambda name: (scores[name] - confidences[name], -_rank(name)))
    if prefer and not prefer.lower().startswith("utf") and read(sample, prefer) is not None:
        name = _name(sample, codecs.lookup(prefer).name)
        score = scores.get(name, MIN_CONFIDENCE - ODDNESS_WEIGHT * oddness(sample.decode(name, ERRORS)))
        if score >= scores[best] - PREFER_MARGIN:
            return name
    return by_letters(sample, best, confidences)


def _readings(sample: bytes) -> Iterator[tuple[str, float, float]]:
    """(charset, confidence, oddness of the decoded text) of each charset that the bytes may be in."""
    import chardet  # slow to load, and most inputs are UTF-8

    found = chardet.detect_all(
        sample, compat_names=False, exclude_encodings=_EXCLUDED, max_bytes=SAMPLE_BYTES
    )
    if found[0]["encoding"] is None:
        return
    top = found[0]["confidence"]
    likely = [
        (str(r["encoding"]), r["confidence"] / top) for r in found if r["confidence"] >= MIN_CONFIDENCE * top
    ]
    odd = True
    for detected, confidence in likely:
        name = _name(sample, detected)
        oddity = oddness(sample.decode(name, ERRORS))
        odd &= oddity > 0.1
        yield name, confidence - RARE_PENALTY * (detected in _RARE), oddity
    if odd and not any(name in _EAST_ASIAN for name, _ in likely):
        east = chardet.detect_all(
            sample, compat_names=False, include_encodings=_EAST_ASIAN, no_match_encoding="gb18030"
        )
        name = _name(sample, str(east[0]["encoding"]))
        if (text := read(sample, name)) is not None:
            yield name, EAST_ASIAN_CONFIDENCE, oddness(text)


def _name(sample: bytes, detected: str) -> str:
    """Our name for a charset that the detector found, see `_NAMES`."""
    names = _NAMES.get(detected) or (_spelled(detected),)
    return next((name for name in names if read(sample, name) is not None), names[0])


def _spelled(name: str) -> str:
    """The name of a charset with the usual prefix and hyphens: windows-1252 for cp1252."""
    name = re.sub(r"^cp(?=125\d$)", "windows-", name.lower().replace("_", "-"))
    return re.sub("^iso(?=[28])", "iso-", name)


def _rank(name: str) -> int:
    return _USUAL.index(name) if name in _USUAL else len(_USUAL)


def read(data: bytes, name: str) -> str | None:
    """The text of `data`, or None if it is not valid in the charset; a character cut off at the end is ignored."""
    try:
        text: object = codecs.getincrementaldecoder(name)().decode(data)
    except (ValueError, LookupError, TypeError):  # TypeError: rot13 and the like are not charsets
        return None
    return text if isinstance(text, str) else None


def _read_undecodable(error: UnicodeError) -> tuple[str, int]:
    """The error handler `ERRORS`, documented in `cleaners.decoding.decoder`."""
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
