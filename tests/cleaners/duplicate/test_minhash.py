"""The kernel against references written in plain Python, and against datasketch."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import datasketch
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cleaners.duplicate import minhash
from cleaners.duplicate.fingerprints import fingerprint, fingerprint_schema
from cleaners.text import tokens
from cleaners.text.shingles import shingle_sets

MASK = (1 << 64) - 1

# blocks of the scripts whose every letter, mark and digit is a token
SINGLE = re.compile(
    "[\u3005-\u3007\u3021-\u302d\u3038-\u303b\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
    "\u3041-\u3096\u309d-\u309f\u30a1-\u30fa\u30fd-\u30ff\u31f0-\u31ff\U0001b000-\U0001b16f"
    "\u1100-\u11ff\u3131-\u318e\ua960-\ua97f\uac00-\ud7ff\u0e01-\u0e3a\u0e40-\u0e5b\u0e80-\u0eff"
    "\u1780-\u17ff\u1000-\u109f\ua9e0-\ua9ff\uaa60-\uaa7f]"
)

#: Letters, marks, digits and separators of many scripts, and characters that NFKC or casefolding changes.
CHARACTERS = (
    "aAbzZé\u0301ßſﬁİıΣσςЖжאשعر3٣३９²½Ⅷ①ªµ·.,;:!?'’“”–—…\u00a0\u2003\t \u3000\u200b\u200d°€$%"
    "漢字々〇〡ひがか\u3099ゝカﾊﾟー한글ᄒ\u1161\u11abᅟ\u302eไทย๓ລາວ໓ខ្មែរ៣မြန်မာ၃हिन्दी்தமிழ்𝐀𝟗𠀀😀️\U000e0101，。！"
)


def tokenise(text: str) -> list[str]:
    """The tokens of a normalised text, and empty strings."""
    spaced = "".join(f" {c} " if SINGLE.match(c) and unicodedata.category(c)[0] in "LMN" else c for c in text)
    return "".join(c if unicodedata.category(c)[0] in "LMN" else " " for c in spaced).split(" ")


def tokens_of(text: str) -> list[str]:
    """The tokens of a normalised text."""
    return [token for token in tokenise(text) if token]


def fmix64(h: int) -> int:
    """The finaliser of MurmurHash3."""
    h = ((h ^ h >> 33) * 0xFF51AFD7ED558CCD) & MASK
    h = ((h ^ h >> 33) * 0xC4CEB9FE1A85EC53) & MASK
    return h ^ h >> 33


def token_hash(token: str) -> int:
    """The hash of a token: eight bytes at a time, then `fmix64`."""
    h = 0
    encoded = token.encode()
    for at in range(0, len(encoded), 8):
        h = ((h ^ int.from_bytes(encoded[at : at + 8], "little")) * 0x9E3779B97F4A7C15) & MASK
        h ^= h >> 29
    return fmix64(h)


def sequence_hash(hashes: list[int], multiplier: int = 0x9E3779B97F4A7C15) -> int:
    """The hash of a sequence: a polynomial of the hashes and their count, then `fmix64`."""
    h = 0
    for t in (*hashes, len(hashes)):
        h = (h * multiplier + t) & MASK
    return fmix64(h)


def shingle_hashes(text: str, n: int) -> list[int]:
    """The sorted hashes of the set of runs of `n` tokens."""
    hashes = [token_hash(token) for token in tokens_of(text)]
    last = max(len(hashes) - n, 0) + 1 if hashes else 0
    return sorted({sequence_hash(hashes[i : i + n]) for i in range(last)})


def numbers_hash(text: str) -> int:
    """The hash of the sequence of digit runs within the tokens."""
    runs = re.findall(r"\d+", " ".join(tokens_of(text)))
    return sequence_hash([token_hash(run) for run in runs])


def normalised(text: str) -> str:
    """The text in NFKC, then casefolded."""
    return unicodedata.normalize("NFKC", text).casefold()


def shingles_of(texts: list[str], n: int = 3) -> list[list[int]]:
    """The shingle sets of the texts."""
    values, offsets = shingle_sets(pl.Series(texts, dtype=pl.String), n)
    return [values[a:b].tolist() for a, b in pairwise(offsets)]


def fingerprints_of(texts: list[str], **making: Any) -> pl.DataFrame:
    """The fingerprints of the texts."""
    paragraphs = pl.DataFrame(
        {"document_id": [""] * len(texts), "position": [0] * len(texts), "text": texts},
        schema={"document_id": pl.String, "position": pl.UInt32, "text": pl.String},
    )
    return fingerprint(paragraphs, **({"n": 3, "threshold": 0.8, "min_tokens": 1, "short": "exact"} | making))


#: Words of ASCII letters as in most prose, of any length, with some of what may stand between or within them.
words = st.text("aBz", min_size=1, max_size=20)
prose = st.lists(words | st.sampled_from([" ", " ", ", ", "'", "é", "3", "漢", "—"]), max_size=60).map(
    "".join
)
texts = st.text(st.sampled_from(CHARACTERS) | st.characters(codec="utf-8"), max_size=60) | prose


@given(st.lists(texts, max_size=6), st.integers(1, 16))
def test_hashes_are_the_documented_ones(batch: list[str], n: int) -> None:
    """Tokens, digit runs, shingles and sequence hashes equal those of the plain reference, in any script."""
    found = fingerprints_of(batch, n=n)
    sets = shingles_of(batch, n)
    for row, text in enumerate(map(normalised, batch)):
        words = tokens_of(text)
        assert found["tokens"][row] == len(words)
        assert found["numbers"][row] == numbers_hash(text)
        assert sets[row] == shingle_hashes(text, n)
        if words:
            sequence = [token_hash(word) for word in words]
            assert found["exact_a"][row] == sequence_hash(sequence)
            assert found["exact_b"][row] == sequence_hash(sequence, 0xD1342543DE82EF95)


@pytest.mark.parametrize("text", ["* * *", "—", "…", "\u3000--\t++ "])
def test_texts_without_a_token(text: str) -> None:
    """A text without a token is hashed as the sequence of its runs without white space."""
    found = fingerprints_of([text])
    assert found["exact_a"][0] == sequence_hash([token_hash(run) for run in text.split()])


@pytest.mark.parametrize("letters", range(1, 30))
def test_words_of_every_length(letters: int) -> None:
    """A word has the same hash at the end of a text and within it, in capitals and after non-ASCII letters."""
    word = "abcdefghijklmnopqrstuvwxyzabcdef"[:letters]
    for text in (word, f"{word} and more", f"x {word.upper()}, y", f"é{word}é{word}"):
        assert shingles_of([text], 1) == [shingle_hashes(normalised(text), 1)]


def test_every_code_point_has_the_class_of_its_category() -> None:
    """Every code point of Unicode has the class of its category, or of its single-token script."""
    classes = tokens.character_classes()
    for code in range(0x110000):
        character = chr(code)
        category = unicodedata.category(character)
        if category[0] not in "LMN":
            expected = tokens.SPACE if character.isspace() else tokens.SEPARATOR
        elif SINGLE.match(character):
            expected = tokens.SINGLE_DIGIT if category == "Nd" else tokens.SINGLE
        else:
            expected = tokens.DIGIT if category == "Nd" else tokens.LETTER
        assert classes[code] == expected, hex(code)


@given(texts)
def test_a_text_hashes_alike_in_any_company(text: str) -> None:
    """The result for a text does not depend on the texts before and after it."""
    alone, amid = fingerprints_of([text]), fingerprints_of(["a1b 2", text, "漢 9"])
    assert alone.equals(amid[1:2])
    assert shingles_of([text])[0] == shingles_of(["a1b 2", text, "漢 9"])[1]


def test_no_texts() -> None:
    """An empty column has empty hashes and signatures."""
    nothing = pl.Series([], dtype=pl.String)
    values, offsets = shingle_sets(nothing, 3)
    assert (len(values), offsets.tolist()) == (0, [0])
    assert minhash.signatures(nothing).shape == (0, 128)
    assert fingerprints_of([]).schema == fingerprint_schema(0.8)


@pytest.mark.parametrize("make", [lambda: "ab " * 200_000, lambda: "".join(map(chr, range(0x4E00, 0x9FFF)))])
def test_long_texts(make: Callable[[], str]) -> None:
    """A very long text, or one without spaces, has the shingles of the reference."""
    text = make()
    found = shingles_of(["x", text, "y z"])
    assert fingerprints_of([text])["tokens"][0] == len(tokens_of(text))
    assert found[1:] == [shingle_hashes(text, 3), shingle_hashes("y z", 3)]


@given(
    st.lists(st.text(st.sampled_from("abéﬁΣ漢e\u0301 3 "), max_size=200), min_size=1, max_size=4),
    st.integers(1, 5),
)
def test_signatures_are_those_of_datasketch(batch: list[str], n: int) -> None:
    """Signatures equal those of datasketch bit for bit, even without shingles, and load into it with that Jaccard."""
    signed = minhash.signatures(pl.Series(batch), n)
    oracles = []
    for row, shingles in enumerate(shingles_of(batch, n)):
        oracle = datasketch.MinHash(
            num_perm=128, scheme="affine32", seed=1, hashfunc=lambda h: int(h) & 0xFFFFFFFF
        )
        oracle.update_batch(shingles)
        assert signed.dtype == oracle.hashvalues.dtype
        assert (signed[row] == oracle.hashvalues).all()
        oracles.append(oracle)
    ours = [minhash.to_datasketch(signature) for signature in signed]
    assert ours == oracles
    assert ours[0].jaccard(ours[-1]) == oracles[0].jaccard(oracles[-1])


def test_band_keys_are_the_documented_ones() -> None:
    """A band key is the upper half of the sequence hash of the band number and the values of its rows."""
    batch = ["a b c d e", "a b c d f", "漢字 in a line of 9 words, no more"]
    found, signed = fingerprints_of(batch), minhash.signatures(pl.Series(batch))
    for text in range(len(batch)):
        for band in range(25):
            values = [int(v) for v in signed[text, band * 5 : band * 5 + 5]]
            assert found[f"band_{band:02}"][text] == sequence_hash([band, *values]) >> 32


@pytest.mark.parametrize("short", ["keep", "exact"])
def test_short_texts_have_no_bands(short: str) -> None:
    """A text of too few tokens is compared for equality or not at all; one without tokens never has bands."""
    found = fingerprints_of(["one two three", "one two", "***"], min_tokens=3, short=short)
    assert found["band_00"].is_null().to_list() == [False, True, True]
    assert found["exact_a"].is_null().to_list() == [False, *[short == "keep"] * 2]
    assert fingerprints_of(["***"], min_tokens=0)["band_00"].is_null().to_list() == [True]


@pytest.mark.parametrize("threshold", [0.06, 0.1, 0.3, 0.5, 0.7, 0.75, 0.8, 0.9, 0.99, 1.0])
def test_bands_find_999_of_1000(threshold: float) -> None:
    """The bands fit into 128 permutations and miss fewer than one pair in 1,000 at the threshold."""
    count, rows = minhash.bands(threshold)
    assert count * rows <= 128
    assert (1 - threshold**rows) ** count < 0.001


def test_bands_of_the_default_threshold() -> None:
    """The default threshold of 0.8 has 25 bands of 5 rows."""
    assert minhash.bands(0.8) == (25, 5)
