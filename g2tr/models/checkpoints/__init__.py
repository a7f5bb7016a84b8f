"""Published files: where they lie, what they hold, and how they become modules."""
