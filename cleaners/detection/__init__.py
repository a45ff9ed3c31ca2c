"""By what the charset of bytes and the language of a text are told."""
