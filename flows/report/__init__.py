"""Reports for people: a document as a marked-up proof."""
