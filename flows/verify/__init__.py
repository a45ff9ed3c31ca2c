"""Checks of a published dataset: its files match the manifests, and its tables match each other."""

from flows.verify.verification import verify, verify_folder

__all__ = ["verify", "verify_folder"]
