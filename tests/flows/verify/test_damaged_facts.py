"""A removed paragraph that states what its witness does not is found, and what cannot be checked is counted."""

from __future__ import annotations

import json
import re
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from flows.dataset import Dataset
from flows.maintenance import compact, expire
from flows.verify import verify_folder
from small_runs import LONG_AGO, aged, run
from support import Copydesk

from .damaging import BAKERS, DUPLICATE, FERRY, ORCHARD, TRAM, Damage, put, retell, rewrite, write

NEW = "removed: a duplicate states what its witness does not"
#: In the second run, "fresh" stands at the end of one duplicate for the "warm" of its witness.
FRESH = DUPLICATE & pl.col("text").str.ends_with("fresh.")
#: A document of the second run that went whole, as both of its paragraphs had been printed before.
OF_WHOLE = DUPLICATE & (pl.col("text") == FERRY)


def jaccard(one: str, other: str) -> float:
    """The Jaccard of the shingles of two texts without special characters."""
    mine, theirs = ({*zip(w, w[1:], w[2:], strict=False)} for w in (words(one), words(other)))
    return len(mine & theirs) / len(mine | theirs)


def words(text: str) -> list[str]:
    """The tokens of a text without special characters."""
    return re.findall(r"\w+", text.casefold())


def say(text: str, witness: str, where: pl.Expr, number: int = 2) -> Damage:
    """Let the text of a removed row be another, with the Jaccard that it has."""

    def change(rows: pl.DataFrame) -> pl.DataFrame:
        return put("text", text, where)(put("jaccard", jaccard(text, witness), where)(rows))

    return rewrite("removed", change, number)


def ending(said: str) -> Damage:
    """Let the duplicate end with these words, after "while they are"."""
    return say(BAKERS.replace("warm", said), BAKERS, FRESH)


NEW_FACTS: dict[str, Damage] = {
    "a number word": ending("nine"),
    "a weekday": ending("tuesday"),
    "a month": ending("april"),
    "a negation": ending("not"),
    "a name": ending("Ketter"),
    "a clause": ending("warm in the cold air by then"),
    "in a document that went whole": say(FERRY.replace("lorries", "nine"), FERRY, OF_WHOLE),
}


def problems(out: Path) -> tuple[list[str], dict[str, int]]:
    """The problems that are found, and what is not checked, by the first words of why."""
    unchecked: Counter[str] = Counter()
    found = list(verify_folder(out, unchecked))
    return found, {what.partition(" because ")[2]: count for what, count in unchecked.items() if count}


@pytest.mark.parametrize("name", NEW_FACTS)
def test_a_new_fact_is_found(out: Path, name: str) -> None:
    """Whichever fact it is, though the Jaccard is right; of documents that went whole, too."""
    NEW_FACTS[name](out)
    found, unchecked = problems(out)
    assert [one for one in found if f"r000002: {NEW}: 1 times" in one], found
    assert not [one for one in found if "Jaccard" in one]
    assert unchecked == {}


@pytest.mark.parametrize("words", ["hot", "warm in the cold air soon"])
def test_what_is_no_fact_is_no_damage(out: Path, words: str) -> None:
    """Another word, and a clause of up to five new shingles, say nothing new."""
    ending(words)(out)
    assert not [one for one in problems(out)[0] if NEW in one]


EARLIER = [{"text": f"{BAKERS}\n{FERRY}"}, {"text": TRAM}]
LATER = [
    {"text": f"{BAKERS.replace('warm', 'tuesday')}\nA new line is here."},
    {"text": FERRY.replace("lorries", "Ketter")},
]


@pytest.mark.parametrize(("action", "is_compacted"), [("remove", False), ("label", True)])
def test_the_rule_counts_only_where_it_was_on(tmp_path: Path, action: str, is_compacted: bool) -> None:
    """A run without the rule may remove or label what is new; if its manifest says that it had it, that is found."""
    settings: dict[str, Any] = {"duplicate": {"same_facts": False, "action": action}}
    out = tmp_path / "out"
    run(write(tmp_path / "first.jsonl", EARLIER), out, settings)
    run(write(tmp_path / "second.jsonl", LATER), out, settings)
    assert problems(out) == ([], {})
    retell(lambda manifest: manifest["settings"]["duplicate"].update(same_facts=True), 2)(out)
    if is_compacted:
        compact(Dataset(out))
    table = "removed" if action == "remove" else "labelled"
    ((found,), unchecked) = problems(out)
    assert found.startswith(f"r000002: {table}: a duplicate states what its witness does not: 2 times, as ")
    assert unchecked == {}


OTHER_WORDS = "`config/facts` has other ones now for their language"


@pytest.mark.parametrize("digest", ["another", None])
def test_other_words_are_counted_and_the_rest_is_checked(out: Path, digest: str | None) -> None:
    """With words that have changed, or that the manifest does not show, a weekday may have been none; a name is one."""
    ending("tuesday")(out)

    def change(manifest: dict[str, Any]) -> None:
        if digest:
            manifest["fact_words"]["en"] = digest
        else:
            del manifest["fact_words"]

    retell(change, 2)(out)
    found, unchecked = problems(out)
    assert not [one for one in found if NEW in one]
    assert unchecked == {OTHER_WORDS: 1}  # with the same tokens there is nothing to check
    rewrite(
        "removed", put("text", BAKERS.replace("warm", "Ketter"), pl.col("text").str.ends_with("tuesday.")), 2
    )(out)
    assert [one for one in problems(out)[0] if NEW in one]


def test_a_language_that_had_no_words_then_has_none(out: Path) -> None:
    """Words that came with a later version do not count for the runs of before, and nothing is left unchecked."""
    ending("tuesday")(out)
    retell(lambda manifest: manifest["fact_words"].pop("en"), 2)(out)
    found, unchecked = problems(out)
    assert not [one for one in found if NEW in one]
    assert unchecked == {}


LONG = f"{BAKERS} In 1934 and 1951 it was seven instead. {FERRY}"
SHORTER = f"{BAKERS} In 1951 it was seven instead."
NOT_CONTAINED = {
    SHORTER.replace("1951", "1952"): "the witness of a duplicate has other figures",
    f"{BAKERS} {TRAM}": "a duplicate is not similar enough to its witness",
    SHORTER.replace("seven", "Ketter"): "a duplicate states what its witness does not",
}


def test_what_is_not_contained_is_found(tmp_path: Path) -> None:
    """By containment, the figures and most shingles of a duplicate are in its witness, which may have others."""
    out = tmp_path / "out"
    contains = {"duplicate": {"measure": "containment"}}
    run(write(tmp_path / "news.jsonl", [{"text": LONG}, {"text": f"{SHORTER}\n{ORCHARD}"}]), out, contains)
    assert problems(out) == ([], {})
    for text, problem in NOT_CONTAINED.items():
        say(text, LONG, DUPLICATE, 1)(out)
        found = problems(out)[0]
        assert [one for one in found if problem in one], found
        assert not [one for one in found if "Jaccard" in one]


def test_witnesses_out_of_reach_are_counted(tmp_path: Path, copydesk: Copydesk) -> None:
    """Those in references and in expired runs; the command says so, and that is no damage."""
    listed = write(tmp_path / "listed.jsonl", [{"text": TRAM}])
    out = tmp_path / "out"
    run(write(tmp_path / "first.jsonl", EARLIER[:1]), out)
    aged(out, "r000001", LONG_AGO)
    later = [{"text": f"{BAKERS}\n{TRAM}\n{TRAM}"}, {"text": FERRY.replace("lorries", "trucks")}]
    run(write(tmp_path / "second.jsonl", later), out, {"duplicate": {"against": [str(listed)]}})
    assert problems(out) == ([], {"their witness is in a reference": 2})
    expire(Dataset(out), datetime(2021, 1, 1, tzinfo=UTC))
    assert problems(out) == ([], {"their witness is in a reference": 2, "their witness has expired": 2})
    answer = copydesk("verify", out)
    lines = [
        "not checked: 2 near-duplicates, because their witness is in a reference",
        "not checked: 2 near-duplicates, because their witness has expired",
    ]
    assert (answer.code, answer.out.splitlines()) == (0, [*lines, f"{out}: 1 run, no damage found"])
    shown = json.loads(copydesk("verify", out, "--json").out)
    assert [f"not checked: {one}" for one in shown["unchecked"]] == lines
