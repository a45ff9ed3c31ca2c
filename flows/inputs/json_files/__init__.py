"""JSON in any shape: one document per record."""
