"""The usual names of fields in records of news: of exports, crawlers, extractors, services and data sets.

They are those of NewsAPI, GNews, webhose, Event Registry, Media Cloud, GDELT, the New York Times and the Guardian; of
news-please, newspaper, goose, fundus, trafilatura, readability and schema.org; of All the News, CC-News, CNN/DailyMail,
XSum and others; of JSON Feed, WordPress, feed readers, Reddit and Hacker News. In a record, case, spaces and the
characters - _ . : are ignored: `publishedAt`, `Published At` and `published_at` are one name.
"""

from __future__ import annotations

from typing import Final

#: Names of a text that is HTML, whatever it looks like.
HTML: Final = (
    "content_html", "html_content", "body_html", "html_body", "article_html", "article_body_html",
    "text_html", "content_encoded", "selftext_html", "html", "raw_html", "page_html", "html_source",
    "page_source",
)  # fmt: skip
#: Names of the text in ranks: of a record, one of the first rank it has is taken. Two of one rank that say different
#: things are not decided by a guess.
TEXT_RANKS: Final = (
    ("text", "ctext"),
    (
        "main_text", "full_text", "article_text", "article_body", "article_content", "body_text",
        "story_text", "news_text", "news_content", "news_body", "content_text", "text_content", "plain_text",
        "clean_text", "cleaned_text", "full_content", "full_article", "main_content", "page_text",
        "document_text", "page_content", "post_text", "post_content", "story_content", "story_body",
        "clean_content", "cleaned_content", "selftext",
    ),
    (
        "content", "contents", "body", "article", "story", "news", "post", "document", "raw_text",
        "raw_content", "paragraphs",
    ),
    *((name,) for name in HTML),
)  # fmt: skip
#: Names of a text that is less than the article. They count only in a record that has no name of the ranks above, or
#: there only a word of a vague one.
TEASERS: Final = (
    "description", "lead_paragraph", "abstract", "summary", "excerpt", "snippet", "standfirst", "lead",
    "teaser", "trail_text", "intro", "short_description", "meta_description", "opening_text", "hit_sentence",
    "desc",
)  # fmt: skip
TEXT: Final = (*(name for rank in TEXT_RANKS for name in rank), *TEASERS)

TITLE: Final = (
    "title", "headline", "headlines", "article_title", "news_title", "post_title", "story_title",
    "page_title", "title_full", "full_title", "web_title", "heading", "headline_text", "article_headline",
    "news_headline", "story_headline", "main_headline", "clean_title", "og_title", "title_page", "title_rss",
    "meta_title", "seo_title",
)  # fmt: skip
URL: Final = (
    "url", "link", "article_url", "article_link", "news_url", "news_link", "page_url", "story_url",
    "post_url", "web_url", "canonical_url", "canonical_link", "permalink", "original_url", "final_url",
    "responded_url", "requested_url", "source_url", "document_identifier", "v2_document_identifier",
    "warc_target_uri", "target_uri", "href", "og_url", "external_url", "link_url", "full_url", "source_link",
    "links.permalink", "canonical", "alternate", "warc_headers.warc_target_uri", "short_url", "uri",
)  # fmt: skip
#: The last ones are hosts, which a URL names better.
HOSTS: Final = (
    "source_domain", "source_hostname", "hostname", "domain", "domain_name", "host", "clean_url", "site_url",
    "site_full",
)  # fmt: skip
SOURCE: Final = (
    "source", "source_name", "source_common_name", "publication", "publication_name", "publisher",
    "publisher_name", "outlet", "outlet_name", "news_outlet", "news_source", "newspaper", "media_name",
    "media_outlet", "site_name", "site", "website", "source_title", "name_source", "provider",
    "provider_name", "newspaper_name", "news_site", "v2_source_common_name", "origin.title", "meta_site_name",
    "og_site_name", *HOSTS,
)  # fmt: skip
#: When a record was made: the publication, if it has no other date.
CREATED: Final = (
    "created", "created_at", "created_on", "created_time", "created_utc", "created_date", "date_created",
    "creation_date", "@timestamp", "time",
)  # fmt: skip
#: None of a crawl or of a change.
PUBLISHED: Final = (
    "published", "date_time_pub", "date_gmt", "published_utc", "date", "published_at", "published_date",
    "published_time", "published_on", "publish_date", "publish_time", "publishing_date", "publication_date",
    "publication_time", "publication_datetime", "date_published", "date_publish", "pub_date", "pub_time",
    "article_published_time", "first_published", "first_publication_date", "web_publication_date",
    "article_date", "news_date", "story_date", "post_date", "posted_at", "posted_on", "date_posted",
    "release_date", "display_date", "sql_date", "v2_1_date", "published_datetime", "article_datetime",
    "first_published_date", "first_publish_date", "original_publication_date", "issue_date", "issued",
    "datetime", *CREATED,
)  # fmt: skip
ID: Final = (
    "id", "article_id", "news_id", "story_id", "stories_id", "post_id", "doc_id", "document_id", "record_id",
    "gkg_record_id", "global_event_id", "uuid", "guid", "uid", "identifier",
)  # fmt: skip

#: Names of fields that hold no text. A table that has only these, and URLs, is a list of pages.
WITHOUT_TEXT: Final = (
    "author", "authors", "byline", "creator", "category", "categories", "section", "section_name", "topic",
    "topics", "tags", "keywords", "language", "lang", "country", "source_country", "image", "images",
    "image_url", "url_to_image", "top_image", "social_image", "seen_date", "url_mobile", "mobile_url", "rank",
    "score", "label", "index", "tweet_ids", "timestamp", "status", "status_code", "mime", "mime_type",
    "digest", "length", "offset", "filename", "charset", "indexed_date", "collect_date", "crawled",
    "date_download", "media_id", "media_url", "ap_syndicated", "is_duplicate",
)  # fmt: skip
#: Names that only lists of GDELT have: of its knowledge graph, its events and its mentions.
GDELT: Final = (
    "gkg_record_id", "v2_document_identifier", "v2_source_common_name", "v2_source_collection_identifier",
    "v2_1_date", "v2_themes", "v1_themes", "v2_tone", "v2_gcam", "global_event_id", "num_mentions",
    "avg_tone", "goldstein_scale", "event_time_date", "mention_time_date", "mention_identifier",
)  # fmt: skip
