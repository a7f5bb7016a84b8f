"""Replays how the recorded edits were drawn: velocities in every guidance setting, and whole images."""

import torch

from g2tr.models.bagel.context import Context
from g2tr.models.bagel.flow import Sampling
from g2tr.models.bagel.prefill import velocities
from tests.models.bagel import names
from tests.models.bagel.names import Tensors, named
from tests.models.bagel.tape import Tape

VAE_SEED, NOISE_SEED = 11, 21
PLAIN = Sampling(2, 1.0, text_scale=1.0)
GUIDED = {
    "cfg_text_channel_t1": Sampling(2, 1.0, 4.0, 2.0, renorm="text_channel"),
    "cfg_channel_t1": Sampling(2, 1.0, 4.0, 2.0, renorm="channel"),
    "cfg_global_t1": Sampling(2, 1.0, 4.0, 2.0, renorm="global"),
    "cfg_textonly_global_t1": Sampling(2, 1.0, 4.0, 1.0, renorm="global"),
    "cfg_text_channel_min0.5_t1": Sampling(2, 1.0, 4.0, 2.0, renorm="text_channel", renorm_min=0.5),
}
SAMPLED = {
    "edit": Sampling(4, 3.0, 4.0, 2.0, (0.0, 1.0), "text_channel"),
    "default": Sampling(4, 3.0, 3.0, 1.5, (0.4, 1.0), "global"),
}


def seeded(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def flow(tape: Tape, size: tuple[int, int], full: Context, textless: Context, imageless: Context) -> Tensors:
    """Velocities of the noise: the difference that one Euler step from time 1 to 0 makes."""
    tape.rewind()
    drawn = full.write_latent(size, PLAIN, None, None, seeded(NOISE_SEED))
    found = named("lat", names.noise_block(tape))
    noise = found["lat.in.packed_init_noises"].reshape(drawn.shape)
    found["flow.nocfg_t1.v"] = (noise - drawn).flatten(0, 1)
    found["flow.nocfg_t0.4.v"] = velocities([full], noise, 0.4)[0]
    for name, context in (("lat_cfgtext", textless), ("lat_cfgimg", imageless)):
        velocities([context], noise, 1.0)
        found |= named(name, names.guiding_block(tape))
    for name, sampling in GUIDED.items():
        tape.rewind()
        drawn = full.write_latent(size, sampling, textless, imageless, seeded(NOISE_SEED))
        found |= named(f"flow.{name}", names.guided_step(tape) | {"v": (noise - drawn).flatten(0, 1)})
    return found


def sample(size: tuple[int, int], full: Context, textless: Context, imageless: Context) -> Tensors:
    """Images of three steps, as latents and decoded."""
    found: Tensors = {}
    for name, sampling in SAMPLED.items():
        latent = full.write_latent(size, sampling, textless, imageless, seeded(NOISE_SEED))
        codec = full.parts.codec
        found[f"sample.{name}.latent"] = latent.flatten(0, 1)
        found[f"sample.{name}.image"] = codec.decode(codec.from_patches(latent))
    return found
