"""Names of fields are guessed: the usual ones, however they are written."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.inputs import cutting
from flows.inputs.records.documents import Refused, to_document
from flows.inputs.records.field_names import FieldNames, fold, value_of, without
from flows.inputs.records.wrappers import has_text, unwrapped
from flows.inputs.rejections import waits_for
from flows.settings import usual_names
from flows.settings.model import Fields

from .reading import documents, errors, shards, write_lines

LONG = "No rain fell in the valley for the third month in a row."
DAY = 1557792000_000000


def read(record: dict[str, Any], **fields: Any) -> tuple[Any, ...]:
    """(text, title, url, source, published, id) of the document in a record."""
    found = to_document(record, FieldNames(Fields(**fields)), uri="a#1", content=b"", encoding="utf-8")
    return found.text.decode(), found.title, found.url, found.source, found.published, found.record_id


EVERYTHING = LONG, "Dry", "http://a.org/b", "Ellerby Post", DAY, "7"


@pytest.mark.parametrize(
    "names",
    [
        ("text", "title", "url", "source", "published", "id"),
        ("Text", "TITLE", "Url", "Source", "Published", "ID"),
        ("body", "headline", "link", "publication", "date", "_id"),  # All the News
        ("maintext", "title", "url", "source_domain", "date_publish", "id"),  # news-please
        ("text", "title", "canonical_link", "source_name", "publish_date", "id"),  # newspaper
        ("cleaned_text", "title", "final_url", "domain", "publish_date", "id"),  # goose
        ("text", "title", "url", "sitename", "date", "id"),  # trafilatura
        ("body", "title", "requested_url", "publisher", "publishing_date", "uuid"),  # fundus
        ("content", "title", "url", "source.name", "publishedAt", "id"),  # NewsAPI, flattened
        ("plain_text", "title", "requested_url", "sitename", "published_date", "id"),  # CC-News
        ("textContent", "title", "url", "siteName", "publishedTime", "id"),  # readability
        ("articleBody", "headline", "url", "publisher", "datePublished", "identifier"),  # schema.org
        ("story_text", "title", "url", "media_name", "publish_date", "stories_id"),  # Media Cloud
        ("text", "title", "DocumentIdentifier", "SourceCommonName", "DATE", "GKGRECORDID"),  # GDELT
        ("text", "title", "SOURCEURL", "source", "SQLDATE", "GLOBALEVENTID"),  # GDELT events
        ("Article Text", "Article-Title", "article.url", "News Outlet", "Publish Date", "Article ID"),
        ("content_text", "title", "external_url", "source", "date_published", "id"),  # JSON Feed
        ("selftext", "title", "url", "source", "created", "id"),  # Reddit
        ("text", "title", "url", "provider", "@timestamp", "_id"),  # Elasticsearch
        ("fields.bodyText", "webTitle", "webUrl", "publication", "webPublicationDate", "id"),  # The Guardian
        ("lead_paragraph", "headline.main", "web_url", "source", "pub_date", "_id"),  # The New York Times
        ("body", "title", "url", "source.title", "dateTimePub", "id"),  # Event Registry, flattened
        ("content.rendered", "title.rendered", "link", "site", "date_gmt", "id"),  # WordPress, flattened
        ("_source.body", "_source.title", "_source.url", "_source.source", "_source.published", "_id"),
        ("text", "title", "V2DOCUMENTIDENTIFIER", "V2SOURCECOMMONNAME", "V2.1DATE", "GKGRECORDID"),
        ("text", "title", "url", "meta_site_name", "created_at", "id"),
        ("og:text", "og:title", "og:url", "site", "article:published_time", "guid"),
    ],
)
def test_usual_names(names: tuple[str, ...]) -> None:
    """The names of exports, services and extractors need no settings."""
    if names[0] == "og:text":
        names = ("text", *names[1:])
    record = dict(zip(names, EVERYTHING, strict=True)) | {names[4]: "2019-05-14"}
    assert read(record) == (*EVERYTHING[:3], read(record)[3], *EVERYTHING[4:])
    assert read(record)[3] in ("Ellerby Post", "a.org")


def test_what_is_named_text_is_better_than_content_and_that_than_a_teaser() -> None:
    """A teaser is not the article, even where the article is empty."""
    assert read({"description": "c", "content": "b", "text": "a"})[0] == "a"
    assert read({"description": "c", "content": LONG})[0] == LONG
    assert read({"description": "c", "title": "t"})[0] == "c"
    assert read({"text": None, "content": LONG})[0] == LONG
    with pytest.raises(Refused, match='no text: field "content" is empty'):
        read({"description": "c", "content": None})


def test_columns_made_of_objects(tmp_path: Path) -> None:
    """A table has the text in a column that is named like the way to it."""
    (tmp_path / "a.csv").write_text(f"id,webTitle,fields.bodyText\n1,Dry,{LONG}\n")
    (tmp_path / "b.csv").write_text(f"id,title.rendered,content.rendered\n1,Dry,{LONG}\n")
    assert [(one["title"], one["text"]) for one in documents(tmp_path)] == [("Dry", LONG)] * 2


def test_html_counts_where_there_is_no_text() -> None:
    """It is better than a teaser, and the article of it better than the page."""
    assert read({"content_html": "<p>a</p>", "content_text": LONG})[0] == LONG
    assert read({"html": "<p>a</p>", "body_html": "<p>b</p>", "summary": "c"})[0] == "<p>b</p>"


def test_html_is_known_by_the_name_of_its_field(tmp_path: Path) -> None:
    """However little of it looks like markup; under other names that little proves nothing."""
    one = "Rain &amp; wind.<br>No ferry."
    path = write_lines(
        tmp_path / "a.jsonl", {"content_html": one}, {"content": one}, {"html": "A &amp; B sail."}
    )
    found = [json.loads(one["metadata"] or "{}").get("markup") for one in documents(path)]
    assert found == ["fragment", None, "fragment"]


@pytest.mark.parametrize("code", ["ddUyU0VZz0BRneMio", "http://a.org/b", "17", "abcdefghijklmnopqrstuvwxyz"])
def test_a_code_is_no_text(code: str) -> None:
    """Under a name that may as well be that of an address or a number. In `text`, a word is a text."""
    with pytest.raises(Refused, match='field "STORY": expected text, got "'):
        read({"STORY": code, "TITLE": "t"})
    assert read({"STORY": code, "body": LONG})[0] == LONG
    assert read({"text": code})[0] == code
    assert read({"story": code}, text="story")[0] == code


def test_a_record_in_a_record_in_a_record() -> None:
    """Services wrap one article twice; its fields and those around it are found, to a bounded depth."""
    fields = FieldNames(Fields())
    item = {"webTitle": "Dry", "fields": {"bodyText": LONG}}
    assert unwrapped({"status": "ok", "content": item}, fields) == {
        "status": "ok",
        "webTitle": "Dry",
        "bodyText": LONG,
    }
    deeper = {"doc": {"node": {"item": {"text": LONG}}}}
    assert unwrapped(deeper, fields) is deeper
    bomb: dict[str, Any] = {"text": LONG}
    for _ in range(200):
        bomb = {"content": bomb, "article": bomb, "news": {"post": {}}}
    assert has_text(bomb, fields)


def test_fields_of_a_text_may_be_in_its_metadata() -> None:
    """Corpora keep them there. A text there is none of the article, and fields beside the text are better."""
    about = {"title": "Dry", "source": "Ellerby Post", "date": "2019-05-14", "content": "other", "n": 1}
    record = {"text": LONG, "url": "http://a.org/b", "meta": {"url": "http://c.org", **about}}
    found = to_document(record, FieldNames(Fields()), uri="a#1", content=b"", encoding="utf-8")
    assert found[3:7] == ("Ellerby Post", "http://a.org/b", "Dry", DAY)
    assert json.loads(found.metadata or "") == {"meta": {"url": "http://c.org", "content": "other", "n": 1}}
    assert read({"text": LONG, "metadata": "x"})[1:5] == (None, None, None, None)


def test_lists_of_urls_have_no_text(tmp_path: Path) -> None:
    """They say so, and wait for no setting; where a column may be the text, it can be named."""
    for name, header in (
        ("a.csv", "V2DocumentIdentifier,V2SourceCommonName,V21DATE,V2Persons"),
        ("b.csv", "id,title,url,media_name,publish_date,language"),
        ("c.csv", "title,url,prose"),
    ):
        (tmp_path / name).write_text(f"{header}\nx,http://a.org/b,y\n")
    write_lines(
        tmp_path / "d.json", {"articles": [{"url": "http://a.org/b", "seendate": "x", "title": "Dry"}]}
    )
    found = errors(tmp_path)
    assert found["a.csv"].startswith("no text: this is a list of GDELT (V2DocumentIdentifier, ")
    assert found["b.csv"].startswith("no text: this is a list of URLs (id, title, ")
    assert found["d.json"].startswith(
        "no text: this is a list of URLs (url, seendate, title), without the texts"
    )
    assert {name: waits_for(error) for name, error in found.items() if waits_for(error)} == {
        "c.csv": "[fields] text"
    }


def test_two_texts_of_one_rank_ask() -> None:
    """Unless one holds the other, or is a word."""
    with pytest.raises(
        Refused, match=r'two texts: field "content" and field "body" differ; name .* \[fields\] text'
    ):
        read({"body": LONG, "content": "Rain has fallen on the hills of the north."})
    assert read({"body": LONG, "content": "Rain has fallen."}, text="body")[0] == LONG
    assert read({"body": LONG, "content": LONG})[0] == LONG
    assert read({"body": LONG, "content": f"  {LONG}\n"})[0] == f"  {LONG}\n"
    assert read({"body": f"{LONG} It did at last.", "content": f"{LONG[:30]}… [+1204 chars]"})[0].endswith(
        "last."
    )
    assert read({"body": LONG, "content": "article", "news": "12345"})[0] == LONG
    assert read({"Text": LONG, "TEXT": LONG})[0] == LONG


def test_settings_win() -> None:
    """For the fields that they name, nothing is guessed; case does not matter, and order does."""
    record = {"Body": LONG, "content": "b", "headline": "h", "kicker": "k"}
    assert read(record, text="body", title=["Kicker", "headline"])[:2] == (LONG, "k")
    assert read(record, text=["content", "body"], title="title")[:2] == ("b", None)
    assert (
        read({"source": "http://a.org/feed.xml", **record}, text="Body", source="source")[3]
        == "http://a.org/feed.xml"
    )
    assert read({"text": "a", "TEXT": "b"}, text="TEXT")[0] == "b"


def test_names_with_dots_lead_into_objects() -> None:
    """What they lead to is taken out of the metadata; the rest of the object stays."""
    record = {"Article": {"body": LONG, "words": 12}, "thread": {"site": "a.org"}, "flat.name": "x", "n": 1}
    found = to_document(
        record,
        FieldNames(Fields(text="article.body", source="thread.site", title="flat.name")),
        uri="",
        content=b"",
        encoding="",
    )
    assert (found.text.decode(), found.source, found.title) == (LONG, "a.org", "x")
    assert json.loads(found.metadata or "") == {"Article": {"words": 12}, "n": 1}
    assert value_of(record, "thread.site.deeper") is value_of(record, "thread.author") is None
    assert without(record, "thread.author") == record


def test_a_source_that_is_a_url() -> None:
    """Extractors write the page's URL as its source: it is the url, and the source is its site or host."""
    page = "https://www.example.org/a"
    assert read({"text": "a", "source": page})[2:4] == (page, "example.org")
    assert read({"text": "a", "source": page, "sitename": "The Post"})[2:4] == (page, "The Post")
    assert read({"text": "a", "source": "https://b.org/", "url": page})[2:4] == (page, "b.org")
    assert read({"text": "a", "source": "The Post <http://b.org>"})[2:4] == (None, "The Post <http://b.org>")
    assert read({"text": "a", "source": "s3://bucket/a"})[2:4] == (None, "s3://bucket/a")


def test_a_url_is_what_looks_like_one() -> None:
    """The first value that looks like a URL is used."""
    assert read({"text": "a", "url": "/a", "link": "http://a.org/a"})[2] == "http://a.org/a"
    assert read({"text": "a", "url": "/a", "link": "17"})[2] == "/a"


def test_the_url_names_the_host_best() -> None:
    """A domain counts where there is none."""
    assert read({"text": "a", "url": "http://www.a.org", "domain": "uk.a.org"})[3] == "a.org"
    assert read({"text": "a", "domain": "uk.a.org"})[3] == "uk.a.org"


def test_dates_of_crawls_and_changes_are_not_the_publication() -> None:
    """They stay in the metadata."""
    crawl = {
        "date_download": "2019-05-14",
        "crawled": "2019-05-14",
        "modified": "2019-05-14",
        "timestamp": 1557792000,
    }
    assert read({"text": "a", **crawl})[4] is None
    assert read({"text": "a", "date": "soon", "publish_date": "2019-05-14", **crawl})[4] == DAY


def test_the_date_of_a_record_is_that_of_an_article_without_one() -> None:
    """It does not stand in for a date that cannot be read."""
    made = {"text": "a", "created_at": "2019-05-14"}
    assert read(made)[4] == read({"date": None, **made})[4] == DAY
    assert read({"date": "03/04/2019", **made})[4] is None
    assert read({"date": "03/04/2019", **made}, published=["date", "created_at"])[4] == DAY


def test_an_error_names_the_fields_there_are(tmp_path: Path) -> None:
    """Where no name is usual, it says what to set."""
    path = write_lines(tmp_path / "a.jsonl", {"kicker": "k", "words": "w"}, {"Body": ""})
    one, two = errors(path).values()
    assert one.startswith(
        'no text: no field "text", "content", "body" or another usual name (it has kicker, words; '
    )
    assert two == 'no text: field "Body" is empty'


def test_long_names_are_shortened_in_what_is_said(tmp_path: Path) -> None:
    """In errors, and to some length in what a run says was used."""
    path = write_lines(tmp_path / "a.jsonl", {"n" * 50_000: "x"}, {"Te" + "_" * 50_000 + "xt": "x"})
    (shard,) = shards(path)
    (error,) = shard.rejected["error"]
    assert f"(it has {'n' * 40}...; map it" in error
    assert shard.fields == {("text", f"Te{'_' * 998}"): 1}


@pytest.mark.parametrize("large", [0, 1 << 30])
def test_guessed_texts_are_cut_out_of_lines(
    tmp_path: Path, large: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With or without the machine code that cuts them, the documents are the same."""
    monkeypatch.setattr(cutting, "LARGE", large)
    path = write_lines(
        tmp_path / "a.jsonl",
        {"Article_Text": "One.", "title": "T"},
        {"title": "U", "Article_Text": "Two.", "content": "c"},
        {"text": "Three.", "Article_Text": "cut out for nothing"},
        {"content": LONG, "body": "It is sunny."},
        {"Article_Text": [None, "Four."]},
        {"body": "Five."},
    )
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    path.write_text(
        "".join(
            json.dumps(line, ensure_ascii=False) + "\n"
            for line in lines
            if "body" not in line or "content" not in line
        )
    )
    found = documents(path)
    assert [one["text"] for one in found] == ["One.", "Two.", "Three.", "Four.", "Five."]
    assert json.loads(found[2]["metadata"]) == {"Article_Text": "cut out for nothing"}


def test_no_name_stands_for_two_fields() -> None:
    """And none is listed twice."""
    names = [name for of in (Fields().model_dump().values()) for name in of]
    assert len({fold(name) for name in names}) == len(names)
    assert set(usual_names.HOSTS) < set(usual_names.SOURCE)


@given(
    st.dictionaries(
        st.sampled_from([*usual_names.TEXT, "Body", "TEXT", "x"]),
        st.sampled_from(["", "a", "a b", LONG, None, 5]),
    )
)
def test_a_text_is_one_of_the_fields_or_refused(record: dict[str, Any]) -> None:
    """Whatever names there are, no other text is read, and the record alone decides which."""
    with suppress(Refused):
        text = read(record)[0]
        assert text in record.values()
        assert FieldNames(Fields()).hold_text(record)


@pytest.mark.parametrize("label", ["true", "Sport", "12345", "64f0c1aa", 7])
def test_a_summary_counts_beside_a_label(label: object) -> None:
    """A field whose name may be that of a text may hold a label or a code; then a summary is the text."""
    assert read({"news": label, "description": LONG})[0] == LONG
    for record in ({"news": label, "description": "Dry"}, {"news": label, "summary": ""}):
        with suppress(Refused):
            assert read(record)[0] == label
    with pytest.raises(Refused, match="is empty"):
        read({"news": "", "description": LONG})


@pytest.mark.parametrize("name", ["comments", "sections"])
def test_the_error_names_the_fields_of_the_record(name: str) -> None:
    """Where a list holds texts that are no articles, the error does not say that these have none."""
    with pytest.raises(Refused, match=rf"it has title, {name};"):
        read({"title": "Dry", name: [{"body": LONG}]})
