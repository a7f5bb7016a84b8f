from dataclasses import replace

import torch
from PIL.Image import Image

from g2tr.metrics.account import count_tokens
from g2tr.metrics.cost import cost_of, vit_flops
from g2tr.models.bagel.model import Bagel
from g2tr.reducers.importance.norm import Norm
from g2tr.reducers.merge.drop import Drop
from g2tr.reducers.reducer import Reducer
from g2tr.reducers.selection.uniform import Uniform
from g2tr.reducers.tokens import LatentGrid


def test_tokens_are_laid_out_as_the_patches_of_the_image(bagel: Bagel, picture: Image) -> None:
    tokens = bagel.parts.encode_vit(picture)
    assert tokens.grid == (6, 9)
    assert tokens.features.shape == (54, 64)
    assert tokens.evidence == ()


def test_the_seed_of_tokens_depends_on_the_pixels_alone(bagel: Bagel, picture: Image) -> None:
    seeds = [bagel.parts.encode_vit(image).seed for image in (picture, picture.copy(), picture.rotate(180))]
    assert seeds[0] == seeds[1] != seeds[2]


def test_a_text_block_stands_between_its_markers(bagel: Bagel) -> None:
    assert bagel.parts.tokenize("Why?") == [150, *b"Why?", 151]


def test_markers_in_a_text_are_markers(bagel: Bagel) -> None:
    assert bagel.parts.tokenize("a<|im_end|>") == [150, ord("a"), 151, 151]


def test_latents_are_projected_by_the_models_own_weights(bagel: Bagel, picture: Image) -> None:
    parts = bagel.parts
    grid = bagel.encode(picture, frozenset({LatentGrid})).read(LatentGrid)
    layer = parts.network.vae2llm
    assert grid.mean.shape == grid.std.shape == (6, 8, 64)
    by_hand = grid.mean[0] @ layer.weight.T + layer.bias
    assert torch.allclose(grid.project(grid.mean[0]), by_hand, atol=1e-6)


def test_evidence_is_computed_when_it_is_asked_for(bagel: Bagel, picture: Image) -> None:
    assert not bagel.encode(picture, frozenset()).has(LatentGrid)
    assert bagel.encode(picture, frozenset({LatentGrid})).has(LatentGrid)


def test_the_autoencoder_sees_a_size_of_its_own(bagel: Bagel, picture: Image) -> None:
    assert bagel.parts.vae_size(picture) == (96, 128)


def test_a_reducer_may_spare_the_tower_some_of_the_image(bagel: Bagel, picture: Image) -> None:
    reducer = Reducer(Norm(), Uniform(), Drop(), keep_ratio=0.5, min_keep=1, downsample=True)
    tokens = bagel.parts.encode_vit(picture, target_grid=reducer.target_grid)
    assert tokens.grid == (5, 6) and (tokens.full, tokens.skipped_tokens) == (54, 24)
    assert len(reducer(tokens).kept) == 27
    outcome = bagel.answers([picture], ["Why?"], reducer, 2)[0]
    cost = cost_of(outcome.trace, outcome.kv_bytes, bagel.shape, 0)
    plain = bagel.answers([picture], ["Why?"], replace(reducer, downsample=False), 2)[0]
    dearer = cost_of(plain.trace, plain.kv_bytes, bagel.shape, 0)
    assert (cost.prefill_flops, cost.kv_bytes) == (dearer.prefill_flops, dearer.kv_bytes)
    assert (
        cost.vit_flops == vit_flops(bagel.shape, 30) < cost.vit_flops_full == dearer.vit_flops == dearer.vit_flops_full
    )
    assert count_tokens(outcome.trace, 2)["full"] == 54
