"""The search for near-duplicates: from keys in common to candidates, and from those to witnesses."""
