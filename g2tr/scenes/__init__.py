"""Procedural scenes: worlds with exact questions, exact edits and exact targets, painted by torch.

`words` and `scene` say what there is; `shapes`, `textures` and `render` paint it; `questions`, `edits` and their v2
companions `reading`, `reasoning` and `pairs` ask and tell; a `World` composes them; `dataset` and `batches` deliver.
"""
