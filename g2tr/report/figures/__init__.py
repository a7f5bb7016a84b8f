"""Runs as figures, for light and for dark pages."""
