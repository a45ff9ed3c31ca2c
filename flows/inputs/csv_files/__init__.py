"""CSV in any dialect: one document per row."""
