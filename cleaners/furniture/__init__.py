"""Kinds of furniture told by their form: share bars, credits, by-lines and their like."""
