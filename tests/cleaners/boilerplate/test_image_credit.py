"""Image credits, author biographies and stray marks: which lines are one, and which only look like it."""

from __future__ import annotations

import pytest

from cleaners.boilerplate.cleaner import boilerplate
from cleaners.phrases.phrase import Phrase
from support import LEXICON, frame_of

PROSE = (
    "The harbour office said on Tuesday that the first boats would sail again at noon, if the wind let them."
)


def rule_of(line: str, *before: str, after: str = PROSE, **options: bool) -> str | None:
    """The rule that removes a line after the lines `before` and before the line `after`."""
    frame = boilerplate(frame_of([*before, line, after]), phrases=(), lexicon=LEXICON, **options)
    rule: str | None = frame["rule"][len(before)]
    return rule


@pytest.mark.parametrize(
    ("line", "rule"),
    [
        ("Photo: Nora Quill", "image credit"),
        ("PHOTO BY NORA QUILL", "image credit"),
        ("Photo by Nora Quill", "image credit"),
        ("Foto: Nora Quill/dpa", "image credit"),
        ("Crédit photo : Nora Quill", "image credit"),
        ("Фото: Нора Куилл", "image credit"),
        ("写真：共同", "image credit"),
        ("Nora Quill/Getty Images", "image credit"),
        ("Getty Images", "image credit"),
        ("Credit: Nora Quill", "image credit"),
        ("The pier at dawn on Friday. (AP Photo/Nora Quill)", "image caption with credit"),
        ("The pier at dawn on Friday. Photograph: Nora Quill/Reuters", "image caption with credit"),
        ("The pier at dawn on Friday. REUTERS/Nora Quill/File Photo", "image caption with credit"),
        ("Der Pier am Freitag. Nora Quill/dpa", "image caption with credit"),
        ("Le quai, vendredi matin. AFP/Nora Quill", "image caption with credit"),
        ("El muelle, el viernes por la mañana. Nora Quill/EFE", "image caption with credit"),
        ("Пирс на рассвете. REUTERS/Nora Quill", "image caption with credit"),
        ("The mayor on the pier. | Nora Quill/AP Photo", "image caption with credit"),
        (f"{PROSE * 5} (AP Photo/Nora Quill)", "image caption with credit"),
        ("The mayor has lost her lead. Reuters/Ipsos", None),
        ("Der Rat stimmt am Freitag ab. dpa/AFP", None),
        ("The mayor was asked by AFP/Nora Quill on the pier, and did not answer.", None),
        ("Sie wohnt an der Ecke. Hafenstraße/Alte Gasse", None),
        ("- The boats are repaired on land. REUTERS/Nora Quill", None),
        ("Reuters", None),
        ("By Jane Doe | Reuters", None),
        ("By JANE DOE/AP", None),
        ("Ilan Kahn – PTI", None),
        ("She was asked about it on the show (Nora Quill, CNN).", None),
        ("Nora Quill, Bloomberg", None),
        ("- The boats are repaired on land. Photo: Nora Quill/AFP", None),
        ("The photo by Nora Quill hangs in the harbour office.", None),
        ("Photographs of the old pier were found in the bakery.", None),
        ("Picture books for rainy days", None),
        (PROSE, None),
    ],
)
def test_image_credits(line: str, rule: str | None) -> None:
    """Credits on lines of their own are removed, and so are captions that end with a credit."""
    assert rule_of(line) == rule


def test_the_last_line_may_be_signed() -> None:
    """The last line of a document stays, although names and an agency end it: it may be the article's signature."""
    line = "The boats are repaired on land. Nora Quill/dpa"
    assert rule_of(line, PROSE, after="") is None


@pytest.mark.parametrize(
    ("line", "rule"),
    [
        ("The pier at dawn. Hide Caption 1 of 2 The pier at night. Hide Caption 2 of 2", "picture gallery"),
        ("Bild 1 von 9 Der Hafen am Morgen. Bild 2 von 9 Der Hafen am Abend.", "picture gallery"),
        ("Foto 1 de 12 El puerto. Foto 2 de 12 El puerto de noche.", "picture gallery"),
        ("Photo 1/8 Le port au matin. Photo 2/8 Le port, la nuit.", "picture gallery"),
        ("Фото 1 из 5 Порт утром. Фото 2 из 5 Порт ночью.", "picture gallery"),
        ("Step 1 of 2: Open the gate. Step 2 of 2: Close it again.", None),
        ("She won 6/4 6/2", None),
        ("The crew of the ferry won race 2 of 3", None),
        ("Photo 1 of 3 shows the pier, and the two others show the ferry.", None),
        ("In 2019, 11 of the 12 boats sailed; in 2020, 10 of 12", None),
    ],
)
def test_picture_galleries(line: str, rule: str | None) -> None:
    """Captions that are joined with the counters between them are removed, in any language."""
    assert rule_of(line) == rule
    assert rule_of(line, image_credits=False) is None


def test_image_credits_may_stay() -> None:
    """With the option off, credits and captions stay."""
    assert rule_of("Photo: Nora Quill", image_credits=False) is None
    phrase = Phrase("en", "image-credit", ("Image copyright",), match="start")
    frame = frame_of(["Image copyright Gazette"])
    assert boilerplate(frame, phrases=[phrase], lexicon=LEXICON)["rule"].item() == "phrase en:image-credit"
    assert boilerplate(frame, phrases=[phrase], lexicon=LEXICON, image_credits=False)["rule"].item() is None


NOTE = "Nora Quill is a reporter for the Harbour Gazette. Follow her on Twitter @noraquill."


@pytest.mark.parametrize(
    ("line", "goes"),
    [
        (NOTE, True),
        ("Nora Quill ist Redakteurin der Hafenzeitung, erreichbar unter nora@hafen.example.", True),
        ("Nora Quill est journaliste au Courrier. Twitter : @noraquill", True),
        ("Nora Quill is a reporter, and she was late again.", False),
        ("Ada Finch is the owner of the shop. Follow her on Twitter @ada.", False),
    ],
)
def test_notes_on_authors(line: str, goes: bool) -> None:
    """A note on a writer and how to reach them is removed at the end of an article; a note on anyone else stays."""
    article = [PROSE.replace("noon", hour) for hour in ("six", "seven", "eight", "nine", "ten", "noon")]
    assert (rule_of(line, *article, after="The end") is not None) is goes
    assert rule_of(line, *article, after="The end", author_biographies=False) is None
    assert rule_of(line, PROSE, after="The end") is None


@pytest.mark.parametrize("line", ["|", "||", "| |", "-", "→", "»", "• •", "|||+|"])
def test_stray_marks(line: str) -> None:
    """Bars, bullets, arrows and single dashes are removed."""
    assert rule_of(line) == "mark without a word"


@pytest.mark.parametrize("line", ["***", "* * *", "---", "--", "...", "|---|---|", "♥", ";-)", "___", "5"])
def test_marks_that_stay(line: str) -> None:
    """Marks that separate sections or rows of a table stay, and so do marks with a meaning."""
    assert rule_of(line) is None
