from g2tr.models.bagel.model import Bagel
from g2tr.models.shapes import DecoderShape


def test_the_shape_states_what_the_weights_are(bagel: Bagel) -> None:
    shape, network = bagel.shape, bagel.parts.network
    expert = network.language.layers[0].expert("und")
    assert shape.language == DecoderShape(2, 64, 4, 2, 16, 96, gated=True, kv_itemsize=4)
    assert expert.q_proj.weight.shape == (shape.language.heads * shape.language.head_dim, shape.language.width)
    assert expert.k_proj.weight.shape[0] == shape.language.kv_heads * shape.language.head_dim
    assert expert.up_proj.weight.shape[0] == shape.language.mlp
    assert shape.vision == DecoderShape(len(network.vit.layers), 32, 2, 2, 16, 48, gated=False)
    assert shape.vit_inputs == network.vit.patch_embedding.in_features
    assert shape.connector == (32, 64, 64)


def test_a_cached_row_takes_what_the_shape_says(bagel: Bagel) -> None:
    context, shape = bagel.context(), bagel.shape.language
    context.read_text("hello")
    row = 2 * shape.layers * shape.kv_heads * shape.head_dim * shape.kv_itemsize
    assert context.kv_bytes == context.length * row
