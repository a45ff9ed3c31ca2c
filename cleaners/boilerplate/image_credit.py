"""Image credits, and captions that end with one: "Photo: Nora Quill", "The pier. (AP Photo/Nora Quill)"."""

from __future__ import annotations

from typing import Final

import polars as pl

from cleaners.boilerplate.prefilter import CREDIT_CHARACTERS, ENDS_IN_CREDIT, may_be
from cleaners.text.matching import matches

CREDIT: Final = "image credit"
CAPTION: Final = "image caption with credit"

#: Longer lines, in bytes, are not credits.
MAX_CREDIT_BYTES: Final = 140

_AGENCIES: Final = (
    r"AP Photo|AP Images|Associated Press|AFP|Agence France-Presse|Reuters|REUTERS|Getty Images|GETTY IMAGES|Getty"
    r"|AFP/Getty"
    r"|EPA|EFE|ANSA|DPA|dpa|picture alliance|picture-alliance|imago|IMAGO|Shutterstock|iStock(?:photo)?|Alamy|Corbis"
    r"|Unsplash|Pexels|Pixabay|Wikimedia Commons|Keystone|KEYSTONE|Belga|ANP|Scanpix|Ritzau Scanpix|NTB|TT|Lehtikuva"
    r"|LaPresse|Xinhua|VCG|TASS|ТАСС|РИА Новости|Depositphotos|Adobe Stock|Europa Press|Zuma Press|ZUMA|Bloomberg"
    r"|PA Wire"
    r"|Press Association|Rex Features|SIPA|Sipa|Abaca|Hollandse Hoogte|PAP|MTI|ČTK|Agerpres|Mediafax|Antara|Yonhap"
    r"|Kyodo|時事|共同|新華社|新华社|中新社|뉴시스|연합뉴스|뉴스1"
)
_PICTURE: Final = (
    r"(?i:photos?|photographs?|photographers?|photographies?|images?|pictures?|illustrations?|fotos?|fotografía|fotografia"
    r"|fotografie|fotografi|fotograaf|fotograf|bild(?:er)?|bilde|billede|imagen(?:es)?|imagem|imagens|immagin[ei]|kuva(?:t)?"
    r"|beeld|zdj(?:ęcie|ęcia|\.)|fot\.|фото|ілюстрація|иллюстрация|снимка|kép|φωτογραφία|φωτο|fotoğraf|ảnh|hình|gambar"
    r"|صورة|الصورة|عکس|תמונה|צילום|ภาพ|फोटो|写真|圖|图|圖片|图片|照片|사진)"
)
_MAKER_WORD: Final = (
    r"(?i:credits?|cred\.|by|courtesy(?: of)?|source|via|copyright|von|par|di|de|da|door|av|af|från|quelle|fonte|fuente"
    r"|crédit|crédito|bron|kilde|källa|źródło|提供|来源|來源|撮影|제공)"
)
#: Agencies that sell mostly pictures: their name alone is a credit.
_PICTURE_AGENCIES: Final = (
    r"AP Photo|AP Images|Getty Images|GETTY IMAGES|AFP/Getty|picture alliance|picture-alliance|Shutterstock"
    r"|iStock(?:photo)?"
    r"|Alamy|Corbis|Unsplash|Pexels|Pixabay|Wikimedia Commons|Depositphotos|Adobe Stock|Zuma Press|ZUMA|Rex Features"
)
_PERSON: Final = r"\p{Lu}[\p{L}.'’-]*(?:\s\p{Lu}?[\p{L}.'’-]+){0,4}"
CREDIT_LINE: Final = (
    # "Photo: Nora Quill", "Photo credit: ...", "Photo by ...", "(Foto: dpa)"
    rf"^[\W_]{{0,4}}{_PICTURE}(?:\s?\(s\))?(?:\s?{_MAKER_WORD})?\s?[:：©]\s?[^\s].{{0,90}}$"
    rf"|^[\W_]{{0,4}}{_PICTURE}\s(?i:credit|by|courtesy of|via)\s\p{{Lu}}.{{0,90}}$"
    r"|^[\W_]{0,4}(?:Credits?|CREDITS?|Courtesy of|Crédit photo|Crédits? ?photos?|Bildquelle|Bildnachweis|Bildrechte"
    r"|Fotocredit|Kuvan lähde|Kuvateksti|Fotobyline|Crédito da foto|Créditos? de la imagen)\s?[:：]\s*[^\s].{0,90}$"
    # "Nora Quill/Getty Images", "Getty Images"
    rf"|^[\W_]{{0,3}}{_PERSON}\s?(?:/|\||\bfor\b|\bvia\b|–|—|©)\s?(?:{_AGENCIES})(?:\s?(?:[/,|]|via|for)\s?(?:{_AGENCIES}|{_PERSON}))*"
    r"[\W_]{0,3}$"
    rf"|^[\W_]{{0,3}}(?:{_PICTURE_AGENCIES})[\W_]{{0,3}}$"
)
#: "(AP Photo/Nora Quill)", at the end of a caption
CREDIT_IN_BRACKETS: Final = (
    rf"^[(\[](?:{_PICTURE}(?:\s?{_MAKER_WORD})?\s?[:：]|(?:{_AGENCIES})\s?/|{_PERSON}(?:/|\svia\s|\sfor\s|,\s?)(?:{_AGENCIES}))"
    r"[^()\[\]]{0,80}[)\]][\W_]{0,2}$"
)
#: "Photo: Nora Quill/Reuters"
CREDIT_AT_END: Final = (
    rf"(?:^|\W){_PICTURE}(?:\s?{_MAKER_WORD})?\s?[:：©]\s?[\p{{L}}.'’ /&,-]{{0,60}}(?:{_AGENCIES})"
    r"[\p{L}.'’ /&,-]{0,40}[\W_]{0,2}$"
)
#: The last pair of brackets at the end of a caption, with what follows it.
_LAST_BRACKETS: Final = r"([(\[][^()\[\]]+[)\]][\W_]{0,2})$"
_PICTURE_COLON: Final = rf"{_PICTURE}(?:\s?{_MAKER_WORD})?\s?[:：©]"
_LIST_ITEM: Final = r"^(?:[*•·-]|\d{1,2}[.)])\s"
#: What the end of every captioned credit has: a closing bracket, or a mark between the picture and its maker.
_MAY_HOLD_CREDIT: Final = r"[)\]][\W_]{0,2}$|[:：©]"
#: Every credit contains one of these: a prefilter for `CREDIT_LINE`.
_CREDIT_LITERALS: Final = (
    *(
        "hoto",
        "HOTO",
        "mage",
        "MAGE",
        "icture",
        "ICTURE",
        "llustration",
        "oto",
        "OTO",
        "ild",
        "ILD",
        "uva",
        "eeld",
        "zdj",
    ),
    *(
        "ото",
        "ФОТО",
        "люст",
        "нимка",
        "kép",
        "Kép",
        "ωτο",
        "nh:",
        "ình",
        "ambar",
        "صورة",
        "عکس",
        "תמונה",
        "צילום",
        "ภาพ",
    ),
    *(
        "फोटो",
        "写真",
        "圖",
        "图",
        "照片",
        "사진",
        "redit",
        "REDIT",
        "rédit",
        "ourtesy",
        "Getty",
        "GETTY",
        "Reuters",
        "REUTERS",
    ),
    *(
        "AFP",
        "/",
        "hutterstock",
        "iStock",
        "Alamy",
        "Corbis",
        "Unsplash",
        "Pexels",
        "Pixabay",
        "Wikimedia",
        "AP ",
        "fot.",
    ),
    *("Stock", "Deposit", "Zuma", "ZUMA", "Rex", "Fot."),
)
#: Every caption with a credit contains one of these at its end: a prefilter for the patterns above.
_CAPTION_END_LITERALS: Final = (
    *(
        "AP",
        "Press",
        "Getty",
        "GETTY",
        "AFP",
        "France-",
        "euters",
        "REUTERS",
        "EPA",
        "EFE",
        "ANSA",
        "DPA",
        "dpa",
        "alliance",
    ),
    *(
        "mago",
        "IMAGO",
        "tock",
        "lamy",
        "orbis",
        "nsplash",
        "exels",
        "ixabay",
        "Commons",
        "eystone",
        "KEYSTONE",
        "elga",
        "ANP",
    ),
    *(
        "Scanpix",
        "NTB",
        "TT",
        "Lehtikuva",
        "Xinhua",
        "VCG",
        "ТАСС",
        "TASS",
        "РИА",
        "Deposit",
        "uma",
        "ZUMA",
        "loomberg",
    ),
    *(
        "Wire",
        "Features",
        "SIPA",
        "Sipa",
        "baca",
        "Hoogte",
        "MTI",
        "ČTK",
        "gerpres",
        "ediafax",
        "ntara",
        "onhap",
        "yodo",
    ),
    *(
        "時事",
        "共同",
        "新華",
        "新华",
        "中新",
        "뉴시스",
        "연합",
        "뉴스",
        "(Photo",
        "(Foto",
        "(Image",
        "(Picture",
        "(Bild",
        "[Photo",
    ),
    *(
        "(Фото",
        "（图",
        "（圖",
        "（写真",
        "(사진",
        "(photo",
        "(foto",
        "(Kuva",
        "(Imagen",
        "(Immagine",
        "(Crédit",
        "(Ảnh",
        "(Zdj",
    ),
)


def image_credits(lines: pl.DataFrame) -> pl.DataFrame:
    """The image credits, and the captions that end with one, as a table (row, rule).

    `lines` are `lines_of` the frame with their `possible_kinds`. A credit is a line of at most 140 bytes: a word for a
    picture followed by a colon or "by", or only names and a picture agency. A caption has at most 400 bytes, is not an
    item of a list, and ends with a credit in brackets, or with a word for a picture, a colon and an agency.
    """
    text = pl.col("text")
    credit = lines.filter(text.str.len_bytes() <= MAX_CREDIT_BYTES).filter(
        text.str.contains_any(pl.Series(_CREDIT_LITERALS).implode())
    )
    credit = credit.filter(matches(credit.get_column("text"), CREDIT_LINE))
    end = pl.col("end")
    caption = (
        lines.filter(may_be(ENDS_IN_CREDIT))
        .with_columns(text.str.slice(-CREDIT_CHARACTERS).alias("end"))
        .filter(end.str.contains(_MAY_HOLD_CREDIT))
        .filter(end.str.contains_any(pl.Series(_CAPTION_END_LITERALS).implode()))
        .filter(~text.str.contains(_LIST_ITEM))
    )
    caption = caption.filter(_ends_in_credit(caption.get_column("end")))
    return pl.concat(
        [
            credit.select("row", pl.lit(CREDIT).alias("rule")),
            caption.select("row", pl.lit(CAPTION).alias("rule")),
        ]
    )


def _ends_in_credit(end: pl.Series) -> pl.Series:
    """Whether each end of a caption has a credit in brackets, or one after a word for a picture (Boolean)."""
    brackets = end.str.extract(_LAST_BRACKETS)
    credited = matches(brackets, CREDIT_IN_BRACKETS).fill_null(False)
    pictured = matches(end, _PICTURE_COLON).arg_true()
    return credited.scatter(pictured.filter(matches(end.gather(pictured), CREDIT_AT_END)), True)
