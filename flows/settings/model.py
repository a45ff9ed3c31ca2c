"""The settings of a run as frozen, typed tables.

Each table of a cleaner has the name of that cleaner, and its keys are the cleaner's keyword arguments.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationInfo, create_model, field_validator
from pydantic_core import PydanticCustomError

from cleaners import PIPELINE, REASONS
from flows.settings import usual_names

#: The type of an error that is about two keys together.
CONFLICT: Final = "conflict"


class Table(BaseModel):
    """A table of the configuration: immutable, and unknown keys are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class Fields(Table):
    """The names that a field may have in input records, in any case, with spaces, - or _; the first one is used."""

    text: tuple[str, ...] = Field(default=usual_names.TEXT, min_length=1)
    title: tuple[str, ...] = usual_names.TITLE
    url: tuple[str, ...] = usual_names.URL
    source: tuple[str, ...] = usual_names.SOURCE
    published: tuple[str, ...] = usual_names.PUBLISHED
    id: tuple[str, ...] = usual_names.ID

    @field_validator("*", mode="before")
    @classmethod
    def _one_or_many(cls, value: object) -> object:
        if isinstance(value, str):
            return (value,)
        return tuple(value) if isinstance(value, list) else value


class Inputs(Table):
    """How inputs are read."""

    shard_megabytes: int = Field(default=32, ge=1)  # of text at most; only moves the boundaries of part files
    max_ratio: int = Field(
        default=200, ge=1
    )  # of decompressed to compressed size; a larger ratio is rejected
    max_file_megabytes: int = Field(default=100_000, ge=1)  # when decompressed; what is beyond is rejected
    max_document_megabytes: int = Field(default=256, ge=1)  # a larger text file or record is rejected
    outside_links: bool = False  # follow links that lead out of an input folder
    #: Seconds since the last change of a file; one changed more recently is left to a later run.
    min_age: float = Field(default=0, ge=0)
    #: What extraction prefers where it is in doubt which parts of a web page are the article.
    html: Literal["balanced", "precision", "recall"] = "balanced"
    #: What to do with a new version of a document.
    on_change: Literal["add", "replace", "ignore"] = "add"


class Encoding(Table):
    """Decoding of bytes, and repair of damaged text."""

    enabled: bool = True
    source_history: bool = False  # if the charset is ambiguous, prefer the one the source used before
    unescape_html: Literal["auto", True, False] = "auto"
    remove_terminal_escapes: bool = True
    fix_encoding: bool = True
    restore_byte_a0: bool = True
    replace_lossy_sequences: bool = True
    decode_inconsistent_utf8: bool = True
    fix_c1_controls: bool = True
    fix_latin_ligatures: bool = True
    fix_character_width: bool = False  # would turn Chinese and Japanese punctuation into ASCII
    uncurl_quotes: bool = False  # typographic quotes are not damage
    fix_line_breaks: bool = True
    fix_surrogates: bool = True
    remove_control_chars: bool = True
    normalization: Literal["NFC", "NFD", "NFKC", "NFKD", "none"] = "NFC"
    fix_charset_mixups: bool = True  # of paragraphs that were read in the wrong charset
    decode_utf8_words: bool = True  # single words of mojibake in sound paragraphs
    unescape_json: bool = True  # in paragraphs that are not about code
    restore_lossy_quotes: bool = True  # that became question marks, in English


class Language(Table):
    """The language of a document, identified from the beginning of its text."""

    enabled: bool = True


class ReasonTable(Table):
    """The table of a reason: what its cleaner finds is removed, or stays in the text and is labelled."""

    enabled: bool = True
    action: Literal["remove", "label"] = "remove"


class RepeatedHeadline(ReasonTable):
    """A headline that is printed again."""

    rows: int = Field(default=10, ge=1)  # paragraphs after the first printing that are searched for another
    min_words: int = Field(default=4, ge=1)  # in a headline
    keep_title_in_text: bool = True  # false: the first printing goes, too, where `title` has it


class RelatedArticles(ReasonTable):
    """Markers such as "Related Articles" and the teasers after them."""


class Boilerplate(ReasonTable):
    """Boilerplate: share bars, newsletter pleas, cookie and copyright lines, image credits, menus, page ends."""

    strictness: float = Field(
        default=0.5, ge=0, le=1
    )  # of the line classifier: at 0 it removes nothing, at 1 the most
    image_credits: bool = True  # "Photo: Nora Quill/Agency", and captions that end with a credit
    pull_quotes: bool = True  # quotations repeated between the paragraphs
    author_biographies: bool = True  # "Nora Quill is a reporter for ..." at the end
    credits: bool = True  # "Nora Quill contributed to this report"; in brackets: [inline_boilerplate]
    disclaimers: bool = True  # "The opinions expressed are those of the author"
    list_labels: bool = True  # "List 1 of 3", "Table of contents"
    editors_notes: bool = False  # false: corrections, updates and notes of the editor are kept
    by_lines: bool = False  # false: labelled and kept
    datelines: bool = False  # false: labelled and kept


class InlineBoilerplate(Table):
    """Boilerplate inside a paragraph; the rest of the paragraph is kept."""

    enabled: bool = True
    closing_credits: bool = True  # "(Reporting by Nora Quill; Editing by Adam Roe)" at its end


class RepeatedLine(ReasonTable):
    """Lines that one source repeats across its documents."""

    min_documents: int = Field(default=5, ge=2)  # number of the source's documents that have the line
    min_share: float = Field(default=0.01, ge=0, le=1)  # and their share of all its documents
    min_words: int = Field(default=3, ge=1)  # a shorter line is removed only next to other repeated lines
    max_characters: int = Field(default=400, ge=1)  # a longer line is taken for part of an article


class Duplicate(ReasonTable):
    """Near-duplicate paragraphs."""

    n: int = Field(default=3, ge=1, le=16)  # tokens in a shingle
    threshold: float = Field(default=0.8, gt=0, le=1)
    min_tokens: int = Field(default=10, ge=1)  # shorter paragraphs are compared for equality only
    short: Literal["keep", "exact"] = "keep"
    method: Literal["minhash", "exact"] = "minhash"  # how candidates are found
    #: "jaccard": of all shingles, those in both; "containment": of the later one's, those in the witness.
    measure: Literal["jaccard", "containment"] = "jaccard"
    same_numbers: bool = True
    same_facts: bool = True
    #: Which copy of one run stays: in the earliest document, in the longest one, or by source, the best first.
    keep: Literal["earliest", "longest"] | tuple[str, ...] = "earliest"
    keep_leads: bool = False  # a document's first paragraph, while at least half of its words stay
    window_days: float = Field(default=0, ge=0)  # maximum age of a witness's run; 0: any age
    #: Datasets, and inputs with texts, that are only read: their paragraphs are witnesses.
    against: tuple[str, ...] = ()

    @field_validator("against", "keep", mode="before")
    @classmethod
    def _tuple(cls, value: object) -> object:
        return tuple(value) if isinstance(value, list) else value

    @property
    def ranks_shingles(self) -> bool:
        """Whether shingles are keys, and how rare they are decides which."""
        return self.method == "exact" or self.measure == "containment"


class DuplicateDocument(ReasonTable):
    """A document removed as a whole because nearly all of it was published before."""

    document_share: float = Field(default=0.8, gt=0, le=1)


class TooShort(ReasonTable):
    """A document removed as a whole because too little of it is left."""

    min_words: int = Field(default=1, ge=0)


class Phrases(Table):
    """The phrases to search for: the languages of the built-in files, and the user's own files."""

    languages: tuple[str, ...] | Literal["all"] = "all"
    files: tuple[str, ...] = ()

    @field_validator("*", mode="before")
    @classmethod
    def _tuple(cls, value: object) -> object:
        return tuple(value) if isinstance(value, list) else value


def _bound() -> Any:
    return Field(default=1.0, ge=0, le=1)


class _BoundsOfAllReasons(Table):
    """Upper bounds of shares, for the whole run and for each source; 1 means no bound."""

    min_documents: int = Field(default=5, ge=1)  # a source with fewer in the run is exempt
    removed: float = _bound()  # of words, for any reason; then by reason
    rejected: float = _bound()  # of inputs
    mojibake: float = _bound()  # of paragraphs, those repaired
    cluster: float = _bound()  # of documents, those that lost the same paragraph as a duplicate


if TYPE_CHECKING:
    Bounds = _BoundsOfAllReasons
else:  # a bound for each reason of the pipeline
    Bounds = create_model(
        "Bounds", __base__=_BoundsOfAllReasons, **{reason: (float, _bound()) for reason in REASONS}
    )


class Publish(Table):
    """What happens to the dataset after a run."""

    compact_after: int = Field(default=0, ge=0)  # merge the run folders if there are more; 0: never
    card: bool = True  # describe the dataset in OUT/README.md, a Hugging Face dataset card
    title: str = ""  # of the card; "": the names of the largest sources
    license: str = Field(default="unknown", min_length=1)  # of the dataset, as the Hub spells it


class Guards(Table):
    """Anomaly guards: when a run is held for review instead of being published."""

    enabled: bool = True
    min_runs: int = Field(default=20, ge=1)  # of a source before its history is used,
    min_documents: int = Field(default=1000, ge=1)  # unless it has this many documents
    window: int = Field(default=50, ge=1)  # recent runs of a source that form its history
    min_rise: float = Field(default=0.15, ge=0, le=1)  # of a share above its history
    max_chance: float = Field(default=1e-6, gt=0, lt=1)  # of such a share, given the history
    bounds: Bounds = Bounds()


class Notify(Table):
    """Where to send a notice if a run failed, crashed, was cancelled or is held."""

    #: A URL that receives JSON by POST; "$NAME": an environment variable; "prefect://TYPE/NAME": a block of Prefect.
    webhook: SecretStr = SecretStr("")
    command: tuple[str, ...] = ()  # a program and its arguments; it reads the same JSON from stdin
    timeout: float = Field(default=10.0, gt=0, le=600)  # seconds

    @field_validator("command", mode="before")
    @classmethod
    def _tuple(cls, value: object) -> object:
        return tuple(value) if isinstance(value, list) else value


class Engine(Table):
    """Where the tasks of a run are executed; it never changes the result."""

    task_runner: Literal["local", "dask"] = "local"  # "dask" needs copydesk[dask]
    dask_address: str = Field(default="", pattern=r"^$|^[a-z+]+://\S+:\d+$")  # of a running scheduler
    dask_cluster: str = Field(
        default="", pattern=r"^$|^[^\W\d]\w*(\.[^\W\d]\w*)+$"
    )  # a class, such as "dask_jobqueue.SLURMCluster", of which each run makes a cluster
    dask_arguments: dict[str, Any] = {}  # of that class
    dask_timeout: float = Field(default=5.0, gt=0, le=600)  # seconds in which a scheduler must answer

    @field_validator("dask_address", "dask_cluster", "dask_arguments")
    @classmethod
    def _agrees(cls, value: object, info: ValidationInfo) -> object:
        others = info.data
        if value and others.get("task_runner") == "local":
            raise PydanticCustomError(CONFLICT, 'needs task_runner = "dask"')
        if value and info.field_name == "dask_cluster" and others.get("dask_address"):
            raise PydanticCustomError(
                CONFLICT, "leave it out, or leave out dask_address: a run has one scheduler"
            )
        if value and info.field_name == "dask_arguments" and not others.get("dask_cluster", "unknown"):
            raise PydanticCustomError(CONFLICT, "needs dask_cluster, the class that takes these arguments")
        return value


class Settings(Table):
    """All settings of a run."""

    workers: int = Field(default=0, ge=0)  # 0: one per core; never changes the result
    report: bool = True  # write a page about each run, for `copydesk report`
    fields: Fields = Fields()
    inputs: Inputs = Inputs()
    encoding: Encoding = Encoding()
    language: Language = Language()
    phrases: Phrases = Phrases()
    repeated_headline: RepeatedHeadline = RepeatedHeadline()
    related_articles: RelatedArticles = RelatedArticles()
    boilerplate: Boilerplate = Boilerplate()
    inline_boilerplate: InlineBoilerplate = InlineBoilerplate()
    repeated_line: RepeatedLine = RepeatedLine()
    duplicate: Duplicate = Duplicate()
    duplicate_document: DuplicateDocument = DuplicateDocument()
    too_short: TooShort = TooShort()
    publish: Publish = Publish()
    guards: Guards = Guards()
    notify: Notify = Notify()
    engine: Engine = Engine()

    def table(self, name: str) -> Table:
        """The table of that name."""
        table: Table = getattr(self, name)
        return table

    @property
    def labels(self) -> frozenset[str]:
        """The reasons whose action is "label"."""
        return frozenset(reason for reason in REASONS if getattr(self, reason).action == "label")

    def runs(self, name: str) -> bool:
        """Whether the cleaner of that name is switched on, and so is the one that it needs."""
        needed = next((cleaner.needs for cleaner in PIPELINE if cleaner.name == name), None)
        return all(getattr(self, each).enabled for each in (name, needed) if each)


#: The keys of [duplicate] that determine the fingerprints.
FINGERPRINTED_BY: Final = ("n", "threshold", "min_tokens", "short", "method", "measure")


def fingerprint_rules(settings: Duplicate) -> dict[str, Any]:
    """The settings that `fingerprint_table` and `fingerprint` of `cleaners.duplicate` take as arguments."""
    return settings.model_dump(include=set(FINGERPRINTED_BY), mode="json")
