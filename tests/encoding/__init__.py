"""Makes what the repair of mojibake knows of languages, and measures it."""
