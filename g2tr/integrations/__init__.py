"""g2tr inside other programs."""
