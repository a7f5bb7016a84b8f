from dataclasses import replace

import torch
from PIL.Image import Image

from g2tr.models.internvl_u.model import InternVLU
from g2tr.models.internvl_u.vision import pixel_shuffle
from g2tr.reducers.anchors import AnchorRule
from g2tr.reducers.importance.norm import Norm
from g2tr.reducers.merge.drop import Drop
from g2tr.reducers.reducer import Reducer
from g2tr.reducers.selection.uniform import Uniform
from g2tr.reducers.tokens import LatentGrid, VisionAttention


def test_a_token_is_four_patches_in_the_order_row_column_channel() -> None:
    patches = torch.arange(4 * 6 * 2).reshape(24, 2).float()
    tokens = pixel_shuffle(patches, (4, 6))
    assert tokens.shape == (6, 8)
    assert tokens[4].tolist() == [x for patch in (14, 15, 20, 21) for x in patches[patch].tolist()]


def test_every_token_sees_the_whole_image(drawn: InternVLU, scene: Image) -> None:
    changed = scene.copy()
    changed.paste((255, 0, 255), (0, 0, 14, 14))
    before, after = (drawn.parts.encode_vit(image).features for image in (scene, changed))
    assert (before != after).any(dim=-1).all()


def by_hand(model: InternVLU, image: Image) -> torch.Tensor:
    """Column means of the full attention maps, summed over the patches of a token."""
    tower = model.parts.network.vision_model
    rows, received = tower.embeddings(model.parts.tile(image, (224, 224))[None].to(model.parts.device)), []
    for layer in tower.encoder.layer:
        normed = layer.layernorm_before(rows)[0]
        q, k = (
            f(normed).unflatten(-1, (4, 12)).transpose(0, 1) for f in (layer.attention.q_proj, layer.attention.k_proj)
        )
        weights = (q @ k.transpose(1, 2) / 12**0.5).softmax(-1).mean((0, 1))[1:]
        received.append(weights.reshape(8, 2, 8, 2).sum((1, 3)).flatten())
        rows = layer(rows)
    return torch.stack(received)


def test_received_attention_is_that_of_the_patches_of_a_token(drawn: InternVLU, scene: Image) -> None:
    tokens = drawn.encode(scene, frozenset({VisionAttention}))
    received = tokens.read(VisionAttention).received
    assert received.shape == (3, 64)
    assert torch.allclose(received, by_hand(drawn, scene), atol=1e-6)
    assert (received.sum(-1) < 1).all()
    assert torch.equal(tokens.features, drawn.encode(scene, frozenset()).features)


def test_evidence_is_computed_when_it_is_asked_for(drawn: InternVLU, scene: Image) -> None:
    assert drawn.encode(scene, frozenset()).evidence == ()
    latent = drawn.encode(scene, frozenset({LatentGrid})).read(LatentGrid)
    assert latent.mean.shape == (28, 28, 16)
    assert latent.project(latent.mean[0]).shape == (28, 64)


def test_the_seed_of_tokens_depends_on_the_pixels_alone(drawn: InternVLU, scene: Image) -> None:
    seeds = [drawn.parts.encode_vit(image).seed for image in (scene, scene.copy(), scene.rotate(90))]
    assert seeds[0] == seeds[1] != seeds[2]


def test_a_pool_of_four_makes_fewer_anchors_than_tokens(drawn: InternVLU, scene: Image) -> None:
    tokens = drawn.encode(scene, frozenset({LatentGrid}))
    counts = [len(AnchorRule(pool)(tokens.read(LatentGrid), tokens.grid).cells.unique()) for pool in (1, 2, 4, 8)]
    assert counts == [64, 64, 49, 16]


def test_a_reducer_may_spare_the_tower_some_of_the_image(drawn: InternVLU, scene: Image) -> None:
    reducer = Reducer(Norm(), Uniform(), Drop(), keep_ratio=0.5, min_keep=1, downsample=True)
    tokens = drawn.parts.encode_vit(scene, target_grid=reducer.target_grid)
    assert tokens.grid == (6, 6) and (tokens.full, tokens.skipped_tokens) == (64, 28)
    assert len(reducer(tokens).kept) == 32
    whole = replace(reducer, keep_ratio=1.0)
    assert torch.equal(
        drawn.parts.encode_vit(scene, target_grid=whole.target_grid).features, drawn.parts.encode_vit(scene).features
    )
