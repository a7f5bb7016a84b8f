"""BAGEL (mixture-of-transformers, SigLIP ViT, FLUX autoencoder), from checkpoints in the published layout."""
