"""Writes the file of weights that `cleaners.boilerplate.line_classifier.model.read_model` reads."""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final

import numpy as np

from cleaners.boilerplate.line_classifier.feature_names import FEATURES
from cleaners.boilerplate.line_classifier.model import KINDS, NODE

LINE: Final = 110  # characters of packed data on a line of the file


def write_model(
    trees: Sequence[dict[str, Any]],
    thresholds: dict[str, Sequence[float]],
    about: dict[str, Any],
    languages: Sequence[str] = (),
    margin: float = 0.0,
    ngrams: Mapping[int, int] = MappingProxyType({}),
    ngram_scale: float = 1.0,
) -> str:
    """The text of a model's file: JSON, what it is about first.

    A tree is a dict with `value` and, unless it is a leaf, `feature` (its number), `threshold`, `left` and `right`. The
    weight of an n-gram is a whole number from -127 to 127 times `ngram_scale`.
    """
    rows: list[list[Any]] = []

    def add(node: dict[str, Any], root: bool) -> None:
        place = len(rows)
        rows.append([root, node.get("feature", -1), 0, node.get("threshold", 0.0), node["value"]])
        if "left" in node:
            add(node["left"], False)
            rows[place][2] = len(rows) - place
            add(node["right"], False)

    for tree in trees:
        add(tree, True)
    packed = np.array([tuple(row) for row in rows], NODE).tobytes()
    keys = np.array(sorted(ngrams), np.int64)
    # the steps from key to key, all lowest bytes first: these pack better
    key_deltas = np.diff(keys, prepend=0).astype("<u4").view(np.uint8).reshape(-1, 4).T
    weights = np.array([ngrams[key] for key in keys.tolist()], np.int8)
    content = {
        "about": about,
        "thresholds": {kind: list(thresholds[kind]) for kind in KINDS},
        "languages": list(languages),
        "margin": margin,
        "features": list(FEATURES),
        "nodes": _packed(packed),
        "ngram_scale": ngram_scale,
        "ngrams": _packed(key_deltas.tobytes() + weights.tobytes()),
    }
    return json.dumps(content, indent=1, ensure_ascii=False) + "\n"


def _packed(data: bytes) -> list[str]:
    text = base64.b85encode(zlib.compress(data, 9)).decode()
    return [text[at : at + LINE] for at in range(0, len(text), LINE)]
