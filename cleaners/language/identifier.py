"""The language of documents, from their heads.

Where a script writes one language, the script decides: Hangul is Korean, kana is Japanese, Han without kana Chinese.
For the scripts of many languages (Latin, Cyrillic, Arabic, Devanagari and others) the model of py3langid decides: naive
Bayes over byte n-grams (Lui and Baldwin 2012, langid.py), offline, loaded in 0.3 s when the first document needs it.
The arithmetic is done here, for many documents at once: the same languages as py3langid's own, and probabilities that
differ by no more than its rounding.

py3langid was chosen among six. On 1,733 heads of 1,500 characters in 21 languages, a tenth of them mere metadata, it
named the right language in 97.1 % (lingua in its low-accuracy mode 95.6, langid 95.4, pycld2 93.1, whatlang 92.3,
eld 91.2). With the scripts and the threshold below, on the 1,586 heads that hold text: 97.3 % right, 1.5 % wrong,
1.3 % null. The threshold and the 400 characters were set by eye on these same heads, not by a search:
shorter pieces answered wrongly with less belief, and thresholds from 0.3 to 0.7 differ by 0.2 % of the heads. On 2,929
other heads in 8 languages: 98.0 % right, 1.7 % wrong, 0.3 % null, and of the first 200 characters of each 97.2, 0.6
and 2.2 %; nearly all of the wrong ones are English pieces in a collection of Chinese ones.
"""

from __future__ import annotations

import functools
import math
import threading
import unicodedata
from typing import Any, Final, NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from cleaners.language.packed_model import read_arrays
from cleaners.text.tokens import I64, U8, code_point, kernel
from cleaners.text.utf8 import utf8

HEAD_PARAGRAPHS: Final = 30
HEAD_CHARACTERS: Final = 1500  # of these, addresses and figures included
CLASSIFIED_CHARACTERS: Final = 400  # of what is left; 300 and 1,500 decide alike
MIN_LETTERS: Final = 40  # of an alphabet; a Han, kana or Hangul character counts as DENSE letters
DENSE: Final = 4
MIN_PROBABILITY: Final = 0.5

SCALE: Final = 512  # of the model's weights
LANES: Final = 8  # texts that the model reads abreast

#: Scripts that write one language among those of news (Hebrew letters write Yiddish too).
SCRIPTS: Final = {
    "Hangul": "ko",
    "Thai": "th",
    "Greek": "el",
    "Hebrew": "he",
    "Armenian": "hy",
    "Georgian": "ka",
    "Tamil": "ta",
    "Telugu": "te",
    "Kannada": "kn",
    "Malayalam": "ml",
    "Gujarati": "gu",
    "Gurmukhi": "pa",
    "Sinhala": "si",
    "Khmer": "km",
    "Lao": "lo",
    "Myanmar": "my",
    "Tibetan": "bo",
}
_NOISE: Final = r"https?://\S+|www\.\S+|\S+@\S+|[\p{N}_#*=|<>/\\]+"
_NO_LANGUAGE: Final = ("zxx", "und", "mul")
_SAME: Final = {"yue": "zh", "cmn": "zh", "nob": "no", "nb": "no"}


def language(text: pl.Series) -> pl.Series:
    """ISO 639-1 codes of the texts (639-3 where there is none), null where unsure or where there is too little.

    `text` holds one document a row (String, null allowed); the answer has its name and length. Only the head of a
    document counts. Deterministic; a row's answer depends on that row alone.

    >>> language(pl.Series(["The bridge was closed on Monday after a crack was found.", "12.5 %", "서울의 한 다리가"
    ...                     " 월요일에 폐쇄되었다.", None])).to_list()
    ['en', None, 'ko', None]
    """
    head = text.fill_null("").str.slice(0, HEAD_CHARACTERS)
    return _of_heads(head, np.ones(len(text), np.int64)).alias(text.name)


def language_of_documents(paragraphs: pl.Series, sizes: pl.Series) -> pl.Series:
    """What `language` answers for each document, given as its paragraphs, a line each.

    The first `sizes[0]` of the paragraphs are those of the first document, and so on; no size is 0. A null is taken for
    an empty paragraph.
    """
    counts = sizes.to_numpy().astype(np.int64)
    starts = np.cumsum(counts) - counts
    document = np.repeat(np.arange(len(counts)), counts)
    lines = paragraphs.fill_null("")
    lengths = lines.str.len_chars().to_numpy() + np.int64(1)
    before = np.cumsum(lengths) - lengths
    left = HEAD_CHARACTERS - (before - before[starts][document])
    wanted = (left > 0) & (np.arange(len(lines)) - starts[document] < HEAD_PARAGRAPHS)
    head = lines.filter(pl.Series(wanted)).str.slice(0, pl.Series(left[wanted]))
    return _of_heads(head, np.bincount(document[wanted]))


def _of_heads(lines: pl.Series, counts: I64) -> pl.Series:
    """The languages of heads, each given as so many of the lines."""
    starts = np.concatenate((np.zeros(1, np.int64), np.cumsum(counts)))
    data, offsets, plain = _plain_heads(*utf8(lines), starts, _noise())
    answer = pl.repeat(None, len(counts), dtype=pl.String, eager=True)
    if plain.any():
        answer = answer.scatter(np.flatnonzero(plain), _by_model(data, offsets))
    if not plain.all():
        number = pl.Series("number", np.repeat(np.arange(len(counts)), counts))
        others = pl.DataFrame([number, lines.alias("text")]).filter(pl.Series(np.repeat(~plain, counts)))
        heads = others.group_by("number", maintain_order=True).agg(pl.col("text").str.join("\n"))
        answer = answer.scatter(np.flatnonzero(~plain), _by_script_or_model(heads.get_column("text")))
    return answer


@functools.cache
def _noise() -> NDArray[np.bool_]:
    """For every byte whether it is a character of noise."""
    noise = np.zeros(256, np.bool_)
    noise[list(b"0123456789_#*=|<>/\\")] = True
    return noise


@kernel
def _plain_heads(data: U8, offsets: I64, starts: I64, noise: NDArray[np.bool_]) -> Any:
    """(bytes, offsets, which): what the model is to see of the plain heads, and which of the heads are plain.

    Plain is a head without addresses and mostly of small ASCII letters, if it begins with such characters as NFC leaves
    alone. Most heads are, and need no regular expression.
    """
    plain = np.zeros(len(starts) - 1, np.bool_)
    cleaned, bounds = np.empty(len(data) + len(offsets), np.uint8), np.zeros(len(starts), np.int64)
    count = 0
    for head in range(len(plain)):
        lines = offsets[starts[head] : starts[head + 1] + 1]
        if _is_mostly_small(data, lines):
            size = _clean(data, lines, noise, cleaned[bounds[count] :])
            if size:
                plain[head] = True
                bounds[count + 1] = bounds[count] + size
                count += 1
    return cleaned[: bounds[count]], bounds[: count + 1], plain


@kernel
def _is_mostly_small(data: U8, offsets: I64) -> bool:
    """Whether the lines hold nothing like an address, and so many small ASCII letters that no script makes up half."""
    letters, beyond, address = 0, 0, False
    for line in range(len(offsets) - 1):
        text = data[offsets[line] : offsets[line + 1]]
        for byte in text:
            letters += (byte >= 0x61) & (byte <= 0x7A)
            beyond += byte >= 0xC0
        for at in range(1, len(text)):
            before, byte = text[at - 1], text[at]
            address |= (byte == 0x40) & (before != 0x20) & (before != 0x0A)  # "@" behind no space
            address |= (byte == 0x2F) & (before == 0x3A)  # "://"
            address |= (byte == 0x77) & (before == 0x77)  # "www."
    return letters >= MIN_LETTERS and letters > 2 * DENSE * beyond and not address


@kernel
def _clean(data: U8, offsets: I64, noise: NDArray[np.bool_], cleaned: U8) -> int:
    """Writes the first CLASSIFIED_CHARACTERS of the lines, without noise, to `cleaned`; how many bytes.

    None if there is no small letter among them, or another character than ASCII, letters of Western Europe (U+00C0 to
    U+00FF) and common punctuation (U+2010 to U+2027).
    """
    size = characters = 0
    small = False
    for line in range(len(offsets) - 1):
        if line and characters < CLASSIFIED_CHARACTERS:
            cleaned[size] = 0x0A
            size += 1
            characters += 1
        text = data[offsets[line] : offsets[line + 1]]
        at, in_noise = 0, False
        while at < len(text) and characters < CLASSIFIED_CHARACTERS:
            byte, width = text[at], 1
            if byte == 0xC3:
                width = 2
            elif byte == 0xE2 and text[at + 1] == 0x80 and 0x90 <= text[at + 2] <= 0xA7:
                width = 3
            elif byte >= 0x80:
                return 0
            if not noise[byte]:
                for i in range(width):
                    cleaned[size + i] = text[at + i]
                size += width
                characters += 1
            elif not in_noise:
                cleaned[size] = 0x20
                size += 1
                characters += 1
            small |= (byte >= 0x61) & (byte <= 0x7A)
            in_noise = noise[byte]
            at += width
    return size if small else 0


def _by_script_or_model(head: pl.Series) -> pl.Series:
    """The languages of heads, plain or not."""
    head = head.str.replace_all(_NOISE, " ")
    # no script can make up half of what is mostly ASCII letters, so such a head needs no count of them
    latin = pl.Series(_mostly_ascii_letters(*utf8(head)), dtype=pl.Boolean)
    rest = (~latin).arg_true()
    enough, code = _by_script(head.gather(rest))
    answer = pl.repeat(None, len(head), dtype=pl.String, eager=True).scatter(rest, code)
    unknown = latin.scatter(rest, enough & code.is_null()).arg_true()
    if len(unknown):
        text = _normal(head.gather(unknown).str.slice(0, CLASSIFIED_CHARACTERS))
        answer = answer.scatter(unknown, _by_model(*utf8(text)))
    return answer


@kernel
def _mostly_ascii_letters(data: U8, offsets: I64) -> Any:
    """Whether a text has enough ASCII letters, and so many more than characters beyond ASCII."""
    mostly = np.empty(len(offsets) - 1, np.bool_)
    for text in range(len(mostly)):
        letters = beyond = 0
        for byte in data[offsets[text] : offsets[text + 1]]:
            letters += (byte | 0x20 >= 0x61) & (byte | 0x20 <= 0x7A)
            beyond += byte >= 0xC0
        mostly[text] = letters >= MIN_LETTERS and letters > 2 * DENSE * beyond
    return mostly


def _by_script(head: pl.Series) -> tuple[pl.Series, pl.Series]:
    """(enough, code): whether the heads hold enough letters, and the language of those whose script writes but one."""
    counts = _count_letters(head)
    east_asian = (pl.col("Han") + pl.col("kana") + pl.col("Hangul")) * (DENSE - 1)
    enough = pl.col("letters") >= MIN_LETTERS
    japanese = pl.col("kana") * 20 >= pl.col("Han")
    found = counts.with_columns((pl.col("letters") + east_asian).alias("letters")).select(
        enough.alias("enough"),
        pl.when(enough)
        .then(
            pl.coalesce(
                pl.when(_most(pl.col("kana") + pl.col("Han"), DENSE)).then(
                    pl.when(japanese).then(pl.lit("ja")).otherwise(pl.lit("zh"))
                ),
                *(
                    pl.when(_most(pl.col(script), DENSE if script == "Hangul" else 1)).then(pl.lit(code))
                    for script, code in SCRIPTS.items()
                ),
            )
        )
        .alias("code"),
    )
    return found.get_column("enough"), found.get_column("code")


def _count_letters(head: pl.Series) -> pl.DataFrame:
    """How many letters each head holds, and how many characters of Han, of kana and of each of SCRIPTS."""
    patterns = {"letters": r"\p{L}", "Han": r"\p{Han}", "kana": r"[\p{Hiragana}\p{Katakana}]"}
    patterns |= {script: rf"\p{{{script}}}" for script in SCRIPTS}
    data, offsets = utf8(head)
    found = np.flatnonzero(_different_characters(data))
    # many heads share few characters
    characters = pl.Series([chr(code) for code in found], dtype=pl.String)
    kinds = np.zeros((0x110000, len(patterns)), np.bool_)
    for column, pattern in enumerate(patterns.values()):
        kinds[found, column] = characters.str.contains(pattern).to_numpy()
    return pl.DataFrame(_count_kinds(data, offsets, kinds), schema=list(patterns))


@kernel
def _different_characters(data: U8) -> Any:
    """For every code point whether it is in the text."""
    found = np.zeros(0x110000, np.bool_)
    at = 0
    while at < len(data):
        code, width = code_point(data, at)
        found[code] = True
        at += width
    return found


@kernel
def _count_kinds(data: U8, offsets: I64, kinds: Any) -> Any:
    """How many characters of each text are of each kind, a row a text."""
    counts = np.zeros((len(offsets) - 1, kinds.shape[1]), np.int64)
    for text in range(len(counts)):
        at = offsets[text]
        while at < offsets[text + 1]:
            code, width = code_point(data, at)
            counts[text] += kinds[code]
            at += width
    return counts


def _most(script: pl.Expr, weight: int) -> pl.Expr:
    """Whether half of a head's letters are of the script."""
    return script * weight * 2 >= pl.col("letters")


def _by_model(data: U8, offsets: I64) -> pl.Series:
    """The languages that the model believes in most, null where it is unsure."""
    codes, probabilities = _classified(data, offsets)
    code = codes.replace(_SAME)
    sure = (probabilities >= MIN_PROBABILITY) & ~code.is_in(_NO_LANGUAGE)
    return pl.select(pl.when(sure).then(code)).to_series()


def classify(text: pl.Series) -> tuple[pl.Series, pl.Series]:
    """The likeliest code of each text, and its probability; those of all languages add up to 1.

    The answers of py3langid's `LanguageIdentifier.classify` with `norm_probs=True`, added up in double precision.
    """
    return _classified(*utf8(_normal(text)))


def _normal(text: pl.Series) -> pl.Series:
    """The texts as those were that the model was trained on."""
    normal = [unicodedata.normalize("NFC", t.lower() if t.isupper() else t) for t in text.to_list()]
    return pl.Series(normal, dtype=pl.String)


def _classified(data: U8, offsets: I64) -> tuple[pl.Series, pl.Series]:
    model = _model()
    best, probability = _classify(
        *(data, offsets),
        *(model.moves, model.rows, model.features, model.weights, model.prior, model.labels),
    )
    codes = pl.Series(model.codes, dtype=pl.String)
    return codes.gather(pl.Series(best)), pl.Series(probability)


class _Model(NamedTuple):
    """A finite automaton over bytes whose states may stand for a feature, and the features' weights."""

    moves: Any  # uint32 (rows, 256): the next state; many states share a row
    rows: Any  # uint16 (states,)
    features: Any  # int32 (states,): the feature that a visit counts for, -1 where there is none
    weights: Any  # uint16 (features, columns): logarithms of probabilities, times -SCALE
    prior: Any  # float32 (columns,)
    labels: Any  # int64 (columns,): place in `codes`; a language in two scripts has two columns
    codes: list[str]


def preload() -> None:
    """Load the model, which takes 0.3 s, for the most part without the interpreter's lock.

    Called in a thread of its own, it spares the first call of `language` the waiting.
    """
    _model()


def _model() -> _Model:
    """The model that comes with py3langid, of 70 MB in memory, loaded once."""
    with _loading:
        return _load()


_loading = threading.Lock()


@functools.cache
def _load() -> _Model:
    from py3langid.langid import MODEL_DIR, MODEL_FILE

    arrays = read_arrays((MODEL_DIR / MODEL_FILE).read_bytes())
    columns = arrays["classes"].tolist()
    codes = list(dict.fromkeys(columns))
    weights = arrays["ptc"].view(np.uint16)
    _to_fixed_point(weights.reshape(-1))
    return _Model(
        arrays["nextmove"].reshape(-1, 256),
        arrays["nextmove_row"],
        arrays["out_feat"],
        weights,
        arrays["pc"],
        np.array([codes.index(code) for code in columns]),
        codes,
    )


@kernel
def _to_fixed_point(weights: Any) -> None:
    """Negative half-precision numbers, given as their bits, made `SCALE` times their size, as whole numbers.

    Exact for numbers from -2 to -64, as all of the model's are; what is beyond the point of greater ones is cut off.
    """
    for i in range(len(weights)):
        bits = np.uint32(weights[i])
        exponent, fraction = bits >> np.uint32(10) & np.uint32(31), bits & np.uint32(1023) | np.uint32(1024)
        weights[i] = fraction << min(exponent, np.uint32(21)) >> np.uint32(16)


@kernel
def _classify(
    data: U8, offsets: I64, moves: Any, rows: Any, features: Any, weights: Any, prior: Any, labels: I64
) -> Any:
    """The best label of each text, and its probability."""
    count, columns = len(offsets) - 1, len(prior)
    best, probability = np.empty(count, np.int64), np.empty(count)
    longest = 0
    for text in range(count):
        longest = max(longest, offsets[text + 1] - offsets[text])
    logarithms = np.log1p(np.arange(longest + 1)) / -SCALE
    found = np.empty((LANES, longest), np.int32)
    visits = np.zeros(len(weights), np.int32)
    visited = np.empty(longest, np.int32)
    once = np.empty(columns, np.uint32)
    scores, shares = np.empty(columns), np.empty(labels.max() + 1)
    for text in range(count):
        lane, length = text % LANES, offsets[text + 1] - offsets[text]
        if lane == 0:
            _walk(data, offsets[text : text + LANES + 1], moves, rows, features, found)
        distinct = 0
        for feature in found[lane, :length]:
            if feature >= 0:
                if not visits[feature]:
                    visited[distinct] = feature
                    distinct += 1
                visits[feature] += 1
        scores[:] = prior
        if not distinct:
            scores[:] = 0.0
        once[:] = 0
        for i in range(distinct):
            of_feature, times = weights[visited[i]], visits[visited[i]]
            visits[visited[i]] = 0
            if times == 1:  # as nine in ten are: whole numbers are quicker to add up
                for column in range(columns):
                    once[column] += np.uint32(of_feature[column])
            else:
                for column in range(columns):
                    scores[column] += logarithms[times] * of_feature[column]
        for column in range(columns):
            scores[column] += logarithms[1] * once[column]
        # the root of the length keeps probabilities of long and short texts comparable
        scale, most = 1 / math.sqrt(max(length, 1)), scores.max()
        shares[:] = 0.0
        for column in range(columns):
            shares[labels[column]] += math.exp((scores[column] - most) * scale)
        best[text] = shares.argmax()
        probability[text] = shares.max() / shares.sum()
    return best, probability


@kernel
def _walk(data: U8, offsets: I64, moves: Any, rows: Any, features: Any, found: Any) -> None:
    """Writes the feature that each byte of some texts completes to `found`, a row for each text.

    The texts go abreast, since the memory is slow to answer for one but answers for all at once.
    """
    state = np.zeros(LANES, np.uint32)
    lengths = np.diff(offsets)
    for at in range(lengths.max()):
        for lane in range(len(lengths)):
            if at < lengths[lane]:
                state[lane] = moves[rows[state[lane]], data[offsets[lane] + at]]
                found[lane, at] = features[state[lane]]
