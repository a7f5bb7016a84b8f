"""Who stays: the indices of exactly k tokens, one strategy per file."""
