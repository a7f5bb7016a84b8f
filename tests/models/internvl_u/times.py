"""The recorded sinusoids of the time, in place of the formula.

The official code computes angles of up to 1e6 radians in float32, so its sinusoids, and every velocity, depend on the
processor that recorded them. Golden tests of the decoder therefore start from the recorded sinusoids; that ours follow
the formula is tested beside `waves`.
"""

from pathlib import Path

from safetensors.torch import load_file
from torch import Tensor, nn

from g2tr.models.internvl_u.decoder import GenerationDecoder

FILE = Path(__file__).parents[2] / "golden" / "internvlu_tiny" / "time_waves.safetensors"


def recorded_waves() -> dict[float, Tensor]:
    """Cosines and sines at every time of the recording."""
    stored = load_file(FILE)
    return dict(zip(stored["times"].tolist(), stored["waves"], strict=True))


def feed_recorded_waves(decoder: GenerationDecoder) -> GenerationDecoder:
    """The same decoder, which sees the recorded sinusoids at the recorded times."""
    stored = recorded_waves()

    def embed(module: nn.Module, inputs: tuple[Tensor], out: Tensor) -> Tensor:
        known = stored.get(float(inputs[0]))
        return out if known is None else module.timestep_embedder(known.to(out))

    decoder.decoder.time_text_embed.register_forward_hook(embed)
    return decoder
