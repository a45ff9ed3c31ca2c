"""HTML fragments as text: paragraphs, lists and line breaks are lines; what is no text is left out."""

from __future__ import annotations

import html
import re
from typing import Final

_HIDDEN: Final = "script|style|noscript|template|iframe|object|svg|head|title|select|button|textarea"
_BLOCKS: Final = (
    "p|br|hr|div|section|article|header|footer|main|aside|nav|figure|figcaption|blockquote|pre|address|center|"
    "h[1-6]|ul|ol|li|dl|dt|dd|table|thead|tbody|tfoot|tr|form|fieldset|html|body|details|summary|img|video|audio"
)
_INLINE: Final = (
    "a|abbr|acronym|b|bdi|bdo|big|cite|code|del|dfn|em|font|i|ins|kbd|label|mark|q|s|samp|small|span|strike|strong|"
    "sub|sup|time|tt|u|var|wbr|td|th|caption|source|picture|input|meta|link|o:p|amp-[a-z-]+|col|colgroup"
)
_REST: Final = r"(?:\s(?:[^<>\"']|\"[^\"<]*\"|'[^'<]*')*+)?/?>"
_HIDE: Final = re.compile(rf"<({_HIDDEN})\b[^<>]*>")
_TOKEN: Final = re.compile(
    rf"<!--|<(?:/?(?:(?P<block>{_BLOCKS})|(?P<cell>t[dh])|{_INLINE}|{_HIDDEN})|(?:!doctype|\?xml)){_REST}",
    re.IGNORECASE,
)
_SPACE: Final = re.compile(r"[ \t\r\n]+")


def fragment_text(markup: str) -> str:
    """The text of a fragment of HTML, in lines.

    >>> fragment_text("<p>Rain &amp; wind.<br>No ferry.</p><p>The <b>bridge</b> stays.</p>").splitlines()
    ['Rain & wind.', 'No ferry.', 'The bridge stays.']
    """
    return "\n".join(text for _, text in _lines(markup) if text)


def fragment_paragraphs(markup: str) -> list[str]:
    """The fragment cut into the lines of its text, with the tags that stand before each; no character is lost.

    >>> fragment_paragraphs("<p>Rain.<br>No ferry.</p><p>The <b>bridge</b> stays.</p>")
    ['<p>Rain.', '<br>No ferry.', '</p><p>The <b>bridge</b> stays.</p>']
    """
    found: list[str] = []
    before = ""
    for raw, text in _lines(markup):
        if text:
            found.append(before + raw)
            before = ""
        else:
            before += raw
    if found:
        found[-1] += before
    return [" ".join(one.split("\n")) for one in found]


def _lines(markup: str) -> list[tuple[str, str]]:
    """(the markup, its text) of each line, of which there may be none; together they are all of the markup."""
    has_breaks = "\n" in markup.strip() and not re.search(r"<(?:p|br|div|li)\b", markup, re.IGNORECASE)
    starts, lines = [0], [[""]]
    missing: set[str] = set()
    at = 0

    def add(start: int, end: int) -> None:
        for number, line in enumerate(markup[start:end].split("\n") if has_breaks else [markup[start:end]]):
            if number:
                starts.append(start)
                lines.append([])
            lines[-1].append(line)
            start += len(line) + 1

    def after(end: str) -> int:
        """Just after the next one; if there is none, nothing is passed, and it is searched for only once."""
        if end not in missing:
            if found := re.compile(end, re.IGNORECASE).search(markup, at):
                return found.end()
            missing.add(end)
        return at

    while found := _TOKEN.search(markup, at):
        add(at, found.start())
        at = found.end()
        if found[0] == "<!--":
            at = after("-->")
        elif found["block"]:
            starts.append(found.start())
            lines.append([])
        elif found["cell"]:
            lines[-1].append(" ")
        elif hidden := _HIDE.fullmatch(found[0].lower()):
            at = after(rf"</{hidden[1]}\s*>")
    add(at, len(markup))
    texts = (_SPACE.sub(" ", html.unescape("".join(line))).strip() for line in lines)
    ends = (*starts[1:], len(markup))
    return [(markup[start:end], text) for start, end, text in zip(starts, ends, texts, strict=True)]
