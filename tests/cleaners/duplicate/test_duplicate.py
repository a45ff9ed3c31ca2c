"""The keep rule and the document rules against a brute-force reading of their definitions."""

from __future__ import annotations

import functools
import random
import re
import unicodedata
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cleaners.duplicate import candidates, rarest_shingles, rows_with_common_key, shared_keys
from cleaners.duplicate import cleaner as duplicate
from cleaners.duplicate.buckets import Buckets, Sets
from cleaners.duplicate.cleaner import Table
from cleaners.paragraphs import SCHEMA
from cleaners.text import shingles, tokens

DEFAULTS: dict[str, Any] = {
    "n": 3,
    "threshold": 0.8,
    "min_tokens": 10,
    "short": "keep",
    "method": "minhash",
}
RULES: dict[str, Any] = {
    "n": 3,
    "threshold": 0.8,
    "method": "minhash",
    "same_numbers": True,
    "document_share": 0.8,
    "min_words": 1,
}

Corpus = list[list[str]]


def frame_of(corpus: Corpus, first: int = 0) -> pl.DataFrame:
    """The paragraphs of documents that are called d000, d001 and so on, from `first`."""
    rows = [
        {"document_id": f"d{d:03}", "position": p, "text": text}
        for d, document in enumerate(corpus, first)
        for p, text in enumerate(document)
    ]
    frame = pl.DataFrame(rows, schema={name: SCHEMA[name] for name in ("document_id", "position", "text")})
    return frame.with_columns(
        pl.lit(None, dtype).alias(name) for name, dtype in SCHEMA.items() if name not in frame.columns
    ).select(*SCHEMA)


@functools.cache
def some_order() -> pl.DataFrame:
    """An order of shingles in which a few are frequent."""
    seen = pl.Series(["ant bee Cat dog eel 3 4 x1", "the harbour board said on monday", "ant bee cat"])
    return rarest_shingles.count_shingles(seen, 3)


def table_of(frame: pl.DataFrame, **making: Any) -> Table:
    """The table that is made by these rules, with an order of shingles where they want one."""
    frequencies = some_order() if making["method"] == "exact" else None
    return duplicate.table_of(frame, **making, frequencies=frequencies)


def kept(table: Table, decisions: pl.DataFrame) -> Table:
    """What goes into the index."""
    fingerprints = table.fingerprints.collect().with_row_index("row")
    left = duplicate.kept(fingerprints, decisions)
    rows = left.get_column("row").to_numpy()
    return Table(left.drop("row").lazy(), lambda local: table.texts(rows[local]))


def find(tables: Sequence[Table], index: Sequence[Table] = (), **ruling: Any) -> pl.DataFrame:
    """The decisions on all tables."""
    return pl.concat(duplicate.find(tables, index, **ruling))


def run(corpus: Corpus, **options: Any) -> pl.DataFrame:
    """The frame of the whole corpus after the cleaner, in one table."""
    making = {name: options.get(name, value) for name, value in DEFAULTS.items()}
    ruling = {name: options.get(name, value) for name, value in RULES.items()}
    frame = frame_of(corpus)
    return duplicate.duplicate(frame, find([table_of(frame, **making)], **ruling))


# --- the oracle: sets of tuples of words, every pair compared ---


def words(text: str) -> list[str]:
    """Tokens of a text without single-token scripts."""
    return re.findall(r"\w+", unicodedata.normalize("NFKC", text).casefold().replace("_", " "))


@dataclass
class Paragraph:
    """What the oracle knows of a paragraph."""

    document: int
    position: int
    text: str
    bands: set[tuple[int, int]]

    def __post_init__(self) -> None:
        """Reads the text."""
        self.tokens = words(self.text)
        self.numbers = re.findall(r"\d+", " ".join(self.tokens))

    def jaccard(self, other: Paragraph, options: dict[str, Any]) -> Fraction:
        """0 if the two are not compared at all."""
        if options["same_numbers"] and self.numbers != other.numbers:
            return Fraction(0)
        if min(len(self.tokens), len(other.tokens)) < options["min_tokens"]:
            mine, theirs = (p.tokens or p.text.casefold().split() for p in (self, other))
            return Fraction(options["short"] == "exact" and mine == theirs)
        n = options["n"]
        mine, theirs = (
            {tuple(t[i : i + n]) for i in range(max(len(t) - n, 0) + 1)} for t in (self.tokens, other.tokens)
        )
        # the bands may miss a pair now and then; that is not for this oracle to judge
        found = options["method"] == "exact" or self.bands & other.bands
        return Fraction(len(mine & theirs), len(mine | theirs)) if found else Fraction(0)


def oracle(
    corpus: Corpus, older: Mapping[int, Set[int]] = MappingProxyType({}), **given_options: Any
) -> list[tuple[Any, ...]]:
    """(reason, witness's document, witness's position, Jaccard) of each paragraph by the letter of the rules.

    `older` names the documents that are no witnesses for one.
    """
    options = {**DEFAULTS, **RULES, **given_options}
    threshold, share = (Fraction(str(options[k] or 0)) for k in ("threshold", "document_share"))
    table = table_of(frame_of(corpus), **{name: options[name] for name in DEFAULTS}).fingerprints.collect()
    bands = table.select(pl.col("^band_.*$")).rows() or [()] * len(table)
    kept: list[Paragraph] = []
    decisions: list[tuple[Any, ...]] = []
    for d, document in enumerate(corpus):
        paragraphs = [Paragraph(d, p, text, set(enumerate(bands.pop(0)))) for p, text in enumerate(document)]
        tentative: list[Paragraph] = []
        witness: list[tuple[Paragraph, Fraction] | None] = []
        for paragraph in paragraphs:
            found = next(
                (
                    (other, jaccard)
                    for other in kept + tentative
                    if other.document not in older.get(d, ())
                    and (jaccard := paragraph.jaccard(other, options)) >= threshold
                ),
                None,
            )
            witness.append(found)
            if found is None:
                tentative.append(paragraph)
        earlier = [w is not None and w[0].document < d for w in witness]
        total = sum(len(p.tokens) for p in paragraphs)
        before = sum(len(p.tokens) for p, e in zip(paragraphs, earlier, strict=True) if e)
        left = sum(len(p.tokens) for p in tentative)
        whole = None
        if options["document_share"] is not None and before and before >= share * total:
            whole = "duplicate_document"
        elif options["min_words"] is not None and left < options["min_words"]:
            whole = "too_short"
        for w, e in zip(witness, earlier, strict=True):
            if w is not None and (e or not whole):
                decisions.append(("duplicate", f"d{w[0].document:03}", w[0].position, pytest.approx(w[1])))
            else:
                decisions.append((whole, None, None, None))
        kept += [] if whole else tentative
    return decisions


def decisions_of(frame: pl.DataFrame) -> list[tuple[Any, ...]]:
    """The same of a frame."""
    return frame.select("reason", "duplicate_of_document_id", "duplicate_of_position", "jaccard").rows()


# --- corpora in which much is nearly the same ---

WORDS = ["ant", "bee", "Cat", "dog", "eel", "3", "4", "x1"]


@st.composite
def corpora(draw: st.DrawFn) -> Corpus:
    """Documents of paragraphs that are new, or earlier ones with a few words changed."""
    known: list[list[str]] = []
    corpus: Corpus = []
    for _ in range(draw(st.integers(0, 7))):
        document = []
        for _ in range(draw(st.integers(1, 5))):
            if known and draw(st.booleans()):
                text = list(draw(st.sampled_from(known)))
                for _ in range(draw(st.integers(0, 2))):
                    text[draw(st.integers(0, len(text) - 1))] = draw(st.sampled_from(WORDS))
                text = text[draw(st.integers(0, 1)) :] or text
            else:
                text = draw(st.lists(st.sampled_from([*WORDS, "--"]), min_size=1, max_size=16))
            known.append(text)
            document.append(draw(st.sampled_from([" ", ", "])).join(text))
        corpus.append(document)
    return corpus


options = st.fixed_dictionaries(
    {
        "n": st.integers(1, 4),
        "threshold": st.sampled_from([0.3, 0.5, 0.6, 0.8, 1.0]),
        "min_tokens": st.sampled_from([1, 3, 10]),
        "short": st.sampled_from(["keep", "exact"]),
        "method": st.sampled_from(["minhash", "exact"]),
        "same_numbers": st.booleans(),
        "document_share": st.sampled_from([None, 0.5, 0.8, 1.0]),
        "min_words": st.sampled_from([None, 0, 1, 5, 20]),
    }
)


@given(corpora(), options)
@settings(max_examples=settings().max_examples)
def test_the_rules_by_brute_force(corpus: Corpus, chosen: dict[str, Any]) -> None:
    """Every paragraph has the reason, the witness and the Jaccard of a plain reading of the rules."""
    assert decisions_of(run(corpus, **chosen)) == oracle(corpus, **chosen)


@given(
    corpora(),
    options,
    st.sampled_from([0, 1, 2, 5, 200]),
    st.integers(1, 3),
    st.sampled_from([7, 1 << 20]),
    st.sampled_from([20, 1 << 20]),
    st.sampled_from([0, 1 << 20]),
)
@settings(max_examples=settings().max_examples // 2)
def test_crowding_workers_and_parts_change_nothing(
    corpus: Corpus,
    chosen: dict[str, Any],
    crowded: int,
    workers: int,
    keys_at_once: int,
    keys_in_filter: int,
    shingles_at_once: int,
) -> None:
    """The size-aware filter in place of crowded buckets, a first look by bitmaps, keys in parts: the same decisions."""
    making = {name: chosen[name] for name in DEFAULTS}
    ruling = {name: chosen[name] for name in RULES}
    tables = [table_of(frame_of(corpus), **making)]
    plain = find(tables, **ruling)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(candidates, "CROWDED", crowded)
        patch.setattr(shared_keys, "KEYS_AT_ONCE", keys_at_once)
        patch.setattr(rows_with_common_key, "KEYS_IN_FILTER", keys_in_filter)
        patch.setattr(duplicate, "SHINGLES_AT_ONCE", shingles_at_once)
        assert find(tables, **ruling, workers=workers).equals(plain)


@given(corpora(), options, st.lists(st.integers(0, 7), max_size=3), st.lists(st.integers(0, 7), max_size=3))
@settings(max_examples=settings().max_examples // 2)
def test_runs_add_up(corpus: Corpus, chosen: dict[str, Any], runs: list[int], shards: list[int]) -> None:
    """Cut anywhere between documents, into runs with an index or into tables of one run, decisions are the same."""
    making = {name: chosen[name] for name in DEFAULTS}
    ruling = {name: chosen[name] for name in RULES}
    whole = find([table_of(frame_of(corpus), **making)], **ruling)

    def tables(first: int, last: int, cuts: list[int]) -> list[Table]:
        edges = [first, *sorted(c for c in cuts if first < c < last), last]
        return [table_of(frame_of(corpus[a:b], a), **making) for a, b in pairwise(edges)]

    index: list[Table] = []
    parts = []
    edges = [0, *sorted(min(c, len(corpus)) for c in runs), len(corpus)]
    for a, b in pairwise(edges):
        these = tables(a, b, shards)
        parts.append(find(these, index, **ruling))
        index += [kept(table, parts[-1]) for table in these]
    assert pl.concat(parts).equals(whole)


@given(corpora(), options, st.integers(0, 7), st.dictionaries(st.integers(0, 7), st.sets(st.integers(0, 7))))
@settings(max_examples=settings().max_examples)
def test_an_older_version_is_no_witness(
    corpus: Corpus, chosen: dict[str, Any], cut: int, drawn: dict[int, set[int]]
) -> None:
    """A paragraph is judged as though its older versions were not there, and is a witness for others as they are."""
    making = {name: chosen[name] for name in DEFAULTS}
    ruling = {name: chosen[name] for name in RULES}
    cut = min(cut, len(corpus))
    versions = {new: {o for o in old if o < cut} for new, old in drawn.items() if new >= cut}
    first, second = (table_of(frame_of(corpus[a:b], a), **making) for a, b in ((0, cut), (cut, len(corpus))))
    index = [kept(first, find([first], **ruling))]
    pairs = [(f"d{new:03}", f"d{old:03}") for new, olds in versions.items() for old in olds]
    older = pl.DataFrame(pairs, schema={"document_id": pl.String, "older": pl.String}, orient="row")
    frame = duplicate.duplicate(frame_of(corpus[cut:], cut), find([second], index, **ruling, older=older))
    wanted = oracle(corpus, versions, **chosen)[sum(map(len, corpus[:cut])) :]
    assert decisions_of(frame) == wanted


# --- cases ---

NEWS = "the harbour board said on monday that the old crane will be taken down before the winter storms"
OTHER = "a choir of forty children sang in the square while the mayor lit the lamps along the river"


def test_a_near_duplicate_names_its_witness() -> None:
    """One word changed in a long paragraph: gone, with witness, Jaccard and a rule that a reader understands."""
    long = f"{NEWS} {OTHER}"
    frame = run([[long], [long.replace("lamps", "LANTERNS"), OTHER + " once more with feeling"]])
    row = frame.row(1, named=True)
    assert row["reason"] == "duplicate"
    assert (row["duplicate_of_document_id"], row["duplicate_of_position"]) == ("d000", 0)
    assert row["rule"] == "near-duplicate, 31 of 37 shingles"
    assert row["jaccard"] == pytest.approx(31 / 37)
    assert frame.get_column("reason").to_list() == [None, "duplicate", None]


def test_the_same_tokens() -> None:
    """Case, punctuation and width are no difference, and the rule says so."""
    row = run([[NEWS], [NEWS.upper().replace(" ", ", ") + "!", OTHER]]).row(1, named=True)
    assert (row["reason"], row["rule"], row["jaccard"]) == ("duplicate", "same tokens", 1.0)


def test_no_chains() -> None:
    """B goes because of A; C, near to B but not to A, stays."""
    a = [f"w{i}a" for i in range(40)]
    b = [*a[2:], "x", "y"]
    c = [*b[4:], *(f"z{i}" for i in range(4))]
    frame = run([[" ".join(text)] for text in (a, b, c)], same_numbers=False)
    assert frame.get_column("reason").to_list() == [None, "duplicate", None]


def test_the_earliest_kept_witness() -> None:
    """Of two kept paragraphs that both are near, the earlier is named, not the nearer."""
    a = [f"word{i}" for i in range(100)]
    b = [*a[7:], *(f"b{i}" for i in range(7))]
    c = [*a[9:], *(f"b{i}" for i in range(9))]
    near = [*a[4:], *(f"b{i}" for i in range(4))]
    assert [r[:3] for r in decisions_of(run([[" ".join(t)] for t in (a, c, near)], same_numbers=False))] == [
        (None, None, None),
        ("duplicate", "d000", 0),
        ("duplicate", "d000", 0),
    ]
    assert b != c


def test_other_figures_are_no_duplicate() -> None:
    """A changed number keeps a paragraph, unless numbers are not asked for."""
    texts = [[f"{NEWS} {OTHER} and shares rose {n}%"] for n in (3, 4)]
    assert run(texts).get_column("reason").to_list() == [None, None]
    assert run(texts, same_numbers=False).get_column("reason").to_list() == [None, "duplicate"]


@pytest.mark.parametrize(("short", "reason"), [("keep", None), ("exact", "duplicate")])
@pytest.mark.parametrize("text", ["He said.", "* * *", "—", "\u3000…"])
def test_short_paragraphs(text: str, short: str, reason: str | None) -> None:
    """Under ten tokens a paragraph is compared only where that is asked for, and then for equality."""
    frame = run([[NEWS, text], [OTHER, text, text + "? no"]], short=short)
    assert frame.get_column("reason").to_list() == [None, None, None, reason, None]
    assert frame.get_column("rule")[3] == (reason and "same tokens")


def test_paragraphs_without_a_token_differ_by_their_text() -> None:
    """Rows of stars and dashes are compared as they are written, white space apart."""
    frame = run([[NEWS, "***", "---", "* * *"], [OTHER, " *** ", "*  *\t*"]], short="exact")
    assert frame.get_column("reason").to_list() == [None] * 5 + ["duplicate"] * 2


def test_a_document_printed_before_goes_whole() -> None:
    """Its own paragraphs take the document's reason, and are nobody's witness."""
    frame = run(
        [[NEWS, OTHER], [NEWS, OTHER, "and now this"], ["but the rest of it is new here", "and now this"]]
    )
    assert frame.get_column("reason").to_list() == [
        *(None, None),
        *("duplicate", "duplicate", "duplicate_document"),
        *(None, None),
    ]
    assert frame.get_column("rule")[4] == "92 % of the document was printed before"


def test_a_copy_within_the_document_follows_the_document() -> None:
    """Where a document goes whole, a paragraph whose witness goes with it takes the document's reason."""
    own = OTHER.replace("choir", "band").replace("river", "quay").replace("lit", "saw")
    frame = run([[NEWS], [NEWS, own, own], [own]], document_share=0.3)
    assert frame.get_column("reason").to_list() == [
        *(None, "duplicate", "duplicate_document", "duplicate_document", None)
    ]
    assert frame.get_column("duplicate_of_document_id").to_list() == [None, "d000", None, None, None]


def test_too_little_left() -> None:
    """A document of which fewer words are left than wanted goes whole; no tokens at all are 0 words."""
    frame = run([[NEWS], ["two words", "three more words"], ["***"]], min_words=6)
    assert frame.get_column("rule").to_list() == [
        None,
        *["5 words left, 6 wanted"] * 2,
        "0 words left, 6 wanted",
    ]
    assert run([["***"]]).get_column("reason").to_list() == ["too_short"]
    assert run([["***"]], min_words=0).get_column("reason").to_list() == [None]
    assert run([["***"]], min_words=None).get_column("reason").to_list() == [None]


def test_removed_rows_take_no_part() -> None:
    """What an earlier cleaner removed is no candidate, no witness, and keeps its reason."""
    frame = frame_of([[NEWS, OTHER], [NEWS], [NEWS]]).with_columns(
        pl.Series("reason", ["boilerplate", None, None, "repeated_line"]),
        pl.Series("rule", ["by hand", None, None, "by hand"]),
    )
    after = duplicate.duplicate(frame, find([table_of(frame, **DEFAULTS)], **RULES))
    assert after.equals(frame)


def test_a_second_time_changes_nothing() -> None:
    """The cleaner is idempotent."""
    frame = run([[NEWS], [NEWS, OTHER], ["***"]])
    again = duplicate.duplicate(frame, find([table_of(frame, **DEFAULTS)], **RULES))
    assert again.equals(frame)


def test_null_and_empty_text() -> None:
    """They take no part, and stay as they are even in a document that goes whole."""
    frame = frame_of([[NEWS, "", ""], ["", "brief"], [""]]).with_columns(
        text=pl.Series([NEWS, "", None, None, "brief", ""])
    )
    table = table_of(frame, **DEFAULTS)
    fingerprints = table.fingerprints.collect()
    assert fingerprints.schema == duplicate.fingerprint_schema(0.8)
    assert fingerprints.select("document_id", "position", "tokens").rows() == [
        ("d000", 0, 18),
        ("d001", 1, 1),
    ]
    after = duplicate.duplicate(frame, find([table], **(RULES | {"min_words": 2})))
    assert after.get_column("reason").to_list() == [None, None, None, None, "too_short", None]


@pytest.mark.parametrize("short", ["keep", "exact"])
def test_empty_tables(short: str) -> None:
    """No tables, tables without rows, and such ones among others."""
    making = DEFAULTS | {"short": short}
    empty = table_of(frame_of([]), **making)
    assert empty.fingerprints.collect_schema() == duplicate.fingerprint_schema(0.8)
    assert duplicate.find([], [], **RULES) == []
    for tables in ([empty], [empty, empty]):
        found = find(tables, tables, **RULES)
        assert found.schema == pl.Schema(duplicate.DECISIONS)
        assert found.is_empty()
    full = table_of(frame_of([[NEWS], [NEWS]]), **making)
    assert len(find([empty, full, empty], [empty], **RULES)) == 1
    assert duplicate.duplicate(frame_of([]), found).schema == pl.Schema(SCHEMA)


def test_tables_in_files(tmp_path: Path) -> None:
    """Lazy scans of Parquet give what frames in memory give."""
    corpora_of_two: Sequence[Corpus] = [
        [[NEWS, OTHER]],
        [[OTHER, "short one", NEWS], [NEWS.upper(), "new words"]],
    ]
    frames = [frame_of(corpora_of_two[0]), frame_of(corpora_of_two[1], 1)]
    tables = [table_of(frame, **DEFAULTS) for frame in frames]
    for i, table in enumerate(tables):
        table.fingerprints.collect().write_parquet(tmp_path / f"{i}.parquet")
    scans = [
        table._replace(fingerprints=pl.scan_parquet(tmp_path / f"{i}.parquet"))
        for i, table in enumerate(tables)
    ]
    assert find(scans, **RULES).equals(find(tables, **RULES))
    assert find(scans[1:], scans[:1], **RULES).equals(find(tables[1:], tables[:1], **RULES))


def test_a_very_long_paragraph() -> None:
    """Hundreds of thousands of words are a paragraph like any other."""
    long = " ".join(f"w{i % 977}x{i % 1013}" for i in range(300_000))
    frame = run([[long], [long + " and", NEWS]], same_numbers=False, document_share=None)
    assert frame.get_column("reason").to_list() == [None, "duplicate", None]


LETTERS = "".join(chr(c) for c in range(0x110000) if not 0xD800 <= c < 0xE000)


def test_lower_case_is_enough_for_what_is_not_special() -> None:
    """Each character that is only lower-cased tokenises as its NFKC, casefolded, does."""
    classes, lower, _ = tokens.alphabet()
    special = tokens.special_characters()
    easy = [c for c in LETTERS if not special[ord(c)]]
    assert len(easy) > 40_000
    separators = (tokens.SEPARATOR, tokens.SPACE)
    for character in easy:
        proper = unicodedata.normalize("NFKC", character).casefold()
        if classes[ord(character)] in separators:
            assert all(classes[ord(c)] in separators for c in proper), hex(ord(character))
        else:
            assert chr(lower[ord(character)]) == proper, hex(ord(character))
            assert unicodedata.combining(character) == 0


def test_what_is_in_normal_form_stays() -> None:
    """No character that NFKC and casefolding leave alone is put in lower case."""
    lower = tokens.alphabet().lower
    for character in LETTERS:
        if unicodedata.normalize("NFKC", character).casefold() == character:
            assert lower[ord(character)] == ord(character), hex(ord(character))


@given(
    st.lists(st.text(st.sampled_from("aAéÉe\u0301ßſΣσİıﬁ²…—“漢，が\u3099か\u3000٣ไᄒ\u1161 .3"), max_size=12))
)
def test_tokens_do_not_depend_on_the_way_of_normalising(batch: list[str]) -> None:
    """Whether a text was put in NFKC before or not, its tokens are the same."""

    def proper(text: str) -> str:
        return unicodedata.normalize("NFKC", text).casefold()

    # casefolding may leave letters that NFKC would join: such texts come to something else a second time
    batch = [text for text in batch if proper(proper(text)) == proper(text)]
    texts, folded = (pl.Series(b, dtype=pl.String) for b in (batch, list(map(proper, batch))))
    assert duplicate.count_tokens(texts).equals(duplicate.count_tokens(folded))
    for found, expected in zip(
        shingles.shingle_sets(texts, 3), shingles.shingle_sets(folded, 3), strict=True
    ):
        assert (found == expected).all()


def templated(count: int, words: int, blanks: int) -> list[str]:
    """Texts that differ in a few words each, none of which comes twice."""
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
    """Where texts from one template crowd the buckets, pairs to look at grow as the texts do, not as their square."""
    seen = []
    real = duplicate.uncrowded_buckets

    def spy(plain: Buckets, members: Sets, threshold: Fraction) -> Buckets:
        seen.extend([plain, real(plain, members, threshold)])
        return seen[-1]

    count = 3000
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(duplicate, "uncrowded_buckets", spy)
        run([[text] for text in templated(count, words_each, blanks)])
    before, after = (
        int((np.diff(b.member_starts) * np.diff(b.member_starts)[b.partners]).sum()) for b in seen
    )
    assert before > count * count / 10
    assert after < count * 100


def test_count_tokens() -> None:
    """The count is that of the table, and 0 for a null."""
    texts = [NEWS, "Größe: 3 m²", "漢字かな", "***"]
    counts = duplicate.count_tokens(pl.Series([*texts, None])).to_list()
    assert counts == [18, 3, 4, 0, 0]
    assert counts[:4] == table_of(frame_of([texts]), **DEFAULTS).fingerprints.collect()["tokens"].to_list()


@pytest.mark.parametrize(("document_share", "reason"), [(0.5, "duplicate_document"), (0.500000001, None)])
def test_the_share_itself_is_enough(document_share: float, reason: str | None) -> None:
    """18 of 36 tokens are 0.5 of a document, and not a billionth more."""
    frame = run([[NEWS], [NEWS, OTHER]], document_share=document_share)
    assert frame.get_column("reason").to_list() == [None, "duplicate", reason]


def test_the_threshold_itself_is_enough() -> None:
    """A Jaccard of 4/5 is a near-duplicate at 0.8, and not a billionth over it."""
    a = [f"w{i}" for i in range(20)]
    b = [*a[:18], "x", "y"]  # 16 shingles of 20 in all
    for threshold, reason in ((0.8, "duplicate"), (0.800000001, None)):
        frame = run([[" ".join(t)] for t in (a, b)], same_numbers=False, threshold=threshold)
        assert frame.get_column("reason").to_list() == [None, reason]


def test_the_prefix_filter_finds_only_what_the_bands_find() -> None:
    """A pair without a band in common is no candidate in a crowd either, or decisions would hang on who else came."""
    frame = frame_of([[NEWS], [OTHER], [NEWS + " again"], [NEWS.replace("harbour", "city") + " or so"]])
    part = table_of(frame, **DEFAULTS)
    bands = [name for name in part.fingerprints.collect_schema() if name.startswith("band_")]
    # the first and the third are near-duplicates, but all that any two share is with the second, or the fourth
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
            patch.setattr(candidates, "CROWDED", crowded)
            assert find([table], **(RULES | {"document_share": None})).is_empty()


def test_the_methods_differ_by_what_the_bands_miss() -> None:
    """Of 4,000 pairs with a Jaccard of 0.8 or a little more, "exact" finds all, "minhash" all but the odd one."""
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


def test_an_order_does_not_change_what_is_found() -> None:
    """Whatever the shingles that an order holds to be rare, the method "exact" finds the same."""
    chance = random.Random(3)
    base = [f"{WORDS[chance.randrange(8)]}{chance.randrange(30)}" for _ in range(400)]
    texts = [base[i % 7 : i % 7 + 40 + i % 11] for i in range(60)] + [
        base[i * 3 : i * 3 + 60] for i in range(60)
    ]
    frame = frame_of([[" ".join(text)] for text in texts])
    rules = DEFAULTS | {"method": "exact"}
    ruling = RULES | {"method": "exact", "same_numbers": False}
    seen = np.random.default_rng(5).integers(0, 256, rarest_shingles.CELLS, np.uint8)
    expected = run([[" ".join(text)] for text in texts], method="exact", same_numbers=False)
    assert expected.get_column("reason").null_count() < 100
    for frequencies in (rarest_shingles.merge_frequencies([]), pl.DataFrame({"seen": seen})):
        table = duplicate.table_of(frame, **rules, frequencies=frequencies)
        assert duplicate.duplicate(frame, find([table], **ruling)).equals(expected)


def test_counts_of_shingles_add_up() -> None:
    """The counts of two tables are those of all their texts, and stop at 255."""
    texts = pl.Series([f"{NEWS} {i % 3}" for i in range(200)])
    parts = [rarest_shingles.count_shingles(t, 3) for t in (texts[:50], texts[50:])]
    whole = rarest_shingles.count_shingles(texts, 3)
    assert rarest_shingles.merge_frequencies(parts).equals(whole)
    assert rarest_shingles.merge_frequencies([whole, whole])["seen"].max() == 255
    with pytest.raises(ValueError, match="shingle_frequencies"):
        duplicate.table_of(frame_of([[NEWS]]), **(DEFAULTS | {"method": "exact"}))
