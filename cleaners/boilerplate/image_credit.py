"""Credits of pictures, and captions that end with one: "Photo: Nora Quill", "The pier. (AP Photo/Nora Quill)"."""

from __future__ import annotations

from typing import Final

import polars as pl

from cleaners.boilerplate.prefilter import END, ENDS_IN_CREDIT, may_be
from cleaners.text.matching import matches

CREDIT: Final = "image credit"
CAPTION: Final = "image caption with credit"

#: A longer line, in bytes, is no credit.
MAX_BYTES: Final = 140

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
_BY: Final = (
    r"(?i:credits?|cred\.|by|courtesy(?: of)?|source|via|copyright|von|par|di|de|da|door|av|af|från|quelle|fonte|fuente"
    r"|crédit|crédito|bron|kilde|källa|źródło|提供|来源|來源|撮影|제공)"
)
#: Agencies that sell pictures and little else: their name alone is a credit.
_PICTURES_ONLY: Final = (
    r"AP Photo|AP Images|Getty Images|GETTY IMAGES|AFP/Getty|picture alliance|picture-alliance|Shutterstock"
    r"|iStock(?:photo)?"
    r"|Alamy|Corbis|Unsplash|Pexels|Pixabay|Wikimedia Commons|Depositphotos|Adobe Stock|Zuma Press|ZUMA|Rex Features"
)
_PERSON: Final = r"\p{Lu}[\p{L}.'’-]*(?:\s\p{Lu}?[\p{L}.'’-]+){0,4}"
CREDIT_LINE: Final = (
    # "Photo: Nora Quill", "Photo credit: ...", "Photo by ...", "(Foto: dpa)"
    rf"^[\W_]{{0,4}}{_PICTURE}(?:\s?\(s\))?(?:\s?{_BY})?\s?[:：©]\s?[^\s].{{0,90}}$"
    rf"|^[\W_]{{0,4}}{_PICTURE}\s(?i:credit|by|courtesy of|via)\s\p{{Lu}}.{{0,90}}$"
    r"|^[\W_]{0,4}(?:Credits?|CREDITS?|Courtesy of|Crédit photo|Crédits? ?photos?|Bildquelle|Bildnachweis|Bildrechte"
    r"|Fotocredit|Kuvan lähde|Kuvateksti|Fotobyline|Crédito da foto|Créditos? de la imagen)\s?[:：]\s*[^\s].{0,90}$"
    # "Nora Quill/Getty Images", "Getty Images"
    rf"|^[\W_]{{0,3}}{_PERSON}\s?(?:/|\||\bfor\b|\bvia\b|–|—|©)\s?(?:{_AGENCIES})(?:\s?(?:[/,|]|via|for)\s?(?:{_AGENCIES}|{_PERSON}))*"
    r"[\W_]{0,3}$"
    rf"|^[\W_]{{0,3}}(?:{_PICTURES_ONLY})[\W_]{{0,3}}$"
)
#: "(AP Photo/Nora Quill)", at the end of a caption
CREDIT_IN_BRACKETS: Final = (
    rf"^[(\[](?:{_PICTURE}(?:\s?{_BY})?\s?[:：]|(?:{_AGENCIES})\s?/|{_PERSON}(?:/|\svia\s|\sfor\s|,\s?)(?:{_AGENCIES}))"
    r"[^()\[\]]{0,80}[)\]][\W_]{0,2}$"
)
#: "Photo: Nora Quill/Reuters"
CREDIT_AT_END: Final = (
    rf"(?:^|\W){_PICTURE}(?:\s?{_BY})?\s?[:：©]\s?[\p{{L}}.'’ /&,-]{{0,60}}(?:{_AGENCIES})"
    r"[\p{L}.'’ /&,-]{0,40}[\W_]{0,2}$"
)
#: The last brackets, at the end of a caption, and all behind them.
_LAST_BRACKETS: Final = r"([(\[][^()\[\]]+[)\]][\W_]{0,2})$"
_PICTURED: Final = rf"{_PICTURE}(?:\s?{_BY})?\s?[:：©]"
_ITEM: Final = r"^(?:[*•·-]|\d{1,2}[.)])\s"
#: What the end of each such caption has: a bracket that closes it, or what stands between a picture and its maker.
_MAY_CREDIT: Final = r"[)\]][\W_]{0,2}$|[:：©]"
#: One of these is in each credit.
_MAY_BE: Final = (
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
#: One of these is at the end of each caption that ends with a credit.
_MAY_END: Final = (
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
    """(row, rule) of the lines that credit a picture, and of captions that end with the credit.

    `lines` are lines with their `possible_kinds`. A credit is a line of its own, at most 140 bytes long: a
    word for a picture with a colon or "by", or nothing but names and an agency that sells pictures. A caption, of at
    most 400 bytes and no item of a list, ends with a credit in brackets, or with a word for it, and an agency.
    """
    text = pl.col("text")
    credit = lines.filter(text.str.len_bytes() <= MAX_BYTES).filter(
        text.str.contains_any(pl.Series(_MAY_BE).implode())
    )
    credit = credit.filter(matches(credit.get_column("text"), CREDIT_LINE))
    end = pl.col("end")
    caption = (
        lines.filter(may_be(ENDS_IN_CREDIT))
        .with_columns(text.str.slice(-END).alias("end"))
        .filter(end.str.contains(_MAY_CREDIT))
        .filter(end.str.contains_any(pl.Series(_MAY_END).implode()))
        .filter(~text.str.contains(_ITEM))
    )
    caption = caption.filter(_ends_in_credit(caption.get_column("end")))
    return pl.concat(
        [
            credit.select("row", pl.lit(CREDIT).alias("rule")),
            caption.select("row", pl.lit(CAPTION).alias("rule")),
        ]
    )


def _ends_in_credit(end: pl.Series) -> pl.Series:
    """Whether the ends of captions are, or end with, a credit in brackets, or one behind a word for a picture."""
    brackets = end.str.extract(_LAST_BRACKETS)
    credited = matches(brackets, CREDIT_IN_BRACKETS).fill_null(False)
    pictured = matches(end, _PICTURED).arg_true()
    return credited.scatter(pictured.filter(matches(end.gather(pictured), CREDIT_AT_END)), True)
