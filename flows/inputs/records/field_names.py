"""Which fields of a record hold its text, title and so on, decided by their names.

A name of the settings stands for every way to write it: `published_at` for `publishedAt` and `Published At`. One with
dots that no field has leads into objects: `thread.site`. In tables that were made of such objects, the names of columns
have dots: `fields.bodyText` and `title.rendered` are `bodyText` and `title`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any, Final, NamedTuple

from flows.settings.model import Fields
from flows.settings.usual_names import CREATED, GDELT, HOSTS, HTML, TEASERS, TEXT_RANKS, WITHOUT_TEXT

MAX_NAMES: Final = 100_000  # in all choices that are kept
NO_NAME: Final = "\0"  # of what has no name in its file

#: Members that hold a record whose other fields are around it, as exports of databases have them.
WRAPPERS: Final = (
    "_source", "doc", "document", "article", "post", "story", "news", "item", "node", "data", "fields", "attributes",
    "content",
)  # fmt: skip
_VAGUE: Final = next(rank for rank, names in enumerate(TEXT_RANKS) if "story" in names)
#: Members that hold the value of a field.
_VALUES: Final = frozenset(
    ("rendered", "main", "value", "processed", "$oid", "$date", "#text", "_text", "__text")
)

_IGNORED: Final = re.compile(r"[-_\s.:]+")


class Choice(NamedTuple):
    """The fields of one kind of record by what they may hold, the best names first."""

    text: tuple[tuple[str, int], ...]  # each with its rank: of those of one rank, none is better
    title: tuple[str, ...]
    url: tuple[str, ...]
    source: tuple[str, ...]
    hosts: tuple[str, ...]  # sources, too, but a URL names the host better
    published: tuple[str, ...]
    created: tuple[str, ...]  # dates, too, but only where nothing is said in `published`
    id: tuple[str, ...]
    mapped: frozenset[str]  # all of them
    teasers: tuple[tuple[str, int], ...]  # where none of `text` holds more than a word
    list_of: str  # what has such records and no texts: "URLs" or "GDELT"; "" if it is not certain


class FieldNames:
    """The choices that follow from the settings."""

    def __init__(self, fields: Fields) -> None:
        self.settings = fields
        self._choices: dict[tuple[str, ...], Choice] = {}
        self._kept = 0  # names in these
        usual = Fields()
        self.guesses_text, self.guesses_source = fields.text == usual.text, fields.source == usual.source
        names = (
            (*TEXT_RANKS, *((name,) for name in TEASERS))
            if self.guesses_text
            else ((one,) for one in fields.text)
        )
        self._ranks = {name: rank for rank, of_rank in enumerate(names) for name in of_rank}
        self._first_teaser = len(TEXT_RANKS) if self.guesses_text else len(self._ranks)
        self._hosts = HOSTS if self.guesses_source else ()
        self._created = CREATED if fields.published == usual.published else ()
        self._folded = {name: fold(name) for _, names in fields for name in names}
        #: What the text may be in, and where such a field may be a member of another, that one.
        self._folded_text = {fold(name) for text in fields.text for name in (text, text.partition(".")[0])}
        #: Whether a number after the name of a column can make one of these of it.
        self.text_has_number = any(name[-1:].isdecimal() for name in self._folded_text)

    def hold_text(self, names: Iterable[str]) -> bool:
        """Whether a field with one of these names could hold the text."""
        names = list(names)
        folded = set(map(fold, names))
        folded.update(fold(_without_objects(name)) for name in names if "." in name)
        return not folded.isdisjoint(self._folded_text)

    def name_to_cut(self, names: Iterable[str]) -> str | None:
        """Which of these fields of a record most likely holds its text; None if none does, or it is a member of one."""
        names = tuple(names)
        return next((name for name, _ in self.choice(names).text if name in names), None)

    def choice(self, names: Iterable[str]) -> Choice:
        """What the fields of these names may hold."""
        names = tuple(names)
        found = self._choices.get(names)
        if found is None:
            found = self._choose(names)
            self._kept += len(names)
            if self._kept > MAX_NAMES:
                self._choices.clear()
                self._kept = len(names)
            if len(names) <= MAX_NAMES:
                self._choices[names] = found
        return found

    def is_teaser(self, rank: int) -> bool:
        """Whether a text of that rank is a mere summary."""
        return rank >= self._first_teaser

    def is_vague(self, rank: int) -> bool:
        """Whether a name of that rank may as well be that of a code or an address."""
        return self.guesses_text and rank >= _VAGUE

    def _choose(self, names: tuple[str, ...]) -> Choice:
        there: dict[str, list[str]] = {}
        for name in names:
            there.setdefault(fold(name), []).append(name)
        for name in names:
            if "." in name and (short := fold(_without_objects(name))) not in there:
                there[short] = [name]

        def fitting(wanted: Iterable[str]) -> dict[str, str]:
            """Names of fields -> the wanted name that each fits, in the order of these; as it is written first."""
            found: dict[str, str] = {}
            for want in wanted:
                fits = there.get(self._folded[want], [])
                if not fits and "." in want and fold(want.partition(".")[0]) in there:
                    fits = [want]
                for name in sorted(fits, key=lambda one: one != want):
                    found.setdefault(name, want)
            return found

        f = self.settings
        text = {name: self._ranks[want] for name, want in fitting(f.text).items()}
        teasers = {name: rank for name, rank in text.items() if rank >= self._first_teaser}
        if len(teasers) < len(text):
            text = {name: rank for name, rank in text.items() if rank < self._first_teaser}
        source, title, url = fitting(f.source), fitting(f.title), fitting(f.url)
        published, own = fitting(f.published), fitting(f.id)
        mapped = frozenset((*text, *title, *url, *source, *published, *own))
        list_of = ""
        if not text and not _GDELT.isdisjoint(there):
            list_of = "GDELT"
        elif (
            not text
            and url
            and all(one in _WITHOUT_TEXT or mapped.issuperset(of) for one, of in there.items())
        ):
            list_of = "URLs"
        return Choice(
            tuple(text.items()),
            tuple(title),
            tuple(url),
            tuple(name for name, want in source.items() if want not in self._hosts),
            tuple(name for name, want in source.items() if want in self._hosts),
            tuple(name for name, want in published.items() if want not in self._created),
            tuple(name for name, want in published.items() if want in self._created),
            tuple(own),
            mapped,
            tuple(teasers.items()) if len(text) > 0 and not teasers.keys() & text.keys() else (),
            list_of,
        )


def fold(name: str) -> str:
    """What a name has in common with the other ways to write it.

    >>> {fold("publishedAt"), fold("Published At"), fold("published_at")}
    {'publishedat'}
    """
    return _IGNORED.sub("", name).casefold()


@lru_cache(maxsize=256)
def is_html(name: str | None) -> bool:
    """Whether a field of that name holds HTML."""
    return name is not None and fold(_without_objects(name)) in _HTML


def _without_objects(name: str) -> str:
    """The name of a column without those of the objects around its value, and of its member that is the value.

    >>> _without_objects("fields.bodyText"), _without_objects("_source.title.rendered"), _without_objects("a.b")
    ('bodyText', 'title', 'a.b')
    """
    parts = name.split(".")
    if len(parts) > 1 and parts[-1].casefold() in _VALUES:
        del parts[-1]
    while len(parts) > 1 and parts[0].casefold() in WRAPPERS:
        del parts[0]
    return ".".join(parts)


_HTML: Final = frozenset(map(fold, HTML))
_GDELT: Final = frozenset(map(fold, GDELT))
_WITHOUT_TEXT: Final = frozenset(map(fold, WITHOUT_TEXT))


def value_of(record: Mapping[str, Any], name: str) -> Any:
    """The value of a field, or of the member of an object that a name with dots leads to; None if there is none.

    >>> value_of({"Thread": {"site": "example.org"}}, "thread.site")
    'example.org'
    """
    value = record.get(name)
    if value is not None or "." not in name or name in record:
        return value
    value = record
    for part in name.split("."):
        if not isinstance(value, Mapping):
            return None
        fits = part if part in value else next((key for key in value if fold(key) == fold(part)), None)
        value = value.get(fits)
    return value


def without(record: Mapping[str, Any], name: str) -> dict[str, Any]:
    """The record without the member that a name with dots leads to, and without objects that are empty then."""
    part, dot, below = name.partition(".")
    key = part if part in record else next((key for key in record if fold(key) == fold(part)), None)
    inner = record.get(key) if key is not None else None
    if key is None or (dot and not isinstance(inner, Mapping)):
        return dict(record)
    left = without(inner, below) if dot and isinstance(inner, Mapping) else {}
    return {**record, key: left} if left else {one: value for one, value in record.items() if one != key}
