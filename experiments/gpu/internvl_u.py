"""What one step of InternVL-U's generation decoder takes, for an edit of 1,024² pixels."""

import math
from functools import partial

import torch
from torch.utils.flop_counter import FlopCounterMode

from experiments.gpu.clock import Bench
from experiments.gpu.shapes import Shapes, decoder
from g2tr.models.internvl_u.decoder import GenerationDecoder, Row
from g2tr.models.internvl_u.positions import KeptGrid

TEXT = 60


def measure_decoder(shapes: Shapes, bench: Bench, dtype: torch.dtype) -> None:
    """A step with one reference image, whose conditioning tokens are all there, or half of them."""
    model = decoder(shapes, bench.device, dtype)
    size = (shapes.drawn, shapes.drawn)
    noise = torch.randn(16, *(2 * side for side in size), generator=torch.Generator().manual_seed(0)).to(bench.device)
    for name, every in (("dense", 1), ("half", 2)):
        reading = model.read(condition(shapes, model, every, dtype), size)
        what, step = f"InternVL-U decoder step, {name}", partial(model, noise, 500.0, reading)
        with FlopCounterMode(display=False) as counter:
            step()
        bench.time(what, step, tflops=counter.get_total_flops() / 1e12)
    bench.compare("InternVL-U decoder step, half", "InternVL-U decoder step, dense")


def condition(shapes: Shapes, model: GenerationDecoder, every: int, dtype: torch.dtype) -> Row:
    """A row of text, one image of which every n-th token is there, and its clean latent."""
    side = math.isqrt(shapes.condition)
    kept = torch.arange(0, shapes.condition, every)
    is_image = torch.tensor([False] * (TEXT // 2) + [True] * len(kept) + [False] * (TEXT // 2))
    generator = torch.Generator().manual_seed(0)
    states = torch.randn(len(is_image), model.config.joint_attention_dim, generator=generator)
    latent = torch.randn(16, 2 * shapes.drawn, 2 * shapes.drawn, generator=generator)
    image = KeptGrid((side, side), kept, (side, side))
    return Row(states.to(model.device, dtype), is_image, (image,), (latent.to(model.device),))
