"""The kernel against references written in plain Python, and against datasketch."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable

import datasketch
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cleaners import minhash, tokens

MASK = (1 << 64) - 1

# blocks of the scripts whose every letter, mark and digit is a token
SINGLE = re.compile(
    "[\u3005-\u3007\u3021-\u302d\u3038-\u303b\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
    "\u3041-\u3096\u309d-\u309f\u30a1-\u30fa\u30fd-\u30ff\u31f0-\u31ff\U0001b000-\U0001b16f"
    "\u1100-\u11ff\u3131-\u318e\ua960-\ua97f\uac00-\ud7ff\u0e01-\u0e3a\u0e40-\u0e5b\u0e80-\u0eff"
    "\u1780-\u17ff\u1000-\u109f\ua9e0-\ua9ff\uaa60-\uaa7f]"
)

#: Letters, marks, digits and separators of many scripts, and what NFKC and casefolding turn into something else.
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
    """FNV-1a, then `fmix64`."""
    h = 0xCBF29CE484222325
    for byte in token.encode():
        h = ((h ^ byte) * 0x100000001B3) & MASK
    return fmix64(h)


def sequence_hash(hashes: list[int], multiplier: int = 0x9E3779B97F4A7C15) -> int:
    """A polynomial of the hashes and their count, then `fmix64`."""
    h = 0
    for t in (*hashes, len(hashes)):
        h = (h * multiplier + t) & MASK
    return fmix64(h)


def shingle_hashes(text: str, n: int) -> list[int]:
    """Of the set of runs of `n` tokens, sorted."""
    hashes = [token_hash(token) for token in tokens_of(text)]
    last = max(len(hashes) - n, 0) + 1 if hashes else 0
    return sorted({sequence_hash(hashes[i : i + n]) for i in range(last)})


def numbers_hash(text: str) -> int:
    """Of the digit runs within tokens, in order."""
    runs = re.findall(r"\d+", " ".join(tokens_of(text)))
    return sequence_hash([token_hash(run) for run in runs])


def normalised(text: str) -> str:
    """NFKC, then casefolded."""
    return unicodedata.normalize("NFKC", text).casefold()


def hash_texts(texts: list[str], n: int = 3) -> tokens.Hashes:
    """The hashes of normalised texts."""
    encoded = [text.encode() for text in texts]
    offsets = np.cumsum([0, *map(len, encoded)], dtype=np.int64)
    return tokens.hash_texts(np.frombuffer(b"".join(encoded), np.uint8), offsets, n)


def shingles(hashes: tokens.Hashes, row: int) -> list[int]:
    """The shingle hashes of one text."""
    return [int(h) for h in hashes.shingles[hashes.offsets[row] : hashes.offsets[row + 1]]]


texts = st.text(st.sampled_from(CHARACTERS) | st.characters(codec="utf-8"), max_size=60).map(normalised)


@given(st.lists(texts, max_size=6), st.integers(1, 16))
def test_hashes_are_the_documented_ones(batch: list[str], n: int) -> None:
    """Tokens, digit runs, shingles and the sequence's hashes are those of the plain reference, in any script."""
    found = hash_texts(batch, n)
    for row, text in enumerate(batch):
        words = tokens_of(text)
        sequence = [token_hash(word) for word in (words or text.split())]
        assert found.tokens[row] == len(words)
        assert found.numbers[row] == numbers_hash(text)
        assert shingles(found, row) == shingle_hashes(text, n)
        assert found.exact[row, 0] == sequence_hash(sequence)
        assert found.exact[row, 1] == sequence_hash(sequence, 0xD1342543DE82EF95)


def test_every_code_point_has_the_class_of_its_category() -> None:
    """Letters, marks and numbers are told from separators over all of Unicode, and the single-token scripts too."""
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
    """What stands before and after a text in the array is nothing to it."""
    alone, amid = hash_texts([text]), hash_texts(["a1b 2", text, "漢 9"])
    assert alone.tokens[0] == amid.tokens[1]
    assert alone.numbers[0] == amid.numbers[1]
    assert (alone.exact[0] == amid.exact[1]).all()
    assert shingles(alone, 0) == shingles(amid, 1)


def test_no_texts() -> None:
    """An empty array of texts has empty hashes, signatures and keys."""
    found = hash_texts([])
    signed = minhash.signatures(found.shingles, found.offsets, np.arange(0))
    assert found.offsets.tolist() == [0]
    assert signed.shape == (0, 128)
    assert minhash.band_keys(signed, 25, 5).shape == (0, 25)


@pytest.mark.parametrize("make", [lambda: "ab " * 200_000, lambda: "".join(map(chr, range(0x4E00, 0x9FFF)))])
def test_long_texts(make: Callable[[], str]) -> None:
    """A text of many megabytes, or without any space, has the reference's shingles."""
    text = make()
    found = hash_texts(["x", text, "y z"])
    assert found.tokens[1] == len(tokens_of(text))
    assert shingles(found, 1) == shingle_hashes(text, 3)
    assert shingles(found, 2) == shingle_hashes("y z", 3)


@given(st.lists(st.text(st.sampled_from("ab漢é 3"), max_size=200), min_size=1, max_size=4))
def test_signatures_are_those_of_datasketch(batch: list[str]) -> None:
    """Bit for bit, for any number of shingles, none included; and what datasketch loads says the same Jaccard."""
    found = hash_texts([normalised(text) for text in batch])
    signed = minhash.signatures(found.shingles, found.offsets, np.arange(len(batch)))
    oracles = []
    for row in range(len(batch)):
        oracle = datasketch.MinHash(
            num_perm=128, scheme="affine32", seed=1, hashfunc=lambda h: int(h) & 0xFFFFFFFF
        )
        oracle.update_batch(shingles(found, row))
        assert signed.dtype == oracle.hashvalues.dtype
        assert (signed[row] == oracle.hashvalues).all()
        oracles.append(oracle)
    ours = [minhash.to_datasketch(signature) for signature in signed]
    assert ours == oracles
    assert ours[0].jaccard(ours[-1]) == oracles[0].jaccard(oracles[-1])


def test_signatures_of_chosen_rows() -> None:
    """Rows can be picked, in any order."""
    found = hash_texts(["a b c d", "e f g", "h i j k l"])
    signed = minhash.signatures(found.shingles, found.offsets, np.array([2, 0]))
    everything = minhash.signatures(found.shingles, found.offsets, np.arange(3))
    assert (signed == everything[[2, 0]]).all()


def test_band_keys_are_the_documented_ones() -> None:
    """A key is the sequence hash of the band's number and its rows' values."""
    found = hash_texts(["a b c d e", "a b c d f"])
    signed = minhash.signatures(found.shingles, found.offsets, np.arange(2))
    keys = minhash.band_keys(signed, 25, 5)
    for text in range(2):
        for band in range(25):
            values = [int(v) for v in signed[text, band * 5 : band * 5 + 5]]
            assert keys[text, band] == sequence_hash([band, *values])


@pytest.mark.parametrize("threshold", [0.06, 0.1, 0.3, 0.5, 0.7, 0.75, 0.8, 0.9, 0.99, 1.0])
def test_bands_find_999_of_1000(threshold: float) -> None:
    """The bands fit into 128 permutations and miss less than one pair in 1,000 at the threshold."""
    count, rows = minhash.bands(threshold)
    assert count * rows <= 128
    assert (1 - threshold**rows) ** count < 0.001


def test_bands_of_the_default_threshold() -> None:
    """0.8 is met by 25 bands of 5 rows."""
    assert minhash.bands(0.8) == (25, 5)
