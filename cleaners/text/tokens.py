"""Hashes of the tokens, shingles and digit runs of many texts at once: arrays in, arrays out.

Tokens are defined on text in NFKC and casefolded. Texts come as one array of UTF-8 bytes and the offsets between them,
as Arrow lays them out. They need not be casefolded yet where lower case comes to the same
(`shingles.normalised_texts`). Every hash is an unsigned 64-bit number that depends neither on the machine nor on
Python's hash seed. M is `MULTIPLIER`; arithmetic is modulo 2**64.

- `fmix64` is the finaliser of MurmurHash3 (x64), a bijection that spreads every bit over all others.
- Token: its UTF-8 bytes are read eight at a time as little-endian numbers, the rest as one more number. Start with
  h = 0. For each number w, `h = (h ^ w) * M`, then `h = h ^ h >> 29`. The hash is `fmix64(h)`.
- Sequence of k hashes: start with h = 0. For each hash t, `h = h * M + t`. The hash is `fmix64(h * M + k)`; that of the
  empty sequence is 0.
- Shingle: the hash of the sequence of its tokens.

Shingles are from Broder, "On the resemblance and containment of documents" (1997).
"""

from __future__ import annotations

import functools
import sys
import unicodedata
from collections import defaultdict
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from cleaners.derived import of_characters
from cleaners.kernels import I64, U8, U32, U64, Integer, Word, Written, helper, intrinsic, kernel
from cleaners.text.scripts import HAN, HANGUL, KANA, SOUTH_EAST_ASIAN

MULTIPLIER: Final = 0x9E3779B97F4A7C15
SECOND_MULTIPLIER: Final = 0xD1342543DE82EF95

ONES: Final = 0x0101010101010101
SMALL: Final = 0x20 * ONES  # or-ed with eight ASCII letters, makes them lower case

# The class of a code point in the tokeniser.
SEPARATOR: Final = 0
LETTER: Final = 1  # a letter, mark or number: part of a run
DIGIT: Final = 2  # of category Nd, part of a run
SINGLE: Final = 3  # a token by itself
SINGLE_DIGIT: Final = 4
SPACE: Final = 5  # a separator that is white space
SPECIAL: Final = 6  # the text must be normalised to NFKC and casefolded first

#: Ranges (first, last) of scripts in which every letter, mark or number is a token by itself.
SINGLE_TOKENS: Final = (*HAN, *KANA, *HANGUL, *SOUTH_EAST_ASIAN)

#: Ranges (first, end) with all characters for which lower case may be enough.
_EASY_RANGES: Final = ((0, 0xD800), (0xF900, 0x10000), (0x1F000, 0x1FB00))
_JAMO: Final = ((0x1100, 0x11FF), (0xA960, 0xA97F), (0xD7B0, 0xD7FF))


@of_characters
def character_classes() -> U8:
    """A table over all code points: SEPARATOR, LETTER, DIGIT, SINGLE, SINGLE_DIGIT or SPACE."""
    classes = np.zeros(0x110000, np.uint8)
    words = ("Lu", "Ll", "Lt", "Lm", "Lo", "Mn", "Mc", "Me", "Nl", "No")
    codes = defaultdict(lambda: SEPARATOR, dict.fromkeys(words, LETTER) | {"Nd": DIGIT})
    # planes 4 to 13 and 15 on, and most of 14, hold no letters, marks or numbers
    for first, end in ((0, 0x40000), (0xE0000, 0xE1000)):
        categories = map(unicodedata.category, map(chr, range(first, end)))
        classes[first:end] = bytearray(map(codes.__getitem__, categories))
    for first, last in SINGLE_TOKENS:
        block = classes[first : last + 1]
        block[block == DIGIT] = SINGLE_DIGIT
        block[block == LETTER] = SINGLE
    classes[[code for code in range(0x3001) if chr(code).isspace()]] = SPACE
    return classes


class Alphabet(NamedTuple):
    """Tables with an entry for every code point."""

    classes: U8  # as `character_classes` gives them, or SPECIAL
    lower: U32  # the code point to hash in its place
    letters: U8  # (256): for each byte, its lower case if it is an ASCII letter, else 0


def _alphabet(classes: U8, lower: U32) -> Alphabet:
    ascii_letters = np.zeros(256, np.uint8)
    ascii_letters[:128] = np.where(classes[:128] == LETTER, lower[:128], 0)
    return Alphabet(classes, lower, ascii_letters)


@functools.cache
def alphabet() -> Alphabet:
    """The tables for texts that went through `normalised_texts`."""
    return _alphabet(character_classes(), _lower_case()[0])


@functools.cache
def raw_alphabet() -> Alphabet:
    """The tables for texts that did not; characters that need `normalised_texts` are SPECIAL."""
    classes, lower, _ = alphabet()
    return _alphabet(np.where(special_characters(), np.uint8(SPECIAL), classes), lower)


@functools.cache
def wordless_alphabet() -> Alphabet:
    """The tables for texts without tokens, such as "* * *": every run without white space is a token."""
    classes, lower, _ = alphabet()
    return _alphabet(np.where(classes == SPACE, SEPARATOR, LETTER).astype(np.uint8), lower)


def special_characters() -> NDArray[np.bool_]:
    """A table over all code points: whether a text with it must be normalised and casefolded before it is tokenised."""
    return _lower_case()[1]


@of_characters
def _lower_case() -> tuple[U32, NDArray[np.bool_]]:
    """(lower, special), tables over all code points: its lower case if that is enough, else itself; whether it is not.

    Lower case is enough for letters and numbers that NFKC leaves alone, if they have one lower-case form that is also
    the casefolded one, and for separators that NFKC turns into separators. It is not enough for marks, jamo and others
    that NFKC may join with a neighbour, nor for the capital sigma, whose lower case depends on its place in the word.
    """
    classes = character_classes()
    lower, special = np.arange(0x110000, dtype=np.uint32), np.ones(0x110000, np.bool_)
    for first, end in _EASY_RANGES:
        characters = list(map(chr, range(first, end)))
        properties = zip(
            range(first, end),
            characters,
            map(unicodedata.category, characters),
            map(functools.partial(unicodedata.normalize, "NFKC"), characters),
            map(str.lower, characters),
            map(str.casefold, characters),
            strict=True,
        )
        for code, character, category, normal, lowered, folded in properties:
            if category in ("Mn", "Lo") and normal == character == lowered == folded:  # most characters
                special[code] = category == "Mn"
            elif category in ("Cn", "Co", "Mn", "Mc", "Me"):
                continue
            elif classes[code] in (SEPARATOR, SPACE):
                special[code] = any(classes[ord(c)] not in (SEPARATOR, SPACE) for c in normal)
            elif normal == character and lowered == folded and len(lowered) == 1:
                special[code], lower[code] = False, ord(lowered)
    for first, last in (*_JAMO, (ord("Σ"), ord("Σ"))):
        special[first : last + 1], lower[first : last + 1] = True, np.arange(first, last + 1)
    return lower, special


@helper
def fmix64(h: Word) -> Any:
    """The 64-bit finaliser of MurmurHash3."""
    h = np.uint64(h)
    h ^= h >> np.uint64(33)
    h *= np.uint64(0xFF51AFD7ED558CCD)
    h ^= h >> np.uint64(33)
    h *= np.uint64(0xC4CEB9FE1A85EC53)
    return h ^ (h >> np.uint64(33))


@helper
def code_point(data: U8, at: int) -> Any:
    """(code point at offset `at`, its width in bytes)."""
    first = np.int64(data[at])
    if first < 0x80:
        return first, 1
    second = np.int64(data[at + 1]) & 0x3F
    if first < 0xE0:
        return (first & 0x1F) << 6 | second, 2
    third = np.int64(data[at + 2]) & 0x3F
    if first < 0xF0:
        return (first & 0x0F) << 12 | second << 6 | third, 3
    return (first & 0x07) << 18 | second << 12 | third << 6 | np.int64(data[at + 3]) & 0x3F, 4


@intrinsic
def trailing_zeros(_context: Any, x: Any) -> Any:  # noqa: ARG001 - numba goes by its name
    """The number of trailing zero bits of a 64-bit number; 64 for 0."""
    from llvmlite import ir  # type: ignore[import-untyped]
    from numba.core import types

    def emit(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        return builder.cttz(arguments[0], ir.Constant(ir.IntType(1), 0))

    return types.int64(types.uint64), emit


@intrinsic
def letter_ends(_context: Any, data: Any, at: Any) -> Any:  # noqa: ARG001 - numba goes by its name
    """The 64 bytes from `at` on, which must exist, as bits: set where a byte is no ASCII letter, the first lowest."""
    from llvmlite import ir
    from numba.core import types

    def emit(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        lanes = ir.VectorType(ir.IntType(8), 64)
        small, a, last = (ir.Constant(lanes, [byte] * 64) for byte in (0x20, ord("a"), 25))
        array = context.make_array(signature.args[0])(context, builder, arguments[0])
        place = builder.bitcast(builder.gep(array.data, [arguments[1]]), lanes.as_pointer())
        letters = builder.sub(builder.or_(builder.load(place, align=1), small), a)
        bits = builder.bitcast(builder.icmp_unsigned(">", letters, last), ir.IntType(64))
        return builder.bitreverse(bits) if sys.byteorder == "big" else bits

    return types.uint64(data, types.int64), emit


@intrinsic
def eight_bytes(_context: Any, data: Any, at: Any) -> Any:  # noqa: ARG001 - numba goes by its name
    """The eight bytes from `at` on, which must exist, as a little-endian number."""
    from numba.core import types

    def emit(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return _load(context, builder, signature, arguments, 64)

    return types.uint64(data, types.int64), emit


@intrinsic
def four_bytes(_context: Any, data: Any, at: Any) -> Any:  # noqa: ARG001 - numba goes by its name
    """The four bytes from `at` on, which must exist, as a little-endian number."""
    from numba.core import types

    def emit(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return _load(context, builder, signature, arguments, 32)

    return types.uint32(data, types.int64), emit


def _load(context: Any, builder: Any, signature: Any, arguments: Any, bits: int) -> Any:
    from llvmlite import ir

    array = context.make_array(signature.args[0])(context, builder, arguments[0])
    place = builder.bitcast(builder.gep(array.data, [arguments[1]]), ir.IntType(bits).as_pointer())
    number = builder.load(place, align=1)  # shifts would become a load for each byte
    return builder.bswap(number) if sys.byteorder == "big" else number


@helper
def no_letters(eight: Word) -> Any:
    """The highest bit of each of eight bytes that is no ASCII letter."""
    high = np.uint64(0x8080808080808080)
    small = (eight | np.uint64(SMALL)) & ~high
    # 0x61 is "a", 0x7B follows "z": the sums reach the highest bit for bytes that are not below these
    from_a = small + np.uint64(0x80 - 0x61) * np.uint64(ONES)
    after_z = small + np.uint64(0x80 - 0x7B) * np.uint64(ONES)
    return ~(from_a & ~after_z & ~eight) & high


@helper
def absorb(h: Word, word: Word) -> Any:
    """The state of a token's hash after eight more bytes."""
    h = (h ^ word) * np.uint64(MULTIPLIER)
    return h ^ (h >> np.uint64(29))


@helper
def _push(h: Word, word: Word, bits: Word, byte: Integer) -> Any:
    """(h, word, bits), the state of a token's hash, after one more byte; `word` holds `bits` bits not absorbed yet."""
    word |= np.uint64(byte) << bits
    bits += np.uint64(8)
    if bits == np.uint64(64):
        return absorb(h, word), np.uint64(0), np.uint64(0)
    return h, word, bits


@helper
def push_code(h: Word, word: Word, bits: Word, code: Integer) -> Any:
    """The state as in `_push`, after the UTF-8 bytes of a code point."""
    if code < 0x80:
        return _push(h, word, bits, code)
    if code < 0x800:
        h, word, bits = _push(h, word, bits, 0xC0 | code >> 6)
    else:
        if code < 0x10000:
            h, word, bits = _push(h, word, bits, 0xE0 | code >> 12)
        else:
            h, word, bits = _push(h, word, bits, 0xF0 | code >> 18)
            h, word, bits = _push(h, word, bits, 0x80 | code >> 12 & 0x3F)
        h, word, bits = _push(h, word, bits, 0x80 | code >> 6 & 0x3F)
    return _push(h, word, bits, 0x80 | code & 0x3F)


@helper
def push_small(h: Word, word: Word, bits: Word, small: Word, count: int) -> Any:
    """The state as in `_push`, after the lowest `count` bytes (1 to 8) of `small`, whose other bytes are 0."""
    after = bits + np.uint64(8 * count)
    word |= small << bits
    # masks instead of a branch, which would be unpredictable
    full = np.uint64(0) - (after >> np.uint64(6))
    rest = small >> np.uint64(1) >> (np.uint64(63) - bits)
    return h ^ (h ^ absorb(h, word)) & full, word ^ (word ^ rest) & full, after & np.uint64(63)


@kernel
def finish(h: Word, word: Word, bits: Word) -> Any:
    """The hash of the token."""
    return fmix64(absorb(h, word) if bits else h)


@helper
def tokenise(data: U8, start: int, stop: int, alphabet: Alphabet, hashes: Written[U64]) -> Any:
    """(number of tokens of `data[start:stop]`, hash of the sequence of its digit runs); writes the tokens' hashes.

    `hashes` has room for as many tokens as there are bytes. The number is -1 if the text has a SPECIAL character.
    """
    classes, lower, letters = alphabet
    nothing = np.uint64(0)
    count, runs, numbers = 0, nothing, nothing
    at = start
    while at < stop:  # each round reads some words, or one token and the character that ends it
        if letters[data[at]] and at + 72 <= len(data):
            # nearly all text is words of ASCII letters, with a separator behind each: up to 64 bytes of them at once
            first, ends = at, letter_ends(data, at)
            while ends != 0:
                end = first + trailing_zeros(ends)
                if end >= stop or data[end] >= 0x80 or classes[data[end]] not in (SEPARATOR, SPACE):
                    break
                left, token = end - at, nothing
                while left > 8:
                    token = absorb(token, eight_bytes(data, at) | np.uint64(SMALL))
                    at += 8
                    left -= 8
                inside = ~nothing >> np.uint64((64 - 8 * left) & 63)
                hashes[count] = fmix64(absorb(token, (eight_bytes(data, at) | np.uint64(SMALL)) & inside))
                count += left > 0  # behind a comma there is another separator, and no token between
                at = end + 1
                ends &= ends - np.uint64(1)
            if at > first:
                continue
        begin, in_digits = at, False
        h, word, bits = nothing, nothing, nothing
        digits_h, digits_word, digits_bits = nothing, nothing, nothing
        kind, width, code = np.uint8(SEPARATOR), 0, np.int64(0)
        while at < stop:
            if not in_digits:
                if bits == 0 and at + 8 <= len(data):
                    eight: Any = eight_bytes(data, at)
                    others = no_letters(eight)
                    if others == 0 and at + 8 <= stop:
                        h = absorb(h, eight | np.uint64(SMALL))
                        at += 8
                        continue
                    taken = min(trailing_zeros(others) >> 3, stop - at)
                    bits = np.uint64(8 * taken)
                    word = (eight | np.uint64(SMALL)) & ((np.uint64(1) << bits) - np.uint64(1))
                    at += taken
                    if at == stop:
                        break
                elif letters[data[at]]:
                    h, word, bits = _push(h, word, bits, letters[data[at]])
                    at += 1
                    continue
            code, width = code_point(data, at)
            kind = classes[code]
            if kind not in (LETTER, DIGIT):
                if kind == SPECIAL:
                    return -1, nothing
                break
            if kind == DIGIT:
                in_digits = True
                digits_h, digits_word, digits_bits = push_code(digits_h, digits_word, digits_bits, code)
            elif in_digits:
                runs += np.uint64(1)
                numbers = numbers * np.uint64(MULTIPLIER) + finish(digits_h, digits_word, digits_bits)
                digits_h, digits_word, digits_bits = nothing, nothing, nothing
                in_digits = False
            h, word, bits = push_code(h, word, bits, np.int64(lower[code]))
            at += width
        if at > begin:
            hashes[count] = finish(h, word, bits)
            count += 1
        if in_digits:
            runs += np.uint64(1)
            numbers = numbers * np.uint64(MULTIPLIER) + finish(digits_h, digits_word, digits_bits)
        if at < stop:
            if kind in (SINGLE, SINGLE_DIGIT):
                token = finish(*push_code(nothing, nothing, nothing, np.int64(lower[code])))
                hashes[count] = token
                count += 1
                if kind == SINGLE_DIGIT:
                    runs += np.uint64(1)
                    numbers = numbers * np.uint64(MULTIPLIER) + token
            at += width
    return count, fmix64(numbers * np.uint64(MULTIPLIER) + runs)


@helper
def shingle_hashes(hashes: U64, count: int, n: int, shingles: Written[U64]) -> Any:
    """Writes the hash of each shingle of `count` tokens, in order, to `shingles`; returns how many there are.

    A rolling hash: each step adds the next token and subtracts the oldest, multiplied by its power of `MULTIPLIER`.
    """
    length = min(n, count)
    h, power = np.uint64(0), np.uint64(1)
    for i in range(length):
        h = h * np.uint64(MULTIPLIER) + hashes[i]
        power *= np.uint64(MULTIPLIER)
    found = count - length + 1 if count else 0
    for i in range(found):
        shingles[i] = fmix64(h * np.uint64(MULTIPLIER) + np.uint64(length))
        if i + length < count:
            h = h * np.uint64(MULTIPLIER) + hashes[i + length] - hashes[i] * power
    return found


@kernel
def longest(offsets: I64) -> Any:
    """The length in bytes of the longest text; no text has more tokens than that."""
    most = 0
    for row in range(len(offsets) - 1):
        most = max(most, offsets[row + 1] - offsets[row])
    return most
