"""Listens to the modules of a BAGEL while it works."""

from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.hooks import RemovableHandle

from g2tr.models.bagel.parts import Components
from g2tr.models.engine.attention import attend_sdpa
from g2tr.models.engine.kv_cache import Block
from g2tr.models.engine.layout import Layout

HEARD = ("vit", "connector", "vit_pos_embed", "vae2llm", "time_embedder", "latent_pos_embed", "llm2vae")


@dataclass(frozen=True, eq=False)
class Call:
    """One forward pass of a module."""

    args: tuple[Any, ...]
    output: Tensor


class Tape:
    """Keeps every call of the modules since `rewind`, and the layout of the last attention."""

    def __init__(self, parts: Components) -> None:
        self.parts = replace(parts, attend=self.attend)
        self.calls: dict[str, list[Call]] = defaultdict(list)

    def listen(self, name: str, module: nn.Module) -> RemovableHandle:
        return module.register_forward_hook(lambda _, args, output: self.calls[name].append(Call(args, output)))

    def attend(self, q: Tensor, k: Tensor, v: Tensor, layout: Layout, causal: bool) -> Tensor:
        self.layout = layout
        return attend_sdpa(q, k, v, layout, causal)

    def rewind(self) -> None:
        self.calls.clear()

    def heard(self, name: str) -> Tensor:
        """The outputs of all calls, one after the other."""
        return torch.cat([call.output for call in self.calls[name]])

    def told(self, name: str, index: int = 0) -> Tensor:
        """One argument of all calls."""
        return torch.cat([torch.as_tensor(call.args[index]) for call in self.calls[name]])

    @property
    def block(self) -> Block:
        """The last block that the language model read."""
        block = self.calls["block"][-1].args[0]
        assert isinstance(block, Block)
        return block


@contextmanager
def listening(parts: Components) -> Iterator[Tape]:
    """A tape that hears the parts as long as the body runs; run the model with `tape.parts`."""
    network, language, tape = parts.network, parts.network.language, Tape(parts)
    modules = {"ids": language.embed_tokens, "block": language, "logits": language.lm_head}
    modules |= {"encoder": parts.codec.vae.encoder} | {name: getattr(network, name) for name in HEARD}
    handles = [tape.listen(name, module) for name, module in modules.items()]
    try:
        yield tape
    finally:
        for handle in handles:
            handle.remove()
