"""The usual names of fields in records of news: of exports, crawlers, extractors, services and data sets.

They are those of NewsAPI, GNews, webhose, Event Registry, Media Cloud, GDELT, the New York Times and the Guardian; of
news-please, newspaper, goose, fundus, trafilatura, readability and schema.org; of All the News, CC-News, CNN/DailyMail,
XSum, GNews and others. In a record, case, spaces and the characters - _ . : are ignored: `publishedAt`, `Published At`
and `published_at` are one name.
"""

from __future__ import annotations

from typing import Final

#: Names of the text in ranks: of a record, one of the first rank it has is taken. Two of one rank that say different
#: things are not decided by a guess.
TEXT_RANKS: Final = (
    ("text",),
    (
        "main_text", "full_text", "article_text", "article_body", "article_content", "body_text", "story_text",
        "news_text", "news_content", "news_body", "content_text", "text_content", "plain_text", "clean_text",
        "cleaned_text", "full_content", "full_article", "main_content", "page_text", "document_text",
    ),
    ("content", "contents", "body", "article", "story", "news", "post", "document", "raw_text", "paragraphs"),
)  # fmt: skip
#: Names of a text that is less than the article. They count only in a record that has no name of the ranks above.
TEASERS: Final = (
    "description", "lead_paragraph", "abstract", "summary", "excerpt", "snippet", "standfirst", "lead", "teaser",
    "trail_text", "intro", "short_description", "meta_description",
)  # fmt: skip
TEXT: Final = (*(name for rank in TEXT_RANKS for name in rank), *TEASERS)

TITLE: Final = (
    "title", "headline", "headlines", "article_title", "news_title", "post_title", "story_title", "page_title",
    "title_full", "full_title", "web_title", "heading", "headline_text", "og_title",
)  # fmt: skip
URL: Final = (
    "url", "link", "article_url", "article_link", "news_url", "news_link", "page_url", "story_url", "post_url",
    "web_url", "canonical_url", "canonical_link", "permalink", "original_url", "final_url", "responded_url",
    "requested_url", "source_url", "document_identifier", "warc_target_uri", "href", "og_url",
)  # fmt: skip
#: The last ones are hosts, which a URL names better.
HOSTS: Final = ("source_domain", "source_hostname", "hostname", "domain", "host")
SOURCE: Final = (
    "source", "source_name", "source_common_name", "publication", "publication_name", "publisher", "publisher_name",
    "outlet", "outlet_name", "news_outlet", "news_source", "newspaper", "media_name", "media_outlet", "site_name",
    "site", "website", *HOSTS,
)  # fmt: skip
#: None of a crawl or of a change.
PUBLISHED: Final = (
    "published", "date", "published_at", "published_date", "published_time", "published_on", "publish_date",
    "publish_time", "publishing_date", "publication_date", "publication_time", "publication_datetime",
    "date_published", "date_publish", "pub_date", "pub_time", "article_published_time", "first_published",
    "first_publication_date", "web_publication_date", "article_date", "news_date", "story_date", "post_date",
    "posted_at", "posted_on", "date_posted", "release_date", "display_date", "sql_date", "datetime",
)  # fmt: skip
ID: Final = (
    "id", "article_id", "news_id", "story_id", "stories_id", "post_id", "doc_id", "document_id", "record_id",
    "gkg_record_id", "global_event_id", "uuid", "guid", "uid", "identifier",
)  # fmt: skip
