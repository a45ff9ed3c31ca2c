"""The line classifier: features of a line and its neighbours, the score that comes of them, and the exemptions."""
