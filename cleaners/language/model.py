"""The model of py3langid: naive Bayes over byte n-grams (Lui and Baldwin 2012, langid.py).

It works offline and is unpacked once a machine, which takes 0.5 s. The arithmetic is done here, for many texts at once.
The languages are the same as py3langid's own, and the probabilities differ only by its rounding.
"""

from __future__ import annotations

import functools
import math
import threading
import zlib
from typing import Any, Final, NamedTuple

import numpy as np
import polars as pl

from cleaners.derived import derived
from cleaners.kernels import F32, I32, I64, U8, U16, U32, Rows, Written, helper, kernel
from cleaners.language.packed_model import read_arrays
from cleaners.text.normalization import normalize
from cleaners.text.utf8 import utf8

SCALE: Final = 512  # of the model's fixed-point weights
LANES: Final = 16  # texts that the model reads side by side


def classify(text: pl.Series) -> tuple[pl.Series, pl.Series]:
    """(codes, probabilities): the most probable language of each text; the probabilities of all languages add up to 1.

    The results of py3langid's `LanguageIdentifier.classify` with `norm_probs=True`, but summed in double precision.
    """
    return most_probable(*utf8(normal(text)))


def normal(text: pl.Series) -> pl.Series:
    """The texts in NFC, all-capital ones in lower case, like those that the model was trained on."""
    texts = [normalize("NFC", t.lower() if t.isupper() else t) for t in text.to_list()]
    return pl.Series(texts, dtype=pl.String)


def most_probable(data: U8, offsets: I64) -> tuple[pl.Series, pl.Series]:
    """The result of `classify` for texts that went through `normal`, given as bytes."""
    model = _model()
    best, probability = _classify(
        *(data, offsets),
        *(model.moves, model.rows, model.features, model.weights, model.prior, model.labels),
    )
    codes = pl.Series(model.codes, dtype=pl.String)
    return codes.gather(pl.Series(best)), pl.Series(probability)


class _Model(NamedTuple):
    """py3langid's model: a finite automaton over bytes that finds features, and the weights of the features."""

    moves: Any  # uint32 (rows, 256): the next state for each byte; many states share a row
    rows: Any  # uint16 (states,): the row of each state
    features: Any  # int32 (states,): the feature that each visit counts for, -1 for none
    weights: Any  # uint16 (features, columns): log probabilities, times -SCALE
    prior: Any  # float32 (columns,): of each language
    labels: Any  # int64 (columns,): index into `codes`; a language with two scripts has two columns
    codes: list[str]


def preload() -> None:
    """Load the model. Called in a thread, it saves the first call of `language` from waiting."""
    _model()


def _model() -> _Model:
    """The model that comes with py3langid, mapped into memory: of its 70 MB, what is looked at."""
    with _loading:
        return _load()


_loading = threading.Lock()


@functools.cache
def _load() -> _Model:
    from py3langid.langid import MODEL_DIR, MODEL_FILE

    path = MODEL_DIR / MODEL_FILE
    packed = path.read_bytes()
    return derived("language-model", f"{zlib.crc32(packed)}", lambda: _unpack(packed))


def _unpack(packed: bytes) -> _Model:
    arrays = read_arrays(packed)
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
def _to_fixed_point(weights: Written[U16]) -> None:
    """Converts negative half-precision numbers, given as bits, in place to their absolute value times `SCALE`.

    The results are integers. They are exact for numbers from -2 to -64, as all of the model's are; of a number between
    -2 and 0 the fraction is cut off.
    """
    for i in range(len(weights)):
        bits = np.uint32(weights[i])
        exponent, fraction = bits >> np.uint32(10) & np.uint32(31), bits & np.uint32(1023) | np.uint32(1024)
        weights[i] = fraction << min(exponent, np.uint32(21)) >> np.uint32(16)


@kernel
def _classify(
    data: U8,
    offsets: I64,
    moves: Rows[U32],
    rows: U16,
    features: I32,
    weights: Rows[U16],
    prior: F32,
    labels: I64,
) -> Any:
    """(index of the most probable code, its probability) for each text."""
    count, columns = len(offsets) - 1, len(prior)
    best, probability = np.empty(count, np.int64), np.empty(count)
    longest = 0
    for text in range(count):
        longest = max(longest, offsets[text + 1] - offsets[text])
    logarithms = np.empty(longest + 1)
    for times in range(longest + 1):
        logarithms[times] = np.log1p(np.float64(times)) / -SCALE
    found = np.empty((LANES, longest), np.int32)
    visits = np.zeros(len(weights), np.int32)
    visited, singles = np.empty(longest, np.int32), np.empty(longest + 1, np.int32)
    once = np.empty(columns, np.uint32)
    codes = 0
    for column in range(columns):
        codes = max(codes, labels[column] + 1)
    scores, probabilities = np.empty(columns), np.empty(codes)
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
        for column in range(columns):
            scores[column] = prior[column] if distinct else 0.0
            once[column] = 0
        single = 0
        for feature in visited[:distinct]:
            times = visits[feature]
            visits[feature] = 0
            singles[single] = feature
            single += 1 if times == 1 else 0
            if times > 1:
                for column in range(columns):
                    scores[column] += logarithms[times] * weights[feature, column]
        _add(weights, singles[:single], once)  # nine in ten features; integers are faster to add
        most = -math.inf
        for column in range(columns):
            scores[column] += logarithms[1] * once[column]
            most = max(most, scores[column])
        # dividing by the root of the length keeps the probabilities of long and short texts comparable
        scale = 1 / math.sqrt(max(length, 1))
        for code in range(codes):
            probabilities[code] = 0.0
        for column in range(columns):
            probabilities[labels[column]] += math.exp((scores[column] - most) * scale)
        first, total = 0, 0.0
        for code in range(codes):
            total += probabilities[code]
            if probabilities[code] > probabilities[first]:
                first = code
        best[text], probability[text] = first, probabilities[first] / total
    return best, probability


@helper
def _add(weights: Rows[U16], features: I32, sums: Written[U32]) -> None:
    """Adds the weights of the features to `sums`, those of four at a time: their sum fits into 16 bits, too."""
    at = 0
    while at + 4 <= len(features):
        a, b = weights[features[at]], weights[features[at + 1]]
        c, d = weights[features[at + 2]], weights[features[at + 3]]
        for column in range(len(sums)):
            sums[column] += np.uint32(np.uint16(a[column] + b[column] + c[column] + d[column]))
        at += 4
    for feature in features[at:]:
        for column in range(len(sums)):
            sums[column] += np.uint32(weights[feature, column])


@helper
def _walk(
    data: U8, offsets: I64, moves: Rows[U32], rows: U16, features: I32, found: Written[Rows[I32]]
) -> None:
    """Writes the feature that each byte of up to LANES texts completes to `found`, one row per text.

    The texts are read side by side: memory latency is high for one lookup, but several lookups overlap.
    """
    state = np.zeros(LANES, np.uint32)
    lanes, longest = len(offsets) - 1, 0
    for lane in range(lanes):
        longest = max(longest, offsets[lane + 1] - offsets[lane])
    for at in range(longest):
        for lane in range(lanes):
            if at < offsets[lane + 1] - offsets[lane]:
                state[lane] = moves[rows[state[lane]], data[offsets[lane] + at]]
                found[lane, at] = features[state[lane]]
