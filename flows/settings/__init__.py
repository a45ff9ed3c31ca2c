"""What a run may be told: settings, phrase files, and the weights that come with copydesk."""

from flows.settings.model import Settings, phrases_of, read_settings

__all__ = ["Settings", "phrases_of", "read_settings"]
