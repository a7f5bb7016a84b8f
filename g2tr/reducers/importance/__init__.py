"""Who matters: a score for each visual token, one strategy per file."""
