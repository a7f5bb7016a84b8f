"""What the dropped tokens leave behind, one strategy per file."""
