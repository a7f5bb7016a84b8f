"""Trains the embedded model from nothing: `texts`, `lessons` and `pieces` make batches, `losses` what is learned.

`part` and `pace` train a network by its `plan`; `autoencoder` and `umm` are the two; `export` writes them, `exam` looks
at what they can do, `command` runs it all.
"""
