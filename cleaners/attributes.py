"""By-lines, datelines and time stamps: lines that say who wrote an article, where and when.

A label says what a line is; whether the line is removed is another matter, and by default it is kept. A label depends
only on the form of the line, in the languages that the patterns cover. A line that says more than who, where or when
has no label.
"""

from __future__ import annotations

from typing import Final

import polars as pl

from cleaners.text.matching import matches

#: The labels that a line can have.
LABELS: Final = ("by-line", "dateline", "time stamp")
#: The schema of a table of labelled lines.
LABELLED: Final = {"document_id": pl.String(), "position": pl.UInt32(), "label": pl.String()}
#: Longer lines, in bytes, have no label.
MAX_BYTES: Final = 160
#: Longer lines, in bytes, are not searched for a date or a time of day.
MAX_TIME_BYTES: Final = 90

_NAME_WORD: Final = (
    r"(?:\p{Lu}[\p{L}'’.\-]*|de|da|dos|van|von|der|den|zu|di|del|della|la|le|el|al|bin|ibn|ben|af|av)"
)
_FULL_NAME: Final = rf"\p{{Lu}}[\p{{L}}'’.\-]*(?:\s+{_NAME_WORD}){{1,4}}"
_NAME_SEPARATOR: Final = (
    r"(?:\s*,\s*|\s*&\s*|\s*/\s*|\s*,?\s+(?:and|und|et|y|e|en|och|og|ja|i|oraz|и|та|ve|dan|și|és|a|și)\s+)"
)
_BY_WORD: Final = (
    r"[Bb]y|BY|[Ww]ritten by|[Pp]osted by|[Rr]eported by|[Ss]tory by|[Aa] [Cc]ommentary [Bb]y|[Aa]nalysis by|Von|VON"
    r"|Ein(?:e)? (?:Kommentar|Analyse|Interview|Gastbeitrag|Kolumne) von|Par|PAR|Por|POR|Di|Door|DOOR|Av|AV|Af|Fra"
    r"|[Ii]nterview(?:ed)? by|Das (?:Gespräch|Interview) führten?|Propos recueillis par|Entretien réalisé par"
    r"|Intervista di|Entrevista (?:de|por)|Rozmawia(?:ł|ła|li|ły)|Беседовал(?:а|и)?|Vraaggesprek:?|Gesprek door"
    r"|Oleh|Per|Του|Της|Των|Piše|Pišu|Napisao|Napisala|Írta|Kirjoittanut|Skrevet av|Skrevet af|Tekst av"
)
_AUTHOR_LABEL: Final = (
    r"(?i:authors?|autore?n?|autora|autor[ae]s|auteurs?|autori|redaktion|redakteur(?:in)?|text|texte|texto|testo|tekst"
    r"|teksti|toimittaja|journalist|reporter|redaktör|skribent|opracowanie|oprac\.|źródło opr\.|автор(?:и|ы)?|текст"
    r"|yazan|haber|muhabir|penulis|editor|tác giả|szerző|συντάκτης|συντάκτρια|redacția|autorka|autori|написа|σύνταξη"
    r"|by|von|par|por|door|av|af)\s?[:：|]\s*"
)
#: "By Jane Doe and John Roe, Staff Writers | 5 May 2020"
_LATIN_BY_LINE: Final = (
    rf"^\W{{0,3}}(?:(?:{_BY_WORD})\s+{_FULL_NAME}|{_AUTHOR_LABEL}{_NAME_WORD}(?:\s+{_NAME_WORD}){{0,4}})(?:{_NAME_SEPARATOR}{_NAME_WORD}(?:\s+{_NAME_WORD}){{0,4}}){{0,4}}"
    r"(?:\s*[,|·•/–—-]\s*[^.!?]{0,70})?$"
)
#: "Tom Birch contributed to this report."
_CONTRIBUTION: Final = (
    r"(?i)\bcontributed (?:to )?(?:this|the) (?:report|story|article|piece|post)\W*$|\bcontributed reporting\W*"
    r"|^\W*(?:additional )?reporting by\s|^\W*with assistance (?:by|from)\s|^\W*mit material von\s"
    r"|^\W*avec (?:afp|reuters)"
)
#: By-lines in Chinese, Japanese, Korean, Arabic, Persian, Hebrew, Thai and Hindi.
_OTHER_SCRIPTS: Final = (
    r"^[【\[(（]?(?:本報|本报|特約|特约)?(?:記者|记者|撰文|文|作者|編輯|编辑|責任編輯|责任编辑|責編|责编|取材|執筆)"
    r"[：:\s/／丨|・=＝].{1,24}$|^[【\[(（]?(?:本報|本报)?(?:記者|记者)[^。，]{2,12}(?:報導|报道|報道)[】\])）]?$"
    r"|^[^。、\s]{2,8}\s?記者$|^\p{Hangul}{2,4}\s?(?:기자|특파원|논설위원|앵커)(?:\s*[\w.]+@[\w.]+)?$"
    r"|^[(\[【][^)\]】]{2,20}=\s?[^)\]】]{2,12}\s?(?:기자|특파원)[)\]】].{0,4}$"
    r"|^(?:كتب|كتبت|بقلم|تحرير|إعداد|نویسنده|خبرنگار)\s?[:：\-–]?\s?[^.؟!،]{3,40}$|^מאת\s?:?\s?[^.?!]{3,40}$"
    r"|^(?:โดย|ผู้เขียน|เรื่อง)\s?[:：]?\s?[^.?!]{3,40}$|^(?:लेखक|रिपोर्ट|संवाददाता)\s?[:：]\s?[^।?!]{3,40}$"
)
BY_LINE: Final = f"{_LATIN_BY_LINE}|{_CONTRIBUTION}|{_OTHER_SCRIPTS}"

MONTH: Final = (
    r"(?:jan|feb|fév|fev|mar|mär|mrt|apr|avr|abr|ápr|may|mai|maj|mei|mag|máj|jun|juin|júl|jún|jui|giu|jul|lug|aug|aoû|ago|sep"
    r"|set|szep|oct|okt|ott|out|nov|dec|dez|déc|dic|des|ene|gen|tammi|helmi|maalis|huhti|touko|kesä|heinä|elo|syys|loka"
    r"|marras|joulu|sty|lut|kwi|cze|lip|sie|wrz|paź|lis|gru|oca|şub|nis|haz|tem|ağu|eyl|eki|kas|ara|led|úno|bře|dub|kvě"
    r"|čer|srp|zář|říj|pro|янв|фев|мар|апр|ма[йя]|июн|июл|авг|сен|окт|ноя|дек|січ|лют|бер|кві|тра|чер|лип|сер|вер|жов"
    r"|лис|гру|ян|юни|юли|ιαν|φεβ|μαρ|απρ|μα[ιΐ]|ιουν|ιουλ|αυγ|σεπ|οκτ|νοε|δεκ|يناير|فبراير|مارس|أبريل|مايو|يونيو"
    r"|يوليو|أغسطس|سبتمبر|أكتوبر|نوفمبر|ديسمبر|siječ|velj|ožu|trav|svib|lip|srp|kol|ruj|lis|stu|pros|tháng|ม\.|พ\.)"
)
_LEAD_IN: Final = r"\W{0,3}(?:[\p{L}.]+[\s,:|]+){0,4}?"
_TIME: Final = (
    r"(?:\W{0,5}(?:at|um|à|a las|às|alle|om|kl\.?|klo|godz\.|в|о|saat|T)?\s*\d{1,2}[:.h]\d{2}(?::\d{2})?"
    r"[\p{L}. ()+\d]{0,16})?"
)
_DAY: Final = r"\d{1,2}(?:st|nd|rd|th|er|º|°|ª|\.)?"
#: A date, with a few words before it and a time of day after it: "Published: 14.05.2019, 10:30 Uhr".
DATELINE: Final = (
    rf"(?i)^{_LEAD_IN}(?:{_DAY}\s*(?:de |d'|of |\W)?\s*{MONTH}[\p{{L}}.]*[\s,]*(?:de |del )?(?:19|20)\d\d"
    rf"|{MONTH}[\p{{L}}.]*\s+{_DAY},?\s+(?:19|20)\d\d|{_DAY}\s*[./-]\s*\d{{1,2}}\s*[./-]\s*(?:19|20)?\d\d"
    rf"|(?:19|20)\d\d\s*[./年-]\s*\d{{1,2}}\s*[./月-]\s*\d{{1,2}}日?|(?:19|20)\d\d년\s*\d{{1,2}}월\s*\d{{1,2}}일)\.?{_TIME}\W{{0,4}}$"
)
#: "PARIS (AFP) -"
AGENCY_LINE: Final = (
    r"^\p{Lu}[\p{L} .,'-]{2,40}\s*\((?:Reuters|AP|AFP|dpa|ANSA|EFE|CNN|UPI|IANS|PTI|Xinhua|TASS|Bloomberg|APA|ATS"
    r"|Lusa|Belga|NTB|TT|Ritzau|STT|PAP|ČTK|MTI)\)\s*[-–—]*$"
)
#: "14:05", "11 a.m. ET", "10.05 Uhr"
TIME_STAMP: Final = (
    r"(?i)^\W{0,2}\d{1,2}(?:[:.h]\d{2}(?::\d{2})?(?:\s?[ap]\.?m\.?)?|\s?[ap]\.?m\.?)"
    r"(?:\s?(?:uhr|h|bst|gmt|utc|e[sd]?t|p[sd]?t|c[sd]?t|cest|cet|ist|klo|hrs))?\W{0,3}$"
    r"|^\d{1,2}時\d{1,2}分$|^(?:오전|오후)\s?\d{1,2}[시:]\s?\d{2}분?$"
)


#: What a by-line begins with or contains: a prefilter, because `BY_LINE` itself is slow.
_MAY_BE_BY_LINE: Final = (
    rf"^\W{{0,3}}(?:(?:{_BY_WORD})\s|{_AUTHOR_LABEL})|(?i:contributed|reporting by|with assistance|mit material|avec )"
    r"|記者|记者|撰文|作者|編輯|编辑|責編|责编|取材|執筆|^[【\[(（]?文|기자|특파원|논설위원|앵커|^(?:كتب|بقلم|تحرير|إعداد|نویسنده|خبرنگار|מאת|โดย|ผู้เขียน"
    r"|เรื่อง|लेखक|रिपोर्ट|संवाददाता)"
)


#: "By the ...": an article and a common noun follow, not a name.
_BY_COMMON_NOUN: Final = (
    r"^\W{0,3}(?i:by (?:the|a|an)|von (?:der|dem|den)|par (?:le|la|les)|por (?:el|la|los))\s"
)


def label_lines(text: pl.Series) -> pl.Series:
    """The label of each text: one of `LABELS`, or null where it has none. A null text has none.

    >>> lines = ["By Nora Quill, Harbour Gazette", "14 May 2019", "14:05", "By noon all had gone."]
    >>> label_lines(pl.Series(lines)).to_list()
    ['by-line', 'dateline', 'time stamp', None]
    """
    size = text.str.len_bytes().fill_null(MAX_BYTES + 1)
    short = (size <= MAX_BYTES).arg_true()

    def those(rows: pl.Series, pattern: str) -> pl.Series:
        return rows.filter(matches(text.gather(rows), pattern))

    timed = those(short.filter(size.gather(short) <= MAX_TIME_BYTES), "[0-9]")
    by_lines = those(those(short, _MAY_BE_BY_LINE), BY_LINE)
    # where two labels fit, the later one in this list wins
    labelled_rows = [
        ("by-line", by_lines.filter(~matches(text.gather(by_lines), _BY_COMMON_NOUN))),
        ("dateline", those(those(short, r"\("), AGENCY_LINE)),
        ("dateline", those(timed, DATELINE)),
        ("time stamp", those(timed, TIME_STAMP)),
    ]
    labels = pl.repeat(None, len(text), dtype=pl.String, eager=True)
    for label, rows in labelled_rows:
        labels = labels.scatter(rows, label) if len(rows) else labels
    return labels.alias("label")


def labelled(frame: pl.DataFrame) -> pl.DataFrame:
    """The labelled lines of a frame, removed ones included, with the columns of `LABELLED`."""
    labels = label_lines(frame.get_column("text"))
    return frame.select("document_id", "position", labels).filter(pl.col("label").is_not_null())
