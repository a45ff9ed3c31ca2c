"""What the cleaners do, for a text or a column of texts, with the defaults of the pipeline."""

from __future__ import annotations

from collections.abc import Iterable
from typing import overload

import polars as pl

from cleaners.kernels import U32


@overload
def fix_text(text: str) -> str: ...
@overload
def fix_text(text: pl.Series) -> pl.Series: ...
def fix_text(text: str | pl.Series) -> str | pl.Series:
    """The text, or each text of a column, with its encoding repaired as the cleaner `encoding` repairs paragraphs.

    A text of several lines is one text: its line breaks become spaces. Nulls stay.

    >>> from cleaners import fix_text
    >>> fix_text("The cafÃ© isn&#39;t open.")
    "The café isn't open."
    """
    from cleaners.encoding.cleaner import repair

    repaired, _ = repair(_column(text))
    return repaired if isinstance(text, pl.Series) else str(repaired.item())


@overload
def language_of(text: str) -> str | None: ...
@overload
def language_of(text: pl.Series) -> pl.Series: ...
def language_of(text: str | pl.Series) -> str | pl.Series | None:
    """The language of the text, or of each text of a column, as an ISO 639 code; None (null) where it is unsure.

    >>> from cleaners import language_of
    >>> language_of("Die Fähre fährt ab Montag wieder, sagte die Hafenbehörde am Freitag.")
    'de'
    """
    from cleaners.language import language

    found = language(_column(text).fill_null(""))
    if isinstance(text, pl.Series):
        return found.alias(text.name)
    code: str | None = found.item()
    return code


def signatures(texts: pl.Series | Iterable[str], n: int = 3) -> U32:
    """The MinHash signatures of the texts, which must not be null: uint32 of the shape (texts, 128).

    Shingles have `n` tokens (1 to 16). Each signature is bit for bit that of datasketch.MinHash(num_perm=128,
    scheme="affine32", seed=1); see `cleaners.duplicate.minhash.signatures`.

    >>> from cleaners import signatures
    >>> signatures(["The ferry sails at noon.", "It rained in Pell."]).shape
    (2, 128)
    """
    from cleaners.duplicate import minhash

    return minhash.signatures(_column(texts), n)


def find_duplicates(
    texts: pl.Series | Iterable[str | None],
    *,
    threshold: float = 0.8,
    n: int = 3,
    min_tokens: int = 10,
    same_numbers: bool = True,
) -> pl.DataFrame:
    """The texts that are near-duplicates of an earlier, kept one: row, duplicate_of (a row) and jaccard, a row each.

    A text is a near-duplicate if the exact Jaccard of the sets of `n`-token shingles is at least `threshold` and, with
    `same_numbers`, the figures are the same. The one it is a duplicate of is never a duplicate itself: there are no
    chains. Texts of fewer than `min_tokens` tokens, and nulls, are never compared.

    >>> from cleaners import find_duplicates
    >>> ferry = "The night ferry sails again from Monday, the harbour board said on Friday."
    >>> find_duplicates([ferry, "It rained in Pell.", ferry.upper()]).rows()
    [(2, 0, 1.0)]
    """
    from cleaners.duplicate.cleaner import fingerprint_table
    from cleaners.duplicate.near_duplicates import find_duplicates as find

    column = _column(texts)
    number = pl.arange(0, len(column), dtype=pl.UInt32, eager=True)
    frame = pl.DataFrame([number.alias("document"), column.alias("text")]).with_columns(
        pl.lit(0, pl.UInt32).alias("position"), pl.lit(None, pl.String).alias("reason")
    )
    table = fingerprint_table(
        frame, number.cast(pl.String), n=n, threshold=threshold, min_tokens=min_tokens, short="keep"
    )
    (decisions,) = find(
        [table], n=n, threshold=threshold, same_numbers=same_numbers, document_share=None, min_words=None
    )
    return decisions.select(
        pl.col("document_id").cast(pl.UInt32).alias("row"),
        pl.col("duplicate_of_document_id").cast(pl.UInt32).alias("duplicate_of"),
        "jaccard",
    )


def _column(text: str | pl.Series | Iterable[str | None]) -> pl.Series:
    """A column of texts. Raises TypeError if it holds anything else."""
    if isinstance(text, str):
        return pl.Series([text])
    column = text if isinstance(text, pl.Series) else pl.Series(list(text), dtype=pl.String)
    if column.dtype not in (pl.String, pl.Null):
        raise TypeError(f"texts are wanted, not {column.dtype}")
    return column.cast(pl.String)
