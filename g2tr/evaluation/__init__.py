"""From samples to a run folder: predictions, scores, shards, and what was read and run."""
