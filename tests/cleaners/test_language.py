"""Languages: the script decides where it can, the detector elsewhere, and nobody guesses."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cleaners.language import classify, language

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


@settings(max_examples=200, deadline=None)
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


@settings(max_examples=25, deadline=None)
@given(
    st.lists(
        st.one_of(st.none(), st.sampled_from(list(SENTENCES.values())), st.text(max_size=200)), max_size=6
    )
)
def test_a_row_depends_on_itself_alone(texts: list[str | None]) -> None:
    """The answers for many rows are the answers for each."""
    together = language(pl.Series(texts, dtype=pl.String)).to_list()
    assert together == [language(pl.Series([t], dtype=pl.String)).to_list()[0] for t in texts]
