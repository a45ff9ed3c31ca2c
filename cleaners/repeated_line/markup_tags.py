"""Tags of HTML, Markdown and templates that an extractor has left in a text: the tag is cut, its text stays."""

from __future__ import annotations

import re
from typing import Final

#: The elements whose tags are left in texts.
ELEMENTS: Final = (
    *(
        "p",
        "br",
        "b",
        "i",
        "u",
        "a",
        "s",
        "em",
        "strong",
        "div",
        "span",
        "img",
        "li",
        "ul",
        "ol",
        "h1",
        "h2",
        "h3",
    ),
    *(
        "h4",
        "h5",
        "h6",
        "hr",
        "blockquote",
        "iframe",
        "figure",
        "figcaption",
        "table",
        "tbody",
        "thead",
        "tr",
        "td",
    ),
    *(
        "th",
        "center",
        "font",
        "small",
        "sup",
        "sub",
        "section",
        "article",
        "aside",
        "picture",
        "source",
        "video",
    ),
)
#: These may be something else ("a <b> c"), unless they have attributes or their closing tag is in the text.
_SHORT: Final = ("b", "i", "u", "a", "s")
_QUOTES: Final = "\"'`‘’“”«»「『"

_NAMES: Final = "|".join(ELEMENTS)
_HTML: Final = re.compile(
    rf"<!--[^<>]{{0,500}}-->|<(?P<close>/?)(?P<name>{_NAMES})(?P<rest>(?: [^<>=]{{1,40}}=[^<>]{{0,1500}})?) ?/?>",
    re.IGNORECASE,
)
#: An article about tags names them.
_ABOUT_TAGS: Final = re.compile(
    r"\b(?:html|xml|css|tags?|markup|markdown|balises?|etiquetas?|теги?)\b|標籤|标签|タグ", re.IGNORECASE
)
_TEMPLATE: Final = re.compile(
    r"\{\{[<%#/]? ?[A-Za-z_][\w.:|/-]{0,60}(?: [^{}\\]{0,500})?\}\}|\{% ?[a-z_]+(?: [^{}\\]{0,300})?%\}"
)
_URL: Final = (
    r"\((?:https?:|mailto:|/|#)[^()\s]{0,1500}(?:\([^()\s]{0,100}\)[^()\s]{0,300})?(?: \"[^\"]{0,200}\")?\)"
)
_IMAGE: Final = re.compile(rf"!\[[^\[\]]{{0,300}}\]{_URL}")
_LINK: Final = re.compile(rf"\[([^\[\]]{{1,300}})\]{_URL}")
_BOLD: Final = re.compile(r"(?<![A-Za-z0-9*])\*\*(?=[^\s*])([^*]{1,500}?)(?<=\S)\*\*(?![A-Za-z0-9*])")
_HEADING: Final = re.compile(r"^#{2,6}(?: +(?=[\w“\"'‘「『《【（(])(?!.*#$)|$)")


def cut_tags(text: str) -> str:
    """The text without its tags.

    >>> cut_tags("The ferry <b>sails</b> at noon.<br> So [they say](https://example.org/tide).")
    'The ferry sails at noon. So they say.'
    >>> cut_tags("Write <br> where a line of HTML ends.")
    'Write <br> where a line of HTML ends.'
    """
    before = text
    if "<" in text and not _ABOUT_TAGS.search(_HTML.sub("", text)):
        closed = {name for name in _SHORT if f"</{name}>" in text.lower()}
        text = _HTML.sub(lambda match: _without(match, closed), text)
    if "{" in text:
        text = _TEMPLATE.sub(" ", text)
    if "](" in text:
        text = _LINK.sub(r"\1", _IMAGE.sub(" ", text))
    text = _HEADING.sub("", _BOLD.sub(r"\1", text))
    return text if text == before else re.sub(" {2,}", " ", text).strip(" ")


def _without(tag: re.Match[str], closed: set[str]) -> str:
    """What stands in place of a tag of HTML: itself, if it is quoted or may be no tag; else nothing, or a space."""
    name = (tag["name"] or "").lower()
    quoted = tag.start() > 0 and tag.string[tag.start() - 1] in _QUOTES
    after = tag.string[tag.end() : tag.end() + 1]
    unsure = name in _SHORT and not (tag["close"] or tag["rest"] or name in closed)
    if unsure or (quoted and after in [*_QUOTES]):
        return tag[0]
    return "" if name in (*_SHORT, "em", "strong", "span", "font", "sup", "sub", "small") else " "
