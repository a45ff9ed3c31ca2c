"""A corpus for the benchmarks: news-like JSONL of any size, from nothing but the sample articles in seeds/.

Every sentence of a sample article is a template: its most frequent words stand, the others are blanks, filled with
words that are drawn with Zipf's frequencies from those of the articles and from words made up letter by letter as they
are. Around the articles stands what scraped news has around it: the paper's motto, share bars, teasers, the headline
again. Some articles are another paper's reprinted, some an earlier one brought up to date, some paragraphs agency copy,
each now and then with a word changed; and a little of it is damaged. The same seed gives the same bytes, and a
larger corpus begins with a smaller one.

    python -m tests.benchmarks.corpus MEGABYTES OUT.jsonl [--damaged SHARE]
    python -m tests.benchmarks.corpus --reports COUNT --words COUNT OUT.jsonl
"""

from __future__ import annotations

import argparse
import gzip
import json
import random
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import accumulate, islice
from pathlib import Path
from typing import Any

import ftfy
import numpy as np

ARTICLES = Path(__file__).parents[2] / "seeds" / "articles"
SEED = 1

#: Languages of the papers; the first stands for all folders of articles, the others for records of world.jsonl.gz.
LANGUAGES = ("en", "de", "fr", "es", "pt", "it", "nl", "ru")
WORLD = ("de", "de", "fr", "es", "pt", "it", "nl", "ru")  # the languages of its first records
ENGLISH = ("ashcombe-post", "harbour-gazette", "northmoor-observer", "pennard-times")
PAPERS = 60
ELSEWHERE = 0.1  # the share of papers that are not English

INVENTED = 20  # words made up for each that the articles of a language have
REPRINTED, UPDATED, AGENCY, CHANGED = 0.025, 0.02, 0.015, 0.5
REMEMBERED = 4_000  # articles that others may be made of
DAMAGED = 0.0005  # of the paragraphs

FURNITURE = (
    "Share this article",
    "Share on Facebook Share on Twitter Print E-mail",
    "Sign up for our free newsletter and get the day's news in your inbox.",
    "This site uses cookies. By continuing to browse it you agree to their use.",
    "Copyright 2025. All rights reserved.",
    "Advertisement",
    "Story continues below advertisement",
    "Subscribe now for unlimited access to all our articles",
    "Read more:",
    "Follow us on Twitter and Facebook",
    "Click here to comment on this story",
    "Photo: Archive",
)


@dataclass(frozen=True)
class Template:
    """A sentence with blanks: `form % words`, some of which are names or numbers."""

    form: str
    blanks: int
    names: tuple[int, ...]
    numbers: tuple[int, ...]


class Language:
    """The templates of one language, and an endless stream of its words."""

    def __init__(self, texts: Iterable[str], seed: int) -> None:
        """Learns from the texts of articles."""
        sentences = [s for text in texts for s in _sentences(text)]
        words = Counter(w for s in sentences for w in re.findall(r"[^\W\d_]+", s.lower()))
        plain = {word for word, count in words.most_common(120) if count > 1}
        self.templates = [_template(s, plain) for s in sentences]
        rest = [word for word, _ in words.most_common() if word not in plain]
        self._words = np.array(rest + _invent(rest, INVENTED * len(rest), random.Random(seed)), dtype=object)
        self._shares = np.cumsum(1 / (np.arange(len(self._words)) + 20) ** 1.05)
        self._draws = np.random.RandomState(seed)
        self._drawn: list[str] = []
        self._at = 0

    def words(self, count: int) -> list[str]:
        """The next so many words."""
        if self._at + count > len(self._drawn):
            spots = self._draws.random_sample(1 << 18) * self._shares[-1]
            self._drawn = self._words[np.searchsorted(self._shares, spots)].tolist()
            self._at = 0
        self._at += count
        return self._drawn[self._at - count : self._at]

    def sentence(self, chance: random.Random) -> str:
        """A template filled with words."""
        template = self.templates[int(chance.random() * len(self.templates))]
        words = self.words(template.blanks)
        for blank in template.names:
            words[blank] = words[blank].capitalize()
        for blank in template.numbers:
            words[blank] = str(int(10 ** (chance.random() * 4)))
        return template.form % tuple(words)


@dataclass(frozen=True)
class Paper:
    """A source: its language, its boilerplate, its typography."""

    name: str
    language: str
    head: tuple[str, ...]
    foot: tuple[str, ...]
    curly: bool
    headline_again: bool


def records(seed: int = SEED, damaged: float = DAMAGED) -> Iterator[dict[str, Any]]:
    """Articles as a crawler would deliver them, without end."""
    chance = random.Random(seed)
    languages = {name: Language(texts, seed) for name, texts in _articles().items()}
    papers = list(_papers(languages, chance))
    weights = list(accumulate(1 / (rank + 1) for rank in range(PAPERS)))
    first = datetime(2024, 1, 1)
    memory: dict[str, list[tuple[str, list[str]]]] = defaultdict(list)
    number = 0
    while True:
        paper = chance.choices(papers, cum_weights=weights)[0]
        language, known = languages[paper.language], memory[paper.language]
        kind = chance.random()
        if known and kind < REPRINTED + UPDATED:
            title, body = chance.choice(known)
            body = [_changed(p, language, chance) if chance.random() < 0.1 else p for p in body]
            if kind < UPDATED:
                body = body[1:] + [_paragraph(language, chance) for _ in range(3)]
        else:
            title = " ".join(language.words(5 + int(chance.random() * 5))).capitalize()
            body = [_paragraph(language, chance) for _ in range(int(chance.lognormvariate(2.8, 0.5)) + 2)]
            for i in range(len(body)):
                if known and chance.random() < AGENCY:
                    copy = chance.choice(chance.choice(known)[1])
                    body[i] = _changed(copy, language, chance) if chance.random() < CHANGED else copy
        place = int(chance.random() * (number + 1))
        if len(known) < REMEMBERED:
            known.append((title, body))
        elif place < REMEMBERED:
            known[place] = (title, body)
        lines = [title, *([title] if paper.headline_again else []), *paper.head, *body]
        for line in paper.foot:
            lines.append(line)
            if line == "Read more:":
                lines += [chance.choice(known)[0] for _ in range(3)]
        if paper.curly:
            lines = [_curly(line) for line in lines]
        lines = [_damage(line, chance) if chance.random() < damaged else line for line in lines]
        number += 1
        yield {
            "id": f"{number:08d}",
            "source": paper.name,
            "url": f"https://{paper.name.lower().replace(' ', '-')}.example/{number}",
            "published": (first + timedelta(minutes=number)).isoformat(),
            "title": title,
            "text": "\n".join(lines),
        }


def write(path: Path, megabytes: float, damaged: float = DAMAGED) -> None:
    """Write a JSONL file of about so many megabytes."""
    left = megabytes * 1e6
    with path.open("wb") as file:
        for record in records(damaged=damaged):
            left -= file.write(json.dumps(record, ensure_ascii=False).encode() + b"\n")
            if left <= 0:
                break


def write_reports(path: Path, count: int, words: int, blanks: int = 5) -> None:
    """Write so many market reports from one template of `words` words with `blanks` fields.

    Two of them have a Jaccard of (w - 3 b) / (w + 3 b), of w = words - 2 shingles and b fields in which they differ:
    0.59 for 60 words and five fields, 0.73 for 98. So all are near-misses of all, and hardly two duplicates.
    """
    chance = random.Random(SEED)
    vocabulary = [w for text in _articles()["en"] for w in re.findall(r"[a-z]{3,}", text)]
    template = vocabulary[:words]
    fields = _invent(sorted(set(vocabulary)), 5_000, chance)
    places = [(2 * i + 1) * words // (2 * blanks) for i in range(blanks)]
    with path.open("w", encoding="utf-8") as file:
        for number in range(count):
            for place in places:
                template[place] = fields[int(chance.random() * len(fields))]
            record = {"id": str(number), "source": "Exchange", "text": " ".join(template) + "."}
            file.write(json.dumps(record) + "\n")


def _articles() -> dict[str, list[str]]:
    """The undamaged texts of sample articles, by language."""
    texts = defaultdict(list)
    for folder in ENGLISH:
        for path in sorted((ARTICLES / folder).glob("*.txt")):
            texts["en"].append(ftfy.fix_text(path.read_text(encoding="utf-8", errors="ignore")))
    with gzip.open(ARTICLES / "world.jsonl.gz", "rt", encoding="utf-8") as lines:
        for language, line in zip(WORLD, islice(lines, len(WORLD)), strict=True):
            texts[language].append(ftfy.fix_text(json.loads(line)["text"]))
    return dict(texts)


def _sentences(text: str) -> Iterator[str]:
    """The sentences of an article's prose."""
    for line in text.splitlines():
        if len(line) > 80:
            for sentence in re.split(r"(?<=[.!?]) (?=[^\W\d_a-z])", line):
                if len(sentence) > 30 and not re.search(r"[^\w .,;:!?'\"’–-]", sentence):
                    yield sentence


def _template(sentence: str, plain: set[str]) -> Template:
    form, names, numbers, blanks = "", [], [], 0
    for part in re.findall(r"[^\W\d_]+|\d+|[\W_]", sentence.replace("%", "%%")):
        if part.lower() in plain or not part.isalnum():
            form += part
            continue
        if part[0].isupper():
            names.append(blanks)
        elif part.isdigit():
            numbers.append(blanks)
        form += "%s"
        blanks += 1
    return Template(form, blanks, tuple(names), tuple(numbers))


def _invent(words: list[str], count: int, chance: random.Random) -> list[str]:
    """Words that go on after any two letters as some of `words` do."""
    follow: dict[str, list[str]] = defaultdict(list)
    for word in words:
        padded = f"  {word} "
        for i in range(len(padded) - 2):
            follow[padded[i : i + 2]].append(padded[i + 2])
    known = set(words)
    made: list[str] = []
    while len(made) < count:
        word = "  "
        while not word.endswith(" ", 2):
            letters = follow[word[-2:]]
            word += letters[int(chance.random() * len(letters))]
        word = word.strip()
        if len(word) > 3 and word not in known:
            known.add(word)
            made.append(word)
    return made


def _papers(languages: dict[str, Language], chance: random.Random) -> Iterator[Paper]:
    for _ in range(PAPERS):
        name = chance.choice(LANGUAGES[1:]) if chance.random() < ELSEWHERE else "en"
        language = languages[name]
        motto = " ".join(language.words(7)).capitalize()
        own = [line for line in FURNITURE if chance.random() < 0.2] if name == "en" else []
        yield Paper(
            " ".join(language.words(2)).title(),
            name,
            (motto,) if chance.random() < 0.3 else (),
            tuple(own),
            curly=chance.random() < 0.5,
            headline_again=chance.random() < 0.1,
        )


def _paragraph(language: Language, chance: random.Random) -> str:
    return " ".join(language.sentence(chance) for _ in range(1 + int(chance.random() * 4)))


def _changed(paragraph: str, language: Language, chance: random.Random) -> str:
    """The paragraph with one word changed."""
    words = paragraph.split(" ")
    words[int(chance.random() * len(words))] = language.words(1)[0]
    return " ".join(words)


def _curly(line: str) -> str:
    """The line with typographic quotes."""
    if "'" not in line and '"' not in line:
        return line
    return re.sub(r'(?<!\w)"(?=\w)', "“", line).replace('"', "”").replace("'", "’")


def _damage(line: str, chance: random.Random) -> str:
    """The line as a careless program leaves it: UTF-8 taken for Windows-1252, entities, a control character."""
    kind = chance.random()
    if kind < 0.6:
        return f"“{line}” – né".encode().decode("cp1252", errors="ignore")
    return f"{line} &amp; &quot;so&quot;" if kind < 0.9 else f"{line}\x85\x08"


def main() -> None:
    """Write what the command line asks for."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("megabytes", type=float, nargs="?", default=0)
    parser.add_argument("out", type=Path)
    parser.add_argument("--damaged", type=float, default=DAMAGED)
    parser.add_argument("--reports", type=int)
    parser.add_argument("--words", type=int, default=60)
    given = parser.parse_args()
    if given.reports:
        write_reports(given.out, given.reports, given.words)
    else:
        write(given.out, given.megabytes, given.damaged)


if __name__ == "__main__":
    main()
