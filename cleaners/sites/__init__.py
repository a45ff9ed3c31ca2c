"""What a site repeats: its lines, their templates, and spans inside paragraphs."""
