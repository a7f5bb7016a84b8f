"""The understanding half is transformers' Qwen3 with biases, read under a block mask in one pass."""

from pathlib import Path

import pytest
import torch
from PIL.Image import Image
from safetensors.torch import load_file
from torch import Tensor, nn

from g2tr.models.bagel.context import Context
from g2tr.models.bagel.expert import rotation
from g2tr.models.bagel.load import load_bagel
from g2tr.models.bagel.model import Bagel
from g2tr.models.engine.kv_cache import Block
from tests.models.bagel.conftest import Golden
from tests.models.bagel.replay import keep_every
from tests.models.bagel.tape import Tape, listening


@pytest.fixture(scope="module")
def qwen(golden: Golden, checkpoint: Path, device: torch.device) -> nn.Module:
    """transformers' Qwen3 with the weights of the checkpoint's understanding half."""
    from transformers import Qwen3Config, Qwen3ForCausalLM

    facts = {key: value for key, value in golden.facts["llm_config"].items() if key != "rope_theta"}
    rope = {"rope_type": "default", "rope_theta": golden.facts["llm_config"]["rope_theta"]}
    config = Qwen3Config(**facts, rope_parameters=rope, attention_bias=True, head_dim=16)
    model = Qwen3ForCausalLM(config).eval()
    stored = load_file(checkpoint / "ema.safetensors")
    part = "language_model."
    state = {key.removeprefix(part): stored[key] for key in stored if key.startswith(part) and "_moe_gen" not in key}
    biases = {f"model.layers.{layer}.self_attn.o_proj.bias": torch.zeros(64) for layer in range(2)}
    model.load_state_dict(state | biases)
    return model.to(device)


def block_mask(blocks: list[Block]) -> Tensor:
    """0 where a row sees a row: all rows before its block, and of its own block all or those up to itself."""
    lengths = [len(block.positions) for block in blocks]
    mask = torch.full((sum(lengths), sum(lengths)), -torch.inf)
    end = 0
    for block, length in zip(blocks, lengths, strict=True):
        rows, end = slice(end, end + length), end + length
        own = torch.zeros(length, length)
        mask[rows, : rows.start] = 0
        mask[rows, rows] = (
            own.masked_fill(torch.ones(length, length).triu(1).bool(), -torch.inf) if block.causal else own
        )
    return mask


def one_pass(qwen: nn.Module, blocks: list[Block]) -> Tensor:
    """Logits of every row when all blocks are read at once."""
    embeddings = torch.cat([block.embeddings for block in blocks])
    positions = torch.cat([block.positions for block in blocks])
    mask = block_mask(blocks).to(embeddings.device)
    logits: Tensor = qwen(
        inputs_embeds=embeddings[None], position_ids=positions[None], attention_mask=mask[None, None], use_cache=False
    ).logits[0]
    return logits


def step_by_step(tape: Tape, bagel: Bagel) -> Tensor:
    """Logits of every row as the conversation read it."""
    logits: Tensor = bagel.parts.network.language.lm_head(tape.heard("block"))
    return logits


def blocks_of(tape: Tape) -> list[Block]:
    return [call.args[0] for call in tape.calls["block"]]


def test_a_text_has_the_logits_of_qwen3(bagel: Bagel, qwen: nn.Module) -> None:
    with listening(bagel.parts) as tape:
        Context.new(tape.parts).read_text("What is in the image?")
        assert torch.allclose(step_by_step(tape, bagel), one_pass(qwen, blocks_of(tape)), atol=1e-5)


@pytest.mark.parametrize("step", [1, 3])
def test_texts_and_images_in_turn_have_the_logits_of_one_pass_of_qwen3(
    step: int, bagel: Bagel, qwen: nn.Module, golden: Golden
) -> None:
    def read(context: Context, image: Image) -> None:
        tokens = context.see(image, frozenset(), None)
        context.read_tokens(tokens, keep_every(step, tokens))

    with listening(bagel.parts) as tape:
        context = Context.new(tape.parts)
        read(context, golden.image("A"))
        context.read_text("Look at this.")
        read(context, golden.image("B"))
        context.read_text("Which one is red?")
        blocks = blocks_of(tape)
        assert [block.causal for block in blocks] == [False, True, False, True]
        assert torch.allclose(step_by_step(tape, bagel), one_pass(qwen, blocks), atol=1e-5)


def test_a_forked_cache_shares_its_rows_and_grows_alone(bagel: Bagel) -> None:
    context = bagel.context()
    context.read_text("hello")
    cache = context.cache.fork()
    assert all(a[0] is b[0] and a[1] is b[1] for a, b in zip(cache.layers, context.cache.layers, strict=True))
    before = context.length
    context.read_text("more")
    assert cache.length(0) == before < context.length


def test_an_empty_cache_takes_no_memory(bagel: Bagel) -> None:
    cache = bagel.parts.network.language.new_cache()
    assert (cache.length(0), cache.bytes) == (0, 0)


@pytest.mark.parametrize("latents", [True, False])
def test_keys_are_turned_in_float32_where_latents_are_among_the_rows(
    latents: bool, checkpoint: Path, golden: Golden
) -> None:
    with listening(load_bagel(str(checkpoint), dtype="bfloat16").parts) as tape:
        context, language = Context.new(tape.parts), tape.parts.network.language
        context.read_latent(golden.image("A"), None) if latents else context.read_text("What is in the image?")
        embeddings, rotary = tape.block.embeddings[1:-1], rotation(tape.block.positions[1:-1], 16, 1e6)
    expert = language.layers[0].expert("gen" if latents else "und")
    precise, rough = (expert.project(embeddings, rotary, exact)[1] for exact in (True, False))
    assert torch.equal(context.cache.layers[0][0][1:-1], precise if latents else rough)
    assert not torch.equal(precise, rough)
