"""Languages: the script decides where it can, the detector elsewhere, and nobody guesses."""

from __future__ import annotations

import random
import unicodedata
from itertools import pairwise
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_series_equal

from cleaners.language import identifier as module
from cleaners.language import model as of_model
from cleaners.language.identifier import language, language_of_documents
from cleaners.language.model import classify, preload

SENTENCES = {
    "en": "The council voted on Tuesday to repair the old harbour wall before the winter storms arrive.",
    "de": "Der Stadtrat hat am Dienstag beschlossen, die alte Hafenmauer vor den Winterstürmen auszubessern.",
    "fr": "Le conseil municipal a décidé mardi de réparer le vieux mur du port avant les tempêtes d'hiver.",
    "es": "El ayuntamiento decidió el martes reparar el viejo muro del puerto antes de las tormentas de invierno.",
    "pt": "A câmara municipal decidiu na terça-feira reparar o velho muro do porto antes das tempestades de inverno.",
    "it": "Il consiglio comunale ha deciso martedì di riparare il vecchio muro del porto prima delle tempeste.",
    "nl": "De gemeenteraad heeft dinsdag besloten de oude havenmuur te herstellen voordat de winterstormen komen.",
    "pl": "Rada miasta zdecydowała we wtorek o naprawie starego muru portowego przed zimowymi sztormami.",
    "sv": "Kommunfullmäktige beslutade i tisdags att laga den gamla hamnmuren innan vinterstormarna kommer.",
    "fi": "Kaupunginvaltuusto päätti tiistaina korjata vanhan satamamuurin ennen kuin talven myrskyt alkavat.",
    "tr": "Belediye meclisi salı günü eski liman duvarının kış fırtınaları gelmeden onarılmasına karar verdi.",
    "ru": "Городской совет во вторник решил отремонтировать старую стену гавани до начала зимних штормов.",
    "uk": "Міська рада у вівторок вирішила відремонтувати стару стіну гавані до початку зимових штормів.",
    "ar": "قرر مجلس المدينة يوم الثلاثاء إصلاح جدار الميناء القديم قبل أن تصل عواصف الشتاء إلى الساحل.",
    "fa": "شورای شهر روز سه‌شنبه تصمیم گرفت دیوار قدیمی بندر را پیش از رسیدن توفان‌های زمستانی تعمیر کند.",
    "hi": "नगर परिषद ने मंगलवार को सर्दियों के तूफानों से पहले पुरानी बंदरगाह की दीवार की मरम्मत करने का फैसला किया।",
    "el": "Το δημοτικό συμβούλιο αποφάσισε την Τρίτη να επισκευάσει το παλιό τείχος του λιμανιού.",
    "he": "מועצת העיר החליטה ביום שלישי לתקן את חומת הנמל הישנה לפני סערות החורף.",
    "th": "สภาเมืองมีมติเมื่อวันอังคารให้ซ่อมแซมกำแพงท่าเรือเก่าก่อนพายุฤดูหนาวจะมาถึง",
    "ko": "시의회는 화요일에 겨울 폭풍이 오기 전에 낡은 항구 벽을 수리하기로 결정했다.",
    "ja": "市議会は火曜日、冬の嵐が来る前に古い港の壁を修理することを決めた。",
    "zh": "市议会星期二决定在冬季风暴到来之前修复旧港口的围墙。",
}


@pytest.mark.parametrize("code", SENTENCES)
def test_one_sentence_is_enough(code: str) -> None:
    """A sentence of news has its language."""
    assert language(pl.Series([SENTENCES[code]])).to_list() == [code]


@pytest.mark.parametrize(
    "text",
    [
        None,
        "",
        "Weather",
        "12.5 %   3,400   7\n8.1 %   2,900   4\n" * 20,
        "*** --- ***",
        "https://news.example.com/a-story-about-the-old-harbour-wall-and-the-winter-storms",
        "AAPL MSFT GOOG IBM",
        "東京",
    ],
)
def test_too_little_text_has_no_language(text: str | None) -> None:
    """Null where there is no text, or figures, marks, an address or a word or two."""
    assert language(pl.Series([text], dtype=pl.String)).to_list() == [None]


def test_only_the_head_counts() -> None:
    """A long document is told by its head, whatever follows."""
    head, tail = SENTENCES["de"] * 20, SENTENCES["en"] * 200
    assert language(pl.Series([head + tail])).to_list() == ["de"]


def test_han_with_some_latin_is_chinese() -> None:
    """Names of firms in Latin letters do not take a Chinese text from its language."""
    assert language(
        pl.Series(["Apple 和 Samsung 星期二在香港发布了新的手机，价格比去年贵了一成。"])
    ).to_list() == ["zh"]


def test_name_and_length_are_kept() -> None:
    """The answer lines up with the question, and an empty series has an empty answer."""
    answer = language(pl.Series("text", [SENTENCES["fr"], None]))
    assert (answer.name, answer.to_list(), answer.dtype) == ("text", ["fr", None], pl.String())
    assert language(pl.Series("text", [], dtype=pl.String)).to_list() == []


@pytest.fixture(scope="module")
def py3langid() -> Any:
    """The library's own classifier, the oracle."""
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)


@given(
    st.lists(
        st.one_of(
            st.text(max_size=100),
            st.text("aeinrst AEINRST", max_size=60),
            st.builds(
                lambda text, start, size, change: change(text[start : start + size]),
                st.sampled_from(list(SENTENCES.values())),
                st.integers(0, 60),
                st.integers(0, 60),
                st.sampled_from([str, str.upper, str.title, str.swapcase]),
            ),
        ),
        max_size=8,
    )
)
def test_the_model_answers_as_in_its_library(py3langid: Any, texts: list[str]) -> None:
    """Codes are those of py3langid and so are probabilities, but for its rounding; a tie may go either way."""
    texts += SENTENCES.values()
    codes, probabilities = classify(pl.Series(texts, dtype=pl.String))
    for text, code, probability in zip(texts, codes, probabilities, strict=True):
        expected, belief = py3langid.classify(text)
        assert probability == pytest.approx(belief, abs=2e-5)
        assert code == expected or dict(py3langid.rank(text))[code] == pytest.approx(belief, abs=1e-6)


def test_no_documents_have_no_languages() -> None:
    """The model is asked about nothing and answers nothing."""
    codes, probabilities = classify(pl.Series([], dtype=pl.String))
    assert (codes.to_list(), probabilities.to_list()) == ([], [])


def test_capitals_do_not_matter() -> None:
    """A document all in capitals is told as well as another."""
    assert language(pl.Series([SENTENCES["de"].upper(), SENTENCES["ru"].upper()])).to_list() == ["de", "ru"]


@settings(max_examples=settings().max_examples // 2)
@given(
    st.lists(
        st.one_of(st.none(), st.sampled_from(list(SENTENCES.values())), st.text(max_size=200)), max_size=6
    )
)
def test_a_row_depends_on_itself_alone(texts: list[str | None]) -> None:
    """The answers for many rows are the answers for each."""
    together = language(pl.Series(texts, dtype=pl.String)).to_list()
    assert together == [language(pl.Series([t], dtype=pl.String)).to_list()[0] for t in texts]


#: What is removed before a language is told, what nearly is, and what is of no plain text.
ODD = (
    *(
        "https://a.example/b",
        "http://",
        "www.a",
        "www.",
        "ww",
        "a@b.c",
        "@handle",
        "(@x)",
        "\x01@b",
        "x@",
        "://",
    ),
    *(
        "12,5 %",
        "3/4",
        "5",
        "#tag",
        "***",
        "<br>",
        "|",
        "_",
        "\\",
        "５",
        "½",
        "\xa0",
        "\x1c",
        "“so”",
        "—",
        "…",
        "•",
    ),
    *("e\u0301", "é", "Ü", "ÿ", "ś", "ﬁ", "\u2028", "\u200b", "A", "ß"),
)


def heads(rng: random.Random) -> list[list[str]]:
    """Documents as paragraphs: sentences, most of them English, an odd thing among them, now and then in capitals."""
    documents = []
    for _ in range(rng.randint(1, 16)):
        lines = []
        for _ in range(rng.choice((1, 1, 1, 2, 5, 40))):
            sentences = rng.choices(list(SENTENCES.values()), (99, *(1,) * 21), k=rng.randint(1, 8))
            words = " ".join(sentences).split(" ")
            for _ in range(rng.choice((0, 1, 1, 2)) if len(lines) < 3 else 0):
                words.insert(rng.randint(0, len(words)), rng.choice(ODD))
            line = rng.choice((" ", " ", " ", "")).join(words)[: rng.choice((90, 399, 400, 1600))]
            lines.append(line.upper() if rng.random() < 0.05 else line)
        documents.append(lines)
    return documents


def see(documents: list[list[str]]) -> tuple[list[bool], list[str]]:
    """(which heads are plain, what the model sees of these)."""
    lines = pl.Series([line for document in documents for line in document])
    starts = np.cumsum([0, *map(len, documents)])
    data, offsets, plain = module._plain_heads(*module.utf8(lines), starts, module._noise())
    return plain.tolist(), [data[a:b].tobytes().decode() for a, b in pairwise(offsets)]


def by_expressions(documents: list[list[str]]) -> list[str]:
    """What regular expressions and NFC leave of the heads."""
    text = pl.Series(["\n".join(document) for document in documents], dtype=pl.String)
    head = text.str.replace_all(module._NOISE, " ").str.slice(0, module.CLASSIFIED_CHARACTERS)
    return [unicodedata.normalize("NFC", t.lower() if t.isupper() else t) for t in head]


@given(st.randoms(use_true_random=False).map(heads))
def test_plain_heads_are_cleaned_as_all_are(documents: list[list[str]]) -> None:
    """What the model sees of a plain head is what regular expressions and NFC leave of it."""
    plain, seen = see(documents)
    assert seen == [text for text, is_plain in zip(by_expressions(documents), plain, strict=True) if is_plain]


@pytest.mark.parametrize("odd", ODD)
@pytest.mark.parametrize("space", [" ", "", "\n"])
def test_each_odd_thing_in_a_head(odd: str, space: str) -> None:
    """Wherever an odd thing stands in news that would be plain, it is cleaned as in any other head."""
    words = (SENTENCES["en"] * 6).split(" ")
    texts = [space.join((" ".join(words[:n]), odd, " ".join(words[n:]))) for n in range(0, 80, 3)]
    documents = [[text] for text in texts] + [text.split("\n") for text in texts]
    plain, seen = see(documents)
    assert seen == [text for text, is_plain in zip(by_expressions(documents), plain, strict=True) if is_plain]


@given(st.randoms(use_true_random=False).map(heads))
def test_a_plain_head_is_no_other_for_that(documents: list[list[str]]) -> None:
    """The answer for a plain head is the one that it gets by the way of all others."""
    text = pl.Series(["\n".join(document) for document in documents])
    quick = language(text)
    assert_series_equal(
        module._by_script_or_model(text.str.slice(0, module.HEAD_CHARACTERS)), quick, check_names=False
    )


def test_news_is_plain() -> None:
    """News in English with typographic quotes, or in Portuguese, goes the quick way; addresses and Polish do not."""
    texts = [
        "“It’s late,” the harbour master said to nobody – the ferry had left an hour before. " * 30,
        SENTENCES["pt"],
        SENTENCES["en"] + " news@harbour.example",
        SENTENCES["pl"],
        SENTENCES["en"].upper(),
    ]
    assert see([[text] for text in texts])[0] == [True, True, False, False, False]
    late = [SENTENCES["en"] * 5 + SENTENCES["zh"] * 30, SENTENCES["en"].upper() * 5 + SENTENCES["en"] * 3]
    assert see([[text] for text in late])[0] == [False, False]


@given(st.randoms(use_true_random=False).map(heads))
def test_documents_are_told_by_their_first_paragraphs(documents: list[list[str]]) -> None:
    """A document's language is that of its first thirty paragraphs, a line each."""
    paragraphs = pl.Series([line for document in documents for line in document])
    told = language_of_documents(paragraphs, pl.Series([len(document) for document in documents]))
    text = pl.Series(["\n".join(document[: module.HEAD_PARAGRAPHS]) for document in documents])
    assert_series_equal(told, language(text), check_names=False)


LINE = st.one_of(
    st.text("aé漢😀 ", max_size=9), st.builds(str.__mul__, st.sampled_from("aé漢"), st.integers(0, 1600))
)


@given(st.lists(LINE, min_size=1, max_size=40))
def test_a_head_ends_where_its_characters_end(lines: list[str]) -> None:
    """The kernel cuts a document after as many lines and characters as expressions do."""
    text = pl.Series(lines, dtype=pl.String)
    data, offsets = module.utf8(text)
    head = [data[a:b].tobytes().decode() for a, b in pairwise(module._head(data, offsets))]
    assert module._heads(text, np.array([len(lines)])).to_list() == ["\n".join(head)]


def test_thirty_paragraphs_count() -> None:
    """What stands in the thirty-first paragraph tells nothing, however short those before it are."""
    paragraphs = pl.Series(["7"] * 29 + [SENTENCES["de"]] + ["7"] * 30 + [SENTENCES["de"]])
    assert language_of_documents(paragraphs, pl.Series([30, 31])).to_list() == ["de", None]


def test_no_documents() -> None:
    """No paragraphs, no answers; a null paragraph is an empty one."""
    assert (
        language_of_documents(pl.Series([], dtype=pl.String), pl.Series([], dtype=pl.UInt32)).to_list() == []
    )
    paragraphs = pl.Series([None, SENTENCES["fr"], None], dtype=pl.String)
    assert language_of_documents(paragraphs, pl.Series([2, 1])).to_list() == ["fr", None]


@given(st.lists(st.text() | st.sampled_from(list(SENTENCES.values())), max_size=5))
def test_letters_are_counted_as_regular_expressions_count_them(texts: list[str]) -> None:
    """Letters, and characters of each script."""
    head = pl.Series(texts, dtype=pl.String)
    counts = module._count_letters(head)
    assert counts["letters"].to_list() == head.str.count_matches(r"\p{L}").to_list()
    assert counts["Han"].to_list() == head.str.count_matches(r"\p{Han}").to_list()
    assert counts["kana"].to_list() == head.str.count_matches(r"[\p{Hiragana}\p{Katakana}]").to_list()
    for script in module.SCRIPTS:
        assert counts[script].to_list() == head.str.count_matches(rf"\p{{{script}}}").to_list()


def test_the_model_is_that_of_its_library() -> None:
    """The arrays are read from the packed file as py3langid reads them, and no weight is rounded."""
    from py3langid.langid import MODEL_DIR, MODEL_FILE
    from py3langid.modelio import load_model

    preload()
    model = of_model._model()
    weights, prior, columns, moves, rows, features = load_model(MODEL_DIR / MODEL_FILE)
    assert np.array_equal(model.weights / -of_model.SCALE, weights.astype(np.float64))
    assert 4 * int(model.weights.max()) < 2**16  # so many are added in 16 bits
    assert np.array_equal(model.prior, prior)
    assert [model.codes[label] for label in model.labels] == columns
    assert np.array_equal(model.moves.ravel(), np.asarray(moves))
    assert np.array_equal(model.rows, np.asarray(rows))
    assert model.features.tolist() == features
