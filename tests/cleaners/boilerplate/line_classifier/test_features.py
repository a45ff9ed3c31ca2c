"""Features of lines: the kernel against a reference in plain Python."""

from __future__ import annotations

import re
import unicodedata
from itertools import pairwise

import numpy as np
import polars as pl
import pytest
from boilerplate.candidates import ngrams_of
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from cleaners.boilerplate.line_classifier import shape as lc
from cleaners.boilerplate.line_classifier.boilerplate_words import BoilerplateWords, boilerplate_words
from cleaners.boilerplate.line_classifier.characters import (
    _CHARACTERS,
    CLOSES,
    OTHER,
    characters,
)
from cleaners.boilerplate.line_classifier.context import BOILERPLATE_PHRASE, KEPT, REMOVED
from cleaners.boilerplate.line_classifier.exemptions import removable
from cleaners.boilerplate.line_classifier.feature_names import FEATURES
from cleaners.boilerplate.line_classifier.features import line_features, set_wording
from cleaners.boilerplate.line_classifier.ngrams import NgramWeights, ngram_weights
from cleaners.phrases.phrase import Phrase
from cleaners.text import scripts
from cleaners.text.utf8 import starts_of, utf8

NOTHING = ngram_weights({})
PHRASES = (Phrase("en", "newsletter", ("Subscribe to our newsletter", "Weekly newsletter")),)


def counts_of(text: str) -> dict[str, int]:
    """The counts of a text, by the kernel."""
    counts = np.zeros(len(lc.COUNTS), np.int32)
    data, offsets = utf8(pl.Series([text]))
    lc.count_line(data, offsets[0], offsets[1], *characters(), counts, np.empty(4096, np.uint64))
    return dict(zip(lc.COUNTS, counts.tolist(), strict=True))


def features_of(
    documents: list[list[str]],
    titles: list[str] | None = None,
    phrase_states: list[int] | None = None,
    ngrams: NgramWeights = NOTHING,
    accepted: bool = True,
    only_removable: bool = False,
) -> dict[int, dict[str, float]]:
    """The features of the lines of some documents, by the kernel: line number -> feature -> value."""
    lines = [line for document in documents for line in document]
    texts = *utf8(pl.Series(lines, dtype=pl.String)), starts_of([len(document) for document in documents])
    rows, features, short = line_features(
        *texts,
        *utf8(pl.Series(titles or [""] * len(documents), dtype=pl.String)),
        np.array(phrase_states or [0] * len(lines), np.int8),
        *characters(),
        *boilerplate_words(PHRASES),
        accepted,
        only_removable,
    )
    set_wording(*texts, short, np.arange(len(rows)), rows, features, *characters(), *ngrams)
    return {
        int(row): dict(zip(FEATURES, map(float, line), strict=True))
        for row, line in zip(rows, features, strict=True)
    }


# --- the reference ---


def _in(character: str, ranges: tuple[tuple[int, int], ...]) -> bool:
    return any(first <= ord(character) <= last for first, last in ranges)


def kind(character: str) -> str:
    """The class of a character, by the tables of Unicode."""
    for name, of_class in _CHARACTERS.items():
        if character in of_class:
            return {CLOSES: "closes", **{k: str(k) for k in _CHARACTERS if k != CLOSES}}[name]
    if character.isspace():
        return "white"
    category = unicodedata.category(character)
    caseless = category in ("Lo", "Mn", "Mc", "Me", "Lm") or category not in (
        *("Lu", "Lt", "Ll", "Nd", "Lo", "Lm", "Mn", "Mc", "Me"),
    )
    if _in(character, (*scripts.HAN, *scripts.KANA, *scripts.OTHER_KANA)) and caseless:
        return "han"
    if 0x20000 <= ord(character) < 0x40000:
        return "han"
    if _in(character, scripts.HANGUL) and caseless:
        return "hangul"
    if _in(character, scripts.SOUTH_EAST_ASIAN) and caseless:
        return "dense"
    if ord(character) > 0xFFFF:
        return "other"
    names = {"Lu": "upper", "Lt": "upper", "Ll": "lower", "Lo": "letter", "Nd": "digit"}
    names |= dict.fromkeys(("Lm", "Mn", "Mc", "Me"), "mark")
    return names.get(category, "other")


WORDS = ("upper", "lower", "letter", "digit", "han", "hangul", "dense", "mark")


def reference(text: str) -> dict[str, int]:
    """The counts that do not depend on the characters before, in plain Python."""
    kinds = [kind(c) for c in text]
    pieces = [[kind(c) for c in piece] for piece in text.split()]
    firsts = [next((k for k in piece if k in WORDS and k != "mark"), None) for piece in pieces]
    spaced = sum(any(k in WORDS and k not in ("han", "dense", "mark") for k in piece) for piece in pieces)
    guillemets = re.findall("[«»]", text)
    paired = guillemets.count("«") == guillemets.count("»")
    han, hangul, dense = (kinds.count(k) for k in ("han", "hangul", "dense"))
    return {
        "words": spaced + (han + 1) // 2 + (dense + 3) // 4,
        "characters": len(text),
        "letters": sum(k in WORDS and k not in ("digit", "mark") for k in kinds),
        "upper": kinds.count("upper"),
        "capitalised": firsts.count("upper"),
        "small": firsts.count("lower"),
        "figures": firsts.count("digit"),
        "digits": kinds.count("digit"),
        "symbols": kinds.count("other"),
        "quotes": kinds.count("closes") + paired * len(guillemets),
        "caseless": kinds.count("letter") + han + hangul + dense,
    }


TEXTS = st.one_of(
    st.text(alphabet='aB1 .,?!:…|-–@/"“”«»()éßЖ漢かカ한กअم\u0301😀\u00a0*•', max_size=40),
    st.text(max_size=30),
)


@given(text=TEXTS)
def test_counts(text: str) -> None:
    """The kernel counts in UTF-8 what the reference counts in characters."""
    counts = counts_of(text)
    assert {name: counts[name] for name in reference(text)} == reference(text)


@pytest.mark.parametrize(
    ("text", "ending"),
    [
        ("The ferry sails again.", lc.END_STOP),
        ("“The ferry sails again.”", lc.END_STOP),
        ("The ferry sails ...", lc.END_ELLIPSIS),
        ("The ferry sails…", lc.END_ELLIPSIS),
        ("Who sails?", lc.END_QUESTION),
        ("« The ferry sails again. »", lc.END_STOP),
        ("Next »", lc.END_NOTHING),
        ("渡輪明天恢復航行。", lc.END_STOP),
        ("Who sails:", lc.END_COLON),
        ("Ferry, bus,", lc.END_COMMA),
        ("Ferry sails again", lc.END_NOTHING),
        ("", lc.END_NOTHING),
    ],
)
def test_ending(text: str, ending: int) -> None:
    """The ending depends on the last character before closing quotes and brackets."""
    assert counts_of(text)["ending"] == ending


@pytest.mark.parametrize(
    ("text", "beginning"),
    [
        ("ferry", lc.BEGIN_SMALL),
        ("Ferry", lc.BEGIN_CAPITAL),
        ("渡輪", lc.BEGIN_CAPITAL),
        ("3 ferries", lc.BEGIN_DIGIT),
        ("“Ferries", lc.BEGIN_QUOTE),
        ("« Ferries » sail", lc.BEGIN_QUOTE),
        ("»Ferries« sail", lc.BEGIN_QUOTE),
        ("« Ferries", lc.BEGIN_BULLET),
        ("• Ferries", lc.BEGIN_BULLET),
        ("- Ferries", lc.BEGIN_BULLET),
        ("* Ferries", lc.BEGIN_BULLET),
        ("-3 degrees", lc.BEGIN_SYMBOL),
        ("$3", lc.BEGIN_SYMBOL),
    ],
)
def test_beginning(text: str, beginning: int) -> None:
    """A sign followed by a space is a bullet; other signs are not."""
    assert counts_of(text)["beginning"] == beginning


@pytest.mark.parametrize(
    ("text", "sentences", "addresses"),
    [
        ("It sails. It docks. It sails.", 2, 0),
        ("It sails at 5 p.m. today.", 0, 0),
        ("See example.org or https://example.org/a for more.", 0, 1),
        ("desk@example.org", 0, 1),
        ("渡輪開航。渡輪靠岸。", 1, 0),
    ],
)
def test_sentences_and_addresses(text: str, sentences: int, addresses: int) -> None:
    """A sentence within a line ends before a gap and no small letter; after Han no gap is needed."""
    counts = counts_of(text)
    assert (counts["sentences"], counts["addresses"]) == (sentences, addresses)


BODY = (
    "The harbour master said on Monday that the northern ferry would sail again before the end of the week."
)
OTHERS = "Nobody had thought so, and the council of the town put off its vote on the matter until the autumn."
LINES = st.lists(
    st.sampled_from(
        [BODY, OTHERS, "Harbour news", "Weekly newsletter", "Share", "Ferry sails again", "* Item", ""]
    ),
    min_size=1,
    max_size=12,
)


@given(lines=LINES, data=st.data())
def test_places(lines: list[str], data: st.DataObject) -> None:
    """Places, runs and neighbours agree with a reference that reads the whole list for every line."""
    states = data.draw(st.lists(st.integers(-1, 3), min_size=len(lines), max_size=len(lines)))
    found = features_of([lines], phrase_states=states)
    count = [counts_of(line) for line in lines]
    prose = [line in (BODY, OTHERS) for line in lines]
    words = [c["words"] for c in count]
    assert set(found) == {n for n, line in enumerate(lines) if line}
    for n, features in found.items():
        run = [n]
        while not prose[n] and run[0] and not prose[run[0] - 1]:
            run.insert(0, run[0] - 1)
        while not prose[n] and run[-1] + 1 < len(lines) and not prose[run[-1] + 1]:
            run.append(run[-1] + 1)
        near = [m for m in range(max(n - 4, 0), min(n + 5, len(lines))) if m != n]
        marked = [m for m, state in enumerate(states) if state > 0]
        expected = {
            "words": words[n],
            "mark": states[n],
            "mark_above": min([n - m for m in marked if m < n], default=30),
            "mark_below": min([m - n for m in marked if m > n], default=30),
            "marks_near": len(set(near) & set(marked)),
            "removed_above": int(n > 0 and states[n - 1] == REMOVED),
            "removed_below": int(n + 1 < len(lines) and states[n + 1] == REMOVED),
            "mark_density": len(marked) / len(lines),
            "words_above": words[n - 1] if n else -1,
            "words_below": words[n + 1] if n + 1 < len(lines) else -1,
            "words_near": sum(words[m] for m in near) / max(len(near), 1),
            "prose_near": sum(prose[m] for m in near) / max(len(near), 1),
            "run": 0 if prose[n] else len(run),
            "run_words": words[n] if prose[n] else sum(words[m] for m in run) / len(run),
            "prose_before": sum(prose[:n]),
            "prose_after": sum(prose[n + 1 :]),
            "from_top": n,
            "from_bottom": len(lines) - 1 - n,
            "place": sum(words[:n]) / max(sum(words), 1),
            "lines": len(lines),
            "prose_lines": sum(prose) / len(lines),
            "repeats": lines.count(lines[n]),
        }
        assert {name: features[name] for name in expected} == pytest.approx(expected, abs=1e-5)


SPELLINGS = st.sampled_from(
    [
        "In to",
        "into",
        "INTO!",
        "on it",
        "no ti",
        "Été 7",
        "été-7",
        "7 été",
        "ete 7",
        "7",
        "8",
        "***",
        "- -",
        "渡輪",
    ]
)


@given(st.lists(SPELLINGS, max_size=8))
def test_lines_that_repeat(lines: list[str]) -> None:
    """Lines repeat each other if their letters and digits are the same, in the same order and in any case."""
    spelled = [re.sub(r"[\W_]+", "", line).lower() for line in lines]
    found = {n: features["repeats"] for n, features in features_of([lines]).items()}
    assert found == {n: spelled.count(own) for n, own in enumerate(spelled)}


def _content(text: str) -> list[str]:
    return [w for w in re.findall(r"[^\W_]+", text.lower()) if len(w) >= lc.MIN_WORD_LETTERS]


@given(lines=LINES, title=st.sampled_from(["", "Ferry sails again", "Harbour newsletter"]))
def test_words_in_common(lines: list[str], title: str) -> None:
    """Words shared with other lines of prose, with phrases and with the title agree with sets of words."""
    found = features_of([lines], [title])
    weight = {"subscribe": 0.5, "newsletter": 2 / 3, "weekly": 0.5}
    for n, features in found.items():
        mine = _content(lines[n])
        body = {
            w for m, line in enumerate(lines) if m != n and line in (BODY, OTHERS) for w in _content(line)
        }
        if not mine:
            assert features["shared"] == features["boilerplate_words"] == features["title"] == -1
            continue
        assert features["shared"] == pytest.approx(sum(w in body for w in mine) / len(mine))
        assert features["boilerplate_words"] == pytest.approx(
            sum(weight.get(w, 0) for w in mine if w not in body) / len(mine), abs=1e-6
        )
        in_title = sum(w in _content(title) for w in mine) / max(len(mine), len(_content(title)))
        assert features["title"] == pytest.approx(in_title if title else -1)


@given(documents=st.lists(LINES, min_size=1, max_size=4))
def test_a_document_is_read_alone(documents: list[list[str]]) -> None:
    """The features of a line do not depend on other documents in the same call."""
    together = features_of(documents)
    first = 0
    for document in documents:
        alone = features_of([document])
        assert {n + first: features for n, features in alone.items()} == {
            n: features for n, features in together.items() if first <= n < first + len(document)
        }
        first += len(document)


def test_words_of_scripts_without_spaces() -> None:
    """A line of Chinese, Japanese, Thai or Korean has about as many words as its translation."""
    for text in (
        "渡輪在星期一恢復航行",
        "フェリーは月曜日に運航を再開した",
        "เรือข้ามฟากกลับมาให้บริการอีกครั้งในวันจันทร์",
        "여객선이 월요일에 운항을 재개했다",
    ):
        assert 4 <= counts_of(text)["words"] <= 12


def test_pairs_of_characters_have_an_order() -> None:
    """Two characters in reverse order are a different word."""
    data, offsets = utf8(pl.Series(["渡輪", "輪渡", "渡輪"]))
    hashes = np.zeros((3, 4), np.uint64)
    for n in range(3):
        counts = np.zeros(len(lc.COUNTS), np.int32)
        assert lc.count_line(data, offsets[n], offsets[n + 1], *characters(), counts, hashes[n]) == 1
    assert hashes[0, 0] == hashes[2, 0] != hashes[1, 0]


def test_long_lines_are_no_candidates() -> None:
    """A line of more than MAX_CANDIDATE_WORDS words is not a candidate."""
    assert set(features_of([["word " * 41, "word " * 40]])) == {1}


def test_characters_beyond_sixteen_bits() -> None:
    """Emoji are symbols; Han characters of the supplementary planes are Han."""
    assert counts_of("😀")["symbols"] == 1
    assert counts_of("𠀀𠀁")["words"] == 1
    assert characters().classes[ord("€")] == OTHER


def test_boilerplate_words() -> None:
    """Words of more phrases weigh more; phrases that keep lines do not count."""
    table: BoilerplateWords = boilerplate_words((*PHRASES, Phrase("en", "no", ("Harbour",), action="keep")))
    weights: NDArray[np.float32] = np.sort(table.weights[table.keys > 0])
    assert weights.tolist() == pytest.approx([0.5, 0.5, 2 / 3])
    assert all(a < b for a, b in pairwise([0, *weights[[0, 2]]]))


@given(text=TEXTS, words=st.text(alphabet="aBcde .,1'", max_size=60))
def test_words_taken_at_once(text: str, words: str) -> None:
    """Reading eight bytes at once finds the same counts and words as reading byte by byte."""
    data, offsets = utf8(pl.Series([words + text + words, "x" * 8]))
    counts, hashes = np.zeros((2, len(lc.COUNTS)), np.int32), np.zeros((2, 4096), np.uint64)
    stop = offsets[1]
    with_more, alone = (
        lc.count_line(data[: stop + more], 0, stop, *characters(), counts[n], hashes[n])
        for n, more in enumerate((8, 0))
    )
    assert with_more == alone
    assert counts[0].tolist() == counts[1].tolist()
    assert hashes[0, :alone].tolist() == hashes[1, :alone].tolist()


def test_wording() -> None:
    """Wording is the weight of the n-grams of a line; `wording_near` that of its neighbours in the same document."""
    lines = pl.Series(["Share it", "Words about the ferry", "share"])
    keys, ends = ngrams_of(*utf8(lines), np.arange(3), *characters())
    word = int(np.intersect1d(keys[: ends[1]], keys[ends[2] :]).max())
    found = features_of([lines[:2].to_list(), lines[2:].to_list()], ngrams=ngram_weights({word: 3.0}))
    times = [(keys[ends[n] : ends[n + 1]] == word).sum() / np.sqrt(ends[n + 1] - ends[n]) for n in range(3)]
    assert [found[n]["wording"] for n in range(3)] == pytest.approx([3 * t for t in times])
    assert [found[n]["wording_near"] for n in range(3)] == pytest.approx([0, 3 * times[0], 0])
    assert times[0] > 0
    assert times[1] == 0


@pytest.mark.parametrize(
    ("line", "state", "accepted"),
    [
        ("The ferry sails again on Monday.", 0, True),
        ("The ferry sails again on Monday", 0, False),
        ("It sails on.", 0, True),
        ("It sails.", 0, False),
        ("The Northern Ferry Sails Monday Again.", 0, False),
        ("The ferry | sails again on Monday.", 0, False),
        ("The ferry sails again, says desk@gazette.example.", 0, False),
        ("The ferry sails again on Monday.", BOILERPLATE_PHRASE, False),
        ("The ferry sails again on Monday.", KEPT, True),
        ("Do subscribe to our weekly newsletter.", 0, False),
        ("渡輪明天恢復航行，鎮上的人都很高興。", 0, True),
    ],
)
def test_what_fast_accept_accepts(line: str, state: int, accepted: bool) -> None:
    """Sentences are accepted unless they have a phrase, an address, separators, capitals or words of boilerplate."""
    assert (0 not in features_of([[line]], phrase_states=[state], accepted=False)) == accepted


@given(
    st.lists(
        st.lists(
            st.sampled_from(
                [
                    "The ferry sails again on Monday, as the harbour master said.",
                    "The ferry sails again on Monday, as the harbour master said.",
                    "Nobody had asked the crews.",
                    "Share",
                    "Home | News",
                    "Harbour Gazette",
                    "Subscribe to our newsletter and share our articles.",
                    "word " * 45,
                    "",
                ]
            ),
            max_size=9,
        ),
        min_size=1,
        max_size=3,
    )
)
def test_lines_that_are_accepted_change_nothing_else(documents: list[list[str]]) -> None:
    """The other lines have the same features with accepted lines as without them."""
    keys, _ = ngrams_of(*utf8(pl.Series(["Share the ferry"])), np.arange(1), *characters())
    known = ngram_weights({int(key): n - 2.5 for n, key in enumerate(keys)})
    every, some = (features_of(documents, ngrams=known, accepted=accepted) for accepted in (True, False))
    assert some == {row: every[row] for row in some}


ARTICLE_LINES = st.sampled_from(
    [
        "The ferry sails again on Monday, as the harbour master said.",
        "“The ferry sails again on Monday,” he said. “We are glad.”",
        "Nobody had asked the crews.",
        "渡輪明天恢復航行，鎮上的人都很高興。",
        "So it goes...",
        "So it goes on. .",
        "AND SO ON",
        "And so on",
        "12 boats",
        "Harbour Gazette",
        "Subscribe to our newsletter and share our articles",
        "harbour@gazette.example",
        "Home | News",
        "word " * 45,
        "word " * 25,
        "",
    ]
)


@given(
    st.lists(st.lists(ARTICLE_LINES, max_size=16), min_size=1, max_size=3),
    st.lists(st.sampled_from([KEPT, 0, 0, 0, 0, 0, BOILERPLATE_PHRASE, REMOVED]), min_size=48, max_size=48),
    st.booleans(),
)
def test_documents_that_are_ruled_out_have_no_removable_line(
    documents: list[list[str]], states: list[int], marked: bool
) -> None:
    """No removable line is missing without the documents that a cheap test rules out, and the others do not change."""
    phrase_states = states[: sum(map(len, documents))] if marked else None
    every, some = (
        features_of(documents, phrase_states=phrase_states, accepted=False, only_removable=only)
        for only in (False, True)
    )
    assert some == {row: every[row] for row in some}
    table = np.array([list(line.values()) for line in every.values()], np.float32).reshape(-1, len(FEATURES))
    assert {row for row, may in zip(every, removable(table), strict=True) if may} <= set(some)


def test_an_article_without_doubtful_lines_is_ruled_out() -> None:
    """Of an unmarked article whose lines end in full stops, except a subhead in its midst, no line is looked at."""
    lines = ["The ferry sails again on Monday.", "“We are glad,” he said on Monday. “We are.”"] * 6
    article = [*lines, "The crews", *lines]
    assert features_of([article], accepted=False, only_removable=True) == {}
    assert features_of([article], accepted=False) != {}
    assert features_of([[*article, "Home | News"]], accepted=False, only_removable=True) != {}
