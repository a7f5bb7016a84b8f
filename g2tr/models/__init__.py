"""Unified multimodal models, each behind the contract of `base`."""
