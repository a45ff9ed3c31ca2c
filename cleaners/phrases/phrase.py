"""The phrase: how a line of boilerplate reads, and what happens to a line that matches.

Phrases are plain values. They are read from files elsewhere; `cleaners.phrases.search` finds them in a frame.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, get_args

Action = Literal["line", "teaser", "block", "tail", "menu", "keep"]
Match = Literal["line", "start", "anywhere", "before_names", "after_names", "regex"]
Where = Literal["any", "end"]

ACTIONS: Final[tuple[str, ...]] = get_args(Action)
MATCHES: Final[tuple[str, ...]] = get_args(Match)
WHERES: Final[tuple[str, ...]] = get_args(Where)

MAX_WORDING_CHARACTERS: Final = 100  # in a wording of a phrase
DEFAULT_MAX_WORDS: Final = 12  # in a line that a phrase matches


@dataclass(frozen=True)
class Phrase:
    """How a line of boilerplate reads, and what happens to a line that matches.

    `texts` are the wordings. Case, white space, curly or straight quotes, and full or half width make no difference. A
    `#` stands for any number.

    `match` is how a wording is compared with a line:

    - `line`: the whole line, except punctuation at its ends. Two kinds of lines never match: what looks like the end of
      a wrapped sentence (up to three words, the first in lower case, with a mark at the end), and an exclaimed word
      ("Help!").
    - `start`: the line begins with it.
    - `anywhere`: the line contains it, as whole words.
    - `before_names`: the line begins with it, and names follow ("Additional reporting by Nora Quill in Stell").
    - `after_names`: it follows names ("Nora Quill and Adam Roe contributed to this report"), and at most more names
      follow. `cleaners.phrases.names` says what names are.
    - `regex`: the wordings are regular expressions in the syntax of Rust's regex, found anywhere in the line in any
      case.

    With `line` and `start`, a line that begins with a quotation never matches ("“Accept all” is the button that most
    people press").

    `max_words`: longer lines do not match (`line` has no such limit and needs none).

    `action` is what happens to the line:

    - `line`: it is removed.
    - `teaser`: it is a label together with its teaser ("Read more: Five things we learned") and is removed.
    - `block`: it is a heading such as "Related Articles", and is removed with the block of teasers after it.
    - `tail`: it begins the end of the page ("3 comments"); if the article has ended, everything from there on is
      removed.
    - `menu`: it is a menu entry ("Careers"), and is removed where it stands in a menu.
    - `keep`: it is never removed.

    `where` is `end` for a phrase that matches only where no prose of the article follows. `source` limits a phrase to
    the documents of one source.
    """

    language: str
    name: str
    texts: tuple[str, ...]
    action: Action = "line"
    match: Match = "line"
    max_words: int = DEFAULT_MAX_WORDS
    where: Where = "any"
    source: str | None = None

    @property
    def rule(self) -> str:
        """The name of the phrase in the column `rule`, such as "phrase en:newsletter"."""
        return f"phrase {self.language}:{self.name}"
