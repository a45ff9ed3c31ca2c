"""Near-duplicate news paragraphs of which it is known what the later one states and the earlier does not."""
