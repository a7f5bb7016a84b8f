"""The commands behind `g2tr`, and how the command line reads, helps and says what went wrong."""
