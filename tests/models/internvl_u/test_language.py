"""The layers that are walked through one by one are transformers' Qwen3, read in one pass."""

import torch
from transformers.models.qwen3.modeling_qwen3 import Qwen3RotaryEmbedding

from g2tr.models.engine.attention import attend_sdpa
from g2tr.models.engine.kv_cache import Block
from g2tr.models.internvl_u.model import InternVLU
from g2tr.models.internvl_u.network import qwen_config


def embeddings(model: InternVLU, count: int) -> torch.Tensor:
    return torch.randn(count, 64, generator=torch.Generator().manual_seed(0)).to(model.parts.device)


@torch.inference_mode()
def test_positions_with_gaps_are_read_as_by_the_library_under_an_explicit_mask(drawn: InternVLU) -> None:
    language, rows = drawn.parts.language, embeddings(drawn, 12)
    positions = torch.tensor([0, 1, 2, 3, 7, 9, 10, 20, 21, 22, 23, 24], device=rows.device)
    cache = language.new_cache()
    parts = [Block(rows[part], positions[part], (len(rows[part]),), causal=True) for part in (slice(5), slice(5, 12))]
    found = torch.cat([language.forward(block, [cache], attend_sdpa).last for block in parts])
    mask = torch.full((12, 12), -torch.inf).triu(1).to(rows.device)
    model = drawn.parts.network.language_model.model
    rotary = Qwen3RotaryEmbedding(qwen_config(language.config)).to(rows.device)
    hidden, rotary = rows[None], rotary(rows[None], positions[None])
    for layer in model.layers:
        hidden = layer(hidden, attention_mask=mask[None, None], position_embeddings=rotary)
    assert torch.allclose(found, model.norm(hidden)[0], atol=1e-5)


@torch.inference_mode()
def test_samples_in_one_pass_do_not_see_each_other(drawn: InternVLU) -> None:
    language, rows = drawn.parts.language, embeddings(drawn, 9)
    positions = torch.tensor([*range(4), *range(5)], device=rows.device)
    together = language.forward(
        Block(rows, positions, (4, 5), causal=True), [language.new_cache(), language.new_cache()], attend_sdpa
    )
    alone = [
        language.forward(Block(rows[part], positions[part], (count,), True), [language.new_cache()], attend_sdpa).last
        for part, count in ((slice(4), 4), (slice(4, 9), 5))
    ]
    assert torch.allclose(together.last, torch.cat(alone), atol=1e-5)
