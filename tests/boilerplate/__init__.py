"""Training and measuring the scorer of lines, on labelled lines that lie outside the repository."""
