"""A prefilter for `inline_shapes`: which of the shapes each text may have, found in one pass over its bytes.

A text that has a shape holds one of the needles of that shape, such as " MORE" or "(RELATED". The prefilter looks for
up to eight bytes of a needle, from its first *anchor* on: a capital letter, a bracket, "<", "*", or a character beyond
ASCII. A "#" counts only as the first character.
Most bytes are no anchors and are skipped, eight at a time.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator
from typing import Any, Final, NamedTuple

import numpy as np
import polars as pl

from cleaners.kernels import I64, U8, U16, U64, Word, kernel
from cleaners.lexicon import Lexicon, name_forms, spellings
from cleaners.repeated_line.inline_patterns import LABELS, SHORTCODE_WORDS
from cleaners.repeated_line.markup_tags import ELEMENTS
from cleaners.text.tokens import MULTIPLIER, ONES, eight_bytes, trailing_zeros
from cleaners.text.utf8 import utf8

#: The shapes, in the order of `inline_shapes.SHAPES`, one bit each.
SCRIPT, SHORTCODE, TEASERS, PLAYER, BRACKETED, NOTICE, PLEA, CREDIT, TAG = (1 << n for n in range(9))
ANY: Final = (1 << 9) - 1

_BITS: Final = 16  # of the hash of the bytes from an anchor on
_HIGH: Final = 0x80 * ONES
_HASH: Final = 0x23  # "##" begins a heading of Markdown


class Needles(NamedTuple):
    """What texts are searched for."""

    masks: U64  # (256): selects those of the eight bytes from an anchor on that are compared; 0 if it is no anchor
    allowed: U16  # (256): the shapes whose needles have this anchor
    shapes: U16  # by the hash of the bytes from the anchor on: the shapes whose needles may be there
    everywhere: int  # the shapes of needles without an anchor, which every text may have


def possible_shapes(text: pl.Series, lexicon: Lexicon) -> pl.Series:
    """The shapes that each text may have, as bits (UInt16). No text may be null.

    >>> texts = pl.Series(["Ferry sinks MORE", "Boats sail. [embed]", "", "The last text may have any shape."])
    >>> possible_shapes(texts, Lexicon()).to_list() == [TEASERS, SHORTCODE, 0, ANY]
    True
    """
    return pl.Series(text.name, _possible_shapes(*utf8(text), _needles(lexicon)), dtype=pl.UInt16)


def _needles_of(lexicon: Lexicon) -> Iterator[tuple[int, Iterable[str]]]:
    """(shape, needles): a text with that shape holds one of them."""
    labels = name_forms(lexicon.related_labels)
    yield SCRIPT, ["{"]
    yield SHORTCODE, [bracket + word for bracket in ("[", "[/") for word in SHORTCODE_WORDS]
    yield TEASERS, [" MORE"]
    yield PLAYER, ["Media playback is ", *LABELS]
    yield BRACKETED, [bracket + label for bracket in "([" for label in labels]
    yield BRACKETED, "（【［"
    for shape, openings in ((NOTICE, lexicon.inline_notices), (PLEA, lexicon.inline_pleas)):
        yield shape, name_forms(begin for opening in openings for begin in opening.begins)
    yield (
        TAG,
        [
            "</",
            "<!--",
            "](",
            "**",
            "{{",
            "{%",
            *("<" + name for name in (*ELEMENTS, *map(str.upper, ELEMENTS))),
        ],
    )
    yield CREDIT, [bracket + label for bracket in "(（" for label in spellings(lexicon.closing_credits)]


@functools.cache
def _needles(lexicon: Lexicon) -> Needles:
    found: list[tuple[int, bytes]] = []
    everywhere = 0
    for shape, needles in _needles_of(lexicon):
        for needle in (needle.encode() for needle in needles):
            anchor = next((at for at, byte in enumerate(needle) if _is_anchor(byte)), None)
            if anchor is None:
                everywhere |= shape
            else:
                found.append((shape, needle[anchor : anchor + 8]))
    masks, allowed, shapes = (
        np.zeros(256, np.uint64),
        np.zeros(256, np.uint16),
        np.zeros(1 << _BITS, np.uint16),
    )
    sizes: dict[int, int] = {}
    for shape, piece in found:
        sizes[piece[0]] = min(len(piece), sizes.get(piece[0], 8))
        allowed[piece[0]] |= shape
    for byte, size in sizes.items():
        masks[byte] = (1 << 8 * size) - 1
    for shape, piece in found:
        compared = int.from_bytes(piece[: sizes[piece[0]]], "little")
        shapes[(compared * MULTIPLIER % 2**64) >> (64 - _BITS)] |= shape
    return Needles(masks, allowed, shapes, everywhere)


def _is_anchor(byte: int) -> bool:
    """Whether a byte is an anchor, as `_anchors` finds them; later bytes of a character are anchors of no needle."""
    return byte >= 0xC0 or byte in b"(*<{" or 0x41 <= byte <= 0x5D


@kernel
def _anchors(eight: Word) -> Any:
    """The highest bit of each of eight bytes that is a capital, bracket, "*" or "<", or begins one beyond ASCII."""
    low: Any = eight & np.uint64(0x7F * ONES)
    capital = low + np.uint64((0x80 - 0x41) * ONES) & ~(low + np.uint64((0x80 - 0x5E) * ONES))
    round_ = ~((low & np.uint64(0x7D * ONES) ^ np.uint64(0x28 * ONES)) + np.uint64(0x7F * ONES))  # and "*"
    angle = ~((low ^ np.uint64(0x3C * ONES)) + np.uint64(0x7F * ONES))
    curly = ~((low ^ np.uint64(0x7B * ONES)) + np.uint64(0x7F * ONES))
    return (capital | round_ | angle | curly | eight & eight << np.uint64(1)) & np.uint64(_HIGH)


@kernel
def _possible_shapes(data: U8, offsets: I64, needles: Needles) -> Any:
    possible = np.empty(len(offsets) - 1, np.uint16)
    for n in range(len(possible)):
        at, stop = offsets[n], offsets[n + 1]
        shapes = np.uint16(needles.everywhere)
        if stop + 16 > len(data):  # behind its anchors there may be no eight bytes to compare
            shapes, at = np.uint16(ANY), stop
        elif at < stop and data[at] == _HASH:
            shapes |= np.uint16(TAG)
        while at < stop:
            eight: Any = eight_bytes(data, at)
            anchors: Any = _anchors(eight)
            while anchors != 0:
                anchor = at + (trailing_zeros(anchors) >> 3)
                compared: Any = eight_bytes(data, anchor)
                byte = data[np.uint64(anchor)]
                place = (compared & needles.masks[byte]) * np.uint64(MULTIPLIER) >> np.uint64(64 - _BITS)
                shapes |= needles.shapes[place] & needles.allowed[byte]
                anchors &= anchors - np.uint64(1)
            at += 8
        possible[n] = shapes
    return possible
