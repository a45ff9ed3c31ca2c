"""Which pairs are compared: few enough to be fast, and all that the method promises."""

from __future__ import annotations

import random
from fractions import Fraction
from typing import Any

import numpy as np
import polars as pl
import pytest

from cleaners.duplicate import buckets, near_duplicates, rarest_shingles
from cleaners.duplicate import cleaner as duplicate
from cleaners.duplicate.buckets import Buckets, Sets
from support import frame_of, ids_of

from .deduplicating import (
    DEFAULTS,
    NEWS,
    OTHER,
    RULES,
    WORDS,
    Corpus,
    find,
    frame_in_languages,
    run,
    table_of,
)


def templated(count: int, words: int, blanks: int) -> list[str]:
    """Texts from one template that differ in a few words each; none of these words occurs twice."""
    texts = []
    for i in range(count):
        text = [f"t{chr(97 + w // 26)}{chr(97 + w % 26)}" for w in range(words)]
        for blank in range(blanks):
            text[(2 * blank + 1) * words // (2 * blanks)] = (
                "".join(chr(97 + int(c)) for c in f"{blanks * i + blank}") + "z"
            )
        texts.append(" ".join(text))
    return texts


@pytest.mark.parametrize(
    ("words_each", "blanks"), [(47, 4), (60, 3), (90, 4)]
)  # Jaccards of 0.58, 0.73 and 0.76
def test_near_misses_by_the_thousand_are_not_all_compared(words_each: int, blanks: int) -> None:
    """If texts from one template crowd the buckets, the number of pairs grows linearly, not with the square."""
    seen = []
    real = near_duplicates.uncrowded_buckets

    def spy(plain: Buckets, members: Sets, first_new: int, threshold: Fraction) -> Buckets:
        seen.extend([plain, real(plain, members, first_new, threshold)])
        return seen[-1]

    count = 3000
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(near_duplicates, "uncrowded_buckets", spy)
        run([[text] for text in templated(count, words_each, blanks)])
    before, after = (
        int((np.diff(b.member_starts) * np.diff(b.member_starts)[b.partners]).sum()) for b in seen
    )
    assert before > count * count / 10
    assert after < count * 100


@pytest.mark.parametrize("worth", [0, 1, 4])
def test_pairs_of_shingles_find_what_single_ones_find(worth: int) -> None:
    """Whether the filter asks for one common shingle or for two, or gives up on two, the decisions are the same."""
    chance = random.Random(5)
    template = templated(1, 90, 5)[0].split()
    corpus = []
    for _ in range(400):  # two reports with two fields in common are duplicates
        for place in range(9, 90, 18):
            template[place] = f"f{chr(97 + chance.randrange(26))}{chr(97 + chance.randrange(4))}"
        corpus.append([" ".join(template)])
    plain = run(corpus)
    assert 20 < plain.get_column("reason").count() < 300
    fitted = []
    real = buckets._prefixes

    def spy(*given: Any) -> Any:
        found = real(*given)
        fitted.append((given[-1], found[2]))
        return found

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(buckets, "CROWDED", 20)
        patch.setattr(buckets, "PAIRS_WORTH", worth)
        patch.setattr(buckets, "_prefixes", spy)
        assert run(corpus).equals(plain)
    assert fitted == {0: [(0, True)], 1: [(1, False), (0, True)], 4: [(4, True)]}[worth]


def test_the_prefix_filter_finds_only_what_the_bands_find() -> None:
    """In a crowded bucket, too, a pair needs a common band; otherwise decisions would depend on the other texts."""
    frame = frame_of([NEWS], [OTHER], [NEWS + " again"], [NEWS.replace("harbour", "city") + " or so"])
    part = table_of(frame, **DEFAULTS)
    bands = [name for name in part.fingerprints.collect_schema() if name.startswith("band_")]
    # the first and the third are near-duplicates, but each shares a band only with the second or the fourth
    keys = pl.DataFrame(
        {name: pl.Series([1, 2, 3, 4], dtype=pl.UInt32) + 10 * n for n, name in enumerate(bands)}
    )
    keys = keys.with_columns(
        pl.Series("band_00", [7, 7, 8, 8], dtype=pl.UInt32),
        pl.Series("band_01", [9, 5, 6, 9], dtype=pl.UInt32),
    )
    table = part._replace(fingerprints=part.fingerprints.collect().with_columns(keys).lazy())
    for crowded in (1, 1000):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(buckets, "CROWDED", crowded)
            assert find([table], **(RULES | {"document_share": None})).is_empty()


def test_the_methods_differ_by_what_the_bands_miss() -> None:
    """Of 4,000 pairs with a Jaccard of 0.8 or a little more, "exact" finds all, and "minhash" misses very few."""
    chance = random.Random(7)
    corpus: Corpus = []
    for i in range(4_000):
        text = [f"w{i}x{chance.randrange(10**6)}" for _ in range(chance.randrange(29, 60))]
        # an end of one ninth replaced: of n shingles of each, n * 8 // 9 are the same
        other = text[: -((len(text) - 2) // 9)] + [f"z{i}y{k}" for k in range((len(text) - 2) // 9)]
        corpus += [[" ".join(text)], [" ".join(other)]]
    found = {
        method: run(corpus, method=method, same_numbers=False, document_share=None)
        for method in ("exact", "minhash")
    }
    exact, minhash = (found[m].get_column("reason").is_not_null() for m in ("exact", "minhash"))
    assert exact.sum() == 4_000
    assert not (minhash & ~exact).any()
    assert (exact & ~minhash).sum() <= 3  # 5 in 100,000 at a Jaccard of 0.8


def test_frequencies_do_not_change_what_is_found() -> None:
    """The method "exact" finds the same pairs whatever the shingle frequencies are."""
    chance = random.Random(3)
    base = [f"{WORDS[chance.randrange(8)]}{chance.randrange(30)}" for _ in range(400)]
    texts = [base[i % 7 : i % 7 + 40 + i % 11] for i in range(60)] + [
        base[i * 3 : i * 3 + 60] for i in range(60)
    ]
    frame = frame_in_languages([[" ".join(text)] for text in texts])
    rules = DEFAULTS | {"method": "exact"}
    ruling = RULES | {"method": "exact", "same_numbers": False}
    seen = np.random.default_rng(5).integers(0, 256, rarest_shingles.CELLS, np.uint8)
    expected = run([[" ".join(text)] for text in texts], method="exact", same_numbers=False)
    assert expected.get_column("reason").null_count() < 100
    for frequencies in (rarest_shingles.merge_frequencies([]), pl.DataFrame({"seen": seen})):
        table = duplicate.fingerprint_table(frame, ids_of(frame), **rules, frequencies=frequencies)
        assert duplicate.duplicate(frame, find([table], **ruling)).equals(expected)


def test_counts_of_shingles_add_up() -> None:
    """The counts of two tables add up to those of all texts, capped at 255."""
    texts = pl.Series([f"{NEWS} {i % 3}" for i in range(200)])
    parts = [rarest_shingles.count_shingles(t, 3) for t in (texts[:50], texts[50:])]
    whole = rarest_shingles.count_shingles(texts, 3)
    assert rarest_shingles.merge_frequencies(parts).equals(whole)
    assert rarest_shingles.merge_frequencies([whole, whole])["seen"].max() == 255
    with pytest.raises(ValueError, match="shingle frequencies"):
        duplicate.fingerprint_table(frame_of([NEWS]), pl.Series(["a"]), **(DEFAULTS | {"method": "exact"}))
