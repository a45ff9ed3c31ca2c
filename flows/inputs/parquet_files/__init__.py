"""Parquet: one document per row, decoded in another process."""
