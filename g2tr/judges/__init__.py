"""Judges of edits: whoever answers (images, prompt) with a text, and what is made of the text."""
