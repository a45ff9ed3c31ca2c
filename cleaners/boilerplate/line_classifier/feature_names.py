"""The features of a line: their names, and the column of each.

The names are stored in the model, so a change of them needs a new model. A *marked* line is one that a phrase of
boilerplate matches or that a rule has removed: its phrase state (see `context`) is above NO_PHRASE.
"""

from __future__ import annotations

from typing import Final

#: The names of the features, in the order of their columns.
FEATURES: Final = (
    # of the line itself
    "words", "characters", "ending", "beginning", "table", "capitalised", "upper", "digits", "figures", "symbols",
    "separators", "commas", "quotes", "sentences", "address", "short_words", "word_length", "caseless",
    # of the line and the prose of its document
    "shared", "boilerplate_words", "wording", "title", "repeats",
    # of phrase states: "mark" is that of the line itself, the others are of marked lines
    "mark", "mark_above", "mark_below", "marks_near", "marks_around", "removed_above", "removed_below",
    # of the lines around
    "words_above", "words_below", "ending_above", "ending_below", "words_near", "prose_near",
    "run", "run_above", "to_prose_above", "to_prose_below", "prose_before", "prose_after",
    "place", "from_top", "from_bottom", "like_above", "like_below", "like_near", "run_opening", "run_words",
    "shared_near", "boilerplate_words_near", "wording_near", "capitalised_near", "repeats_near", "addresses_near",
    # of the document
    "lines", "prose_lines", "prose_words", "mark_density", "mean_words",
)  # fmt: skip
FEATURE: Final = {name: number for number, name in enumerate(FEATURES)}
(
    WORDS, CHARACTERS, ENDING, BEGINNING, TABLE, CAPITALISED, UPPER, DIGITS, FIGURES,
    SYMBOLS, SEPARATORS, COMMAS, QUOTES, SENTENCES, ADDRESS, SHORT_WORDS, WORD_LENGTH,
    CASELESS, SHARED, BOILERPLATE_WORDS, WORDING, TITLE, REPEATS, PHRASE_STATE, MARK_ABOVE, MARK_BELOW, MARKS_NEAR,
    MARKS_AROUND, REMOVED_ABOVE, REMOVED_BELOW, WORDS_ABOVE, WORDS_BELOW, ENDING_ABOVE,
    ENDING_BELOW, WORDS_NEAR, PROSE_NEAR, RUN, RUN_ABOVE, TO_PROSE_ABOVE, TO_PROSE_BELOW,
    PROSE_BEFORE, PROSE_AFTER, PLACE, FROM_TOP, FROM_BOTTOM, LIKE_ABOVE, LIKE_BELOW,
    LIKE_NEAR, RUN_OPENING, RUN_WORDS, SHARED_NEAR, BOILERPLATE_WORDS_NEAR, WORDING_NEAR, CAPITALISED_NEAR,
    REPEATS_NEAR, ADDRESSES_NEAR, LINES, PROSE_LINES, PROSE_WORDS, MARK_DENSITY, MEAN_WORDS,
) = range(len(FEATURES))  # fmt: skip

#: The value of a feature that is not defined for a line.
NO_VALUE: Final = -1.0

# what a line contributes to the features of the lines around it, a column each; OWN is their number
OWN_SHARED, OWN_BOILERPLATE_WORDS, OWN_CAPITALISED, OWN_REPEATS, OWN_ADDRESS, OWN = range(6)
