"""Makes `cleaners/text/letter_pairs.npz`: what pairs of letters are usual in each language, from word frequencies.

The frequencies are those of wordfreq 3.1 (`pip install wordfreq`; its data is CC BY-SA 4.0). Only counts of pairs get
into the file. A list of words has no pairs of words, no marks and no capitals; `cleaners.text.letter_pairs` adds
what is needed of these.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

SPELLED: Final = (
    *("ar", "bg", "ca", "cs", "da", "de", "el", "en", "es", "fa", "fi", "fr", "he", "hu", "id", "is"),
    *("it", "lt", "lv", "mk", "nl", "pl", "pt", "ro", "ru", "sk", "sl", "sv", "tr", "uk", "vi"),
)
#: Our code of each language -> that of its list of words. Serbian is written from the list of Croatian.
LANGUAGES: Final = {
    **dict(zip(SPELLED, SPELLED, strict=True)),
    "hr": "sh",
    "no": "nb",
    "sr": "sh",
}
SCRIPTS: Final = {
    "ar": "ARABIC",
    "fa": "ARABIC",
    "he": "HEBREW",
    "el": "GREEK",
    **dict.fromkeys(("bg", "mk", "ru", "sr", "uk"), "CYRILLIC"),
}
#: What only misread texts in the lists have.
FOREIGN: Final = {"ro": "ã", "vi": "ð"}
COMMON: Final = 0.75  # exponent of the frequencies: a word of the news is rarer than "the", but not as much
MIN_SHARE: Final = 2e-5  # of a letter, to belong to the alphabet
UNSEEN_SHARE: Final = 2e-4  # of pairs that are in no list
HIGHEST: Final = 120

_DIGRAPHS: Final = {"lj": "љ", "nj": "њ", "dž": "џ"}
_SERBIAN: Final = str.maketrans("abcčćdđefghijklmnoprsštuvzž", "абцчћдђефгхијклмнопрсштувзж")
#: Where German most likely has "ß" and the list, which has no such letter, "ss".
_SHARP_S: Final = re.compile(
    r"(?<=ie|ei|au|äu|eu)ss(?!t\b)|(?<=[rst][oöuü])ss|(?<=str[aä])ss|(?<=sp[aä])ss|(?<=[fs]ü)ss|(?<=\bm[aä])ss"
)


def train(out: Path) -> None:
    """Writes the file."""
    alphabets, tables = [], []
    for code in sorted(LANGUAGES):
        alphabet, costs = costs_of(words(code), SCRIPTS.get(code, "LATIN"), FOREIGN.get(code, ""))
        alphabets.append(alphabet)
        tables.append(costs.ravel())
    np.savez_compressed(
        out,
        languages=np.array(" ".join(sorted(LANGUAGES))),
        alphabets=np.array(" ".join(alphabets)),
        costs=np.concatenate(tables),
    )


def words(code: str) -> Iterator[tuple[str, float]]:
    """(word, frequency) of a language, spelled as it is in print."""
    import wordfreq  # type: ignore[import-not-found] # only to train

    for word, frequency in wordfreq.get_frequency_dict(LANGUAGES[code], "best").items():
        spelled, share = unicodedata.normalize("NFC", word), frequency
        if code == "sr":
            for digraph, letter in _DIGRAPHS.items():
                spelled = spelled.replace(digraph, letter)
            spelled = spelled.translate(_SERBIAN)
        elif code == "el":
            spelled = re.sub(r"σ(?!\w)", "ς", spelled)
        elif code == "de" and (other := _SHARP_S.sub("ß", spelled)) != spelled:
            yield other, 0.7 * frequency
            share = 0.3 * frequency
        elif code == "ro" and (other := spelled.translate(str.maketrans("șț", "şţ"))) != spelled:
            yield other, 0.5 * frequency
            share = 0.5 * frequency
        yield spelled, share


def costs_of(words: Iterator[tuple[str, float]], script: str, foreign: str) -> tuple[str, NDArray[np.uint8]]:
    """(alphabet, costs): the table has a row and a column for the boundary of a word, then for each letter."""
    pairs: Counter[tuple[str, str]] = Counter()
    letters: Counter[str] = Counter()
    for word, frequency in words:
        weight = frequency**COMMON
        for part in "".join(c if c.isalpha() else " " for c in word).split():
            if all(unicodedata.name(c, "").startswith(script) for c in part):
                for pair in zip(f" {part}", f"{part} ", strict=True):
                    pairs[pair] += weight
                for letter in part:
                    letters[letter] += weight
    least = MIN_SHARE * letters.total()
    alphabet = "".join(
        sorted(letter for letter, weight in letters.items() if weight > least and letter not in foreign)
    )
    place = {letter: i for i, letter in enumerate(f" {alphabet}")}
    counts = np.zeros((len(place), len(place)))
    for (first, second), weight in pairs.items():
        if first in place and second in place:
            counts[place[first], place[second]] += weight
    likely = counts / counts.sum(axis=1, keepdims=True)
    likely = (1 - UNSEEN_SHARE) * likely + UNSEEN_SHARE * counts.sum(axis=0) / counts.sum()
    return alphabet, np.minimum(np.round(-10 * np.log(likely)), HIGHEST).astype(np.uint8)
