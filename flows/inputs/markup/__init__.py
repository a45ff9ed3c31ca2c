"""Web pages, WARC, feeds and mail, and markup in the text of records; pages are taken apart in another process."""
