"""The line classifier: features of a line and its neighbours, their score, and the lines exempt from removal."""
