"""Runs as tables, with intervals."""
