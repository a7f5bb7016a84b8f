"""Benchmarks: where samples come from and how predictions are graded, one benchmark per file."""
