"""The repairs beyond ftfy: what they find, what they leave alone, and that they stay fast."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cleaners.encoding.charset_mixups import reread
from cleaners.encoding.cleaner import NEWS_CONFIG, repair
from cleaners.encoding.escapes import unescape
from cleaners.encoding.gate import SUSPECT, gate
from cleaners.encoding.lossy_quotes import _DOUBTFUL, may_have_lost_quotes, restore_quotes
from cleaners.encoding.scan import scan
from cleaners.encoding.utf8_words import decode_words
from cleaners.text.letter_pairs import letter_pairs, words_cost

from .damaged_texts import TEXTS

SENTENCES = {
    "ru": "Паром вышел из гавани поздно вечером, и пассажиры ждали его до самого утра.",
    "bg": "Кметът съобщи, че мостът ще бъде затворен до края на следващата седмица.",
    "uk": "Міська рада вирішила відкрити міст лише навесні, повідомив її голова.",
    "el": "Ο δήμαρχος είπε ότι η γέφυρα θα παραμείνει κλειστή μέχρι την άνοιξη.",
    "pl": "Prezydent miasta zapowiedział, że most będzie zamknięty aż do końca miesiąca.",
    "cs": "Starosta řekl, že most bude uzavřen až do příštího týdne, kdy přijede jeřáb.",
    "hu": "A polgármester közölte, hogy a hidat csak jövő tavasszal nyitják meg előbb-utóbb.",
    "fr": "Le préfet a annoncé que la forêt resterait fermée jusqu’à la fin de l’été.",
    "de": "Der Bürgermeister erklärte, die Brücke bleibe für größere Züge geschlossen.",
    "es": "El alcalde señaló que el año próximo habrá más tráfico en la autopista.",
    "pt": "O prefeito afirmou que a construção não começará antes do próximo mês.",
    "tr": "Belediye başkanı, köprünün önümüzdeki yıla kadar kapalı kalacağını söyledi.",
}
#: As browsers read it, with controls for the bytes that it leaves undefined.
READ = {"windows-1252": "sloppy-windows-1252"}
MIXUPS = [
    *((lang, "windows-1251", read_as) for lang in ("ru", "bg", "uk") for read_as in ("latin-1", "koi8-r")),
    *(("ru", "koi8-r", read_as) for read_as in ("cp866", "windows-1251", "latin-1")),
    *((lang, "utf-8", "koi8-r") for lang in ("ru", "bg")),
    ("ru", "cp866", "windows-1251"),
    *(("el", written_as, "latin-1") for written_as in ("windows-1253", "iso-8859-7")),
    *((lang, "windows-1250", "latin-1") for lang in ("pl", "cs", "hu")),
    *((lang, "mac-roman", "windows-1252") for lang in ("fr", "de", "es", "pt")),
    *((lang, "windows-1252", "mac-roman") for lang in ("fr", "es", "pt")),
    *((lang, "windows-1252", "windows-1250") for lang in ("fr", "es", "pt")),
    *((lang, "utf-8", "mac-roman") for lang in ("fr", "de", "es", "pt", "pl", "cs")),
    ("tr", "windows-1254", "windows-1252"),
]


@pytest.mark.parametrize(("language", "written_as", "read_as"), MIXUPS)
def test_a_paragraph_in_the_wrong_charset_is_repaired(language: str, written_as: str, read_as: str) -> None:
    """Whatever the pair of charsets, the sentence comes out as it was written, and the fix is named."""
    sentence = SENTENCES[language]
    text, fixes = repair(pl.Series([sentence.encode(written_as).decode(READ.get(read_as, read_as))]))
    assert text.to_list() == [sentence]
    assert any(name.startswith(("redecode_", "decode_utf8_words")) for name in fixes.to_list()[0])


@pytest.mark.parametrize("language", SENTENCES)
def test_a_right_sentence_is_left_alone(language: str) -> None:
    """No reading of a sound sentence is better, in small letters or in capitals."""
    for sentence in (SENTENCES[language], SENTENCES[language].upper()):
        assert reread([sentence]) == [None]
        assert repair(pl.Series([sentence]))[0].to_list() == [sentence]


@pytest.mark.parametrize(
    "text",
    [
        "»yes«, »no« und »always« sind für »mode« erlaubt",
        "the fans…allowed in, the mayor said",
        "commando´s en foto´s van de haven",
        "In·sur·rec·tion: a Le·gal term",
        "LIÇÃO DE CASA, PROFECÃAS",
        "LE TWITTéRATURE DE PARIS",
        "un’altra all’estero, l·l de col·laboració",
        "SENSЕ - a band",  # its last letter is Cyrillic
        "Α, Β, Γ, Δ, Ε, Ζ, Η, Θ",
        "``toda aí´´",
        "( o¬ô )",
        "Foto: ©iStock, 3 comment•Feb 12",
        'he speaks Võro, as the "Trêfegos" did',
        "20 °C, 5 m², 3½ und № 7",
        "A crystal may change its frequency with the cold (?compliance?), as is said of the quartz.",
        "M7QP\\7K4FF-L#X\\*E5\"CHK07.+1D8J'I\\'D9;U,<Q*9V#K?VNU+9HBU#?!C9%",
        "Laev sõitis öösel põhja poole, ja keegi ei öelnud selle kohta midagi.",
        "Kërko më shumë për këtë temë",
        "The harbour–which the town had bought–and the mill were sold to a baker.",
    ],
)
def test_what_is_odd_but_right_is_left_alone(text: str) -> None:
    """Quotation marks, dots and capitals that look like mojibake stay."""
    assert repair(pl.Series([text]))[0].to_list() == [text]


def test_the_scan_suspects_few() -> None:
    """Texts that no step could change are not looked at: sound sentences, and ASCII without escapes."""
    rules = gate(NEWS_CONFIG)._replace(beyond_ftfy=True)
    sound = pl.Series([*SENTENCES.values(), "It’s “done” – or is it?", "The ferry left. Why? Nobody knew."])
    assert not (scan(sound, rules) & SUSPECT).any()
    assert (scan(pl.Series(["don?t", "a \\u2019", "Ìîñò", "K√∂nig", "Ã…land"]), rules) & SUSPECT).all()
    assert not (scan(pl.Series(["don?t", "K√∂nig"]), gate(NEWS_CONFIG)) & SUSPECT).any()


@given(st.lists(TEXTS, max_size=10))
def test_suspicion_leaves_the_other_kinds_as_they_are(texts: list[str]) -> None:
    """What the scan finds for ftfy does not depend on the steps beyond it."""
    series, rules = pl.Series(texts, dtype=pl.String), gate(NEWS_CONFIG)
    found = scan(series, rules._replace(beyond_ftfy=True))
    assert (found & (SUSPECT - 1)).tolist() == scan(series, rules).tolist()


@given(TEXTS)
def test_a_step_undone_again_gives_the_text(text: str) -> None:
    """A reading loses nothing: encoded and decoded the other way, it is the text as it was."""
    [found] = reread([text])
    if found:
        new, read_as, written_as = found
        assert new.encode(written_as).decode(read_as) == text


@given(
    st.lists(
        TEXTS
        | st.sampled_from(
            [s.encode("cp1251", "ignore").decode("cp1252", "ignore") for s in SENTENCES.values()]
        )
    )
)
def test_texts_do_not_depend_on_those_beside_them(texts: list[str]) -> None:
    """Each text of a column comes out as it does alone."""
    assert reread(texts) == [reread([text])[0] for text in texts]
    assert reread(texts, sure=True) == [reread([text], sure=True)[0] for text in texts]
    assert decode_words(texts) == [decode_words([text])[0] for text in texts]


@pytest.mark.parametrize(
    "piece",
    [
        "Ã…",
        "√∂",
        "\\u2019",
        "\\\\",
        "\\n",
        '\\"',
        " ?a",
        "n?t the of ",
        "п\xa0",
        "É·",
        "&amp;",
        "№╘╧╘ ",
        "ﬂˆ",
        "Ù ",
    ],
)
def test_hostile_texts_end(piece: str) -> None:
    """A hundred thousand times what a step looks for comes out as text again, without a line break."""
    text = piece * 100_000
    for new in (decode_words([text])[0], unescape(text), restore_quotes(text)):
        assert "\n" not in new
    [found] = reread([text])
    assert found is None or "\n" not in found[0]


def test_costs_are_those_of_words() -> None:
    """A usual word costs far less in its own language than in others, and than the same bytes in a wrong charset."""
    languages = letter_pairs().languages
    costs = words_cost(["mały", "год", "ma³y"])
    assert languages[costs[:, 0].argmin()] == "pl"
    assert costs[languages.index("ru"), 1] < costs[languages.index("el"), 1]
    assert costs[:, 2].min() > 2 * costs[:, 0].min()


@pytest.mark.parametrize(
    ("text", "may"),
    [
        ("La fête de l?école commence à midi.", True),
        ("She called it ?a mistake? again.", True),
        ("A (?doubtful?) word", True),
        ("Who is it? Nobody knows.", False),
        ("Was ist das?", False),
        ("see https://a.example/list?page=2&id=x for more", False),
        ("What?! Really???", False),
        ("", False),
        (None, None),
    ],
)
def test_question_marks_that_may_stand_for_quotes_are_found(text: str | None, may: bool | None) -> None:
    """They stand within a word or right before one; questions and addresses have them elsewhere."""
    assert may_have_lost_quotes(pl.Series([text], dtype=pl.String)).to_list() == [may]


@given(st.lists(st.text(st.sampled_from("??aZé漢\u0301 .3(“=")), max_size=8))
def test_the_prefilter_of_lost_quotes_leaves_out_none(batch: list[str]) -> None:
    """A text is found if and only if the whole pattern matches."""
    text = pl.Series(batch, dtype=pl.String)
    assert may_have_lost_quotes(text).equals(text.str.contains(_DOUBTFUL))
