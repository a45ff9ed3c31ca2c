"""Whether a published dataset is whole: its files, and what its tables say of one another."""

from flows.verify.verification import verify, verify_folder

__all__ = ["verify", "verify_folder"]
