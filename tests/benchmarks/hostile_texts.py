"""Texts that an attacker would write: each is a small thing, repeated until it has the size that is asked for.

They aim at what cleaners do with a text: search it by regular expressions that could backtrack, repair it in rounds,
match its brackets, compare its lines with one another, count its tokens. A cleaner must take them in linear time.
"""

# ruff: noqa: ARG005 - generators of lines take chance and a number, whether they need them or not

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Final

Generator = Callable[[int], str]


def repeated(piece: str, before: str = "", after: str = "") -> Generator:
    """A text of a piece, again and again, between two others."""

    def text(size: int) -> str:
        return before + piece * max(1, (size - len(before) - len(after)) // len(piece)) + after

    return text


def lines(make: Callable[[random.Random, int], str]) -> Generator:
    """A text of lines, each made of chance and its number."""

    def text(size: int) -> str:
        chance, made, length = random.Random(1), [], 0
        while length < size:
            line = make(chance, len(made))
            made.append(line)
            length += len(line) + 1
        return "\n".join(made)

    return text


def words(chance: random.Random, count: int) -> str:
    """Words that hardly ever repeat."""
    return " ".join(f"w{chance.randrange(5000)}" for _ in range(count))


def sentence(chance: random.Random, count: int = 12) -> str:
    """A sentence of such words."""
    return words(chance, count).capitalize() + "."


SENTENCE: Final = "The boats sail at noon, the harbour office said on Tuesday. "

GENERATORS: Final[dict[str, Generator]] = {
    # one long run of one thing
    "one letter": repeated("a"),
    "spaces": repeated(" ", "a", "b"),
    "no-break spaces": repeated("\u00a0", "a", "b"),
    "tabs": repeated("\t", "a", "b"),
    "line ends": repeated("\n", "a", "b"),
    "carriage returns": repeated("\r", "a", "b"),
    "NUL": repeated("\0", "a", "b"),
    "digits": repeated("7"),
    "full stops": repeated("."),
    "question marks": repeated("?"),
    "hyphens": repeated("-"),
    "dash and space": repeated("- "),
    "bars": repeated("| "),
    "asterisks": repeated("*"),
    "number signs": repeated("#"),
    "at signs": repeated("a@"),
    "ampersands": repeated("&"),
    "less than": repeated("<"),
    "opening quotes": repeated("“"),
    "straight quotes": repeated('"'),
    "Han": repeated("橋"),
    "Hangul": repeated("다"),
    "Thai": repeated("เรือข้ามฟาก"),
    "emoji": repeated("😀"),
    "right-to-left marks": repeated("\u200f"),
    "replacement characters": repeated("\ufffd"),
    # characters that combine or are normalised
    "combining marks out of order": repeated("\u0301\u0323", "a"),
    "combining marks in order": repeated("\u0323\u0301", "a"),
    "combining marks that decompose": repeated("\u0344\u0f73", "a"),
    "ligatures": repeated("ﬃ "),
    "full-width letters": repeated("Ａ"),
    "half-width kana": repeated("ｶﾞ"),
    "Arabic ligature": repeated("\ufdfa"),
    "dotted capital I": repeated("İ"),
    # damage to repair
    "nested entities": repeated("amp;", "x &", " y"),
    "nested numeric entities": repeated("#38;", "x &", " y"),
    "entities": repeated("&amp; "),
    "entity names": repeated("&CounterClockwiseContourIntegral;"),
    "unknown entities": repeated("&abcdefghijklmnopqrstuvwx;"),
    "unfinished entities": repeated("&amp"),
    "mojibake": repeated("schÃ¶n "),
    "mojibake twice over": repeated("schÃƒÂ¶n "),
    "mojibake and sound text": repeated("schÃ¶n schön "),
    "lossy mojibake": repeated("Ã� "),
    "paragraphs of mojibake": lines(lambda chance, n: f"schÃ¶n {words(chance, 4)}.\n"),
    "paragraphs in the wrong charset": lines(lambda chance, n: f"Ìîñò îñòàíåòñÿ {n}.\n"),
    "paragraphs in different wrong charsets": lines(
        lambda chance, n: "".join(chr(chance.randrange(0xC0, 0x100)) for _ in range(20)) + ".\n"
    ),
    "words of mojibake": lines(lambda chance, n: f"K√∂nig{words(chance, 2)} König.\n"),
    "C1 controls": repeated("\x85\x96"),
    "surrogate pairs as text": repeated("\\ud83d\\ude00 "),
    "terminal escapes": repeated("\x1b[31m"),
    "unfinished terminal escapes": repeated("\x1b["),
    # inline boilerplate
    "click here": repeated("Click here to see ", "Boats sail. "),
    "sentences that click": repeated(". Click here to see "),
    "sign up": repeated(" Sign up for our ", "Boats sail."),
    "functions": repeated("function a() { googletag "),
    "nested functions": repeated("(function(){ googletag;"),
    "functions, closed": repeated("(function(){ googletag; })(); "),
    "brackets": repeated("(", "Boats sail. function a"),
    "brackets of three kinds": repeated("([{"),
    "bracketed teasers": repeated("(RELATED: "),
    "bracketed teasers, closed": repeated("(RELATED: Ferries) "),
    "shortcodes": repeated("[embed "),
    "shortcodes, closed": repeated("[embed id=1] "),
    "names and MORE": repeated("Jane Doe Jane Roe Doe "),
    "names, glued, and MORE": repeated("Jane Mary Doe Jane MaryA x MORE "),
    "MORE": repeated(" MORE"),
    "names without MORE": repeated("Jane ", after=" MORE"),
    "story continues": repeated("Story continues below "),
    "advertisements": repeated("Advertisement "),
    "media players": repeated("Media playback is unsupported on your device "),
    # lines
    "empty quotations": lines(lambda chance, n: "“”"),
    "quotations": lines(lambda chance, n: f"“{words(chance, 8)}”"),
    "quotations of one paragraph": lambda size: (
        f"{SENTENCE * (size // 128)}\n"
        + "\n".join(["“The boats sail at noon, the harbour office said”"] * (size // 128))
    ),
    "short lines": lines(lambda chance, n: words(chance, 2)),
    "equal lines": lines(lambda chance, n: "Boats sail at noon today, all of them"),
    "menu entries": lines(
        lambda chance, n: chance.choice(["Home", "About us", "Contact", "Careers", f"w{n}"])
    ),
    "headings of teasers": lines(lambda chance, n: "Related Articles"),
    "headings and teasers": lines(lambda chance, n: "Related Articles" if n % 4 == 0 else words(chance, 8)),
    "share buttons": repeated("Facebook | Twitter | "),
    "share buttons and a word": repeated("Facebook ", after="x"),
    "image credits": lines(lambda chance, n: f"Photo: {words(chance, 3)}"),
    "names in capitals": repeated("Jane Roe, ", "By "),
    "by-lines": lines(lambda chance, n: f"By Jane Roe{n} and Nora Quill, Staff Writers"),
    "datelines": lines(lambda chance, n: f"{1 + n % 28} May {2000 + n % 30}, 10:{n % 60:02}"),
    "sentences": lines(lambda chance, n: sentence(chance)),
    "one paragraph": lambda size: SENTENCE * (size // len(SENTENCE)),
    "sentences about cookies": lines(lambda chance, n: f"We use cookies to {sentence(chance, 10)}"),
    "quoted mail": lines(lambda chance, n: f"> {words(chance, 6)}"),
    "numbered items": lines(lambda chance, n: f"{n}. {words(chance, 3)}"),
    "nearly equal paragraphs": lines(
        lambda chance, n: f"{SENTENCE}{SENTENCE}Of {words(chance, 2)} he knew nothing."
    ),
    "hard wrap": lines(lambda chance, n: (words(chance, 20) + " ")[:70]),
}
