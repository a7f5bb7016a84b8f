"""Run folders → tables, pictures and W&B."""
