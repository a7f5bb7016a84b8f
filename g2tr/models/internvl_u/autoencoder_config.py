"""What `vae/config.json` of a checkpoint may say."""

from collections.abc import Mapping
from pathlib import Path

from g2tr.errors import InputError
from g2tr.models.checkpoints.json_config import check_number, check_numbers

COUNTS = ("base_dim", "z_dim", "num_res_blocks", "input_channels")
LEVELS = (1, 2, 4, 4)


def check_autoencoder(settings: Mapping[str, object], where: Path) -> None:
    """Raises `InputError` for a value that describes no autoencoder; what is not stated is the library's default."""
    for name in COUNTS:
        if name in settings:
            check_number(settings[name], True, f"{where}: {name}")
    levels = settings.get("dim_mult", list(LEVELS))
    if not isinstance(levels, list | tuple) or not levels:
        raise InputError(f"{where}: dim_mult must be a list of whole numbers, got {levels!r}")
    for level in levels:
        check_number(level, True, f"{where}: dim_mult")
    steps = settings.get("temperal_downsample", [True] * (len(levels) - 1))
    if not isinstance(steps, list | tuple) or [type(step) for step in steps] != [bool] * (len(levels) - 1):
        raise InputError(f"{where}: temperal_downsample must be {len(levels) - 1} truth values, got {steps!r}")
    for name in ("latents_mean", "latents_std"):
        if name in settings:
            check_numbers(settings[name], f"{where}: {name}", positive=name == "latents_std")


def downsample_of(settings: Mapping[str, object]) -> int:
    """Pixels per latent, along a side, in an autoencoder that was checked."""
    levels = settings.get("dim_mult", LEVELS)
    assert isinstance(levels, list | tuple)
    return int(2 ** (len(levels) - 1))
