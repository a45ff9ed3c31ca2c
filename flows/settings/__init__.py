"""Settings of a run, phrase files, and the data bundled with copydesk.

This is the only package that reads configuration files.
"""

from flows.settings.model import Settings
from flows.settings.reading import configuration_hash, lexicon_of, phrases_of, read_settings

__all__ = ["Settings", "configuration_hash", "lexicon_of", "phrases_of", "read_settings"]
