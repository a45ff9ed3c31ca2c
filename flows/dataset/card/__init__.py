"""The card of a dataset: `OUT/README.md`, which says what it is, how it was made, and how it is read.

It is a Hugging Face dataset card: `datasets.load_dataset(OUT, "removed")` finds each table by its front matter. Readers
of the tables' folders never notice it. Every command that takes the lock renews it when its work is done, if the runs
have changed since, or if it is missing. So a crash leaves the card as it was before.

    facts       what the card counts, and `_copydesk/card.json`, which keeps it, so that a run adds only its own
    rendering   the facts as Markdown
    renewal     when the card is written, and when not

The card has its own checksum in its last line. A file without the right one was written, or changed, by somebody else:
it is never overwritten. The `[publish]` settings of the newest run decide whether there is a card, with which title
and license.
"""

from flows.dataset.card.renewal import card_agrees, renew_card

__all__ = ["card_agrees", "renew_card"]
