"""Scripts that are written without spaces between words."""

from __future__ import annotations

from typing import Final

#: Their letters, to stand inside the brackets of a polars regular expression. Hangul is written with spaces.
UNSPACED: Final = r"\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}"
#: Characters of such a script that count as one word, as two or so make a word on average.
CHARACTERS_PER_WORD: Final = 2
