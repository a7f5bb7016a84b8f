"""Where results go besides the run folder."""
