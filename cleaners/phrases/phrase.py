"""Phrases of boilerplate: what a line of boilerplate reads like, and what is to be done with it.

Phrases are values: the files that hold them are read elsewhere, and `cleaners.phrases.search` finds them in a frame.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, get_args

Action = Literal["line", "teaser", "block", "tail", "menu", "keep"]
Match = Literal["line", "start", "anywhere", "regex"]
Where = Literal["any", "end"]

ACTIONS: Final[tuple[str, ...]] = get_args(Action)
#: What actions were called once.
FORMER_ACTIONS: Final = {"remove": "line", "marker": "block"}
MATCHES: Final[tuple[str, ...]] = get_args(Match)
WHERES: Final[tuple[str, ...]] = get_args(Where)

#: The longest wording of a phrase, in characters.
MAX_WORDING: Final = 100
MAX_WORDS: Final = 12


@dataclass(frozen=True)
class Phrase:
    """What a line of boilerplate reads like, and what to do with it.

    - `texts`: the wordings; in any case, with any white space, curly or straight quotes, full or half width. A `#`
      stands for a number.
    - `match`: `line`, the whole line reads so, punctuation at its ends aside; `start`, the line begins so; `anywhere`,
      the line holds it, as whole words; `regex`, the wordings are regular expressions in the syntax of Rust's regex,
      found in the line whatever its case. `line` leaves alone what looks like the end of a wrapped sentence (up to
      three words, the first in lower case, with a mark at the end) and a word called out ("Help!"); `line` and `start`
      leave alone what begins with a quotation ("“Accept all” is the button that most people press").
    - `max_words`: a longer line is left alone (`line` needs no limit and has none).
    - `action`: `line`, the line goes; `teaser`, the line is a label that has its teaser with it, as "Read more: Five
      things we learned", and goes; `block`, the line is a heading such as "Related Articles", and goes with the block
      of teasers after it; `tail`, the end of the page begins with the line, as with "3 comments", and all goes from
      there on if the article has ended; `menu`, the line is an entry of menus, as "Careers", and goes where it stands
      in one; `keep`, the line is never removed.
    - `where`: `end`, only where no prose of the article follows.
    - `source`: only in documents of this source.
    """

    language: str
    name: str
    texts: tuple[str, ...]
    action: Action = "line"
    match: Match = "line"
    max_words: int = MAX_WORDS
    where: Where = "any"
    source: str | None = None

    @property
    def rule(self) -> str:
        """The name of the phrase in reports, as "phrase en:newsletter"."""
        return f"phrase {self.language}:{self.name}"
