"""What models share: layers, caches, reduction between layers, evidence, decoding, and what all that took."""
