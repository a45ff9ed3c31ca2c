"""The judge of lines: what a line and its neighbours look like, and the score that comes of it."""
